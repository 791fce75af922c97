"""Marks that several figures share: records, the arrows of censored ones, infusions, limits, axes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.path import Path as Outline
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MultipleLocator, NullFormatter
from numpy.typing import NDArray

from ra_bayes.figures.journals import pen, pt, small_pt
from ra_bayes.figures.lettering import drawable
from ra_bayes.figures.style import FOOTER, INK, QUIET, patient_style
from ra_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.comparison.observed import Records
    from ra_bayes.outcome import Category

__all__ = [
    "ARROW",
    "draw_cutoffs",
    "draw_limits",
    "draw_records",
    "log_axis",
    "mark_infusions",
    "short_name",
    "shows_cutoffs",
    "value_axis",
    "value_label",
    "week_axis",
]

type Array = NDArray[np.float64]

_M, _L = Outline.MOVETO, Outline.LINETO
# A bar at the limit and an arrow to the side on which the truth lies, y in marker sizes.
_STROKES = np.array(
    [(-0.45, 0.0), (0.45, 0.0), (0.0, 0.0), (0.0, -1.1), (-0.32, -0.65), (0.0, -1.1), (0.32, -0.65)]
)
_PENS = [_M, _L, _M, _L, _M, _L, _L]
ARROW = MappingProxyType({-1: Outline(_STROKES, _PENS), 1: Outline(-_STROKES, _PENS)})
_ARROW_PT = 8.5
_LONGEST_CATEGORY = 10
_LONGEST_NAME = 15
# Two powers of ten leave no room for 2 and 5.
_WIDE = 200.0


def _halo() -> list[AbstractPathEffect]:
    """Return what keeps a word readable where it crosses a line."""
    return [withStroke(linewidth=pt(1.6), foreground="white", alpha=0.8)]


def short_name(patient: str) -> str:
    """Return a patient's identifier on one line, cut to what a panel has room for.

    Characters that cannot be seen, such as a line break, become spaces; those that the font lacks, a box.

    Examples
    --------
    >>> short_name("SYN-1"), short_name("a-very-long-identifier"), short_name("ward 3\\nbed 2")
    ('SYN-1', 'a-very-long-id…', 'ward 3 bed 2')
    """
    seen = drawable(" ".join("".join(each if each.isprintable() else " " for each in patient).split()))
    return seen if len(seen) <= _LONGEST_NAME else f"{seen[: _LONGEST_NAME - 1]}…"


def value_label(spec: ModelSpec) -> str:
    """Return the outcome with its unit, as an axis says it.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> value_label(load_model("vas"))
    'Pain (VAS) (mm)'
    """
    if spec.binary:
        return f"Probability of {spec.outcome.label}"
    return f"{spec.outcome.label} ({spec.outcome.unit})" if spec.outcome.unit else spec.outcome.label


def draw_records(
    axes: Axes, records: Records, patient: int, *, shift: Array | float = 0.0, size: float = 1.0
) -> None:
    """Draw a patient's records: a mark at a value, an open arrow at the limit that a value lies beyond.

    Parameters
    ----------
    axes
        Where to draw.
    records
        The records.
    patient
        Index of the patient.
    shift
        Weeks by which to shift the marks, so that patients do not hide each other; by visit, if an array.
    size
        Factor on the size of the marks.
    """
    mark = patient_style(patient)
    weeks, value, limit = records.weeks + shift, records.value[patient], records.limit[patient]
    points = records.made[patient] & (limit == 0)
    common = {"linestyle": "none", "color": mark["color"], "zorder": 4}
    if points.any():
        mark_size = mark["markersize"] * size
        axes.plot(
            weeks[points],
            value[points],
            marker=mark["marker"],
            markersize=mark_size,
            markeredgewidth=pen(0.3),
            markeredgecolor="white",
            gid="record",
            **common,
        )
    for side in (-1, 1):
        beyond = records.made[patient] & (limit == side)
        if beyond.any():
            axes.plot(
                weeks[beyond],
                value[beyond],
                marker=ARROW[side],
                markersize=pt(_ARROW_PT * size),
                markeredgewidth=pen(0.8),
                markerfacecolor="none",
                gid="below" if side < 0 else "above",
                clip_on=False,
                **common,
            )


def mark_infusions(axes: Axes, weeks: tuple[float, ...], *, label: bool = False) -> None:
    """Mark infusions by ticks at the bottom of a panel."""
    if not weeks:
        return
    axes.plot(
        weeks,
        [0.0] * len(weeks),
        linestyle="none",
        marker="^",
        markersize=pt(3.2),
        color=INK,
        markeredgewidth=0.0,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
        zorder=5,
        gid="infusion",
    )
    if label:
        word = "infusion" if len(weeks) == 1 else "infusions"
        axes.annotate(
            word,
            (max(weeks), 0.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(pt(4.0), pt(2.0)),
            textcoords="offset points",
            fontsize=small_pt(),
            va="bottom",
        )


def draw_limits(
    axes: Axes, limits: tuple[float, ...], unit: str, *, label: Literal["left", "right"] | None = None
) -> None:
    """Draw limits of quantification across a panel, named at one side or not at all."""
    for limit in limits:
        axes.axhline(limit, color=QUIET, linewidth=pen(0.6), linestyle=(0, (4, 2)), zorder=1, gid="limit")
        if label:
            axes.annotate(
                f"limit of\nquantification\n{limit:g} {unit}".rstrip(),
                (0.0 if label == "left" else 1.0, limit),
                xycoords=axes.get_yaxis_transform(),
                xytext=(pt(2.0 if label == "left" else 0.0), pt(-1.5)),
                textcoords="offset points",
                ha=label,
                va="top",
                fontsize=small_pt(),
                path_effects=_halo(),
                zorder=6,
            )


def shows_cutoffs(categories: tuple[Category, ...]) -> bool:
    """Say whether there are categories whose names are short enough to stand beside their edges."""
    return bool(categories) and max(len(each.label) for each in categories) <= _LONGEST_CATEGORY


def draw_cutoffs(
    axes: Axes, categories: tuple[Category, ...], *, side: Literal["left", "right"] = "right"
) -> None:
    """Draw the upper edges of an outcome's categories, named at one side, if their names are short enough."""
    if not shows_cutoffs(categories):
        return
    for category in categories:
        if category.up_to is None or not axes.get_ylim()[0] < category.up_to < axes.get_ylim()[1]:
            continue
        axes.axhline(
            category.up_to, color=QUIET, linewidth=pen(0.5), linestyle=(0, (1, 2)), zorder=0, gid="cutoff"
        )
        axes.annotate(
            category.label,
            (0.0 if side == "left" else 1.0, category.up_to),
            xycoords=axes.get_yaxis_transform(),
            xytext=(pt(2.0 if side == "left" else 0.0), pt(-0.8)),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=small_pt(),
            color=FOOTER,
            path_effects=_halo(),
            zorder=6,
        )


