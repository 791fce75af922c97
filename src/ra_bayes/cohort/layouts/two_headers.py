"""Sheets with two header rows, visits above outcomes or outcomes above visits -> one row of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ra_bayes.cohort.layouts.column_names import Names, names_of
from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.cohort.value import Mistake, read_number
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Table

__all__ = ["with_one_header"]

_NOTE = "rows {} and {} were read as one header"


def with_one_header(table: Table, known: Mapping[str, Outcome]) -> Table:
    """Join two rows of names where one names visits and the other outcomes; else return the table as it is.

    They are the first two rows, or the header and the row above it, where that was passed over as a title is.
    A name of the upper row stands over the columns to its right up to the next name, as merged cells do.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> header, rows = ("ID", "Week 0", "", "Week 4", ""), [(2, ["", "SDAI", "CRP", "SDAI", "CRP"])]
    >>> with_one_header(Table("a.xlsx", "Excel", header, rows), OUTCOMES).header
    ('ID', 'SDAI Week 0', 'CRP Week 0', 'SDAI Week 4', 'CRP Week 4')
    """
    names = names_of(known)
    header = table.header_row
    if (upper := _padded(table.above, len(table.header))) and (joined := _joined(names, upper, table.header)):
        return replace(table, header=joined, notes=(*table.notes, _NOTE.format(header - 1, header)))
    row, below = table.rows[0] if table.rows else (0, [])
    numbers = any(cell.strip() and not isinstance(read_number(cell), Mistake) for cell in below)
    if row != header + 1 or numbers or not (joined := _joined(names, table.header, below)):
        return table
    notes = (*table.notes, _NOTE.format(header, row))
    return replace(table, header=joined, rows=table.rows[1:], header_row=row, notes=notes)


def _padded(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Give a row as many cells as the header has; none where it has more."""
    return (*cells, *[""] * (width - len(cells))) if 0 < len(cells) <= width else ()


def _joined(names: Names, upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...]:
    """Join two rows of names; return nothing unless one names visits and the other outcomes."""
    kinds = [_kind(names, upper), _kind(names, lower)]
    if {*kinds} != {"visits", "outcomes"}:
        return ()
    joined, above = [], ""
    for over, under in zip(upper, lower, strict=True):
        above = over or above
        visit, outcome = (above, under) if kinds[0] == "visits" else (under, above)
        joined.append(f"{outcome.strip()} {visit.strip()}".strip() if under.strip() else over)
    return tuple(joined)


def _kind(names: Names, cells: Sequence[str]) -> str:
    """Say whether a row of names holds visits or outcomes: two of them, and none of the other."""
    visits = sum(bool(cell.strip()) and read_visit(cell) is not None for cell in cells)
    read = [names.read(cell) for cell in cells if cell.strip()]
    outcomes = sum(bool(each.outcomes) and not each.visit for each in read)
    if visits > 0 and not any(each.outcomes for each in read):
        return "visits"
    return "outcomes" if outcomes > 0 and visits == 0 else ""
