"""An empty sheet says what to write, takes nothing else, and reads back as it was filled."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from ra_bayes.cli.group import main
from ra_bayes.cli.template import template as command
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.template import CORE, template, write_template
from ra_bayes.errors import CohortError, RaBayesError
from ra_bayes.outcomes import OUTCOMES

FILLED = {
    "tjc28": "12",
    "sjc28": "8",
    "vas": "61.5",
    "haq": "1.25",
    "crp": "<0.5",
    "acr20": "yes",
    "esr": "30",
}


def filled(path: Path) -> Path:
    """Fill every cell of a workbook; the codes of patients keep their zeros."""
    book = openpyxl.load_workbook(path)
    data = book["data"]
    names = [cell.value for cell in data[1]]
    for row in data.iter_rows(min_row=2):
        row[0].value = f"0{row[0].value[1:]}"
        for name, cell in zip(names[2:], row[2:], strict=True):
            text = FILLED.get(name.split(" ")[0], "")
            cell.value = float(text) if text.replace(".", "").isdigit() else text or None
    data.cell(2, len(names)).value = "yes"
    book.save(path)
    return path


def test_a_filled_workbook_reads_back(tmp_path: Path) -> None:
    sheet = template([*CORE, "acr20"], weeks=[0, 4], patients=3)
    (file,) = write_template(sheet, tmp_path / "clinic.xlsx")
    cohort = read_cohort(filled(file))
    assert cohort.patients == ("01", "02", "03")
    assert cohort.weeks == (0.0, 4.0)
    computed = {each.outcome for each in cohort.computed}
    assert computed == {"acr50", "acr70"}
    assert {each.outcome: each.value for each in cohort.records if each.outcome not in computed} == {
        "tjc28": 12.0, "sjc28": 8.0, "vas": 61.5, "haq": 1.25, "crp": 0.5, "acr20": 1.0, "esr": 30.0,
    }  # fmt: skip
    assert {each.limit for each in cohort.of("crp")} == {"<"}
    assert [tuple(each) for each in cohort.infusions] == [("01", 0.0)]


def test_a_filled_csv_reads_back(tmp_path: Path) -> None:
    file, notes = write_template(template(["sdai"], weeks=[0, 12], patients=2), tmp_path / "clinic.csv")
    assert (
        "sdai (points): SDAI. A number from 0 to 176; leave it empty if it is missing." in notes.read_text()
    )
    lines = file.read_text().splitlines()
    text = "\n".join([lines[0], *(line.replace(",,", ",20,") for line in lines[1:])])
    file.write_text(text)
    assert len(read_cohort(file).records) == 4


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_every_outcome_s_template_is_recognised_without_a_mapping(
    tmp_path: Path, outcome: str, ending: str
) -> None:
    file, *_ = write_template(template([outcome], patients=1), tmp_path / f"clinic.{ending}")
    with pytest.raises(CohortError, match="no row holds a measured value"):
        read_cohort(file)


def test_a_workbook_takes_only_what_can_be_a_record(tmp_path: Path) -> None:
    (file,) = write_template(template(["tjc28", "vas", "acr20", "crp"], patients=2), tmp_path / "clinic.xlsx")
    book = openpyxl.load_workbook(file)
    rules = {str(rule.sqref): rule for rule in book["data"].data_validations.dataValidation}
    assert rules["C2:C11"].type == "whole"
    assert (rules["C2:C11"].formula1, rules["C2:C11"].formula2) == ("0", "28")
    assert rules["D2:D11"].type == "decimal"
    assert rules["E2:E11"].formula1 == '"yes,no"'
    assert "<0.5" in rules["F2:F11"].prompt
    assert all(len(rule.prompt) <= 255 for rule in rules.values())
    names = [row[0].value for row in book["how to fill it"].iter_rows(min_row=2)]
    assert names == [cell.value for cell in book["data"][1]]


WRONG = {
    "unknown outcome": (["--outcome", "sdia"], "did you mean 'sdai'"),
    "twice": (["--outcome", "sdai", "--outcome", "sdai"], "named once each"),
    "no baseline": (["--weeks", "4,12"], "rise from 0"),
    "falling": (["--weeks", "0,12,4"], "rise from 0"),
    "words": (["--weeks", "baseline"], "these are not weeks"),
    "nobody": (["--patients", "0"], "a template has 1 to 2000 patients"),
    "too many": (["--patients", "100000"], "a template has 1 to 2000 patients"),
    "another ending": (["--format", "csv"], "the ending is not .csv"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_a_template_is_refused(tmp_path: Path, arguments: list[str], says: str) -> None:
    with pytest.raises(RaBayesError) as caught:
        CliRunner().invoke(
            command,
            ["--out", str(tmp_path / "a.xlsx"), *arguments],
            catch_exceptions=False,
            standalone_mode=False,
        )
    assert says in str(caught.value)
    assert not (tmp_path / "a.xlsx").exists()


def test_a_sheet_that_may_be_filled_in_is_not_written_over(tmp_path: Path) -> None:
    sheet = template(["sdai"])
    write_template(sheet, tmp_path / "a.csv")
    with pytest.raises(RaBayesError, match="may be filled in"):
        write_template(sheet, tmp_path / "a.csv")
    with pytest.raises(RaBayesError, match=r"written as .csv or .xlsx"):
        write_template(sheet, tmp_path / "a.ods")


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "clinic"
    done = CliRunner().invoke(command, ["--out", str(out), "--format", "csv", "--outcome", "crp"])
    assert done.exit_code == 0
    assert f"ra-bayes check {out}.csv" in done.stdout
    assert (tmp_path / "clinic-notes.txt").is_file()


SHEET = "patient,visit,DAS28,smoker\nA,V1,5,1\nA,V2,4,1\n"


def test_check_writes_the_mapping_to_edit_and_reads_it(tmp_path: Path) -> None:
    file, page = tmp_path / "sheet.csv", tmp_path / "mapping.toml"
    file.write_text(SHEET)
    assert "--fix-template" in CliRunner().invoke(main, ["check", str(file)]).stderr
    done = CliRunner().invoke(main, ["check", str(file), "--fix-template", str(page)])
    assert done.exit_code == 0
    assert "3 to decide" in done.stdout
    also = tmp_path / "also.toml"
    told = CliRunner().invoke(main, ["check", str(file), "--fix-template", str(also), "--json"])
    data = json.loads(told.stdout)
    assert data["out"] == str(also)
    assert {each["value"] for each in data["to_decide"]} >= {"V1", "V2"}
    assert len(data["to_decide"]) == 3
    assert also.read_text() == page.read_text()
    again = CliRunner().invoke(main, ["check", str(file), "--fix-template", str(page)])
    assert again.exit_code == 2
    assert "may have been edited" in again.stderr
    open_ = CliRunner().invoke(main, ["check", str(file), "--mapping", str(page)])
    assert "key visits.V1, value '?': is not known yet" in open_.stderr
    edited = page.read_text().replace('V1 = "?"', "V1 = 0").replace('V2 = "?"', "V2 = 12")
    page.write_text(edited.replace('DAS28 = "?"', 'DAS28 = "das28_esr"'))
    read = CliRunner().invoke(main, ["check", str(file), "--mapping", str(page), "--json"])
    found = json.loads(read.stdout)
    assert found["weeks"] == [0.0, 12.0]
    assert found["pattern"]["das28_esr"] == ["xx"]
    assert 'DAS28 = "das28_esr"' in found["mapping"]


def test_check_shows_the_pattern_the_windows_and_the_mapping(tmp_path: Path) -> None:
    file, page = tmp_path / "sheet.csv", tmp_path / "mapping.toml"
    file.write_text("patient,when,sdai,crp (mg/L)\nA,2024-01-01,30,<5\nA,2024-01-30,,20\n")
    page.write_text('schema = 1\n[dates]\ncolumn = "when"\nfirst_infusion = "2024-01-01"\nweeks = [0, 4]\n')
    done = CliRunner().invoke(main, ["check", str(file), "--mapping", str(page)])
    assert done.exit_code == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["A", "x", "<x"] in lines
    assert ["A", "2024-01-30", "29", "4", "+1", "1"] in lines
    assert ["column", "=", '"when"'] in lines


def test_many_patients_are_shown_by_pattern(tmp_path: Path) -> None:
    from ra_bayes.cohort import overview_text

    file = tmp_path / "sheet.csv"
    rows = "".join(f"P{i},5,{'' if i % 3 else 4}\n" for i in range(90))
    file.write_text("patient,sdai_w0,sdai_w4\n" + rows)
    cohort: Cohort = read_cohort(file)
    assert "  60 patients  x." in overview_text(cohort).splitlines()
