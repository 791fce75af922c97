"""ADaM datasets: every row is a record, or left out by name; what was imputed is a limit again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import shared_file
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.fix_template import fix_template
from ra_bayes.cohort.layout import to_long
from ra_bayes.cohort.layouts.adam_week import week_of_visit
from ra_bayes.cohort.mapping import Column, TableMapping
from ra_bayes.errors import CohortError
from ra_bayes.outcome import Outcome
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.sources import Problems, Table

# 1 mg/dL of bilirubin is 17.1 umol/L (molar mass 584.66 g/mol).
BILIRUBIN = Outcome(
    id="bili",
    label="Bilirubin",
    unit="mg/dL",
    lower=0.0,
    upper=None,
    benefit=None,
    source="the test",
    positive=True,
    units={"mg/dL": 1.0, "umol/L": 0.0584},
)
HEADER = [
    "USUBJID",
    "TRTA",
    "PARAMCD",
    "PARAM",
    "AVAL",
    "AVALC",
    "AVISIT",
    "ADY",
    "ABLFL",
    "ANL01FL",
    "DTYPE",
]
CRP = "C Reactive Protein (mg/L)"


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Table:
    return Table("adlb.csv", "CSV", tuple(header), [(i, list(row)) for i, row in enumerate(rows, start=2)])


def written(file: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    file.write_text(text.getvalue(), encoding="utf-8")
    return file


def row(
    value: str = "", text: str = "", visit: str = "", *, day: str = "", patient: str = "01-001", **more: str
) -> list[str]:
    cells = {
        "USUBJID": patient, "TRTA": "A", "PARAMCD": "CRP", "PARAM": CRP, "AVAL": value, "AVALC": text,
        "AVISIT": visit, "ADY": day,
    } | {key.upper(): cell for key, cell in more.items()}  # fmt: skip
    return [cells.get(name, "") for name in HEADER]


BASELINE = row("24", "", "Baseline", day="-3", ablfl="Y")


def left_out(cohort: Cohort) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in cohort.left_out:
        if each.of in ("values", "empty"):
            found[each.what] += each.count
    return dict(found)


def accounted(cohort: Cohort) -> int:
    return len(cohort.records) + sum(left_out(cohort).values())


@pytest.mark.parametrize("ending", ["csv", "xpt"])
def test_every_row_of_a_real_dataset_is_a_record_or_left_out_by_name(ending: str) -> None:
    cohort = read_cohort(shared_file(f"adlb_6subj.{ending}"), outcomes=[BILIRUBIN])
    assert accounted(cohort) == 232
    assert len(cohort.patients) == 6
    assert {arm for _, arm in cohort.arms} == {
        "Placebo",
        "Xanomeline Low Dose",
        "Xanomeline High Dose",
    }
    named = left_out(cohort)
    assert {what: named[what] for what in named if "DTYPE" in what} == {
        "derived rows of bili, DTYPE MAXIMUM": 5,
        "derived rows of bili, DTYPE MINIMUM": 5,
        "derived rows of bili, DTYPE LOV": 5,
        "derived rows of bili, DTYPE LOV, beyond a limit": 1,
    }
    assert named["rows of PLAT (Platelet (10^9/L))"] == 58


def test_below_the_limit_is_censored_at_the_converted_limit() -> None:
    cohort = read_cohort(shared_file("adlb_6subj.csv"), outcomes=[BILIRUBIN])
    below = [(each.patient, each.week, each.limit, each.row) for each in cohort.records if each.limit]
    # The file has "<3.42" in three rows; that of row 223 repeats row 222 (DTYPE LOV).
    assert below == [("01-701-1363", 24.0, "<", 187), ("01-704-1323", 4.0, "<", 222)]
    assert [each.value for each in cohort.records if each.limit] == pytest.approx([3.42 * 0.0584] * 2)
    assert cohort.limits("bili") == pytest.approx([3.42 * 0.0584])


def test_csv_and_transport_give_the_same_cohort() -> None:
    ours, theirs = (
        read_cohort(shared_file(f"adlb_6subj.{ending}"), outcomes=[BILIRUBIN], name="adlb")
        for ending in ("xpt", "csv")
    )
    # Only the file's own name differs.
    assert replace(ours, source="", mapping="") == replace(theirs, source="", mapping="")
    assert ours.hash == theirs.hash


def test_weeks_are_the_numbers_counted_by_hand() -> None:
    cohort = read_cohort(shared_file("adlb_6subj.csv"), outcomes=[BILIRUBIN])
    with shared_file("adlb_6subj.csv").open(encoding="utf-8") as file:
        expected = Counter(
            0.0 if each["ABLFL"] == "Y" else float(each["AVISIT"].removeprefix("Week "))
            for each in csv.DictReader(file)
            if each["PARAMCD"] == "BILI" and not each["DTYPE"] and not each["AVISIT"].startswith("Unsch")
            if each["ABLFL"] == "Y" or each["AVISIT"].startswith("Week")
        )
    assert Counter(each.week for each in cohort.records) == expected


@pytest.mark.parametrize(
    ("cells", "limit", "value"),
    [
        (("", "<5"), "<", 5.0),
        (("2.5", "<5"), "<", 5.0),
        (("5", "<5"), "<", 5.0),
        (("", "< 5"), "<", 5.0),
        (("200", ">200"), ">", 200.0),
        (("12.5", ""), "", 12.5),
        (("12.5", "12.5"), "", 12.5),
        (("", "12.5"), "", 12.5),
    ],
)
def test_the_reported_limit_counts_before_what_was_imputed(
    tmp_path: Path, cells: tuple[str, str], limit: str, value: float
) -> None:
    file = written(tmp_path / "adlb.csv", [BASELINE, row(*cells, "Week 4")])
    (record,) = (each for each in read_cohort(file).records if each.week == 4)
    assert (record.limit, record.value) == (limit, value)


@pytest.mark.parametrize(("text", "value"), [("<5", "2.5"), ("", "2.5")])
@pytest.mark.parametrize("kind", ["HALFLLOQ", "HLLOQ", "LLOQ/2", "Half LLOQ"])
def test_half_limits_are_limits_again(tmp_path: Path, kind: str, text: str, value: str) -> None:
    file = written(tmp_path / "adlb.csv", [BASELINE, row(value, text, "Week 4", dtype=kind)])
    cohort = read_cohort(file)
    (record,) = (each for each in cohort.records if each.week == 4)
    assert (record.limit, record.value) == ("<", 5.0)
    assert any(note.endswith(": 1") for note in cohort.notes)


def test_limits_as_pharmacokinetic_and_vaccine_datasets_have_them(tmp_path: Path) -> None:
    header = [*HEADER, "PCSTRESC", "PCLLOQ", "ALLOQ"]
    rows = [
        [*BASELINE, "24", "5", "5"],
        [*row("2.5", "", "Week 4", dtype="HALFLLOQ"), "<BLQ", "5", "5"],
        [*row("2.5", "", "Week 8", dtype="HALFLLOQ"), "<BLQ", "", ""],
        [*row("", "", "Week 12"), "<BLQ", "5", "5"],
        [*row("200", "", "Week 16", dtype="ULOQ"), "", "5", "5"],
        [*row("5", "BLQ", "Week 20"), "", "5", "5"],
    ]
    cohort = read_cohort(written(tmp_path / "adpc.csv", rows, header))
    assert [(each.limit, each.value) for each in cohort.records] == [
        ("", 24), ("<", 5), ("<", 5), ("<", 5), (">", 200), ("<", 5),
    ]  # fmt: skip


def test_a_limit_column_and_reported_results_are_used_in_their_own_unit_only(tmp_path: Path) -> None:
    header = [*HEADER, "LBSTRESC", "LBSTRESU", "LBLLOQ"]
    rows = [
        [*BASELINE, "24", "mg/L", "5"],
        [*row("2.5", "", "Week 4"), "<5", "mg/L", "5"],
        [*row("3", "", "Week 8"), "3", "mg/L", "5"],
        [*row("3", "", "Week 12"), "<0.5", "mg/dL", "0.5"],
    ]
    cohort = read_cohort(written(tmp_path / "adlb.csv", rows, header))
    assert [(each.limit, each.value) for each in cohort.records] == [("", 24), ("<", 5), ("<", 5), ("", 3)]


@pytest.mark.parametrize("derived", ["LOV", "LOCF", "AVERAGE", "MAXIMUM", "MINIMUM", "WOCF", "BOCF"])
def test_derived_rows_are_left_out_and_named(tmp_path: Path, derived: str) -> None:
    rows = [BASELINE, row("20", "", "Week 4"), row("20", "", "Week 8", dtype=derived)]
    cohort = read_cohort(written(tmp_path / "adlb.csv", rows))
    assert [each.week for each in cohort.records] == [0, 4]
    assert left_out(cohort) == {f"derived rows of crp, DTYPE {derived}": 1}


def test_there_is_no_day_zero(tmp_path: Path) -> None:
    header = [name for name in HEADER if name != "AVISIT"]
    at = HEADER.index("AVISIT")
    days = ["-3", "1", "8", "29"]
    rows = [row(str(i + 20), day=day, ablfl="Y" if i == 0 else "") for i, day in enumerate(days)]
    cohort = read_cohort(written(tmp_path / "a.csv", [each[:at] + each[at + 1 :] for each in rows], header))
    assert [each.week for each in cohort.records] == [0, 1, 4]
    assert left_out(cohort) == {"rows of crp": 1}
    assert "(day - 1) / 7" in cohort.notes[0]


def test_without_a_flag_the_last_record_up_to_day_one_is_baseline(tmp_path: Path) -> None:
    rows = [row("30", day="-14"), row("24", day="1"), row("20", day="15")]
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    assert [(each.week, each.value) for each in cohort.records] == [(0, 24), (2, 20)]


def test_dates_count_from_the_baseline_record(tmp_path: Path) -> None:
    header = ["USUBJID", "PARAMCD", "PARAM", "AVAL", "ADT", "ABLFL"]
    rows = [["A", "CRP", CRP, "24", "2024-01-01", "Y"], ["A", "CRP", CRP, "20", "2024-01-29", ""]]
    cohort = read_cohort(written(tmp_path / "a.csv", rows, header))
    assert [each.week for each in cohort.records] == [0, 4]


@pytest.mark.parametrize(
    ("visit", "week"), [("WEEK 12", 12.0), ("Day 15", 2.0), ("VISIT 5 WEEK 8", 8.0), ("Week 4 (Day 29)", 4.0)]
)
def test_analysis_visits(tmp_path: Path, visit: str, week: float) -> None:
    rows = [BASELINE, row("20", "", "Week 1"), row("19", "", visit)]
    assert read_cohort(written(tmp_path / "a.csv", rows)).weeks[-1] == week


@pytest.mark.parametrize(
    "visit", ["", "Unscheduled 5.1", "End of Treatment", "Screening", "Post-Baseline", "Week 8 (LOCF)"]
)
def test_what_is_no_planned_visit_is_left_out_and_named(tmp_path: Path, visit: str) -> None:
    rows = [BASELINE, row("20", "", "Week 4"), row("19", "", visit)]
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    assert (cohort.weeks, left_out(cohort)) == ((0, 4), {"rows of crp": 1})


@pytest.mark.parametrize("visit", ["Month 3", "3 Months", "Visit 3"])
def test_a_planned_visit_without_a_week_is_asked_for(tmp_path: Path, visit: str) -> None:
    rows = [BASELINE, row("20", "", "Week 4"), row("19", "", visit)]
    file = written(tmp_path / "a.csv", rows)
    with pytest.raises(CohortError, match=rf"row 4, column 'AVISIT', value '{visit}'.*\[visits\]"):
        read_cohort(file)


@pytest.mark.parametrize(("visit", "week"), [("Baseline (Day 1)", 0.0), ("Post-Baseline - Last", None)])
def test_a_baseline_with_its_day_is_week_0(visit: str, week: float | None) -> None:
    assert week_of_visit(visit, {}).week == week


def test_one_of_several_records_of_a_visit_is_the_analysed_one(tmp_path: Path) -> None:
    rows = [
        BASELINE, row("25", "", "Baseline", day="-9"),
        row("20", "", "Week 4", anl01fl="Y"), row("22", "", "Week 4"),
    ]  # fmt: skip
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    assert [each.value for each in cohort.records] == [24, 20]
    assert accounted(cohort) == 4
    rows[2] = row("20", "", "Week 4")
    with pytest.raises(CohortError, match="has crp in week 4 twice, rows 4 and 5; keep one"):
        read_cohort(written(tmp_path / "a.csv", rows))


def test_timepoints_of_one_visit_are_told_once(tmp_path: Path) -> None:
    rows = [[*BASELINE, "SUPINE"], [*BASELINE, "STANDING"], [*row("20", "", "Week 4"), "SUPINE"]]
    file = written(tmp_path / "a.csv", rows, [*HEADER, "ATPT"])
    with pytest.raises(
        CohortError, match="crp at 2 timepoints of week 0: 'STANDING', 'SUPINE'; say"
    ) as caught:
        read_cohort(file)
    assert len(caught.value.problems) == 1
    (doubt,) = fix_template(file)[1]
    assert doubt == caught.value.problems[0]


def test_the_timepoint_that_is_said_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    rows = [[*BASELINE, "SUPINE", "1"], [*BASELINE, "STANDING", "2"], [*row("20", "", "Week 4"), "", ""]]
    file = written(tmp_path / "a.csv", rows, [*HEADER, "ATPT", "ATPTN"])
    page = tmp_path / "mapping.toml"
    page.write_text('schema = 1\ntimepoint = "standing"\n')
    cohort = read_cohort(file, mapping=page)
    assert [(each.week, each.row) for each in cohort.records] == [(0, 3), (4, 4)]
    assert left_out(cohort) == {"rows of crp": 1}
    assert any("at another timepoint, 'SUPINE'" in each.why for each in cohort.left_out)
    with pytest.raises(CohortError, match=r"no row is of the timepoint 'x' \(found: 'SUPINE', 'STANDING'\)"):
        read_cohort(file, mapping=TableMapping(timepoint="x"))
    # A dataset may have the timepoints' numbers alone.
    file = written(tmp_path / "b.csv", [[*each[:-2], each[-1]] for each in rows], [*HEADER, "ATPTN"])
    cohort = read_cohort(file, mapping=TableMapping(timepoint="1"))
    assert [each.row for each in cohort.records] == [2, 4]


def test_who_has_no_baseline_is_left_out_and_named(tmp_path: Path) -> None:
    rows = [BASELINE, row("20", "", "Week 4", patient="01-002"), row("19", "", "Week 8", patient="01-002")]
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    assert cohort.patients == ("01-001",)
    assert left_out(cohort) == {"rows of crp of patient '01-002'": 2}
    with pytest.raises(CohortError, match="nobody has a baseline value of crp, so no change can be told"):
        read_cohort(written(tmp_path / "a.csv", rows[1:]))
    # A parameter of change, beside others, has no baseline in anybody.
    rows = [BASELINE, row("3", "", "Week 4", paramcd="HAQDI", param="Change of HAQ")]
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    assert left_out(cohort) == {"rows of haq": 1}
    assert cohort.left_out[0].why == "there is no baseline value of anybody (row 3)"


def test_yes_and_no_of_a_response(tmp_path: Path) -> None:
    rows = [
        row("", "Y", "Week 4", paramcd="ACR20", param="ACR20 response"),
        row("", "N", "Week 8", paramcd="ACR20", param="ACR20 response"),
        row("1", "Y", "Week 12", paramcd="ACR20", param="ACR20 response"),
    ]
    assert [each.value for each in read_cohort(written(tmp_path / "a.csv", rows)).records] == [1, 0, 1]


def test_units_come_from_avalu_or_from_the_parameter(tmp_path: Path) -> None:
    rows = [row("2.4", "", "Baseline", ablfl="Y", param="CRP (mg/dL)"), row("11", "", "Week 4")]
    cohort = read_cohort(written(tmp_path / "a.csv", rows))
    assert [each.value for each in cohort.records] == [24, 11]
    rows[1] = row("11", "", "Week 4", param="CRP (stone/L)")
    with pytest.raises(CohortError, match="crp is not measured in this unit"):
        read_cohort(written(tmp_path / "a.csv", rows))


def test_parameters_that_are_not_known_are_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", [row("1", "", "Baseline", paramcd="XYZ", ablfl="Y")])
    with pytest.raises(CohortError, match=r"no PARAMCD is an outcome that is known \(found: XYZ\); say"):
        read_cohort(file)


def long_of(rows: Sequence[Sequence[str]], mapping: TableMapping) -> list[tuple[str, str, str]]:
    problems = Problems("adlb.csv")
    long = to_long(table(rows), OUTCOMES, problems, mapping)
    problems.raise_if_any()
    return [(line.outcome, line.unit, line.week) for line in long.lines]


def test_a_mapping_says_what_codes_and_visits_mean() -> None:
    rows = [
        row("2.4", "", "V1", paramcd="C64548", param="Protein", ablfl="Y"),
        row("2.4", "", "V2", paramcd="C64548", param="Protein"),
        row("2.4", "", "V3", paramcd="C64548", param="Protein"),
    ]
    mapping = TableMapping(
        parameters={"C64548": Column("crp", "mg/dL")}, visits={"V1": 0.0, "V2": 4.0, "V3": None}
    )
    assert long_of(rows, mapping) == [("crp", "mg/dL", "0.0"), ("crp", "mg/dL", "4.0")]


def test_a_page_makes_a_dataset_without_any_of_our_outcomes_readable(tmp_path: Path) -> None:
    page = tmp_path / "mapping.toml"
    page.write_text(
        """
        schema = 1
        [parameters]
        BILI = "bilirubin"
        ALT = "leave out"
        [[outcomes]]
        id = "bilirubin"
        label = "Bilirubin"
        unit = "umol/L"
        lower = 0.0
        positive = "yes"
        """
    )
    cohort = read_cohort(shared_file("adlb_6subj.xpt"), mapping=page)
    assert accounted(cohort) == 232
    # Reported as <0.2 mg/dL; the dataset's own unit makes it <3.42 umol/L.
    assert [(each.row, each.limit, each.value) for each in cohort.records if each.limit] == [
        (187, "<", 3.42),
        (222, "<", 3.42),
    ]


def test_names_of_variables_in_any_case_and_subjid(tmp_path: Path) -> None:
    header = [name.lower().replace("usubjid", "subjid") for name in HEADER]
    assert read_cohort(written(tmp_path / "a.csv", [BASELINE], header)).patients == ("01-001",)


def test_nothing_that_tells_the_week_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", [["A", "CRP", "5"]], ["USUBJID", "PARAMCD", "AVAL"])
    with pytest.raises(CohortError, match="nothing tells the week of a record; give AVISIT"):
        read_cohort(file)


cells = st.fixed_dictionaries(
    {
        "patient": st.sampled_from(["01-001", "01-002"]),
        "value": st.sampled_from(["", "5", "12.5", "x"]),
        "text": st.sampled_from(["", "<5", "5", "BLQ", ">200", "Y"]),
        "visit": st.sampled_from(["", "Baseline", "Week 4", "Week 8", "Unscheduled 1", "Month 3", "Day 0"]),
        "day": st.sampled_from(["", "-3", "0", "1", "29", "x"]),
        "ablfl": st.sampled_from(["", "", "Y"]),
        "anl01fl": st.sampled_from(["", "Y"]),
        "dtype": st.sampled_from(["", "", "LOV", "HALFLLOQ"]),
        "paramcd": st.sampled_from(["CRP", "CRP", "ESR", "XYZ", ""]),
    }
)


@settings(max_examples=200, deadline=None)
@given(drawn=st.lists(cells, max_size=8))
def test_each_row_is_a_line_or_left_out_never_both_and_never_neither(drawn: list[dict[str, str]]) -> None:
    made = table([row(**each) for each in drawn])
    problems = Problems("adlb.csv")
    try:
        long = to_long(made, OUTCOMES, problems, TableMapping())
    except CohortError:
        return
    rows = Counter(line.row for line in long.lines)
    assert not {number for number, count in rows.items() if count > 1}
    lost = {number for number, _ in made.rows} - {*rows}
    assert lost == long.rows_left_out
    asked = 0 if not problems else len(lost)
    named = sum(each.count for each in long.left_out if each.of == "values")
    assert len(lost) - asked <= named <= len(lost)


@settings(max_examples=100, deadline=None)
@given(drawn=st.lists(cells, max_size=8))
def test_any_dataset_is_read_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, str]]
) -> None:
    file = written(tmp_path_factory.mktemp("adam") / "a.csv", [row(**each) for each in drawn])
    try:
        cohort = read_cohort(file)
    except CohortError:
        return
    assert accounted(cohort) == len(drawn)
