"""Real files and REDCap exports: every number right, every cell recorded or named."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from conftest import shared_file
from test_layouts import accounted, problems_of, read

from ra_bayes.cohort import read_cohort
from ra_bayes.cohort.mapping import LAYOUTS
from ra_bayes.errors import CohortError

REDCAP = """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sdai,haq,pain___1,form_complete
1,baseline_arm_1,,,30,1,0,2
1,week_4_arm_1,,,20,,1,2
1,week_4_arm_1,diary,1,,,,2
2,baseline_arm_2,,,30,1.5,,
2,week_4_arm_2,,,,,,
"""
LABELLED = """\
Record ID,Event Name,Repeat Instrument,Repeat Instance,SDAI,HAQ-DI,Pain (choice=knee),Complete?
1,Baseline (Arm 1: Treated),,,30,1,Unchecked,Complete
1,Week 4 (Arm 1: Treated),,,20,,Checked,Complete
1,Week 4 (Arm 1: Treated),Diary,1,,,,Complete
2,Baseline (Arm 2: Control),,,30,1.5,,
2,Week 4 (Arm 2: Control),,,,,,
"""


def test_redcap_events_are_weeks_and_arms(tmp_path: Path) -> None:
    raw, labelled = read(tmp_path, REDCAP), read(tmp_path, LABELLED)
    assert raw.records == labelled.records
    assert raw.arms == (("1", "1"), ("2", "2"))
    assert labelled.arms == (("1", "Treated"), ("2", "Control"))
    assert accounted(raw) == accounted(labelled) == 5 * 2


def test_a_repeated_form_is_another_visit_only_if_the_mapping_says_so(tmp_path: Path) -> None:
    text = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sdai\n"
    text += "1,baseline_arm_1,,,30\n1,week_4_arm_1,labs,1,20\n1,week_4_arm_1,labs,2,18\n"
    _, problem = problems_of(tmp_path, text)
    assert (problem.row, problem.value) == (4, "week_4_arm_1 #2")
    assert "which week this visit is" in problem.what
    cohort = read(tmp_path, text, '[visits]\n"week_4_arm_1 #2" = 5\n')
    assert [record.week for record in cohort.records] == [0.0, 4.0, 5.0]


def test_a_repeated_form_without_events_is_a_visit_each_time(tmp_path: Path) -> None:
    text = "record_id,redcap_repeat_instrument,redcap_repeat_instance,age,sdai,visit_complete\n"
    text += "1,,,54,,\n1,visit,1,,30,2\n1,visit,2,,20,2\n"
    asked = [problem.value for problem in problems_of(tmp_path, text)[1:]]
    assert asked == ["1", "2"]
    cohort = read(tmp_path, text, "[visits]\n1 = 0\n2 = 4\n")
    assert [(record.week, record.value) for record in cohort.records] == [(0, 30), (4, 20)]
    assert accounted(cohort) == 3


def test_an_arm_that_one_form_says_is_that_of_all_rows_of_the_patient(tmp_path: Path) -> None:
    text = "record_id,redcap_event_name,allocation,sdai\n1,randomisation_arm_1,MSC,\n1,baseline_arm_1,,30\n"
    text += "1,week_4_arm_1,,20\n2,randomisation_arm_1,control,\n2,baseline_arm_1,,33\n"
    asked = problems_of(tmp_path, text)
    assert "may be the patients' arm" in asked[1].what
    assert read(tmp_path, text, 'arm = "allocation"\n').arms == (("1", "MSC"), ("2", "control"))
    text = text.replace("2,baseline_arm_1,,", "2,baseline_arm_1,MSC,")
    told = [problem.what for problem in problems_of(tmp_path, text, 'arm = "allocation"\n')]
    assert told == ["patient '2' is in arm 'control' (row 5) and in arm 'MSC'"]


def test_a_table_without_a_column_is_refused_in_every_layout() -> None:
    empty = pd.DataFrame(index=[0])
    for layout in LAYOUTS:
        with pytest.raises(CohortError):
            read_cohort(empty, layout=layout)


def test_labels_of_fields_say_which_joints_and_which_unit(tmp_path: Path) -> None:
    text = "Record ID,Event Name,Tender joint count (28),Swollen joints (66),Pain (0-10 cm),Complete?\n"
    text += "1,Baseline,12,20,6.5,Complete\n1,Week 4,6,8,3,Complete\n"
    cohort = read(tmp_path, text)
    assert [(r.outcome, r.week, r.value) for r in cohort.records] == [
        ("sjc66", 0, 20), ("sjc66", 4, 8), ("tjc28", 0, 12), ("tjc28", 4, 6), ("vas", 0, 65), ("vas", 4, 30),
    ]  # fmt: skip
    assert len(problems_of(tmp_path, text.replace("(28)", "(8)").replace("0-10 cm", "0-10 mm"))) == 4


def test_real_redcap_file_with_decimal_commas(tmp_path: Path) -> None:
    page = "schema = 1\nweek = 0\n[columns]\n"
    units = {"height": "m", "weight": "kg", "bmi": "kg/m2"}
    page += "".join(f'{id} = "{id}"\n' for id in units)
    page += "".join(
        f'[[outcomes]]\nid = "{id}"\nlabel = "{id}"\nunit = "{unit}"\n' for id, unit in units.items()
    )
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(page)
    cohort = read_cohort(shared_file("redcap_decimal_comma.csv"), mapping=mapping)
    assert [record.value for record in cohort.of("height")] == [1.54, 1.84, 1.95, 1.61]
    assert [record.value for record in cohort.of("weight")] == [52.3, 92.3, 123.4, 45.9]
    assert [record.value for record in cohort.of("bmi")] == [22.1, 27.3, 32.5, 17.7]
    assert cohort.notes == ("values with a comma, read as the decimal mark: 8, beside 4 with a point",)
    assert accounted(cohort) == 12


def test_real_redcap_file_with_events(tmp_path: Path) -> None:
    file = shared_file("redcap_longitudinal.csv")
    with pytest.raises(CohortError, match="no column is recognised as an outcome"):
        read_cohort(file)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """schema = 1
        arms = { 1 = "first", 2 = "second" }
        [visits]
        enrollment_arm_1 = 0
        enrollment_arm_2 = 0
        final_visit_arm_1 = 24
        final_visit_arm_2 = 24
        [columns]
        prealb_b = "prealbumin"
        prealb_4 = "prealbumin"
        [[outcomes]]
        id = "prealbumin"
        label = "Prealbumin"
        unit = "mg/dL"
        """
    )
    cohort = read_cohort(file, mapping=mapping)
    assert [record[:4] for record in cohort.of("prealbumin")][:2] == [
        ("100", 0.0, "prealbumin", 43.0), ("100", 24.0, "prealbumin", 12.9),
    ]  # fmt: skip
    assert dict(cohort.arms) == {"100": "first", "220": "first", "304": "second"}
    assert accounted(cohort) == 18 * 2


def test_real_arthritis_where_none_is_an_answer(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """schema = 1
        week = 12
        arm = "Treatment"
        columns.Improved = { outcome = "improved", answers = { None = 0, Some = 0, Marked = 1 } }
        [[outcomes]]
        id = "improved"
        label = "Marked improvement"
        unit = "points"
        kind = "binary"
        """
    )
    cohort = read_cohort(shared_file("vcd_Arthritis.csv"), mapping=mapping)
    assert len(cohort.records) == accounted(cohort) == 84
    by_arm = {
        arm: [record.value for record in cohort.records if record.patient in cohort.patients_of(arm)]
        for arm in ("Treated", "Placebo")
    }
    # Koch and Edwards 1988, as in vcd's help: 21 of 41 and 7 of 43 with marked improvement.
    assert {arm: (sum(values), len(values)) for arm, values in by_arm.items()} == {
        "Treated": (21.0, 41), "Placebo": (7.0, 43),
    }  # fmt: skip


def test_an_answer_that_was_not_given_a_number_is_refused(tmp_path: Path) -> None:
    mapping = 'week = 0\ncolumns.y = { outcome = "haq", answers = { None = 0 } }\n'
    (problem,) = problems_of(tmp_path, "patient,y\nA,None\nB,Some\n", mapping)
    assert (problem.row, problem.column, problem.value) == (3, "y", "Some")


def test_real_arthritis_by_month_with_a_baseline_in_every_row(
    arthritis_table, self_assessment, tmp_path
) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """schema = 1
        visit_unit = "months"
        [columns]
        y = "self_assessment"
        baseline = { outcome = "self_assessment", week = 0 }
        trt = "leave out"
        """
    )
    cohort = read_cohort(shared_file("multgee_arthritis.csv"), mapping=mapping, outcomes=[self_assessment])
    long = read_cohort(arthritis_table, outcomes=[self_assessment])
    assert cohort.hash == long.hash
    assert accounted(cohort) == 2 * 906


def test_a_baseline_that_differs_between_rows_is_refused(tmp_path: Path) -> None:
    mapping = '[columns]\nsdai = "sdai"\nbase = { outcome = "sdai", week = 0 }\n'
    (problem,) = problems_of(tmp_path, "patient,week,sdai,base\nA,4,20,30\nA,8,15,31\n", mapping)
    assert (problem.row, problem.column, problem.value) == (3, "base", "31")
    assert "row 2 of the same patient says '30'" in problem.what


def test_real_sleepstudy_as_it_is(sleepstudy_table, reaction, tmp_path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('schema = 1\nvisit_unit = "weeks"\ncolumns.Reaction = "reaction"\n')
    cohort = read_cohort(shared_file("lme4_sleepstudy.csv"), mapping=mapping, outcomes=[reaction])
    assert cohort.hash == read_cohort(sleepstudy_table, outcomes=[reaction]).hash
