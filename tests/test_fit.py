"""The fit: what is in its tree, one compilation for all of one structure, and the ladder of attempts."""

from __future__ import annotations

import json
import re
import signal
import sys
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pytest
import xarray as xr
from pages import cohort, spec
from scipy import stats

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError
from ra_bayes.inference import fit, sampling
from ra_bayes.model import load_model
from ra_bayes.model.build import structure
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.records import grid
from ra_bayes.resources import data_dir
from ra_bayes.tree import load, provenance, save, spec_of

# The package exports the verb under the module's name.
fit_module = sys.modules["ra_bayes.inference.fit"]

pytestmark = pytest.mark.mcmc

PARAMETERS = {"baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd"}
OF_PATIENTS = {"patient_level", "patient_response", "mean_change", "response_shape"}


@pytest.fixture(scope="module")
def six() -> Cohort:
    return read_cohort(data_dir() / "synthetic_cohort.csv")


@pytest.fixture(scope="module")
def tree(six: Cohort) -> xr.DataTree:
    """HAQ has rounding cells, open bounds and missing visits."""
    assert 0 < len(six.of("haq")) < 42
    return fit(load_model("haq"), six, seed=1, cores=2)


def test_a_good_fit_passes_the_gate(tree: xr.DataTree) -> None:
    verdict = diagnose(tree)
    assert verdict.passed, str(verdict)
    assert len(verdict.attempts) == 1


def test_groups_variables_and_dimensions(tree: xr.DataTree, six: Cohort) -> None:
    assert set(tree.children) == {
        "posterior", "prior", "posterior_predictive", "prior_predictive", "log_likelihood", "log_prior",
        "sample_stats", "observed_data", "constant_data",
    }  # fmt: skip
    for group, chains, draws in (("posterior", 4, 1000), ("prior", 1, 4000)):
        data = tree[group].to_dataset()
        assert set(data.data_vars) == PARAMETERS | {"walk_sd", "walk_step"} | OF_PATIENTS
        assert {name: data.sizes[name] for name in ("chain", "draw")} == {"chain": chains, "draw": draws}
        assert data["residual_sd"].dims == ("chain", "draw")
        assert data["patient_response"].dims == ("chain", "draw", "patient")
        assert data["mean_change"].dims == data["response_shape"].dims == ("chain", "draw", "visit")
        assert data["walk_step"].dims == ("chain", "draw", "step")
        assert tuple(data["patient"].values) == six.patients
        assert tuple(data["visit"].values) == six.weeks
    for group in ("posterior_predictive", "prior_predictive"):
        assert tree[group]["record"].dims == ("chain", "draw", "patient", "visit")
    assert set(tree["log_prior"].data_vars) == PARAMETERS | {"walk_sd", "walk_step"}
    assert {"diverging", "energy", "tree_depth", "n_steps", "acceptance_rate"} <= set(
        tree["sample_stats"].data_vars
    )


def test_the_observed_data_are_the_cohorts(tree: xr.DataTree, six: Cohort) -> None:
    observed = tree["observed_data"]["record"]
    given = {(r.patient, r.week): r.value for r in six.of("haq")}
    for patient in six.patients:
        for week in six.weeks:
            shown = float(observed.sel(patient=patient, visit=week))
            assert shown == given[patient, week] if (patient, week) in given else np.isnan(shown)


def test_log_likelihood_is_of_the_records_made_and_of_no_others(tree: xr.DataTree, six: Cohort) -> None:
    data = tree["log_likelihood"]["record"]
    assert data.sizes["observation"] == len(six.of("haq"))
    assert np.all(np.isfinite(data)) and float(data.max()) <= 0.0  # noqa: PT018  # probabilities of cells
    places = set(zip(data["patient"].values, data["visit"].values, strict=True))
    assert places == {(r.patient, r.week) for r in six.of("haq")}
    # One record, from the tree's own variables.
    post = tree["posterior"].to_dataset().sel(patient="SYN-3", visit=24.0)
    mu = post["patient_level"] + post["mean_change"] + post["patient_response"] * post["response_shape"]
    value = float(tree["observed_data"]["record"].sel(patient="SYN-3", visit=24.0))
    assert 0.0 < value < 3.0
    high, low = (stats.norm.cdf((value + half - mu) / post["residual_sd"]) for half in (0.0625, -0.0625))
    at = int(np.flatnonzero((data["patient"] == "SYN-3") & (data["visit"] == 24.0))[0])
    np.testing.assert_allclose(np.exp(data.isel(observation=at)), high - low, rtol=1e-6)


