"""Do pooled fits give back the posterior given the counts? python benchmarks/pool_counts.py.

Fits one outcome to each of some hundred cohorts, pools the fits, and sets the mixture beside rb.condition's
posterior of the same model: difference over its Monte Carlo error (z) and ratio of SDs, for every parameter.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import xarray as xr
from conditions import conditions

import ra_bayes as rb

PAGE = rb.data_dir() / "published" / "jamshidi2024.toml"


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
    direct = rb.condition(PAGE, joint, seed=2, reading=options.reading)[f"all/{options.outcome}/posterior"]
    ess = rb.provenance(tree)["sampling"]["ess"]
    print(
        f"{options.outcome}, {options.model}, related {options.related:g}, {options.reading}: {len(fits)} "
        f"fits in {spent:.0f} s, pooled ESS {ess:.0f}, cohorts' ESS {cohorts.ess:.0f}"
    )
    print(f"{'':<22}{'pooled':>10}{'counts':>10}{'z':>7}{'SD ratio':>10}")
    for name, week, here, there in pairs(tree["posterior"].to_dataset(), direct.to_dataset()):
        error = there.std() * np.sqrt(1.0 / ess + 1.0 / here.size + 1.0 / there.size)
        label = name if week is None else f"{name}, week {week:g}"
        print(
            f"{label:<22}{here.mean():10.3g}{there.mean():10.3g}{(here.mean() - there.mean()) / error:7.2f}"
            f"{here.std() / there.std():10.2f}"
        )
    print(conditions())


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
