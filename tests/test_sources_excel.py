"""Excel workbooks: what a person sees is read, what a person does not see is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tables_on_file import as_excel
from test_sources import problem_of, read


def workbook(file: Path, *rows: Sequence[object], title: str = "Data") -> Any:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(file)
    return sheet


def test_excel_cells_read_as_a_person_sees_them(tmp_path: Path) -> None:
    sheet = workbook(
        tmp_path / "t.xlsx",
        ["patient", "value"],
        *(["A", value] for value in (5.0, 4.35, 0.3, 7, 0.125, True, dt.date(2024, 1, 31))),
        ["A", dt.datetime(2024, 1, 31, 10, 30)],
    )
    sheet["B5"].number_format = "000"
    sheet["B6"].number_format = "0%"
    sheet.parent.save(tmp_path / "t.xlsx")
    assert [cells[1] for _, cells in read(tmp_path / "t.xlsx").rows] == [
        "5", "4.35", "0.3", "007", "12.5%", "true", "2024-01-31", "2024-01-31T10:30:00",
    ]  # fmt: skip


def test_a_title_above_the_table_and_notes_beside_it(tmp_path: Path) -> None:
    workbook(
        tmp_path / "t.xlsx", ["Our study, 2024"], [], ["patient", "week", "value"], ["A", 0, 1, None, "ask"]
    )
    table = read(tmp_path / "t.xlsx")
    assert (table.header, table.header_row) == (("patient", "week", "value", "", ""), 3)
    assert table.rows == [(4, ["A", "0", "1", "", "ask"])]
    assert table.notes == ("the table begins in row 3; above it: 'Our study, 2024'",)


def test_the_sheet_is_chosen_by_what_is_in_it_or_by_name(tmp_path: Path) -> None:
    sheet = workbook(tmp_path / "t.xlsx", ["code", "meaning"], ["1", "yes"], title="Legend")
    data = sheet.parent.create_sheet("Visits")
    data.append(["patient", "value"])
    data.append(["A", 1])
    sheet.parent.save(tmp_path / "t.xlsx")
    assert read(tmp_path / "t.xlsx").notes == ("sheet 'Visits' was read, and not 'Legend'",)
    assert read(tmp_path / "t.xlsx", "legend").header == ("code", "meaning")
    assert "there is no such sheet; did you mean 'Visits'?" in problem_of(tmp_path / "t.xlsx", "Visit")
    again = sheet.parent.copy_worksheet(data)
    again.title = "Copy"
    sheet.parent.save(tmp_path / "t.xlsx")
    told = problem_of(tmp_path / "t.xlsx")
    assert "the sheets 'Visits', 'Copy' fit equally well; name the one to read" in told
    again.sheet_state = "hidden"
    sheet.parent.save(tmp_path / "t.xlsx")
    assert "'Copy' (hidden)" in read(tmp_path / "t.xlsx").notes[0]


def test_merged_and_hidden_cells_are_told(tmp_path: Path) -> None:
    sheet = workbook(
        tmp_path / "t.xlsx",
        ["patient", "week", "value"],
        ["A", 0, 1],
        [None, 4, 2],
        ["B", 0, 3],
        [None, 4, 4],
    )
    sheet.merge_cells("A2:A3")
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.parent.save(tmp_path / "t.xlsx")
    table = read(tmp_path / "t.xlsx")
    assert [cells[0] for _, cells in table.rows] == ["A", "A", "B", ""]
    assert "1 hidden rows of the sheet were read like the others (row 5)" in table.notes
    assert "hidden columns of the sheet were read like the others: 'week'" in table.notes
    assert "merged cells A2:A3: their text was read in each of their rows" in table.notes
    sheet.merge_cells("C4:C5")
    sheet.parent.save(tmp_path / "t.xlsx")
    assert "row 4: cells C4:C5 are merged" in problem_of(tmp_path / "t.xlsx")


def test_errors_and_formulas_without_a_result_name_their_cell(tmp_path: Path) -> None:
    sheet = workbook(tmp_path / "t.xlsx", ["patient", "value"], ["A", "#DIV/0!"])
    sheet["B2"].data_type = "e"
    sheet.parent.save(tmp_path / "t.xlsx")
    assert "cell B2 holds the Excel error #DIV/0!; correct" in problem_of(tmp_path / "t.xlsx")
    workbook(tmp_path / "t.xlsx", ["patient", "value"], ["A", "=1+1"])
    assert "cell B2 is a formula without a stored result; open" in problem_of(tmp_path / "t.xlsx")


def test_a_size_that_a_sheet_claims_does_not_cut_it_off(tmp_path: Path) -> None:
    from zipfile import ZipFile

    workbook(tmp_path / "t.xlsx", ["patient", "value"], ["A", 1], ["B", 2])
    with ZipFile(tmp_path / "t.xlsx") as old, ZipFile(tmp_path / "cut.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:B3"', b'ref="A1"'))
    assert read(tmp_path / "cut.xlsx").rows == [(2, ["A", "1"]), (3, ["B", "2"])]


def test_excel_text_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    as_excel(tmp_path / "t.xlsx", ["patient", "value"], [["A", "=1+1"]])
    assert read(tmp_path / "t.xlsx").rows == [(2, ["A", "=1+1"])]