def test_predictions_and_prior_are_those_of_the_page(tree: xr.DataTree) -> None:
    prior = tree["prior"].to_dataset()
    model = load_model("haq")
    for name in (*PARAMETERS, "walk_sd"):
        each = model.prior(name)
        below = [float((prior[name] < each.quantile(p)).mean()) for p in (0.05, 0.5, 0.95)]
        np.testing.assert_allclose(below, [0.05, 0.5, 0.95], atol=4.0 * 0.5 / np.sqrt(4000))
    for group in ("posterior_predictive", "prior_predictive"):
        records = tree[group]["record"].values
        np.testing.assert_array_equal(records, np.clip(np.round(records * 8.0) / 8.0, 0.0, 3.0))
    # The data are six patients around their own levels: predictions are nearer to them than the prior's are.
    observed = tree["observed_data"]["record"]
    misses = [
        float(np.abs(tree[group]["record"] - observed).mean())
        for group in ("posterior_predictive", "prior_predictive")
    ]
    assert misses[0] < 0.5 * misses[1]


def test_provenance_says_where_the_tree_came_from(tree: xr.DataTree, six: Cohort) -> None:
    entries = provenance(tree)
    model = load_model("haq")
    numbers = {prior.parameter.name: list(prior.numbers) for prior in model.priors}
    assert entries["model"] == {"name": "haq", "hash": model.hash, "toml": model.toml, "numbers": numbers}
    assert spec_of(tree) == model
    assert entries["seed"] == 1
    assert entries["cohort"]["name"] == six.name
    assert entries["cohort"]["synthetic"] is True
    assert entries["cohort"]["hash"] == six.hash
    assert entries["cohort"]["patients"] == list(six.patients)
    (attempt,) = entries["attempts"]
    assert re.fullmatch(r"centred patient levels, .* 0.98, 1000 tuning.*: 0 divergences", attempt)
    assert {"python", "ra_bayes", "pymc", "nutpie", "numpy"} <= set(entries["versions"])
    assert all(entries["versions"].values())
    assert str(Path.home()) not in json.dumps(entries)


def test_a_fit_is_saved_and_read_back_whole(tree: xr.DataTree, tmp_path: Path) -> None:
    back = load(save(tree, tmp_path / "haq.nc"))
    assert back.identical(tree)
    assert str(diagnose(back)) == str(diagnose(tree))


def test_arviz_works_on_the_tree(tree: xr.DataTree) -> None:
    summary = az.summary(tree, var_names=["residual_sd"], ci_prob=0.9, ci_kind="eti")
    assert float(summary.loc["residual_sd", "mean"]) == pytest.approx(
        float(tree["posterior"]["residual_sd"].mean()), rel=0.01
    )
    with warnings.catch_warnings():
        # With six patients one record can weigh too much for importance sampling; ArviZ then warns.
        warnings.simplefilter("ignore", UserWarning)
        assert np.isfinite(az.loo(tree).elpd)


# ---- one compilation


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    from ra_bayes.inference import compile as compilation

    count: list[str] = []
    original = compilation.build

    def counted(*args: Any, **keys: Any) -> Any:
        count.append("built, to be compiled or for code that was kept")
        return original(*args, **keys)

    monkeypatch.setattr(compilation, "build", counted)
    return count


def quick(model: Any, made: Cohort, seed: int = 1) -> xr.DataTree:
    return fit(model, made, seed=seed, draws=200, chains=2, cores=2)


@pytest.mark.usefixtures("tree")
def test_outcomes_of_one_structure_share_one_compilation(six: Cohort, compilations: list[str]) -> None:
    for name in ("tnf_alpha", "acr20", "vas"):
        model = load_model(name)
        shared = quick(model, six)
        observed = grid(model, six).kind != MISSED
        assert shared["log_likelihood"].sizes["observation"] == observed.sum()
        # It is this outcome's posterior, not the last one's: levels are where its records are.
        level = float(shared["posterior"]["baseline_mean"].median())
        low, high = model.prior("baseline_mean").quantile(0.001), model.prior("baseline_mean").quantile(0.999)
        assert low < level < high
    assert compilations == []
    vas, linear = load_model("vas"), spec("linear")
    shape = structure(vas, grid(vas, six))
    assert shape != structure(vas, grid(vas, six), "non-centred")
    assert shape != structure(linear, grid(linear, cohort([("a", 0, 1.0), ("a", 24, 1.0)], linear)))


