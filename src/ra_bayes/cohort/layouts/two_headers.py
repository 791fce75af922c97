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


def with_one_header(table: Table, known: Mapping[str, Outcome]) -> Table:
    """Join the first two rows where one names visits and the other outcomes; else return the table as it is.

    A name of the upper row stands over the columns to its right up to the next name, as merged cells do.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> header, rows = ("ID", "Week 0", "", "Week 4", ""), [(2, ["", "SDAI", "CRP", "SDAI", "CRP"])]
    >>> with_one_header(Table("a.xlsx", "Excel", header, rows), OUTCOMES).header
    ('ID', 'SDAI Week 0', 'CRP Week 0', 'SDAI Week 4', 'CRP Week 4')
    """
    if not table.rows:
        return table
    row, below = table.rows[0]
    names = names_of(known)
    kinds = [_kind(names, table.header), _kind(names, below)]
    numbers = any(cell.strip() and not isinstance(read_number(cell), Mistake) for cell in below)
    if {*kinds} != {"visits", "outcomes"} or numbers or row != table.header_row + 1:
        return table
    joined, above = [], ""
    for upper, lower in zip(table.header, below, strict=True):
        above = upper or above
        visit, outcome = (above, lower) if kinds[0] == "visits" else (lower, above)
        joined.append(f"{outcome.strip()} {visit.strip()}" if lower.strip() else upper)
    note = f"rows {table.header_row} and {row} were read as one header"
    return replace(
        table, header=tuple(joined), rows=table.rows[1:], header_row=row, notes=(*table.notes, note)
    )


def _kind(names: Names, cells: Sequence[str]) -> str:
    """Say whether a row of names holds visits or outcomes: two of them, and none of the other."""
    visits = sum(bool(cell.strip()) and read_visit(cell) is not None for cell in cells)
    read = [names.read(cell) for cell in cells if cell.strip()]
    outcomes = sum(bool(each.outcomes) and not each.visit for each in read)
    if visits > 0 and not any(each.outcomes for each in read):
        return "visits"
    return "outcomes" if outcomes > 0 and visits == 0 else ""
