"""SDTM findings domains, and CDISC datasets of which no parameter is known: read whole, or asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import shared_file
from test_adam import accounted, left_out, row, written

from ra_bayes.cohort import read_cohort
from ra_bayes.cohort.fix_template import fix_template
from ra_bayes.cohort.layouts.sdtm_columns import is_sdtm
from ra_bayes.errors import CohortError

LB = """\
USUBJID,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBSTRESC,LBSTRESN,LBSTRESU,LBLLOQ,LBLOBXFL,LBDRVFL,VISIT,LBDY,LBSTAT
01,CRP,C Reactive Protein,2.4,mg/dL,24,24,mg/L,3.4,,,SCREENING 1,-7,
01,CRP,C Reactive Protein,2.1,mg/dL,21,21,mg/L,3.4,Y,,BASELINE,1,
01,CRP,C Reactive Protein,<0.34,mg/dL,<3.4,,mg/L,3.4,,,WEEK 4,29,
01,CRP,C Reactive Protein,0.1,mg/dL,1,1,mg/L,3.4,,,WEEK 8,57,
01,CRP,C Reactive Protein,,,,,,3.4,,,WEEK 12,85,NOT DONE
01,CRP,C Reactive Protein,1.2,mg/dL,12,12,mg/L,3.4,,,UNSCHEDULED 4.1,40,
01,CRP,C Reactive Protein,1.1,mg/dL,11,11,mg/L,3.4,,Y,WEEK 12,85,
01,ALB,Albumin,4,g/dL,40,40,g/L,,Y,,BASELINE,1,
"""


def on_file(folder: Path, text: str, name: str = "lb.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_laboratory_domain_is_read_as_an_analysis_dataset_is(tmp_path: Path) -> None:
    cohort = read_cohort(on_file(tmp_path, LB))
    assert [(each.week, each.limit, each.value) for each in cohort.records] == [
        (0, "", 21), (4, "<", 3.4), (8, "<", 3.4),
    ]  # fmt: skip
    assert left_out(cohort) == {
        "rows of crp": 2,
        "rows of ALB (Albumin)": 1,
        "derived rows of crp, LBDRVFL Y": 1,
        "missing crp": 1,
    }
    assert accounted(cohort) == 8
    assert "weeks come from the visit (VISIT: 'Week 4' is week 4)" in cohort.notes
    assert 'layout = "sdtm"' in cohort.mapping


def test_what_was_collected_is_read_where_nothing_is_standardised(tmp_path: Path) -> None:
    text = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDY\n01,CRP,2.4,mg/dL,1\n01,CRP,<0.3,mg/dL,15\n"
    cohort = read_cohort(on_file(tmp_path, text))
    assert [(each.week, each.limit, each.value) for each in cohort.records] == [(0, "", 24), (2, "<", 3)]


def test_without_a_flag_and_a_visit_of_week_0_the_last_record_up_to_day_1_is_baseline(tmp_path: Path) -> None:
    rows = ["SCREENING 1,30,-14", "SCREENING 2,24,-3", "WEEK 4,12,29"]
    text = "USUBJID,LBTESTCD,VISIT,LBSTRESC,LBDY\n" + "".join(f"01,CRP,{row}\n" for row in rows)
    cohort = read_cohort(on_file(tmp_path, text))
    assert [(each.week, each.value) for each in cohort.records] == [(0, 24), (4, 12)]
    # A visit of week 0 is the baseline, whatever lies before it.
    cohort = read_cohort(on_file(tmp_path, text + "01,CRP,BASELINE,20,1\n"))
    assert [(each.week, each.value) for each in cohort.records] == [(0, 20), (4, 12)]


def test_a_parameter_that_may_be_two_outcomes_is_left_out_with_what_it_may_be(tmp_path: Path) -> None:
    rows = [row("24", "", "Baseline", ablfl="Y"), row("5", "", "Baseline", paramcd="DAS28", param="DAS28")]
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    (left,) = [each for each in cohort.left_out if each.of == "values"]
    assert left.why == "it may be das28_esr or das28_crp: [parameters] of a mapping says (row 3)"


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        ("USUBJID QSTESTCD QSSTRESC VISIT", True),
        ("usubjid vstestcd vsorres", True),
        ("USUBJID LBTESTCD LBSTRESN", False),
        ("USUBJID LBTESTCD VSTESTCD LBORRES", False),
        ("USUBJID AETERM AESTDTC", False),
    ],
)
def test_a_findings_domain_is_told_by_its_header(header: str, is_one: bool) -> None:
    assert is_sdtm(header.split()) is is_one


@pytest.mark.parametrize("layout", ["adam", "sdtm"])
def test_what_is_no_such_dataset_is_refused_though_it_is_called_one(tmp_path: Path, layout: str) -> None:
    file = on_file(tmp_path, "ID,week,sdai\n1,0,20\n1,4,10\n")
    with pytest.raises(CohortError, match=r"this is no CDISC \w+ .*: it would have USUBJID, .*; say another"):
        read_cohort(file, layout=layout)
    with pytest.raises(CohortError, match="say another layout, or none"):
        fix_template(file, layout=layout)


def test_a_mapping_may_name_another_patient_visit_and_arm(tmp_path: Path) -> None:
    file = on_file(
        tmp_path,
        "USUBJID,SUBJID,TRTA,ARMCD,PARAMCD,AVAL,AVISIT,VISIT\nS-01,01,Drug,D,SDAI,30,T0,V1\nS-01,01,Drug,D,SDAI,9,T1,V2\n",
    )
    page = tmp_path / "mapping.toml"
    page.write_text(
        'schema = 1\npatient = "SUBJID"\nvisit = "VISIT"\narm = "ARMCD"\nvisits = { V1 = 0, V2 = 4 }\n'
    )
    cohort = read_cohort(file, mapping=page)
    assert cohort.arms == (("01", "D"),)
    assert [(each.week, each.value) for each in cohort.records] == [(0, 30), (4, 9)]
    page.write_text('schema = 1\narm = "ARM"\n')
    with pytest.raises(
        CohortError, match="column 'ARM': the mapping names this column, and the table has none"
    ):
        read_cohort(file, mapping=page)


def test_a_dataset_of_other_outcomes_is_read_with_the_page_that_is_written_for_it(tmp_path: Path) -> None:
    page = tmp_path / "mapping.toml"
    text, doubts = fix_template(shared_file("adlb_6subj.xpt"))
    assert not doubts
    page.write_text(text, encoding="utf-8")
    cohort = read_cohort(shared_file("adlb_6subj.xpt"), mapping=page)
    assert accounted(cohort) == 232
    assert set(cohort.outcomes) == {"alt", "bili", "plat", "wbc"}
    bilirubin = cohort.definitions["bili"]
    assert (bilirubin.label, bilirubin.unit, bilirubin.benefit) == ("Bilirubin", "umol/L", None)
    # Reported as <0.2 mg/dL, in the dataset's own unit <3.42 umol/L.
    assert [each.value for each in cohort.records if each.limit] == [3.42, 3.42]


def test_a_page_for_other_outcomes_asks_what_the_dataset_does_not_say(tmp_path: Path) -> None:
    rows = [
        row("1", "", "Baseline", ablfl="Y", paramcd="GRIP", param="Grip Strength (kg)"),
        row("2", "", "Month 3", paramcd="GRIP", param="Grip Strength (kg)"),
        row("", "Y", "Baseline", ablfl="Y", paramcd="FELL", param="Fell"),
        row("", "text", "Baseline", ablfl="Y", paramcd="NOTE", param="Note"),
    ]
    page, doubts = fix_template(written(tmp_path / "a.csv", rows))
    assert [doubt.value for doubt in doubts] == ["Month 3"]
    for line in ('"Month 3" = "?"', 'GRIP = "grip"', 'FELL = "fell"', 'NOTE = "leave out"', 'unit = "kg"'):
        assert line in page.splitlines()
    assert page.count('kind = "binary"') == 1
    file = tmp_path / "mapping.toml"
    file.write_text(page.replace('"?"', "13"), encoding="utf-8")
    cohort = read_cohort(tmp_path / "a.csv", mapping=file)
    assert [(each.outcome, each.week, each.value) for each in cohort.records] == [
        ("fell", 0, 1), ("grip", 0, 1), ("grip", 13, 2),
    ]  # fmt: skip
