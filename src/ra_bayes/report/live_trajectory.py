"""The trajectories of a fit as a picture that answers: choose a patient and a visit, read the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.observed import observed
from ra_bayes.estimand.posterior import read_posterior
from ra_bayes.figures.reading import band, patient_curves, population_curve
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, how_many, interval, number
from ra_bayes.plain import plain
from ra_bayes.report.live import BOTTOM, LEFT, RIGHT, TOP, Axis, area, circles, line, live

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["MOST_PATIENTS", "live_trajectory"]

type Array = NDArray[np.float64]

# Beyond, the lines hide each other and the page grows.
MOST_PATIENTS = 60


@dataclass(frozen=True, eq=False)
class _Course:
    """A name, and its lower end, median and upper end (3, visit) with what was recorded (visit)."""

    name: str
    values: Array
    records: Array
    limits: Array


def live_trajectory(tree: xr.DataTree, name: str, ci_prob: float) -> dict[str, Any] | None:
    """Return the picture; None without patients, with one visit, or with too many patients for lines.

    Parameters
    ----------
    tree
        A fit of one arm, or one arm of a fit.
    name
        Of the fit on the page, unique there.
    ci_prob
        Probability of the credible intervals.
    """
    posterior = read_posterior(tree)
    spec, seen = posterior.spec, posterior.seen
    weeks = posterior.weeks[seen]
    if not 0 < len(posterior.patients) <= MOST_PATIENTS or len(weeks) < 2:
        return None
    records = observed(tree, spec)
    kept = np.isin(records.weeks, weeks)
    values, limits = records.value[:, kept], records.limit[:, kept].astype(float)
    patients = band(patient_curves(posterior)[..., seen], ci_prob)
    whole = "population" if spec.binary else "typical patient of the population"
    nothing = np.full(len(weeks), np.nan)
    courses = [
        _Course(whole, band(population_curve(posterior)[..., seen], ci_prob), nothing, nothing),
        *(
            _Course(plain(patient), patients[:, i], values[i], limits[i])
            for i, patient in enumerate(posterior.patients)
        ),
    ]
    unit = f" ({spec.outcome.unit})" if spec.outcome.unit else ""
    what = "Probability of a response" if spec.binary else f"{spec.outcome.label}{unit}"
    return live(
        id=f"live-{name}",
        alt=f"{what} over {weeks[-1]:g} weeks: posterior medians of {how_many(len(patients[0]))} and, dashed,"
        " of the population. What is chosen below is told under the picture.",
        x_name="week",
        y_name=what,
        choose="Patient",
        slide="Visit",
        start=len(weeks) - 1,
        caption=f"Dashed: {'response rate in the population' if spec.binary else whole}, posterior median, "
        f"with {ci_prob:.0%} equal-tailed credible interval; grey: each patient's median. The patient chosen "
        "in the list, or by pointing at a line: median, interval and, as dots, records.",
        **_drawn(spec, weeks, courses, ci_prob),
    )


def _drawn(spec: ModelSpec, weeks: Array, courses: Sequence[_Course], ci_prob: float) -> dict[str, Any]:
    """Return shapes, ticks, and what is told at each visit."""
    x_axis = Axis(float(weeks[0]), float(weeks[-1]), LEFT + 8.0, RIGHT - 8.0)
    y_axis = _value_axis(spec, courses)
    x = [x_axis.at(float(week)) for week in weeks]
    ends = [[[y_axis.at(float(value)) for value in row] for row in each.values] for each in courses]
    shapes = [
        {"kind": "own" if k else "band", "series": k or None, "d": area(x, lower, upper)}
        for k, (lower, _, upper) in enumerate(ends)
    ]
    # The population over the patients, whom it is about.
    lines = [
        {"kind": "patient" if k else "median", "series": k or None, "d": line(x, median)}
        for k, (_, median, _) in enumerate(ends)
    ]
    shapes += [*lines[1:], lines[0]]
    for k, each in enumerate(courses[1:], start=1):
        points = [
            (at, y_axis.at(float(value)))
            for at, value in zip(x, each.records, strict=True)
            if np.isfinite(value)
        ]
        shapes.append({"kind": "record", "series": k, "d": circles(points)})
    series = [
        {
            "name": each.name,
            "dots": [ends[k][1]],
            "told": [
                _told(spec, each, float(week), j, ci_prob, patient=k > 0) for j, week in enumerate(weeks)
            ],
        }
        for k, each in enumerate(courses)
    ]
    return {
        "shapes": shapes,
        "x_ticks": _week_ticks(x_axis, weeks),
        "y_ticks": y_axis.ticks(),
        "data": {"x": x, "series": series},
    }


def _value_axis(spec: ModelSpec, courses: Sequence[_Course]) -> Axis:
    if spec.binary:
        return Axis(0.0, 1.0, BOTTOM, TOP)
    everything = np.concatenate([each for own in courses for each in (own.values.ravel(), own.records)])
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    if spec.link.name == "log" and low > 0.0:
        return Axis(low / 1.1, high * 1.1, BOTTOM, TOP, log=True)
    pad = 0.04 * (high - low) or 1.0
    return Axis(low - pad, high + pad, BOTTOM, TOP)


def _week_ticks(axis: Axis, weeks: Array) -> list[dict[str, Any]]:
    """Return the visits as ticks, those that would overlap left out."""
    ticks: list[dict[str, Any]] = []
    for week in weeks:
        at = axis.at(float(week))
        if not ticks or at - ticks[-1]["at"] >= 22.0:
            ticks.append({"at": at, "label": f"{week:g}"})
    return ticks


def _told(spec: ModelSpec, own: _Course, week: float, j: int, ci_prob: float, *, patient: bool) -> str:
    lower, median, upper = (float(each) for each in own.values[:, j])
    places = decimals(lower, upper)
    unit = f" {spec.outcome.unit}" if spec.outcome.unit and not spec.binary else ""
    what = "probability of a response" if spec.binary else "true value"
    recorded = _recorded(spec, float(own.records[j]), float(own.limits[j])) if patient else ""
    who = own.name if patient else own.name.capitalize()
    return (
        f"{who}, week {week:g}: {what} {number(median, places)}{unit} "
        f"({ci_prob:.0%} interval {interval(lower, upper, places)}){recorded}."
    )


def _recorded(spec: ModelSpec, value: float, limit: float) -> str:
    if not np.isfinite(value):
        return "; nothing recorded"
    if spec.binary:
        return f"; recorded: {'response' if value else 'no response'}"
    side = {-1.0: "at or below ", 1.0: "at or above "}.get(limit, "")
    return f"; recorded: {side}{value:g}"
