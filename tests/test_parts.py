"""Every part of a model has page, equation, recovery, calibration and figure: the docs table, held true."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drawn import fit_to_print
from pages import cohort as cohort_of
from test_docs import section, text
from trees import drawn_tree

from ra_bayes.calibration import certificate_of
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.figures.drawn_from import Fit
from ra_bayes.figures.gallery import GALLERY, applying, entry
from ra_bayes.model import ModelSpec, list_examples, list_joint_models, load_joint_model, load_model
from ra_bayes.model.likelihoods import LIKELIHOODS
from ra_bayes.model.trajectories import TRAJECTORIES
from ra_bayes.resources import data_dir
from ra_bayes.results import read_result

TESTS = Path(__file__).resolve().parent
OTHERS = {'residuals = "ar1"', "[arm]", "[[covariate]]"}
JOINT = {"[priors.loading]", "[priors.patients]"}


def rows() -> dict[str, list[str]]:
    """What stands in the table beside each part: page, equation, recovery, calibration, figure."""
    lines = [
        line
        for line in section(text("model-pages.md"), "Example pages").splitlines()
        if line.startswith("| `")
    ]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {part.strip("` "): [each.strip("` ") for each in rest] for part, *rest in cells}


ROWS = rows()
OF_ONE_OUTCOME = {part: row for part, row in ROWS.items() if part not in JOINT}


def test_every_part_has_its_row_and_every_example_its_part() -> None:
    assert set(ROWS) == {*TRAJECTORIES, *LIKELIHOODS, *OTHERS, *JOINT}
    assert {row[0] for row in ROWS.values()} >= set(list_examples())


def parts_of(model: ModelSpec) -> set[str]:
    found = {model.trajectory.name, model.likelihood.name}
    found |= {model.arm.trajectory.name, "[arm]"} if model.arm else set()
    found |= {"[[covariate]]"} if model.covariates else set()
    return found | ({'residuals = "ar1"'} if model.residuals else set())


@pytest.mark.parametrize("part", OF_ONE_OUTCOME)
def test_a_part_is_on_its_page(part: str) -> None:
    assert part in parts_of(load_model(ROWS[part][0]))


def test_parts_that_tie_outcomes_are_on_their_joint_pages() -> None:
    assert {ROWS[part][0] for part in JOINT} <= set(list_joint_models())
    assert load_joint_model(ROWS["[priors.loading]"][0]).patients is None
    assert load_joint_model(ROWS["[priors.patients]"][0]).patients is not None


@pytest.mark.parametrize("part", ROWS)
def test_a_part_has_its_equation_and_its_recovery(part: str) -> None:
    _, equation, recovery, *_ = ROWS[part]
    (anchor,) = re.findall(r"\]\(methods\.md#([\w-]+)\)", equation)
    headings = re.findall(r"^## (.*)$", text("methods.md"), flags=re.MULTILINE)
    (heading,) = (
        each for each in headings if re.sub(r"[^\w ]", "", each).lower().replace(" ", "-") == anchor
    )
    if part in {*TRAJECTORIES, *LIKELIHOODS} - {"normal"}:
        assert re.search(rf"^\| [^|]*`{part}`", section(text("methods.md"), heading), flags=re.MULTILINE)
    source = (TESTS / f"{recovery}.py").read_text(encoding="utf-8")
    assert "mark.mcmc" in source
    if part in {*TRAJECTORIES, *LIKELIHOODS} and recovery != "test_recovery":
        assert f'"{part}"' in source


@pytest.mark.parametrize("part", OF_ONE_OUTCOME)
def test_a_part_is_calibrated_as_often_as_the_table_says(part: str) -> None:
    page, _, _, calibration, _ = ROWS[part]
    assert calibration == f"{certificate_of(load_model(page)).n_sim} cohorts"


def records_of(model: ModelSpec) -> Cohort:
    cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    if model.outcome.id not in cohort.outcomes:
        values = model.outcome.levels or (0, 1, 3, 7)
        places = [(i, j) for i in range(4) for j in range(3)]
        return cohort_of([(f"P{i}", 12 * j, values[-1 - (i + j) % 3]) for i, j in places], model)
    if model.arm is None:
        return cohort
    arms = tuple((who, ("cells", model.arm.control)[i % 2]) for i, who in enumerate(cohort.patients))
    return replace(cohort, arms=arms)


@pytest.mark.parametrize(
    ("page", "name"), dict.fromkeys((row[0], row[-1]) for row in OF_ONE_OUTCOME.values())
)
def test_a_part_s_figure_is_drawn_of_its_page(page: str, name: str) -> None:
    model = load_model(page)
    fit: Any = Fit(page, read_result(drawn_tree(model, records_of(model)), 0.9))
    assert entry(name) in applying(fit, "fit")
    fit_to_print(entry(name).draw(fit, 0.9))


def test_figures_of_several_outcomes_are_in_the_gallery() -> None:
    assert {ROWS[part][-1] for part in JOINT} <= {each.name for each in GALLERY}
