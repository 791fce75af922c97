"""A DataFrame -> a table of text, read through its own methods: pandas is not imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ra_bayes.sources.problems import Problems
from ra_bayes.sources.table import Rows, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_frame"]


def read_frame(frame: pd.DataFrame, problems: Problems) -> Table:
    """Read a DataFrame as a CSV file would hold it; its first row is row 2."""
    header = tuple(str(name).strip() for name in frame.columns)
    rows = Rows(len(header), problems)
    decimal: set[int] = set()
    for row, cells in enumerate(frame.itertuples(index=False, name=None), start=2):
        decimal |= {position for position, cell in enumerate(cells) if _is_float(cell)}
        rows.add(row, [_text(cell) for cell in cells])
    return Table("DataFrame", "DataFrame", header, rows.kept, decimal_columns=frozenset(decimal))


def _is_float(cell: object) -> bool:
    """Say whether a cell is a float of any library (numpy's float32 is not Python's), and not a nan."""
    return type(cell).__name__.startswith("float") and str(cell) != "nan"


def _text(cell: object) -> str:
    """Write a cell as a CSV file would hold it; every library's missing value is blank."""
    if isinstance(cell, str):
        return cell
    text = str(cell)
    return "" if text in ("nan", "<NA>", "NaT", "None") else text
