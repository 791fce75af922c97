"""Do pooled fits give back the posterior given the counts? python benchmarks/pool_counts.py.

Fits one outcome to each of some hundred cohorts, pools the fits, and sets the mixture beside the posterior
that the cohorts are drawn from: difference over its Monte Carlo error (z) and ratio of SDs, for every
parameter. That posterior is given the counts as recorded: draws given the counts as rb.condition reads them,
on the latent scale, with the weights that reconstruct gives its cohorts. What rounding and clipping do to it
(who stays at a pain of 100 is not better and not worse) is the difference to the latent means. Nothing is
asserted.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import xarray as xr
from conditions import conditions

import ra_bayes as rb
from ra_bayes.conditioning.facts_tree import outcome_dataset
from ra_bayes.conditioning.importance import importance_sample
from ra_bayes.conditioning.posterior import given_counts
from ra_bayes.conditioning.reconstruction import _Batch, _points
from ra_bayes.model.joint import JointModel

PAGE = rb.data_dir() / "published" / "jamshidi2024.toml"
# Of 50 draws each, of the posterior that the pooled one is compared with.
BATCHES = 120


def main() -> None:
    """Fit, pool, compare, then print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=300, help="cohorts (default: 300)")
    parser.add_argument("--outcome", default="vas", help="outcome (default: vas)")
    parser.add_argument("--model", default="wide", help="joint model (default: wide)")
    parser.add_argument("--reading", default="any_change", help="reading (default: any_change)")
    parser.add_argument("--related", type=float, default=0.0, help="correlation of effects (default: 0)")
    parser.add_argument("--own-page", action="store_true", help="fit the shipped page and reweight")
    options = parser.parse_args()

    joint = replace(rb.load_joint_model(options.model), related=options.related)
    cohorts = rb.reconstruct(PAGE, joint, options.cohorts, seed=5, reading=options.reading)
    placebo = joint.placebo(options.outcome)[1] > 0.0
    page = rb.load_model(options.outcome) if options.own_page else joint.page(options.outcome)
    began = time.perf_counter()
    fits = [rb.fit(page, cohort, seed=i) for i, cohort in enumerate(cohorts)]
    spent = time.perf_counter() - began
    tree = rb.pool(fits, cohorts, seed=1, reweight=options.own_page or placebo)
    latent, recorded = posteriors(joint, options.reading, options.outcome)
    sampling = rb.provenance(tree)["sampling"]
    ess, within = sampling["ess"], np.array(sampling["ess_within_cohorts"])
    print(
        f"{options.outcome}, {options.model}, related {options.related:g}, {options.reading}: {len(fits)} "
        f"fits in {spent:.0f} s, pooled ESS {ess:.0f}, cohorts' ESS {cohorts.ess:.0f}; within cohorts at "
        f"least {within.min():.0f}, a tenth below {np.quantile(within, 0.1):.0f}, half below "
        f"{np.median(within):.0f}"
    )
    print(f"{'':<22}{'pooled':>10}{'recorded':>10}{'latent':>10}{'z':>7}{'SD ratio':>10}")
    for name, week, here, there in pairs(tree["posterior"].to_dataset(), recorded):
        error = there.std() * np.sqrt(1.0 / ess + 1.0 / here.size + 1.0 / there.size)
        label = name if week is None else f"{name}, week {week:g}"
        before = latent[name] if week is None else latent[name].sel(visit=week)
        print(
            f"{label:<22}{here.mean():10.3g}{there.mean():10.3g}{float(before.mean()):10.3g}"
            f"{(here.mean() - there.mean()) / error:7.2f}{here.std() / there.std():10.2f}"
        )
    print(conditions())


def posteriors(joint: JointModel, reading: str, outcome: str) -> tuple[xr.Dataset, xr.Dataset]:
    """Return draws of the posterior given the counts, on the latent scale and as recorded."""
    problem = given_counts(PAGE, joint, reading)
    rng = np.random.default_rng(2)
    weighted = importance_sample(problem.log_likelihood, problem.dimension, ess=8000, chains=4, rng=rng)
    values: dict[str, list[np.ndarray]] = {}
    log_weights = []
    for _ in range(BATCHES):
        points, log_likelihood = _points(weighted, 50, rng)
        batch = _Batch(problem, points, recorded=True, rng=rng)
        log_weights.append(batch.log_probability - log_likelihood)
        for name, each in batch.draws.values["all", outcome].items():
            if np.ndim(each) and np.shape(each)[0] == 50:
                values.setdefault(name, []).append(each)
    drawn = {name: np.concatenate(each) for name, each in values.items()}
    weights = np.exp(np.concatenate(log_weights))
    kept = rng.choice(weights.size, weights.size, p=weights / weights.sum())
    page, layout = joint.page(outcome), problem.every_visit
    return (
        outcome_dataset(layout, page, {name: each[None] for name, each in drawn.items()}),
        outcome_dataset(layout, page, {name: each[kept][None] for name, each in drawn.items()}),
    )


def pairs(here: xr.Dataset, there: xr.Dataset) -> list[tuple[str, float | None, np.ndarray, np.ndarray]]:
    """Return name, week and both sets of draws of everything that varies."""
    found = []
    for name in there.data_vars:
        if name == "response_shape" or name not in here:
            continue
        one, other = here[name], there[name]
        if "visit" not in other.dims:
            found.append((str(name), None, one.to_numpy(), other.to_numpy()))
            continue
        found += [
            (str(name), float(week), one.sel(visit=week).to_numpy(), other.sel(visit=week).to_numpy())
            for week in other["visit"].to_numpy()
            if float(other.sel(visit=week).std()) > 0.0
        ]
    return found


if __name__ == "__main__":
    main()
