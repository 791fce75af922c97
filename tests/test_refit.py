"""Re-fits: the same posterior as a fit's, masked patients as if they had never been, one compilation."""

from __future__ import annotations

import sys
from typing import Any

import arviz as az
import numpy as np
import pytest
import xarray as xr
from pages import cohort, spec
from six_by_five import PATIENTS, WEEKS, made, normal_posterior, pinned, simulated
from trees import drawn_tree

from ra_bayes.cohort import Cohort
from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError
from ra_bayes.estimand import estimands
from ra_bayes.inference import fit
from ra_bayes.inference.compile import compiled
from ra_bayes.inference.refit import records_of, refit, with_values, without
from ra_bayes.model.likelihoods import CELL, MISSED, POINT
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.simulate import draw_prior
from ra_bayes.tree import provenance, spec_of

refit_module = sys.modules["ra_bayes.inference.refit"]

FIELDS = ("value", "limit", "low", "high", "kind", "log_slope")
MAX_Z = 4.5


def same(first: Grid, second: Grid) -> bool:
    return first.patients == second.patients and all(
        np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True)
        for name in (*FIELDS, "weeks")
    )


def censored() -> tuple[Any, Cohort]:
    model = spec("linear", link="log")
    y = np.exp(np.nan_to_num(simulated(), nan=1.0) / 10.0)
    rows = [
        (PATIENTS[i], WEEKS[j], y[i, j], "<" if (i + j) % 4 == 0 and j else "")
        for i in range(6)
        for j in range(5)
        if (i, j) != (3, 3)
    ]
    return model, cohort(rows, model)


def z_scores(first: xr.DataTree, second: xr.DataTree, names: list[str]) -> np.ndarray:
    """How many Monte Carlo errors means and SDs of two independent samples are apart."""
    scores = []
    for method in ("mean", "sd"):
        found = []
        for tree in (first, second):
            data = tree["posterior"].to_dataset()[names]
            value = data.mean(("chain", "draw")) if method == "mean" else data.std(("chain", "draw"))
            found.append((value, az.mcse(data, method=method)))
        for name in names:
            gap = found[0][0][name] - found[1][0][name]
            error = np.hypot(found[0][1][name], found[1][1][name])
            scores.append(np.ravel(gap / error))
    return np.concatenate(scores)


# ---- records, without sampling


def test_a_tree_gives_back_the_records_it_was_fitted_to() -> None:
    model, given = censored()
    records = grid(model, given)
    assert {MISSED, POINT, CELL} <= set(np.unique(records.kind))
    assert same(records_of(drawn_tree(model, given)), records)


def test_a_tree_without_records_is_refused() -> None:
    model, given = censored()
    tree = drawn_tree(model, given)
    del tree["constant_data"]
    with pytest.raises(FitError, match=r"no fit of patients' records.*ra_bayes\.fit"):
        records_of(tree)


def test_masking_takes_one_patients_records_and_no_others() -> None:
    model, given = censored()
    records = grid(model, given)
    untouched = grid(model, given)
    masked = without(records, ["2"])
    assert same(records, untouched), "masking changed the grid it was given"
    assert np.all(masked.kind[2] == MISSED)
    assert np.all(np.isnan(masked.value[2]))
    others = [0, 1, 3, 4, 5]
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(masked, name)[others], getattr(records, name)[others])
    with pytest.raises(FitError, match="no patient '7' to leave out; write one of 0, 1"):
        without(records, ["7"])


def test_simulated_values_are_laid_out_as_a_cohorts_are() -> None:
    model = spec("linear", rounding=2.0, bounds="open")
    y = np.round(np.maximum(simulated(), 0.0) / 2.0) * 2.0
    records = grid(model, made(y, model))
    other = with_values(model, without(records, PATIENTS), y)
    assert same(other, records)
    with pytest.raises(FitError, match="do not fit a grid"):
        with_values(model, records, y[:5])


# ---- the ladder


def trace_of(model: Any, records: Grid, draws: int, chains: int, *, diverging: int, apart: bool) -> Any:
    """Independent prior draws; with `apart`, the chains disagree."""
    rng = np.random.default_rng(1)
    shape = chains, draws
    raw = {
        name: each.reshape(*shape, *each.shape[1:])
        for name, each in draw_prior(model, len(records.patients), records.weeks, draws * chains, rng).items()
    }
    if apart:
        raw["change_z"] = raw["change_z"] + np.arange(chains)[:, None]
    stats = dict.fromkeys(("depth", "n_steps", "step_size", "mean_tree_accept"), np.ones(shape))
    stats["energy"] = rng.normal(size=shape)
    stats["diverging"] = (np.arange(draws * chains) < diverging).reshape(shape)
    return refit_module._Trace(raw, stats)


