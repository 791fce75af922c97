"""What figures of change share: the axis, lines at no change and at the important one, rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from ra_bayes.estimand.change import gain
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.figures.journals import pen, pt, small_pt
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.style import FOOTER, INK, QUIET
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import how_many

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Way",
    "better_words",
    "chance",
    "chance_words",
    "change_label",
    "change_scale",
    "draw_mcid",
    "draw_zero",
    "mcid_words",
    "number_row",
    "patients_words",
    "signed",
    "signed_mcid",
    "unit_words",
    "with_room",
    "zero",
]

type Array = NDArray[np.float64]
type Way = Literal["x", "y"]

# Ticks of ratios that 1, 2 and 5 would leave with too few.
_NARROW, _FINE = 6.0, (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
_DASHES = (0, (4.0, 2.0))


def zero(spec: ModelSpec) -> float:
    """Return no change: 0, or 1 where a change is a ratio."""
    return 1.0 if spec.link.change == "ratio" else 0.0


def signed(value: float) -> str:
    """Return a number as it is, with a true minus sign.

    Examples
    --------
    >>> signed(-13.0), signed(0.22)
    ('−13', '0.22')
    """
    return f"{value:g}".replace("-", "−")


def signed_mcid(spec: ModelSpec) -> float | None:
    """Return the important change with its sign, where one is known on this scale.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> signed_mcid(load_model("sdai")), signed_mcid(load_model("il10"))
    (-13.0, None)
    """
    if spec.binary or spec.mcid is None or spec.link.change == "ratio" or not spec.benefit_sign:
        return None
    return spec.benefit_sign * spec.mcid


def change_label(spec: ModelSpec, week: float | None = None) -> str:
    """Return the label of an axis of changes, at one week or from baseline to any.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> change_label(load_model("sdai"), 24.0)
    'Change in SDAI at week 24 (points)'
    >>> change_label(load_model("il10"))
    'IL-10 relative to week 0 (ratio)'
    """
    if spec.link.change == "ratio":
        at = "" if week is None else f", week {week:g}"
        return f"{spec.outcome.label}{at} relative to week {spec.anchor_week:g} (ratio)"
    at = "" if week is None else f" at week {week:g}"
    return f"Change in {spec.outcome.label}{at}" + (f" ({spec.outcome.unit})" if spec.outcome.unit else "")


def change_scale(axes: Axes, way: Way, spec: ModelSpec, shown: Sequence[float] | Array) -> None:
    """Set the axis of changes so that it holds what is shown and no change; logarithmic for ratios."""
    axis = axes.xaxis if way == "x" else axes.yaxis
    limits = axes.set_xlim if way == "x" else axes.set_ylim
    finite = np.asarray(shown, dtype=float)
    finite = finite[np.isfinite(finite)]
    lowest, highest = min(*finite, zero(spec)), max(*finite, zero(spec))
    if spec.link.change == "ratio":
        (axes.set_xscale if way == "x" else axes.set_yscale)("log")
        lowest, highest = min(lowest, 1.0 / 1.3), max(highest, 1.3)
        pad = (highest / lowest) ** 0.06
        limits(lowest / pad, highest * pad)
        if highest / lowest < _NARROW:
            axis.set_major_locator(FixedLocator(_FINE))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
        else:
            log_axis(axis, wide=highest / lowest > 50.0)
        return
    pad = (0.06 if way == "x" else 0.09) * (highest - lowest)
    limits(lowest - pad, highest + pad)
    axes.locator_params(axis=way, nbins=6)


def draw_zero(axes: Axes, way: Way, spec: ModelSpec) -> None:
    """Draw a line at no change."""
    draw = axes.axvline if way == "x" else axes.axhline
    draw(zero(spec), color=INK, linewidth=pen(0.6), zorder=1, gid="zero")


def draw_mcid(axes: Axes, way: Way, spec: ModelSpec) -> bool:
    """Draw a line at the important change, named outside the panel; say whether there is one."""
    mcid = signed_mcid(spec)
    if mcid is None:
        return False
    look: dict[str, Any] = {"color": QUIET, "linewidth": pen(0.7), "linestyle": _DASHES, "zorder": 1}
    small: dict[str, Any] = {"fontsize": small_pt(), "color": FOOTER, "textcoords": "offset points"}
    if way == "x":
        axes.axvline(mcid, gid="mcid", **look)
        above = axes.get_xaxis_transform()
        axes.annotate(
            f"MCID {signed(mcid)}",
            (mcid, 1.0),
            xycoords=above,
            xytext=(0.0, pt(2.0)),
            ha="center",
            va="bottom",
            **small,
        )
    else:
        axes.axhline(mcid, gid="mcid", **look)
        beside = axes.get_yaxis_transform()
        axes.annotate(
            f"MCID\n{signed(mcid)}", (1.0, mcid), xycoords=beside, xytext=(pt(2.0), 0.0), va="center", **small
        )
    return True


def mcid_words(spec: ModelSpec) -> str:
    """Say how large the important change is and where it was seen; empty where none is known."""
    if spec.mcid is None or signed_mcid(spec) is None:
        return ""
    source = spec.mcid_source.rstrip(".")
    return f"MCID {spec.mcid:g} {unit_words(spec.outcome.unit, spec.mcid)}: {source}."


def unit_words(unit: str, value: float) -> str:
    """Return a unit as it follows a number.

    Examples
    --------
    >>> unit_words("points", 1.0), unit_words("points", 13.0)
    ('point', 'points')
    """
    return unit[:-1] if value == 1.0 and unit.endswith("s") else unit


def chance(posterior: Posterior, change: Array) -> Array:
    """Return the probability that a change beats the important change, or without one is for the better.

    Parameters
    ----------
    posterior
        Draws of a fit with a direction of benefit.
    change
        Changes in clinical units (chain, draw, ...).
    """
    gained = gain(posterior, change)
    spec = posterior.spec
    beaten = gained > 0.0 if signed_mcid(spec) is None or spec.mcid is None else gained >= spec.mcid
    return np.asarray(beaten.mean(axis=(0, 1)))


def chance_words(spec: ModelSpec) -> str:
    """Name that probability, as the heading of a row or column.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> chance_words(load_model("sdai")), chance_words(load_model("il10"))
    ('P(≥ MCID)', 'P(better)')
    """
    return "P(better)" if signed_mcid(spec) is None else "P(≥ MCID)"


def number_row(
    axes: Axes, places: Sequence[float] | Array, texts: Sequence[str], head: str, row: int
) -> None:
    """Write numbers above a panel at places of its x axis, and what they are to the left of it.

    Parameters
    ----------
    axes
        The panel.
    places, texts
        Where, and what.
    head
        What the numbers are.
    row
        Which row, 0 the lowest.
    """
    lift = pt(3.0 + 8.0 * row)
    common: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": small_pt()}
    axes.annotate(
        head, (0.0, 1.0), xycoords="axes fraction", xytext=(pt(-3.0), lift), ha="right", gid="head", **common
    )
    for place, text in zip(places, texts, strict=True):
        axes.annotate(
            text,
            (place, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0.0, lift),
            ha="center",
            gid=head,
            **common,
        )


def with_room(places: Array, gap: float) -> NDArray[np.int_]:
    """Return the places, of rising ones, that are at least `gap` from the next one kept; the last is.

    Examples
    --------
    >>> with_room(np.array([0.0, 1.0, 4.0, 8.0, 9.0]), 2.0).tolist()
    [1, 2, 4]
    """
    kept: list[int] = []
    for i in range(len(places) - 1, -1, -1):
        if not kept or places[kept[-1]] - places[i] >= gap:
            kept.append(i)
    return np.array(kept[::-1], dtype=int)


def better_words(spec: ModelSpec) -> str:
    """Say in a sentence which side is better; empty where none is agreed to be.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> better_words(load_model("sdai"))
    'Lower is better.'
    """
    return {-1: "Lower is better.", 1: "Higher is better.", 0: ""}[spec.benefit_sign]


def patients_words(number: int) -> str:
    """Return how many patients, for a footer.

    Examples
    --------
    >>> patients_words(6), patients_words(1)
    ('n = 6 patients', 'n = 1 patient')
    """
    return f"n = {how_many(number)}"