def test_the_same_seed_gives_the_same_draws_and_another_seed_others(six: Cohort, tree: xr.DataTree) -> None:
    assert tree.children
    model = load_model("vas")
    first, again, other = (quick(model, six, seed)["posterior"].to_dataset() for seed in (5, 5, 6))
    assert first.identical(again)
    assert not first["residual_sd"].equals(other["residual_sd"])


def test_what_is_fixed_is_not_among_the_estimates(six: Cohort, tree: xr.DataTree) -> None:
    assert tree.children
    acr20 = quick(load_model("acr20"), six)
    assert (
        set(acr20["posterior"].data_vars)
        == {"baseline_mean", "baseline_sd", "walk_sd", "walk_step"} | OF_PATIENTS
    )
    np.testing.assert_array_equal(acr20["posterior"]["patient_response"], 0.0)


def test_the_correlation_is_kept_where_patients_respond_by_a_fixed_sd(six: Cohort, tree: xr.DataTree) -> None:
    assert tree.children
    model = spec(
        outcome="vas", priors={"response_sd": {"fixed": 2.0}, "baseline_mean": {"median": 60.0, "sd": 9.0}}
    )
    assert "correlation" in quick(model, six)["posterior"].data_vars


# ---- the ladder


def trace(divergences: int, mark: float, size: tuple[int, int, int], draws: int = 150) -> Any:
    """What nutpie returns, with `mark` as every value; (patients, visits) from `size`."""
    patients, visits, chains = size
    shapes = dict.fromkeys(
        ("baseline_mean_z", "baseline_sd_z", "response_sd_z", "correlation_u", "residual_sd_z", "walk_sd_z"),
        (),
    )
    shapes |= {"walk_step": (visits - 1,), "patient_response_z": (patients,), "patient_level_c": (patients,)}
    posterior = {
        name: (
            ("chain", "draw", *(f"{name}_{k}" for k in range(len(shape)))),
            np.full((chains, draws, *shape), mark),
        )
        for name, shape in shapes.items()
    }
    diverging = np.zeros((chains, draws), dtype=bool)
    diverging.ravel()[:divergences] = True
    names = ("energy", "depth", "n_steps", "step_size", "mean_tree_accept")
    stats_of = {name: (("chain", "draw"), np.ones((chains, draws))) for name in names}
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior),
            "sample_stats": xr.Dataset({**stats_of, "diverging": (("chain", "draw"), diverging)}),
        }
    )


@pytest.mark.parametrize(
    ("divergences", "kept"),
    [((0,), 0), ((3, 0), 1), ((3, 1, 0), 2), ((5, 2, 9), 1), ((2, 2, 2), 0), ((1, 4, 3), 0)],
)
def test_attempts_go_on_until_there_are_no_divergences_and_the_best_is_kept(
    six: Cohort, monkeypatch: pytest.MonkeyPatch, divergences: tuple[int, ...], kept: int
) -> None:
    asked: list[Any] = []

    model = load_model("vas")
    records = grid(model, six)

    def sample(_ready: Any, attempt: Any, *_: Any) -> Any:
        asked.append(attempt)
        at = len(asked) - 1
        return trace(divergences[at], 0.1 * (at + 1), (*records.shape, 2))

    monkeypatch.setattr(fit_module, "compiled", lambda *_: None)
    monkeypatch.setattr(sampling, "sample_once", sample)
    result = fit(model, six, seed=1, draws=150, chains=2)
    assert len(asked) == len(divergences)
    told = provenance(result)["attempts"]
    assert [line.rsplit(": ", 1)[1] for line in told] == [
        f"{count} divergence{'' if count == 1 else 's'}" for count in divergences
    ]
    assert [line.split(" ")[0] for line in told] == ["centred", "centred", "non-centred"][: len(told)]
    # Later attempts take smaller steps and tune no less.
    assert all(a.target_accept <= b.target_accept and a.tune <= b.tune for a, b in pairwise(asked))
    mean, sd = model.prior("baseline_mean").numbers
    np.testing.assert_allclose(result["posterior"]["baseline_mean"], mean + sd * 0.1 * (kept + 1))
    assert int(result["sample_stats"]["diverging"].sum()) == divergences[kept]
    if divergences[kept]:
        assert "divergences" in {check.name for check in diagnose_stats(result)}


