"""A model as a PyMC script: the same density as the built model, and it runs where there is no ra_bayes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytensor
import pytest
from click.testing import CliRunner
from pages import SHAPE_PRIORS, page, spec
from pages import cohort as cohort_of
from pymc.model.transform.conditioning import remove_value_transforms

from ra_bayes.cli import main
from ra_bayes.cohort import Cohort, CovariateValue, read_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model import (
    ModelSpec,
    list_examples,
    list_joint_models,
    list_models,
    load_joint_model,
    load_model,
)
from ra_bayes.model.build import build
from ra_bayes.model.likelihoods import CELL
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.script import as_pymc_script
from ra_bayes.model.simulate import draw_prior, to_clinical
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.model.trajectories import TRAJECTORIES
from ra_bayes.resources import data_dir

SHAPES = tuple(TRAJECTORIES)


def shipped() -> Cohort:
    return read_cohort(data_dir() / "synthetic_cohort.csv")


def records_for(model: ModelSpec) -> Cohort:
    """The synthetic cohort; made-up records of an outcome that it does not hold."""
    cohort = shipped()
    if model.arm is not None:
        arms = ((who, ("cells", model.arm.control)[i % 2]) for i, who in enumerate(cohort.patients))
        return replace(cohort, arms=tuple(arms))
    if model.outcome.id in cohort.outcomes:
        return cohort
    of_a_kind = model.binary or model.ordinal
    middle = 1.0 if of_a_kind else round(float(model.link.inverse(model.prior("baseline_mean").numbers[0])))
    weeks = (model.reference_week / 2.0 if model.binary else 0.0, model.reference_week)
    return cohort_of([(who, week, middle) for who in "ab" for week in weeks], model)


def run(script: str) -> dict[str, Any]:
    """The names that a script defines, without sampling."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), names)
    return names


def density(model: Any) -> Any:
    """The log density of a model at values of its variables as they are: no transforms."""
    plain = remove_value_transforms(model)
    values = [plain.rvs_to_values[each] for each in plain.free_RVs]
    # One by one: a sum of many terms is more than PyTensor adds up in Python.
    function = pytensor.function(
        values, plain.logp(jacobian=False, sum=False), mode="FAST_COMPILE", on_unused_input="ignore"
    )
    names = [each.name for each in plain.free_RVs]
    return lambda point: float(sum(each.sum() for each in function(*(point[name] for name in names))))


def natural(
    model: ModelSpec, records: Grid, raw: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], float]:
    """A raw point of the built model as the script has it, and the log derivative of the one in the other."""
    at = to_clinical(model, {name: each[None] for name, each in raw.items()}, records.weeks, records.people)
    at = {name: each[0] for name, each in at.items()}
    point, log_slope = {"correlation_u": raw["correlation_u"]}, 0.0
    for prior in model.priors:
        name = prior.parameter.name
        if prior.fixed or name == "correlation":
            continue
        log_slope += np.log(prior.numbers[1] * (at[name] if prior.parameter.family == "scale" else 1.0))
        if prior.parameter.family == "proportion":
            point[f"{name}_probit"] = prior.numbers[0] + prior.numbers[1] * raw[f"{name}_z"]
        else:
            point[name] = at[name]
    point["patient_level"] = at["patient_level"]
    log_slope += at["patient_level"].size * np.log(at["baseline_sd"])
    if at["response_sd"] > 0.0:
        point["patient_response"] = at["patient_response"]
        own = at["response_sd"] * np.sqrt(1.0 - at["correlation"] ** 2)
        log_slope += at["patient_response"].size * np.log(own)
    for prefix, shape in (("", model.trajectory), ("effect_", model.arm and model.arm.trajectory)):
        steps = raw.get(f"{prefix}walk_step")
        if steps is None or shape is None:
            continue
        if shape.name == "gp":
            point[f"{prefix}first_slope"] = steps[0]
            point[f"{prefix}course_noise"] = steps[1:].reshape(-1, 2)
            continue
        scale = at[f"{prefix}walk_sd"] * np.sqrt(np.diff(records.weeks) / model.reference_week)
        point[f"{prefix}step"] = steps * scale
        log_slope += np.log(scale).sum()
    if "residual_z" in raw:
        point["residual_z"] = raw["residual_z"].reshape(records.shape)
    return point, float(log_slope)


