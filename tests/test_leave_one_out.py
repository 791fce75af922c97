"""One patient left out: densities and predictions in closed form, PSIS of the whole fit, flips."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from normal_patient import assert_as_by_hand
from pages import cohort, page, spec
from scipy import special, stats
from six_by_five import LEVEL_SD, NOISE, PATIENTS, WEEKS, made, normal_posterior, pinned, simulated
from trees import drawn_tree

from ra_bayes.cohort import CovariateValue
from ra_bayes.diagnostics import MAX_PARETO_K
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import Posterior, read_posterior
from ra_bayes.inference import fit
from ra_bayes.inference.refit import records_of
from ra_bayes.model import load_model
from ra_bayes.model.records import grid
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.planning.rule import Criterion, Rule
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.decision import default_rule
from ra_bayes.trust.leave_one_out import LeftOut, elpd, leave_one_out
from ra_bayes.trust.patient_likelihood import log_density_of_patient
from ra_bayes.trust.predicted import predicted
from ra_bayes.trust.variants import smoothed

MAX_Z = 4.5

module = sys.modules["ra_bayes.trust.leave_one_out"]


def drawn_posterior(model: Any, given: Any) -> Posterior:
    return read_posterior(drawn_tree(model, given))


# ---- the density of a patient, without sampling


def test_points_are_jointly_normal_on_the_links_scale() -> None:
    model = spec("visits", link="log")
    y = np.exp(simulated() / 10.0)
    given = made(y, model)
    posterior, records = drawn_posterior(model, given), grid(model, given)
    found = log_density_of_patient(posterior, records, "1", np.random.default_rng(1))
    seen = ~np.isnan(y[1])
    value = y[1, seen]
    for chain, draw in ((0, 0), (1, 7), (3, 249)):
        m, s, tau, rho, sigma = (
            float(posterior.scalars[name][chain, draw])
            for name in ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
        )
        r = np.sqrt(WEEKS[seen] / 24.0)
        effects = np.array([[s**2, rho * s * tau], [rho * s * tau, tau**2]])
        x = np.column_stack([np.ones(r.size), r])
        mean = m + posterior.mean_change[chain, draw, seen]
        exact = stats.multivariate_normal.logpdf(
            np.log(value), mean, x @ effects @ x.T + sigma**2 * np.eye(r.size)
        )
        # A density on the outcome's own scale: d log(y) / dy = 1 / y.
        assert found[chain, draw] == pytest.approx(exact - np.log(value).sum(), rel=1e-9)


def test_covariates_move_what_is_expected_of_a_patient_left_out() -> None:
    """Level and change by the patient's own covariates: the joint normal density by hand, and the PITs."""
    tables = "".join(
        f'\n[[covariate]]\nname = "{name}"\nscale = 2\nmoves = "{moves}"\n'
        'median = 0.0\nsd = 1.5\nwhy = "a test"'
        for name, moves in (("age", "level"), ("dose", "change"))
    )
    model = read_spec(page("visits") + tables, name="test")
    rows = [("1", 0, 12.0), ("1", 4, 9.0), ("1", 24, 7.0), ("2", 0, 9.0), ("2", 4, 8.0), ("2", 24, 6.0)]
    own = {"age": {"1": "3", "2": "-1"}, "dose": {"1": "1", "2": "5"}}
    told = tuple(CovariateValue(who, name, value) for name, of in own.items() for who, value in of.items())
    given = replace(cohort(rows, model), covariates=told)
    tree, records = drawn_tree(model, given), grid(model, given)
    posterior = read_posterior(tree)
    found = log_density_of_patient(posterior, records, "2", np.random.default_rng(1))
    visits = predicted(tree, records, "2", 0.9, np.random.default_rng(2))
    scalars = {name: each.ravel() for name, each in posterior.scalars.items()}
    r = np.sqrt(np.array([0.0, 4.0, 24.0]) / 24.0)
    level = scalars["baseline_mean"] - 0.5 * scalars["covariate_age"]
    mean = (
        level[:, None] + posterior.mean_change.reshape(-1, 3) + 2.5 * scalars["covariate_dose"][:, None] * r
    )
    value = np.array([9.0, 8.0, 6.0])
    assert_as_by_hand(found, visits, scalars, mean, r, value)


