"""Where the table of a typed sheet begins: below its title, with one row of names or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ra_bayes.sources.table import Fits

__all__ = ["SheetHeader", "find_header", "join_groups"]


class SheetHeader(NamedTuple):
    """The column names, the row they stand in (the lower one of two), and what is to be told of it."""

    names: tuple[str, ...]
    row: int
    notes: tuple[str, ...] = ()


def find_header(start: Sequence[tuple[int, list[str]]], fits: Fits) -> SheetHeader | None:
    """Find the header among a sheet's first rows: the one that fits best, else the first with two cells.

    Examples
    --------
    >>> rows = [(1, ["Our study"]), (2, []), (3, ["patient", "week"]), (4, ["A", "0"])]
    >>> find_header(rows, lambda names: len({"patient", "week"} & set(names)))
    SheetHeader(names=('patient', 'week'), row=3, notes=("the table begins in row 3; above it: 'Our study'",))
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
    shown = ", ".join(repr(text[:40]) for text in above[:3]) + (", ..." if len(above) > 3 else "")
    return SheetHeader(names, row, (f"the table begins in row {row}; above it: {shown}",))


def join_groups(
    header: SheetHeader, start: Sequence[tuple[int, list[str]]], merged: Sequence[str]
) -> SheetHeader:
    """Join the names with those of merged cells over them: ``Week 4`` over ``VAS`` is ``Week 4 VAS``."""
    from openpyxl.utils.cell import range_boundaries

    spans = [tuple(int(end or 0) for end in range_boundaries(each)) for each in merged]
    rows = dict(start)

    def groups(row: int) -> list[tuple[int, ...]]:
        return [span for span in spans if span[1] == span[3] == row and span[2] > span[0]]

    for upper in (header.row - 1, header.row):
        lower = upper + 1
        over = [span for span in groups(upper) if span[0] <= len(rows.get(upper, []))]
        if not over or lower not in rows or sum(bool(cell.strip()) for cell in rows.get(upper, [])) < 2:
            continue
        width = max(len(rows[upper]), len(rows[lower]))
        top, below = ([" ".join(cell.split()) for cell in rows[row]] for row in (upper, lower))
        top += [""] * (width - len(top))
        below += [""] * (width - len(below))
        for left, _, right, _ in over:
            top[left - 1 : right] = [top[left - 1]] * (min(right, width) - left + 1)
        names = tuple(f"{group} {name}".strip() for group, name in zip(top, below, strict=True))
        told = f"the names of row {upper} and row {lower} were joined, such as {names[over[0][0] - 1]!r}"
        return SheetHeader(names, lower, (told,))
    return header
