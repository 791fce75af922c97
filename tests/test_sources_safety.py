"""No file, however made, takes 1 GB of memory or ends in anything but one sentence.

Each is read in a process of its own, which reports the most memory that it ever held (Linux).
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from test_docs import section, text

from ra_bayes.sources.dataset_json import MOST_JSON
from ra_bayes.sources.table import LONGEST_CELL, MOST_BYTES, MOST_COLUMNS, MOST_ROWS

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")

READ = """
import sys
from pathlib import Path
from ra_bayes.cohort import read_cohort
from ra_bayes.errors import CohortError
try:
    print("read", len(read_cohort(sys.argv[1]).records))
except CohortError as error:
    print(error)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1000)
"""


def read(file: Path) -> tuple[str, int]:
    """What reading the file says, and the most memory it took, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *said, peak = done.stdout.splitlines()
    return "\n".join(said), int(peak)


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
SHEET_END = "</sheetData></worksheet>"


def workbook(file: Path, parts: dict[str, bytes]) -> None:
    """Write a workbook, and put parts of its own making in the place of some of them."""
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.append(["patient", "week", "outcome", "value"])
    whole = io.BytesIO()
    book.save(whole)
    with ZipFile(whole) as old, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)


def sheet(file: Path, inside: str, end: str = SHEET_END) -> None:
    workbook(file, {"xl/worksheets/sheet1.xml": (SHEET + inside + end).encode()})


def big_csv(file: Path, line: str, size: int) -> None:
    block = (line * (min(size, 1_000_000) // len(line) + 1)).encode()
    with file.open("wb") as out:
        out.write(b"patient,week,outcome,value\n")
        while out.tell() < size:
            out.write(block)


def distinct_csv(file: Path) -> None:
    with file.open("w") as out:
        out.write(",".join(["patient", "week", "outcome", "value", *(f"x{i}" for i in range(36))]) + "\n")
        for row in range(60_000):
            out.write(",".join(f"{row:06d}{column:02d}" for column in range(40)) + "\n")


def repeated_parquet(file: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    word = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 100_000]))
    parquet.write_table(pa.table({"patient": word}), file)


def long_parquet(file: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"patient": pa.nulls(20_000_000, pa.int8())}), file)


def sparse_transport(file: Path) -> None:
    import pandas as pd
    import pyreadstat

    pyreadstat.write_xport(pd.DataFrame({"X": [1.0]}), str(file), table_name="T")
    with file.open("ab") as out:
        out.truncate(400_000_000)


def many_members(file: Path) -> None:
    # An end of archive that says: 500 MB of table of contents.
    file.write_bytes(
        b"PK\x03\x04" + bytes(100) + b"PK\x05\x06" + bytes(8) + (500_000_000).to_bytes(4, "little") + bytes(6)
    )


def entities(file: Path) -> None:
    document = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">]><sst><si><t>&a;</t></si></sst>'
    workbook(file, {"xl/sharedStrings.xml": document.encode()})


