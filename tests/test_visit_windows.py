"""Dates become weeks since the first infusion; what lies in no window, or lies worse in it, is named."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layouts import accounted, problems_of, read

from ra_bayes.cohort import overview_text
from ra_bayes.cohort.cohort import Assigned
from ra_bayes.cohort.layouts.dates import order_of, read_date
from ra_bayes.cohort.value import Mistake

WINDOWS = """
[dates]
column = "visit_date"
first_infusion = "infused"
weeks = [0, 4, 8]
window_days = 5
"""
SHEET = """\
patient,visit_date,sdai,haq,infused
A,2024-01-01,30,2,2024-01-08
A,2024-01-06,28,,
A,2024-01-09,27,1,
A,2024-02-03,20,1,
A,08.02.2024,18,,
A,2024-03-20,9,1,
B,2024-02-01,40,2,2024-02-01
"""


def test_records_are_taken_for_the_planned_week_of_their_window(tmp_path: Path) -> None:
    with_early = WINDOWS.replace("window_days = 5", "window_days = 7")
    cohort = read(tmp_path, SHEET, with_early)
    assert [record[:4] for record in cohort.of("sdai")] == [
        ("A", 0.0, "sdai", 28.0), ("A", 4.0, "sdai", 20.0), ("B", 0.0, "sdai", 40.0),
    ]  # fmt: skip
    # HAQ is empty on 6 January, so the earlier record is the last one before treatment.
    assert [record[:4] for record in cohort.of("haq")] == [
        ("A", 0.0, "haq", 2.0), ("A", 4.0, "haq", 1.0), ("B", 0.0, "haq", 2.0),
    ]  # fmt: skip
    assert accounted(cohort) == 7 * 2


def test_who_reads_the_first_line_alone_learns_that_values_are_left_out(tmp_path: Path) -> None:
    lines = overview_text(read(tmp_path, SHEET, WINDOWS.replace("= 5", "= 7"))).splitlines()
    # Of 14 cells 6 are records.
    assert lines[0] == "sheet, read from sheet.csv: no error, but 8 values left out: see below"
    assert "  1 value of sdai: row 3 lies in the same window, week 0" in "\n".join(lines)
    # An empty cell is no loss: nothing was measured.
    lines = overview_text(read(tmp_path, "patient,week,sdai,haq\nA,0,30,2\nA,4,20,\n")).splitlines()
    assert lines[0] == "sheet, read from sheet.csv: no problem found"
    assert "  1 missing haq in 'haq': the value is empty (row 3)" in lines


def test_the_table_of_windows_says_what_was_taken_for_what(tmp_path: Path) -> None:
    cohort = read(tmp_path, SHEET, WINDOWS.replace("window_days = 5", "window_days = 7"))
    assert cohort.assigned == (
        Assigned("A", "2024-01-01", -7, 0.0, 1, 2),
        Assigned("A", "2024-01-06", -2, 0.0, 1, 3),
        Assigned("A", "2024-01-09", 1, None, 0, 4),
        Assigned("A", "2024-02-03", 26, 4.0, 2, 5),
        Assigned("A", "2024-02-08", 31, 4.0, 0, 6),
        Assigned("A", "2024-03-20", 72, None, 0, 7),
        Assigned("B", "2024-02-01", 0, 0.0, 2, 8),
    )
    why = {each.why for each in cohort.left_out if each.what == "values of sdai"}
    assert why == {
        "row 3 lies in the same window, week 0, and is the last before treatment (row 2)",
        "row 5 lies in the same window, week 4, and is nearer to it or earlier (row 6)",
        "no planned week is within 7 days, the window_days of [dates] (rows 4, 7)",
    }


@settings(max_examples=100, deadline=None)
@given(days=st.lists(st.integers(-20, 100), min_size=1, max_size=8, unique=True), window=st.integers(0, 14))
def test_windows_against_a_search_by_hand(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], window: int
) -> None:
    start = date(2024, 3, 1)
    rows = [f"A,{start + timedelta(day)},{50 - index},{start}" for index, day in enumerate(days)]
    planned = (0, 4, 8)
    expected: dict[int, int] = {}
    for week in planned:
        inside = [day for day in days if abs(day - 7 * week) <= window and (week or day <= 0)]
        inside = [
            day
            for day in inside
            if min(planned, key=lambda each: (abs(day - 7 * each), each)) == week or week
        ]
        mine = [
            day
            for day in inside
            if not any(abs(day - 7 * other) < abs(day - 7 * week) for other in planned if other or day <= 0)
            and not any(
                abs(day - 7 * other) == abs(day - 7 * week) and other < week
                for other in planned
                if other or day <= 0
            )
        ]
        if mine:
            expected[week] = min(mine, key=lambda day: (abs(day - 7 * week), day))
    text = "patient,visit_date,sdai,infused\n" + "\n".join(rows) + "\n"
    page = WINDOWS.replace("window_days = 5", f"window_days = {window}")
    folder = tmp_path_factory.mktemp("windows")
    if 0 not in expected:
        assert problems_of(folder, text, page)
        return
    cohort = read(folder, text, page)
    assert {record.week: record.value for record in cohort.records} == {
        float(week): 50.0 - days.index(day) for week, day in expected.items()
    }
    assert accounted(cohort) == len(days)


def test_without_planned_weeks_a_week_is_seven_days(tmp_path: Path) -> None:
    page = '[dates]\ncolumn = "visit_date"\nfirst_infusion = "2024-01-01"\n'
    cohort = read(tmp_path, "patient,visit_date,sdai\nA,2024-01-01,30\nA,2024-01-31,20\n", page)
    assert [record.week for record in cohort.records] == [0.0, 30 / 7]


def test_days_that_drift_without_planned_weeks_are_noted(tmp_path: Path) -> None:
    text = "patient,visit_date,sdai\nA,2024-01-01,30\nA,2024-01-31,20\nB,2024-01-01,30\nB,2024-01-29,20\n"
    page = '[dates]\ncolumn = "visit_date"\nfirst_infusion = "2024-01-01"\n'
    (note,) = read(tmp_path, text, page).notes
    assert note.startswith("no planned weeks are given, so that each of 3 days is a visit of its own")
    assert read(tmp_path, text, f"{page}weeks = [0, 4]\n").notes == ()


def test_the_first_date_may_stand_for_the_first_infusion_and_is_noted(tmp_path: Path) -> None:
    text = "patient,visit_date,sdai\nA,2024-01-29,20\nA,2024-01-01,30\nB,2024-02-01,25\nB,2024-03-01,20\n"
    page = '[dates]\ncolumn = "visit_date"\nfirst_infusion = "first date"\nweeks = [0, 4]\n'
    cohort = read(tmp_path, text, page)
    assert sorted(record[:2] for record in cohort.records) == [("A", 0.0), ("A", 4.0), ("B", 0.0), ("B", 4.0)]
    assert cohort.notes == ("day 0 is each patient's first date: the mapping names no first infusion",)


def test_the_first_infusion_may_be_a_row_of_the_sheet(tmp_path: Path) -> None:
    text = "patient,visit_date,sdai,infusion\nA,2024-01-01,30,1\nA,2024-01-29,20,1\n"
    cohort = read(tmp_path, text, '[dates]\ncolumn = "visit_date"\nweeks = [0, 4]\n')
    assert [record.week for record in cohort.records] == [0.0, 4.0]
    assert [each.week for each in cohort.infusions] == [0.0, 4.0]


WRONG = {
    "no infusion": ("A,2024-01-01,30,", "patient 'A' has no date of a first infusion", "fill it in"),
    "two infusions": (
        "A,2024-01-01,30,2024-01-01\nA,2024-02-01,30,2024-01-02", "another first infusion in row 2", "correct"
    ),
    "no date": ("A,,30,2024-01-01", "the date is missing", "fill it in"),
    "no day": ("A,2024-02-30,30,2024-01-01", "there is no such day", "2024-01-31"),
    "two readings": ("A,03/04/2024,30,2024-04-01", "this date may be 3 April or 4 March", "d/m/Y"),
    "short year": ("A,31.01.24,30,2024-01-01", "the year has two digits", "write all four"),
    "spreadsheet's day": ("A,45292,30,2024-01-01", "spreadsheet's number of a day", "format the column"),
    "words": ("A,last week,30,2024-01-01", "this is not a date", "2024-01-31"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "what", "mend"), WRONG.values(), ids=WRONG)
def test_a_bad_date_is_told(tmp_path: Path, rows: str, what: str, mend: str) -> None:
    problems = problems_of(tmp_path, f"patient,visit_date,sdai,infused\n{rows}\n", WINDOWS)
    assert what in problems[0].what
    assert mend in problems[0].mend
    assert problems[0].row in (2, 3)


ONE_WAY = ["2024-01-31", "2024-01-31T10:30:00", "31.01.2024", "31. 1. 2024", "2024/1/31", "31-Jan-2024"]


@pytest.mark.parametrize(
    ("text", "order"),
    [(text, "") for text in [*ONE_WAY, "31JAN2024", "1/31/2024"]] + [("31/1/2024", "d/m/Y")],
)
def test_dates_that_can_be_read_one_way(text: str, order: str) -> None:
    assert read_date(text, order) == date(2024, 1, 31)


def test_the_order_of_day_and_month() -> None:
    assert read_date("03/04/2024", "d/m/Y") == date(2024, 4, 3)
    assert read_date("03/04/2024", "m/d/Y") == date(2024, 3, 4)
    assert isinstance(read_date("31/01/2024", "m/d/Y"), Mistake)
    assert order_of(["31/01/2024", "01/31/2024"]) == ""


def test_one_date_that_can_be_read_one_way_tells_the_others_and_is_noted(tmp_path: Path) -> None:
    text = "patient,visit_date,sdai,infused\nA,01/03/2024,30,2024-03-01\nA,29/03/2024,20,\n"
    cohort = read(tmp_path, text, WINDOWS)
    assert [record.week for record in cohort.records] == [0.0, 4.0]
    assert cohort.notes == ("dates such as 03/04/2024 were read as d/m/Y",)
