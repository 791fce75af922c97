"""What figures of plans share: columns of rows, words of Monte Carlo error, labels that stay apart."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from ra_bayes.figures.journals import small_pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.design import Design

__all__ = [
    "ASSURANCE",
    "BAND",
    "DASHED",
    "DOTTED",
    "FUTILITY",
    "Label",
    "apart",
    "band",
    "column",
    "end_labels",
    "error_words",
    "errors_of",
    "estimand_words",
    "evenly",
    "probability_axis",
    "truth_label",
    "truth_words",
    "value_text",
]

type Array = NDArray[np.float64]

# In one line of the label of an axis.
_LETTERS = 50

# Beside style.POSTERIOR, the blue of power. In grey print the strokes differ, and every line is named.
ASSURANCE = "#c8500a"
FUTILITY = "#6b6b6b"
DASHED = (0, (5.0, 1.6))
DOTTED = (0, (1.2, 1.4))
# Half the width of a 95% Monte Carlo interval, in standard errors.
BAND = 1.96


class Label(NamedTuple):
    """A name at the right end of a line."""

    y: float
    text: str
    colour: str


def column(rows: Sequence[Mapping[str, Any]], key: str) -> Array:
    """Return a column of a plan's rows; NaN where a row has none.

    Examples
    --------
    >>> column([{"n": 10}, {"n": 20, "assurance": 0.5}], "assurance").tolist()
    [nan, 0.5]
    """
    values = [row.get(key) for row in rows]
    return np.array([np.nan if value is None else float(value) for value in values])


def errors_of(rows: Sequence[Mapping[str, Any]], key: str) -> Array:
    """Return the Monte Carlo standard errors of a column, 0 where none is told."""
    return np.nan_to_num(column(rows, f"{key}_mcse"))


def error_words(largest: Mapping[str, float]) -> str:
    """Say which quantities are exact, and how large the others' Monte Carlo errors are at most.

    Examples
    --------
    >>> error_words({"power": 0.0, "type I error": 0.0, "assurance": 0.0042})
    'Exact: power, type I error. Monte Carlo standard error at most 0.0042 (assurance).'
    """
    exact = [name for name, error in largest.items() if error == 0.0]
    said = [f"Exact: {', '.join(exact)}."] if exact else []
    simulated = [f"{error:.2g} ({name})" for name, error in largest.items() if error > 0.0]
    if simulated:
        said.append(f"Monte Carlo standard error at most {', '.join(simulated)}.")
    return " ".join(said)


def value_text(design: Design, value: float) -> str:
    """Return a value of the estimand with its unit, such as ``−8 points``; a rate and a ratio have none."""
    text = f"{value:.4g}".replace("-", "−")
    unit = design.endpoint.unit
    return (
        f"{text} {unit}" if unit and design.endpoint.kind != "binary" and not design.endpoint.ratio else text
    )


def estimand_words(design: Design) -> str:
    """Return the estimand as it stands before a verb: an insertion such as "treated minus control" closed."""
    return f"{design.estimand}{',' * (',' in design.estimand)}"


def truth_words(design: Design, value: float) -> str:
    """Return a clause: ``the true rate of ACR20 response at week 16 is 0.5``."""
    return f"the true {estimand_words(design)} is {value_text(design, value)}"


def truth_label(design: Design) -> str:
    """Return the estimand as the label of an axis of truths, in lines that fit under a panel."""
    end = design.endpoint
    joint = "of" if end.kind == "binary" else "to baseline in" if end.ratio else "in"
    unit = f" ({end.unit})" if end.unit and end.kind != "binary" and not end.ratio else ""
    return evenly(f"True {end.name(design.arms)} {joint} {end.label} at week {end.week:g}{unit}", _LETTERS)


def evenly(text: str, letters: int) -> str:
    """Break a text into lines of about the same length: no last line of one word."""
    lines = math.ceil(len(text) / letters)
    return textwrap.fill(text, letters if lines == 1 else math.ceil(len(text) / lines) + 5)


def probability_axis(axes: Axes, label: str = "Probability") -> None:
    """Set an axis from 0 to 1."""
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_locator(FixedLocator([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]))
    axes.set_ylabel(label)


def band(axes: Axes, x: Array, y: Array, errors: Array, colour: str) -> None:
    """Draw the 95% Monte Carlo interval around a line, where there is any error."""
    if not errors.any():
        return
    axes.fill_between(
        x, y - BAND * errors, y + BAND * errors, color=colour, alpha=0.22, linewidth=0.0, zorder=1, gid="band"
    )


def apart(places: Sequence[float], gap: float, lowest: float, highest: float) -> list[float]:
    """Move places so that each is `gap` from the next, within limits where they fit, in the same order.

    Examples
    --------
    >>> apart([0.5, 0.52, 0.1], 0.1, 0.0, 1.0)
    [0.5, 0.6, 0.1]
    >>> [round(each, 2) for each in apart([0.98, 1.0], 0.1, 0.0, 1.0)]
    [0.9, 1.0]
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = [min(max(each, lowest), highest) for each in places]
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + gap)
    ceiling = highest
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved


def end_labels(axes: Axes, labels: Sequence[Label], gap: float) -> None:
    """Name lines at their right ends, outside the axes; `gap` is the least distance, a share of the axis."""
    lowest, highest = axes.get_ylim()
    places = apart([label.y for label in labels], gap * (highest - lowest), lowest, highest)
    for label, place in zip(labels, places, strict=True):
        axes.text(
            1.015,
            place,
            label.text,
            transform=axes.get_yaxis_transform(),
            color=label.colour,
            fontsize=small_pt(),
            va="center",
            gid="line name",
        )
