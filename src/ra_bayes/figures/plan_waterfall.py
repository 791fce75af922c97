"""Where the optimism went: assurance after each step from a first result to a trial in new patients."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.plan_marks import ASSURANCE, error_words, estimand_words
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, QUIET, style
from ra_bayes.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.plan import Plan

__all__ = ["plan_waterfall"]

_ROW_MM = 6.2
_BAR = 0.62
_KEPT, _LOST = "#bcd0ee", "white"
_NAME = 25
_HEAD = -0.85


@dataclass(frozen=True, slots=True)
class _Bar:
    """A step: its name, the assurance before and after, and its ceiling."""

    name: str
    before: float
    after: float
    change: float | None
    error: float
    ceiling: float


def plan_waterfall(plan: Plan) -> Canvas:
    """Draw assurance after each step of the design prior, what each step took or gave, and the ceilings.

    Parameters
    ----------
    plan
        A plan with a design prior.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the plan has no design prior.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.plan_waterfall(plan).savefig("figure-7.pdf")        # doctest: +SKIP
    """
    if not plan.waterfall:
        raise RaBayesError(
            f"the plan of {plan.design.name} has no steps to draw, since it has no design prior; "
            "write [design_prior] on the design's page"
        )
    bars = _bars(plan)
    with style():
        figure = Canvas(column_mm(80.0), 14.0 + _ROW_MM * len(bars), _notes(plan, bars))
        grid = figure.add_gridspec(1, 2, width_ratios=(1.0, 0.75))
        axes = figure.add_subplot(grid[0, 0])
        _draw(axes, bars)
        _numbers(figure.add_subplot(grid[0, 1], sharey=axes), bars)
        return figure.finish(_alt(plan, bars))


def _bars(plan: Plan) -> list[_Bar]:
    found: list[_Bar] = []
    for row in plan.waterfall:
        before = found[-1].after if found else 0.0
        found.append(
            _Bar(
                name=textwrap.fill(str(row["step"]), _NAME),
                before=before,
                after=float(row["assurance"]),
                change=float(row["change"]) if found else None,
                error=float(row["mcse"]),
                ceiling=float(row["ceiling"]),
            )
        )
    return found


def _draw(axes: Axes, bars: list[_Bar]) -> None:
    for place, bar in enumerate(bars):
        axes.barh(place, bar.after, height=_BAR, color=_KEPT, linewidth=0.0, gid="assurance")
        if bar.change:
            lost = bar.change < 0.0
            axes.barh(
                place,
                bar.before - bar.after,
                left=bar.after,
                height=_BAR,
                color=_LOST if lost else POSTERIOR,
                edgecolor=ASSURANCE if lost else POSTERIOR,
                hatch="//////" if lost else None,
                linewidth=pen(0.6),
                gid="lost" if lost else "gained",
            )
        axes.plot(
            [bar.after] * 2, [place - _BAR / 2, place + _BAR / 2], color=INK, linewidth=pen(1.2), gid="after"
        )
        axes.plot(
            [bar.ceiling],
            [place],
            linestyle="none",
            marker="|",
            markersize=pt(15.0),
            markeredgewidth=pen(1.0),
            color=ASSURANCE,
            zorder=4,
            gid="ceiling",
        )
    for place, (bar, _) in enumerate(pairwise(bars)):
        between = [place + _BAR / 2, place + 1 - _BAR / 2]
        axes.plot([bar.after] * 2, between, color=QUIET, linewidth=pen(0.5), gid="link")
    axes.set_ylim(len(bars) - 0.4, _HEAD - 0.4)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
    axes.tick_params(axis="y", length=0.0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0.0, 1.0)
    axes.xaxis.set_major_locator(FixedLocator([0.0, 0.5, 1.0]))
    axes.set_xlabel("Assurance")
    axes.plot([0.0, 0.0], [-0.5, len(bars) - 0.4], color=INK, linewidth=pen(0.5))


def _numbers(axes: Axes, bars: list[_Bar]) -> None:
    """Write assurance, its change and the ceiling of every step."""
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)

    def write(place: float, *texts: str, colour: str = INK) -> None:
        for x, text in zip((0.24, 0.64, 1.0), texts, strict=True):
            axes.text(x, place, text, ha="right", va="center", fontsize=small_pt(), color=colour)

    write(_HEAD, "after", "change", "ceiling", colour=FOOTER)
    for place, bar in enumerate(bars):
        change = "" if bar.change is None else f"{'+' if bar.change > 0.0 else ''}{number(bar.change)}"
        write(place, number(bar.after), change, number(bar.ceiling))


def _notes(plan: Plan, bars: list[_Bar]) -> str:
    lost = any(bar.change is not None and bar.change < 0.0 for bar in bars)
    gained = any(bar.change is not None and bar.change > 0.0 for bar in bars)
    marks = ["pale bar: assurance after the step"]
    marks += ["hatched: what the step took"] if lost else []
    marks += ["dark: what it gave"] if gained else []
    said = "; ".join([*marks, "tick: ceiling, the limit as n grows, false successes apart"])
    return (
        f"Probability of success with {plan.design.n} patients, averaged over what the "
        f"{estimand_words(plan.design)} may be after each step. {said[0].upper()}{said[1:]}. "
        f"{error_words(_largest(bars))}"
    )


def _alt(plan: Plan, bars: list[_Bar]) -> str:
    told = []
    for row, bar in zip(plan.waterfall, bars, strict=True):
        change = "" if bar.change is None else f" (change {number(bar.change)})"
        told.append(f"{row['step']}, {number(bar.after)}{change}, ceiling {number(bar.ceiling)}")
    return (
        f"Assurance of {plan.design.title} with {plan.design.n} patients after each step of the design "
        f"prior: {'; '.join(told)}. {error_words(_largest(bars))}"
    )


def _largest(bars: list[_Bar]) -> dict[str, float]:
    return {"assurance": max(bar.error for bar in bars)}
