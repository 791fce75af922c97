"""Decision boundaries over looks: what ends the trial, and for what, in words beside the regions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.plan_marks import apart
from ra_bayes.figures.style import INK, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.binary.boundaries import Boundaries

__all__ = ["COUNTED", "MOST_IN_WORDS", "End", "Look", "Part", "Values", "boundaries", "draw", "regions"]

type Region = Literal["success", "continue", "futility", "no success"]

# Who is counted, by the direction of benefit.
COUNTED = {"above": "Responders", "below": "Patients with the event"}
# Light enough for black words, and apart in grey print; the last also by its hatching.
_FACES: dict[Region, str] = {
    "success": "#8fb1e6",
    "continue": "#ebebeb",
    "futility": "#bdbdbd",
    "no success": "#ffffff",
}
_KEY: dict[Region, str] = {
    "success": "success",
    "continue": "continue",
    "futility": "stop for futility",
    "no success": "no success",
}
# Looks, at most.
MOST_IN_WORDS, _MOST_NAMED = 3, 12
# As many as fit across the axis.
_LETTERS = 50
# Width of a column in distances between looks, height of a line of words in heights of the axis.
_WIDTH, _LINE = 0.28, 0.055


@dataclass(frozen=True, slots=True)
class Part:
    """A region of a look, from low to high, and what its boundary is in words; empty where it has none."""

    region: Region
    low: float
    high: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A look: how many patients, and its regions from the worst results to the best."""

    n: int
    name: str
    parts: tuple[Part, ...]


class End(NamedTuple):
    """A boundary: the first result beyond it, and that in words, such as ``≥ 15``."""

    value: float
    words: str


class Values(NamedTuple):
    """The axis of results: its ends, its label and what kind of numbers they are."""

    lowest: float
    highest: float
    label: str
    kind: Literal["count", "change", "ratio"]


def boundaries(boundaries: Boundaries, title: str) -> Canvas:
    """Draw at each look the counts that end a one-arm trial in success or futility, or let it go on.

    A few looks are columns with words and numbers beside them; many are regions with a key.

    Parameters
    ----------
    boundaries
        Of a named design (Simon, predictive probability, BOP2, Thall and Simon), or of your own.
    title
        What the design is called under the figure and in its text alternative.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Examples
    --------
    >>> from ra_bayes.planning.binary.boundaries import Boundaries
    >>> simon = Boundaries((10, 29), futility=(1, 5), success=(None, 6))
    >>> boundaries(simon, "Simon's optimal design").alt.partition(". ")[2]
    'Responders: at 10 patients ≤ 1: stop, continue; at 29 patients ≤ 5: no success, ≥ 6: success.'
    """
    up = boundaries.benefit == "above"
    few, many = ("≤", "≥") if up else ("≥", "≤")
    looks = []
    for n, futility, success in zip(boundaries.looks, boundaries.futility, boundaries.success, strict=True):
        parts = regions(
            None if futility is None else End(futility, f"{few} {futility}"),
            None if success is None else End(success, f"{many} {success}"),
            (-0.5, n + 0.5) if up else (n + 0.5, -0.5),
            counts=True,
            last=n == boundaries.n,
        )
        looks.append(Look(n, f"{n}", parts))
    notes = f"{title}. Results at which the trial of {boundaries.n} patients ends or goes on, by look."
    if len(looks) <= MOST_IN_WORDS and any(futility is not None for futility in boundaries.futility[:-1]):
        notes += " Stop: for futility."
    values = Values(-0.5, boundaries.n + 0.5, COUNTED[boundaries.benefit], "count")
    return draw(looks, values, title=title, notes=notes)


def regions(
    futility: End | None, success: End | None, ends: tuple[float, float], *, counts: bool, last: bool
) -> tuple[Part, ...]:
    """Divide the results of a look into regions.

    Parameters
    ----------
    futility, success
        Boundaries of the look; none where it has none.
    ends
        The worst result and the best, of counts half a patient beyond it.
    counts
        Counts part halfway between two whole numbers.
    last
        Nothing goes on: what is short of success is futility only where some results are neither.

    Examples
    --------
    >>> for part in regions(End(1, "≤ 1"), End(4, "≥ 4"), (-0.5, 10.5), counts=True, last=True):
    ...     print(part.region, part.low, part.high)
    futility -0.5 1.5
    no success 1.5 3.5
    success 3.5 10.5
    """
    worst, best = ends
    sign = math.copysign(1.0, best - worst)
    half = 0.5 * sign if counts else 0.0
    low, high = worst, best if success is None else success.value - half
    parts = []
    if futility is not None:
        stop = futility.value + half
        if not last or sign * (high - stop) > 0.0:
            parts.append(Part("futility", low, stop, f"{futility.words}: {'futility' if last else 'stop'}"))
            low = stop
    rest = Part("continue", low, high, "continue")
    if last:
        rest = Part("no success", low, high, "no success" if parts else _short(success, sign, counts))
    # Where boundaries meet, nothing is left between them.
    if sign * (high - low) > 0.0:
        parts.append(rest)
    if success is not None:
        parts.append(Part("success", high, best, f"{success.words}: success"))
    return tuple(parts)