@pytest.mark.parametrize("responses", [True, False])
def test_cells_among_points_against_quadrature(responses: bool) -> None:
    """Points, rounding cells and open ends in one patient; levels and responses on a grid of 400 x 400."""
    priors = {} if responses else {"response_sd": {"fixed": 0.0}, "correlation": None}
    model = spec("linear", priors=priors, rounding=1.0, bounds="open")
    records_of_0 = [(0, 9.0), (4, 7.0, ">"), (8, 8.0), (16, 5.0, "<"), (24, 0.0)]
    rows = [*(("0", *each) for each in records_of_0), ("1", 0, 9.0)]
    given = cohort(rows, model)
    posterior, records = drawn_posterior(model, given), grid(model, given)
    # One draw of the parameters a thousand times: the estimate is unbiased, and its error can be seen.
    one = {name: np.full((4, 250), each[0, 3]) for name, each in posterior.scalars.items()}
    f, r = (np.broadcast_to(each[0, 3], (4, 250, 5)) for each in (posterior.mean_change, posterior.shape))
    fixed = Posterior(**{**vars_of(posterior), "scalars": one, "mean_change": f, "shape": r})
    found = np.exp(log_density_of_patient(fixed, records, "0", np.random.default_rng(1)))

    m, s, tau, rho, sigma = (
        float(one[name][0, 0])
        for name in ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
    )
    z = np.linspace(-8.0, 8.0, 400)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    first, second = np.meshgrid(z, z if responses else np.zeros(1), indexing="ij")
    joint = weight[:, None] * (weight if responses else np.ones(1))
    level, response = m + s * first, tau * (rho * first + np.sqrt(1.0 - rho**2) * second)
    density = np.ones_like(level)
    cells = [(8.5, 9.5), (7.0, np.inf), (7.5, 8.5), (-np.inf, 5.0), (-np.inf, 0.5)]
    for j, (low, high) in enumerate(cells):
        mu = level + f[0, 0, j] + response * WEEKS[j] / 24.0
        density = density * (special.ndtr((high - mu) / sigma) - special.ndtr((low - mu) / sigma))
    exact = float((joint * density).sum())
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean() - exact) < MAX_Z * error
    assert error < 0.05 * exact


def vars_of(posterior: Posterior) -> dict[str, Any]:
    names = ("spec", "patients", "weeks", "seen", "last_week", "level", "response")
    return {name: getattr(posterior, name) for name in names}


def test_a_patient_without_records_has_density_one() -> None:
    model = spec("linear")
    given = made(simulated(), model)
    posterior, records = drawn_posterior(model, given), grid(model, given)
    records.kind[2] = 0
    assert not log_density_of_patient(posterior, records, "2", np.random.default_rng(1)).any()


def test_elpd_is_the_log_of_the_mean_and_knows_its_error() -> None:
    """exp(X) of X ~ N(-1000, 1/4) has mean exp(-1000 + 1/8): densities that small are no numbers."""
    rng = np.random.default_rng(1)
    values, errors = zip(*(elpd(rng.normal(-1000.0, 0.5, (4, 1000))) for _ in range(200)), strict=True)
    assert np.mean(values) == pytest.approx(-1000.0 + 0.125, abs=0.003)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)
    assert elpd(np.full((4, 100), -3.0)) == (-3.0, 0.0)


# ---- what is refused


def test_what_cannot_be_asked_is_refused() -> None:
    model = spec("linear")
    tree = drawn_tree(model, made(simulated(), model))
    failed = drawn_tree(model, made(simulated(), model), diverging=2)
    predictive = Criterion("mean change", "below", 0.0, 0.9, basis="predictive")
    for wrong, keys, message in (
        (tree, {"week": 5.0}, "no visit at week 5; write one of 0, 4, 8, 16, 24"),
        (tree, {"rule": predictive}, "basis='posterior'"),
        (tree, {"rule": Criterion("mean change", "below", 0.0, 0.9, looks="interim")}, "looks='final'"),
        (tree, {"ci_prob": 90.0}, r"write 0\.90 for 90%"),
        (failed, {}, "did not pass its gate"),
        (drawn_tree(model, cohort([("0", week, 9.0) for week in WEEKS], model)), {}, "the only patient"),
    ):
        with pytest.raises((FitError, RaBayesError), match=message):
            leave_one_out(wrong, **keys)


