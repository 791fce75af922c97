"""A file or a DataFrame -> a header and rows of text, each with the number a spreadsheet gives it.

Everything stays text: an identifier such as ``001`` or ``01E5`` must not become a number on the way.
"""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.cohort.header import recognised
from ra_bayes.cohort.problems import Problems

if TYPE_CHECKING:
    import pandas as pd

type Source = str | os.PathLike[str] | pd.DataFrame

__all__ = ["Source", "Table", "open_table", "source_name"]

_DELIMITERS = ",;\t"
_EXPORT = "export it as 'CSV UTF-8 (comma delimited)' and read that file"
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"HEADER RECORD*******": "a SAS transport file",
    b"$FL": "an SPSS file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The text of a table.

    Parameters
    ----------
    header
        Column names as written.
    rows
        Row number (the header is row 1) and cells; wholly blank rows are passed over.
    decimal_columns
        Positions of DataFrame columns that hold floats, in which identifiers are lost.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    decimal_columns: frozenset[int] = frozenset()


def source_name(source: Source) -> str:
    """Name the source without its folder.

    Examples
    --------
    >>> source_name("private/folder/cohort.csv")
    'cohort.csv'
    """
    if isinstance(source, str | os.PathLike):
        return Path(source).name or str(source)
    return "DataFrame"


@contextmanager
def open_table(source: Source, problems: Problems) -> Iterator[Table]:
    """Open a file in UTF-8 or a DataFrame; rows are read as they are asked for."""
    if isinstance(source, str | os.PathLike):
        with _open(Path(source), problems) as file:
            _refuse_binary(file, problems)
            # surrogateescape carries a byte that is not UTF-8 as far as its row, where it can be reported.
            with TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                yield _from_text(text, problems)
    elif hasattr(source, "columns") and hasattr(source, "itertuples"):
        yield _from_frame(source)
    else:
        raise TypeError(f"read_cohort takes a path or a DataFrame, not {type(source).__name__}")


@contextmanager
def _open(path: Path, problems: Problems) -> Iterator[BufferedReader]:
    try:
        file = path.open("rb")
    except IsADirectoryError:
        problems.stop("file", "this is a folder", "give the file in it", value=str(path))
    except FileNotFoundError:
        problems.stop("file", "there is no such file", _likely_file(path), value=str(path))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problems.stop(
            "file", f"the file cannot be opened ({why})", "check its name and rights", value=str(path)
        )
    with file:
        yield file


def _likely_file(path: Path) -> str:
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"nor is there a folder {str(path.parent)!r}; check the path"
    close = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {close[0]!r}?" if close else "check the path"


def _refuse_binary(file: BufferedReader, problems: Problems) -> None:
    start = file.peek(8192)[:8192]
    for magic, kind in _NOT_TEXT.items():
        if start.startswith(magic):
            problems.stop("file", f"this is {kind}, not a CSV file in UTF-8", _EXPORT)
    if start.count(0) > len(start) / 5:
        problems.stop("file", "this is a binary file or text in UTF-16, not a CSV file in UTF-8", _EXPORT)


def _from_text(text: TextIOWrapper, problems: Problems) -> Table:
    first = text.readline()
    if not first:
        problems.stop(
            "file", "the file is empty", "give a header row and one row per patient, week and outcome"
        )
    rows = _parse(chain([first], text), _delimiter(first), problems)
    header = next(rows, (1, []))
    if header[0] != 1 or not header[1]:
        mend = "the first row must name the columns patient, week, outcome, value"
        problems.raise_if_any()
        problems.stop("file", "the first row is empty", mend)
    return Table([name.strip() for name in header[1]], rows)


def _delimiter(first_line: str) -> str:
    """Choose the delimiter that finds the most columns we know in the header, else the most columns."""

    def found(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([first_line], delimiter=delimiter))
        except (csv.Error, StopIteration):
            return 0, 0
        return recognised(names), len(names)

    return max(_DELIMITERS, key=found)


def _parse(lines: Iterable[str], delimiter: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    # strict: an unclosed quotation mark would otherwise swallow the rest of the file as one cell.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            what = f"the row cannot be read, nor what follows ({error})"
            problems.add(
                "quotation", what, "check the quotation marks here: one is opened and not closed", row=row
            )
            return
        if cells is None:
            return
        if _is_text(cells, row, problems) and any(cell.strip() for cell in cells):
            yield row, cells


def _is_text(cells: list[str], row: int, problems: Problems) -> bool:
    """Report bytes that are not UTF-8 and NUL bytes; the row is of no use then."""
    for cell in cells:
        if "\0" in cell:
            problems.add(
                "encoding", "there is a NUL byte in this cell", f"the file is damaged: {_EXPORT}", row=row
            )
            return False
        if not cell.isascii() and any("\ud800" <= char <= "\udfff" for char in cell):
            guess = cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
            what = f"this is not UTF-8 (in Windows-1252 it reads {guess[:40]!r})"
            problems.add("encoding", what, "save the file as 'CSV UTF-8'", row=row, value=cell)
            return False
    return True


def _from_frame(frame: pd.DataFrame) -> Table:
    header = [str(name).strip() for name in frame.columns]
    decimal = {
        position
        for cells in frame.itertuples(index=False, name=None)
        for position, cell in enumerate(cells)
        if _is_float(cell)
    }
    rows = (
        (row, [_text(cell) for cell in cells])
        for row, cells in enumerate(frame.itertuples(index=False, name=None), start=2)
    )
    return Table(header, (each for each in rows if any(cell.strip() for cell in each[1])), frozenset(decimal))


def _is_float(cell: object) -> bool:
    """Say whether a cell is a float of any library (numpy's float32 is not Python's), and not a nan."""
    return type(cell).__name__.startswith("float") and str(cell) != "nan"


def _text(cell: object) -> str:
    """Write a cell as a CSV file would hold it; every library's missing value is blank."""
    if isinstance(cell, str):
        return cell
    text = str(cell)
    return "" if text in ("nan", "<NA>", "NaT", "None") else text
