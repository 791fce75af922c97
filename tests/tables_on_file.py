"""One table of text written as a file of each format, by the libraries that others write them with."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

type Cells = Sequence[Sequence[str]]


def columns_of(header: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"itemOID": f"IT.T.{name}", "name": name, "label": f"label of {name}", "dataType": "string"}
        for name in header
    ]


def as_csv(
    file: Path, header: Sequence[str], rows: Cells, delimiter: str = ",", codec: str = "utf-8"
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    file.write_bytes(text.getvalue().encode(codec))


def as_excel(file: Path, header: Sequence[str], rows: Cells) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    for cells in [header, *rows]:
        written = [WriteOnlyCell(sheet, value=cell or None) for cell in cells]
        for cell in written:
            # Text such as =1 or #N/A stays text.
            cell.data_type = "s" if cell.value is not None else "n"
        sheet.append(written)
    book.save(file)


def as_parquet(file: Path, header: Sequence[str], rows: Cells) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = [pa.array([row[i] or None for row in rows], pa.string()) for i in range(len(header))]
    parquet.write_table(pa.table(columns, names=list(header)), file)


def as_transport(file: Path, header: Sequence[str], rows: Cells, version: int = 5, name: str = "T") -> None:
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame([list(row) for row in rows], columns=list(header), dtype=str)
    labels = [f"label of {name}" for name in header]
    pyreadstat.write_xport(
        frame, str(file), file_format_version=version, table_name=name, column_labels=labels
    )


def as_dataset_json(file: Path, header: Sequence[str], rows: Cells, version: str = "1.1") -> None:
    columns = columns_of(header)
    if version == "1.1":
        page: dict[str, object] = {
            "datasetJSONVersion": "1.1.0",
            "itemGroupOID": "IG.T",
            "records": len(rows),
            "name": "T",
            "label": "a table",
            "columns": columns,
            "rows": [list(row) for row in rows],
        }
    else:
        first = {"OID": "ITEMGROUPDATASEQ", "name": "ITEMGROUPDATASEQ", "label": "", "type": "integer"}
        group = {
            "records": len(rows),
            "name": "T",
            "label": "a table",
            "items": [first, *columns],
            "itemData": [[i, *row] for i, row in enumerate(rows, start=1)],
        }
        page = {"datasetJSONVersion": "1.0.0", "clinicalData": {"itemGroupData": {"IG.T": group}}}
    file.write_text(json.dumps(page), encoding="utf-8")


def lines_of_json(header: Sequence[str], rows: Cells) -> bytes:
    head = {"datasetJSONVersion": "1.1.0", "name": "T", "records": len(rows), "columns": columns_of(header)}
    return "\n".join(map(json.dumps, [head, *rows])).encode()


WRITERS: dict[str, Callable[[Path, Sequence[str], Cells], None]] = {
    "csv": as_csv,
    "tsv": lambda file, header, rows: as_csv(file, header, rows, "\t"),
    "semicolons": lambda file, header, rows: as_csv(file, header, rows, ";"),
    "utf-8 with a mark": lambda file, header, rows: as_csv(file, header, rows, codec="utf-8-sig"),
    "utf-16": lambda file, header, rows: as_csv(file, header, rows, "\t", codec="utf-16"),
    "gzip": lambda file, header, rows: (
        as_csv(file, header, rows),
        file.write_bytes(gzip.compress(file.read_bytes())),
    )[0],
    "xlsx": as_excel,
    "parquet": as_parquet,
    "xpt 5": as_transport,
    "xpt 8": lambda file, header, rows: as_transport(file, header, rows, 8),
    "dataset-json 1.1": as_dataset_json,
    "ndjson": lambda file, header, rows: (file.write_bytes(lines_of_json(header, rows)), None)[1],
    "dsjc": lambda file, header, rows: (file.write_bytes(zlib.compress(lines_of_json(header, rows))), None)[
        1
    ],
}
