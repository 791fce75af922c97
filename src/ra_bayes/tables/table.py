"""A table as a value: what is printed, the numbers behind it, and what must be said under it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

__all__ = ["Align", "Cell", "Column", "Table"]

type Align = Literal["left", "right"]

# Of sentences under a table as text.
_WIDTH = 100


class Cell(NamedTuple):
    """What is printed in a cell, and the numbers it was made of; NaN where there is none."""

    text: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    header
        What it holds.
    unit
        Unit of its numbers, for the header; empty where there is none or where rows differ.
    numbers
        Names of the numbers behind each of its cells, such as ``("lower", "upper")``; none for words.
    """

    header: str
    unit: str = ""
    numbers: tuple[str, ...] = ()

    @property
    def align(self) -> Align:
        """Words stand on the left, numbers on the right."""
        return "right" if self.numbers else "left"

    @property
    def head(self) -> str:
        """The header with its unit, as printed."""
        return f"{self.header} ({self.unit})" if self.unit else self.header


@dataclass(frozen=True, slots=True)
class Table:
    """A table that every writer of :mod:`ra_bayes.tables` takes.

    Parameters
    ----------
    name
        Short name for files and labels, such as ``"sdai-estimands"``.
    title
        What stands above it.
    columns
        Its columns, the first of which names the row.
    rows
        A cell for each column.
    notes
        Sentences under it: intervals by name, abbreviations, definitions.
    warnings
        Sentences that a reader must see: synthetic data, a gate that was not passed.

    Examples
    --------
    >>> change = Column("Change", "mm", ("estimate",))
    >>> rows = ((Cell("P1"), Cell("−12", (-12.3,))),)
    >>> print(Table("example", "An example", (Column("Patient"), change), rows))
    An example
    <BLANKLINE>
    Patient  Change (mm)
    P1               −12
    <BLANKLINE>
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if [len(cell.numbers) for cell in row] != [len(column.numbers) for column in self.columns]:
                raise ValueError(f"table {self.name!r}: a row that does not fit its columns: {row}")

    def __str__(self) -> str:
        """Return the table for a terminal."""
        heads = [column.head for column in self.columns]
        texts = [heads, *([cell.text for cell in row] for row in self.rows)]
        wide = [max(len(row[k]) for row in texts) for k in range(len(self.columns))]
        sides = [str.rjust if column.align == "right" else str.ljust for column in self.columns]
        lines = [
            "  ".join(side(text, width) for side, text, width in zip(sides, row, wide, strict=True)).rstrip()
            for row in texts
        ]
        said = [textwrap.fill(text, _WIDTH) for text in (*self.warnings, *self.notes)]
        return "\n".join([self.title, "", *lines, "", *said])

    def without_blank_columns(self) -> Table:
        """Return the table without the columns that say nothing in any row."""
        return self._of(k for k in range(len(self.columns)) if any(row[k].text for row in self.rows))

    def without_columns(self, *headers: str) -> Table:
        """Return the table without some columns, by what they hold."""
        return self._of(k for k, column in enumerate(self.columns) if column.header not in headers)

    def _of(self, columns: Iterable[int]) -> Table:
        kept = [*columns]
        return replace(
            self,
            columns=tuple(self.columns[k] for k in kept),
            rows=tuple(tuple(row[k] for k in kept) for row in self.rows),
        )
