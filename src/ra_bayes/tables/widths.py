"""How wide columns are: as their text wants, the widest giving way first."""

from __future__ import annotations

import math

from ra_bayes.plain import plain
from ra_bayes.tables.table import Column, Table

__all__ = ["PORTRAIT", "needs_landscape", "widths"]

# Letters of a small font across a page with margins of 20 mm.
PORTRAIT, LANDSCAPE = 105, 160
_GAP = 3
# A head is bold.
_BOLD = 1.15
# A header may take a few lines; a word that is longer than this is broken.
_HEADER, _WORD = 12, 18


def widths(table: Table, most: int) -> tuple[float, ...]:
    """Return each column's width in letters, together `most` at most.

    Columns that fit below a common cap keep what they want; the others get the cap.
    """
    wanted = [_wanted(column, [row[k].text for row in table.rows]) for k, column in enumerate(table.columns)]
    room = float(most)
    granted = [0.0] * len(wanted)
    # From the narrowest on, each may take an even share of what is left.
    for left, k in zip(
        range(len(wanted), 0, -1), sorted(range(len(wanted)), key=wanted.__getitem__), strict=True
    ):
        granted[k] = min(float(wanted[k]), room / left)
        room -= granted[k]
    return tuple(granted)


def needs_landscape(table: Table) -> bool:
    """Whether the columns are too many for a page that stands: one could not hold its longest word."""
    granted = widths(table, PORTRAIT)
    return any(
        width < _least(column, [row[k].text for row in table.rows])
        for k, (column, width) in enumerate(zip(table.columns, granted, strict=True))
    )


def _wanted(column: Column, texts: list[str]) -> int:
    lines = max((len(plain(text)) for text in texts), default=0)
    return max(lines, _head(column)) + _GAP


def _least(column: Column, texts: list[str]) -> int:
    """What a column needs: its longest word, and of numbers a whole cell."""
    inside = max((len(text) if column.numbers else min(_longest(text), _WORD) for text in texts), default=0)
    return max(inside, min(_head(column), _WORD)) + _GAP


def _head(column: Column) -> int:
    """What a head needs: its longest word, and room for a short one on one line."""
    return math.ceil(_BOLD * max(_longest(column.head), min(len(column.head), _HEADER)))


def _longest(text: str) -> int:
    return max((len(word) for word in plain(text).split()), default=0)
