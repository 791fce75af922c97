"""Swimmer: a lane for every patient, with how probable each state of response is at every visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ra_bayes.comparison.observed import Records, observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.states import States, state_of, state_probabilities, states_of
from ra_bayes.figures.canvas import Canvas, warnings_of
from ra_bayes.figures.change_axis import change_label, mcid_words, patients_words
from ra_bayes.figures.forest_rows import MOST_NAMED
from ra_bayes.figures.journals import column_mm, pen, pt, text_pt
from ra_bayes.figures.keys import key_above
from ra_bayes.figures.marks import mark_infusions, short_name, week_axis
from ra_bayes.figures.style import INK, style
from ra_bayes.numbers import how_many, probability

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["swimmer"]

type Array = NDArray[np.float64]

# Best to worst, all apart in grey print too.
_COLOURS = {
    2: ("#3f7fbf", "#e4e4e4"),
    3: ("#5b9bd5", "#e8e8e8", "#5a2418"),
    4: ("#dcecf8", "#8fbbe0", "#b8692c", "#5a2418"),
}
_LANE_MM = 8.0
# Heights within a lane, which is 1 high: the strip of probabilities, and the marks of records above it.
_STRIP, _RECORD = 0.56, 0.20


def swimmer(tree: xr.DataTree, *, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw a lane for every patient over the weeks: how probable each state of response is at each visit.

    The states are the outcome's categories (remission, low, moderate, high), of an outcome without cut-offs
    whether it is better or worse by at least the important change, of a response yes and no. The height of a
    colour within a lane is its probability for the true value. Squares above a lane are the states of the
    records, crosses visits that the patient missed; after the last record the lane is hatched, a prediction.

    Parameters
    ----------
    tree
        A fit.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, one column wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the outcome has neither cut-offs nor an important change, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.swimmer(tree).savefig("figure-6.pdf")          # doctest: +SKIP
    """
    posterior = read_posterior(tree)
    spec, records = posterior.spec, observed(tree, posterior.spec)
    states = states_of(spec)
    shown = _visits(posterior, states)
    chance = state_probabilities(posterior, states)[:, shown]
    recorded = _recorded(records, spec, states)[:, shown]
    number = len(records.patients)
    lane_mm = _LANE_MM if number <= 12 else max(2.0, 150.0 / number)
    with style():
        width = column_mm(80.0)
        weeks = posterior.weeks[shown]
        predicted = weeks > posterior.last_week[:, None]
        notes = _notes(spec, states, number, predicted=bool(predicted.any()))
        figure = Canvas(width, 23.0 + lane_mm * number, notes, warnings_of(tree, diagnosis))
        axes = figure.subplots()
        edges = _edges(weeks)
        for lane in range(number):
            _strip(axes, lane, edges, chance[lane], predicted[lane])
            _marks(axes, lane, weeks, recorded[lane], len(states.names))
        _frame(axes, records, weeks, edges)
        _key(figure, axes, width, states, recorded, infused=bool(records.infusions))
        what = change_label(spec) if states.of_change else spec.outcome.label
        figure.suptitle(what, x=0.01, ha="left", fontsize=text_pt())
        return figure.finish(_alt(spec, records, states, chance[:, weeks == spec.reference_week]))


def _visits(posterior: Posterior, states: States) -> NDArray[np.bool_]:
    """Return the visits that are drawn; a change from baseline has no state at baseline."""
    if not states.of_change:
        return posterior.seen
    return np.asarray(posterior.seen & (posterior.weeks > posterior.spec.anchor_week))


def _recorded(records: Records, spec: ModelSpec, states: States) -> NDArray[np.int_]:
    """Return the state of each record (patient, visit), -1 where there is none."""
    value = records.value
    if states.of_change:
        start = value[:, records.weeks == spec.anchor_week]
        value = spec.benefit_sign * (value - start)
    return state_of(states, value)


def _edges(weeks: Array) -> Array:
    """Return where a visit's part of the lane ends: halfway to the next."""
    middle = (weeks[1:] + weeks[:-1]) / 2.0
    first = weeks[0] - (middle[0] - weeks[0] if middle.size else 0.5)
    last = weeks[-1] + min(weeks[-1] - middle[-1] if middle.size else 0.5, 2.0)
    return np.concatenate([[first], middle, [last]])


def _strip(axes: Axes, lane: int, edges: Array, chance: Array, predicted: NDArray[np.bool_]) -> None:
    """Stack the states' probabilities, the worst at the bottom."""
    colours = _COLOURS[chance.shape[1]]
    bottom = np.full(len(chance), lane + _STRIP / 2.0)
    for state in range(chance.shape[1] - 1, -1, -1):
        height = _STRIP * chance[:, state]
        bars = axes.bar(
            edges[:-1],
            -height,
            bottom=bottom,
            width=np.diff(edges),
            align="edge",
            color=colours[state],
            edgecolor="white",
            linewidth=pen(0.4),
            gid=f"state {state}",
        )
        for bar in bars:
            bar.set_gid(f"state {state}")
        bottom = bottom - height
    for j in np.flatnonzero(predicted):
        axes.bar(
            edges[j],
            -_STRIP,
            bottom=lane + _STRIP / 2.0,
            width=edges[j + 1] - edges[j],
            align="edge",
            fill=False,
            edgecolor="white",
            hatch="////",
            linewidth=0.0,
            gid="predicted",
        )