def week_axis(axes: Axes, weeks: Array, *, sparse: bool = False, label: bool = True) -> None:
    """Set ticks at whole steps of weeks and limits a little beyond the visits."""
    span = float(weeks.max() - weeks.min())
    step = next((each for each in (1.0, 2.0, 4.0, 8.0, 12.0, 26.0, 52.0) if span / each <= 7.0), span / 5.0)
    axes.xaxis.set_major_locator(MultipleLocator(2.0 * step if sparse else step))
    if sparse:
        axes.xaxis.set_minor_locator(MultipleLocator(step))
    pad = 0.04 * span
    axes.set_xlim(weeks.min() - pad, weeks.max() + pad)
    if label:
        axes.set_xlabel("Week")


def value_axis(axes: Axes, spec: ModelSpec, lowest: float, highest: float) -> None:
    """Set the outcome's axis: from its lower bound where that is near, logarithmic under a log link.

    Categories are named where their names are short, else numbered.
    """
    if spec.binary:
        axes.set_ylim(-0.08, 1.08)
        axes.yaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
        return
    if spec.ordinal:
        levels = spec.outcome.levels
        names = [spec.outcome.level_name(k) for k in range(len(levels))]
        short = max(map(len, names)) <= _LONGEST_CATEGORY
        axes.set_yticks(levels, names if short else [str(level) for level in levels])
        pad = 0.05 * (levels[-1] - levels[0])
        axes.set_ylim(levels[0] - pad, levels[-1] + pad)
        return
    if spec.on_log:
        axes.set_yscale("log")
        axes.set_ylim(lowest / 1.15, highest * 1.15)
        log_axis(axes.yaxis, wide=highest / lowest > _WIDE)
        return
    lower, upper = spec.outcome.lower, spec.outcome.upper
    span = highest - lowest
    # What is modelled may lie beyond a bound that nothing recorded can pass.
    lowest = lowest - 0.05 * span if lower is None else max(lowest - 0.05 * span, lower)
    highest = highest + 0.05 * span if upper is None else min(highest + 0.05 * span, upper)
    if lower is not None and lowest - lower < 0.6 * (highest - lower):
        lowest = lower
    if upper is not None and upper - highest < 0.15 * (upper - lowest):
        highest = upper
    pad = 0.02 * (highest - lowest)
    axes.set_ylim(lowest - pad, highest + pad)


def log_axis(axis: Any, *, wide: bool = False) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times powers of ten (1 alone if `wide`), in plain numbers."""
    labelled = (1.0,) if wide else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(base=10.0, subs=labelled, numticks=12))
    axis.set_minor_locator(
        LogLocator(
            base=10.0, subs=tuple(float(each) for each in range(2, 10) if each not in labelled), numticks=12
        )
    )
    axis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
