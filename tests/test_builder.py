"""A user's own PyMC builder: run only where allowed, held to its contract, then a fit as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from click.testing import CliRunner
from pages import cohort as cohort_of
from pages import page

import ra_bayes as rb
from ra_bayes.cli import main
from ra_bayes.cohort import Cohort
from ra_bayes.errors import FitError, RaBayesError, SpecError
from ra_bayes.estimand.posterior import read_posterior
from ra_bayes.inference.fit_built import build_own, builder_source, built_draws, check_records, contract
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.page import page_text
from ra_bayes.model.records import grid
from ra_bayes.model.script import as_pymc_script
from ra_bayes.model.spec_reader import read_spec

# The page's own model but for heavy tails of the patients' responses.
SOURCE = """
import numpy as np
import pymc as pm

def build(spec, records):
    prior = {each.parameter.name: each.numbers for each in spec.priors}
    shape = np.asarray(records.weeks) / spec.reference_week
    with pm.Model(coords={"patient": records.patients, "visit": records.weeks.tolist()}) as model:
        mean = pm.Normal("baseline_mean", *prior["baseline_mean"])
        sds = [
            pm.LogNormal(name, np.log(prior[name][0]), prior[name][1])
            for name in ("baseline_sd", "response_sd", "residual_sd")
        ]
        u = pm.Beta("u", 3.0, 3.0)
        pm.Deterministic("correlation", 2 * u - 1)
        change = pm.Normal("change", *prior["change"])
        course = pm.Deterministic("mean_change", change * shape, dims="visit")
        pm.Deterministic("response_shape", 0.0 * change + shape, dims="visit")
        level = pm.Normal("patient_level", mean, sds[0], dims="patient")
        z = pm.StudentT("z", nu=5, dims="patient")
        own = pm.Deterministic("patient_response", sds[1] * z, dims="patient")
        mu = level[:, None] + course[None, :] + own[:, None] * shape[None, :]
        at = np.nonzero(np.isfinite(records.value))
        pm.Normal("record", mu[at], sds[2], observed=records.value[at])
    return model
