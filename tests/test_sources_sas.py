"""SAS datasets: transport files against what readstat reads of them, special missing values, sas7bdat."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from conftest import shared_file
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_on_file import as_transport
from test_sources import problem_of, read

from ra_bayes.sources.sas_transport import ibm_double


@settings(max_examples=50, deadline=None)
@given(numbers=st.lists(st.floats(-1e70, 1e70).filter(lambda x: x == 0 or abs(x) > 1e-70), min_size=1))
def test_ibm_numbers_are_those_that_readstat_reads(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    import pandas as pd
    import pyreadstat

    file = tmp_path_factory.mktemp("xpt") / "t.xpt"
    pyreadstat.write_xport(pd.DataFrame({"X": numbers, "ID": "a"}), str(file), table_name="T")
    theirs, _ = pyreadstat.read_xport(str(file), output_format="dict")
    assert [float(cells[0]) for _, cells in read(file).rows] == list(theirs["X"])


def test_transport_dates_labels_and_long_names() -> None:
    table = read(shared_file("dates_xpt_v8.xpt"))
    at = dict(zip(table.header, range(len(table.header)), strict=True))
    assert len(table.rows) == 19
    for _, cells in table.rows:
        # The file holds each date a second time, as the text that SAS wrote.
        assert cells[at["dt"]].replace("T", " ").ljust(19)[:10] == cells[at["string_dt"]][:10]
        assert cells[at["dates"]] == cells[at["string_dates"]]
        assert cells[at["times"]] == cells[at["string_times"]]
    assert table.labels[at["seconds"]].endswith("seconds since 1960-01-01T00:00:00")


def test_several_datasets_in_a_transport_file(tmp_path: Path) -> None:
    as_transport(tmp_path / "a", ["PATIENT", "VALUE"], [["A", "1"], ["B", "2"]], name="VISITS")
    as_transport(tmp_path / "b", ["CODE"], [["x"]], name="CODES")
    both = (tmp_path / "b").read_bytes() + (tmp_path / "a").read_bytes()[240:]
    (tmp_path / "both.xpt").write_bytes(both)
    table = read(tmp_path / "both.xpt")
    assert table.rows == [(2, ["A", "1"]), (3, ["B", "2"])]
    assert table.notes == ("dataset 'VISITS' was read, and not 'CODES'",)
    assert read(tmp_path / "both.xpt", "CODES").rows == [(2, ["x"])]


def test_special_missing_values_are_told_apart(tmp_path: Path) -> None:
    import pandas as pd
    import pyreadstat

    pyreadstat.write_xport(
        pd.DataFrame({"ID": ["a", "b"], "X": [1.0, 2.0]}), str(tmp_path / "t"), table_name="T"
    )
    content = (tmp_path / "t").read_bytes()
    assert content.count(struct.pack(">Q", 0x4110 << 48)) == 1
    (tmp_path / "t").write_bytes(content.replace(struct.pack(">Q", 0x4110 << 48), b"A" + bytes(7)))
    table = read(tmp_path / "t")
    assert [cells[1] for _, cells in table.rows] == ["", "2"]
    assert table.notes == ("column 'X': special missing values .A (1) were read as missing",)
    sas = read(shared_file("missing_test.sas7bdat"))
    assert sas.rows == [(2, ["", "", "", "", "", "", "", "", "1"])]
    assert [note.split()[5] for note in sas.notes] == [".A", ".B", ".C", ".X", ".Y", ".Z", "._"]


def test_sas7bdat_asks_for_what_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    told = problem_of(shared_file("missing_test.sas7bdat"))
    assert "is read with pyreadstat, which is not installed; pip install 'ra_bayes[clinical]'" in told
    # A transport file needs nothing.
    assert len(read(shared_file("adlb_6subj.xpt")).rows) == 232


def test_the_transport_file_holds_what_the_csv_holds() -> None:
    ours, theirs = read(shared_file("adlb_6subj.xpt")), read(shared_file("adlb_6subj.csv"))
    assert ours.header == theirs.header
    for (row, cells), (other, expected) in zip(ours.rows, theirs.rows, strict=True):
        assert row == other
        for cell, text in zip(cells, expected, strict=True):
            assert cell == text or float(cell) == float(text)


def test_texts_of_a_transport_file_in_the_encoding_of_sas_on_windows(tmp_path: Path) -> None:
    # In Mac Roman 0x92 would be a letter; SAS 9, which writes these files, runs on no Macintosh.
    as_transport(tmp_path / "t.xpt", ["ID", "TERM"], [["A", "Alzheimer@s disease"], ["B", "M#ller"]])
    content = (tmp_path / "t.xpt").read_bytes().replace(b"r@s", b"r\x92s").replace(b"M#l", b"M\xfcl")
    (tmp_path / "t.xpt").write_bytes(content)
    table = read(tmp_path / "t.xpt")
    assert [cells[1] for _, cells in table.rows] == ["Alzheimer’s disease", "Müller"]
    (note,) = table.notes
    assert note.startswith(
        "the file is not UTF-8: read as Windows-1252, in which byte 0x92 is '’' (Alzheimer’s)"
    )
    (tmp_path / "t.xpt").write_bytes(content.replace(b"r\x92s", b"r\x81s"))
    assert "its texts are in an encoding that cannot be told" in problem_of(tmp_path / "t.xpt")


def test_labels_and_names_of_any_length_are_those_that_readstat_reads(tmp_path: Path) -> None:
    import pandas as pd
    import pyreadstat

    labels = [
        "Subject identifier, unique in all studies of the application, as the protocol has it",
        "x" * 200,
        "",
    ]
    frame = pd.DataFrame({"a_long_name_of_thirty_characters": ["A"], "Mixed_Case": ["y" * 300], "N": [0.001]})
    file = tmp_path / "t.xpt"
    pyreadstat.write_xport(frame, str(file), file_format_version=8, table_name="T", column_labels=labels)
    table, (_, theirs) = read(file), pyreadstat.read_xport(str(file))
    assert list(table.header) == theirs.column_names == [*frame.columns]
    assert list(table.labels) == [label or "" for label in theirs.column_labels] == labels
    assert table.rows == [(2, ["A", "y" * 300, "0.001"])]


@pytest.mark.parametrize("length", range(2, 9))
def test_numbers_kept_in_fewer_bytes(length: int) -> None:
    # SAS cuts the fraction off from the right; 0.5 and 12 have room in two bytes, one third has not.
    assert ibm_double(bytes.fromhex("4080000000000000")[:length].ljust(8, b"\0")) == 0.5
    assert ibm_double(bytes.fromhex("c1c0000000000000")[:length].ljust(8, b"\0")) == -12
    third = ibm_double(bytes.fromhex("4055555555555555")[:length].ljust(8, b"\0"))
    assert third == pytest.approx(1 / 3, abs=16.0 ** (2 - 2 * length))
