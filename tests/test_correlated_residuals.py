"""AR(1) residuals in a model: page, PyMC model, new patients, what is left out, a cohort that tells rho."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pages import OUTCOME, cohort, page, spec
from scipy import stats

import ra_bayes as rb
from ra_bayes.comparison.records_left_out import log_density_of_record
from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError, SpecError
from ra_bayes.estimand.new_patient import share_beating_mcid
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.inference.refit import records_of, refit, without_records
from ra_bayes.model import ModelSpec
from ra_bayes.model.build import build, structure
from ra_bayes.model.page import page_text
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.residuals import correlated_noise
from ra_bayes.model.simulate import draw_prior, log_likelihood, replicate, to_clinical
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.trust.patient_likelihood import log_density_of_patient

AUTOCORRELATION = {"autocorrelation": {"median": 0.5, "sd": 0.6}}
WEEKS = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0])


def correlated(trajectory: str = "linear", priors: Any = None, **keys: Any) -> ModelSpec:
    free = {**OUTCOME, "lower": None}
    own = {**AUTOCORRELATION, **(priors or {})}
    return spec(trajectory, outcome=free, residuals="ar1", autocorrelation_weeks=4, priors=own, **keys)


MODEL = correlated()


def records(rng: np.random.Generator, patients: int, limit: float | None = None, rho: float = 0.7) -> Grid:
    """Records of patients with a level only, whose residuals have SD 1.5, correlated over four weeks."""
    values = {"residual_sd": np.array(1.5), "autocorrelation": np.array(rho)}
    noise = correlated_noise(values, (patients, WEEKS.size), WEEKS, 4.0, rng)
    value = rng.normal(10.0, 3.0, patients)[:, None] - 3.0 * WEEKS / 24.0 + noise
    rows: list[tuple[Any, ...]] = []
    for i in range(patients):
        for j, week in enumerate(WEEKS):
            if (i + 3 * j) % 11 == 10:
                continue  # a missed visit
            below = limit is not None and value[i, j] < limit
            rows.append((i, week, limit, "<") if below else (i, week, value[i, j]))
    return grid(MODEL, cohort(rows, MODEL))


def test_a_page_says_so_and_what_is_wrong_is_told() -> None:
    assert MODEL.residuals is not None
    assert MODEL.residuals.gap == 4.0
    assert spec().residuals is None
    prior = MODEL.prior("autocorrelation")
    assert prior.quantile(0.5) == pytest.approx(0.5)
    assert prior.quantile(0.95) == pytest.approx(stats.norm.cdf(0.6 * stats.norm.ppf(0.95)))
    assert "residuals of a patient correlated: autocorrelation^(weeks apart / 4 weeks)" in page_text(MODEL)
    whole = page("linear", residuals="ar1", priors=AUTOCORRELATION)
    assert read_spec(whole, name="test").residuals is not None
    binary = {
        "baseline_mean": {"median": 0.4, "sd": 0.6}, "response_sd": {"fixed": 0.0},
        "residual_sd": {"fixed": 1.0},
    }  # fmt: skip
    for text, wanted in [
        (whole.replace('"ar1"', '"ar"'), "key residuals, value 'ar': is not known"),
        (page("linear", autocorrelation_weeks=4), "key autocorrelation_weeks: is of AR(1) residuals"),
        (page("linear", residuals="ar1"), "key priors.autocorrelation: is missing"),
        (whole.replace("median = 0.5", "median = 1.0"), "is not below 1"),
        (whole.replace("median = 0.5", "median = 0.0"), "must be above 0"),
        (page(outcome={**OUTCOME, "kind": "binary"}, residuals="ar1", priors=binary), "ar1 is for normal"),
        (page("linear", priors=AUTOCORRELATION), "key priors.autocorrelation: is not a known key"),
    ]:
        with pytest.raises(SpecError) as caught:
            read_spec(text, name="test")
        assert any(wanted in str(each) for each in caught.value.problems), (wanted, caught.value.problems)


@pytest.mark.parametrize("limit", [None, 8.0])
def test_the_pymc_model_has_the_log_likelihood_of_numpy(limit: float | None) -> None:
    made = records(np.random.default_rng(3), 5, limit)
    assert structure(MODEL, made).residuals == ("ar1" if limit is None else "ar1 with cells")
    assert structure(spec(), made).residuals == ""
    model = build(MODEL, made, levels="non-centred")
    rng = np.random.default_rng(4)
    point = {
        name: np.array(0.3 * rng.normal(size=np.shape(each))) for name, each in model.initial_point().items()
    }
    found = model.compile_fn(model.potentiallogp, mode="FAST_COMPILE")(point)
    raw = {name: each for name, each in point.items() if not name.endswith("__")}
    raw["correlation_u"] = 1.0 / (1.0 + np.exp(-point["correlation_u_logodds__"]))
    draws = to_clinical(MODEL, raw, WEEKS)
    assert found == pytest.approx(log_likelihood(MODEL, made, draws).sum(), rel=1e-10)


def posterior(model: ModelSpec, draws: dict[str, np.ndarray], patients: int) -> Posterior:
    return Posterior(
        spec=model, patients=tuple(map(str, range(patients))), weeks=WEEKS,
        seen=np.ones(WEEKS.size, dtype=bool), last_week=np.full(patients, 24.0),
        level=draws["patient_level"], response=draws["patient_response"],
        mean_change=draws["mean_change"], shape=draws["response_shape"],
        scalars={each.parameter.name: draws[each.parameter.name] for each in model.priors},
    )  # fmt: skip


def drawn(size: int, patients: int = 3) -> dict[str, np.ndarray]:
    raw = draw_prior(MODEL, patients, WEEKS, size, np.random.default_rng(6))
    return {name: each[None] for name, each in to_clinical(MODEL, raw, WEEKS).items()}


def test_a_new_patient_s_recorded_change_has_correlated_noise() -> None:
    draws = drawn(3)
    found = share_beating_mcid(posterior(MODEL, draws, 3), 2.0, measured=True)[0]
    size, rng = 200_000, np.random.default_rng(9)
    for k in range(3):
        one = {name: np.repeat(each[0, [k]], size, axis=0) for name, each in draws.items()}
        z, v = rng.normal(size=(2, size))
        level = one["baseline_mean"] + one["baseline_sd"] * z
        rho = one["correlation"]
        response = one["response_sd"] * (rho * z + np.sqrt(1.0 - rho**2) * v)
        mu = level[:, None] + one["mean_change"] + response[:, None] * one["response_shape"]
        y = replicate(MODEL, {**one, "expected": mu[:, None, :]}, rng, WEEKS)[:, 0, :]
        share = (y - y[:, :1] <= -2.0).mean(axis=0)[1:]
        np.testing.assert_allclose(found[k, 1:], share, atol=5 * 0.5 / size**0.5)


@pytest.mark.parametrize("limit", [None, 8.0])
def test_a_patient_left_out_has_the_density_of_all_their_records(limit: float | None) -> None:
    made = records(np.random.default_rng(3), 3, limit)
    draws = drawn(4)
    of = posterior(MODEL, draws, 3)
    rng = np.random.default_rng(1)
    for i in range(3):
        seen = made.kind[i] > 0
        found = np.mean([log_density_of_patient(of, made, str(i), rng)[0] for _ in range(20)], axis=0)
        for k in range(4):
            value = {name: draws[name][0, k] for name in of.scalars}
            r = draws["response_shape"][0, k][seen]
            s, tau = value["baseline_sd"], value["response_sd"]
            apart = np.abs(WEEKS[seen][:, None] - WEEKS[seen])
            covariance = (
                s**2 + value["correlation"] * s * tau * (r[:, None] + r) + tau**2 * np.outer(r, r)
                + value["residual_sd"] ** 2 * value["autocorrelation"] ** (apart / 4.0)
            )  # fmt: skip
            mean = value["baseline_mean"] + draws["mean_change"][0, k][seen]
            cell = made.kind[i][seen] == 2
            y, point = made.high[i][seen], ~cell
            expected = stats.multivariate_normal(mean[point], covariance[np.ix_(point, point)]).logpdf(
                y[point]
            )
            if cell.any():
                gain = np.linalg.solve(covariance[np.ix_(point, point)], covariance[np.ix_(point, cell)])
                left = covariance[np.ix_(cell, cell)] - gain.T @ covariance[np.ix_(point, cell)]
                middle = mean[cell] + gain.T @ (y[point] - mean[point])
                expected += stats.multivariate_normal(middle, left).logcdf(y[cell])
            assert found[k] == pytest.approx(expected, abs=1e-8 if not cell.any() else 0.15)


@pytest.mark.mcmc
def test_a_cohort_with_limits_tells_how_its_residuals_go_together() -> None:
    made = records(np.random.default_rng(12), 10, 7.0)
    assert (made.kind == 2).mean() > 0.15
    rows = [
        (made.patients[i], made.weeks[j], made.value[i, j], *(("<",) if made.limit[i, j] else ()))
        for i, j in np.argwhere(made.kind > 0)
    ]
    tree = rb.fit(MODEL, cohort(rows, MODEL), seed=5, draws=500, chains=2)
    draws = tree["posterior"].to_dataset()
    assert int(tree["sample_stats"]["diverging"].sum()) == 0
    assert next(check.value for check in diagnose(tree).checks if check.name == "R-hat") < 1.05
    for name, truth in (("autocorrelation", 0.7), ("residual_sd", 1.5)):
        assert abs(float(draws[name].mean()) - truth) < 3.0 * float(draws[name].std()), name
    assert float(draws["autocorrelation"].std()) < 0.15  # 0.19 before
    # A record left out: by the terms given the others, weighted, and by fitting without it.
    again = records_of(tree)
    i, j = np.argwhere(again.kind == 1)[20]
    at = int((np.argwhere(again.kind > 0) == (i, j)).all(axis=1).argmax())
    term = tree["log_likelihood_given_others"]["record"].transpose("observation", ...).values[at].ravel()
    by_weights = -float(np.log(np.mean(np.exp(-term))))
    masked = np.zeros(again.shape, dtype=bool)
    masked[i, j] = True
    left = refit(MODEL, without_records(again, masked), seed=2, draws=500, chains=2, gated=False)
    exact = log_density_of_record(left, again, int(i), int(j))
    assert by_weights == pytest.approx(float(np.log(np.mean(np.exp(exact)))), abs=0.15)
    with pytest.raises(FitError, match="cannot count more than once"):
        refit(MODEL, again, seed=1, repeat=2)