def assert_same_density(model: ModelSpec, cohort: Cohort, within: float = 2e-6) -> None:
    records = grid(model, cohort)
    built = build(model, records, "non-centred")
    script = density(run(as_pymc_script(model, cohort))["model"])
    drawn = draw_prior(model, len(records.patients), records.weeks, 4, np.random.default_rng(3))
    if model.residuals is not None and (records.kind == CELL).any():
        drawn["residual_z"] = np.random.default_rng(4).normal(size=(4, *records.shape))
    ours = density(built)
    for k in range(4):
        raw = {name: np.asarray(each[k]) for name, each in drawn.items()}
        point, log_slope = natural(model, records, raw)
        # What the built model samples though it says nothing: fixed scales, and responses that are zero.
        idle = sum(-0.5 * raw[f"{each.parameter.name}_z"] ** 2 - _LOG for each in model.priors if each.fixed)
        if model.prior("response_sd").numbers == (0.0, 0.0):
            idle += float(model.prior("correlation").log_density(raw["correlation_u"]))
            idle += (-0.5 * raw["patient_response_z"] ** 2 - _LOG).sum()
        # PyTensor takes Beta(4.0, 4.0)'s constant in 32 bits, and log(1 - Phi) at 6 SD has six digits.
        assert script(point) + log_slope + idle == pytest.approx(ours(raw), rel=0.0, abs=within)


_LOG = 0.5 * float(np.log(2.0 * np.pi))


@pytest.mark.parametrize("name", list_models())
def test_a_shipped_page_has_the_built_models_density(name: str) -> None:
    assert_same_density(load_model(name), records_for(load_model(name)))


