"""Readings: what published counts say under every reading of their words and several priors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.layout_engine import ConstrainedLayoutEngine

from ra_bayes.conditioning.comparison_blocks import Block, Comparison, Row, arrange, relation_words
from ra_bayes.conditioning.comparison_text import places_of
from ra_bayes.figures.canvas import Canvas, interval_name
from ra_bayes.figures.journals import column_mm, house_mm, in_force, pen, pt, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, inches, style
from ra_bayes.numbers import how_many, interval, number, probability

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ra_bayes.published import Publication

__all__ = ["readings"]

_ROW_MM = 4.4
_AROUND_MM = 15.0
_FOOT_MM = 15.0
_ABREAST = 4
# Share of a panel's width that the names of the rows take.
_NAMES = 0.72
_PRIOR = "#d4d4d4"
# Filled and open differ in grey print too, and so do the markers by themselves.
_MARKS = (("o", POSTERIOR), ("D", "white"), ("s", POSTERIOR), ("o", "white"))
_MARK_WORDS = ("filled circle", "open diamond", "filled square", "open circle")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row is drawn, from the top, and what it is called; a heading is of a reading."""

    at: float
    name: str
    heading: bool


def readings(table: pd.DataFrame, publication: Publication | None = None) -> Canvas:
    """Draw posterior beside prior for every outcome, by reading of the words and prior, and the evidence.

    Parameters
    ----------
    table
        What :func:`~ra_bayes.compare_readings` returned.
    publication
        The counts behind it, so that the footer says what the readings mean.

    Returns
    -------
    Canvas
        A matplotlib Figure 183 mm wide (89 mm if one outcome is shown), with its text alternative in
        ``alt``.

    Raises
    ------
    RaBayesError
        If `table` is not such a table, or only a part of it.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> facts = rb.data_dir() / "published" / "jamshidi2024.toml"
    >>> table = rb.compare_readings(facts, seed=1)                          # doctest: +SKIP
    >>> rb.figures.readings(table).savefig("figure-3.pdf")                  # doctest: +SKIP
    """
    comparison = arrange(table)
    places = _places(comparison)
    panels = len(comparison.blocks) + 1
    tall = _AROUND_MM + _ROW_MM * (places[-1].at + 1.0)
    # More abreast where the paper is low, as a slide is.
    most_deep = max(1, int((house_mm(in_force().tallest_mm) - _FOOT_MM) // tall))
    deep = min(math.ceil(panels / _ABREAST), most_deep)
    abreast = math.ceil(panels / deep)
    width = column_mm(80.0) if abreast == 2 else column_mm(150.0)
    with style():
        figure = Canvas(width, deep * tall, _notes(comparison, publication), _warnings(comparison))
        engine = figure.get_layout_engine()
        # One row of panels ends before the titles of the next begin.
        if isinstance(engine, ConstrainedLayoutEngine):
            engine.set(h_pad=inches(1.8) * figure.journal.scale)
        grid = figure.add_gridspec(deep, abreast + 1, width_ratios=(_NAMES, *(1.0,) * abreast))
        for line in range(deep):
            _names(figure.add_subplot(grid[line, 0]), places)
        for panel in range(panels):
            axes = figure.add_subplot(grid[panel // abreast, 1 + panel % abreast])
            _frame(axes, places)
            if panel < len(comparison.blocks):
                _block(axes, comparison.blocks[panel], places, several=len(comparison.arms) > 1)
            else:
                _evidence(axes, comparison, places)
            _break_lines(axes, 0.92 * width / (abreast + _NAMES))
        return figure.finish(_alt(comparison, publication))


def _break_lines(axes: Axes, room_mm: float) -> None:
    """Break the title and the label of a panel into lines of its width."""
    axes.set_title("\n".join(wrap(axes.get_title(loc="left"), room_mm, text_pt())), pad=pt(10.0))
    axes.set_xlabel("\n".join(wrap(axes.get_xlabel(), room_mm, text_pt())))


def _places(comparison: Comparison) -> list[_Place]:
    found: list[_Place] = []
    at = 0.0
    for reading in comparison.readings:
        if reading:
            found.append(_Place(at, reading.replace("_", " "), heading=True))
            at += 0.9
        for model in comparison.models:
            found.append(_Place(at, model.replace("_", " "), heading=False))
            at += 1.0
        at += 0.25
    return found


def _rows(places: list[_Place]) -> list[float]:
    return [place.at for place in places if not place.heading]


def _frame(axes: Axes, places: list[_Place]) -> None:
    axes.set_ylim(places[-1].at + 0.7, places[0].at - 0.7)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _names(axes: Axes, places: list[_Place]) -> None:
    _frame(axes, places)
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)
    for place in places:
        axes.text(
            0.0 if place.heading else 0.06,
            place.at,
            place.name,
            va="center",
            fontsize=text_pt() if place.heading else small_pt(),
            color=INK if place.heading else FOOTER,
            gid="reading" if place.heading else "prior name",
        )


def _block(axes: Axes, block: Block, places: list[_Place], *, several: bool) -> None:
    """Draw an outcome: no change, each prior, and the posteriors in front of it."""
    ends = [(row.prior_lower, row.prior_upper) for row in block.rows]
    ends += [(answer.lower, answer.upper) for row in block.rows for answer in row.answers]
    _scale(axes, block, min(low for low, _ in ends), max(high for _, high in ends))
    if not math.isnan(block.zero):
        axes.axvline(block.zero, color=INK, linewidth=pen(0.6), zorder=1, gid="zero")
    for at, row in zip(_rows(places), block.rows, strict=True):
        _row(axes, at, row)
    axes.set_title(f"{block.outcome.label}, arm {block.arm}" if several else block.outcome.label)
    axes.set_xlabel(_label(block))
    if block.better:
        _side(axes, "← better" if block.better == "below" else "better →", left=block.better == "below")


def _row(axes: Axes, at: float, row: Row) -> None:
    axes.plot(
        [row.prior_lower, row.prior_upper],
        [at, at],
        color=_PRIOR,
        linewidth=pen(7.0),
        solid_capstyle="butt",
        zorder=0,
        gid="prior",
    )
    for index, (y, answer) in enumerate(zip(_spread(at, len(row.answers)), row.answers, strict=True)):
        axes.plot(
            [answer.lower, answer.upper],
            [y, y],
            color=POSTERIOR,
            linewidth=pen(0.9),
            zorder=2,
            gid="interval",
        )
        _mark(axes, answer.estimate, y, index, "estimate")


def _spread(at: float, number: int) -> list[float]:
    """Return where the posteriors of a row stand, above each other within it."""
    step = 0.46 / max(number - 1, 1) if number > 1 else 0.0
    return [at + step * (index - (number - 1) / 2.0) for index in range(number)]


def _mark(axes: Axes, x: float, y: float, index: int, gid: str) -> None:
    marker, face = _MARKS[index % len(_MARKS)]
    axes.plot(
        [x],
        [y],
        linestyle="none",
        marker=marker,
        markersize=pt(3.2 if marker == "o" else 2.9),
        markerfacecolor=face,
        markeredgecolor=POSTERIOR,
        markeredgewidth=pen(0.7),
        zorder=3,
        gid=gid,
    )


def _scale(axes: Axes, block: Block, lowest: float, highest: float) -> None:
    if block.kind == "ratio":
        axes.set_xscale("log")
        axes.set_xlim(lowest / 1.1, highest * 1.1)
        log_axis(axes.xaxis, wide=highest / lowest > 50.0)
        return
    pad = 0.05 * (highest - lowest)
    axes.set_xlim((0.0, 100.0) if block.kind == "rate" else (lowest - pad, highest + pad))
    axes.locator_params(axis="x", nbins=4)


def _label(block: Block) -> str:
    what = {"difference": "Change", "ratio": "Ratio to baseline", "rate": "% of new patients"}[block.kind]
    unit = f" ({block.outcome.unit})" if block.kind == "difference" and block.outcome.unit else ""
    return f"{what}, week {block.week:g}{unit}"


def _side(axes: Axes, text: str, *, left: bool) -> None:
    axes.text(
        0.0 if left else 1.0,
        1.01,
        text,
        transform=axes.transAxes,
        ha="left" if left else "right",
        va="bottom",
        fontsize=small_pt(),
        gid="side",
    )


def _evidence(axes: Axes, comparison: Comparison, places: list[_Place]) -> None:
    for at, each in zip(_rows(places), comparison.evidence, strict=True):
        for index, (y, log) in enumerate(zip(_spread(at, len(each.log)), each.log, strict=True)):
            _mark(axes, log, y, index, "evidence")
    for at in _rows(places):
        axes.axhline(at, color=_PRIOR, linewidth=pen(0.4), zorder=0)
    logs = [log for each in comparison.evidence for log in each.log]
    pad = max(0.08 * (max(logs) - min(logs)), 0.3)
    axes.set_xlim(min(logs) - pad, max(logs) + pad)
    axes.locator_params(axis="x", nbins=4)
    axes.set_title("Evidence of all counts")
    axes.set_xlabel("Log probability")
    _side(axes, "better foreseen →", left=False)


def _notes(comparison: Comparison, publication: Publication | None) -> str:
    marks = "; ".join(
        f"{_MARK_WORDS[index % len(_MARKS)]}: {relation_words(each)}"
        for index, each in enumerate(comparison.related)
    )
    notes = [
        f"Pale bar: prior, {interval_name(comparison.ci_prob)}. Mark and line: posterior median with the "
        f"same interval. Treatment effects on different outcomes: {marks}.",
        f"Posterior given published counts{_patients(publication)}; no patient's measurements are public.",
    ]
    if publication is not None:
        notes += [f"{each.id.replace('_', ' ')}: {each.words}." for each in publication.readings]
    return " ".join(notes)


def _warnings(comparison: Comparison) -> tuple[str, ...]:
    if not comparison.unsound:
        return ()
    return (f"The sampler did not pass its gate for {'; '.join(comparison.unsound)}: not to be relied on.",)


def _alt(comparison: Comparison, publication: Publication | None) -> str:
    shown = [_told(block, several=len(comparison.arms) > 1) for block in comparison.blocks]
    logs = [log for each in comparison.evidence for log in each.log]
    by = f"{len(comparison.readings)} readings of the words and " if comparison.readings != ("",) else ""
    relations = " and ".join(relation_words(each) for each in comparison.related)
    return (
        f"Posterior beside prior given published counts{_patients(publication)}, by "
        f"{by}{len(comparison.models)} priors, effects on different outcomes {relations}; "
        f"{interval_name(comparison.ci_prob)}. {' '.join(shown)} Log evidence from {number(min(logs), 1)} to "
        f"{number(max(logs), 1)}."
    )


def _patients(publication: Publication | None) -> str:
    return "" if publication is None else f" of {how_many(sum(arm.n for arm in publication.arms))}"


def _told(block: Block, *, several: bool) -> str:
    answers = [answer for row in block.rows for answer in row.answers]
    prior, posterior = places_of(block)
    arm = f", arm {block.arm}" if several else ""
    chances = [answer.p_benefit for answer in answers]
    better = (
        f", probability of benefit {probability(min(chances))} to {probability(max(chances))}"
        if block.better
        else ""
    )
    return (
        f"{block.outcome.label}{arm}, {block.what} at week {block.week:g}: prior intervals within "
        f"{_within([(row.prior_lower, row.prior_upper) for row in block.rows], prior)}, posterior medians "
        f"{_within([(answer.estimate, answer.estimate) for answer in answers], posterior)}, intervals within "
        f"{_within([(answer.lower, answer.upper) for answer in answers], posterior)}{better}."
    )


def _within(ends: Sequence[tuple[float, float]], places: int) -> str:
    return interval(min(low for low, _ in ends), max(high for _, high in ends), places)
