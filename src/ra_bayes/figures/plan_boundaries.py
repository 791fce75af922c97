"""Decision boundaries over looks: what ends the trial, and for what, in words beside the regions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.plan_marks import apart, evenly, value_text
from ra_bayes.figures.style import INK, SINGLE_COLUMN_MM, SMALL_PT, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["boundary_words", "plan_boundaries"]

type Region = Literal["success", "continue", "futility", "no success"]

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
_MOST_IN_WORDS, _MOST_NAMED = 3, 12
# As many as fit across the axis.
_LETTERS = 50
# Of a column, in shares of the distance between looks.
_WIDTH = 0.28
# Height of a line of words, as a share of the axis.
_LINE = 0.055


@dataclass(frozen=True, slots=True)
class _Part:
    """A region of a look, from low to high, and what its boundary is in words; empty where it has none."""

    region: Region
    low: float
    high: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """A look: how many patients, and its regions from the worst results to the best."""

    n: int
    name: str
    parts: tuple[_Part, ...]


def plan_boundaries(plan: Plan) -> Canvas:
    """Draw at each look the results that end the trial in success, stop it for futility, or let it go on.

    A few looks are columns with words and numbers beside them; many are regions with a key.

    Parameters
    ----------
    plan
        A plan whose rule comes to one number a look.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the rule has no such boundaries.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.plan_boundaries(plan).savefig("figure-8.pdf")       # doctest: +SKIP
    """
    design = plan.design
    if not plan.boundaries:
        raise RaBayesError(
            f"the rule of {design.name} has no boundary in one number at each look, so there is none to "
            "draw; see its operating characteristics instead"
        )
    lowest, highest = _span(plan)
    looks = [_look(plan, index, lowest, highest) for index in range(len(plan.boundaries))]
    with style():
        figure = Canvas(SINGLE_COLUMN_MM, 66.0, _notes(plan))
        axes = figure.subplots()
        if design.endpoint.ratio:
            axes.set_yscale("log")
            log_axis(axes.yaxis)
        elif _counts(design):
            axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylim(lowest, highest)
        axes.set_ylabel(_value_label(design))
        axes.set_xlabel("Patients with an outcome at the look")
        if len(looks) <= _MOST_IN_WORDS:
            _in_words(axes, looks)
        else:
            _in_regions(axes, looks)
        return figure.finish(_alt(plan, looks))


def boundary_words(design: Design, row: Mapping[str, Any], key: Literal["futility", "success"]) -> str:
    """Return what ends the trial at a look, such as ``≥ 15`` responders; empty where nothing does."""
    value = _end(row, key)
    if value is None:
        return ""
    upward = (key == "success") == (design.endpoint.benefit == "above")
    # To a place that its use does not miss.
    text = f"{value:g}" if _counts(design) else value_text(design, float(f"{value:.3g}"))
    return f"{'≥' if upward else '≤'} {text}"


def _counts(design: Design) -> bool:
    return design.endpoint.kind == "binary"


def _end(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    return None if value is None or not math.isfinite(value) else float(value)


def _span(plan: Plan) -> tuple[float, float]:
    """Return the ends of the axis: all counts that can be, or the boundaries and truths with room around."""
    design = plan.design
    if _counts(design):
        return -0.5, max(row["treated"] for row in plan.boundaries) + 0.5
    ends = [_end(row, key) for row in plan.boundaries for key in ("futility", "success")]
    shown = [each for each in (*ends, design.truth.null, design.truth.alternative) if each is not None]
    if design.endpoint.ratio:
        return min(shown) / 1.4, max(shown) * 1.4
    pad = 0.3 * (max(shown) - min(shown)) or 1.0
    return min(shown) - pad, max(shown) + pad


def _look(plan: Plan, index: int, lowest: float, highest: float) -> _Look:
    """Divide the results of a look into regions, the worst first."""
    design, row = plan.design, plan.boundaries[index]
    up = design.endpoint.benefit == "above"
    counts = _counts(design)
    half = 0.5 if counts else 0.0
    worst, best = (lowest, highest) if up else (highest, lowest)
    if counts:
        worst, best = (-half, row["treated"] + half) if up else (row["treated"] + half, -half)
    futility, success = _end(row, "futility"), _end(row, "success")
    sign = 1.0 if up else -1.0
    worse = "≤" if up else "≥"
    parts = []
    low = worst
    last = index == len(plan.boundaries) - 1
    if last:
        high = best if success is None else success - sign * half
        word = ""
        if success is not None:
            word = f"{worse} {success - sign:g}: no success" if counts else "otherwise no success"
        parts.append(_Part("no success", low, high, word))
        low = high
    else:
        if futility is not None:
            high = futility + sign * half
            parts.append(_Part("futility", low, high, f"{boundary_words(design, row, 'futility')}: stop"))
            low = high
        high = best if success is None else success - sign * half
        parts.append(_Part("continue", low, high, "continue"))
        low = high
    if success is not None:
        parts.append(_Part("success", low, best, f"{boundary_words(design, row, 'success')}: success"))
    return _Look(int(row["n"]), _name(row), tuple(parts))


def _name(row: Mapping[str, Any]) -> str:
    """Return a look's patients, and of two arms what the boundary takes the control to have shown."""
    if row.get("control_responders") is not None:
        return f"{row['n']}\n(control {row['control_responders']} of {row['control']})"
    return f"{row['n']}\n({row['treated']} + {row['control']})" if row["control"] else f"{row['n']}"


