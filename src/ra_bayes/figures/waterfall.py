"""Waterfall of patients: their changes in order, with intervals, and what was recorded beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ra_bayes.comparison.observed import Records, observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.recorded_change import recorded_change
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import (
    better_words,
    chance,
    chance_words,
    change_label,
    change_scale,
    draw_mcid,
    draw_zero,
    mcid_words,
    number_row,
    patients_words,
    signed_mcid,
    zero,
)
from ra_bayes.figures.forest_rows import MOST_NAMED
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, text_pt
from ra_bayes.figures.keys import key_above
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import ARROW, short_name
from ra_bayes.figures.reading import band, band_words
from ra_bayes.figures.style import INK, QUIET, patient_style, style
from ra_bayes.numbers import how_many, probability

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["waterfall"]

type Array = NDArray[np.float64]

# Places across the bar, in patients: the model's change and the record's.
_MODEL, _RECORD, _BAR = -0.14, 0.24, 0.62
_LETTER_MM, _AXIS_SHARE, _HIGH_MM = 1.25, 0.82, 76.0
# Mark of a record: the same for all, since it stands beside the patient's own.
_RECORD_MARK: dict[str, Any] = {"linestyle": "none", "color": INK, "zorder": 5, "markerfacecolor": "none"}


@dataclass(frozen=True, eq=False)
class _Fall:
    """Patients from the least to the most improved: index, intervals, chance, record and its side."""

    order: NDArray[np.int_]
    outer: Array
    inner: Array
    chance: Array
    record: Array
    side: NDArray[np.int_]
    predicted: NDArray[np.bool_]


def waterfall(tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw patients' true changes at the reference week in order, each with its intervals and its record.

    A pale bar goes from no change to the posterior median; the intervals lie over it. Open circles are the
    changes between the two records, arrows those that a limit leaves open to one side. Above each patient
    stands the probability that their true change is at least the important one.

    Parameters
    ----------
    tree
        A fit of an outcome that changes.
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
        If the outcome is a response of yes or no, `ci_prob` is not a probability, or the tree was not made by
        ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.waterfall(tree).savefig("figure-4.pdf")          # doctest: +SKIP
    """
    interval = interval_name(0.5, ci_prob)
    posterior = read_posterior(tree)
    spec = posterior.spec
    if spec.binary:
        raise RaBayesError(
            f"{spec.outcome.label} is yes or no, and has no change to put in order; draw forest or swimmer "
            "instead"
        )
    records = observed(tree, spec)
    fall = _fall(posterior, records, ci_prob)
    named = len(fall.order) <= MOST_NAMED
    with style():
        width = column_mm(80.0 if len(fall.order) <= 12 else 150.0)
        figure = Canvas(width, _HIGH_MM, _notes(spec, fall, interval), warnings_of(tree, diagnosis))
        axes = figure.subplots()
        mcid = signed_mcid(spec)
        shown = [*fall.outer.ravel(), *fall.record, *([] if mcid is None else [mcid])]
        change_scale(axes, "y", spec, shown)
        draw_zero(axes, "y", spec)
        for place in range(len(fall.order)):
            _draw(axes, spec, fall, place, named=named)
        axes.set_xlim(-0.7, len(fall.order) - 0.3)
        draw_mcid(axes, "y", spec)
        label = change_label(spec, spec.reference_week)
        axes.set_ylabel("\n".join(wrap(label, 0.62 * _HIGH_MM, text_pt())))
        axes.spines["bottom"].set_visible(False)
        _names(axes, records, fall, house_mm(width), named=named)
        if named and spec.benefit_sign:
            texts = [probability(float(each)) for each in fall.chance]
            number_row(axes, np.arange(len(texts), dtype=float), texts, chance_words(spec), 0)
        _key(figure, axes, width, named=named)
        return figure.finish(_alt(spec, records, fall, ci_prob))


def _fall(posterior: Posterior, records: Records, ci_prob: float) -> _Fall:
    spec = posterior.spec
    change = posterior.patient_change[..., posterior.at_reference]
    median = np.median(change, axis=(0, 1))
    # From worst to best; without a direction of benefit, falling.
    order = np.argsort(-median if spec.benefit_sign <= 0 else median, kind="stable")
    visits = [
        int(np.flatnonzero(records.weeks == week)[0]) for week in (spec.anchor_week, spec.reference_week)
    ]
    start, end = visits
    record, side = recorded_change(
        records.value[:, start],
        records.limit[:, start],
        records.value[:, end],
        records.limit[:, end],
        ratio=spec.link.change == "ratio",
    )
    return _Fall(
        order=order,
        outer=band(change, ci_prob)[:, order],
        inner=band(change, 0.5)[:, order],
        chance=chance(posterior, change)[order] if spec.benefit_sign else np.full(order.size, np.nan),
        record=record[order],
        side=side[order],
        predicted=(posterior.last_week < spec.reference_week)[order],
    )