"""


def written(folder: Path, source: str = SOURCE, **keys: object) -> ModelSpec:
    (folder / "my_module.py").write_text(source, encoding="utf-8")
    text = page("linear", builder="my_module:build", **keys)  # type: ignore[arg-type]
    (folder / "own.toml").write_text(text, encoding="utf-8")
    return load_model(folder / "own.toml")


def patients(model: ModelSpec) -> Cohort:
    rng = np.random.default_rng(2)
    rows = [
        (f"p{i}", week, round(max(0.1, 10.0 + 2.0 * level - 3.0 * week / 24.0 + noise), 2))
        for i, level in enumerate(rng.normal(size=5))
        for week, noise in zip((0, 4, 12, 24), rng.normal(size=4), strict=True)
    ]
    return cohort_of(rows, model)


def made(model: ModelSpec) -> object:
    return build_own(model, grid(model, patients(model)), builder_source(model, allowed=True))


def test_nothing_runs_before_it_is_allowed(tmp_path: Path) -> None:
    model = written(tmp_path, 'open("ran", "w").close()\nraise SystemExit(3)')
    with pytest.raises(FitError, match=r"my_module.py beside its page, which is code.*--allow-builder"):
        rb.fit(model, patients(model), seed=1)
    table = tmp_path / "own.csv"
    table.write_text("patient,week,outcome,value\na,0,x,12\na,24,x,7\n", encoding="utf-8")
    command = ["fit", str(table), "--model", str(tmp_path / "own.toml"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code != 0
    assert "read it, then allow it with --allow-builder" in done.output
    assert not Path("ran").exists()


@pytest.mark.parametrize("text", ["build", "../up:build", "a.b:c", "os:system()", ""])
def test_a_builder_is_a_module_beside_the_page_and_a_function(text: str) -> None:
    with pytest.raises(SpecError, match=r'builder.*write builder = "my_module:build"'):
        read_spec(page("linear", builder=text), name="test")


def test_what_a_builder_does_itself_is_not_on_its_page() -> None:
    text = page(
        "linear", builder="m:build", residuals="ar1", autocorrelation_weeks=4, priors=_AUTOCORRELATION
    )
    with pytest.raises(SpecError, match=r"residuals.*has no place beside a builder"):
        read_spec(text, name="test")


_AUTOCORRELATION = {"autocorrelation": {"concentration": 2.0}}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SOURCE.replace("def build", "def other"), "there is no function 'build' in it; write def build"),
        ("import no_such_module", "fails when it is imported: ModuleNotFoundError: .*; mend it"),
        (SOURCE.replace("return model", "return 3"), "returns a int; return the pm.Model"),
        (SOURCE.replace("prior = {", "prior = spec.nothing = {"), "its builder my_module:build fails: "),
        (SOURCE.replace('"mean_change"', '"mean"'), r"has no 'mean_change' \(by visit\); name a variable so"),
        (SOURCE.replace('"residual_sd")', '"noise")'), "fails: KeyError"),
        (
            SOURCE.replace("0.0 * change + shape,", "0.0 * change + shape[1:],"),
            r"'response_shape' of my_module:build has the shape \(3,\), and should have \(4,\): visit; take",
        ),
    ],
)  # fmt: skip
def test_what_a_builder_gets_wrong_is_told_in_a_sentence(tmp_path: Path, source: str, said: str) -> None:
    model = written(tmp_path, source)
    with pytest.raises(RaBayesError, match=said) as told:
        made(model)
    assert "\n" not in str(told.value)


def test_a_builder_has_the_names_of_its_contract(tmp_path: Path) -> None:
    model = written(tmp_path)
    assert {"baseline_mean", "change", "residual_sd", "patient_level", "mean_change"} <= set(contract(model))
    assert made(model) is not None
    assert "built by my_module:build: how A, f, b and r come about is its own" in page_text(model)
    (tmp_path / "my_module.py").unlink()
    with pytest.raises(RaBayesError, match=r"my_module.py: the builder's module cannot be read; put"):
        builder_source(model, allowed=True)
    with pytest.raises(FitError, match="built by my_module:build, and scripts take models that a page"):
        as_pymc_script(model, patients(model))


@pytest.mark.mcmc
def test_a_builders_fit_is_read_like_any_other_and_without_its_module(tmp_path: Path) -> None:
    model = written(tmp_path)
    cohort = patients(model)
    tree = rb.fit(model, cohort, seed=1, draws=600, chains=2, cores=1, allow_builder=True)
    rb.save(tree, tmp_path / "own.nc")
    (tmp_path / "my_module.py").unlink()
    found = rb.load(tmp_path / "own.nc")
    entry = rb.provenance(found)["model"]["builder"]
    assert entry["source"] == SOURCE
    assert len(entry["sha256"]) == 64
    assert rb.diagnose(found).passed
    table = rb.estimands(found)
    # Five patients' mean fall, by the records themselves.
    records = grid(model, cohort).value
    fall = table.query("estimand == 'mean_change_of_cohort' and week == 24").iloc[0]
    assert fall["lower"] < (records[:, -1] - records[:, 0]).mean() < fall["upper"]
    assert read_posterior(found, "prior").level.shape[-1] == 5
    figure = rb.figures.trajectories(found)
    assert "5 patients" in figure.alt
    with pytest.raises(FitError, match=r"re-fits .* take models that a page describes wholly"):
        rb.sensitivity(found)


@pytest.mark.parametrize(("factor", "right"), [("1.0", True), ("2.0", False)])
def test_records_that_scatter_otherwise_are_found_out(tmp_path: Path, factor: str, right: bool) -> None:
    model = written(
        tmp_path, SOURCE.replace("mu[at], sds[2], observed", f"mu[at], {factor} * sds[2], observed")
    )
    records, own = grid(model, patients(model)), made(model)
    # Any draws will do: the two log likelihoods are compared at each.
    quickly = {"mode": "FAST_COMPILE"}
    drawn = pm.sample_prior_predictive(20, model=own, random_seed=1, compile_kwargs=quickly)
    found = drawn["prior"].to_dataset()
    values = built_draws(model, found)
    if right:
        check_records(model, records, own, found, values)
        return
    with pytest.raises(
        FitError, match=r"do not scatter as Normal\(expected, residual_sd\), expected = .*; name"
    ):
        check_records(model, records, own, found, values)
