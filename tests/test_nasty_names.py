"""A cohort whose identifiers are markup, formulas, quotes, emoji or 300 characters, through every command.

Pages, Word and LaTeX have tests of their own (test_report_browser, test_report_document, test_table_formats,
test_script); here is the rest: what is printed, files of numbers, figures.
"""

from __future__ import annotations

import csv
import json
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from named_results import save_named_results
from nasty import LONG, PATIENTS, SCRIPT, nasty_cohort, nasty_file

from ra_bayes.cli import main
from ra_bayes.plain import guarded, plain, unguarded
from ra_bayes.results import find_comparisons, read_trust

OBEYED = {
    chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
RUN = ("=", "+", "-", "@")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder as fit, trust and compare leave it."""
    out = tmp_path_factory.mktemp("nasty")
    save_named_results(nasty_cohort(out), out / "results")
    return out / "results"


def said(*words: str | Path) -> str:
    ran = CliRunner().invoke(main, [str(each) for each in words])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_a_terminal_is_sent_no_orders_and_no_endless_line(tmp_path: Path) -> None:
    text = said("check", nasty_file(tmp_path))
    assert not OBEYED - {"\n"} & set(text)
    assert SCRIPT in text
    # The pattern leaves room for itself: only the list of patients holds the long name.
    assert [len(line) > 160 for line in text.split("\n")].count(True) == 1


def test_a_message_is_sent_no_orders(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("patient,week,outcome,value\n\x1b[31mred\x07,0,vas,much\n", encoding="utf-8")
    ran = CliRunner().invoke(main, ["check", str(path)])
    assert ran.exit_code == 2
    assert not OBEYED - {"\n"} & set(ran.output)
    assert "Traceback" not in ran.output


def test_json_gives_every_identifier_back(tmp_path: Path) -> None:
    text = said("check", nasty_file(tmp_path), "--json")
    assert json.loads(text)["patients"] == list(PATIENTS)
    assert not OBEYED - {"\n"} & set(text)


def test_no_file_of_numbers_holds_a_formula(folder: Path) -> None:
    files = sorted(folder.rglob("*.csv"))
    assert len(files) > 8
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        for cell in cells:
            number = (
                not cell or cell.lstrip("-").replace(".", "").replace("e-", "").replace("e+", "").isdigit()
            )
            assert number or cell == "-inf" or not cell.lstrip().startswith(RUN), (path, cell)


def test_what_is_read_again_knows_the_patients_by_their_names(folder: Path) -> None:
    stored = read_trust(folder, "il10")
    assert stored is not None
    assert [*stored.tables["left_out_patients"]["patient"]] == ["", *PATIENTS]
    (found,) = find_comparisons(folder).values()
    assert {*found.comparison.patients["patient"]} == set(PATIENTS)
    told = pd.read_csv(folder / "il10" / "estimands.csv", dtype={"patient": str}, keep_default_na=False)
    assert {unguarded(who) for who in told["patient"]} == {"", *PATIENTS}


@pytest.mark.parametrize("text", [*PATIENTS, "", "'", "''=1", "'P1", "=1", " =1", "\t@x", "P1", "-1", "−1"])
def test_a_guarded_text_is_given_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).lstrip().startswith(RUN)


def test_figures_are_sound_files_that_run_nothing(folder: Path, tmp_path: Path) -> None:
    told = json.loads(
        said(
            "figures",
            folder,
            "--model",
            "il10",
            "--only",
            "forest",
            "--format",
            "svg",
            "--out",
            tmp_path,
            "--json",
        )
    )
    (drawn,) = told["figures"]
    (svg,) = (Path(file) for file in drawn["files"] if file.endswith(".svg"))
    tags = {each.tag.rpartition("}")[2] for each in ET.parse(svg).getroot().iter()}
    assert "script" not in tags
    assert "foreignObject" not in tags
    assert "n = 6" in drawn["alt"] or "6 patients" in drawn["alt"]


def test_a_plain_text_is_one_that_a_terminal_only_shows() -> None:
    for char in OBEYED:
        assert not OBEYED & set(plain(f"a{char}b"))
    assert unicodedata.normalize("NFC", plain(LONG)) == LONG
