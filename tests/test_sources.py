"""Every format gives the same table of text, and nothing on the way is taken for something else."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import shared_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables_on_file import WRITERS, as_csv, as_dataset_json, columns_of

from ra_bayes.cohort import read_cohort
from ra_bayes.errors import CohortError
from ra_bayes.resources import data_dir
from ra_bayes.sources import Problems, Source, Table, read_table

KNOWN = {"patient", "week", "outcome", "value"}
# What each format or layout can hold: no control characters; a transport file keeps no blank at the end.
PLAIN = st.characters(min_codepoint=32, max_codepoint=126)
TEXTS = {
    "xpt 5": st.text(PLAIN, max_size=12).map(str.rstrip),
    "xpt 8": st.text(PLAIN, max_size=12).map(str.rstrip),
    "xlsx": st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], max_codepoint=0xFFFD), max_size=12),
}
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), max_size=12)
TRAPS = ["001", "01E5", "1.0", "NA", "None", "nan", "", "<0.5", "12,5", "=1", "#N/A", "TRUE", "2024-01-31"]


def known(header: Sequence[str]) -> int:
    return len(KNOWN & {name.casefold() for name in header})


def read(source: Source, sheet: str | None = None) -> Table:
    problems = Problems("table")
    table = read_table(source, problems, sheet=sheet, fits=known)
    problems.raise_if_any()
    return table


def problem_of(source: Source, sheet: str | None = None) -> str:
    with pytest.raises(CohortError) as caught:
        read(source, sheet)
    (problem,) = caught.value.problems
    assert str(problem).count(";") >= 1
    return str(problem)


@pytest.mark.parametrize("format", WRITERS)
def test_what_looks_like_something_else_stays_text(tmp_path: Path, format: str) -> None:
    rows = [[f"r{i}", trap] for i, trap in enumerate(TRAPS)]
    WRITERS[format](tmp_path / "file", ["patient", "value"], rows)
    table = read(tmp_path / "file")
    assert table.header == ("patient", "value")
    assert list(table.rows) == list(enumerate(rows, start=2))


@pytest.mark.parametrize("format", WRITERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_text_reads_back(tmp_path: Path, format: str, data: st.DataObject) -> None:
    text = TEXTS.get(format, ANY)
    columns = data.draw(st.integers(1, 4))
    cells = data.draw(st.lists(st.lists(text, min_size=columns, max_size=columns), min_size=1, max_size=6))
    rows = [[f"r{i}", *row] for i, row in enumerate(cells)]
    header = ["id", *(f"c{i}" for i in range(columns))]
    WRITERS[format](tmp_path / "file", header, rows)
    table = read(tmp_path / "file")
    assert table.header == tuple(header)
    assert list(table.rows) == list(enumerate(rows, start=2))


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "xpt 5", "dataset-json 1.1", "ndjson"])
def test_no_row_is_lost(tmp_path: Path, format: str) -> None:
    rows = [[f"r{i}", str(i)] for i in range(5000)]
    WRITERS[format](tmp_path / "file", ["patient", "value"], rows)
    assert [cells for _, cells in read(tmp_path / "file").rows] == rows


@pytest.mark.parametrize("format", WRITERS)
def test_every_format_gives_the_same_cohort(tmp_path: Path, format: str) -> None:
    shipped = (data_dir() / "synthetic_cohort.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(shipped.splitlines())
    if format == "xpt 5":
        # Names have eight letters there.
        keep = [i for i, name in enumerate(header) if len(name) <= 8]
        header, rows = [header[i] for i in keep], [[row[i] for i in keep] for row in rows]
    as_csv(tmp_path / "cohort.csv", header, rows)
    WRITERS[format](tmp_path / "file", header, rows)
    ours, theirs = read_cohort(tmp_path / "file"), read_cohort(tmp_path / "cohort.csv")
    assert ours.records == theirs.records
    assert (ours.hash, ours.left_out) == (theirs.hash, theirs.left_out)


# --- text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "text", "told"),
    [
        ("cp1252", "Müller", "Windows-1252, in which byte 0xfc in line 2 is 'ü' (Müller)"),
        ("cp1252", "René 37 °C", "Windows-1252, in which byte 0xe9 in line 2 is 'é' (René)"),
        ("latin-1", "Ångström", "Windows-1252, in which byte 0xc5 in line 2 is 'Å' (Ångström)"),
        ("mac_roman", "Müller", "Mac Roman, in which byte 0x9f in line 2 is 'ü' (Müller)"),
        ("mac_roman", "≤0.5", "Mac Roman, in which byte 0xb2 in line 2 is '≤'"),
        ("cp1252", "5 µg/mL", "Windows-1252, in which byte 0xb5 in line 2 is 'µ' (µg)"),
    ],
)
def test_an_old_encoding_is_read_and_told(tmp_path: Path, codec: str, text: str, told: str) -> None:
    as_csv(tmp_path / "t.csv", ["patient", "value"], [[text, "1"]], codec=codec)
    table = read(tmp_path / "t.csv")
    assert table.rows == [(2, [text, "1"])]
    assert told in table.notes[0]


@pytest.mark.parametrize(
    "bytes_",
    ["Böhm".encode("mac_roman"), "Иванов".encode("cp1251"), "Müller ü".encode() + b"\xfc", b"a\x81b"],
)
def test_an_encoding_that_is_not_certain_is_refused(tmp_path: Path, bytes_: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(b"patient,value\n" + bytes_ + b",1\n")
    assert "row 2" in problem_of(tmp_path / "t.csv")
    assert "save the file as 'CSV UTF-8'" in problem_of(tmp_path / "t.csv")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(tmp_path: Path, codec: str) -> None:
    as_csv(tmp_path / "t.csv", ["patient", "value"], [["Müller", "1"]], codec=codec)
    table = read(tmp_path / "t.csv")
    assert table.rows == [(2, ["Müller", "1"])]
    assert "no byte order mark" in table.notes[0]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("patient;value\nA;12,5\n", ["A", "12,5"]),
        ("patient;a, b;value\nA;;12,5\n", ["A", "", "12,5"]),
        ("patient\tvalue\nA, B; C\t1\n", ["A, B; C", "1"]),
        ("patient|value\nA|1\n", ["A", "1"]),
        ('patient,value\n"A\nB",1\n', ["A\nB", "1"]),
        ("patient,value\rA,1\r", ["A", "1"]),
    ],
)
def test_delimiters_and_line_ends(tmp_path: Path, content: str, row: list[str]) -> None:
    (tmp_path / "t.csv").write_bytes(content.encode())
    assert read(tmp_path / "t.csv").rows == [(2, row)]


def test_a_line_that_names_the_delimiter(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sep=;\npatient;value\nA;1,5\n")
    table = read(tmp_path / "t.csv")
    assert (table.header_row, table.rows) == (2, [(3, ["A", "1,5"])])


# --- Parquet ------------------------------------------------------------------------------------------


def test_parquet_types(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "patient": pa.array(["001"]).dictionary_encode(),
        "f32": pa.array([0.1], pa.float32()),
        "f64": pa.array([5.0]),
        "int": pa.array([2**60]),
        "decimal": pa.array(["4.350"]).cast(pa.decimal128(6, 3)),
        "time": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
        "date": pa.array([dt.date(2024, 1, 31)]),
        "flag": pa.array([True]),
        "list": pa.array([[1, 2]]),
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.rows[0][1] == [
        "001",
        "0.1",
        "5",
        "1152921504606846976",
        "4.350",
        "2023-11-14T22:13:20.123456",
        "2024-01-31",
        "true",
        "",
    ]
    assert table.decimal_columns == {1, 2}
    assert table.notes == ("columns that hold lists or structures were not read: 'list'",)


# --- Dataset-JSON -------------------------------------------------------------------------------------


def test_dataset_json_of_both_versions(tmp_path: Path) -> None:
    rows = [["001", "a"], ["01E5", ""]]
    as_dataset_json(tmp_path / "1.1", ["patient", "value"], rows)
    as_dataset_json(tmp_path / "1.0", ["patient", "value"], rows, "1.0")
    new, old = read(tmp_path / "1.1"), read(tmp_path / "1.0")
    assert new.labels == ("label of patient", "label of value")
    assert old.header == ("ITEMGROUPDATASEQ", *new.header)
    assert [(row, cells[1:]) for row, cells in old.rows] == list(new.rows) == [(2, rows[0]), (3, rows[1])]


def test_dataset_json_numbers_and_dates(tmp_path: Path) -> None:
    columns = columns_of(["patient", "n", "x", "day", "text", "gone", "flag"])
    columns[3] |= {"dataType": "integer", "displayFormat": "DATE9."}
    columns[4] |= {"displayFormat": "DATE9."}
    page = {"name": "T", "records": 1, "columns": columns}
    page["rows"] = [["001", 5, 5.0, 19388, "19388", None, True]]
    (tmp_path / "t.json").write_text(json.dumps(page))
    assert read(tmp_path / "t.json").rows[0][1] == ["001", "5", "5", "2013-01-30", "19388", "", "true"]


def test_a_count_of_records_that_does_not_agree_is_told(tmp_path: Path) -> None:
    page = {"name": "T", "records": 3, "columns": columns_of(["patient"]), "rows": [["A"], ["B"]]}
    (tmp_path / "t.json").write_text(json.dumps(page))
    assert "says that it has 3 records, and 2 with any value" in read(tmp_path / "t.json").notes[0]


# --- what is refused ----------------------------------------------------------------------------------

REFUSED: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "the file is empty", "give a header row"),
    "blank first row": (b"\na,b\n", "the first row is empty", "must name the columns"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook (.xls)", "save it as .xlsx"),
    "PDF": (b"%PDF-1.7", "this is a PDF", "export it as 'CSV UTF-8"),
    "SPSS": (b"$FL2@(#)", "this is an SPSS file", "export it as"),
    "web page": (b"<html><table>", "this is a web page", "export it as"),
    "XML": (b"<?xml version='1.0'?>", "this is an XML file", "export it as"),
    "picture": (b"\x89PNG\r\n", "this is a picture", "export it as"),
    "zip": (b"PK\x05\x06" + bytes(18), "a zip archive and no Excel workbook", "unpack it"),
    "cut-off workbook": (b"PK\x03\x04" + bytes(40), "cut off or damaged", "save it anew"),
    "binary": (bytes(range(256)) + bytes(200), "binary file of a kind that is not known", "export it as"),
    "NUL": (b"a,b\nx\0,1\n", "a NUL byte", "the file is damaged"),
    "open quotation": (b'a,b\n"x,1\n', "nor what follows", "one is opened and not closed"),
    "ragged": (b"a,b\n1,2,3\n", "the row has 3 cells and the header has 2", "check its delimiters"),
    "damaged parquet": (b"PAR1" + bytes(50), "the Parquet file is damaged", "write it anew"),
    "damaged gzip": (b"\x1f\x8b\x08" + bytes(20), "archive", "unpack it"),
    "gzip in gzip": (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "an archive in an archive", "unpack it"),
    "cut-off transport": (b"HEADER RECORD*******LIBRARY HEADER", "no dataset", "export it from SAS again"),
    "damaged sas7bdat": (
        bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011") + bytes(500),
        "the SAS dataset is damaged", "export it as CSV",
    ),
    "JSON, no table": (b'{"a": 1}', "no Dataset-JSON", "give a Dataset-JSON file"),
    "JSON, a list": (b"[1, 2]", "no Dataset-JSON", "give a Dataset-JSON file"),
    "JSON, cut off": (b'{"columns": [', "cut off or damaged", "give a Dataset-JSON file"),
    "JSON, nested value": (
        b'{"columns": [{"name": "a"}], "rows": [[[1]]]}', "a list or an object", "one value per column",
    ),
    "JSON, no record": (b'{"columns": [{"name": "a"}], "rows": [1]}', "not a list of values", "give"),
    "JSON, ragged": (b'{"columns": [{"name": "a"}], "rows": [["1", "2"]]}', "has 2 cells", "check its"),
    "JSON lines, cut off": (b'{"columns": [{"name": "a"}]}\n["1"]\n["2', "line 3 is not JSON", "cut off"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "what", "mend"), REFUSED.values(), ids=REFUSED)
def test_one_sentence_says_what_and_how_to_mend_it(
    tmp_path: Path, content: bytes, what: str, mend: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    told = problem_of(tmp_path / "file")
    assert what in told
    assert mend in told
    assert "\n" not in told


def test_a_sheet_of_a_file_that_has_none(tmp_path: Path) -> None:
    as_csv(tmp_path / "t.csv", ["patient"], [["A"]])
    assert "a CSV holds one table, without a name; leave sheet out" in problem_of(tmp_path / "t.csv", "x")


@pytest.mark.parametrize(
    "format", ["xlsx", "parquet", "xpt 5", "xpt 8", "dataset-json 1.1", "gzip", "sas7bdat"]
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_told_and_never_a_traceback(tmp_path: Path, format: str, data: st.DataObject) -> None:
    file = tmp_path / "whole"
    if format == "sas7bdat":
        file = shared_file("missing_test.sas7bdat")
    elif not file.exists():
        WRITERS[format](file, ["patient", "value"], [["A", "1"], ["B", "<0.5"]])
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 4000) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(content) // 2, len(content)))
    (tmp_path / "damaged").write_bytes(content[:cut])
    refused = None
    try:
        read(tmp_path / "damaged")
    except CohortError as error:
        refused = error
    assert refused is None or all(problem.what and problem.mend for problem in refused.problems)