BOMBS: dict[str, tuple[Callable[[Path], object], str]] = {
    "200 MB of CSV": (lambda f: big_csv(f, "A,0,haq,1\n", 200_000_000), "has 200 MB, and at most 100 MB"),
    "a million rows": (lambda f: big_csv(f, "A,0,haq,1\n", 12_000_000), "reading stopped here"),
    "rows that are all wrong": (lambda f: big_csv(f, "A,x,foo,1\n", 200_000), "after 10000 problems"),
    "rows that are all ragged": (lambda f: big_csv(f, "A,x\n", 200_000), "after 10000 problems"),
    "cells that all differ": (distinct_csv, "reading stopped here"),
    "one line of 90 MB": (lambda f: f.write_bytes(b"x" * 90_000_000), "a line is longer than"),
    "one cell of 4 MB": (lambda f: f.write_bytes(b"a,b\n1," + b"x" * 4_000_000), "a cell has over"),
    "a million columns": (lambda f: f.write_bytes(b"a," * 1_000_000), "has 1000001 columns"),
    "NUL bytes": (lambda f: f.write_bytes(bytes(50_000_000)), "a binary file"),
    "150 MB in gzip": (lambda f: f.write_bytes(gzip.compress(bytes(150_000_000), 1)), "at most 100 MB"),
    "150 MB in zlib": (lambda f: f.write_bytes(zlib.compress(bytes(150_000_000), 1)), "at most 100 MB"),
    "deep JSON": (lambda f: f.write_bytes(b"[" * 5_000_000), "nested too deeply"),
    "deep JSON of objects": (lambda f: f.write_bytes(b'{"a":' * 1_000_000), "nested too deeply"),
    "empty lists in JSON": (lambda f: f.write_bytes(b"[" + b"[]," * 9_000_000 + b"1]"), "no Dataset-JSON"),
    "50 MB of JSON": (lambda f: f.write_bytes(b"[" + b"1," * 25_000_000 + b"1]"), "at most 30 MB"),
    "a huge number in JSON": (lambda f: f.write_bytes(b'{"a":' + b"1" * 1_000_000 + b"}"), "no Dataset-JSON"),
    "entities": (entities, "its XML defines entities"),
    "a sheet of 200 MB": (lambda f: sheet(f, " " * 200_000_000), "it unpacks to 200 MB"),
    "a sheet of empty rows": (lambda f: sheet(f, "<row/>" * 1_100_000), "over 1048576 rows"),
    "a row of a million cells": (lambda f: sheet(f, f"<row>{'<c/>' * 1_000_000}</row>"), "over 16384 cells"),
    "a cell of 5 MB": (
        lambda f: sheet(f, f'<row><c t="inlineStr"><is><t>{"x" * 5_000_000}</t></is></c></row>'),
        "a cell has over",
    ),
    "a deep sheet": (lambda f: sheet(f, "<a>" * 100_000, ""), "nested too deeply"),
    "a million styles": (
        lambda f: workbook(f, {"xl/styles.xml": b"<styleSheet>" + b"<xf/>" * 1_000_000 + b"</styleSheet>"}),
        "its styleSheet has over",
    ),
    "a million merged cells": (
        lambda f: sheet(f, "", "</sheetData><mergeCells>" + '<mergeCell ref="A1:B1"/>' * 1_000_000),
        "its worksheet has over",
    ),
    "an archive of many members": (many_members, "it has too many parts"),
    "a text repeated in Parquet": (repeated_parquet, "columns"),
    "20 million rows of Parquet": (long_parquet, "has 20000000 rows"),
    "50 million rows of SAS": (sparse_transport, "rows, and at most 500000"),
}  # fmt: skip


@pytest.mark.parametrize(("write", "said"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_within_a_gigabyte(
    tmp_path: Path, write: Callable[[Path], object], said: str
) -> None:
    file = tmp_path / "file"
    write(file)
    told, peak = read(file)
    assert said in told
    assert peak < 1000
    file.unlink()


def test_the_docs_tell_the_limits() -> None:
    told = " ".join(section(text("data.md"), "Files").split())
    for limit in (MOST_ROWS, MOST_COLUMNS, LONGEST_CELL):
        assert f"{limit:,}" in told
    for megabytes in (MOST_BYTES, 5 * MOST_BYTES, MOST_JSON):
        assert f"{megabytes // 1_000_000} MB" in told


def test_a_large_table_that_is_in_order_is_read(tmp_path: Path) -> None:
    with (tmp_path / "t.csv").open("w") as out:
        out.write("patient,week,outcome,value\n")
        for patient in range(400):
            out.writelines(f"P{patient:04d},{week},haq,1\n" for week in range(50))
    told, peak = read(tmp_path / "t.csv")
    assert told == "read 20000"
    assert peak < 1000
