"""Comparing models from the command line, and what is kept in the folder: fits drawn, not sampled."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner, Result
from trees import drawn_tree

from ra_bayes.cli import GATE_FAILED, main
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.resources import data_dir, models_dir
from ra_bayes.results import find_comparisons, find_results, save_result
from ra_bayes.tree import provenance, with_provenance

COHORT = data_dir() / "synthetic_cohort.csv"
FILES = {"models.csv", "patients.csv", "records.csv", "stacked_estimands.csv", "comparison.txt"}

WALK = "[priors.walk_sd]\nmedian = 10.0"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


def asked(folder: Path) -> tuple[str | Path, ...]:
    return "compare", COHORT, "--model", "sdai", "--model", folder / "calm.toml", "--out", folder / "out"


def variant(folder: Path, name: str, **changed: str) -> Path:
    """The shipped page of SDAI with some text changed, as a file."""
    text = (models_dir() / "outcomes" / "sdai.toml").read_text(encoding="utf-8")
    for before, after in changed.items():
        key = {"walk": WALK, "bounds": 'bounds = "open below"'}[before]
        assert key in text
        text = text.replace(key, after)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def drawn(model: ModelSpec, cohort: Cohort, *, diverging: int = 0, seed: int = 1) -> xr.DataTree:
    tree = drawn_tree(model, cohort, diverging=diverging, seed=seed)
    return with_provenance(
        tree,
        {
            **provenance(tree),
            "sampling": {"sampler": "independent draws", "draws": 250, "chains": 4, "tune": 0},
        },
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Result]]:
    """Fits of the shipped page and of one whose walk is calmer, compared: every re-fit is the fit itself."""
    where = tmp_path_factory.mktemp("compared")
    calm = variant(where, "calm", walk=WALK.replace("10.0", "3.0"))
    cohort = read_cohort(COHORT)
    trees = {}
    for name in ("sdai", str(calm)):
        model = load_model(name)
        trees[model.name] = drawn(model, cohort)
        save_result(trees[model.name], where / "out")
    verdict = diagnose(trees["sdai"])

    def again(model: ModelSpec, *_: Any, **__: Any) -> xr.DataTree:
        return trees[model.name]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("ra_bayes.comparison.records_left_out", "ra_bayes.trust.leave_one_out"):
            patch.setattr(importlib.import_module(name), "refit", again)
            patch.setattr(importlib.import_module(name), "diagnose", lambda _: verdict)
        yield where, run(*asked(where))


@pytest.fixture
def folder(compared: tuple[Path, Result], tmp_path: Path) -> Path:
    """A copy of that folder to write to."""
    shutil.copytree(compared[0], tmp_path / "own")
    return tmp_path / "own"


def test_a_comparison_of_fits_in_the_folder_is_told_kept_and_read_again(
    compared: tuple[Path, Result], folder: Path
) -> None:
    where, result = compared
    out = folder / "out"
    assert result.exit_code == 0, result.output
    assert "sdai: 2 models of" in result.stdout
    assert f"wrote {where / 'out' / 'comparison-sdai'}" in result.stdout
    assert "Synthetic data: no patient was measured." in " ".join(result.stdout.split())
    assert {each.name for each in (out / "comparison-sdai").iterdir()} == FILES
    stored = find_comparisons(out)["sdai"]
    text = (out / "comparison-sdai" / "comparison.txt").read_text(encoding="utf-8")
    assert text == f"{stored.comparison}\n"
    assert sum(stored.comparison.weights.values()) == pytest.approx(1.0)
    assert set(stored.stacked["estimand"]) >= {"mean_change", "patient_change"}
    assert stored.stale(find_results(out).fits) == []
    # Nothing of it is taken for a fit.
    assert set(find_results(out).fits) == {"sdai", "calm"}
    told = json.loads(run(*asked(folder), "--json").stdout)
    assert {each["model"] for each in told["models"]} == {"sdai", "calm"}
    assert told["out"] == str(out / "comparison-sdai")
    # The same fits again: the same tables.
    models = find_comparisons(out)["sdai"].comparison.models
    pd.testing.assert_frame_equal(models, stored.comparison.models)


def test_another_fit_of_a_model_makes_the_comparison_stale(folder: Path) -> None:
    out = folder / "out"
    model = load_model("sdai")
    tree = drawn(model, read_cohort(COHORT))
    save_result(with_provenance(tree, {**provenance(tree), "seed": 7}), out)
    assert find_comparisons(out)["sdai"].stale(find_results(out).fits) == ["sdai"]
    assert set(find_comparisons(out)["sdai"].stale({})) == {"sdai", "calm"}


def test_what_cannot_be_compared_is_refused_before_anything_is_fitted(folder: Path) -> None:
    out = folder / "out"
    rounded = variant(folder, "rounded", bounds='bounds = "open below"\nrounding = 0.1')
    for models, message in (
        (["sdai"], "a comparison is of two models or more; name another with --model"),
        (["sdai", "sdai"], "a comparison is of two models or more"),
        (["sdai", "vas"], "sdai is a model of sdai and vas of vas; name models of one outcome"),
        (
            ["sdai", rounded],
            "for 'rounded', whose likelihoods are not on one scale; give the model",
        ),
    ):
        result = run(
            "compare", COHORT, *(part for each in models for part in ("--model", each)), "--out", out
        )
        assert result.exit_code == 2
        assert message in result.stderr
    (out / "comparison-sdai" / "notes.txt").write_text("mine", encoding="utf-8")
    result = run(*asked(folder))
    assert result.exit_code == 2
    assert "holds notes.txt, which is no part of this result" in result.stderr


def test_a_fit_that_failed_is_named_and_nothing_is_compared(folder: Path) -> None:
    out = folder / "out"
    save_result(drawn(load_model("sdai"), read_cohort(COHORT), diverging=5), out)
    result = run(*asked(folder))
    assert result.exit_code == GATE_FAILED
    assert "not compared, the gate failed: sdai" in result.stdout
    # A program that reads the output is told as much as a person.
    result = run(*asked(folder), "--json")
    assert result.exit_code == GATE_FAILED
    assert json.loads(result.stdout) == {"out": str(out), "failed": ["sdai"]}


def test_a_comparison_that_is_no_longer_whole_says_how_to_mend_it(folder: Path) -> None:
    out = folder / "out"
    assert find_comparisons(folder) == {}
    (out / "comparison-sdai" / "records.csv").unlink()
    with pytest.raises(
        RaBayesError, match=r"records\.csv: there is no such file; write it anew with ra-bayes compare"
    ):
        find_comparisons(out)


def test_a_report_shows_what_was_compared_and_refuses_to_show_what_is_stale(
    compared: tuple[Path, Result], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(compared[0] / "out", out)
    assert run("report", out).exit_code == 0
    page = (out / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="compared-sdai"') :]
    models = pd.read_csv(out / "comparison-sdai" / "models.csv")
    assert all(f'<th scope="row">{name}</th>' in section for name in models["model"])
    assert "comparison-sdai/figures/model-comparison.pdf" in section
    assert (out / "comparison-sdai" / "figures" / "model-comparison.pdf").exists()
    save_result(drawn(load_model("sdai"), read_cohort(COHORT), seed=9), out)
    assert run("report", out).exit_code == 0
    stale = (out / "index.html").read_text(encoding="utf-8")
    assert "is of other fits than those beside it (sdai)" in stale
    assert "model-comparison.pdf" not in stale
