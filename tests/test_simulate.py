"""Replicated records follow the likelihood they are checked against, and draws keep their dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from pages import OUTCOME, cohort, spec
from scipy import stats

from ra_bayes.model import ModelSpec, list_models, load_model
from ra_bayes.model.records import grid
from ra_bayes.model.simulate import draw_prior, log_likelihood, log_prior, replicate, to_clinical

WEEKS = np.array([0.0, 4.0, 24.0])


def probability(model: ModelSpec, value: float, draws: dict[str, np.ndarray]) -> float:
    """Probability of one record, by the likelihood."""
    records = grid(model, cohort([("a", 0, value), ("a", 24, value)], model))
    return float(np.exp(log_likelihood(model, records, draws)[0, 0]))


@pytest.mark.parametrize(
    ("model", "values", "mu", "sd"),
    [
        pytest.param(load_model("haq"), np.arange(0.0, 3.01, 0.125), 2.7, 0.5, id="haq"),
        pytest.param(load_model("haq"), np.arange(0.0, 3.01, 0.125), 0.1, 0.4, id="haq-near-zero"),
        pytest.param(load_model("esr"), np.arange(0.0, 40.0), 1.0, 0.9, id="esr"),
    ],
)
def test_replicates_come_as_often_as_the_likelihood_says(
    model: ModelSpec, values: np.ndarray, mu: float, sd: float
) -> None:
    size = 20_000
    draws = {"expected": np.full((size, 1, 2), mu), "residual_sd": np.full(size, sd)}
    got = replicate(model, draws, np.random.default_rng(1))[:, 0, 0]
    one = {"expected": np.full((1, 2), mu), "residual_sd": np.array(sd)}
    expected = np.array([probability(model, value, one) for value in values])
    assert expected.sum() == pytest.approx(1.0, abs=2e-3)  # of ESR, what is above 40 is left out
    seen = np.array([np.isclose(got, value).sum() for value in values])
    assert seen.sum() > 0.997 * size
    common = expected * size > 5.0
    rest = [np.sum(seen[~common]) + size - seen.sum()], [np.sum(expected[~common]) + 1.0 - expected.sum()]
    observed, wanted = np.append(seen[common], rest[0]), np.append(expected[common], rest[1]) * size
    assert stats.chisquare(observed, wanted).pvalue > 1e-3


def test_a_binary_replicate_is_one_as_often_as_the_likelihood_says() -> None:
    model = load_model("acr20")
    rows = [("a", week, value) for week, value in ((4, 1), (16, 0))]
    records = grid(model, cohort(rows, model))
    size = 10_000
    one = {"expected": np.array([[0.7, 0.7]]), "residual_sd": np.array(1.0)}
    by_likelihood = np.exp(log_likelihood(model, records, one))[0]
    np.testing.assert_allclose(by_likelihood, [stats.norm.cdf(0.7), stats.norm.cdf(-0.7)], rtol=1e-12)
    draws = {"expected": np.full((size, 1, 2), 0.7), "residual_sd": np.ones(size)}
    got = replicate(model, draws, np.random.default_rng(1))
    assert set(np.unique(got)) == {0.0, 1.0}
    assert got.mean() == pytest.approx(stats.norm.cdf(0.7), abs=4.0 * 0.43 / np.sqrt(2 * size))


def test_replicates_stay_within_the_bounds_and_on_the_steps_of_the_scale() -> None:
    haq = load_model("haq")
    draws = to_clinical(haq, draw_prior(haq, 6, WEEKS, 400, np.random.default_rng(2)), WEEKS)
    got = replicate(haq, draws, np.random.default_rng(3))
    assert got.shape == (400, 6, 3)
    np.testing.assert_array_equal(got * 8.0, np.round(got * 8.0))
    assert (got.min(), got.max()) == (0.0, 3.0)
    without = spec(outcome={**OUTCOME, "lower": None}, priors={"baseline_mean": {"median": -5.0, "sd": 3.0}})
    draws = to_clinical(without, draw_prior(without, 2, WEEKS, 50, np.random.default_rng(2)), WEEKS)
    assert replicate(without, draws, np.random.default_rng(3)).min() < 0.0


@pytest.mark.parametrize("shape", ["visits", "linear", "onset"])
def test_leading_dimensions_are_kept_and_draws_do_not_touch_each_other(shape: str) -> None:
    model = spec(shape)
    raw = draw_prior(model, 4, WEEKS, 6, np.random.default_rng(1))
    flat = to_clinical(model, raw, WEEKS)
    folded = to_clinical(
        model, {key: each.reshape(2, 3, *each.shape[1:]) for key, each in raw.items()}, WEEKS
    )
    assert folded["expected"].shape == (2, 3, 4, 3)
    assert folded["mean_change"].shape == folded["response_shape"].shape == (2, 3, 3)
    single = to_clinical(model, {key: each[4] for key, each in raw.items()}, WEEKS)
    for key, each in flat.items():
        np.testing.assert_allclose(folded[key].reshape(each.shape), each, err_msg=key)
        np.testing.assert_allclose(single[key], each[4], err_msg=key)


def test_the_mean_change_at_the_reference_week_is_as_wide_as_the_page_says() -> None:
    model = spec(priors={"walk_sd": {"fixed": 4.0}})
    draws = to_clinical(model, draw_prior(model, 2, WEEKS, 20_000, np.random.default_rng(1)), WEEKS)
    assert stats.kstest(draws["mean_change"][:, 2] / 4.0, "norm").pvalue > 1e-3
    assert stats.kstest(draws["mean_change"][:, 1] / (4.0 * np.sqrt(4.0 / 24.0)), "norm").pvalue > 1e-3


def test_no_response_of_their_own_where_it_is_fixed_at_nothing() -> None:
    model = spec(priors={"response_sd": {"fixed": 0.0}, "correlation": None})
    raw = draw_prior(model, 3, WEEKS, 10, np.random.default_rng(1))
    draws = to_clinical(model, raw, WEEKS)
    np.testing.assert_array_equal(draws["patient_response"], 0.0)
    np.testing.assert_allclose(
        draws["expected"], draws["patient_level"][:, :, None] + draws["mean_change"][:, None, :]
    )
    assert set(log_prior(model, raw)) == {
        "baseline_mean", "baseline_sd", "correlation", "residual_sd", "walk_sd", "walk_step",
    }  # fmt: skip


@pytest.mark.parametrize("name", list_models())
def test_no_shipped_page_presumes_records_that_it_then_takes_for_points_at_a_bound(name: str) -> None:
    # A record at a bound stands for all beyond it; as a point it would pull the mean towards the bound.
    model = load_model(name)
    weeks = np.array([0.0, 1.0, 4.0, 8.0, 12.0, 16.0, 24.0])
    rng = np.random.default_rng(7)
    records = replicate(model, to_clinical(model, draw_prior(model, 6, weeks, 2000, rng), weeks), rng)
    lower, upper = model.outcome.lower, model.outcome.upper
    if not model.binary and lower is not None and not model.open_below:
        assert not (records <= lower).any()
    if not model.binary and upper is not None and not model.open_above:
        assert not (records >= upper).any()
