"""Trajectories: what each patient's and the typical patient's true value did over the visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.observed import Records, observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.intervals import draw_band
from ra_bayes.figures.journals import column_mm, pen, pt
from ra_bayes.figures.marks import (
    draw_cutoffs,
    draw_limits,
    draw_records,
    mark_infusions,
    short_name,
    shows_cutoffs,
    value_axis,
    value_label,
    week_axis,
)
from ra_bayes.figures.reading import band, level_words, patient_curves, population_curve
from ra_bayes.figures.style import INK, POSTERIOR, patient_style, style
from ra_bayes.numbers import how_many, listed
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.gridspec import GridSpec

    from ra_bayes.model.spec import ModelSpec

__all__ = ["trajectories"]

type Array = NDArray[np.float64]

MOST_PANELS = 12
_COLUMNS = 3
_INNER = 0.5


@dataclass(frozen=True, eq=False)
class _Curves:
    """Lower end, median and upper end over the visits that have records.

    `inner` and `outer` are the population's (3, visit), `patients` each patient's (3, patient, visit).
    """

    weeks: Array
    inner: Array
    outer: Array
    patients: Array


def trajectories(tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw the typical patient's trajectory, and each patient's with their records.

    Records below a limit of quantification, or at an open bound, are open arrows at it. A binary outcome
    is drawn as the probability of a response. With more than 12 patients their medians are laid over
    each other in one panel.

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
        A matplotlib Figure 183 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.trajectories(tree).savefig("figure-1.pdf")          # doctest: +SKIP
    """
    interval = interval_name(ci_prob)
    posterior = read_posterior(tree)
    spec, records = posterior.spec, observed(tree, posterior.spec)
    curves = _curves(posterior, ci_prob)
    crowd = len(records.patients) > MOST_PANELS
    columns = 1 if crowd else min(_COLUMNS, len(records.patients))
    rows = 1 if crowd else -(-len(records.patients) // columns)
    with style():
        figure = Canvas(
            column_mm(150.0),
            max(76.0, 22.0 + 27.0 * rows),
            f"{_notes(spec, records, ci_prob, crowd=crowd)}{_computed(tree, spec)}",
            warnings_of(tree, diagnosis),
        )
        grid = figure.add_gridspec(rows, 1 + columns, width_ratios=(1.0 if crowd else 2.1, *[1.0] * columns))
        whole = figure.add_subplot(grid[:, 0])
        _population(whole, spec, records, curves, patients=not crowd)
        if crowd:
            _overlay(figure.add_subplot(grid[0, 1], sharey=whole), records, curves)
        else:
            _small_multiples(figure, grid, whole, spec, records, curves)
        return figure.finish(_alt(spec, records, curves, interval))


def _curves(posterior: Posterior, ci_prob: float) -> _Curves:
    # At a visit without any record the outcome may not even be defined: a response at baseline.
    seen = posterior.seen
    population = population_curve(posterior)[..., seen]
    patients = patient_curves(posterior)[..., seen]
    return _Curves(
        posterior.weeks[seen], band(population, _INNER), band(population, ci_prob), band(patients, ci_prob)
    )


def _population(axes: Axes, spec: ModelSpec, records: Records, curves: _Curves, *, patients: bool) -> None:
    """Draw the population's panel, with the patients' medians or the share in response."""
    value_axis(axes, spec, *_extent(records, curves))
    draw_band(axes, curves.weeks, curves.outer, POSTERIOR, alpha=0.18)
    draw_band(axes, curves.weeks, curves.inner, POSTERIOR, alpha=0.30)
    axes.plot(curves.weeks, curves.outer[1], color=POSTERIOR, linewidth=pen(1.6), zorder=4, gid="median")
    if spec.binary:
        made = records.made.sum(axis=0)
        share = np.nansum(records.value, axis=0)[made > 0] / made[made > 0]
        axes.plot(records.weeks[made > 0], share, "o", color=INK, markersize=pt(3.0), zorder=5, gid="share")
    elif patients:
        for i, median in enumerate(curves.patients[1]):
            mark = patient_style(i)
            _path(axes, records, i, curves.weeks, median, mark["color"], width=0.8, gid="patient")
            axes.plot(curves.weeks[-1:], median[-1:], markeredgewidth=0.0, zorder=3, clip_on=False, **mark)
    # Where the band is farther above, the name hides less.
    side: Literal["left", "right"] = "left" if curves.outer[0, 0] > curves.outer[0, -1] else "right"
    draw_cutoffs(axes, spec.outcome.categories, side=side)
    draw_limits(axes, records.limits_of_quantification, spec.outcome.unit, label=side)
    mark_infusions(axes, records.infusions, label=True)
    axes.set_title("Response rate in the population" if spec.binary else "Typical patient of the population")
    axes.set_ylabel(value_label(spec))
    week_axis(axes, records.weeks)


def _small_multiples(
    figure: Canvas, grid: GridSpec, whole: Axes, spec: ModelSpec, records: Records, curves: _Curves
) -> None:
    """Draw a panel for each patient, on the scale of the population's."""
    number = len(records.patients)
    for i, patient in enumerate(records.patients):
        row, column = divmod(i, _COLUMNS)
        axes = figure.add_subplot(grid[row, 1 + column], sharey=whole)
        colour = patient_style(i)["color"]
        draw_band(axes, curves.weeks, curves.patients[:, i], colour, alpha=0.28)
        _path(axes, records, i, curves.weeks, curves.patients[1, i], colour, width=1.0, gid="median")
        draw_limits(axes, records.limits_of_quantification, spec.outcome.unit)
        draw_records(axes, records, i)
        mark_infusions(axes, records.infusions)
        axes.set_title(short_name(patient))
        bottom = i + _COLUMNS >= number
        week_axis(axes, records.weeks, sparse=True, label=bottom)
        axes.tick_params(which="both", labelleft=column == 0, labelbottom=bottom)


def _path(
    axes: Axes,
    records: Records,
    i: int,
    weeks: Array,
    median: Array,
    colour: str,
    *,
    width: float,
    gid: str,
) -> None:
    """Draw a patient's median, dashed where it is predicted: after their last record."""
    last = _last(records)[i]
    seen, unseen = weeks <= last, weeks >= last
    axes.plot(weeks[seen], median[seen], color=colour, linewidth=pen(width), zorder=3, gid=gid)
    if unseen.sum() > 1:
        dashes = (0, (2.5, 1.5))
        axes.plot(
            weeks[unseen],
            median[unseen],
            color=colour,
            linewidth=pen(width),
            linestyle=dashes,
            zorder=3,
            gid="predicted",
        )


def _last(records: Records) -> Array:
    """Return the week of each patient's last record; of one without any, the first visit."""
    return np.where(records.made, records.weeks, records.weeks[0]).max(axis=1)


def _overlay(axes: Axes, records: Records, curves: _Curves) -> None:
    """Draw every patient's median in one panel."""
    alpha = float(np.clip(12.0 / len(records.patients), 0.08, 0.6))
    axes.plot(curves.weeks, curves.patients[1].T, color=INK, linewidth=pen(0.5), alpha=alpha, gid="patient")
    axes.set_title(f"{len(records.patients)} patients: medians, overlaid")
    mark_infusions(axes, records.infusions)
    week_axis(axes, records.weeks)
    axes.tick_params(which="both", labelleft=False)


def _extent(records: Records, curves: _Curves) -> tuple[float, float]:
    everything = np.concatenate([records.value[records.made], curves.outer.ravel(), curves.patients.ravel()])
    return float(everything.min()), float(everything.max())


def _notes(spec: ModelSpec, records: Records, ci_prob: float, *, crowd: bool) -> str:
    who = "population" if spec.binary else "typical patient"
    notes = [f"Large panel: {who}, posterior median with {interval_name(_INNER, ci_prob)}"]
    number = patients_words(len(records.patients))
    if crowd:
        return f"{notes[0]}. Patients ({number}): medians only, since they are more than {MOST_PANELS}."
    own = f"median with {100.0 * ci_prob:g}% interval"
    if spec.binary:
        notes[0] += "; dots, share of these patients in response."
        notes.append(
            f"Small panels ({number}): a patient's probability of response, {own}; marks, response (1) or "
            "none (0)."
        )
    else:
        notes[0] += "; thin lines, the patients' medians."
        notes.append(f"Small panels ({number}): a patient's true value, {own}; marks, records as measured.")
    if spec.likelihood.name == "hurdle":
        notes.append("Values are those of records above 0.")
    if (_last(records) < records.weeks[records.made.any(axis=0)].max()).any():
        notes.append("Dashed: after a patient's last record, predicted.")
    if shows_cutoffs(spec.outcome.categories):
        notes.append("Dotted: upper ends of the categories.")
    if (records.limit != 0).any():
        notes.append("Open arrow: the true value lies beyond the limit shown.")
    return " ".join(notes)


def _computed(tree: xr.DataTree, spec: ModelSpec) -> str:
    """Say how many records are no readings but were computed; which ones they are the tree does not know."""
    of = {each["outcome"]: each for each in provenance(tree)["cohort"].get("computed", [])}
    found = of.get(spec.outcome.id)
    if found is None:
        return ""
    parts = listed([OUTCOMES[each].label if each in OUTCOMES else each for each in found["from"]])
    return f" {found['count']} records were computed, from {parts}."


def _alt(spec: ModelSpec, records: Records, curves: _Curves, interval: str) -> str:
    whose = "response rate in the population" if spec.binary else "typical patient"
    # The first visit, and the reference week or the last one before it.
    visits = dict.fromkeys((0, max(0, int(np.searchsorted(curves.weeks, spec.reference_week, "right")) - 1)))
    log = spec.link.change == "ratio"
    path = " and ".join(
        f"{level_words(curves.outer[:, visit], log=log)} at week {curves.weeks[visit]:g}" for visit in visits
    )
    unit = f" in {spec.outcome.unit}" if spec.outcome.unit else ""
    beyond = int((records.limit != 0).sum())
    told = f" {beyond} of {int(records.made.sum())} records lie beyond a limit." if beyond else ""
    return (
        f"{spec.outcome.label}{unit} over {records.weeks[-1]:g} weeks in {how_many(len(records.patients))}. "
        f"The {whose} is at {path}, posterior median with {interval}.{told}"
    )