def diagnose_stats(result: xr.DataTree) -> list[Any]:
    """Checks that fail of a tree whose draws are all alike, hence given some life."""
    rng = np.random.default_rng(1)
    alive = result.copy(deep=True)
    for group in ("posterior", "sample_stats"):
        data = alive[group].to_dataset()
        names = data.data_vars if group == "posterior" else ["energy"]
        moved = {name: data[name] + rng.normal(size=data[name].shape) for name in names}
        alive[group] = xr.DataTree(data.assign(moved))
    return [check for check in diagnose(alive).checks if not check.passed]


def test_the_other_parametrisation_samples_the_same_posterior(
    six: Cohort, tree: xr.DataTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last rung, by itself: non-centred levels."""
    assert provenance(tree)["attempts"][0].startswith("centred")
    last = fit_module._ATTEMPTS[-1]
    assert last.levels == "non-centred"
    monkeypatch.setattr(fit_module, "_ATTEMPTS", (last,))
    other = fit(load_model("haq"), six, seed=2, draws=500, cores=2)["posterior"].to_dataset()
    same = tree["posterior"].to_dataset()
    for name in ("baseline_mean", "baseline_sd", "residual_sd", "response_sd", "walk_sd", "patient_level"):
        for method in ("mean", "sd"):
            errors = [az.mcse(each[[name]], method=method)[name] for each in (other, same)]
            values = [
                getattr(each[name], {"sd": "std"}.get(method, method))(("chain", "draw"))
                for each in (other, same)
            ]
            z = (values[0] - values[1]) / np.sqrt(errors[0] ** 2 + errors[1] ** 2)
            assert float(np.abs(z).max()) < 4.5, (name, method)


# ---- cohorts and errors


def test_a_subset_of_patients(six: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    five = six.only(patients=[each for each in six.patients if each != "SYN-4"])
    model = load_model("haq")
    assert structure(model, grid(model, five)) != structure(model, grid(model, six))
    shape = grid(model, five).shape
    monkeypatch.setattr(fit_module, "compiled", lambda *_: None)
    monkeypatch.setattr(sampling, "sample_once", lambda *_: trace(0, 0.1, (*shape, 2)))
    less = fit(model, five, seed=1, draws=150, chains=2)
    assert tuple(less["posterior"]["patient"].values) == five.patients
    assert provenance(less)["cohort"]["patients"] == list(five.patients)
    assert provenance(less)["cohort"]["hash"] != six.hash
    whole = grid(model, six)
    keep = [six.patients.index(each) for each in five.patients]
    np.testing.assert_array_equal(less["observed_data"]["record"], whole.value[keep])
    assert less["log_likelihood"].sizes["observation"] == (whole.kind[keep] != MISSED).sum()


def test_too_few_draws_or_chains_and_wrong_cohorts_are_refused(six: Cohort) -> None:
    model = load_model("vas")
    for keys in ({"draws": 99}, {"chains": 1}):
        with pytest.raises(FitError, match="the gate needs at least 100 draws in at least 2 chains"):
            fit(model, six, seed=1, **keys)
    with pytest.raises(FitError, match="needs the outcome 'x'"):
        fit(spec(), six, seed=1)
    with pytest.raises(FitError, match="reference_week 23 is not a visit"):
        fit(spec(outcome="vas", reference_week=23), six, seed=1)


def test_progress_rises_to_one(six: Cohort, tree: xr.DataTree) -> None:
    assert tree.children
    seen: list[float] = []
    fit(load_model("vas"), six, seed=1, draws=300, chains=2, cores=2, progress=seen.append)
    assert seen
    assert all(0.0 <= each <= 1.0 for each in seen)
    assert seen == sorted(seen)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing to interrupt with")
def test_an_interrupted_fit_is_none(six: Cohort, tree: xr.DataTree, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tree.children  # compiled, so that the interrupt comes while it samples
    calls = []
    started = sampling.draws_of

    def interrupted(*args: Any, **keys: Any) -> Any:
        calls.append("sampling")
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        return started(*args, **keys)

    monkeypatch.setattr(sampling, "draws_of", interrupted)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(load_model("haq"), six, seed=1, draws=200_000, chains=2, cores=2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert calls == ["sampling"]


@pytest.mark.mcmc
def test_draws_do_not_depend_on_what_was_compiled_first(six: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    from ra_bayes.inference import compile as compilation

    draws = []
    for first in ("acr20", "sdai"):
        monkeypatch.setattr(compilation, "_COMPILED", {})
        quick(load_model(first), six)
        draws.append(quick(load_model("sdai"), six)["posterior"]["mean_change"].values)
    np.testing.assert_array_equal(*draws)
