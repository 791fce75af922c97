"""``ra-bayes figures``: every figure of a results folder in a journal's formats, with its words beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from drawn import fitted
from joint_trees import prior_tree
from pages import cohort
from plans import plan
from trees import drawn_tree

from ra_bayes.cli import main
from ra_bayes.cli.figures import FORMATS, STYLES
from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.figures.draw_folder import draw_folder, draw_plan, missing
from ra_bayes.figures.gallery import GALLERY, entries
from ra_bayes.figures.journals import JOURNALS
from ra_bayes.figures.save import FORMATS as SAVED
from ra_bayes.model import load_model
from ra_bayes.results import Found, Result, save_result


def run(*words: str) -> Run:
    return CliRunner().invoke(main, ["figures", *words])


def save_fit(folder: Path, *, diverging: int = 0) -> None:
    model = load_model("vas")
    rows = [(f"P{i}", week, 60 - i - week) for i in range(3) for week in (0, 12, 24)]
    save_result(drawn_tree(model, cohort(rows, model), diverging=diverging), folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("results")
    save_fit(made)
    return made


def test_styles_and_formats_are_those_there_are() -> None:
    assert tuple(JOURNALS) == STYLES
    assert SAVED == FORMATS


def test_a_figure_is_written_in_the_journals_formats_with_its_words(folder: Path) -> None:
    foreign = folder / "figures" / "nature" / "mine.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("kept")
    done = run(str(folder), "--style", "nature", "--only", "forest")
    assert done.exit_code == 0, done.output
    names = {each.name for each in foreign.parent.iterdir()}
    assert names == {"mine.txt", "vas-forest.pdf", "vas-forest.tiff", "vas-forest.txt"}
    assert foreign.read_text() == "kept"
    words = (foreign.parent / "vas-forest.txt").read_text()
    assert words.startswith(
        "Change by patient: vas\n\nText alternative: Change in Pain (VAS) (mm) at week 24"
    )
    assert "in 3 patients, posterior median with 90% credible interval (equal-tailed)" in words
    assert "\n\nUnder the figure: Mark and line: posterior median" in words
    assert f"wrote 1 figure (pdf, tiff, txt) into {foreign.parent}" in done.output
    # Nothing of a fit's own folder is touched, so that it can be fitted again.
    assert {each.name for each in (folder / "vas").iterdir()} == {
        "posterior.nc",
        "estimands.csv",
        "gate.txt",
        "model.toml",
    }


def test_formats_dpi_folder_and_interval_are_as_asked(folder: Path, tmp_path: Path) -> None:
    done = run(
        *(str(folder), "--only", "forest", "--format", "svg", "--format", "tiff", "--dpi", "100"),
        *("--ci-prob", "0.8", "--out", str(tmp_path / "here"), "--json"),
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    (only,) = told["figures"]
    assert (only["figure"], only["of"]) == ("forest", "vas")
    assert [Path(each).suffix for each in only["files"]] == [".svg", ".tiff", ".txt"]
    assert "80% credible interval" in only["alt"]
    assert told["out"] == str(tmp_path / "here")


def test_what_is_lacking_is_told_with_what_mends_it(folder: Path) -> None:
    done = run(str(folder), "--only", "readings")
    assert done.exit_code == 2
    assert "nothing to draw; readings: needs published counts; run ra-bayes published PAGE" in done.output
    for asked, said in (
        (("--only", "pie"), "there is no figure 'pie' in the gallery; write one of trajectories, "),
        (("--model", "sdai"), "nothing of 'sdai' in it; name one of vas"),
    ):
        done = run(str(folder), *asked)
        assert done.exit_code == 2
        assert said in done.output


def test_a_fit_that_failed_its_gate_is_not_drawn(tmp_path: Path) -> None:
    save_fit(tmp_path, diverging=3)
    done = run(str(tmp_path))
    assert done.exit_code == 2
    assert "nothing to draw" in done.output
    assert not (tmp_path / "figures").exists()


def test_the_outcomes_of_a_joint_fit_are_drawn_one_by_one_and_together(tmp_path: Path) -> None:
    # Draws enough to pass the gate would take ten seconds: it is another fit's.
    passed = diagnose(fitted("vas"))
    tree, _ = prior_tree()
    found = Found({}, {}, {"both": Result(tree, passed, estimands(tree, despite_gate=True))})
    asked = {"only": ("forest", "forest-outcomes"), "formats": ("svg",)}
    made = draw_folder(found, tmp_path, tmp_path / "out", **asked)
    assert [each.files[0].name for each in made] == [
        "both-down-forest.svg",
        "both-up-forest.svg",
        "both-forest-outcomes.svg",
    ]
    words = (tmp_path / "out" / "both-forest-outcomes.txt").read_text()
    assert words.startswith("Change by outcome: both\n")
    assert "5 patients; all outcomes fitted together." in words
    assert missing(found, tmp_path, made, ("readings",)) == [
        f"readings: needs published counts; run ra-bayes published PAGE --out {tmp_path}"
    ]
    failed = Found({}, {}, {"both": Result(tree, diagnose(tree), None)})
    with pytest.raises(RaBayesError, match="nothing to draw; forest: needs a fit"):
        draw_folder(failed, tmp_path, tmp_path, only=("forest",))


def test_a_plan_is_drawn_for_a_journal_too(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["plan", "acr20_one_arm", "--style", "bmc"])
    assert told.exit_code == 2
    assert "--style: figures need a folder to go to; add --out FOLDER" in told.output
    made = draw_plan(plan(), tmp_path, style="bmc", formats=("pdf",))
    drawn = {f"acr20_one_arm-{each.name}" for each in entries("plan") if each.name != "borrowing"}
    assert {each.stem for each in tmp_path.iterdir()} == drawn
    assert {each.suffix for each in tmp_path.iterdir()} == {".pdf", ".txt"}
    # Both columns of BioMed Central, 176 mm.
    assert all(b"/MediaBox [ 0 0 498.89" in each.files[0].read_bytes() for each in made)


def test_the_list_has_every_figure_and_needs_no_folder() -> None:
    done = run("--list")
    assert done.exit_code == 0
    for each in GALLERY:
        assert f"  {each.name} " in done.output
        assert each.shows in done.output
    assert [each["figure"] for each in json.loads(run("--list", "--json").stdout)] == [
        each.name for each in GALLERY
    ]
    done = run()
    assert done.exit_code == 2
    assert "which results? write ra-bayes figures FOLDER" in done.output
