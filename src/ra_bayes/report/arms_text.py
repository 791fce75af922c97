"""What the report says of a fit of two arms: their difference first, what each arm did after it.

Whether patients were allocated at random is not in a table of records, so that it is never said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ra_bayes.estimand.arms import arm_names, has_two_arms
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import probability
from ra_bayes.report.results_text import (
    believed,
    count_words,
    direction,
    estimate_words,
    is_prior_led,
    unseen_words,
)
from ra_bayes.results.open_records import open_records
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ra_bayes.report.results_text import Row
    from ra_bayes.results import Result
    from ra_bayes.trust.assessment import Assessment

__all__ = ["Arms", "arms_of", "arms_results_text"]


class Arms(NamedTuple):
    """The names of the arms of a fit."""

    control: str
    treated: str

    def compared(self, *, ratio: bool) -> str:
        """Return which is set against which.

        Examples
        --------
        >>> Arms("placebo", "cells").compared(ratio=False)
        'cells less placebo'
        """
        return f"{self.treated} {'over' if ratio else 'less'} {self.control}"


def arms_of(tree: xr.DataTree) -> Arms | None:
    """Return the arms of a fit of two; None of one arm."""
    return Arms(*arm_names(tree)) if has_two_arms(tree) else None


def arms_results_text(result: Result, trusted: Assessment | None, ci_prob: float) -> list[str]:
    """Return a paragraph on the difference between the arms and, where it was asked, one on its trust.

    Parameters
    ----------
    result
        A fit of two arms.
    trusted
        What is stored of how far it can be believed, if anything.
    ci_prob
        Probability of the credible intervals.
    """
    spec, table = spec_of(result.tree), result.table
    if table is None:
        return [f"{spec.outcome.label}: the sampler did not pass its gate, and nothing is claimed."]
    arms = Arms(*arm_names(result.tree))
    rows = _rows(table, spec)
    led = trusted is not None and is_prior_led(trusted.tables["sensitivity"], "difference_from_control")
    said = [
        *filter(None, [open_records(result.tree)]),
        *_difference(rows, spec, arms, ci_prob, led=led),
        *_each_arm(rows, spec, arms),
        *_patients(rows, arms, table),
        *unseen_words(table, spec),
    ]
    return [" ".join(said), *([] if trusted is None else [" ".join(believed(trusted))])]


def _rows(table: pd.DataFrame, spec: ModelSpec) -> dict[tuple[str, str], Row]:
    """Return the rows of populations and cohort at the reference week by arm and estimand."""
    at = (table["week"].isna() | (table["week"] == spec.reference_week)) & (table["patient"] == "")
    return {(row["arm"], row["estimand"]): row for row in table[at].to_dict("records")}


def _difference(
    rows: Mapping[tuple[str, str], Row], spec: ModelSpec, arms: Arms, ci_prob: float, *, led: bool
) -> list[str]:
    row = rows[arms.treated, "difference_from_control"]
    ratio = row["unit"] == "ratio"
    what = "response rate" if spec.binary else "the typical patient's change"
    value = estimate_words(row, _unit(row, spec), f"{ci_prob:.0%} interval ")
    at = f"at week {row['week']:g}"
    told = (
        f"{at} the typical patient's ratio to baseline in arm {arms.treated} was {value} "
        f"times that in arm {arms.control}"
        if ratio
        else f"{at} {what} in arm {arms.treated}, less that in arm {arms.control}, was {value}"
    )
    better = row["p_benefit"]
    chance = (
        f" The probability that {arms.treated} did better is {probability(better)}."
        if better == better
        else ""
    )
    side = direction(row["lower"], row["upper"], 1.0 if ratio else 0.0, spec.benefit_sign)
    verdict = {
        "improved": f"{arms.treated} did better",
        "worsened": f"{arms.treated} did worse",
        "rose": f"it is higher in {arms.treated}",
        "fell": f"it is lower in {arms.treated}",
    }
    held = (
        "The whole interval lies on one side of no difference, but the prior leads this number: it is no "
        "finding of these data."
        if side and led
        else f"The whole interval lies on one side of no difference: {verdict[side]}."
        if side
        else "The interval includes no difference, so that neither arm is shown to have done better."
    )
    odds = rows.get((arms.treated, "odds_ratio_of_arm"))
    more = [] if odds is None else [f"Odds ratio of a higher category: {estimate_words(odds)}."]
    return [f"{spec.outcome.label}: {told}.", held + chance, *more]


def _each_arm(rows: Mapping[tuple[str, str], Row], spec: ModelSpec, arms: Arms) -> list[str]:
    main = "response_rate" if spec.binary else "mean_change"
    told = []
    for arm in (arms.treated, arms.control):
        row = rows[arm, main]
        ratio = " times baseline" if row["unit"] == "ratio" else ""
        told.append(f"{estimate_words(row, _unit(row, spec))}{ratio} in arm {arm}")
    what = "The response rate was" if spec.binary else "By itself the typical patient's change was"
    return [f"{what} {' and '.join(told)}."]


def _patients(rows: Mapping[tuple[str, str], Row], arms: Arms, table: pd.DataFrame) -> list[str]:
    of = table[table["patient"] != ""].groupby("arm")["patient"].nunique()
    found = [
        f"{count_words(rows[arm, 'patients_beating_mcid'])} of {of[arm]} in arm {arm}"
        for arm in (arms.treated, arms.control)
        if (arm, "patients_beating_mcid") in rows
    ]
    if len(found) < 2:
        return []
    return [f"Expected to have improved by the MCID or more are {' and '.join(found)}, of these patients."]


def _unit(row: Row, spec: ModelSpec) -> str:
    return "" if row["unit"] == "ratio" or spec.binary else f" {row['unit']}"