def _marks(axes: Axes, lane: int, weeks: Array, recorded: NDArray[np.int_], states: int) -> None:
    """Draw the states of records above the lane, and crosses where there is none."""
    place = lane - _STRIP / 2.0 - _RECORD / 2.0
    for state in range(states):
        at = weeks[recorded == state]
        axes.plot(
            at,
            np.full(at.size, place),
            linestyle="none",
            marker="s",
            markersize=pt(3.2),
            color=_COLOURS[states][state],
            markeredgecolor=INK,
            markeredgewidth=pen(0.4),
            zorder=4,
            gid=f"record {state}",
        )
    missed = weeks[recorded < 0]
    axes.plot(
        missed,
        np.full(missed.size, place),
        linestyle="none",
        marker="x",
        markersize=pt(3.2),
        color=INK,
        markeredgewidth=pen(0.7),
        zorder=4,
        gid="missed",
    )


def _frame(axes: Axes, records: Records, weeks: Array, edges: Array) -> None:
    number = len(records.patients)
    week_axis(axes, records.weeks)
    axes.set_xlim(min(edges[0], *records.infusions, weeks[0]) - 0.6, edges[-1] + 0.2)
    axes.set_ylim(number - 0.42, -0.72)
    if number <= MOST_NAMED:
        axes.set_yticks(range(number), [short_name(each) for each in records.patients])
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{number} patients")
    axes.tick_params(axis="y", length=0.0)
    axes.spines["left"].set_visible(False)
    mark_infusions(axes, records.infusions)


def _key(
    figure: Canvas,
    axes: Axes,
    width_mm: float,
    states: States,
    recorded: NDArray[np.int_],
    *,
    infused: bool,
) -> None:
    count = len(states.names)
    handles: list[Patch | Line2D] = [
        Patch(facecolor=_COLOURS[count][state], edgecolor="white", label=name)
        for state, name in enumerate(states.names)
    ]
    looks: list[tuple[str, dict[str, Any]]] = [
        ("recorded", {"marker": "s", "color": "white", "markeredgecolor": INK, "markeredgewidth": pen(0.4)})
    ]
    if (recorded < 0).any():
        looks.append(("missed", {"marker": "x", "color": INK, "markeredgewidth": pen(0.7)}))
    if infused:
        looks.append(("infusion", {"marker": "^", "color": INK, "markeredgewidth": 0.0}))
    handles += [
        Line2D([], [], linestyle="none", markersize=pt(3.2), label=name, **look) for name, look in looks
    ]
    key_above(figure, axes, handles, 0.86 * width_mm)


def _notes(spec: ModelSpec, states: States, number: int, *, predicted: bool) -> str:
    what = {True: "true change", False: "chance of response" if spec.binary else "true value"}[
        states.of_change
    ]
    notes = [
        "Height of a colour in a lane: posterior probability of the state at the visit, of the patient's "
        f"{what} ({patients_words(number)}).",
        "A visit's part reaches halfway to the next. Squares: state of the record.",
    ]
    if predicted:
        notes.append("Hatched: after the last record, a prediction.")
    if states.of_change:
        notes.append(mcid_words(spec))
    elif not spec.binary:
        edges = ", ".join(f"{each:g}" for each in states.edges)
        unit = f" {spec.outcome.unit}" if spec.outcome.unit else ""
        sources = dict.fromkeys(
            part.strip() for each in spec.outcome.categories for part in each.source.split(";")
        )
        notes.append(f"Cut-offs of {spec.outcome.label}: {edges}{unit} ({'; '.join(sources)}).")
    return " ".join(notes)


def _alt(spec: ModelSpec, records: Records, states: States, chance: Array) -> str:
    number = len(records.patients)
    what = f"{'the change in ' if states.of_change else ''}{spec.outcome.label}"
    shown = range(number) if number <= MOST_NAMED else range(0)
    told = "; ".join(
        f"{short_name(records.patients[i])}, {states.names[int(chance[i, 0].argmax())]} "
        f"({probability(float(chance[i, 0].max()))})"
        for i in shown
    )
    expected = ", ".join(
        f"{name} {count:.1f}" for name, count in zip(states.names, chance[:, 0].sum(axis=0), strict=True)
    )
    most = f" Most probable state by patient: {told}." if told else ""
    return (
        f"States of response ({', '.join(states.names)}) of {what} over {records.weeks[-1]:g} weeks, a "
        f"lane for each of {how_many(number)}. Expected number of patients in each at week "
        f"{spec.reference_week:g}: {expected}.{most}"
    )
