"""Adaptive importance sampling: against posteriors known in closed form, and as promised in its docstring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from ra_bayes.conditioning.importance import Weighted, importance_sample, resample

type Likelihood = Callable[[np.ndarray], np.ndarray]


class Linear:
    """Observations y = M x + noise of a standard normal x: evidence and posterior are Gaussian."""

    def __init__(self, rows: np.ndarray, observed: np.ndarray, noise: float) -> None:
        self.rows, self.observed, self.noise = rows, observed, noise
        self.dimension = rows.shape[1]
        precision = np.eye(self.dimension) + rows.T @ rows / noise**2
        self.covariance = np.linalg.inv(precision)
        self.mean = self.covariance @ rows.T @ observed / noise**2
        marginal = rows @ rows.T + noise**2 * np.eye(observed.size)
        self.log_evidence = float(stats.multivariate_normal(cov=marginal).logpdf(observed))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        residual = self.observed - points @ self.rows.T
        return np.asarray(stats.norm.logpdf(residual, scale=self.noise).sum(axis=1))


def random_rows(count: int, dimension: int, matters: int, seed: int) -> np.ndarray:
    rows = np.zeros((count, dimension))
    rows[:, :matters] = np.random.default_rng(seed).normal(size=(count, matters)) / np.sqrt(matters)
    return rows


PROBLEMS: dict[str, Linear] = {
    "three coordinates": Linear(random_rows(2, 3, 3, 1), np.array([0.8, -1.2]), 0.7),
    "forty coordinates": Linear(
        random_rows(12, 40, 40, 2), np.random.default_rng(3).normal(size=12) * 1.2, 0.8
    ),
    "coordinates that do not matter": Linear(random_rows(6, 40, 8, 4), np.full(6, 0.7), 0.6),
    # Five standard deviations out in one direction: the prior has 3 points in 10 million there.
    "far from the prior": Linear(np.array([[0.6, 0.8, 0.0, 0.0]]), np.array([5.3]), 0.25),
}


def sampled(problem: Any, seed: int = 1, ess: float = 4000.0, chains: int = 4) -> Weighted:
    rng = np.random.default_rng(seed)
    return importance_sample(problem, problem.dimension, ess=ess, chains=chains, rng=rng)


@pytest.mark.parametrize("name", PROBLEMS)
def test_posterior_and_evidence_of_gaussian_problems(name: str) -> None:
    problem = PROBLEMS[name]
    found = sampled(problem)
    assert found.ess > 4000.0
    assert found.pareto_k < 0.7
    # Four standard errors: some 30 posterior means and SDs are compared in units of their own.
    assert abs(found.log_evidence - problem.log_evidence) < 4.0 * found.log_evidence_mcse
    assert found.log_evidence_mcse < 0.03
    weights = special.softmax(found.log_weights.ravel())
    points = found.points.reshape(-1, problem.dimension)
    mean = weights @ points
    spread = np.sqrt(weights @ (points - mean) ** 2)
    exact_sd = np.sqrt(np.diag(problem.covariance))
    error = 1.0 / np.sqrt(found.ess)
    assert np.abs((mean - problem.mean) / exact_sd).max() < 4.5 * error
    assert np.abs(spread / exact_sd - 1.0).max() < 4.5 * error
    # What the data tie together is found tied, not each coordinate for itself.
    along = problem.rows[0] / np.linalg.norm(problem.rows[0])
    variance = weights @ ((points - mean) @ along) ** 2
    assert variance == pytest.approx(along @ problem.covariance @ along, rel=6.0 * error)


@pytest.mark.parametrize("name", PROBLEMS)
def test_weights_are_the_likelihood_times_the_prior_over_what_was_drawn_from(name: str) -> None:
    """So no weight is above the likelihood over the prior's share of a tenth."""
    found = sampled(PROBLEMS[name])
    flat = found.points.reshape(-1, PROBLEMS[name].dimension)
    likelihood = found.log_likelihood.ravel()
    np.testing.assert_allclose(likelihood, PROBLEMS[name](flat), rtol=1e-12)
    assert (found.log_weights.ravel() - likelihood <= np.log(10.0) + 1e-9).all()
    assert found.points.shape[0] == 4


def test_coordinates_that_do_not_matter_are_left_to_the_prior() -> None:
    problem = PROBLEMS["coordinates that do not matter"]
    found = sampled(problem)
    idle = found.points.reshape(-1, 40)[:, 8:]
    assert all(stats.kstest(column, "norm").pvalue > 1e-4 for column in idle.T)
    # Nor do they say anything of the weights: shuffled, they are worth as much.
    for column in idle.T:
        assert abs(np.corrcoef(column, found.log_weights.ravel())[0, 1]) < 5.0 / np.sqrt(column.size)