def _short(success: End | None, sign: float, counts: bool) -> str:
    """Return in words what is short of success at the last look."""
    if success is None or not counts:
        return "" if success is None else "otherwise no success"
    return f"{'≤' if sign > 0.0 else '≥'} {success.value - sign:g}: no success"


def draw(looks: Sequence[Look], values: Values, *, title: str, notes: str) -> Canvas:
    """Draw looks as columns with words, or many as regions with a key."""
    with style():
        figure = Canvas(column_mm(80.0), 66.0, notes)
        axes = figure.subplots()
        if values.kind == "ratio":
            axes.set_yscale("log")
            log_axis(axes.yaxis)
        elif values.kind == "count":
            axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylim(values.lowest, values.highest)
        axes.set_ylabel(values.label)
        axes.set_xlabel("Patients with an outcome at the look")
        if len(looks) <= MOST_IN_WORDS:
            _in_words(axes, looks)
        else:
            _in_regions(axes, looks)
        return figure.finish(_alt(looks, values, title))


def _face(region: Region) -> dict[str, Any]:
    hatch = "////" if region == "no success" else None
    return {"facecolor": _FACES[region], "edgecolor": INK, "hatch": hatch, "linewidth": pen(0.3)}


def _block(axes: Axes, centre: float, width: float, part: Part) -> None:
    axes.bar(
        centre,
        part.high - part.low,
        bottom=part.low,
        width=width,
        gid=part.region,
        **_face(part.region),
    )


def _in_words(axes: Axes, looks: Sequence[Look]) -> None:
    """Draw a few looks as columns, each with its boundaries in words beside it."""
    for at, look in enumerate(looks):
        for part in look.parts:
            _block(axes, at, _WIDTH, part)
        told = [part for part in look.parts if part.words]
        shares = apart([_place(axes, look, part) for part in told], _LINE, _LINE / 2, 1.0 - _LINE / 2)
        for part, share in zip(told, shares, strict=True):
            axes.annotate(
                part.words,
                (at + _WIDTH / 2, share),
                xycoords=axes.get_xaxis_transform(),
                xytext=(pt(3.0), 0.0),
                textcoords="offset points",
                va="center",
                fontsize=small_pt(),
                gid=f"{part.region} words",
            )
    axes.set_xticks(range(len(looks)), [look.name for look in looks])
    axes.set_xlim(-0.35, len(looks) - 0.15)


def _place(axes: Axes, look: Look, part: Part) -> float:
    """Return the height of a region's words as a share of the axis: beside its boundary, on its own side."""

    def share(value: float) -> float:
        return float(axes.transAxes.inverted().transform(axes.transData.transform((0.0, value)))[1])

    inner = part.low if part.region == "success" else part.high
    outer = part.high if part.region == "success" else part.low
    if part.region == "continue" or len(look.parts) == 1:
        return (share(inner) + share(outer)) / 2.0
    return share(inner) + math.copysign(0.6 * _LINE, share(outer) - share(inner))


def _in_regions(axes: Axes, looks: Sequence[Look]) -> None:
    """Draw many looks as columns that touch where looks are next to each other, with a key."""
    n = [look.n for look in looks]
    width = float(min(np.diff(n)))
    for look in looks:
        for part in look.parts:
            _block(axes, look.n, width, part)
            number = part.words.partition(":")[0]
            fits = len(number) * len(looks) <= _LETTERS
            if fits and part.region in ("success", "futility"):
                inner = part.low if part.region == "success" else part.high
                # Within its region, or beside one too low for it.
                thin = abs(part.high - part.low) < 1.4 * _LINE * abs(np.diff(axes.get_ylim())[0])
                up = ((part.high > part.low) == (part.region == "success")) != thin
                axes.annotate(
                    number,
                    (look.n, inner),
                    xytext=(0.0, pt(1.5 if up else -1.5)),
                    textcoords="offset points",
                    ha="center",
                    va="bottom" if up else "top",
                    fontsize=small_pt(),
                    gid=f"{part.region} words",
                )
    axes.set_xlim(n[0] - width, n[-1] + width)
    if len(looks) <= _MOST_NAMED:
        axes.set_xticks(n)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    shown = [region for region in _KEY if any(part.region == region for look in looks for part in look.parts)]
    axes.legend(
        handles=[Patch(label=_KEY[region], **_face(region)) for region in shown],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.02),
        ncols=len(shown),
        columnspacing=1.0,
    )


def _alt(looks: Sequence[Look], values: Values, title: str) -> str:
    told = []
    for words, same in groupby(looks, lambda at: ", ".join(part.words for part in at.parts if part.words)):
        names = [" ".join(look.name.split()) for look in same]
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        told.append(f"at {span} patients {words or 'no success'}")
    return (
        f"Decision boundaries with {looks[-1].n} patients, {title}. {' '.join(values.label.split())}: "
        f"{'; '.join(told)}."
    )
