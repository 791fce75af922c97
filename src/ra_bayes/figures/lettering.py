"""How wide a text is on paper, and where its lines break: measured, since fonts differ by a fifth."""

from __future__ import annotations

from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags

from ra_bayes.figures.journals import small_pt
from ra_bayes.figures.style import font

__all__ = ["width_mm", "wrap"]

# A size at which a width is measured, to be multiplied; unhinted widths are proportional to it.
_AT_PT = 10.0


def width_mm(text: str, size_pt: float | None = None) -> float:
    """Return how wide a line of text is on paper, in mm.

    Parameters
    ----------
    text
        One line.
    size_pt
        Its size in points; small text without.

    Examples
    --------
    >>> width_mm("week 24", 12.0) == 2.0 * width_mm("week 24", 6.0)
    True
    """
    return _measured(text, font()) * (small_pt() if size_pt is None else size_pt) / _AT_PT


def wrap(text: str, room_mm: float, size_pt: float | None = None) -> list[str]:
    """Break a text into lines that fit into so many mm; a word that is wider has a line of its own.

    Parameters
    ----------
    text
        In one line.
    room_mm
        On paper.
    size_pt
        Its size in points; small text without.

    Examples
    --------
    >>> wrap("week 24", 80.0), wrap("Typical patient", 15.0)
    (['week 24'], ['Typical', 'patient'])
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_mm(longer, size_pt) <= room_mm:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def _measured(text: str, family: str) -> float:
    """Return the width of a line in mm at 10 points."""
    face = get_font(findfont(FontProperties(family=family)))
    # At 72 dpi a pixel is a point; widths come in 64ths of a pixel.
    face.set_size(_AT_PT, 72.0)
    face.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    width, _ = face.get_width_height()
    return float(width) / 64.0 / 72.0 * 25.4
