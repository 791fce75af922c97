"""Named binary designs as text for a reader: paragraphs and tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from ra_bayes.planning.binary.boundaries import Boundaries

__all__ = ["boundaries_table", "columns", "paragraph"]

_WIDTH = 96


def paragraph(*sentences: str) -> str:
    """Return sentences as one wrapped paragraph."""
    return textwrap.fill(" ".join(sentences), _WIDTH)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of text, every column as wide as its widest cell, aligned to the right.

    Examples
    --------
    >>> print(columns(("n", "stop"), [("10", "<= 1"), ("29", "<= 5")]))
     n  stop
    10  <= 1
    29  <= 5
    """
    table = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(head))]
    lines = ("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def boundaries_table(boundaries: Boundaries) -> str:
    """Return the boundaries as a table, looks in a row with the same ones on one line.

    Examples
    --------
    >>> print(boundaries_table(Boundaries((10, 29), futility=(1, 5), success=(None, 6))))
    patients  futility  success
          10      <= 1
          29      <= 5     >= 6
    """
    few, many = ("<=", ">=") if boundaries.benefit == "above" else (">=", "<=")
    rows = []
    for first, last in boundaries.runs():
        futility, success = boundaries.futility[first], boundaries.success[first]
        begin, end = boundaries.looks[first], boundaries.looks[last]
        rows.append(
            (
                f"{begin}" if begin == end else f"{begin} to {end}",
                "" if futility is None else f"{few} {futility}",
                "" if success is None else f"{many} {success}",
            )
        )
    return columns(("patients", "futility", "success"), rows)
