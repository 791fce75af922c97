"""CDISC Dataset-JSON 1.0 and 1.1, also a row a line (NDJSON) and compressed (DSJC) -> a table of text.

The structure is CDISC's ("Dataset-JSON Version 1.1", 2024; "Version 1.0", 2023). In 1.1 a file is one
dataset, ``columns`` and ``rows``; in 1.0 it has one or more under ``clinicalData`` or ``referenceData``, with
``items`` and ``itemData``, whose first item numbers the rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from ra_bayes.sources.choose import Candidate, choose
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.sas_formats import is_dated, sas_number
from ra_bayes.sources.table import Fits, Rows, Table, check_size

__all__ = ["read_dataset_json"]

# A list takes up to 20 times its text in memory; a line at a time takes none.
MOST_JSON = 30_000_000
_LONGEST_LINE = 5_000_000
_KIND = "Dataset-JSON file"
_MEND = "give a Dataset-JSON file of version 1.0 or 1.1, or the table as CSV"


class _Number(str):
    """A number as the file writes it, which a date may be; text such as ``001`` is none."""


_DECODER = json.JSONDecoder(
    parse_int=_Number,
    parse_float=lambda text: _Number(text.removesuffix(".0")),
    parse_constant=str,
)


def read_dataset_json(
    file: BinaryIO, source: str, problems: Problems, sheet: str | None, fits: Fits
) -> Table:
    """Read one dataset; record 1 is row 2, as in the same table in a CSV file."""
    try:
        first = file.readline(_LONGEST_LINE)
        if len(first) < _LONGEST_LINE and (head := _head_of_lines(first)):
            return _table(head, _later_lines(file, problems), source, problems, sheet, fits)
        file.seek(0)
        content = file.read(MOST_JSON + 1)
        check_size(len(content), problems, MOST_JSON)
        page = _DECODER.decode(content.decode("utf-8-sig"))
    except RecursionError:
        problems.stop("file", "the JSON is nested too deeply to be a table", _MEND)
    except UnicodeDecodeError as error:
        problems.stop("encoding", f"the JSON is not UTF-8 (byte {error.start})", _MEND)
    except ValueError as error:
        problems.stop("file", f"the JSON is cut off or damaged ({error})", _MEND)
    return _table(page, None, source, problems, sheet, fits)


def _head_of_lines(first: bytes) -> dict[str, Any] | None:
    """Return the first line's object if the file is a row a line."""
    try:
        head = _DECODER.decode(first.decode("utf-8-sig"))
    except ValueError:
        return None
    if not isinstance(head, dict) or "rows" in head or "columns" not in head:
        return None
    return head


def _later_lines(file: BinaryIO, problems: Problems) -> Iterator[Any]:
    number = 1
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if not line.strip():
            continue
        try:
            yield _DECODER.decode(line.decode("utf-8"))
        except ValueError as error:
            what = f"line {number} is not JSON ({error})"
            problems.stop("file", what, "write it anew: it is cut off or damaged", row=number)


def _table(
    page: Any,
    lines: Iterator[Any] | None,
    source: str,
    problems: Problems,
    sheet: str | None,
    fits: Fits,
) -> Table:
    datasets = list(_datasets(page, lines))
    if not datasets:
        problems.stop("file", "this is JSON, but no Dataset-JSON: it has no columns and rows", _MEND)
    candidates = [
        Candidate(name, [_of(column, "name") for column in columns]) for name, columns, _, _ in datasets
    ]
    chosen, notes = choose(candidates, sheet, fits, "dataset", problems)
    _, columns, given, counted = datasets[chosen]
    shows = enumerate(_of(column, "displayFormat") for column in columns)
    dated = [(position, show) for position, show in shows if is_dated(show)]
    rows = Rows(len(columns), problems)
    for row, record in enumerate(given, start=2):
        if not isinstance(record, list):
            problems.add("record", "a record is not a list of values", _MEND, row=row)
            continue
        cells = [_cell(cell, row, problems) for cell in record]
        for position, show in dated:
            if position < len(cells) and isinstance(cell := cells[position], _Number):
                cells[position] = sas_number(float(cell), show)
        rows.add(row, cells)
    read = len(rows.kept)
    if counted is not None and str(counted) != str(read) and not problems:
        notes = (*notes, f"the file says that it has {counted} records, and {read} with any value were read")
    header = tuple(_of(column, "name").strip() for column in columns)
    if any("\ud800" <= char <= "\udfff" for name in header for char in name):
        problems.stop("encoding", "a column's name holds half a character, which no text can", _MEND)
    labels = tuple(_of(column, "label") for column in columns)
    return Table(source, _KIND, header, rows.kept, labels=labels, notes=notes)


type _Found = tuple[str, list[Any], Any, Any]


def _datasets(page: Any, lines: Iterator[Any] | None) -> Iterator[_Found]:
    """Yield (name, columns, rows, number of records said) of every dataset in a page."""
    if not isinstance(page, Mapping):
        return
    columns = page.get("columns")
    if isinstance(columns, list):
        rows = lines if lines is not None else page.get("rows") or []
        yield (
            _of(page, "name"),
            columns,
            rows if not isinstance(rows, Mapping | str) else [],
            page.get("records"),
        )
    for part in ("clinicalData", "referenceData"):
        groups = page.get(part)
        groups = groups.get("itemGroupData") if isinstance(groups, Mapping) else None
        for key, group in groups.items() if isinstance(groups, Mapping) else ():
            if not isinstance(group, Mapping) or not isinstance(items := group.get("items"), list):
                continue
            rows = group.get("itemData")
            yield (
                _of(group, "name") or key,
                items,
                rows if isinstance(rows, list) else [],
                group.get("records"),
            )


def _of(item: object, key: str) -> str:
    value = item.get(key) if isinstance(item, Mapping) else None
    return value if isinstance(value, str) else ""


def _cell(cell: object, row: int, problems: Problems) -> str:
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case Sequence() | Mapping():
            problems.add("record", "a value is a list or an object", "give one value per column", row=row)
    return ""
