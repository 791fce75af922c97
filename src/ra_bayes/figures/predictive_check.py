"""Predictive check: would the fitted model have produced records like these?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.events import Event, events
from ra_bayes.comparison.observed import Records, observed
from ra_bayes.comparison.replicates import Replicates, replicates
from ra_bayes.diagnostics import MAX_PARETO_K, Diagnosis
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.counts import count_interval, draw_counts
from ra_bayes.figures.journals import column_mm, pen, pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import draw_limits, draw_records, value_axis, value_label
from ra_bayes.figures.style import INK, POSTERIOR, QUIET, style
from ra_bayes.numbers import how_many
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["predictive_check"]

type Array = NDArray[np.float64]

MOST_SINGLE = 12
_INNER = 0.5
_SLOTS = 0.8


def predictive_check(
    tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None
) -> Canvas:
    """Draw records against what the fitted model would have them be.

    Every record stands over the interval of its replicates (with more than 12 patients: each visit's
    records over each visit's replicates). Counts of records below a limit, at a bound of the scale or in
    response are compared by visit. The PIT values, Pr(replicate < record) with half of the ties, should
    follow the diagonal.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the posterior predictive intervals.
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
    >>> rb.figures.predictive_check(tree).savefig("figure-s2.pdf")     # doctest: +SKIP
    """
    interval_name(ci_prob)
    spec = spec_of(tree)
    records = observed(tree, spec)
    made = replicates(tree, records)
    kinds = events(spec, made)
    width = column_mm(150.0)
    with style():
        figure = Canvas(
            width, 62.0, _notes(spec, records, made, kinds, ci_prob), warnings_of(tree, diagnosis)
        )
        if spec.binary:
            _binary_panels(figure, records, made, kinds[0], ci_prob, 0.45 * width)
        else:
            _panels(figure, spec, records, made, kinds, ci_prob, width)
        return figure.finish(_alt(spec, records, made, kinds, ci_prob))


def _binary_panels(
    figure: Canvas, records: Records, made: Replicates, event: Event, ci_prob: float, room_mm: float
) -> None:
    crowd = len(records.patients) > MOST_SINGLE
    grid = figure.add_gridspec(1, 1 if crowd else 2)
    draw_counts(figure.add_subplot(grid[0, 0]), records, made, event, ci_prob, by="visit", room_mm=room_mm)
    if not crowd:
        draw_counts(
            figure.add_subplot(grid[0, 1]), records, made, event, ci_prob, by="patient", room_mm=room_mm
        )


def _panels(
    figure: Canvas,
    spec: ModelSpec,
    records: Records,
    made: Replicates,
    kinds: list[Event],
    ci_prob: float,
    width_mm: float,
) -> None:
    # The more counts there are, the less room each record has; beyond two they say little new.
    kinds = kinds[:2]
    first, others = 2.6 - 0.4 * len(kinds), len(kinds) + 1
    grid = figure.add_gridspec(1, 1 + others, width_ratios=(first, *[1.0] * others))
    # What a panel has without the labels of its axes.
    room_mm = 0.85 * width_mm / (first + others)
    axes = figure.add_subplot(grid[0, 0])
    _records(axes, spec, records, made, ci_prob)
    axes.set_title("\n".join(wrap(axes.get_title(loc="left"), first * room_mm, text_pt())))
    for place, event in enumerate(kinds):
        draw_counts(
            figure.add_subplot(grid[0, 1 + place]), records, made, event, ci_prob, by="visit", room_mm=room_mm
        )
    _pit(figure.add_subplot(grid[0, -1]), made, ci_prob)


def _records(axes: Axes, spec: ModelSpec, records: Records, made: Replicates, ci_prob: float) -> None:
    """Draw every record over its interval, visit by visit."""
    visits = np.unique(made.visit)
    crowd = len(records.patients) > MOST_SINGLE
    outer = _drawable(made, *made.interval(ci_prob))
    value = records.value[made.patient, made.visit]
    lowest, highest = _extent(spec, np.concatenate([*outer, value]))
    # An arrow at a limit needs room beyond it, a sixth of the axis.
    if spec.on_log and (records.limit < 0).any():
        lowest = min(lowest, float(np.nanmin(value)) * (lowest / highest) ** 0.15)
    value_axis(axes, spec, lowest, highest)
    if crowd:
        _pooled(axes, made, value, visits, ci_prob)
    else:
        inner = _drawable(made, *made.interval(_INNER))
        slot = _SLOTS * ((np.arange(len(records.patients)) + 0.5) / len(records.patients) - 0.5)
        place = np.searchsorted(visits, made.visit) + slot[made.patient]
        for (low, high), alpha in ((outer, 0.16), (inner, 0.26)):
            axes.vlines(place, low, high, color=INK, linewidth=pen(2.2), alpha=alpha, gid="interval")
        for i in range(len(records.patients)):
            at = np.searchsorted(visits, np.arange(records.weeks.size)) + slot[i]
            draw_records(axes, records, i, shift=at - records.weeks, size=0.9)
    draw_limits(axes, records.limits_of_quantification, spec.outcome.unit)
    axes.set_xticks(range(visits.size), [f"{records.weeks[visit]:g}" for visit in visits])
    axes.set_xlim(-0.6, visits.size - 0.4)
    axes.set_xlabel("Week")
    axes.set_ylabel(value_label(spec))
    inside = (
        f"{made.inside(ci_prob)} of {made.recorded.size} records inside their {100.0 * ci_prob:g}% interval"
    )
    axes.set_title("By visit, patients pooled" if crowd else inside)


def _drawable(made: Replicates, *ends: Array) -> tuple[Array, ...]:
    """Put an end that lies beyond a limit of quantification at the limit."""
    return tuple(np.clip(end, made.lowest, made.highest) for end in ends)


def _pooled(axes: Axes, made: Replicates, value: Array, visits: NDArray[np.int_], ci_prob: float) -> None:
    """Draw each visit's records beside its replicates, patients pooled: median, inner and outer interval."""
    drawn = np.clip(made.drawn, made.lowest[:, None], made.highest[:, None])
    for place, visit in enumerate(visits):
        at = made.visit == visit
        for draws, shift, colour, gid in (
            (drawn[at], -0.14, POSTERIOR, "interval"),
            (value[at], 0.14, INK, "observed"),
        ):
            for probability, width in ((ci_prob, 1.0), (_INNER, 3.0)):
                tail = (1.0 - probability) / 2.0
                low, high = np.quantile(draws, [tail, 1.0 - tail])
                axes.vlines(place + shift, low, high, color=colour, linewidth=pen(width), gid=gid)
            axes.plot(place + shift, np.median(draws), "o", color="white", markersize=pt(2.0), zorder=5)


def _pit(axes: Axes, made: Replicates, ci_prob: float) -> None:
    """Draw sorted PIT values against uniform ones."""
    pit = made.pit()
    order = np.argsort(pit, kind="stable")
    pit, sure = pit[order], made.pareto_k[order] <= MAX_PARETO_K
    expected = (np.arange(pit.size) + 0.5) / pit.size
    low, high = made.pit_envelope(ci_prob)
    axes.fill_between(expected, low, high, color=POSTERIOR, alpha=0.18, linewidth=0.0, gid="envelope")
    axes.plot([0.0, 1.0], [0.0, 1.0], color=QUIET, linewidth=pen(0.6), gid="diagonal")
    for kept, face, gid in ((sure, INK, "pit"), (~sure, "white", "pit-unsure")):
        axes.plot(
            expected[kept],
            pit[kept],
            linestyle="none",
            marker="o",
            markersize=pt(2.4),
            markeredgewidth=pen(0.5),
            markeredgecolor=INK,
            markerfacecolor=face,
            gid=gid,
        )
    axes.set_box_aspect(1.0)
    axes.set_anchor("N")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks([0.0, 0.5, 1.0])
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_title("PIT of the records")
    axes.set_xlabel("Expected, if uniform")
    axes.set_ylabel("Sorted PIT")


def _extent(spec: ModelSpec, values: Array) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if spec.on_log:
        finite = finite[finite > 0.0]
    return float(finite.min()), float(finite.max())


def _interval(ci_prob: float, *others: float) -> str:
    return interval_name(ci_prob, *others).replace("credible", "posterior predictive")


def _notes(spec: ModelSpec, records: Records, made: Replicates, kinds: list[Event], ci_prob: float) -> str:
    crowd = len(records.patients) > MOST_SINGLE
    number = patients_words(len(records.patients))
    counted = f"dots, records; bars, {_interval(ci_prob)} of their number; grey lines, records made"
    if spec.binary:
        return f"{spec.outcome.label}, {number}. {counted[0].upper()}{counted[1:]}."
    if crowd:
        shares = f"{100.0 * _INNER:g}% and {100.0 * ci_prob:g}%"
        notes = [
            f"Left: patients pooled ({number}); median, {shares} of the replicates (blue) and of the records "
            "(black)."
        ]
    else:
        notes = [
            f"Left: marks, records, patients in the order of the cohort ({number}); bars, "
            f"{interval_name(_INNER, ci_prob).replace('credible', 'predictive')} from all other records."
        ]
    if kinds:
        notes.append(f"Counts: {counted}.")
    if (records.limit != 0).any() and not crowd:
        notes.append("Open arrow: the true value lies beyond the limit shown.")
    notes.append(
        "PIT: probability below the record, plus half of that equal to it, from all other records; shading, "
        f"{100.0 * ci_prob:g}% interval under the model."
    )
    if (made.pareto_k > MAX_PARETO_K).any():
        notes.append(f"Open dots: leaving the record out is unsure (Pareto k > {MAX_PARETO_K:g}).")
    return " ".join(notes)


def _alt(spec: ModelSpec, records: Records, made: Replicates, kinds: list[Event], ci_prob: float) -> str:
    text = [f"Posterior predictive check of {spec.outcome.label} in {how_many(len(records.patients))}."]
    if not spec.binary:
        inside, number = made.inside(ci_prob), made.recorded.size
        text.append(f"{inside} of {number} records lie inside their {_interval(ci_prob)}")
        text[-1] += " from all other records."
    for event in kinds:
        everything = np.zeros(made.visit.size, dtype=int)
        counted = count_interval(event, made, everything, 1, ci_prob)
        total, observed, low, high = (int(each[0]) for each in counted)
        text.append(f"{observed} of {total} records are {event.name};")
        text[-1] += f" the model expects {low} to {high} ({_interval(ci_prob)})."
    return " ".join(text)
