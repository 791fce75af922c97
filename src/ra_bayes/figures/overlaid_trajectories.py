"""Overlaid trajectories: all patients' medians and records in one panel, before the population's interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.observed import Records, observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.posterior import read_posterior
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.intervals import draw_band
from ra_bayes.figures.journals import column_mm, pen
from ra_bayes.figures.keys import key_above, patient_marks
from ra_bayes.figures.marks import (
    draw_cutoffs,
    draw_limits,
    draw_records,
    mark_infusions,
    shows_cutoffs,
    value_axis,
    value_label,
    week_axis,
)
from ra_bayes.figures.reading import band, level_words, levels, patient_curves, population_curve
from ra_bayes.figures.style import INK, POSTERIOR, patient_style, style
from ra_bayes.numbers import how_many, listed

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["overlaid_trajectories"]

type Array = NDArray[np.float64]

# More are drawn in grey, without a key.
_MOST_NAMED = 12
# Share of the gap between visits over which patients' marks are spread.
_SPREAD = 0.6


def overlaid_trajectories(
    tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None
) -> Canvas:
    """Draw every patient's trajectory and records in one panel, before the interval of the typical patient.

    Each patient has a colour and a marker; more than 12 are grey and not named. Records below a limit of
    quantification, or at an open bound, are open arrows at it. A binary outcome is drawn as the probability
    of a response.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the outer credible interval; the inner one holds 50%.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, one column wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.overlaid_trajectories(tree).savefig("figure-1.pdf")          # doctest: +SKIP
    """
    interval = interval_name(0.5, ci_prob)
    posterior = read_posterior(tree)
    spec, records, seen = posterior.spec, observed(tree, posterior.spec), posterior.seen
    weeks = posterior.weeks[seen]
    medians = np.median(patient_curves(posterior)[..., seen], axis=(0, 1))
    population = population_curve(posterior)[..., seen]
    outer = band(population, ci_prob)
    with style():
        width = column_mm(80.0)
        figure = Canvas(width, 74.0, _notes(spec, records, interval), warnings_of(tree, diagnosis))
        axes = figure.subplots()
        shown = np.concatenate([records.value[records.made], outer.ravel(), medians.ravel()])
        value_axis(axes, spec, float(shown.min()), float(shown.max()))
        draw_band(axes, weeks, outer, POSTERIOR, alpha=0.13)
        draw_band(axes, weeks, band(population, 0.5), POSTERIOR, alpha=0.20)
        axes.plot(weeks, outer[1], color=POSTERIOR, linewidth=pen(1.8), zorder=3, gid="median")
        _patients(axes, records, weeks, medians)
        draw_cutoffs(axes, spec.outcome.categories)
        draw_limits(axes, records.limits_of_quantification, spec.outcome.unit)
        mark_infusions(axes, records.infusions)
        axes.set_ylabel(value_label(spec))
        week_axis(axes, records.weeks)
        _key(figure, axes, records, width)
        return figure.finish(_alt(spec, records, weeks, medians, outer, ci_prob))


def _patients(axes: Axes, records: Records, weeks: Array, medians: Array) -> None:
    """Draw medians, and records shifted so that patients do not hide each other."""
    number = len(records.patients)
    if number > _MOST_NAMED:
        alpha = float(np.clip(12.0 / number, 0.08, 0.6))
        axes.plot(weeks, medians.T, color=INK, linewidth=pen(0.5), alpha=alpha, zorder=2, gid="patient")
        return
    visits = records.weeks[records.made.any(axis=0)]
    gap = float(np.diff(visits).min()) if visits.size > 1 else 1.0
    width = _SPREAD * min(gap, (float(np.ptp(records.weeks)) or 1.0) / 10.0)
    for i, median in enumerate(medians):
        colour = patient_style(i)["color"]
        axes.plot(weeks, median, color=colour, linewidth=pen(0.9), zorder=2.5, gid="patient")
        shift = width * (i / (number - 1) - 0.5) if number > 1 else 0.0
        draw_records(axes, records, i, shift=shift, size=0.9)


def _key(figure: Canvas, axes: Axes, records: Records, width_mm: float) -> None:
    """Name the patients above the panel, row by row."""
    number = len(records.patients)
    if number > _MOST_NAMED:
        axes.set_title(f"{number} patients: medians, overlaid")
        return
    key_above(figure, axes, patient_marks(records.patients), 0.86 * width_mm)


def _notes(spec: ModelSpec, records: Records, interval: str) -> str:
    number = len(records.patients)
    who = "response rate in the population" if spec.binary else "typical patient of the population"
    own = "probability of response" if spec.binary else "true value"
    thin = "grey" if number > _MOST_NAMED else "coloured"
    notes = [
        f"Thick line and shading: {who}, posterior median with {interval}.",
        f"Thin {thin} lines: each patient's {own}, posterior median ({patients_words(number)}).",
    ]
    if number <= _MOST_NAMED:
        what = "response (1) or none (0)" if spec.binary else "records as measured"
        notes.append(f"Marks: {what}, spread sideways around their visit.")
        if (records.limit != 0).any():
            notes.append("Open arrow: the true value lies beyond the limit shown.")
    if shows_cutoffs(spec.outcome.categories):
        notes.append("Dotted: upper ends of the categories.")
    if records.infusions:
        notes.append("Triangles: infusions.")
    if records.limits_of_quantification:
        limits = listed([f"{each:g}" for each in records.limits_of_quantification])
        notes.append(f"Dashed: limit of quantification, {limits} {spec.outcome.unit}.")
    return " ".join(notes)


def _alt(
    spec: ModelSpec, records: Records, weeks: Array, medians: Array, outer: Array, ci_prob: float
) -> str:
    last = max(0, int(np.searchsorted(weeks, spec.reference_week, "right")) - 1)
    whose = "response rate in the population" if spec.binary else "typical patient"
    unit = f" in {spec.outcome.unit}" if spec.outcome.unit else ""
    log = spec.link.change == "ratio"
    lowest, highest = levels((medians[:, last].min(), medians[:, last].max()), log=log)
    return (
        f"{spec.outcome.label}{unit} over {records.weeks[-1]:g} weeks, the trajectories of "
        f"{how_many(len(records.patients))} laid over each other. At week {weeks[last]:g} the patients' "
        f"posterior medians lie between {lowest} and {highest}, and the {whose} is at "
        f"{level_words(outer[:, last], log=log)}, posterior median with {interval_name(ci_prob)}."
    )
