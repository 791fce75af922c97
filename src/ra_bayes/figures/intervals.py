"""An interval and its estimate, as figures draw them: a line with a mark in a row, or a band over weeks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.figures.journals import pen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_band", "draw_interval"]

type Array = NDArray[np.float64]


def draw_interval(
    axes: Axes,
    ends: Iterable[float],
    place: float,
    mark: Mapping[str, Any],
    *,
    width: float,
    gid: tuple[str, str] = ("interval", "estimate"),
) -> None:
    """Draw an interval across a row, and its estimate on it.

    Parameters
    ----------
    axes
        Where to draw.
    ends
        Lower end, estimate and upper end.
    place
        Of the row, on the y axis.
    mark
        Marker, its size, and the colour of both.
    width
        Of the line, in points at the house's text size.
    gid
        What line and mark are called.
    """
    lower, estimate, upper = ends
    axes.plot(
        [lower, upper],
        [place] * 2,
        color=mark["color"],
        linewidth=pen(width),
        solid_capstyle="butt",
        gid=gid[0],
    )
    axes.plot(
        [estimate],
        [place],
        linestyle="none",
        markeredgecolor="white",
        markeredgewidth=pen(0.4),
        zorder=3,
        gid=gid[1],
        **mark,
    )


def draw_band(axes: Axes, weeks: Array, ends: Array, colour: str, *, alpha: float) -> None:
    """Shade an interval over the weeks; `ends` are its lower ends, estimates and upper ends (3, week)."""
    axes.fill_between(weeks, ends[0], ends[2], color=colour, alpha=alpha, linewidth=0.0, gid="band")