def _draw(axes: Axes, spec: ModelSpec, fall: _Fall, place: int, *, named: bool) -> None:
    mark: dict[str, Any] = (
        patient_style(int(fall.order[place]))
        if named
        else {"color": QUIET, "marker": ".", "markersize": pt(2.0)}
    )
    lower, median, upper = fall.outer[:, place]
    base = zero(spec)
    axes.bar(
        place,
        median - base,
        bottom=base,
        width=_BAR,
        color=mark["color"],
        alpha=0.25,
        linewidth=0.0,
        gid="bar",
    )
    at = place + (_MODEL if named else 0.0)
    for (low, high), line, gid in (((lower, upper), 0.8, "outer"), (fall.inner[[0, 2], place], 2.2, "inner")):
        axes.plot(
            [at] * 2,
            [low, high],
            color=mark["color"],
            linewidth=pen(line if named else 0.4),
            solid_capstyle="butt",
            zorder=3,
            gid=gid,
        )
    axes.plot(
        [at],
        [median],
        linestyle="none",
        markeredgecolor="white",
        markeredgewidth=pen(0.5),
        zorder=4,
        gid="median",
        **{**mark, "markersize": 1.25 * mark["markersize"]},
    )
    if not named or np.isnan(fall.record[place]):
        return
    side = int(fall.side[place])
    look: dict[str, Any] = (
        {"marker": "o", "markersize": pt(3.4)}
        if side == 0
        else {"marker": ARROW[side], "markersize": pt(8.5)}
    )
    axes.plot(
        [place + _RECORD],
        [fall.record[place]],
        markeredgewidth=pen(0.8),
        gid={0: "record", -1: "below", 1: "above"}[side],
        clip_on=False,
        **_RECORD_MARK,
        **look,
    )


def _names(axes: Axes, records: Records, fall: _Fall, room_mm: float, *, named: bool) -> None:
    axes.tick_params(axis="x", length=0.0)
    if not named:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(fall.order)} patients, from least to most improved")
        return
    names = [
        short_name(records.patients[i]) + ("†" if late else "")
        for i, late in zip(fall.order, fall.predicted, strict=True)
    ]
    slot_mm = _AXIS_SHARE * room_mm / len(names)
    turned = max(map(len, names)) * _LETTER_MM > slot_mm
    axes.set_xticks(range(len(names)), names, rotation=90.0 if turned else 0.0)


def _key(figure: Canvas, axes: Axes, width_mm: float, *, named: bool) -> None:
    if not named:
        return
    modelled = Line2D(
        [],
        [],
        color=QUIET,
        marker="s",
        markersize=pt(3.6),
        linewidth=pen(2.0),
        markeredgecolor="white",
        markeredgewidth=pen(0.5),
        label="true change (model)",
    )
    recorded = Line2D(
        [],
        [],
        marker="o",
        markersize=pt(3.4),
        markeredgewidth=pen(0.8),
        label="change between records",
        **_RECORD_MARK,
    )
    key_above(figure, axes, [modelled, recorded], width_mm, lift=9.0)


def _notes(spec: ModelSpec, fall: _Fall, interval: str) -> str:
    number = len(fall.order)
    notes = [
        "Bar, mark and lines: a patient's true change, measurement noise taken out, posterior median with "
        f"{interval} ({patients_words(number)})."
    ]
    if number <= MOST_NAMED:
        none = int(np.isnan(fall.record).sum())
        notes.append(
            f"Circles: change between the records of weeks {spec.anchor_week:g} and {spec.reference_week:g}"
            + (f" (not known of {none})." if none else ".")
        )
        if (fall.side != 0).any():
            notes.append("Arrow: a limit leaves the recorded change open to that side.")
        if fall.predicted.any():
            notes.append("†: no record at that week, the change is predicted.")
    if spec.benefit_sign:
        meaning = "at least the MCID" if mcid_words(spec) else "for the better"
        notes.append(
            f"{chance_words(spec)}: probability that the true change is {meaning}. {mcid_words(spec)}".strip()
        )
        notes.append(better_words(spec))
    return " ".join(notes)


def _alt(spec: ModelSpec, records: Records, fall: _Fall, ci_prob: float) -> str:
    number = len(fall.order)

    def told(place: int) -> str:
        name = short_name(records.patients[fall.order[place]])
        return f"{name}, {band_words(fall.outer[:, place], ratio=spec.link.change == 'ratio')}"

    shown = range(number) if number <= MOST_NAMED else (0, number - 1)
    sure = ""
    if spec.benefit_sign:
        meaning = "of at least the MCID" if mcid_words(spec) else "for the better"
        sure = f" The expected number with a change {meaning} is {fall.chance.sum():.1f} of {number}."
    return (
        f"{change_label(spec, spec.reference_week)} of {how_many(number)}, from least to most improved, "
        f"posterior median with {interval_name(ci_prob)}: {'; '.join(told(place) for place in shown)}.{sure}"
    )
