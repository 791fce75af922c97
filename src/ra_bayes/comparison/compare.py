"""Models of the same records compared by how well each predicts what it did not see.

Two questions, two sums. **By patient**: all records of a patient together, told by a fit to the others; the
patient is a new one (:mod:`ra_bayes.trust.leave_one_out`, exact). **By record**: one record, told by all
others, the patient's own too (:mod:`ra_bayes.comparison.records_left_out`).

Differences are of each model to the one that predicts patients best, paired by patient: with d_i the
difference in patient i's elpd (by record: in the sum over their records, which are not independent),

    difference = sum_i d_i,    SE = sqrt(n) SD(d_1, ..., d_n),

and the interval is that of Student's t on n - 1 degrees of freedom. Of n normal differences the SE itself has
a relative error of about 1 / sqrt(2 (n - 1)), a third for six patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.comparison.comparison import Comparison, mark_of
from ra_bayes.comparison.records_left_out import records_left_out
from ra_bayes.comparison.same_records import same_records
from ra_bayes.comparison.weights import pseudo_bma, stacking, stacking_without_each
from ra_bayes.errors import FitError, check_type
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.tree import provenance, spec_of
from ra_bayes.trust.leave_one_out import leave_one_out

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["compare", "paired_difference"]

type Array = NDArray[np.float64]


def compare(
    trees: Mapping[str, xr.DataTree],
    *,
    ci_prob: float = 0.90,
    seed: int | None = None,
    cores: int | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare fits of the same records: trajectories, links, priors, or any other change of a page.

    Parameters
    ----------
    trees
        Fits by the name each is to be called, of one outcome of one cohort, by pages with the same rounding
        and bounds.
    ci_prob
        Probability of the intervals of differences.
    seed
        Of the re-fits; each fit's own if not given.
    cores
        Chains sampled at once; all cores if not given.
    step
        Called with a model's name when its turn comes.

    Raises
    ------
    FitError
        If there are not two fits, if their likelihoods are not on one scale, if one did not pass its gate, or
        if there are fewer than two patients.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> names = ("sdai", "sdai_line")
    >>> trees = {name: rb.load(f"results/{name}/posterior.nc") for name in names}    # doctest: +SKIP
    >>> print(rb.compare(trees))                                                     # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    check_type(trees, Mapping, "fits", 'give them by name: {"line": tree, "onset": other}')
    grid = same_records(trees)
    if (grid.kind != MISSED).any(axis=1).sum() < 2:
        raise FitError("models are compared by patients they did not see; fit a cohort of two or more")
    by_patient, by_record = [], []
    for name, tree in trees.items():
        step(name)
        left = leave_one_out(tree, seed=seed, cores=cores).patients
        kept = left.loc[left["patient"] != "", ["patient", "records", "elpd", "elpd_mcse", "passed"]]
        by_patient.append(kept.astype({"records": int, "passed": bool}).assign(model=name))
        by_record.append(records_left_out(tree, seed=seed, cores=cores).assign(model=name))
    patients, records = (pd.concat(each, ignore_index=True) for each in (by_patient, by_record))
    models = _models(trees, patients, records, ci_prob, provenance(next(iter(trees.values())))["seed"])
    best = patients[patients["model"] == models["model"].iloc[0]].set_index("patient")["elpd"]
    patients["diff"] = patients["elpd"] - patients["patient"].map(best)
    return Comparison(
        models, _first(patients, "model", "patient"), _first(records, "model", "patient", "week")
    )


def paired_difference(differences: Array, ci_prob: float) -> dict[str, float]:
    """Return the sum of paired differences with its standard error and interval of Student's t.

    Parameters
    ----------
    differences
        A model's elpd less another's, a term a patient; two or more.
    ci_prob
        Probability of the interval.

    Examples
    --------
    >>> {name: round(each, 2) for name, each in paired_difference(np.array([1.0, 3.0]), 0.5).items()}
    {'diff': 4.0, 'se': 2.0, 'lower': 2.0, 'upper': 6.0}
    """
    n = differences.size
    total, error = float(differences.sum()), float(np.sqrt(n) * differences.std(ddof=1))
    width = float(special.stdtrit(n - 1, 0.5 + ci_prob / 2.0)) * error
    return {"diff": total, "se": error, "lower": total - width, "upper": total + width}


def _models(
    trees: Mapping[str, xr.DataTree],
    patients: pd.DataFrame,
    records: pd.DataFrame,
    ci_prob: float,
    seed: int,
) -> pd.DataFrame:
    import pandas as pd

    names = list(trees)
    told = patients.pivot(index="patient", columns="model", values="elpd")[names]
    noise = patients.pivot(index="patient", columns="model", values="elpd_mcse")[names]
    summed = records.groupby(["patient", "model"])["elpd"].sum().unstack()[names].loc[told.index]
    weight = stacking(told.to_numpy())
    without = stacking_without_each(told.to_numpy())
    reference = pseudo_bma(told.to_numpy(), seed)
    best = names[int(np.argmax(told.sum().to_numpy()))]
    rows = []
    for k, name in enumerate(names):
        spec = spec_of(trees[name])
        own = records[records["model"] == name]
        mine = patients[patients["model"] == name]
        error = float(np.sqrt(np.square(noise[name]).sum()))
        pair = np.square(noise[[name, best]].to_numpy()).sum()
        by_patient = paired_difference((told[name] - told[best]).to_numpy(), ci_prob)
        by_record = paired_difference((summed[name] - summed[best]).to_numpy(), ci_prob)
        rows.append(
            {
                "model": name,
                "page": spec.name,
                "trajectory": spec.shape,
                "link": spec.link.name,
                "elpd": float(told[name].sum()),
                "elpd_mcse": error,
                **by_patient,
                "diff_mcse": 0.0 if name == best else float(np.sqrt(pair)),
                "weight": float(weight[k]),
                "weight_least": float(without[:, k].min()),
                "weight_most": float(without[:, k].max()),
                "pseudo_bma": float(reference[k]),
                "record_elpd": float(own["elpd"].sum()),
                "record_elpd_mcse": float(np.sqrt(np.square(own["elpd_mcse"]).sum())),
                **{f"record_{key}": value for key, value in by_record.items()},
                "p_loo": float(own["p"].sum()),
                "worst_k": float(own["pareto_k"].max()),
                "refits": int(own["refitted"].sum()),
                "passed": bool(own["passed"].all() and mine["passed"].all()),
                "fit": mark_of(trees[name]),
            }
        )
    table = pd.DataFrame(rows).sort_values("elpd", ascending=False, kind="stable", ignore_index=True)
    first = next(iter(trees.values()))
    cohort = provenance(first)["cohort"]
    return table.assign(
        ci_prob=ci_prob,
        ci_kind="t",
        outcome=spec_of(first).outcome.id,
        cohort=cohort["name"],
        synthetic=bool(cohort["synthetic"]),
    )


def _first(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the table with some columns put first."""
    rest: list[Any] = [each for each in table.columns if each not in columns]
    return table[[*columns, *rest]]
