"""CSV and its kin: text with commas, semicolons or tabs -> a table of text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import chain, islice
from typing import BinaryIO

from ra_bayes.sources.encoding import encoding_of
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.sheet_header import begins_below
from ra_bayes.sources.table import Rows, Table

__all__ = ["EXPORT", "read_delimited"]

EXPORT = "export it as 'CSV UTF-8 (comma delimited)' and read that file"
_DELIMITERS = ",;\t|"
_LONGEST_LINE = 5_000_000
_LOOKED_AT = 40
# What Excel writes above the header to tell itself the delimiter.
_SEP = re.compile(r"sep=([,;\t|])\r?\n?", re.IGNORECASE)


def read_delimited(file: BinaryIO, source: str, problems: Problems) -> Table:
    """Read text that is delimited by commas, semicolons, tabs or bars, whichever header and rows share."""
    encoding = encoding_of(file)
    if encoding is None and b"\0" in file.read(8192):
        problems.stop("file", "this is a binary file of a kind that is not known", EXPORT)
    file.seek(0)
    # surrogateescape carries a byte that is not UTF-8 as far as its row, where it can be reported;
    # the wide encodings cannot carry one, and mark it.
    codec = encoding.codec if encoding is not None else "utf-8-sig"
    errors = "replace" if codec.startswith(("utf-16", "utf-32")) else "surrogateescape"
    text = TextIOWrapper(file, encoding=codec, errors=errors, newline="")
    try:
        table = _read(text, source, problems, (encoding.note,) if encoding and encoding.note else ())
    finally:
        text.detach()
    return table


def _read(text: TextIOWrapper, source: str, problems: Problems, notes: tuple[str, ...]) -> Table:
    lines = _lines(text, problems)
    start = list(islice(lines, _LOOKED_AT))
    if not start:
        problems.stop(
            "file", "the file is empty", "give a header row and one row per patient, week and outcome"
        )
    first_row, delimiter = 1, ""
    if match := _SEP.fullmatch(start[0]):
        first_row, delimiter = 2, match[1]
        start = start[1:]
    parsed = _parse(chain(start, lines), delimiter or _delimiter(start), first_row, problems)
    row, header = next(parsed, (first_row, []))
    if row != first_row or not any(name.strip() for name in header):
        problems.raise_if_any()
        mend = "the first row must name the columns patient, week, outcome, value"
        problems.stop("file", "the first row is empty", mend)
    row, header, title = _below_title(row, header, parsed)
    rows = Rows(len(header), problems)
    for number, cells in _below_names(header, parsed, row, problems):
        rows.add(number, cells)
    names = tuple(name.strip() for name in header)
    return Table(source, "CSV", names, rows.kept, header_row=row, notes=(*notes, *title))


def _below_title(
    row: int, header: list[str], parsed: Iterator[tuple[int, list[str]]]
) -> tuple[int, list[str], tuple[str, ...]]:
    """Pass over rows that fill nothing but the first of several cells: a sheet's title, saved as text."""
    first, names, titles = row, header, list[str]()
    while len(names) > 1 and names[0].strip() and not any(cell.strip() for cell in names[1:]):
        titles.append(names[0].strip())
        row, names = next(parsed, (0, []))
    if not titles or len(names) != len(header):
        return first, header, ()
    return row, names, (begins_below(row, titles),)


def _below_names(
    header: list[str], parsed: Iterator[tuple[int, list[str]]], first_row: int, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Pass the rows on, unless the header is a title: a single cell above several."""
    for row, cells in parsed:
        if len(header) == 1 and len(cells) > 1:
            what = f"the first row is a single cell, and row {row} has {len(cells)}"
            mend = "remove what stands above the names of the columns"
            problems.stop("file", what, mend, row=first_row, value=header[0])
        yield row, cells


def _lines(text: TextIOWrapper, problems: Problems) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            what = f"a line is longer than {_LONGEST_LINE} characters, so this is hardly a table"
            problems.stop("size", what, "give one row per line")
        yield line


def _delimiter(lines: list[str]) -> str:
    """Choose the delimiter by which most columns are shared between the header and the rows."""

    def shared(delimiter: str) -> tuple[float, int]:
        try:
            rows = [cells for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
        except csv.Error:
            rows = []
        header, below = len(rows[0]) if rows else 0, rows[1:]
        if header < 2:
            return 0.0, header
        alike = sum(len(cells) == header for cells in below) / len(below) if below else 1.0
        return header * alike, header

    return max(_DELIMITERS, key=shared)


def _parse(
    lines: Iterable[str], delimiter: str, first_row: int, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    # strict: an unclosed quotation mark would otherwise swallow the rest of the file as one cell.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = first_row - 1
    while True:
        row += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            why = str(error).replace(
                "field larger than field limit (131072)", "a cell has over 131072 characters"
            )
            what = f"the row cannot be read, nor what follows ({why})"
            mend = "check the quotation marks here: one is opened and not closed"
            problems.add("quotation", what, mend, row=row)
            return
        if cells is None:
            return
        if _is_text(cells, row, problems) and any(cell.strip() for cell in cells):
            yield row, cells


def _is_text(cells: list[str], row: int, problems: Problems) -> bool:
    """Report bytes that are no characters; the row is of no use then."""
    for cell in cells:
        if "\0" in cell:
            what, mend = "there is a NUL byte in this cell", f"the file is damaged: {EXPORT}"
            problems.add("encoding", what, mend, row=row)
            return False
        if cell.isascii():
            continue
        if any("\ud800" <= char <= "\udfff" for char in cell):
            guess = cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
            what = f"this is not UTF-8 (in Windows-1252 it reads {guess[:40]!r})"
            problems.add("encoding", what, "save the file as 'CSV UTF-8'", row=row, value=cell)
            return False
        if "\ufffd" in cell:
            what = "a character of this cell was lost (it is the mark for what could not be read)"
            problems.add("encoding", what, f"the file is damaged: {EXPORT}", row=row, value=cell)
            return False
    return True
