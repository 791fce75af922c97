"""--pseudonymise: no command that tells of patients writes or prints an identifier."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

import pytest
import xarray as xr
from click.testing import CliRunner
from few_figures import WITH_NAMES, few_figures
from named_results import MARK, contents, named_file, save_named_results
from nasty import PATIENTS, nasty_file
from trees import drawn_tree

from ra_bayes import tables
from ra_bayes.cli import main
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.key_file import read_key
from ra_bayes.errors import RaBayesError
from ra_bayes.model import ModelSpec
from ra_bayes.resources import models_dir
from ra_bayes.results.folder import find_trees
from ra_bayes.results.pseudonyms import MARK as MARKED
from ra_bayes.results.pseudonyms import is_current

# Commands that tell of no patient: counts of a look, what a paper printed, empty tables, simulated cohorts.
WITHOUT_PATIENTS = {"calibrate", "demo", "interim", "plan", "published", "template"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return named_file(tmp_path_factory.mktemp("named"))


@pytest.fixture(scope="module")
def folder(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "named"
    save_named_results(read_cohort(file), out)
    return out


def test_every_command_that_tells_of_patients_can_leave_them_out() -> None:
    able = {
        name
        for name, command in main.commands.items()
        if {"pseudonymise", "key"} <= {each.name for each in command.params}
    }
    assert able == {*main.commands} - WITHOUT_PATIENTS


def test_no_identifier_is_in_any_byte_of_what_the_commands_write(folder: Path, tmp_path: Path) -> None:
    source, copy = tmp_path / "study", tmp_path / "study-pseudonymised"
    shutil.copytree(folder, source)
    forms = [word for form in ("html", "latex", "docx", "csv") for word in ("--format", form)]
    report = ["report", "--format", "html", "--format", "docx"]
    # The report draws others that tell of patients by name.
    figures = ["figures", "--only", "waterfall", "--only", "missing-pattern", "--style", "ard"]
    for command in (["tables", *forms], report, figures):
        with few_figures(*WITH_NAMES):
            ran = CliRunner().invoke(main, [command[0], str(source), *command[1:], "--pseudonymise"])
        assert ran.exit_code == 0, ran.output
        assert MARK not in ran.output
    found = dict(contents(copy))
    for kind in (".html", ".tex", ".docx", ".csv", ".pdf", ".png", ".tiff", ".nc", ".txt"):
        assert any(name.endswith(kind) for name in found), kind
    assert [name for name, content in found.items() if MARK.encode() in content] == []
    # The original is as it was, and the oracle sees an identifier where there is one.
    assert any(MARK.encode() in content for _, content in contents(source))
    assert not (source / "tables").exists()


def test_key_asked_for_is_written_once_and_then_used(folder: Path, tmp_path: Path) -> None:
    source, key = tmp_path / "study", tmp_path / "key.csv"
    shutil.copytree(folder / "acr20", source / "acr20")
    command = ["tables", str(source), "--format", "csv", "--only", "patients"]
    written = []
    for _ in range(2):
        ran = CliRunner().invoke(main, [*command, "--pseudonymise", "--key", str(key)])
        assert ran.exit_code == 0, ran.output
        table = tmp_path / "study-pseudonymised" / "tables" / "acr20-patients.csv"
        written.append((key.read_bytes(), table.read_bytes()))
    assert written[0] == written[1]
    ran = CliRunner().invoke(main, [*command, "--key", str(key)])
    assert ran.exit_code == 2
    assert "--key is the key of --pseudonymise" in ran.output


def test_without_a_key_none_is_written_and_a_copy_that_is_new_enough_is_used_again(
    folder: Path, tmp_path: Path
) -> None:
    source, copy = tmp_path / "study", tmp_path / "study-pseudonymised"
    shutil.copytree(folder / "acr20", source / "acr20")
    command = ["tables", str(source), "--format", "csv", "--only", "patients", "--pseudonymise"]
    made = []
    for _ in range(2):
        assert CliRunner().invoke(main, command).exit_code == 0
        made.append((copy / MARKED).stat().st_mtime_ns)
    assert made[0] == made[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study", "study-pseudonymised"]
    # A fit that is newer than the copy is not told by an old one.
    (source / "acr20" / "posterior.nc").touch()
    assert not is_current(copy, source)


def test_fit_pseudonymise_reads_names_and_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as a whole, its sampler replaced: what it fits is already without identifiers."""
    monkeypatch.setattr("ra_bayes.inference.fit", lambda spec, cohort, **_: drawn_tree(spec, cohort))
    file, out, key = nasty_file(tmp_path), tmp_path / "out", tmp_path / "key.csv"
    ran = CliRunner().invoke(
        main, ["fit", str(file), "--model", "vas", "--out", str(out), "--pseudonymise", "--key", str(key)]
    )
    assert ran.exit_code == 0, ran.output
    assert set(read_key(key)) == set(PATIENTS)
    tree = find_trees(out)["vas"]
    assert tables.patients(tree).rows[0][0].text == "P1"
    for who in PATIENTS:
        for form in (who, repr(who)[1:-1]):
            assert not [name for name, content in contents(out) if form.encode() in content]


@pytest.mark.parametrize(
    "words",
    [("check", "FILE"), ("check", "FILE", "--json"), ("models", "il10", "--pymc", "--cohort", "FILE")],
    ids=["check", "check-json", "script"],
)
def test_what_is_printed_of_a_table_knows_no_patient(words: tuple[str, ...], file: Path) -> None:
    words = tuple(str(file) if each == "FILE" else each for each in words)
    assert MARK in CliRunner().invoke(main, words).output
    ran = CliRunner().invoke(main, [*words, "--pseudonymise"])
    assert ran.exit_code == 0, ran.output
    assert MARK not in ran.output
    assert "P6" in ran.output


def test_compare_uses_fits_made_with_the_same_key(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to where it samples again: what is compared are the fits in the folder, without identifiers."""
    fitted, compared = [], []

    def fit(spec: ModelSpec, cohort: Cohort, **_: object) -> xr.DataTree:
        fitted.append(spec.name)
        return drawn_tree(spec, cohort)

    def stop(trees: dict[str, xr.DataTree], **_: object) -> None:
        compared.extend(
            [str(each) for each in tree["posterior"]["patient"].values] for tree in trees.values()
        )
        raise RaBayesError("far enough")

    monkeypatch.setattr("ra_bayes.inference.fit", fit)
    monkeypatch.setattr(importlib.import_module("ra_bayes.comparison.compare"), "compare", stop)
    page, key = tmp_path / "calm.toml", tmp_path / "key.csv"
    page.write_text((models_dir() / "outcomes" / "il10.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for command in ("fit", "compare", "compare"):
        words = [command, str(file), "--model", "il10", "--model", str(page), "--out", str(tmp_path / "out")]
        ran = CliRunner().invoke(main, [*words, "--pseudonymise", "--key", str(key)])
        assert "far enough" in ran.output or command == "fit"
        assert MARK not in ran.output
    assert fitted == ["il10", "calm"]
    assert compared == [sorted(read_key(key).values())] * 4