@pytest.mark.parametrize("name", list_examples())
def test_an_example_page_has_the_built_models_density(name: str) -> None:
    # Wide priors put records further out in the tails, where PyMC's own distributions have fewer digits.
    assert_same_density(load_model(name), records_for(load_model(name)), within=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_trajectory_has_the_built_models_density(shape: str) -> None:
    model = spec(shape)
    rows = [("a", 0, 12.0), ("a", 4, 9.0), ("a", 24, 7.0), ("b", 0, 9.0), ("b", 2, 8.0), ("b", 30, 6.0)]
    assert_same_density(model, cohort_of(rows, model))


@pytest.mark.parametrize("link", ["log", "sqrt", "logit"])
def test_records_of_every_kind_under_every_link_have_the_built_models_density(link: str) -> None:
    outcome = {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "upper": 40.0, "benefit": "decrease"}
    numbers = {"baseline_mean": {"median": 10.0, "sd": 0.5}, "walk_sd": {"median": 0.4, "sdlog": 0.5}}
    text = page(outcome=outcome, link=link, rounding=0.5, bounds="open", priors=numbers)
    model = read_spec(text, name="test")
    rows = [
        ("a", 0, 12.0), ("a", 4, 9.5, "<"), ("a", 24, 0.0),
        ("b", 0, 40.0), ("b", 4, 30.0, ">"), ("b", 24, 11.5),
    ]  # fmt: skip
    cohort = cohort_of(rows, model)
    script = as_pymc_script(model, cohort)
    assert all(f"\n{kind} = {{" in script for kind in ("below", "above", "between"))
    assert_same_density(model, cohort)


def test_heavy_tails_have_the_built_models_density() -> None:
    outcome = {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "benefit": "decrease"}
    own = {"dof": {"median": 5.0, "sdlog": 0.5}}
    model = spec("linear", outcome=outcome, likelihood="student_t", priors=own)
    rows = [("a", 0, 12.0), ("a", 4, 9.5, "<"), ("a", 24, 5.0), ("b", 0, 40.0, ">"), ("b", 24, 11.5)]
    assert_same_density(model, cohort_of(rows, model))
    rounded = spec("linear", outcome=outcome, likelihood="student_t", priors=own, rounding=0.5)
    assert_same_density(rounded, cohort_of(rows, rounded))


@pytest.mark.parametrize("likelihood", ["binomial", "beta_binomial", "negative_binomial"])
def test_counts_have_the_built_models_density(likelihood: str) -> None:
    joints = {"id": "x", "label": "X", "unit": "joints", "lower": 0.0, "upper": 28.0, "step": 1.0}
    numbers: dict[str, Any] = {
        "baseline_mean": {"median": 10.0, "sd": 0.5},
        "walk_sd": {"median": 0.4, "sdlog": 0.5},
        "residual_sd": None,
    }
    if likelihood == "beta_binomial":
        numbers["precision"] = {"median": 8.0, "sdlog": 0.5}
    if likelihood == "negative_binomial":
        numbers["overdispersion"] = {"median": 0.3, "sdlog": 0.5}
        joints["upper"] = None
    model = spec(outcome={**joints, "benefit": "decrease"}, likelihood=likelihood, priors=numbers)
    rows = [("a", 0, 12), ("a", 4, 28), ("a", 24, 0), ("b", 0, 9), ("b", 24, 11)]
    assert_same_density(model, cohort_of(rows, model))


def test_the_script_says_the_page_in_clinical_words() -> None:
    script = as_pymc_script(load_model("vas"), shipped())
    assert "# Synthetic data: no patient was measured." in script
    assert "Population mean at week 0: median" in script
    assert "_z" not in script
    assert "import ra_bayes" not in script
    made = run(script)["model"]
    assert made.named_vars_to_dims["expected"] == ("patient", "visit")
    assert list(made.coords["visit"]) == [0, 1, 4, 8, 12, 16, 24]


def test_identifiers_and_reasons_cannot_break_out_of_the_script() -> None:
    nasty = 'x\'] = 1; raise SystemExit(\'"""\\n'
    text = page(title="two\nlines", about='"""\nraise SystemExit(1)\n')
    model = read_spec(text, name="test")
    rows = [(nasty, 0, 12.0), (nasty, 24, 9.0), ("\u2028b", 0, 9.0), ("\u2028b", 24, 8.0)]
    names = run(as_pymc_script(model, cohort_of(rows, model)))
    assert set(names["patients"]) == {nasty, "\u2028b"}


@pytest.mark.parametrize("likelihood", ["cumulative_probit", "cumulative_logit"])
def test_categories_have_the_built_models_density(likelihood: str) -> None:
    outcome = {"id": "x", "label": "X", "unit": "category", "kind": "ordinal", "lower": 1, "upper": 4}
    priors: dict[str, Any] = {
        "baseline_mean": {"shares": [0.1, 0.4, 0.4, 0.1], "sd": 0.5},
        "gaps": {"sdlog": 0.4},
        "residual_sd": None,
    }
    model = spec("linear", outcome={**outcome, "benefit": "decrease"}, likelihood=likelihood, priors=priors)
    rows = [("a", 0, 1), ("a", 4, 2), ("a", 24, 4), ("b", 0, 3), ("b", 24, 2)]
    assert_same_density(model, cohort_of(rows, model))


def test_a_hurdle_has_the_built_models_density() -> None:
    outcome = {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "upper": 40.0, "positive": "no"}
    priors = {
        "baseline_mean": {"median": 10.0, "sd": 0.5},
        "zero_at": {"median": 2.0, "sd": 0.5},
        "zero_spread": {"median": 0.5, "sdlog": 0.4},
        "change": {"median": -0.4, "sd": 0.3},
    }
    model = spec(
        "linear",
        outcome={**outcome, "benefit": "decrease"},
        likelihood="hurdle",
        link="log",
        rounding=0.5,
        priors=priors,
    )
    rows = [("a", 0, 12.0), ("a", 4, 3.0, "<"), ("a", 24, 0.0), ("b", 0, 30.0, ">"), ("b", 24, 11.5)]
    assert "zeros = {" in as_pymc_script(model, cohort_of(rows, model))
    assert_same_density(model, cohort_of(rows, model))
    plain = replace(model, rounding=0.0)
    assert_same_density(plain, cohort_of([*rows[:1], *rows[2:3], *rows[4:]], plain))


@pytest.mark.parametrize("cells", [False, True])
def test_residuals_that_follow_each_other_have_the_built_models_density(cells: bool) -> None:
    own = {"autocorrelation": {"median": 0.4, "sd": 0.5}}
    model = spec("linear", residuals="ar1", autocorrelation_weeks=4, priors=own, rounding=0.5 * cells)
    rows: list[tuple[Any, ...]] = [
        ("a", 0, 12.0), ("a", 4, 9.5), ("a", 24, 5.0), ("b", 0, 9.0), ("b", 4, 10.0), ("b", 24, 11.5)
    ]  # fmt: skip
    if cells:
        rows[2], rows[4] = ("a", 24, 6.0, "<"), ("b", 4, 8.0, ">")
    assert_same_density(model, cohort_of(rows, model))


@pytest.mark.parametrize("effect", ["step", "visits", "gp", "onset"])
def test_two_arms_and_covariates_have_the_built_models_density(effect: str) -> None:
    tables = f'[arm]\ncontrol = "placebo"\neffect = "{effect}"\n'
    for name, numbers in SHAPE_PRIORS[effect].items():
        given = "\n".join(f"{key} = {value}" for key, value in numbers.items())
        tables += f'[priors.effect_{name}]\n{given}\nwhy = "a test"\n'
    for name, moves in (("age", "level"), ("dose", "change")):
        tables += (
            f'[[covariate]]\nname = "{name}"\ncentre = 2\nscale = 3\nmoves = "{moves}"\n'
            'median = 0.1\nsd = 0.5\nwhy = "a test"\n'
        )
    model = read_spec(page("visits") + "\n" + tables, name="test")
    rows = [("a", 0, 12.0), ("a", 4, 9.0), ("a", 24, 7.0), ("b", 0, 9.0), ("b", 4, 8.0), ("b", 24, 6.0)]
    people = tuple(
        CovariateValue(who, name, {"a": "3.5", "b": "1"}[who]) for who in "ab" for name in ("age", "dose")
    )
    made = replace(cohort_of(rows, model), arms=(("a", "cells"), ("b", "placebo")), covariates=people)
    assert_same_density(model, made)


def test_what_no_script_is_written_for_says_so() -> None:
    still = spec(priors={"walk_sd": {"fixed": 0.0}})
    with pytest.raises(RaBayesError, match="a mean change that is fixed at zero"):
        as_pymc_script(still, cohort_of([("a", 0, 9.0), ("a", 24, 8.0)], still))


_ALONE = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "ra_bayes":
            raise ImportError("ra_bayes is blocked")
sys.meta_path.insert(0, Blocked())
for file in sys.argv[1:]:
    names = {"__name__": "script"}
    exec(compile(open(file, encoding="utf-8").read(), file, "exec"), names)
    assert names["model"].free_RVs, file
assert not any(each.split(".")[0] == "ra_bayes" for each in sys.modules)
print("alone", len(sys.argv) - 1)
"""


def test_every_script_runs_without_ra_bayes(tmp_path: Path) -> None:
    files = []
    for name in (*list_models(), *list_examples()):
        files.append(str(tmp_path / f"{name}.py"))
        script = as_pymc_script(load_model(name), records_for(load_model(name)))
        Path(files[-1]).write_text(script, encoding="utf-8")
    for name in list_joint_models():
        files.append(str(tmp_path / f"joint_{name}.py"))
        script = as_pymc_script(load_joint_model(name), shipped(), ("vas", "sdai", "il10", "acr20"))
        Path(files[-1]).write_text(script, encoding="utf-8")
    command = [sys.executable, "-I", "-c", _ALONE, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.strip() == f"alone {len(files)}", done.stderr[-2000:]


def test_the_command_prints_the_script(tmp_path: Path) -> None:
    page_file = tmp_path / "own.toml"
    page_file.write_text(page("linear"), encoding="utf-8")
    table = tmp_path / "own.csv"
    table.write_text("patient,week,outcome,value\na,0,x,12\na,24,x,7\nb,0,x,9\nb,24,x,8\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["models", str(page_file), "--pymc", "--cohort", str(table)])
    assert done.exit_code == 0, done.output
    assert run(done.stdout)["points"] == {"a": {0: 12, 24: 7}, "b": {0: 9, 24: 8}}
    shipped_one = CliRunner().invoke(main, ["models", "il10", "--pymc"])
    assert "# Synthetic data: no patient was measured." in shipped_one.stdout
    refused = CliRunner().invoke(main, ["models", "--pymc"])
    assert refused.exit_code != 0
    assert "a script is of one model; write: ra-bayes models NAME --pymc" in refused.output
