"""Tables as hospitals keep them: what their headings and labels are taken for, and what is asked."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from ra_bayes import CohortError, SpecError, fix_template, read_cohort
from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.layouts.roles import find_roles
from ra_bayes.cohort.overview import overview_text
from ra_bayes.outcomes import OUTCOMES

# An export of a laboratory: a row per result, under headings of its own; the last row is there twice.
LAB = """PatientID,Collected,Analyte,Result,Unit,Reference
100137,2024-03-12 08:47,CRP,43.7,mg/L,<5
100137,2024-03-12 08:47,Interleukin 10,<2.0,pg/ml,<9.1
100137,2024-06-04 08:02,CRP,2.1,mg/dL,<0.5
100137,2024-06-04 08:02,Creatinine,0.8,mg/dL,0.5-1.1
100137,2024-06-04 08:02,CRP,2.1,mg/dL,<0.5
"""


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def says(folder: Path, text: str, name: str = "table.csv") -> str:
    with pytest.raises(CohortError) as refused:
        read_cohort(written(folder, text, name))
    return str(refused.value)


def test_the_page_of_a_laboratorys_export_reads_it_once_its_questions_are_answered(tmp_path: Path) -> None:
    page, doubts = fix_template(written(tmp_path, LAB))
    assert "'Analyte' for outcome, 'Result' for value, 'PatientID' for patient" in doubts[0].what
    assert [doubt.value for doubt in doubts] == [None, "Creatinine", None]
    answers = {
        'Creatinine = "?"': 'Creatinine = "leave out"',
        'first_infusion = "?"': 'first_infusion = "first date"',
        "# weeks = [0, 4, 8, 12]\n# window_days = 7": "weeks = [0, 12]\nwindow_days = 7",
    }
    for asked, answer in answers.items():
        assert asked in page
        page = page.replace(asked, answer)
    cohort = read_cohort(written(tmp_path, LAB), mapping=written(tmp_path, page, "m.toml"))
    assert [(each.week, each.value) for each in cohort.of("crp")] == [(0.0, 43.7), (12.0, 21.0)]
    assert [(each.value, each.limit) for each in cohort.of("il10")] == [(2.0, "<")]
    # One line a day, not one a result: the day of week 12 has two rows of CRP, one of which is kept.
    windows = overview_text(cohort).partition("visit windows")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split() for line in windows] == [
        ["100137", "2024-03-12", "0", "0", "+0", "2"],
        ["100137", "2024-06-04", "84", "12", "+0", "1"],
    ]


@pytest.mark.parametrize("week", ["W4", "2024-02-01"])
def test_a_long_tables_weeks_in_words_are_told_how_to_be_read(tmp_path: Path, week: str) -> None:
    first = "W0" if week == "W4" else "2024-01-04"
    text = f"patient,week,outcome,value\nA,{first},sdai,30\nA,{week},sdai,20\n"
    assert "or read the column by a mapping" in says(tmp_path, text)
    page, _ = fix_template(written(tmp_path, text))
    page = page.replace('first_infusion = "?"', 'first_infusion = "first date"')
    cohort = read_cohort(written(tmp_path, text), mapping=written(tmp_path, page, "m.toml"))
    assert cohort.weeks == (0.0, 4.0)


def test_a_column_of_notes_is_no_visit_where_dates_tell_the_rows_apart(tmp_path: Path) -> None:
    text = "Patient,Date,Event,SDAI\nA,2024-01-01,infusion,30\nA,2024-01-29,,20\n"
    page, (doubt,) = fix_template(written(tmp_path, text))
    assert "'Date' says the date" in doubt.what
    assert '# Event = "?"' in page
    every = text.replace("29,,20", "29,week 4,20")
    assert 'visit = "Event"' in fix_template(written(tmp_path, every))[0]


def test_a_page_that_knows_no_patient_has_a_line_for_it(tmp_path: Path) -> None:
    page, doubts = fix_template(written(tmp_path, "Wer,sdai_w0,sdai_w4\nA,30,20\n"))
    assert "patient's identifier" in doubts[0].what
    assert 'patient = "?"' in page.splitlines()
    with pytest.raises(SpecError, match=r"patient.*is not known yet"):
        read_cohort(tmp_path / "table.csv", mapping=written(tmp_path, page, "m.toml"))


@pytest.mark.parametrize(
    ("header", "patient"),
    [(["Pat.", "SDAI"], "Pat."), (["Initialen", "SDAI"], "Initialen"), (["ID", "Initials"], "ID")],
)
def test_who_is_who_under_other_headings(header: list[str], patient: str) -> None:
    roles = find_roles(header)
    assert (roles.patient, roles.unsure) == (patient, {})


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("VAS global (mm)", ("patient_global", "physician_global")),
        ("VAS global Patient", ("patient_global",)),
        ("Arzturteil Woche 4", ("physician_global",)),
        ("druckschmerzhafte Gelenke (28)", ("tjc28",)),
        ("Geschwollene Gelenke (66)", ("sjc66",)),
    ],
)
def test_components_under_other_names(name: str, outcomes: tuple[str, ...]) -> None:
    found = names_of(OUTCOMES).read(name)
    assert (found.outcomes, found.certain) == (outcomes, len(outcomes) == 1)


def test_pain_on_a_numerical_scale_is_asked_about(tmp_path: Path) -> None:
    told = says(tmp_path, "Patient,Woche,Schmerz NRS (0-10)\n1,0,6\n1,12,4\n")
    assert "column 'Schmerz NRS (0-10)': it may be vas or another one" in told


def test_an_outcome_in_german_is_told_by_its_identifier(tmp_path: Path) -> None:
    told = says(tmp_path, "patient,week,outcome,value\n1,0,Schmerz VAS,60\n1,12,Schmerz VAS,40\n")
    assert "(in 2 rows up to row 3); write vas, or" in told


@pytest.mark.parametrize(
    ("lock", "workbook"),
    [("~$Kohorte.xlsx", "Kohorte.xlsx"), (".~lock.Kohorte.xlsx#", "Kohorte.xlsx")],
)
def test_a_lock_file_names_the_workbook_that_is_open(tmp_path: Path, lock: str, workbook: str) -> None:
    told = says(tmp_path, "Dr M\0\0", lock)
    assert f"this only says that {workbook!r} is open in another program" in told


def test_a_numbers_document_is_told_how_it_is_exported(tmp_path: Path) -> None:
    file = tmp_path / "Kohorte.numbers"
    with ZipFile(file, "w") as archive:
        archive.writestr("Index/Document.iwa", b"x")
    with pytest.raises(CohortError, match=r"Numbers document.*Export To, Excel"):
        read_cohort(file)
