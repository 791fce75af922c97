"""Patients drawn from a joint model: their outcomes at each visit, latent or as they would be recorded.

The generative model is that of :mod:`ra_bayes.counts.likelihood`. Arrays are (draw, patient, candidate):
for each draw of the parameters, so many candidates for each patient, alike in all but their own scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.counts.events import Event
from ra_bayes.counts.layout import Draws, Layout
from ra_bayes.model.spec import ModelSpec

__all__ = ["Patients", "choose", "draw_patients", "records", "shows"]

type Array = NDArray[np.float64]

# As case report forms have them where a page or outcome names no step (data/README.md); else three digits.
_DIGITS = {
    "vas": 0,
    "patient_global": 0,
    "physician_global": 0,
    "sdai": 2,
    "cdai": 1,
    "das28_esr": 2,
    "das28_crp": 2,
    "crp": 1,
    "esr": 0,
}


@dataclass(frozen=True, eq=False)
class Patients:
    """Scores of patients by outcome, each independent of the others (draw, patient, candidate).

    Parameters
    ----------
    level, response
        z and w of :mod:`ra_bayes.counts.likelihood`.
    error
        Standardised residuals by outcome and week.
    """

    level: dict[str, Array]
    response: dict[str, Array]
    error: dict[tuple[str, float], Array]


def draw_patients(
    layout: Layout,
    outcomes: Iterable[str],
    weeks: Iterable[float],
    shape: tuple[int, int, int],
    rng: np.random.Generator,
    known: Patients | None = None,
) -> Patients:
    """Draw scores of patients, or the residuals that patients already drawn still lack.

    Parameters
    ----------
    layout
        The joint model's layout.
    outcomes, weeks
        What is measured, and when.
    shape
        Draws, patients and candidates.
    rng
        Random numbers.
    known
        Patients whose scores and some of whose residuals are drawn.
    """
    share = layout.joint.share(layout.pages)
    made = known or Patients({}, {}, {})

    def tied(first: Array | None, correlation: float) -> Array:
        own = rng.normal(size=shape)
        return own if first is None else correlation * first + np.sqrt(1.0 - correlation**2) * own

    # A partner's scores are made of the first's.
    for outcome in sorted(outcomes, key=lambda each: each in share):
        first, correlation = share.get(outcome, ("", 0.0))
        for scores in (made.level, made.response):
            if outcome not in scores:
                scores[outcome] = tied(scores.get(first), correlation)
        for week in weeks:
            if (outcome, week) not in made.error:
                made.error[outcome, week] = tied(made.error.get((first, week)), correlation)
    return made


def choose(patients: Patients, candidate: NDArray[np.intp]) -> Patients:
    """Return one candidate of each patient, kept as the only one (draw, patient, 1)."""

    def pick(scores: Array) -> Array:
        return np.take_along_axis(scores, candidate[..., None], axis=2)

    return Patients(
        {key: pick(each) for key, each in patients.level.items()},
        {key: pick(each) for key, each in patients.response.items()},
        {key: pick(each) for key, each in patients.error.items()},
    )


def records(
    layout: Layout, draws: Draws, arm: str, patients: Patients, outcome: str, week: float, *, recorded: bool
) -> Array:
    """Return an outcome of the patients at one week, in its own unit (draw, patient, candidate).

    Parameters
    ----------
    layout, draws
        The joint model's layout, and its parameters with the draws first.
    arm
        The patients' arm.
    patients
        Their scores.
    outcome, week
        What, and when.
    recorded
        Whether to clip and round the value as it would be written down.
    """
    page, values = layout.pages[outcome], draws.values[arm, outcome]
    at = int(np.flatnonzero(layout.weeks == week)[0])
    level, response = patients.level[outcome], patients.response[outcome]
    if draws.loading is not None and page.benefit_sign:
        own = np.sqrt(1.0 - draws.loading**2)[:, None, None]
        common = (page.benefit_sign * draws.loading[:, None] * draws.factor[arm])[..., None]
        if page.binary:
            level = common + own * level
        else:
            response = common + own * response
    mean_change, shape = values["mean_change"][..., at], values["response_shape"][..., at]
    rho = values["correlation"][:, None, None]
    score = rho * level + np.sqrt(1.0 - rho**2) * response
    latent = (
        (values["baseline_mean"] + mean_change)[:, None, None]
        + values["baseline_sd"][:, None, None] * level
        + (values["response_sd"] * shape)[:, None, None] * score
        + values["residual_sd"][:, None, None] * patients.error[outcome, week]
    )
    if page.binary:
        return np.where(latent > 0.0, 1.0, 0.0)
    value = page.link.inverse(latent)
    return _as_recorded(page, value) if recorded else value


def _as_recorded(page: ModelSpec, value: Array) -> Array:
    """Round to the recording step and keep within the outcome's bounds."""
    outcome = page.outcome
    step = page.rounding or outcome.step
    if step:
        value = np.round(value / step) * step
    elif outcome.id in _DIGITS:
        value = np.round(value, _DIGITS[outcome.id])
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            digits = 10.0 ** (2.0 - np.floor(np.log10(np.abs(value))))
            value = np.where(value == 0.0, 0.0, np.round(value * digits) / digits)
    lower, upper = outcome.lower, outcome.upper
    return value if lower is None and upper is None else np.asarray(np.clip(value, lower, upper))


def shows(
    layout: Layout,
    draws: Draws,
    arm: str,
    patients: Patients,
    events: Iterable[Event],
    *,
    recorded: bool,
) -> NDArray[np.bool_]:
    """Say which patients show which events (draw, patient, candidate, event)."""
    known: dict[tuple[str, float], Array] = {}

    def value(outcome: str, week: float) -> Array:
        if (outcome, week) not in known:
            known[outcome, week] = records(layout, draws, arm, patients, outcome, week, recorded=recorded)
        return known[outcome, week]

    def holds(event: Event) -> Any:
        each = [
            rule.holds(value(rule.outcome, week), value(rule.outcome, 0.0 if rule.is_change else week))
            for rule in event.rules
            for week in rule.weeks
        ]
        return np.logical_and.reduce(each)

    return np.stack([holds(event) for event in events], axis=-1)


def weeks_of(events: Iterable[Event]) -> Mapping[str, tuple[float, ...]]:
    """Return by outcome the weeks that events look at, baseline among them."""
    found: dict[str, set[float]] = {}
    for event in events:
        for rule in event.rules:
            found.setdefault(rule.outcome, set()).update(rule.weeks, {0.0} if rule.is_change else ())
    return {outcome: tuple(sorted(weeks)) for outcome, weeks in found.items()}
