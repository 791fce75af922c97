"""The results in sentences: the sentence follows the number, and says no more than it.

A direction is claimed only where the whole interval lies on one side of no change; where it does not, the
sentence says so. An estimand that the prior leads is said to be the prior's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ra_bayes.estimand.names import NAMES, name_of
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, interval, listed, number, probability
from ra_bayes.results.open_records import open_records
from ra_bayes.tree import spec_of
from ra_bayes.trust.missing_text import tipping_words

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.results import Result
    from ra_bayes.trust.assessment import Assessment

__all__ = [
    "Row",
    "believed",
    "count_words",
    "direction",
    "estimate_words",
    "is_prior_led",
    "prior_led",
    "results_text",
    "unseen_words",
]

type Row = Mapping[Hashable, Any]


def results_text(result: Result, trusted: Assessment | None, ci_prob: float) -> list[str]:
    """Return a paragraph on one outcome and, where that was asked, one on how far it can be believed.

    Parameters
    ----------
    result
        A fit.
    trusted
        What is stored of how far it can be believed, if anything.
    ci_prob
        Probability of the credible intervals.
    """
    spec, table = spec_of(result.tree), result.table
    if table is None:
        return [f"{spec.outcome.label}: the sampler did not pass its gate, and nothing is claimed."]
    rows = _rows(table, spec)
    asked = None if trusted is None else trusted.tables["sensitivity"]
    led = [] if asked is None else [each for each in rows if is_prior_led(asked, each)]
    said = (
        _rate(rows, spec, ci_prob) if spec.binary else _change(rows, spec, ci_prob, led="mean_change" in led)
    )
    if opened := open_records(result.tree):
        said.insert(0, opened)
    alone = table.loc[table["patient"] != "", "patient"].nunique() == 1
    said += _one_patient(rows) if alone else _patients(rows, spec)
    said += _beyond_placebo(rows, spec, led)
    said += unseen_words(table, spec)
    return [" ".join(said), *([] if trusted is None else [" ".join(believed(trusted))])]


def direction(lower: float, upper: float, none: float, benefit: int) -> str:
    """Return what an interval lets one say of a change: a verb, or empty where it includes no change.

    Parameters
    ----------
    lower, upper
        Its ends.
    none
        The value that is no change: 0, or 1 for a ratio.
    benefit
        -1 where lower is better, +1 where higher is, 0 where no direction is agreed on.

    Examples
    --------
    >>> direction(-18.9, 5.6, 0.0, -1), direction(-20.0, -3.0, 0.0, -1), direction(1.2, 2.0, 1.0, -1)
    ('', 'improved', 'worsened')
    >>> direction(1.2, 2.0, 1.0, 0)
    'rose'
    """
    if lower <= none <= upper:
        return ""
    side = 1 if lower > none else -1
    if benefit:
        return "improved" if side == benefit else "worsened"
    return "rose" if side > 0 else "fell"


def prior_led(trusted: Assessment | None) -> list[str]:
    """Return the names of the estimands that the prior leads, where that was asked."""
    if trusted is None:
        return []
    return _named(trusted.tables["sensitivity"], "prior-led")


def _rows(table: pd.DataFrame, spec: ModelSpec) -> dict[str, Row]:
    """Return the rows of population and cohort at the reference week by estimand."""
    at = table["week"].isna() | (table["week"] == spec.reference_week)
    return {row["estimand"]: row for row in table[at & (table["patient"] == "")].to_dict("records")}


def _change(rows: Mapping[str, Row], spec: ModelSpec, ci_prob: float, *, led: bool) -> list[str]:
    row = rows["mean_change"]
    ratio = row["unit"] == "ratio"
    none, unit = (1.0, "") if ratio else (0.0, f" {row['unit']}")
    verb = direction(row["lower"], row["upper"], none, spec.benefit_sign)
    places = decimals(row["lower"], row["upper"], ratio=ratio, mcse=row["mcse"])
    ends = interval(row["lower"], row["upper"], places)
    told = (
        f"at week {row['week']:g} the population's typical patient was at {number(row['estimate'], places)} "
        f"times baseline ({ci_prob:.0%} interval {ends})"
        if ratio
        else f"by week {row['week']:g} the population's typical patient changed by "
        f"{number(row['estimate'], places)}{unit} ({ci_prob:.0%} interval {ends})"
    )
    said = [f"{spec.outcome.label}: {told}."]
    better = row["p_benefit"]
    chance = (
        f" The probability of a change for the better is {probability(better)}." if better == better else ""
    )
    if verb and led:
        # The next paragraph would take back what a verb claims.
        said.append(
            "The whole interval lies on one side of no change, but the prior leads this number: it is no "
            f"finding of these data.{chance}"
        )
    elif verb:
        said.append(f"The whole interval lies on one side of no change: the mean {verb}.{chance}")
    else:
        said.append(
            "The interval includes no change, so that "
            + ("neither improvement nor worsening" if spec.benefit_sign else "neither rise nor fall")
            + f" of the mean is established.{chance}"
        )
    beats = rows.get("mean_change_beats_mcid")
    if beats is not None and spec.mcid is not None:
        said.append(
            f"That the mean improved by the MCID of {spec.mcid:g} {_one_or_more(spec)} or more has "
            f"probability {probability(beats['estimate'])}."
        )
    new = rows.get("new_patient_beats_mcid")
    if new is not None:
        said.append(f"Of new patients a share of {estimate_words(new)} would truly do so.")
    return said


def _one_or_more(spec: ModelSpec) -> str:
    """Return the unit of the MCID: 1 point, 1.2 points."""
    unit = spec.outcome.unit
    return unit.removesuffix("s") if spec.mcid == 1 and unit == "points" else unit


def _rate(rows: Mapping[str, Row], spec: ModelSpec, ci_prob: float) -> list[str]:
    row = rows["response_rate"]
    places = decimals(row["lower"], row["upper"], mcse=row["mcse"])
    return [
        f"{spec.outcome.label}: at week {row['week']:g} the response rate in the population is "
        f"{number(row['estimate'], places)} ({ci_prob:.0%} interval "
        f"{interval(row['lower'], row['upper'], places)}). A rate is no change: without a control it does "
        "not say what treatment did."
    ]


def _patients(rows: Mapping[str, Row], spec: ModelSpec) -> list[str]:
    said = []
    if (row := rows.get("mean_change_of_cohort")) is not None:
        # What a reader holds against the mean of the sheet; the typical patient's is drawn to the prior.
        said.append(_changed("The mean of these patients", row))
    if (row := rows.get("patients_beating_mcid")) is not None:
        said.append(
            f"Of these patients {count_words(row)} are expected to have improved by the MCID or more."
        )
    if (row := rows.get("patients_sustained")) is not None:
        need = (
            "that" if spec.mcid is not None and row["definition"].find("at least") >= 0 else "an improvement"
        )
        said.append(
            f"{count_words(row)} are expected to have kept {need} from week {spec.sustained_from:g} on."
        )
    return said


def _changed(who: str, row: Row) -> str:
    if row["unit"] == "ratio":
        return f"{who} was at {estimate_words(row, ' times baseline')}."
    return f"{who} changed by {estimate_words(row, ' ' + row['unit'])}."


def _one_patient(rows: Mapping[str, Row]) -> list[str]:
    """Say of a cohort of one what is said of several: its mean is the patient's, its counts are chances."""
    said = []
    if (row := rows.get("mean_change_of_cohort")) is not None:
        said.append(_changed("This patient", row))
    if (row := rows.get("patients_beating_mcid")) is not None:
        chance = probability(row["estimate"])
        said.append(f"The probability that it was an improvement by the MCID or more is {chance}.")
    return said


