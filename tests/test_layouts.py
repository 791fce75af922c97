"""Sheets as clinics and databases write them become the cohort they mean, or are asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.layouts.column_names import Names
from ra_bayes.cohort.layouts.guess import sheet_layouts
from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.errors import CohortError, Problem
from ra_bayes.outcomes import OUTCOMES


def read(folder: Path, text: str, mapping: str | None = None, **options: str) -> Cohort:
    file = folder / "sheet.csv"
    file.write_text(text, encoding="utf-8")
    page = None
    if mapping is not None:
        page = folder / "mapping.toml"
        page.write_text(f"schema = 1\n{mapping}", encoding="utf-8")
    return read_cohort(file, mapping=page, layout=options.get("layout"))


def problems_of(folder: Path, text: str, mapping: str | None = None) -> list[Problem]:
    with pytest.raises(CohortError) as caught:
        read(folder, text, mapping)
    return [*caught.value.problems]


def values_of(cohort: Cohort) -> set[tuple[str, float, str, float, str]]:
    return {record[:5] for record in cohort.records}


def accounted(cohort: Cohort) -> int:
    """Everything that was a value in the table: recorded, given or named."""
    left = sum(each.count for each in cohort.left_out if each.of in ("values", "empty"))
    return len(cohort.records) + len(cohort.infusions) + left


WIDE = """\
ID,sex,sdai_w0,sdai_w4,VAS week 12,VAS BL,CRP (mg/dL) baseline,CRP (mg/dL) W4
001,f,30.5,20,12,60,4.1,<0.5
002,m,25,,30,NA,3,2
"""


def test_a_column_per_visit(tmp_path: Path) -> None:
    cohort = read(tmp_path, WIDE.replace("NA", "55"))
    assert values_of(cohort) == {
        ("001", 0.0, "sdai", 30.5, ""), ("001", 4.0, "sdai", 20.0, ""), ("002", 0.0, "sdai", 25.0, ""),
        ("001", 0.0, "vas", 60.0, ""), ("001", 12.0, "vas", 12.0, ""),
        ("002", 0.0, "vas", 55.0, ""), ("002", 12.0, "vas", 30.0, ""),
        ("001", 0.0, "crp", 41.0, ""), ("001", 4.0, "crp", 5.0, "<"),
        ("002", 0.0, "crp", 30.0, ""), ("002", 4.0, "crp", 20.0, ""),
    }  # fmt: skip
    assert accounted(cohort) == 2 * 6
    assert [(each.what, each.count, each.of) for each in cohort.left_out] == [
        ("column 'sex'", 2, "cells"),
        ("missing sdai in 'sdai_w4'", 1, "empty"),
    ]


def test_a_bad_cell_is_named_by_its_row_and_column(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, WIDE.replace("NA", "high").replace("25,", "250,"))
    assert [(each.row, each.column, each.value) for each in problems] == [
        (3, "sdai_w0", "250"), (3, "VAS BL", "high"),
    ]  # fmt: skip


def test_a_missing_baseline_names_the_patient(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, WIDE)
    assert "patient '002' has no baseline (week 0) of vas: its value in row 3 is empty" in problem.what


def test_a_column_per_outcome(tmp_path: Path) -> None:
    text = "patient,visit,sdai,crp,crp_unit,arm\nA,BL,30,5,mg/dL,x\nA,W4,20,,mg/dL,x\nB,BL,31,40,mg/L,y\n"
    cohort = read(tmp_path, text)
    assert values_of(cohort) == {
        ("A", 0.0, "sdai", 30.0, ""), ("A", 4.0, "sdai", 20.0, ""), ("B", 0.0, "sdai", 31.0, ""),
        ("A", 0.0, "crp", 50.0, ""), ("B", 0.0, "crp", 40.0, ""),
    }  # fmt: skip
    assert cohort.arms == (("A", "x"), ("B", "y"))
    assert accounted(cohort) == 3 * 2


def test_visits_as_columns_and_the_outcome_in_the_row(tmp_path: Path) -> None:
    cohort = read(tmp_path, "patient,outcome,BL,W4\nA,haq,1,2\nA,sdai,20,10\n")
    assert {record[:4] for record in cohort.of("sdai")} == {
        ("A", 0.0, "sdai", 20.0),
        ("A", 4.0, "sdai", 10.0),
    }
    assert accounted(cohort) == 4


def test_two_header_rows(tmp_path: Path) -> None:
    above = read(tmp_path, "patient,Week 0,,Week 4,\n,SDAI,HAQ,SDAI,HAQ\nA,30,1,20,1.5\n")
    below = read(tmp_path, "patient,SDAI,,HAQ,\n,Week 0,Week 4,Week 0,Week 4\nA,30,20,1,1.5\n")
    plain = read(tmp_path, "patient,sdai w0,haq w0,sdai w4,haq w4\nA,30,1,20,1.5\n")
    assert above.hash == below.hash == plain.hash
    assert above.records[0].row == 3
    assert above.notes == ("rows 1 and 2 were read as one header",)


def test_infusions_of_a_sheet_are_events(tmp_path: Path) -> None:
    cohort = read(tmp_path, "patient,week,sdai,infusion\nA,0,30,yes\nA,4,20,0\nA,8,10,\nA,12,12,1\n")
    assert [(each.patient, each.week) for each in cohort.infusions] == [("A", 0.0), ("A", 12.0)]
    assert accounted(cohort) == 8


UNCERTAIN = {
    "visit numbers": ("patient,visit,sdai\nA,V1,30\n", "row 2, column 'visit', value 'V1': which week"),
    "months": ("patient,month,sdai\nA,0,30\nA,3,20\n", "row 3, column 'month', value '3': which week"),
    "days": ("patient,sdai_d1,sdai_d29\nA,30,20\n", "column 'sdai_d29': which week 'd29'"),
    "a number glued on": ("patient,sdai0,sdai12\nA,30,20\n", "column 'sdai12': which week '12'"),
    "a screening week": ("patient,sdai week -2,sdai w0\nA,30,20\n", "which week 'week -2'"),
    "two outcomes": ("patient,week,DAS28\nA,0,5\n", "column 'DAS28': it may be das28_esr or das28_crp"),
    "28 or 68 joints": ("patient,week,TJC\nA,0,5\n", "column 'TJC': it may be tjc28 or another one"),
    "a global": ("patient,week,PGA\nA,0,5\n", "it may be patient_global or physician_global"),
    "misspelt": ("patient,sdia_w4,sdai_w0\nA,5,6\n", "column 'sdia_w4': its name is nearly sdai"),
    "a method in brackets": ("patient,week,CRP (Roche)\nA,0,5\n", "'Roche' in brackets is no unit of crp"),
    "visits of what": ("patient,BL,W4\nA,1,2\n", "its name is a visit's, and no outcome is named"),
    "an arm": ("patient,group,week,sdai\nA,x,0,5\n", "column 'group': this may be the patients' arm"),
    "patients of sites": ("site,subject,week,sdai\n1,1,0,5\n", "the patient may be 'subject'"),
    "no patient": ("name,week,sdai\nAda,0,5\n", "no column is recognised as the patient's identifier"),
    "no week": ("patient,sdai\nA,5\n", "no column says the week"),
    "dates": ("patient,date,sdai\nA,2024-01-31,5\n", "no column says the week, and 'date' says the date"),
    "no visit": ("patient,crp,sdai_w0\nA,5,6\n", "this is crp of no visit, beside columns of visits"),
    "twice": ("patient,sdai_w4,sdai week 4,sdai_w0\nA,1,2,3\n", "both hold sdai of the same visit"),
    "a lone unit": ("patient,week,sdai,crp,unit\nA,0,5,6,mg/L\n", "'unit': this looks like a unit"),
    "a lone limit": ("patient,week,sdai,crp,LLOQ\nA,0,5,6,1\n", "'LLOQ': this looks like a lower limit"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "asked"), UNCERTAIN.values(), ids=UNCERTAIN)
def test_what_is_not_certain_is_asked(tmp_path: Path, text: str, asked: str) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, text)
    told = str(caught.value)
    assert asked in told
    assert all(problem.mend for problem in caught.value.problems)


def test_two_layouts_are_refused_and_chosen_by_name(tmp_path: Path) -> None:
    text = "patient,week,outcome,value,sdai\nA,0,haq,1,20\n"
    (problem,) = problems_of(tmp_path, text)
    assert "may be read in 2 ways: long" in problem.what
    assert "--layout" in problem.mend
    assert read(tmp_path, text, layout="long").outcomes == ("haq",)
    assert read(tmp_path, text, layout="outcomes").outcomes == ("sdai",)
    assert read(tmp_path, text, 'layout = "outcomes"').outcomes == ("sdai",)


LABELS = {
    "W4": (4.0, True), "week 12": (12.0, True), "wk_12": (12.0, True), "12 weeks": (12.0, True),
    "BL": (0.0, True), "Baseline": (0.0, True), "Week.4": (4.0, True), "w0.5": (0.5, True),
    "Month 3": (13.0, False), "M1": (4.0, False), "Day 28": (4.0, False), "Day 29": (4.0, False),
    "D0": (0.0, True), "screening": (None, False), "week -2": (None, False), "week-2": (2.0, False),
}  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_labels_of_visits(label: str) -> None:
    assert read_visit(label) == LABELS[label]


@pytest.mark.parametrize("label", ["V2", "Visit 3", "4", "end of study", "follow-up"])
def test_labels_that_say_no_week(label: str) -> None:
    found = read_visit(label)
    assert found is not None
    assert found.week != found.week  # NaN
    assert not found.certain


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_is_recognised_by_identifier_and_label(outcome: str) -> None:
    names = Names(OUTCOMES)
    for name in (outcome, outcome.upper(), OUTCOMES[outcome].label, f"{outcome}_w4", f"{outcome} week 4"):
        found = names.read(name)
        assert (found.outcomes, found.certain, found.why) == ((outcome,), True, "")


@pytest.mark.parametrize("name", ["age", "sex", "height", "weight", "site", "comment", "date", "dose_w4"])
def test_other_columns_are_no_outcome(name: str) -> None:
    assert Names(OUTCOMES).read(name).outcomes == ()


def test_layouts_are_told_by_the_header() -> None:
    assert sheet_layouts(["ID", "BL", "W4"], OUTCOMES) == ("visits",)
    assert sheet_layouts(["record_id", "redcap_event_name", "crp"], OUTCOMES) == ("redcap",)
    assert sheet_layouts(["patient", "week", "outcome", "value"], OUTCOMES) == ()


NAMES = {
    "CRP mg/L": ("crp", "mg/L", ""), "crp_mgdl": ("crp", "mg/dL", ""), "CRP mg/dL W4": ("crp", "mg/dL", "W4"),
    "CRP_mg_dl": ("crp", "mg/dL", ""), "pain_vas_mm": ("vas", "mm", ""), "VAS cm (W4)": ("vas", "cm", "W4"),
    "il10_pg_ml": ("il10", "pg/mL", ""), "HAQ (0-3)": ("haq", "", ""), "TJC28 (0 to 28)": ("tjc28", "", ""),
    "pt_global": ("patient_global", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_after_a_name_needs_no_brackets(name: str) -> None:
    found = Names(OUTCOMES).read(name)
    outcome, unit, visit = NAMES[name]
    assert (found.outcomes, found.unit, found.visit, found.certain) == ((outcome,), unit, visit, True)


@pytest.mark.parametrize("name", ["CRP mg", "crp_date", "crp_g", "vas_0_10", "HAQ (0-4)", "haq_total"])
def test_what_is_no_unit_is_not_taken_for_one(name: str) -> None:
    found = Names(OUTCOMES).read(name)
    assert not found.unit
    assert not (found.certain and found.outcomes)


def test_a_form_without_a_visit_is_left_out_by_name(tmp_path: Path) -> None:
    """REDCap writes the rows of a form that is not repeated beside those of one that is."""
    text = "record_id,redcap_repeat_instrument,redcap_repeat_instance,age,week,sdai\n"
    cohort = read(tmp_path, text + "1,,,50,,\n1,visit,1,,0,30\n1,visit,2,,4,20\n")
    assert [record.value for record in cohort.records] == [30, 20]
    assert accounted(cohort) == 3
    (problem,) = problems_of(tmp_path, text + "1,,,50,,12\n1,visit,1,,0,30\n")
    assert (problem.row, problem.column) == (2, "week")
