"""Probability that correlated normals are all positive: against closed forms, integrals and SciPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import special, stats

from ra_bayes.counts.orthant import MOST_CONTRASTS, all_positive
from ra_bayes.model.namespace import NUMPY

SIZES = range(1, MOST_CONTRASTS + 1)


def chance(mean: Sequence[float], covariance: np.ndarray) -> float:
    """The probability for one mean and covariance matrix."""
    means = [np.array([each]) for each in mean]
    lower = [[np.array([covariance[j, k]]) for k in range(j + 1)] for j in range(len(means))]
    return float(all_positive(means, lower, NUMPY)[0])


def alike(size: int, correlation: float) -> np.ndarray:
    return np.full((size, size), correlation) + (1.0 - correlation) * np.eye(size)


def one_factor(mean: np.ndarray, correlation: float) -> float:
    """The same for unit variances and one correlation, as an integral over what the contrasts share."""
    shared = np.linspace(-12.0, 12.0, 40_001)
    below = special.ndtr((mean[:, None] + np.sqrt(correlation) * shared) / np.sqrt(1.0 - correlation))
    return float(np.trapezoid(stats.norm.pdf(shared) * below.prod(axis=0), shared))


@pytest.mark.parametrize("size", SIZES)
def test_half_correlated_contrasts_without_a_mean(size: int) -> None:
    # The chance that the first of size + 1 independent variables is the smallest.
    assert chance([0.0] * size, alike(size, 0.5)) == pytest.approx(1.0 / (size + 1), abs=3e-4)


def test_closed_forms_of_two_and_three() -> None:
    for rho in (-0.99, -0.8, -0.3, 0.0, 0.2, 0.7, 0.95):
        two = chance([0.0, 0.0], np.array([[4.0, 2.0 * rho], [2.0 * rho, 1.0]]))
        assert two == pytest.approx(0.25 + np.arcsin(rho) / (2.0 * np.pi), abs=1e-3), rho
    a, b, c = 0.6, -0.3, 0.4
    three = chance([0.0] * 3, np.array([[1.0, a, b], [a, 1.0, c], [b, c, 1.0]]))
    assert three == pytest.approx(0.125 + np.arcsin([a, b, c]).sum() / (4.0 * np.pi), abs=2e-4)


def test_one_contrast_and_independent_ones_are_exact() -> None:
    for mean in (-6.0, -1.0, 0.0, 3.0):
        assert chance([mean], np.array([[4.0]])) == pytest.approx(stats.norm.cdf(mean / 2.0), rel=1e-12)
    mean = np.array([0.3, -1.0, 2.0, -0.2, 0.7, 1.5])
    assert chance(mean.tolist(), np.eye(6)) == pytest.approx(stats.norm.cdf(mean).prod(), rel=1e-7)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("correlation", "mean_error", "largest"), [(0.5, 2e-4, 1e-3), (0.95, 6e-4, 4e-3)])
def test_shared_noise_against_an_integral(
    size: int, correlation: float, mean_error: float, largest: float
) -> None:
    """Visits of one outcome share the baseline record: correlations of a half and above."""
    rng = np.random.default_rng(size)
    means = rng.normal(0.0, 1.2, (40, size))
    errors = [
        chance(mean.tolist(), alike(size, correlation)) - one_factor(mean, correlation) for mean in means
    ]
    assert np.abs(errors).mean() < mean_error
    assert np.abs(errors).max() < largest


@pytest.mark.parametrize(("size", "mean_error"), [(2, 5e-6), (3, 1e-4), (4, 1e-4), (6, 3e-4)])
def test_visits_of_one_outcome_against_an_integral(size: int, mean_error: float) -> None:
    """A fall by the MCID at each of several visits, spreads drawn as the page of VAS pain has them."""
    rng = np.random.default_rng(30 + size)
    weeks = np.array([1.0, 4.0, 8.0, 12.0, 16.0, 24.0])[-size:]
    grid = np.linspace(-8.0, 8.0, 161)
    own, first = np.meshgrid(grid, grid, indexing="ij")
    weight = stats.norm.pdf(own) * stats.norm.pdf(first) * (grid[1] - grid[0]) ** 2
    errors = []
    for _ in range(30):
        response, noise = 20.0 * np.exp(0.4 * rng.normal()), 10.0 * np.exp(0.45 * rng.normal())
        mean = rng.normal(0.0, 15.0) * weeks / 24.0 - 10.0
        shape = np.sqrt(weeks / 24.0)
        covariance = response**2 * np.outer(shape, shape) + noise**2 * (1.0 + np.eye(size))
        # Visits are independent once the patient's response and the noise at baseline are known.
        product = weight.copy()
        for each, r in zip(mean, shape, strict=True):
            product *= special.ndtr((each + response * r * own + noise * first) / noise)
        errors.append(chance(mean.tolist(), covariance) - product.sum())
    assert np.abs(errors).mean() < mean_error


@pytest.mark.parametrize("size", range(2, MOST_CONTRASTS + 1))
def test_random_covariances_against_scipy(size: int) -> None:
    rng = np.random.default_rng(10 + size)
    errors = []
    for _ in range(15):
        root = rng.normal(size=(size, size + 2))
        covariance = root @ root.T
        mean = np.sqrt(np.diag(covariance)) * rng.normal(0.3, 1.0, size)
        # SciPy's own error is below 1e-4.
        exact = stats.multivariate_normal(-mean, covariance, abseps=1e-5).cdf(np.zeros(size))
        errors.append(chance(mean.tolist(), covariance) - exact)
    assert np.abs(errors).mean() < 4e-4
    assert np.abs(errors).max() < 3e-3


@pytest.mark.parametrize("size", SIZES)
def test_small_probabilities_keep_their_first_digits(size: int) -> None:
    rng = np.random.default_rng(20 + size)
    for mean in rng.normal(-2.5, 0.5, (20, size)):
        exact = one_factor(mean, 0.5)
        assert chance(mean.tolist(), alike(size, 0.5)) == pytest.approx(exact, rel=0.06)


def test_both_sides_of_a_contrast_add_up_to_the_rest() -> None:
    flip = np.diag([1.0, 1.0, -1.0])
    covariance, mean = (
        np.array([[2.0, 1.0, 0.6], [1.0, 1.0, 0.3], [0.6, 0.3, 1.0]]),
        np.array([0.4, -0.2, 0.1]),
    )
    both = chance(mean.tolist(), covariance) + chance((flip @ mean).tolist(), flip @ covariance @ flip)
    assert both == pytest.approx(chance(mean[:2].tolist(), covariance[:2, :2]), abs=3e-4)


def test_means_may_have_any_shape() -> None:
    rng = np.random.default_rng(3)
    means, variance = rng.normal(size=(2, 4, 3)), np.array([1.0, 2.0, 0.5])
    covariance = [[variance], [0.3 * variance, variance]]
    found = all_positive(list(means), covariance, NUMPY)
    assert found.shape == (4, 3)
    for row in range(4):
        for column, scale in enumerate(variance):
            own = chance(means[:, row, column].tolist(), scale * np.array([[1.0, 0.3], [0.3, 1.0]]))
            assert found[row, column] == pytest.approx(own, rel=1e-12)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pytensor_agrees_and_its_gradient_is_finite_and_right(size: int) -> None:
    """Also far out in both tails, where a NaN in a branch that is not taken would reach the gradient."""
    import pytensor
    import pytensor.tensor as pt

    from ra_bayes.model.build import PYTENSOR

    means, scale = pt.dmatrix(), pt.dvector()
    covariance = [[scale * (1.0 if j == k else 0.6) for k in range(j + 1)] for j in range(size)]
    graph = all_positive([means[j] for j in range(size)], covariance, PYTENSOR)
    run = pytensor.function(
        [means, scale], [graph, *pt.grad(graph.sum(), [means, scale])], mode="FAST_COMPILE"
    )
    rng = np.random.default_rng(4)
    at = np.concatenate([rng.normal(0.0, 1.5, (size, 20)), np.full((size, 2), [-45.0, 45.0])], axis=1)
    spread = np.exp(rng.normal(0.0, 0.5, 22))
    probability, by_mean, by_scale = run(at, spread)

    def numpy(mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
        lower = [[scale * (1.0 if j == k else 0.6) for k in range(j + 1)] for j in range(size)]
        return np.asarray(all_positive(list(mean), lower, NUMPY))

    np.testing.assert_allclose(probability, numpy(at, spread), rtol=1e-9, atol=1e-300)
    assert np.isfinite(by_mean).all()
    assert np.isfinite(by_scale).all()
    step = 1e-5
    for j in range(size):
        moved = np.array(
            [numpy(at + sign * step * (np.arange(size) == j)[:, None], spread) for sign in (1, -1)]
        )
        np.testing.assert_allclose(by_mean[j], (moved[0] - moved[1]) / (2.0 * step), atol=1e-7)
    moved = np.array([numpy(at, spread + sign * step) for sign in (1, -1)])
    np.testing.assert_allclose(by_scale, (moved[0] - moved[1]) / (2.0 * step), atol=1e-7)