@pytest.mark.parametrize("name", ["three coordinates", "far from the prior"])
def test_evidence_is_unbiased_and_its_error_honest(name: str) -> None:
    problem = PROBLEMS[name]
    runs = [sampled(problem, seed, ess=500.0, chains=2) for seed in range(40)]
    ratio = np.array([np.exp(run.log_evidence - problem.log_evidence) for run in runs])
    told = np.array([run.log_evidence_mcse for run in runs])
    scores = (ratio - 1.0) / told
    assert abs(scores.mean()) < 4.0 / np.sqrt(len(runs))
    # SD of 40 standard scores: outside of 0.6 to 1.45 once in 10,000.
    assert 0.6 < scores.std() < 1.45


def test_a_curved_posterior_is_met_by_the_weights() -> None:
    """No normal proposal has this shape: x1 is near x0^2 - 1, and only the weights can say so."""

    def curved(points: np.ndarray) -> np.ndarray:
        return np.asarray(stats.norm.logpdf(points[:, 1], points[:, 0] ** 2 - 1.0, 0.4))

    found = importance_sample(curved, 2, ess=6000.0, chains=2, rng=np.random.default_rng(5))
    grid = np.linspace(-6.0, 6.0, 1201)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    density = stats.norm.pdf(x) * stats.norm.pdf(y) * stats.norm.pdf(y, x**2 - 1.0, 0.4)
    step = (grid[1] - grid[0]) ** 2
    evidence = density.sum() * step
    assert abs(found.log_evidence - np.log(evidence)) < 4.0 * found.log_evidence_mcse
    weights, points = special.softmax(found.log_weights.ravel()), found.points.reshape(-1, 2)
    for of, exact in (
        (points[:, 1], (density * y).sum()),
        (points[:, 0] ** 2, (density * x**2).sum()),
        (points[:, 0] > 1.0, density[x > 1.0].sum()),
    ):
        value = weights @ of
        error = np.sqrt(weights @ (of - value) ** 2 / found.ess)
        assert abs(value - exact * step / evidence) < 4.5 * error


def test_the_same_seed_gives_the_same_points() -> None:
    one, other, third = (sampled(PROBLEMS["three coordinates"], seed, ess=500.0) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.log_weights, other.log_weights)
    assert not np.array_equal(one.points, third.points)


def test_it_stops_where_it_was_told_to() -> None:
    """A likelihood that no proposal fits does not run for ever."""

    def needle(points: np.ndarray) -> np.ndarray:
        return np.asarray(-0.5 * (((np.sin(9.0 * points)) / 0.02) ** 2).sum(axis=1))

    found = importance_sample(needle, 4, ess=1e5, chains=2, rng=np.random.default_rng(9), most=8000)
    assert found.ess < 1e5
    assert 8000 <= found.log_weights.size <= 8000 + 2 * 10_000


def test_effective_size_of_kish() -> None:
    weights = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, 4.0]])
    with np.errstate(divide="ignore"):
        made = Weighted(np.zeros((2, 3, 1)), np.log(weights), np.zeros((2, 3)))
    assert made.ess == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert made.log_evidence == pytest.approx(np.log(weights.mean()))
    # The mean's error over the mean.
    assert made.log_evidence_mcse == pytest.approx(weights.std() / np.sqrt(6.0) / weights.mean())


def test_pareto_k_is_of_the_largest_weights() -> None:
    """The right tail of 1 / u^k has shape k: its reciprocal, the other way round, has none to speak of."""
    uniform = np.random.default_rng(10).random((4, 5000))
    for k in (0.3, 0.9):
        heavy = Weighted(np.zeros((4, 5000, 1)), -k * np.log(uniform), np.zeros((4, 5000)))
        assert heavy.pareto_k == pytest.approx(k, abs=0.2)
    light = Weighted(np.zeros((4, 5000, 1)), 0.9 * np.log(uniform), np.zeros((4, 5000)))
    assert light.pareto_k < 0.0


def test_resampling_keeps_every_point_as_often_as_it_weighs() -> None:
    rng = np.random.default_rng(11)
    log_weights = rng.normal(size=(2, 40))
    made = Weighted(np.zeros((2, 40, 1)), log_weights, np.zeros((2, 40)))
    runs, draws = 400, 25
    times = np.zeros((2, 40))
    for _ in range(runs):
        kept = resample(made, draws, rng)
        assert kept.shape == (2, draws)
        for chain in range(2):
            counts = np.bincount(kept[chain], minlength=40)
            expected = draws * special.softmax(log_weights[chain])
            # Systematic: never more than one away from what is expected.
            assert (np.abs(counts - expected) < 1.0 + 1e-9).all()
            times[chain] += counts
    expected = runs * draws * special.softmax(log_weights, axis=1)
    part = expected / runs % 1.0
    error = np.sqrt(runs * part * (1.0 - part))
    assert (np.abs(times - expected) < 5.0 * error + 1e-6).all()


def test_resampled_draws_are_in_no_order() -> None:
    """Chains are halved to see whether they agree, which says nothing of sorted draws."""
    points = np.arange(2000.0).reshape(1, 2000, 1)
    made = Weighted(points, np.zeros((1, 2000)), np.zeros((1, 2000)))
    kept = resample(made, 1000, np.random.default_rng(12))[0]
    assert abs(stats.spearmanr(kept, np.arange(1000)).statistic) < 0.15
