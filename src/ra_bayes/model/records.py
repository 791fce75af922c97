"""A cohort's records of one outcome as arrays (patient, visit) on the link's scale.

The grid is the *cohort's*: every patient and every week with any measurement, whichever the outcome,
so that all outcomes of one cohort have arrays of one shape and share one compiled model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ra_bayes.cohort import Cohort, Record
from ra_bayes.cohort.cohort import check_cohort
from ra_bayes.errors import FitError, check_type
from ra_bayes.model.likelihoods import CELL, POINT, UNBOUNDED
from ra_bayes.model.people import People, people_of
from ra_bayes.model.residuals import sequence
from ra_bayes.model.spec import ModelSpec

__all__ = ["Grid", "empty", "ends", "grid", "records_in_order"]


@dataclass(frozen=True, eq=False)
class Grid:
    """Records of one outcome on a cohort's grid.

    Parameters
    ----------
    patients
        Patient identifiers.
    weeks
        Weeks of the visits, rising.
    value
        What was recorded, in the outcome's unit; NaN where nothing was (patient, visit).
    limit
        -1 where the truth lies below `value`, +1 where above, 0 elsewhere (patient, visit).
    low, high
        Ends of the record on the link's scale (patient, visit).
    kind
        MISSED, POINT or CELL of :mod:`~ra_bayes.model.likelihoods` (patient, visit).
    log_slope
        Log of the link's slope at points, 0 elsewhere (patient, visit).
    people
        Arms and covariates of the patients, if the model has any.
    """

    patients: tuple[str, ...]
    weeks: np.ndarray
    value: np.ndarray
    limit: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kind: np.ndarray
    log_slope: np.ndarray
    people: People | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of patients and of visits."""
        return len(self.patients), self.weeks.size


def empty(patients: tuple[str, ...], weeks: np.ndarray, people: People | None = None) -> Grid:
    """Return a grid without any record."""
    limit, low, high, kind, log_slope = (np.zeros((len(patients), weeks.size)) for _ in range(5))
    value = np.full(limit.shape, np.nan)
    return Grid(patients, weeks, value, limit, low, high, kind, log_slope, people)


def grid(spec: ModelSpec, cohort: Cohort) -> Grid:
    """Lay the cohort's records of the model's outcome on the cohort's grid.

    Raises
    ------
    RaBayesError
        If either is something else.
    FitError
        If the cohort has several arms, no such outcome, no visit at the reference or anchor week, or
        a record that the link cannot take (a 0 under the log link).
    """
    check_type(
        spec, ModelSpec, "model", 'read one with rb.load_model("sdai"), or fit a joint one with rb.fit_joint'
    )
    check_cohort(cohort)
    arms = sorted({arm for _, arm in cohort.arms})
    if len(arms) > 1 and spec.arm is None:
        raise FitError(
            f"{cohort.name} has {len(arms)} arms ({', '.join(arms)}), and a model is of one; to compare them "
            "give a copy of the page (models/outcomes) a table [arm], as models/examples/sdai_two_arms.toml "
            "has it, with the name of the control arm; or leave the patients of one out of the table "
            f"(in Python: cohort.only(patients=cohort.patients_of({arms[0]!r})))"
        )
    records = cohort.of(spec.outcome.id)
    if not records:
        raise FitError(
            f"model {spec.name!r} needs the outcome {spec.outcome.id!r}, which {cohort.name} does not have; "
            f"it has {', '.join(cohort.outcomes)}"
        )
    weeks = np.array(cohort.weeks, dtype=float)
    for name, week in (("reference_week", spec.reference_week), ("anchor week", spec.anchor_week)):
        if week not in weeks:
            raise FitError(
                f"model {spec.name!r}: {name} {week:g} is not a visit of {cohort.name} "
                f"(visits: {', '.join(f'{each:g}' for each in weeks)}); set it to one in the page, "
                "or in a copy of it (models/outcomes), and fit with --model COPY.toml"
            )
    if spec.arm is not None and spec.arm.trajectory.steps(weeks.size) and 0.0 not in weeks:
        raise FitError(
            f"model {spec.name!r}: the effect {spec.arm.trajectory.name!r} goes step by step from week 0, at "
            f'which arms are alike, and {cohort.name} has no visit then; write effect = "step" under [arm]'
        )
    seen = sorted({record.week for record in records})
    if spec.reference_week not in seen:
        raise FitError(
            f"model {spec.name!r}: {cohort.name} has no {spec.outcome.id} at the reference_week "
            f"{spec.reference_week:g}, the week it is told at (it has weeks "
            f"{', '.join(f'{each:g}' for each in seen)}); set it to one of them in the model page"
        )
    patients = cohort.patients
    people = people_of(spec.arm, spec.covariates, cohort, spec.name)
    out = empty(patients, weeks, people)
    row = {patient: i for i, patient in enumerate(patients)}
    column = {week: j for j, week in enumerate(weeks)}
    for record in records:
        at = row[record.patient], column[record.week]
        out.value[at] = record.value
        out.limit[at] = {"<": -1, "": 0, ">": 1}[record.limit]
        low, high = ends(spec, record)
        out.low[at], out.high[at] = low, high
        out.kind[at] = POINT if low == high else CELL
        if low == high and spec.likelihood.on_link:
            out.log_slope[at] = spec.link.log_slope(record.value)
    return out


