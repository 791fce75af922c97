"""How wide a text is on paper, where its lines break, and what of it the font can write.

Widths are measured, since fonts differ by a fifth.
"""

from __future__ import annotations

import re
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags

from ra_bayes.figures.journals import small_pt
from ra_bayes.figures.style import LAST_FONT, font

__all__ = ["drawable", "width_mm", "wrap"]

# A size at which a width is measured, to be multiplied; unhinted widths are proportional to it.
_AT_PT = 10.0


def drawable(text: str) -> str:
    """Return a text with a box in place of what neither the font nor its last stand-in can write.

    An identifier may hold an emoji or another script. The text alternatives and tables have it in full.

    Examples
    --------
    >>> drawable("ward 3 \N{BONE}")
    'ward 3 □'
    """
    glyphs = _glyphs(font()) | _glyphs(LAST_FONT)
    return re.sub("□+", "□", "".join(each if ord(each) in glyphs or each == "\n" else "□" for each in text))


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
def _glyphs(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=family))).get_charmap())


@cache
def _measured(text: str, family: str) -> float:
    """Return the width of a line in mm at 10 points."""
    face = get_font([findfont(FontProperties(family=each)) for each in dict.fromkeys((family, LAST_FONT))])
    # At 72 dpi a pixel is a point; widths come in 64ths of a pixel.
    face.set_size(_AT_PT, 72.0)
    face.set_text(drawable(text), 0.0, flags=LoadFlags.NO_HINTING)
    width, _ = face.get_width_height()
    return float(width) / 64.0 / 72.0 * 25.4