def _block(axes: Axes, centre: float, width: float, part: _Part) -> None:
    axes.bar(
        centre,
        part.high - part.low,
        bottom=part.low,
        width=width,
        color=_FACES[part.region],
        edgecolor=INK,
        hatch="////" if part.region == "no success" else None,
        linewidth=0.3,
        gid=part.region,
    )


def _in_words(axes: Axes, looks: list[_Look]) -> None:
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
                xytext=(3.0, 0.0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL_PT,
                gid=f"{part.region} words",
            )
    axes.set_xticks(range(len(looks)), [look.name for look in looks])
    axes.set_xlim(-0.35, len(looks) - 0.15)


def _place(axes: Axes, look: _Look, part: _Part) -> float:
    """Return the height of a region's words as a share of the axis: beside its boundary, on its own side."""

    def share(value: float) -> float:
        return float(axes.transAxes.inverted().transform(axes.transData.transform((0.0, value)))[1])

    inner = part.low if part.region == "success" else part.high
    outer = part.high if part.region == "success" else part.low
    if part.region == "continue" or len(look.parts) == 1:
        return (share(inner) + share(outer)) / 2.0
    return share(inner) + math.copysign(0.6 * _LINE, share(outer) - share(inner))


def _in_regions(axes: Axes, looks: list[_Look]) -> None:
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
                    xytext=(0.0, 1.5 if up else -1.5),
                    textcoords="offset points",
                    ha="center",
                    va="bottom" if up else "top",
                    fontsize=SMALL_PT,
                    gid=f"{part.region} words",
                )
    axes.set_xlim(n[0] - width, n[-1] + width)
    if len(looks) <= _MOST_NAMED:
        axes.set_xticks(n)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    shown = [region for region in _KEY if any(part.region == region for look in looks for part in look.parts)]
    axes.legend(
        handles=[
            Patch(
                facecolor=_FACES[region],
                edgecolor=INK,
                hatch="////" if region == "no success" else None,
                linewidth=0.3,
                label=_KEY[region],
            )
            for region in shown
        ],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.02),
        ncols=len(shown),
        columnspacing=1.0,
    )


def _value_label(design: Design) -> str:
    end = design.endpoint
    if _counts(design):
        who = "Responders" if end.benefit == "above" else "Patients with the event"
        return who if design.arms == 1 else f"{who}, treated"
    unit = f" ({end.unit})" if end.unit and end.kind != "binary" and not end.ratio else ""
    joint = "of" if end.kind == "binary" else "to baseline in" if end.ratio else "in"
    return evenly(f"Observed {end.name(design.arms)} {joint} {end.label}{unit}", 44)


def _notes(plan: Plan) -> str:
    design, end = plan.design, plan.design.endpoint
    results = "Results" if _counts(design) else f"Observed {end.name(design.arms)}"
    said = [
        f"{results} at which the trial of {design.n} patients ends or goes on, by look ({end.label}, "
        f"week {end.week:g})."
    ]
    if any(_end(row, "futility") is not None for row in plan.boundaries[:-1]):
        said.append("Stop: for futility.")
    if _counts(design) and design.arms == 2:
        said.append(
            "What the treated need depends on the control; drawn for a control rate of "
            f"{design.truth.control:g}."
        )
    elif design.arms == 2 and len(plan.boundaries) <= _MOST_IN_WORDS:
        said.append("In brackets: treated and control.")
    return " ".join(said)


def _alt(plan: Plan, looks: list[_Look]) -> str:
    told = []
    for words, same in groupby(
        looks, lambda look: ", ".join(part.words for part in look.parts if part.words)
    ):
        names = [" ".join(look.name.split()) for look in same]
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        told.append(f"at {span} patients {words or 'no success'}")
    label = " ".join(_value_label(plan.design).split())
    return f"Decision boundaries of {plan.design.title}. {label}: {'; '.join(told)}."
