"""Estimands of a continuous outcome: changes from baseline, who beats the MCID, when, for how long.

A change is told in clinical units: a difference, or under the log link a ratio (0.5 is halved). The change
of the population is that of its typical patient (A = baseline_mean, b = 0).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand.new_patient import share_beating_mcid
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.summary import Quantity
from ra_bayes.numbers import these

__all__ = ["change_estimands", "gain"]

type Array = NDArray[np.float64]


def change_estimands(posterior: Posterior, placebo: Array | None) -> Iterator[Quantity]:
    """Yield every estimand of a continuous outcome.

    Parameters
    ----------
    posterior
        Draws of a fit.
    placebo
        Draws of the historical placebo change on the link's scale (chain, draw), if the page has one.
    """
    population, patients = posterior.population_change, posterior.patient_change
    yield from _mean_changes(posterior, population)
    if posterior.patients:
        yield from _cohort_changes(posterior, patients)
        yield from _patient_changes(posterior, patients)
    yield from _mcid(posterior, population)
    if posterior.patients:
        yield from _patients_mcid(posterior, patients)
        yield from _sustained(posterior, patients)
    yield from _over_time(posterior, population)
    yield from _beyond_placebo(posterior, placebo)


def _visits(posterior: Posterior) -> list[tuple[int, float]]:
    """Return the visits after baseline at which anything was recorded."""
    return [
        (j, float(week))
        for j, week in enumerate(posterior.weeks)
        if week > posterior.spec.anchor_week and posterior.seen[j]
    ]


def _unit(posterior: Posterior) -> str:
    return "ratio" if posterior.spec.link.change == "ratio" else posterior.spec.outcome.unit


def gain(posterior: Posterior, change: Array) -> Array:
    """Return a change counted towards benefit: positive is better; all NaN without a direction."""
    zero = 1.0 if posterior.spec.link.change == "ratio" else 0.0
    sign = posterior.spec.benefit_sign
    return sign * (change - zero) if sign else np.full_like(change, np.nan)


def _benefit(posterior: Posterior, change: Array) -> NDArray[np.bool_] | None:
    return gain(posterior, change) > 0.0 if posterior.spec.benefit_sign else None


def _average(posterior: Posterior, patients: Array) -> Array:
    """Return the mean over these patients: geometric for ratios."""
    if posterior.spec.link.change == "ratio":
        return np.asarray(np.exp(np.log(patients).mean(axis=-2)))
    return np.asarray(patients.mean(axis=-2))


def _mean_changes(posterior: Posterior, population: Array) -> Iterator[Quantity]:
    definition = "change from baseline of the typical patient of the population"
    yield from _by_visit(posterior, "mean_change", population, definition)


def _cohort_changes(posterior: Posterior, patients: Array) -> Iterator[Quantity]:
    definition = f"mean true change from baseline of {these(len(posterior.patients))}"
    yield from _by_visit(posterior, "mean_change_of_cohort", _average(posterior, patients), definition)


def _by_visit(posterior: Posterior, name: str, change: Array, definition: str) -> Iterator[Quantity]:
    for j, week in _visits(posterior):
        at = change[..., j]
        yield Quantity(name, at, _unit(posterior), definition, week=week, benefit=_benefit(posterior, at))


def _patient_changes(posterior: Posterior, patients: Array) -> Iterator[Quantity]:
    for i, patient in enumerate(posterior.patients):
        for j, week in _visits(posterior):
            at = patients[..., i, j]
            yield Quantity(
                "patient_change",
                at,
                _unit(posterior),
                "true change from baseline of this patient, measurement noise taken out",
                patient=patient,
                week=week,
                benefit=_benefit(posterior, at),
                note=_beyond_records(posterior, i, week),
            )


def _beyond_records(posterior: Posterior, i: int, week: float) -> str:
    """Say where a patient's change is a prediction, not an estimate from records."""
    last = float(posterior.last_week[i])
    return f"predicted: last record at week {last:g}" if last < week else ""


def _mcid(posterior: Posterior, population: Array) -> Iterator[Quantity]:
    mcid, spec = posterior.spec.mcid, posterior.spec
    if mcid is None or not spec.benefit_sign or spec.link.change == "ratio":
        return
    size = f"improves by at least {mcid:g} {spec.outcome.unit} (the MCID)"
    share = "share of patients"
    told = []
    # The mean category of a new patient has no closed form, and the noise of a record must be normal.
    if not spec.ordinal:
        true = share_beating_mcid(posterior, mcid, measured=False)
        told.append((true, "new_patient_beats_mcid", "true value", ""))
    if spec.likelihood.name == "normal":
        recorded = share_beating_mcid(posterior, mcid, measured=True)
        told.append(
            (recorded, "new_patient_measured_beats_mcid", "recorded value", ", noise in both records")
        )
    for j, week in _visits(posterior):
        beaten = gain(posterior, population[..., j]) >= mcid
        yield Quantity(
            "mean_change_beats_mcid",
            beaten,
            "probability",
            f"population mean {size}",
            week=week,
            kind="event",
        )
        for draws, name, what, noise in told:
            yield Quantity(name, draws[..., j], share, f"a new patient's {what} {size}{noise}", week=week)