def test_without_a_rule_benefit_is_asked_for_and_of_a_rate_nothing() -> None:
    rule = default_rule(spec("linear"), 24.0)
    assert str(rule) == (
        "Success is declared at the final analysis if Pr(mean change at week 24 < 0 u | data) ≥ 0.95."
    )
    up = default_rule(
        spec(
            "linear",
            outcome={"id": "x", "label": "X", "unit": "u", "lower": 0.0, "benefit": "increase"},
            link="log",
        ),
        8.0,
    )
    assert up is not None
    assert (up.success[0].direction, up.success[0].threshold) == ("above", 1.0)
    assert default_rule(load_model("acr20"), 24.0) is None


def test_a_rate_has_no_decision_of_its_own_and_its_records_are_always_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = load_model("acr20")
    rows = [(i, week, float((i + week) % 3 == 0)) for i in range(6) for week in (4, 16, 24)]
    given = cohort([*rows, ("7", 0, 0.0)], model)
    tree = drawn_tree(model, given)
    tree = with_provenance(tree, {**provenance(tree), "sampling": {"draws": 250, "chains": 4}})
    monkeypatch.setattr(module, "refit", lambda *_, **__: tree)
    found = leave_one_out(tree)
    assert found.decisions.empty
    assert set(found.records["patient"]) == {*"012345", "7"}
    told = found.records.dropna(subset="pit")
    chance = 1.0 - told["predicted"]
    # A 0 has the PITs 0 to Pr(0), a 1 those from there on to 1; `predicted` is a share of 1000 draws.
    lower, upper = (np.where(told["value"] == 0.0, *ends) for ends in ((0.0, chance), (chance, 1.0)))
    np.testing.assert_allclose(told["pit_lower"], lower, atol=0.07)
    np.testing.assert_allclose(told["pit_upper"], upper, atol=0.07)
    text = str(found)
    assert "No decision was asked for" in text
    assert "in interval" not in text
    asked = leave_one_out(tree, rule=Criterion("rate", "above", 0.0, 0.9))
    assert (asked.decisions["probability"] == 1.0).all()
    assert (asked.decisions["mcse"] == 1.0 / 1000).all()


# ---- sampled


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    """Patient 5 alone gets much worse: without them a change is all but certain."""
    y = simulated(change=-3.0)
    y[5] += 7.0 * WEEKS / 24.0
    return fit(pinned(), made(y, pinned()), seed=1, cores=2)


RULE = Rule((Criterion("mean change", "below", -1.0, 0.95), Criterion("mean change", "below", 1.0, 0.5)))


@pytest.fixture(scope="module")
def left(tree: xr.DataTree) -> LeftOut:
    return leave_one_out(tree, rule=RULE, seed=2, cores=2)


def seen_values(tree: xr.DataTree) -> np.ndarray:
    return records_of(tree).value


@pytest.mark.mcmc
def test_elpd_and_estimates_without_a_patient_are_the_closed_form(tree: xr.DataTree, left: LeftOut) -> None:
    y = seen_values(tree)
    rows = left.patients.set_index("patient")
    assert list(rows.index) == ["", *PATIENTS]
    assert rows["passed"].all()
    for i, patient in enumerate(PATIENTS):
        mean, covariance = normal_posterior(np.delete(y, i, axis=0))
        seen = ~np.isnan(y[i])
        x = np.column_stack([np.ones(seen.sum()), WEEKS[seen] / 24.0])
        own = LEVEL_SD**2 + NOISE**2 * np.eye(seen.sum())
        exact = stats.multivariate_normal.logpdf(y[i, seen], x @ mean, x @ covariance @ x.T + own)
        row = rows.loc[patient]
        assert row["records"] == seen.sum()
        assert abs(row["elpd"] - exact) < MAX_Z * row["elpd_mcse"]
        assert row["elpd_mcse"] < 0.2
        assert abs(row["estimate"] - mean[1]) < MAX_Z * row["mcse"]
    total, error = left.elpd
    assert total == pytest.approx(rows["elpd"].iloc[1:].sum())
    assert error < 0.3


