"""Workbooks as people type them: a title, merged headers, real dates."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import openpyxl

from ra_bayes.cohort import read_cohort


def test_a_title_and_merged_header_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("visits", 0)
    sheet.append(["Cohort of the clinic"])
    sheet.append(["Patient", "Week 0", None, "Week 4", None])
    sheet.append([None, "SDAI", "CRP (mg/L)", "SDAI", "CRP (mg/L)"])
    for cells in ("A2:A3", "B2:C2", "D2:E2"):
        sheet.merge_cells(cells)
    sheet.append(["001", 30.5, "<0.5", 20, 12])
    sheet.append(["002", 25, 30, None, 2.25])
    book.save(tmp_path / "clinic.xlsx")
    cohort = read_cohort(tmp_path / "clinic.xlsx")
    assert {record[:5] for record in cohort.records} == {
        ("001", 0.0, "sdai", 30.5, ""), ("001", 4.0, "sdai", 20.0, ""), ("002", 0.0, "sdai", 25.0, ""),
        ("001", 0.0, "crp", 0.5, "<"), ("001", 4.0, "crp", 12.0, ""),
        ("002", 0.0, "crp", 30.0, ""), ("002", 4.0, "crp", 2.25, ""),
    }  # fmt: skip
    (missing,) = cohort.left_out
    assert (missing.what, missing.why) == (
        "missing sdai in 'SDAI Week 4'",
        "the value is empty (row 5)",
    )


def test_dates_of_cells_are_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("visits", 0)
    sheet.append(["patient", "date", "sdai", "first infusion"])
    sheet.append(["001", date(2024, 1, 1), 30, datetime(2024, 1, 2, 9, 30)])
    sheet.append(["001", date(2024, 1, 31), 20, None])
    book.save(tmp_path / "clinic.xlsx")
    page = tmp_path / "mapping.toml"
    page.write_text(
        'schema = 1\n[dates]\ncolumn = "date"\nfirst_infusion = "first infusion"\nweeks = [0, 4]\n'
    )
    cohort = read_cohort(tmp_path / "clinic.xlsx", mapping=page)
    assert [(each.day, each.week) for each in cohort.assigned] == [(-1, 0.0), (29, 4.0)]
    assert [(record.week, record.value) for record in cohort.records] == [(0.0, 30.0), (4.0, 20.0)]


def test_visits_above_a_header_that_names_the_patient(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("visits", 0)
    sheet.append(["Cohort of the clinic"])
    sheet.append([None, None, "Baseline", None, "Week 4", None])
    sheet.append(["Patient ID", "Sex", "SDAI", "CRP (mg/L)", "SDAI", "CRP (mg/L)"])
    for cells in ("A1:F1", "C2:D2", "E2:F2"):
        sheet.merge_cells(cells)
    sheet.append(["001", "f", 30.5, "<0.5", 20, 12])
    sheet.append([])
    sheet.append(["CRP below 0.5 mg/L is written <0.5"])
    book.save(tmp_path / "clinic.xlsx")
    cohort = read_cohort(tmp_path / "clinic.xlsx")
    assert [(record.outcome, record.week, record.value, record.limit) for record in cohort.records] == [
        ("crp", 0, 0.5, "<"), ("crp", 4, 12, ""), ("sdai", 0, 30.5, ""), ("sdai", 4, 20, ""),
    ]  # fmt: skip
    assert cohort.notes[1:3] == (
        "the table begins in row 3; above it: 'Cohort of the clinic', 'Baseline', 'Week 4'",
        "rows 2 and 3 were read as one header",
    )
    # What stands below the table is told as a patient of whom nothing is measured, and is none of the cohort.
    assert cohort.patients == ("001",)
    assert any("CRP below 0.5" in each.what for each in cohort.left_out)


def test_the_title_of_a_sheet_saved_as_text_is_passed_over_and_told(tmp_path: Path) -> None:
    file = tmp_path / "clinic.csv"
    file.write_text("Our study,,,\n,,,\npatient,week,outcome,value\nA,0,sdai,30\n", encoding="utf-8")
    cohort = read_cohort(file)
    assert [(record.row, record.value) for record in cohort.records] == [(4, 30)]
    assert cohort.notes[0] == "the table begins in row 3; above it: 'Our study'"
