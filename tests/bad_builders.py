"""Builders of bad files that are no plain text, with the libraries that others write such files with."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from tables_on_file import (
    as_dataset_json,
    as_excel,
    as_parquet,
    as_transport,
    columns_of,
)

HEADER = ["patient", "week", "outcome", "value"]
ROWS = [["A", "0", "haq", "1"], ["A", "4", "haq", "0.5"]]
SAS7BDAT = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")


def workbook(file: Path, *rows: Sequence[object], change: Callable[[Any], object] = bool) -> None:
    """Write rows of a sheet, then change it."""
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    for row in rows or (HEADER, *ROWS):
        sheet.append(row)
    change(sheet)
    book.save(file)


def error_in_d3(sheet: Any) -> None:
    sheet["D3"] = "#DIV/0!"
    sheet["D3"].data_type = "e"


def second_sheet(sheet: Any) -> None:
    other = sheet.parent.copy_worksheet(sheet)
    other.title = "Copy"


def part(file: Path, name: str, old: bytes, new: bytes) -> None:
    """Write a workbook with one of its parts changed."""
    whole = io.BytesIO()
    workbook(whole)  # type: ignore[arg-type]
    with ZipFile(whole) as archive, ZipFile(file, "w", ZIP_DEFLATED) as changed:
        for each in archive.namelist():
            content = archive.read(each)
            changed.writestr(each, content.replace(old, new) if each == name else content)


def zipped(file: Path, **parts: str) -> None:
    with ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)


def cut(write: Callable[[Path], object], to: float) -> Callable[[Path], object]:
    """Write a file, and keep its first part only."""

    def written(file: Path) -> None:
        write(file)
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * to)])

    return written


def changed(write: Callable[[Path], object], old: bytes, new: bytes) -> Callable[[Path], object]:
    def written(file: Path) -> None:
        write(file)
        content = file.read_bytes()
        assert old in content
        file.write_bytes(content.replace(old, new))

    return written


def excel(file: Path) -> None:
    as_excel(file, HEADER, ROWS)


def transport(file: Path) -> None:
    as_transport(file, HEADER, ROWS)


def dataset(file: Path) -> None:
    as_dataset_json(file, HEADER, ROWS)


def parquet(file: Path) -> None:
    as_parquet(file, HEADER, ROWS)


def page(**more: object) -> Callable[[Path], object]:
    """Write a Dataset-JSON page with something of it replaced."""
    whole = {"name": "T", "records": 2, "columns": columns_of(HEADER), "rows": ROWS} | more
    return lambda file: file.write_text(json.dumps(whole), encoding="utf-8")


def content(raw: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(raw)


def float_patients(file: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet as writer

    columns = {"patient": [1.0, 1.0], "week": [0, 4], "outcome": ["haq", "haq"], "value": [1.0, 0.5]}
    writer.write_table(pa.table(columns), file)


def nested_values(file: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet as writer

    writer.write_table(pa.table({"patient": ["A"], "week": [0], "outcome": ["haq"], "value": [[1.0]]}), file)


def two_transports(file: Path) -> None:
    transport(file)
    file.write_bytes(file.read_bytes() + file.read_bytes()[240:])