def _patients_mcid(posterior: Posterior, patients: Array) -> Iterator[Quantity]:
    mcid, spec = posterior.spec.mcid, posterior.spec
    if mcid is None or not spec.benefit_sign or spec.link.change == "ratio":
        return
    size = f"improves by at least {mcid:g} {spec.outcome.unit} (the MCID)"
    week = spec.reference_week
    beats = gain(posterior, patients[..., posterior.at_reference]) >= mcid
    for i, patient in enumerate(posterior.patients):
        yield Quantity(
            "patient_beats_mcid",
            beats[..., i],
            "probability",
            f"this patient's true value {size}",
            patient=patient,
            week=week,
            kind="event",
        )
    yield Quantity(
        "patients_beating_mcid",
        beats.sum(axis=-1).astype(float),
        "patients",
        f"expected number of {these(len(posterior.patients))} whose true value {size}; "
        "the interval is of the number",
        week=week,
        kind="count",
    )


def _sustained(posterior: Posterior, patients: Array) -> Iterator[Quantity]:
    spec = posterior.spec
    if not spec.benefit_sign:
        return
    needed = spec.mcid if spec.mcid is not None and spec.link.change == "difference" else 0.0
    kept = (
        (posterior.weeks >= spec.sustained_from) & (posterior.weeks <= spec.reference_week) & posterior.seen
    )
    gained = gain(posterior, patients)[..., kept]
    held = ((gained >= needed) if needed else (gained > 0.0)).all(axis=-1)
    size = f"true improvement of at least {needed:g} {spec.outcome.unit}" if needed else "true improvement"
    definition = f"{size} at every visit from week {spec.sustained_from:g} to {spec.reference_week:g}"
    for i, patient in enumerate(posterior.patients):
        yield Quantity(
            "sustained_response", held[..., i], "probability", definition, patient=patient, kind="event"
        )
    yield Quantity(
        "patients_sustained",
        held.sum(axis=-1).astype(float),
        "patients",
        f"expected number of {these(len(posterior.patients))} with {definition}; "
        "the interval is of the number",
        kind="count",
    )


def _over_time(posterior: Posterior, population: Array) -> Iterator[Quantity]:
    spec, last = posterior.spec, posterior.at_reference
    weeks = posterior.weeks[: last + 1]
    change = population[..., : last + 1]
    ratio = spec.link.change == "ratio"
    area = np.trapezoid(np.log(change) if ratio else change, weeks, axis=-1) / (weeks[-1] - weeks[0])
    average = np.exp(area) if ratio else area
    yield Quantity(
        "average_change",
        average,
        _unit(posterior),
        f"population mean change averaged over weeks 0 to {spec.reference_week:g}: area under it, per week",
        benefit=_benefit(posterior, average),
    )
    yield Quantity(
        "weeks_to_half_effect",
        _first_half(weeks, posterior.mean_change[..., : last + 1]),
        "weeks",
        f"when the change of the typical patient, on the link's scale, first reaches half of what it is at "
        f"week {spec.reference_week:g} (straight lines between visits); meant only where there is an effect",
    )
    if not spec.prior("response_sd").fixed:
        yield Quantity(
            "response_heterogeneity",
            posterior.scalars["response_sd"],
            spec.link_unit,
            f"between-patient SD of the true change at week {spec.reference_week:g}",
            week=spec.reference_week,
        )


def _first_half(weeks: Array, change: Array) -> Array:
    """Return when a path of straight lines first reaches half of where it ends."""
    # Towards the end counts as up, so that one rule serves falls and rises; 0 < 1/2 <= 1 always crosses.
    with np.errstate(divide="ignore", invalid="ignore"):
        path = np.where(change[..., -1:] != 0.0, change / change[..., -1:], weeks / weeks[-1])
    crossed = path >= 0.5
    k = np.maximum(crossed.argmax(axis=-1), 1)[..., None]
    after, before = (np.take_along_axis(path, k - lag, axis=-1)[..., 0] for lag in (0, 1))
    part = (0.5 - before) / (after - before)
    return np.asarray(weeks[k[..., 0] - 1] + part * (weeks[k[..., 0]] - weeks[k[..., 0] - 1]))


def _beyond_placebo(posterior: Posterior, placebo: Array | None) -> Iterator[Quantity]:
    if placebo is None:
        return
    beyond = posterior.mean_change[..., posterior.at_reference] - placebo
    change = np.exp(beyond) if posterior.spec.link.change == "ratio" else beyond
    yield Quantity(
        "change_beyond_placebo",
        change,
        _unit(posterior),
        "population mean change less the change that placebo arms of other trials showed: not a randomised "
        "comparison",
        week=posterior.spec.reference_week,
        benefit=_benefit(posterior, change),
    )
