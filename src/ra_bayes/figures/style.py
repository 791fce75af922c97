"""One look for every figure: colours that survive colour blindness and grey print, fonts, rcParams.

Sizes are those of the preset in force (:mod:`ra_bayes.figures.journals`). Nothing here touches the user's
rcParams: :func:`style` is a context, and figures are made without pyplot.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager

from ra_bayes.figures.journals import Journal, in_force, pen, pt

__all__ = [
    "FOOTER",
    "INK",
    "LAST_FONT",
    "PATIENT_COLOURS",
    "PATIENT_MARKERS",
    "POSTERIOR",
    "PRIOR",
    "QUIET",
    "font",
    "inches",
    "other_font",
    "patient_style",
    "style",
]

INK = "#262626"
QUIET = "#8a8a8a"
FOOTER = "#4d4d4d"
PRIOR = "#8a8a8a"
POSTERIOR = "#1f5fbf"

# petroff6 (Petroff 2021, arXiv:2107.02270): the smallest colour difference is 25 under deuteranomaly.
# The marker carries the patient in grey print. None is a triangle, which could be read as an arrow.
PATIENT_COLOURS = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd")
PATIENT_MARKERS = ("o", "s", "D", "P", "X", "*")
_MARKER_PT = MappingProxyType({"o": 3.6, "s": 3.3, "D": 3.2, "P": 4.4, "X": 4.4, "*": 5.6})

# By name, since a machine without Arial would otherwise warn at every text. All but the last have Arial's
# widths; DejaVu ships with matplotlib, and writes letters that the others lack.
LAST_FONT = "DejaVu Sans"
_STAND_INS = ("Liberation Sans", "Arimo", "Nimbus Sans", LAST_FONT)


def inches(mm: float) -> float:
    """Return millimetres as inches.

    Examples
    --------
    >>> round(inches(89), 2)
    3.5
    """
    return mm / 25.4


@cache
def _fonts_here() -> frozenset[str]:
    return frozenset(font_manager.get_font_names())


def font(journal: Journal | None = None) -> str:
    """Return the first font that this machine has, of those that a journal asks for and their stand-ins."""
    wanted = (*(journal or in_force()).fonts, *_STAND_INS)
    return next((name for name in wanted if name in _fonts_here()), LAST_FONT)


def other_font(journal: Journal | None = None) -> str:
    """Say which font takes the place of the one that a journal asks for; empty where it is here."""
    asked = (journal or in_force()).fonts
    drawn = font(journal)
    if drawn in asked:
        return ""
    same = ", which has the same widths" if drawn != LAST_FONT else ""
    return f"{' and '.join(asked)} are not installed: drawn in {drawn}{same}"


def patient_style(index: int) -> dict[str, Any]:
    """Return colour, marker and marker size of a patient; after six the pairs change, then repeat.

    Examples
    --------
    >>> patient_style(0)["marker"], patient_style(6)["marker"]
    ('o', 's')
    """
    turn, place = divmod(index, len(PATIENT_COLOURS))
    marker = PATIENT_MARKERS[(place + turn) % len(PATIENT_MARKERS)]
    return {"color": PATIENT_COLOURS[place], "marker": marker, "markersize": pt(_MARKER_PT[marker])}


def style(journal: Journal | None = None) -> AbstractContextManager[None]:
    """Return a context in which figures are made and saved; rcParams are as before when it ends."""
    preset = journal or in_force()
    look: Any = {**_LOOK, **_sizes(preset), "font.family": [*dict.fromkeys((font(preset), LAST_FONT))]}
    return mpl.rc_context(look)


# matplotlib's own defaults underneath, so that a user's matplotlibrc does not reach into a figure; the
# backend and all that could start one is left as it is.
_DRAWN: tuple[str, ...] = (
    "axes.",
    "figure.",
    "font.",
    "grid.",
    "hatch.",
    "image.",
    "legend.",
    "lines.",
    "markers.",
    "mathtext.",
)
_DRAWN += (
    "patch.",
    "path.",
    "pdf.",
    "savefig.",
    "scatter.",
    "svg.",
    "text.",
    "xaxis.",
    "xtick.",
    "yaxis.",
    "ytick.",
)
_LOOK: dict[str, Any] = {
    **{key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(_DRAWN)},
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "figure.dpi": 100.0,
    "legend.borderaxespad": 0.0,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "pdf.fonttype": 42,
    "svg.hashsalt": "ra_bayes",
    # Letters as wide at every resolution, and in PDF: what does not touch in one does not in another.
    "text.hinting": "none",
    "text.color": INK,
    # A dollar sign in a patient's identifier is a dollar sign.
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


def _sizes(preset: Journal) -> dict[str, float]:
    """Return the sizes in points, and the resolution, of a preset."""
    ticks = {
        "labelsize": preset.small_pt,
        "major.pad": pt(2.0, preset),
        "major.size": pt(2.0, preset),
        "major.width": pen(0.5, preset),
        "minor.size": pt(1.2, preset),
        "minor.width": pen(0.4, preset),
    }
    return {
        "axes.labelpad": pt(2.0, preset),
        "axes.labelsize": preset.text_pt,
        "axes.linewidth": pen(0.5, preset),
        "axes.titlepad": pt(3.0, preset),
        "axes.titlesize": preset.text_pt,
        "font.size": preset.text_pt,
        "legend.fontsize": preset.small_pt,
        "savefig.dpi": preset.dpi,
        **{f"{side}tick.{key}": size for side in "xy" for key, size in ticks.items()},
    }