def records_in_order(spec: ModelSpec, records: Grid) -> dict[str, np.ndarray]:
    """Return the records as the data of correlated residuals: each with the patient's record before it."""
    assert spec.residuals is not None
    return sequence(records.kind, records.low, records.high, records.weeks, spec.residuals.gap)


def ends(spec: ModelSpec, record: Record) -> tuple[float, float]:
    """Return the ends of the interval of y* that a record stands for, on the link's scale.

    Raises
    ------
    FitError
        If the record is a point that the link cannot take.
    """
    if spec.ordinal and record.value not in spec.outcome.levels:
        levels = ", ".join(map(str, spec.outcome.levels))
        raise FitError(
            f"row {record.row}: patient {record.patient!r}, week {record.week:g}: {spec.outcome.id} has no "
            f"category {record.value:g}; write one of {levels}"
        )
    kept = spec.likelihood.ends(record.value, spec.outcome)
    if kept is not None and not record.limit:
        return kept
    if not spec.likelihood.on_link:
        raise FitError(
            f"row {record.row}: patient {record.patient!r}, week {record.week:g}: {spec.outcome.id} is known "
            f"only to lie {'below' if record.limit == '<' else 'above'} {record.value:g}, which likelihood "
            f"{spec.likelihood.name} of model {spec.name!r} cannot take; write the value, or leave it empty"
        )
    if spec.binary:
        return (0.0, UNBOUNDED) if record.value > 0.5 else (-UNBOUNDED, 0.0)
    low = high = record.value
    if record.limit:
        low, high = (-np.inf, high) if record.limit == "<" else (low, np.inf)
    else:
        # A score computed from a component below its limit is known no better than its width says.
        half = max(spec.rounding, record.width) / 2.0
        low, high = low - half, high + half
        if spec.open_below and spec.outcome.lower is not None and record.value <= spec.outcome.lower:
            low = -np.inf
        if spec.open_above and spec.outcome.upper is not None and record.value >= spec.outcome.upper:
            high = np.inf
    if low == high and np.isfinite(spec.link.forward(low)) and np.isposinf(spec.link.log_slope(low)):
        low = -np.inf  # sqrt has no slope at 0: as a record, 0 stands for all that is not above it
    on_link = (_end(spec, low), _end(spec, high))
    if on_link[0] == on_link[1] and abs(on_link[0]) == UNBOUNDED:
        raise FitError(
            f"row {record.row}: patient {record.patient!r}, week {record.week:g}: {spec.outcome.id} of "
            f"{record.value:g} has no place under the {spec.link.name} link of model {spec.name!r}; "
            "write a value below the limit of quantification as '<limit', or give the page the width of a "
            "recording step (rounding)"
        )
    return on_link


def _end(spec: ModelSpec, value: float) -> float:
    """Map one end to the link's scale; whatever the link cannot take lies at an open end."""
    if np.isinf(value):
        return float(np.sign(value)) * UNBOUNDED
    on_link = float(spec.link.forward(value))
    if np.isfinite(on_link):
        return on_link
    return -UNBOUNDED if value <= float(spec.link.inverse(-np.inf)) else UNBOUNDED
