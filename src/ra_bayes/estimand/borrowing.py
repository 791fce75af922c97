"""What a joint fit adds to fits of its outcomes alone: narrower intervals, and outcomes not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.errors import FitError
from ra_bayes.estimand import estimands
from ra_bayes.tree import joint_trees, provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["borrowing_across_outcomes", "predicted_outcomes"]

_CHANGES = ("mean_change", "mean_change_of_cohort", "patient_change", "difference_from_control")


def borrowing_across_outcomes(
    together: xr.DataTree, alone: Mapping[str, xr.DataTree], *, ci_prob: float = 0.90
) -> pd.DataFrame:
    """Return how much narrower the intervals of changes are when outcomes are fitted together.

    Parameters
    ----------
    together
        A joint fit.
    alone
        Fits of some of its outcomes to the same cohort, by outcome, under the same priors.
    ci_prob
        Probability of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``outcome``, ``estimand``, ``patient``, ``week``, ``width_alone``, ``width_together`` (of ratios on
        the log scale) and ``ratio``, together over alone: below 1 the other outcomes helped; of two arms
        ``arm`` too.

    Raises
    ------
    FitError
        If a fit is of an outcome that the joint fit does not have, of another cohort or under other priors,
        or none was given.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.borrowing_across_outcomes(joint, {"sdai": rb.fit(page, cohort, seed=1)})     # doctest: +SKIP
    """
    import pandas as pd

    parts = []
    trees = joint_trees(together)
    for outcome, single in alone.items():
        _check(trees, outcome, single)
        widths = [_widths(each, ci_prob) for each in (single, trees[outcome])]
        both = widths[0].merge(
            widths[1], on=["arm", "estimand", "patient", "week"], suffixes=("_alone", "_together")
        )
        parts.append(both.assign(outcome=outcome, ratio=both["width_together"] / both["width_alone"]))
    if not parts:
        raise FitError(
            f"no fit was given to compare with; give those of {', '.join(trees)} alone, by outcome"
        )
    columns = ["outcome", "arm", "estimand", "patient", "week", "width_alone", "width_together", "ratio"]
    found = pd.concat(parts)[columns].reset_index(drop=True)
    return found if (found["arm"] != "").any() else found.drop(columns="arm")


def _check(trees: Mapping[str, xr.DataTree], outcome: str, single: xr.DataTree) -> None:
    if outcome not in trees:
        raise FitError(f"the joint fit has no outcome {outcome!r}; it has {', '.join(trees)}")
    own, other = provenance(trees[outcome]), provenance(single)
    if other["cohort"]["hash"] != own["cohort"]["hash"]:
        raise FitError(
            f"{outcome} alone was fitted to {other['cohort']['name']}, and the joint fit to other data; fit "
            "the same cohort"
        )
    if (other["model"]["hash"], other["model"]["numbers"]) != (own["model"]["hash"], own["model"]["numbers"]):
        raise FitError(
            f"{outcome} alone was fitted with other priors than in the joint fit; fit the page that "
            f"joint_model.page({outcome!r}) returns"
        )


def _widths(tree: xr.DataTree, ci_prob: float) -> pd.DataFrame:
    table = estimands(tree, ci_prob=ci_prob)
    rows = table[table["estimand"].isin(_CHANGES) & (table["week"] == spec_of(tree).reference_week)]
    ratio = rows["unit"] == "ratio"
    ends = [np.where(ratio, np.log(rows[end].where(ratio, 1.0)), rows[end]) for end in ("lower", "upper")]
    arm = rows.get("arm", "")
    return rows[["estimand", "patient", "week"]].assign(arm=arm, width=ends[1] - ends[0])


def predicted_outcomes(tree: xr.DataTree, *, ci_prob: float = 0.90) -> pd.DataFrame:
    """Return what is predicted of outcomes that a patient lacks, from that patient's other outcomes.

    Parameters
    ----------
    tree
        A joint fit.
    ci_prob
        Probability of the intervals, which are equal-tailed and of what would be recorded.

    Returns
    -------
    pandas.DataFrame
        A row for each outcome, patient without a record of it, and visit: ``estimate`` (median), ``lower``,
        ``upper``, ``unit`` and ``ci_prob``. Empty if every patient has every outcome.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.predicted_outcomes(joint)                                             # doctest: +SKIP
    """
    import pandas as pd

    rows = []
    tails = [(1.0 - ci_prob) / 2.0, 0.5, (1.0 + ci_prob) / 2.0]
    for outcome, each in joint_trees(tree).items():
        record = each["posterior_predictive"]["record"].transpose("patient", "visit", "chain", "draw")
        made = each["observed_data"]["record"].transpose("patient", "visit").notnull().any("visit").values
        for patient in record["patient"].values[~made]:
            of = record.sel(patient=patient)
            for week, draws in zip(of["visit"].values, of.values, strict=True):
                lower, middle, upper = (float(at) for at in np.quantile(draws, tails))
                unit = spec_of(each).outcome.unit
                rows.append((outcome, str(patient), float(week), middle, lower, upper, unit, ci_prob))
    columns = ["outcome", "patient", "week", "estimate", "lower", "upper", "unit", "ci_prob"]
    return pd.DataFrame(rows, columns=columns)