def _beyond_placebo(rows: Mapping[str, Row], spec: ModelSpec, led: Sequence[str]) -> list[str]:
    name = "rate_beyond_placebo" if spec.binary else "change_beyond_placebo"
    row = rows.get(name)
    if row is None:
        return []
    ratio = row["unit"] == "ratio"
    verb = direction(row["lower"], row["upper"], 1.0 if ratio else 0.0, spec.benefit_sign)
    side = (
        ", which the prior leads"
        if verb and name in led
        else f", {'better' if verb == 'improved' else 'worse'} than placebo arms of other trials"
        if verb in ("improved", "worsened")
        else ", an interval that includes no difference"
        if not verb
        else ""
    )
    left = estimate_words(row, "" if ratio or spec.binary else f" {row['unit']}")
    return [
        f"Less the placebo response of other trials, {left} is left{side}; this is not a randomised "
        "comparison."
    ]


def unseen_words(table: pd.DataFrame, spec: ModelSpec) -> list[str]:
    """Return how many patients had no record at the reference week, if anybody."""
    own = table[(table["patient"] != "") & (table["week"] == spec.reference_week)]
    lost = own[own["note"].str.startswith("predicted")]["patient"].nunique()
    if not lost:
        return []
    who = "One patient" if lost == 1 else f"{lost} patients"
    theirs = "this one's value is a prediction" if lost == 1 else "their values are predictions"
    theirs += ", as of a patient still followed"
    return [f"{who} had no record at week {spec.reference_week:g}: {theirs}."]


def believed(trusted: Assessment) -> list[str]:
    """Return sentences on how far a fit can be believed."""
    said = []
    table = trusted.tables["sensitivity"]
    leads = {verdict: _named(table, verdict) for verdict in ("data-led", "shared", "prior-led")}
    for verdict, what in (
        ("data-led", "Led by the data"),
        ("shared", "Shared between data and prior"),
        ("prior-led", "Led by the prior, and so no finding of these data"),
    ):
        if leads[verdict]:
            said.append(f"{what}: {listed(leads[verdict])}.")
    decisions = trusted.tables.get("left_out_decisions")
    if decisions is not None:
        flips = [str(each) for each in dict.fromkeys(decisions["patient"][decisions["flips"].astype(bool)])]
        rule = " and ".join(dict.fromkeys(map(str, decisions["criterion"])))
        said.append(
            f"The decision by {rule} turns without {listed(flips)}: it hangs on single patients."
            if flips
            else f"The decision by {rule} is the same whoever is left out."
        )
    if "tipping_points" in trusted.tables:
        said += tipping_words(trusted.tables["not_at_random"], trusted.tables["tipping_points"])
    return said


def is_prior_led(table: pd.DataFrame, estimand: str) -> bool:
    """Return whether the prior leads an estimand."""
    return bool((table["verdict"][table["estimand"] == estimand] == "prior-led").any())


def _named(table: pd.DataFrame, verdict: str) -> list[str]:
    """Return the estimands with a verdict; a parameter is none."""
    found = dict.fromkeys(table["estimand"][table["verdict"] == verdict])
    return [name_of(each) for each in found if each in NAMES]


def estimate_words(row: Row, unit: str = "", named: str = "") -> str:
    """Return an estimate with its interval in brackets, which may be named."""
    places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio", mcse=row["mcse"])
    return f"{number(row['estimate'], places)}{unit} ({named}{interval(row['lower'], row['upper'], places)})"


def count_words(row: Row) -> str:
    """Return an expected number of patients with the interval of the number, which is whole."""
    return f"{number(row['estimate'], 1)} (number {interval(row['lower'], row['upper'], 0)})"
