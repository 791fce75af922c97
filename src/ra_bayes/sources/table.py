"""What every file becomes first: a header and rows of text, each with the row number that a person sees."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.sources.problems import Problems

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fits", "Rows", "Source", "Table", "check_size", "source_name"]

type Source = str | os.PathLike[str] | pd.DataFrame
type Fits = Callable[[Sequence[str]], int]

# Reading, the rows and all that is made of them stay under 1 GB with these (tests/test_sources_safety.py).
MOST_BYTES = 100_000_000
MOST_ROWS = 500_000
MOST_COLUMNS = 16_384  # Excel's own
LONGEST_CELL = 131_072  # the csv module's own
_MOST_MEMORY = 400_000_000
_EXPORT_LESS = "keep only the rows and columns of your patients and outcomes, and export again"


@dataclass(frozen=True, slots=True)
class Table:
    """The text of one table; nothing was converted on the way.

    Parameters
    ----------
    source
        Name of the file, without the folder.
    kind
        What the file is, e.g. ``"CSV"``.
    header
        Column names as written, without blanks around them.
    rows
        Row number and cells, as many as the header has; wholly blank rows are passed over.
    labels
        Column labels, where the format has them; else none.
    header_row
        The row of the header.
    decimal_columns
        Positions of columns that came as floats, in which identifiers are lost.
    notes
        What had to be taken one way where another was possible, one sentence each.
    above
        The cells right above the header, where the format has a row there; fewer than the header may have.
    """

    source: str
    kind: str
    header: tuple[str, ...]
    rows: Sequence[tuple[int, list[str]]]
    labels: tuple[str, ...] = ()
    header_row: int = 1
    decimal_columns: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


class Rows:
    """Gathers the rows of a table within a fixed amount of memory; equal cells are kept once.

    `width` is the number of cells that every row must have; ``None``: they are padded afterwards.
    """

    def __init__(self, width: int | None, problems: Problems) -> None:
        if width is not None and width > MOST_COLUMNS:
            what = f"the table has {width} columns, and at most {MOST_COLUMNS} are read"
            problems.stop("size", what, _EXPORT_LESS)
        self.kept: list[tuple[int, list[str]]] = []
        self._width = width
        self._problems = problems
        self._known: dict[str, str] = {}
        self._memory = 0

    def add(self, row: int, cells: Sequence[str]) -> None:
        """Keep one row, unless it is wholly blank."""
        if not any(cell and not cell.isspace() for cell in cells):
            return
        if self._width is not None and len(cells) != self._width:
            held = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
            what = f"the row has {held} and the header has {self._width}"
            mend = (
                "check its delimiters; a comma inside a cell (12,5) needs quotation marks, or a decimal point"
            )
            self._problems.add("ragged", what, mend, row=row)
            return
        mine = []
        for cell in cells:
            known = self._known.get(cell)
            if known is None:
                self._known[cell] = known = cell
                # An entry of the dictionary, the string's head and its characters.
                self._memory += 160 + 4 * len(cell)
                if not cell.isascii() and any("\ud800" <= char <= "\udfff" for char in cell):
                    what = "this cell holds half a character, which no text can"
                    self._problems.add("encoding", what, "write it anew", row=row, value=cell)
                    return
                if len(cell) > LONGEST_CELL:
                    what = f"a cell holds {len(cell)} characters, and at most {LONGEST_CELL} are read"
                    self._problems.stop("size", what, "shorten it, or remove its column", row=row)
            mine.append(known)
        self._memory += 160 + 8 * len(cells)
        self.kept.append((row, mine))
        self._check(row)

    def pad(self, width: int) -> None:
        """Give every row `width` cells."""
        for row, cells in self.kept:
            self._memory += 8 * (width - len(cells))
            self._check(row)
            cells += [""] * (width - len(cells))

    def _check(self, row: int) -> None:
        if len(self.kept) > MOST_ROWS or self._memory > _MOST_MEMORY:
            what = "the table is too large, and reading stopped here"
            self._problems.stop("size", what, _EXPORT_LESS, row=row)


def check_size(size: int, problems: Problems, most: int = MOST_BYTES) -> None:
    """Refuse a file of more bytes than are read."""
    if size > most:
        what = f"the file has {size / 1e6:.0f} MB, and at most {most / 1e6:.0f} MB are read"
        problems.stop("size", what, _EXPORT_LESS)


def source_name(source: Source) -> str:
    """Name the source without its folder.

    Where the locale knows ASCII only, Python has the bytes of other letters as halves of surrogate pairs,
    which no file could hold: they are read as the UTF-8 that they are nearly everywhere.

    Examples
    --------
    >>> source_name("private/folder/cohort.csv")
    'cohort.csv'
    >>> source_name("Kr\\udcc3\\udca4fte.csv")
    'Kräfte.csv'
    """
    if isinstance(source, str | os.PathLike):
        name = Path(source).name or str(source)
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "DataFrame"