@pytest.mark.mcmc
def test_predictions_and_pits_are_those_of_a_new_patient(tree: xr.DataTree, left: LeftOut) -> None:
    y = seen_values(tree)
    rows = left.records
    assert len(rows) == y.size
    for i, patient in enumerate(PATIENTS):
        mean, covariance = normal_posterior(np.delete(y, i, axis=0))
        mine = rows[rows["patient"] == patient]
        np.testing.assert_array_equal(mine["value"], y[i])
        for j, row in enumerate(mine.to_dict("records")):
            x = np.array([1.0, WEEKS[j] / 24.0])
            exact = stats.norm(x @ mean, np.sqrt(x @ covariance @ x + LEVEL_SD**2 + NOISE**2))
            # Quantiles of 4000 draws that know the level's population well; records are not below 0.
            ends = np.maximum(exact.ppf([0.05, 0.5, 0.95]), 0.0)
            np.testing.assert_allclose([row["lower"], row["predicted"], row["upper"]], ends, atol=0.5)
            if np.isnan(y[i, j]):
                assert np.isnan(row["pit"])
            else:
                assert row["pit"] == row["pit_lower"] == row["pit_upper"]
                assert row["pit"] == pytest.approx(exact.cdf(y[i, j]), abs=0.02)


@pytest.mark.mcmc
def test_the_decision_flips_for_the_patient_it_hangs_on_and_for_no_other(
    tree: xr.DataTree, left: LeftOut
) -> None:
    y = seen_values(tree)
    rows = left.decisions[left.decisions["asked"] == 0.95].set_index("patient")
    exact = {}
    for patient in ("", *PATIENTS):
        others = y if not patient else np.delete(y, PATIENTS.index(patient), axis=0)
        mean, covariance = normal_posterior(others)
        exact[patient] = stats.norm.cdf(-1.0, mean[1], covariance[1, 1] ** 0.5)
        row = rows.loc[patient]
        assert abs(row["probability"] - exact[patient]) < MAX_Z * row["mcse"] + 1e-9
    flip = {patient for patient, each in exact.items() if (each >= 0.95) != (exact[""] >= 0.95)}
    assert min(abs(each - 0.95) for each in exact.values()) > 0.015, "the test's cohort is too close a call"
    assert flip == {"5"}
    assert set(rows.index[rows["flips"]]) == flip
    assert not rows["close"].any()
    text = str(left)
    assert "Decision with everybody: no success. Without 5 it would be success." in text


@pytest.mark.mcmc
def test_the_text_says_it_is_the_same_whoever_is_left_out(tree: xr.DataTree) -> None:
    sure = leave_one_out(tree, rule=Criterion("mean change", "below", 50.0, 0.9), week=8.0, cores=2)
    assert not sure.decisions["flips"].any()
    assert (sure.patients["week"] == 8.0).all()
    assert "Decision with everybody: success. It is the same whoever is left out." in str(sure)


@pytest.mark.mcmc
def test_psis_from_the_whole_fit_agrees_where_its_k_is_good() -> None:
    """All SDs unknown; the other route leaves patients out by weights 1 / p(y_i | theta) of one fit."""
    model = spec("linear")
    whole = fit(model, made(simulated(), model), seed=4, cores=2)
    found = leave_one_out(whole, cores=2).patients.set_index("patient")
    posterior, records = read_posterior(whole), records_of(whole)
    rng = np.random.default_rng(1)
    compared = 0
    for patient in PATIENTS:
        log_density = log_density_of_patient(posterior, records, patient, rng)
        weights, khat = smoothed(-log_density)
        if khat > MAX_PARETO_K - 0.2:
            continue
        by_weights = float(np.log((weights * np.exp(log_density)).sum()))
        density = np.exp(log_density)
        spread = float(np.sqrt((weights**2 * (density - np.exp(by_weights)) ** 2).sum())) / np.exp(by_weights)
        # Draws are correlated: the weights' error is told as if half of them counted.
        error = np.hypot(found.loc[patient, "elpd_mcse"], 1.5 * spread)
        assert abs(found.loc[patient, "elpd"] - by_weights) < MAX_Z * error, patient
        compared += 1
    assert compared >= 3
