"""One look for every figure: sizes in mm, colours that survive colour blindness and grey print, fonts.

Nothing here touches the user's rcParams: :func:`style` is a context, and figures are made without pyplot.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager

__all__ = [
    "DOUBLE_COLUMN_MM",
    "DPI",
    "FOOTER",
    "INK",
    "PATIENT_COLOURS",
    "PATIENT_MARKERS",
    "POSTERIOR",
    "PRIOR",
    "QUIET",
    "SINGLE_COLUMN_MM",
    "SMALL_PT",
    "TEXT_PT",
    "font",
    "inches",
    "patient_style",
    "style",
]

# The common column widths (Nature 89 and 183 mm); Elsevier's are 90 and 190, BMC's 85 and 176.
SINGLE_COLUMN_MM, DOUBLE_COLUMN_MM = 89.0, 183.0
DPI = 300
TEXT_PT, SMALL_PT = 7.0, 6.0

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

# By name, since a machine without Arial would otherwise warn at every text. DejaVu ships with matplotlib.
_FONTS = ("Arial", "Helvetica", "Liberation Sans", "Arimo", "Nimbus Sans", "DejaVu Sans")


def inches(mm: float) -> float:
    """Return millimetres as inches.

    Examples
    --------
    >>> round(inches(89), 2)
    3.5
    """
    return mm / 25.4


@cache
def font() -> str:
    """Return the first of the wanted fonts that this machine has."""
    here = set(font_manager.get_font_names())
    return next((name for name in _FONTS if name in here), _FONTS[-1])


def patient_style(index: int) -> dict[str, Any]:
    """Return colour, marker and marker size of a patient; after six the pairs change, then repeat.

    Examples
    --------
    >>> patient_style(0)["marker"], patient_style(6)["marker"]
    ('o', 's')
    """
    turn, place = divmod(index, len(PATIENT_COLOURS))
    marker = PATIENT_MARKERS[(place + turn) % len(PATIENT_MARKERS)]
    return {"color": PATIENT_COLOURS[place], "marker": marker, "markersize": _MARKER_PT[marker]}


def style() -> AbstractContextManager[None]:
    """Return a context in which figures are made and saved; rcParams are as before when it ends."""
    look: Any = {**_LOOK, "font.family": [font()]}
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
    "axes.labelpad": 2.0,
    "axes.labelsize": TEXT_PT,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 3.0,
    "axes.titlesize": TEXT_PT,
    "axes.unicode_minus": True,
    "figure.dpi": 100.0,
    "font.size": TEXT_PT,
    "legend.borderaxespad": 0.0,
    "legend.fontsize": SMALL_PT,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "pdf.fonttype": 42,
    "savefig.dpi": DPI,
    "svg.hashsalt": "ra_bayes",
    "text.color": INK,
    # A dollar sign in a patient's identifier is a dollar sign.
    "text.parse_math": False,
    "xtick.color": INK,
    "xtick.labelsize": SMALL_PT,
    "xtick.major.pad": 2.0,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.5,
    "xtick.minor.size": 1.2,
    "xtick.minor.width": 0.4,
    "ytick.color": INK,
    "ytick.labelsize": SMALL_PT,
    "ytick.major.pad": 2.0,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.5,
    "ytick.minor.size": 1.2,
    "ytick.minor.width": 0.4,
}