@pytest.mark.parametrize(
    ("script", "gated", "rungs", "factors", "kept"),
    [
        # Each attempt is (divergences, chains apart); the rest follows from what failed.
        pytest.param([(0, False)], True, [0.95], [1], 0, id="good"),
        pytest.param([(3, False), (0, False)], True, [0.95, 0.98], [1, 1], 1, id="smaller-steps"),
        pytest.param([(0, True), (0, False)], True, [0.95, 0.95], [1, 2], 1, id="more-draws"),
        pytest.param([(0, True)] * 3, True, [0.95] * 3, [1, 2, 4], 2, id="never-agree"),
        pytest.param(
            [(5, False), (2, False), (4, False), (3, False)],
            True,
            [0.95, 0.98, 0.995, 0.995],
            [1] * 4,
            1,
            id="always-diverge",
        ),
        pytest.param([(0, True)], False, [0.95], [1], 0, id="ungated"),
        pytest.param([(1, True), (0, True)], False, [0.95, 0.98], [1, 1], 1, id="ungated-diverging"),
    ],
)
def test_what_fails_decides_what_is_tried_next(
    monkeypatch: pytest.MonkeyPatch,
    script: list[tuple[int, bool]],
    gated: bool,
    rungs: list[float],
    factors: list[int],
    kept: int,
) -> None:
    model = spec("linear")
    records = grid(model, made(simulated(), model))
    asked: list[dict[str, Any]] = []

    def sample(model: Any, records: Grid, sampling: dict[str, Any], *_: Any) -> Any:
        diverging, apart = script[len(asked)]
        asked.append(sampling)
        return trace_of(model, records, sampling["draws"], 4, diverging=diverging, apart=apart)

    monkeypatch.setattr(refit_module, "_sample", sample)
    tree = refit(model, records, seed=1, draws=500, gated=gated)
    assert [each["target_accept"] for each in asked] == rungs
    assert [each["draws"] for each in asked] == [500 * factor for factor in factors]
    assert int(tree["sample_stats"]["diverging"].sum()) == script[kept][0]
    assert tree["posterior"].sizes["draw"] == 500 * factors[kept]
    entries = provenance(tree)
    assert len(entries["attempts"]) == len(script)
    assert entries["sampling"]["target_accept"] == rungs[kept]
    last = asked[-1]
    assert (last["levels"] == "non-centred") == (len(script) == 4)


@pytest.mark.parametrize("wrong", [{"draws": 50}, {"chains": 1}, {"tune": 10}, {"repeat": 0}])
def test_numbers_that_make_no_fit_are_refused(wrong: dict[str, int]) -> None:
    model = spec("linear")
    with pytest.raises(FitError, match="a re-fit needs at least"):
        refit(model, grid(model, made(simulated(), model)), seed=1, **wrong)


# ---- sampled


@pytest.mark.mcmc
def test_a_refit_is_the_closed_form_whatever_prior_mask_or_repeat() -> None:
    """With every SD pinned the posterior is normal and known."""
    model, y = pinned(), simulated()
    records = grid(model, made(y, model))
    masked = y.copy()
    masked[[0, 5]] = np.nan
    tight = model.with_numbers({"change": (-3.0, 2.0 / 3.0), "baseline_mean": (10.0, 2.0 / 3.0)})
    cases = (
        (refit(model, records, seed=1, cores=2), normal_posterior(y)),
        (refit(model, without(records, ["0", "5"]), seed=2, cores=2), normal_posterior(masked)),
        (refit(tight, records, seed=3, cores=2), normal_posterior(y, prior_power=9.0)),
        (refit(model, records, seed=4, cores=2, repeat=3), normal_posterior(y, power=3.0)),
    )
    for tree, (mean, covariance) in cases:
        assert diagnose(tree).passed
        data = tree["posterior"].to_dataset()[["baseline_mean", "change"]]
        for k, name in enumerate(data.data_vars):
            for method, value, truth in (
                ("mean", data[name].mean(), mean[k]),
                ("sd", data[name].std(), covariance[k, k] ** 0.5),
            ):
                error = float(az.mcse(data, method=method)[name])
                assert abs(float(value) - truth) < MAX_Z * error, (name, method)


@pytest.mark.mcmc
def test_nothing_compiles_again_and_estimands_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model = spec("linear")
    records = grid(model, made(simulated(), model))
    refit(pinned(), records, seed=1, draws=100, tune=100, cores=2, gated=False)

    def compile_again(*_: Any, **__: Any) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("ra_bayes.inference.compile.build", compile_again)
    tree = refit(model, without(records, ["1"]), seed=5, cores=2, draws=500)
    assert spec_of(tree) == model
    table = estimands(tree, despite_gate=True)
    assert set(table.loc[table["patient"] != "", "patient"]) == set(PATIENTS) - {"1"}
    # Who is masked has a level and a response all the same: a new patient's.
    level = tree["posterior"]["patient_level"]
    own, others = (float(level.sel(patient=each).std("draw").mean()) for each in ("1", "2"))
    assert own > 1.5 * others


@pytest.mark.mcmc
def test_draws_are_read_as_nutpie_itself_reads_them() -> None:
    import nutpie

    model = spec("linear")
    records = grid(model, made(simulated(), model))
    settings = {"draws": 150, "tune": 120, "chains": 2, "target_accept": 0.9}
    found = refit_module._sample(model, records, {**settings, "levels": "centred"}, 3, 2, 1)
    own = nutpie.sample(
        compiled(model, records), seed=3, cores=2, save_warmup=False, progress_bar=False, **settings
    )
    for group, ours in (("posterior", found.draws), ("sample_stats", found.stats)):
        assert len(ours) > 5
        for name, each in ours.items():
            np.testing.assert_array_equal(each, own[group][name].values, err_msg=name)


@pytest.mark.mcmc
def test_leaving_a_patient_out_is_fitting_the_cohort_without_them() -> None:
    """The cohort of five is another structure, compiled by itself, with its own grid."""
    model = spec("linear")
    given = made(simulated(), model)
    five = given.only(patients=[each for each in PATIENTS if each != "3"])
    masked = refit(model, without(grid(model, given), ["3"]), seed=1, cores=2)
    absent = fit(model, five, seed=2, cores=2)
    assert diagnose(masked).passed
    names = ["baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd", "change"]
    assert np.abs(z_scores(masked, absent, names)).max() < MAX_Z
    kept = masked.copy()
    kept["posterior"] = masked["posterior"].to_dataset().sel(patient=list(five.patients))
    assert np.abs(z_scores(kept, absent, ["patient_level", "patient_response"])).max() < MAX_Z
