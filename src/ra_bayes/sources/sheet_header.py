"""Where the table of a typed sheet begins: below its title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ra_bayes.sources.table import Fits

__all__ = ["SheetHeader", "begins_below", "find_header"]


class SheetHeader(NamedTuple):
    """The column names, the row they stand in, what is to be told of it, and the cells of the row above."""

    names: tuple[str, ...]
    row: int
    notes: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


def find_header(start: Sequence[tuple[int, list[str]]], fits: Fits) -> SheetHeader | None:
    """Find the header among a sheet's first rows: the one that fits best, else the first with two cells.

    Examples
    --------
    >>> rows = [(1, ["Our study"]), (2, []), (3, ["patient", "week"]), (4, ["A", "0"])]
    >>> found = find_header(rows, lambda names: len({"patient", "week"} & set(names)))
    >>> found.names, found.row, found.notes
    (('patient', 'week'), 3, ("the table begins in row 3; above it: 'Our study'",))
    """
    several = [each for each in start if sum(bool(cell.strip()) for cell in each[1]) > 1]
    pool = several or [each for each in start if any(cell.strip() for cell in each[1])]
    if not pool:
        return None
    row, cells = max(pool, key=lambda each: (fits(each[1]), -each[0]))
    names = tuple(" ".join(cell.split()) for cell in cells)
    above = [cell.strip() for number, each in start if number < row for cell in each if cell.strip()]
    if not above:
        return SheetHeader(names, row)
    upper = next((each for number, each in start if number == row - 1), [])
    return SheetHeader(names, row, (begins_below(row, above),), tuple(cell.strip() for cell in upper))


def begins_below(row: int, above: Sequence[str]) -> str:
    """Say in which row a table begins, and what stands above it."""
    shown = ", ".join(repr(text[:40]) for text in above[:3]) + (", ..." if len(above) > 3 else "")
    return f"the table begins in row {row}; above it: {shown}"
