"""A mapping: every wrong key told at once, every right one does what it says, what is written reads back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layouts import accounted, problems_of, read

from ra_bayes.cohort import overview_text, read_cohort
from ra_bayes.cohort.fix_template import fix_template
from ra_bayes.cohort.mapping import LAYOUTS, AssayLimit, Column, Dates, LeaveOut, TableMapping
from ra_bayes.cohort.mapping_reader import load_mapping, read_mapping
from ra_bayes.cohort.mapping_writer import write_mapping
from ra_bayes.errors import RaBayesError, SpecError
from ra_bayes.outcome import Outcome

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(str.strip).filter(bool)
texts = texts.filter(lambda text: text not in ("?", "leave out"))
weeks = st.integers(0, 200).map(float) | st.floats(0, 1e4, allow_nan=False)
columns = st.builds(
    Column,
    outcome=texts,
    unit=texts | st.just(""),
    unit_column=st.just(""),
    visit=st.just(""),
    lower_limit_column=st.just(""),
    week=weeks | st.none(),
    lower_limit=st.sampled_from(["", "0.5", "12"]),
    upper_limit=st.sampled_from(["", "200"]),
    upper_limit_column=st.just(""),
    answers=st.dictionaries(texts, st.sampled_from(["0", "1", "2.5"]), max_size=3).map(
        lambda each: (*each.items(),)
    ),
) | st.just(Column(""))
limits = st.builds(
    AssayLimit,
    outcome=texts,
    batch=texts | st.just(""),
    lower=st.sampled_from(["0.5", "12"]),
    upper=st.sampled_from(["", "200"]),
    unit=texts | st.just(""),
)
outcomes = st.builds(
    Outcome,
    id=texts,
    label=texts,
    unit=texts,
    lower=st.just(0.0),
    upper=st.just(10.0),
    benefit=st.sampled_from(["decrease", "increase", None]),
    source=texts,
    step=st.sampled_from([None, 0.5]),
    positive=st.booleans(),
)
mappings = st.builds(
    TableMapping,
    layout=st.sampled_from(["", *LAYOUTS]),
    patient=texts | st.just(""),
    visit_unit=st.sampled_from(["labels", "weeks", "days", "months"]),
    week=weeks | st.none(),
    synthetic=st.sampled_from([None, True, False]),
    missing=st.lists(texts, max_size=3, unique=True).map(tuple),
    decimal_mark=st.sampled_from(["both", ",", "."]),
    visits=st.dictionaries(texts, weeks | st.none(), max_size=4),
    columns=st.dictionaries(texts, columns, max_size=4),
    parameters=st.dictionaries(texts, columns, max_size=2),
    below=st.sampled_from([(), ("n.d.", "not detected")]),
    batch=texts | st.just(""),
    limits=st.lists(limits, max_size=3, unique_by=lambda each: each[:2]).map(tuple),
    units=st.dictionaries(texts, st.dictionaries(texts, st.floats(1e-6, 1e6), min_size=1), max_size=2),
    arms=st.dictionaries(texts, texts, max_size=3),
    dates=st.none() | st.builds(Dates, texts, texts, st.just("d.m.Y"), st.just((0.0, 4.0)), st.just(5.0)),
    leave_out=st.lists(st.builds(LeaveOut, texts, st.integers(2, 99), texts, texts), max_size=2).map(tuple),
    outcomes=st.lists(outcomes, max_size=2).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(mapping=mappings)
def test_what_is_written_reads_back(mapping: TableMapping) -> None:
    assert read_mapping(write_mapping(mapping, source="a\nb\x7f.csv")) == mapping


WRONG = {
    "schema": ("schema = 2", "schema", "is not 1"),
    "unknown key": ("patients = 'ID'", "patients", "is not a known key; did you mean 'patient'?"),
    "layout": ("layout = 'wide'", "layout", "is not known"),
    "visit unit": ("visit_unit = 'week'", "visit_unit", "did you mean 'weeks'?"),
    "decimal mark": ("decimal_mark = ';'", "decimal_mark", "write one of both, ., ,"),
    "missing code": ("missing = [-99]", "missing", "is not a list of texts"),
    "week": ("week = -4", "week", "must be at least 0"),
    "open visit": ("visits.V2 = '?'", "visits.V2", "is not known yet"),
    "visit in words": ("visits.V2 = 'four'", "visits.V2", "is not a week"),
    "open column": ("columns.x = '?'", "columns.x", "is not known yet"),
    "open outcome": ("columns.x = { outcome = '?' }", "columns.x.outcome", "is not known yet"),
    "column of a number": ("columns.x = 4", "columns.x", "is no outcome"),
    "column's key": ("columns.x = { outcome = 'crp', units = 'g' }", "columns.x.units", "mean 'unit'?"),
    "two units": ("columns.x = { outcome = 'crp', unit = 'g', unit_column = 'u' }", "columns.x.unit_", "bes"),
    "week and visit": ("columns.x = { outcome = 'crp', week = 0, visit = 'V' }", "columns.x.visit", "beside"),
    "answer": ("columns.x = { outcome = 'haq', answers = { N = '0' } }", "columns.x.answers.N", "not a num"),
    "date format": ("dates = { column = 'd', format = 'dmy' }", "dates.format", "is not known"),
    "no date column": ("dates = { first_infusion = 'd' }", "dates.column", "is missing"),
    "open infusion": ("dates = { column = 'd', first_infusion = '?' }", "dates.first_infusion", "not known"),
    "window alone": ("dates = { column = 'd', window_days = 3 }", "dates.window_days", "without weeks"),
    "falling weeks": ("dates = { column = 'd', weeks = [4, 0] }", "dates.weeks", "does not rise"),
    "no reason": ("[[leave_out]]\nrow = 3", "leave_out.1.why", "is missing"),
    "no row": ("[[leave_out]]\nwhy = 'x'", "leave_out.1", "says no row"),
    "outcome": ("[[outcomes]]\nid = 'x'\nlabel = 'X'", "outcomes.1.unit", "is missing"),
    "not a table": ("visits = 4", "visits", "is not a table"),
}  # fmt: skip


@pytest.mark.parametrize(("page", "key", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_key_is_told(page: str, key: str, says: str) -> None:
    schema = "" if "schema" in page else "schema = 1\n"
    with pytest.raises(SpecError) as caught:
        read_mapping(schema + page, "mapping.toml")
    assert f"key {key}" in str(caught.value)
    assert says in str(caught.value)


def test_all_wrong_keys_are_told_at_once() -> None:
    page = "schema = 1\nlayout = 'wide'\nweek = 'x'\n[visits]\nV1 = '?'\n[columns]\nx = 1\n"
    with pytest.raises(SpecError) as caught:
        read_mapping(page)
    assert [problem.key for problem in caught.value.problems] == ["layout", "week", "visits.V1", "columns.x"]


def test_a_page_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(RaBayesError, match="the mapping cannot be read"):
        load_mapping(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="not TOML"):
        read_mapping("schema = ")


def test_a_column_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    mapping = '[columns]\nSDAI_total = "sdai"\n'
    (problem,) = problems_of(tmp_path, "patient,week,SDAI_totl\nA,0,5\n", mapping)
    assert problem.column == "SDAI_total"
    assert problem.mend == "did you mean 'SDAI_totl'?"


def test_an_outcome_that_is_not_known_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "patient,week,y\nA,0,5\n", 'columns.y = "fatigue"\n')
    assert "this outcome is not known" in problem.what
    assert "[[outcomes]]" in problem.mend


def test_missing_codes_arms_and_rows_left_out(tmp_path: Path) -> None:
    text = "ID,grp,visit,crp,sdai\nA,1,V1,20,5\nA,1,V2,-99,4\nB,2,V1,30,ND\nC,2,V1,1,2\nA,1,V3,3,3\n"
    mapping = """
    arm = "grp"
    missing = ["-99.0", "ND"]
    arms = { 1 = "treated", 2 = "control" }
    visits = { V1 = 0, V2 = 4, V3 = "leave out" }
    columns.crp = { outcome = "crp", unit = "mg/L" }
    columns.sdai = "sdai"
    [[leave_out]]
    patient = "C"
    why = "withdrew consent"
    """
    cohort = read(tmp_path, text, mapping)
    assert [record[:4] for record in cohort.records] == [
        ("A", 0.0, "crp", 20.0), ("B", 0.0, "crp", 30.0), ("A", 0.0, "sdai", 5.0), ("A", 4.0, "sdai", 4.0),
    ]  # fmt: skip
    assert cohort.arms == (("A", "treated"), ("B", "control"))
    assert [(each.what, each.count, each.why) for each in cohort.left_out] == [
        ("values of crp", 1, "withdrew consent (row 5)"),
        ("values of sdai", 1, "withdrew consent (row 5)"),
        ("values of crp", 1, "visit 'V3' is left out (row 6)"),
        ("values of sdai", 1, "visit 'V3' is left out (row 6)"),
        ("missing crp in 'crp'", 1, "the value is empty (row 3)"),
        ("missing sdai in 'sdai'", 1, "the value is empty (row 4)"),
    ]
    assert cohort.notes == (
        "values written '-99', read as missing: 1",
        "values written 'ND', read as missing: 1",
    )
    assert accounted(cohort) == 10


@pytest.mark.parametrize(
    ("layout", "page", "key"),
    [
        ("adam", '[columns]\nAVAL = "sdai"\n', "columns"),
        ("adam", '[dates]\ncolumn = "ADT"\nfirst_infusion = "TRTSDT"\n', "dates"),
        ("outcomes", 'measure = "sdai"\n', "measure"),
        ("redcap", 'timepoint = "x"\n', "timepoint"),
        ("long", 'layout = "long"\n[columns]\nvalue = "sdai"\n', "columns"),
    ],
)
def test_a_key_that_a_layout_does_not_read_is_refused(
    tmp_path: Path, layout: str, page: str, key: str
) -> None:
    (problem,) = problems_of(tmp_path, COVARIATES[layout], page)
    assert f"the mapping's {key} says nothing of layout {layout}" in problem.what


def test_a_first_infusion_that_is_no_column_is_told_of_a_long_table_too(tmp_path: Path) -> None:
    text = "patient,day,outcome,value\nA,2024-01-31,sdai,30\n"
    page = 'layout = "long"\n[dates]\ncolumn = "day"\nfirst_infusion = "frist"\n'
    (problem,) = problems_of(tmp_path, text, page)
    assert problem.what == "the mapping names this column, and the table has none"


def test_a_rule_that_leaves_out_nothing_is_told(tmp_path: Path) -> None:
    rule = '[[leave_out]]\npatient = "Z"\nwhy = "x"\n'
    (problem,) = problems_of(tmp_path, "patient,week,sdai\nA,0,5\n", rule)
    assert "the mapping leaves out patient Z, and there is no such value" in problem.what


@pytest.mark.parametrize(
    ("mark", "cell", "value"),
    [
        (",", "1,234", 1.234),
        (",", "12,5", 12.5),
        (",", "12.5", 12.5),
        (".", "12.5", 12.5),
        ("both", "0,125", 0.125),
    ],
)
def test_the_decimal_mark_that_is_said_is_used(tmp_path: Path, mark: str, cell: str, value: float) -> None:
    text = f"patient;week;sdai\nA;0;{cell}\n"
    cohort = read(tmp_path, text, f'decimal_mark = "{mark}"\n')
    assert cohort.records[0].value == value


@pytest.mark.parametrize(
    ("mark", "cell", "says"),
    [
        (",", "1.234", "the point could mark thousands"),
        (".", "12,5", "there is a comma, and the decimal mark is said to be the point"),
        ("both", "1,234", "the comma could mark thousands or decimals"),
        ("both", "1,234.5", "thousands are marked"),
        (",", "1.234,5", "thousands are marked"),
    ],
)
def test_thousands_are_refused(tmp_path: Path, mark: str, cell: str, says: str) -> None:
    problems = problems_of(tmp_path, f"patient;week;sdai\nA;0;{cell}\n", f'decimal_mark = "{mark}"\n')
    assert says in problems[0].what
    assert (problems[0].row, problems[0].column, problems[0].value) == (2, "sdai", cell)
    assert "write" in problems[0].mend


def test_a_long_table_with_other_names(tmp_path: Path) -> None:
    text = "subj,week,test,result,when\nA,7,CRP-hs,4.1,BL\nA,8,CRP-hs,2,V2\nA,9,weight,80,V2\n"
    mapping = """
    patient = "subj"
    visit = "when"
    outcome = "test"
    value = "result"
    visits = { BL = 0, V2 = 4 }
    parameters.CRP-hs = { outcome = "crp", unit = "mg/dL" }
    parameters.weight = "leave out"
    """
    cohort = read(tmp_path, text, mapping)
    assert [record[:4] for record in cohort.records] == [("A", 0.0, "crp", 41.0), ("A", 4.0, "crp", 20.0)]
    assert accounted(cohort) == 3
    with pytest.raises(ValueError, match="column 'when', value 'V2': which week this visit is"):
        _raise(tmp_path, text, mapping.replace(", V2 = 4", ""))


def _raise(folder: Path, text: str, mapping: str) -> None:
    raise ValueError("\n".join(map(str, problems_of(folder, text, mapping))))


def test_a_synthetic_cohort_by_its_mapping(tmp_path: Path) -> None:
    assert read(tmp_path, "patient,week,sdai\nA,0,5\n", "synthetic = true\n").synthetic


def test_the_page_to_edit_holds_what_is_open(tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    file.write_text("patient,visit,DAS28,smoker\nA,V1,5,1\nA,V2,4,1\n")
    page, doubts = fix_template(file)
    assert len(doubts) == 3
    assert '"?"' in page
    assert "# smoker = " in page
    with pytest.raises(SpecError) as caught:
        read_mapping(page)
    assert {problem.key for problem in caught.value.problems} == {"visits.V1", "visits.V2", "columns.DAS28"}
    edited = re.sub(r'V(\d) = "\?"', lambda match: f"V{match[1]} = {4 * int(match[1]) - 4}", page)
    edited = edited.replace('DAS28 = "?"', 'DAS28 = "das28_crp"')
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(edited)
    assert [record[:4] for record in read_cohort(file, mapping=mapping).of("das28_crp")] == [
        ("A", 0.0, "das28_crp", 5.0), ("A", 4.0, "das28_crp", 4.0),
    ]  # fmt: skip


COVARIATES = {
    "long": "patient,week,outcome,value,SEX,Age in years\nA,0,sdai,30,f,\nA,4,sdai,20,,54\n",
    "outcomes": "ID,week,sdai,SEX,Age in years\nA,0,30,f,54\nA,4,20,f,54\n",
    "visits": "ID,sdai_w0,sdai_w4,SEX,Age in years\nA,30,20,f,54\n",
    "two headers": "ID,Week 0,Week 4,SEX,Age in years\n,SDAI,SDAI,,\nA,30,20,f,54\n",
    # A form of demographics has rows of its own.
    "redcap": "record_id,redcap_event_name,SEX,Age in years,sdai\nA,enrolment_arm_1,f,54,\n"
    "A,baseline_arm_1,,,30\nA,week_4_arm_1,,,20\n",
    "adam": "USUBJID,PARAMCD,AVAL,AVISIT,SEX,Age in years\nA,SDAI,30,Baseline,f,54\nA,SDAI,20,Week 4,f,54\n",
}


@pytest.mark.parametrize("layout", COVARIATES)
def test_covariates_are_read_of_every_layout_under_the_names_of_the_page(tmp_path: Path, layout: str) -> None:
    page = '[covariates]\nsex = "SEX"\nage = "Age in years"\n'
    cohort = read(tmp_path, COVARIATES[layout], page)
    assert cohort.covariates == (("A", "sex", "f"), ("A", "age", "54"))
    assert [record.value for record in cohort.records] == [30, 20]
    assert not any(name in each.what for each in cohort.left_out for name in ("SEX", "Age"))
    assert "covariate age, of 1 of 1 patients" in overview_text(cohort)
    assert read_mapping(cohort.mapping).covariates == {"sex": "SEX", "age": "Age in years"}


def test_a_covariate_with_a_decimal_comma_is_the_number_it_is(tmp_path: Path) -> None:
    text = 'ID,week,sdai,age,dose\nA,0,30,"54,5","1,234"\n'
    cohort = read(tmp_path, text, '[covariates]\nage = "age"\ndose = "dose"\n')
    # What may be thousands stays as it is written; a model that wants a number refuses it.
    assert cohort.covariates == (("A", "age", "54.5"), ("A", "dose", "1,234"))


def test_a_missing_code_is_no_covariate_and_two_values_are_refused(tmp_path: Path) -> None:
    text = "ID,week,sdai,group\nA,0,30,-99\nA,4,20,1\nB,0,25,2\n"
    page = 'missing = ["-99"]\n[covariates]\ndose = "group"\n'
    assert read(tmp_path, text, page).covariates == (("A", "dose", "1"), ("B", "dose", "2"))
    (problem,) = problems_of(tmp_path, text, '[covariates]\ndose = "group"\n')
    assert problem.what == "patient 'A' has group '-99' (row 2) and '1'"


def test_a_german_sheet_is_read_by_its_names_once_its_visits_are_said(tmp_path: Path) -> None:
    file = tmp_path / "Verlauf.csv"
    file.write_text(
        "Pat.-Nr,Datum,Visite,VAS Schmerz,BKS\n1,03.04.2024,Baseline,62,31\n1,30.04.2024,V1,40,28\n"
    )
    page, doubts = fix_template(file)
    assert [each.value for each in doubts] == ["V1"]
    (tmp_path / "m.toml").write_text(page.replace('V1 = "?"', "V1 = 4"))
    cohort = read_cohort(file, mapping=tmp_path / "m.toml")
    assert [record[:4] for record in cohort.of("vas")] == [("1", 0.0, "vas", 62.0), ("1", 4.0, "vas", 40.0)]
    assert cohort.outcomes == ("vas", "esr")


def test_a_sheet_with_dates_only_is_given_what_it_takes(tmp_path: Path) -> None:
    file = tmp_path / "dates.csv"
    file.write_text("Patient,Datum,SDAI\n1,03.04.2024,32\n1,30.04.2024,24\n")
    page, (doubt,) = fix_template(file)
    assert "first_infusion" in doubt.mend
    page = page.replace('first_infusion = "?"', 'first_infusion = "first date"')
    page = page.replace(
        "# weeks = [0, 4, 8, 12]\n# window_days = 7", "weeks = [0, 4, 8, 12]\nwindow_days = 7"
    )
    (tmp_path / "m.toml").write_text(page)
    assert read_cohort(file, mapping=tmp_path / "m.toml").weeks == (0.0, 4.0)


def test_entries_of_the_outcome_column_are_listed_with_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("patient,week,outcome,value\nA,0,CRP mg/dL,12\nA,0,Mood,3\nA,0,sdai,30\n")
    page, doubts = fix_template(tmp_path / "t.csv")
    assert [(doubt.row, doubt.value) for doubt in doubts] == [(3, "Mood")]
    assert "# - row 3, column 'outcome', value 'Mood': this outcome is not known" in page
    assert '"CRP mg/dL" = { outcome = "crp", unit = "mg/dL" }' in page.splitlines()
    assert 'Mood = "?"' in page.splitlines()
    # A sheet whose rows name the outcome is read with what its entries surely are.
    cohort = read(tmp_path, "patient,parameter,BL,W4\nA,CRP mg/dL,2,1\nA,HAQ-DI,1,0.5\n")
    assert [(record.outcome, record.value) for record in cohort.records] == [
        ("crp", 20), ("crp", 10), ("haq", 1), ("haq", 0.5),
    ]  # fmt: skip
