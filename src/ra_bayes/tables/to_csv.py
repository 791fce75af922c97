"""A table as CSV: a column for each number, to full precision, and no text that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import math

from ra_bayes.plain import guarded, plain
from ra_bayes.tables.table import Cell, Column, Table

__all__ = ["to_csv"]


def to_csv(table: Table) -> str:
    """Return a table as CSV text.

    A text that begins like a formula gets an apostrophe before it; numbers stay numbers. A cell that prints
    several numbers, such as an interval, is as many columns. What warns of the table stands in each row, in a
    column of its own, since a CSV file has no place under it.

    Examples
    --------
    >>> change = Column("Change", "mm", ("estimate",))
    >>> rows = ((Cell("=1+1"), Cell("−12", (-12.3,))),)
    >>> print(to_csv(Table("example", "An example", (Column("Patient"), change), rows)), end="")
    Patient,Change (mm)
    '=1+1,-12.3
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    warned = [_text(" ".join(table.warnings))] if table.warnings else []
    heads = [head for column in table.columns for head in _heads(column)]
    writer.writerow([*map(_text, heads), *(["Warning"] if warned else [])])
    for row in table.rows:
        writer.writerow([*(each for cell in row for each in _values(cell)), *warned])
    return out.getvalue()


def _heads(column: Column) -> list[str]:
    if len(column.numbers) < 2:
        return [column.head]
    unit = f" ({column.unit})" if column.unit else ""
    return [f"{column.header}: {name}{unit}" for name in column.numbers]


def _values(cell: Cell) -> list[str]:
    return [_number(each) for each in cell.numbers] if cell.numbers else [_text(cell.text)]


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if math.isfinite(value) and value == int(value) else repr(float(value))


def _text(text: str) -> str:
    return guarded(plain(text))
