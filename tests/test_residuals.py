"""AR(1) residuals: the joint density of a patient's records, exactly, points and cells alike."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import integrate, stats

from ra_bayes.model.build import PYTENSOR
from ra_bayes.model.likelihoods import CELL, MISSED, POINT, UNBOUNDED
from ra_bayes.model.likelihoods.normal import log_cell, log_point
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.residuals import (
    Autoregressive,
    correlated_noise,
    log_density,
    log_given_others,
    sequence,
)

WEEKS = np.array([0.0, 1.0, 4.0, 8.0, 16.0])
GAP, SD, RHO = 4.0, 1.7, 0.6
VALUES = {"residual_sd": np.array(SD), "autocorrelation": np.array(RHO)}
MU = np.array([[3.0, 2.5, 2.0, 1.5, 1.0], [0.0, 0.5, -0.5, 0.2, 0.1]])
Y = np.array([[4.1, 1.9, 2.2, 0.3, 2.0], [-0.7, 1.3, 0.4, -2.0, 0.9]])
NO_CELLS = np.full(Y.shape, POINT)


def records(kind: np.ndarray, low: np.ndarray = Y, high: np.ndarray = Y) -> dict[str, np.ndarray]:
    return sequence(kind, low, high, WEEKS, GAP)


def covariance(weeks: np.ndarray) -> np.ndarray:
    return np.asarray(SD**2 * RHO ** (np.abs(weeks[:, None] - weeks) / GAP))


def terms(made: dict[str, np.ndarray], score: Any = None, values: Any = VALUES) -> np.ndarray:
    return np.asarray(log_density(values, MU.ravel()[made["record_at"]], score, made, NUMPY))


def test_points_have_the_multivariate_normal_density_of_their_true_gaps() -> None:
    expected = stats.multivariate_normal(np.zeros(5), covariance(WEEKS)).logpdf(Y - MU).sum()
    assert terms(records(NO_CELLS)).sum() == pytest.approx(expected, rel=1e-12)


def test_a_missed_visit_makes_the_gap_longer_and_patients_are_independent() -> None:
    kind = NO_CELLS.copy()
    kind[0, [0, 2]] = kind[1] = MISSED
    kind[1, 3] = POINT
    seen = np.array([1, 3, 4])
    first = stats.multivariate_normal(np.zeros(3), covariance(WEEKS[seen])).logpdf((Y - MU)[0, seen])
    second = stats.norm(0.0, SD).logpdf((Y - MU)[1, 3])
    assert terms(records(kind)).sum() == pytest.approx(first + second, rel=1e-12)


def integral(made: dict[str, np.ndarray], low: float = -9.0, high: float = 9.0, nodes: int = 400) -> float:
    """Likelihood of the records with the cells' scores integrated out."""
    cells = np.flatnonzero(made["record_cell"] > 0.5)
    at, weight = np.polynomial.legendre.leggauss(nodes)
    at, weight = low + (high - low) * (at + 1.0) / 2.0, weight * (high - low) / 2.0
    scores = np.zeros((nodes ** len(cells), made["record_at"].size))
    scores[:, cells] = list(itertools.product(at, repeat=len(cells)))
    joint = terms(made, scores).sum(axis=-1) + stats.norm.logpdf(scores[:, cells]).sum(axis=-1)
    weights = np.array([np.prod(each) for each in itertools.product(weight, repeat=len(cells))])
    return float((np.exp(joint) * weights).sum())


@pytest.mark.parametrize(
    ("place", "low", "high"),
    [(0, -UNBOUNDED, 3.5), (2, 1.8, 2.4), (4, 3.0, UNBOUNDED), (2, 9.0, UNBOUNDED), (1, -UNBOUNDED, -6.0)],
)
def test_one_cell_has_its_probability_given_the_points(place: int, low: float, high: float) -> None:
    kind = NO_CELLS[:1].copy()
    kind[0, place] = CELL
    ends = [np.where(kind == CELL, end, Y[:1]) for end in (low, high)]
    made = sequence(kind, *ends, WEEKS, GAP)
    points = np.arange(5) != place
    full = covariance(WEEKS)
    off = (Y - MU)[0, points]
    gain = np.linalg.solve(full[np.ix_(points, points)], full[points, place])
    mean, sd = MU[0, place] + gain @ off, np.sqrt(full[place, place] - gain @ full[points, place])
    expected = stats.multivariate_normal(np.zeros(4), full[np.ix_(points, points)]).logpdf(off)
    expected += log_cell(np.array(low), np.array(high), mean, sd, NUMPY)
    assert np.log(integral(made)) == pytest.approx(float(expected), rel=1e-9)


def test_two_cells_have_the_probability_of_their_rectangle() -> None:
    kind = NO_CELLS[:1].copy()
    kind[0, [1, 2]] = CELL
    low, high = Y[:1].copy(), Y[:1].copy()
    low[0, 1], high[0, 1], low[0, 2], high[0, 2] = -UNBOUNDED, 1.5, 1.0, 2.6
    points, cells = np.array([0, 3, 4]), np.array([1, 2])
    full, off = covariance(WEEKS), (Y - MU)[0, points]
    gain = np.linalg.solve(full[np.ix_(points, points)], full[np.ix_(points, cells)])
    left = stats.multivariate_normal(
        MU[0, cells] + gain.T @ off, full[np.ix_(cells, cells)] - gain.T @ full[np.ix_(points, cells)]
    )
    rectangle = left.cdf([1.5, 2.6]) - left.cdf([1.5, 1.0])
    expected = stats.multivariate_normal(np.zeros(3), full[np.ix_(points, points)]).logpdf(off)
    made = sequence(kind, low, high, WEEKS, GAP)
    assert np.log(integral(made, nodes=120)) == pytest.approx(expected + np.log(rectangle), rel=1e-6)


def test_without_correlation_the_terms_are_those_of_independent_records_whatever_the_scores() -> None:
    kind = NO_CELLS.copy()
    kind[0, 1] = kind[1, 4] = CELL
    low, high = np.where(kind == CELL, -UNBOUNDED, Y), np.where(kind == CELL, Y + 0.3, Y)
    made = sequence(kind, low, high, WEEKS, GAP)
    score = np.random.default_rng(1).normal(size=made["record_at"].size)
    none = {**VALUES, "autocorrelation": np.array(1e-300)}
    at_points = log_point(Y, MU, SD, NUMPY)
    at_cells = log_cell(low, high, MU, SD, NUMPY)
    expected = np.where(kind == CELL, at_cells, at_points).ravel()
    np.testing.assert_allclose(terms(made, score, none), expected, rtol=1e-10)
    mu = MU.ravel()[made["record_at"]]
    np.testing.assert_allclose(log_given_others(none, mu, score, made), expected, rtol=1e-10)


def test_a_record_given_the_others_is_the_conditional_normal() -> None:
    made = records(NO_CELLS)
    found = log_given_others(VALUES, MU.ravel(), None, made).reshape(Y.shape)
    precision = np.linalg.inv(covariance(WEEKS))
    off = Y - MU
    for i, j in np.ndindex(Y.shape):
        sd = precision[j, j] ** -0.5
        mean = -(precision[j] @ off[i] - precision[j, j] * off[i, j]) / precision[j, j]
        assert found[i, j] == pytest.approx(stats.norm(mean, sd).logpdf(off[i, j]), rel=1e-10)


def test_a_cell_given_the_others_is_its_share_of_the_residuals_drawn_in_it() -> None:
    # Bayes: p(cell | others) = integral over its score of the joint density over that without the cell.
    kind = NO_CELLS[:1].copy()
    kind[0, 2] = CELL
    low, high = np.where(kind == CELL, 1.0, Y[:1]), np.where(kind == CELL, 2.5, Y[:1])
    made = sequence(kind, low, high, WEEKS, GAP)
    missed = np.where(kind == CELL, MISSED, kind)
    without = sequence(missed, low, high, WEEKS, GAP)
    joint, _ = integrate.quad(
        lambda s: np.exp(terms(made, np.full(5, s)).sum()) * stats.norm.pdf(s),
        -9.0,
        9.0,
        epsabs=0,
        epsrel=1e-10,
    )
    expected = np.log(joint) - terms(without).sum()
    found = log_given_others(VALUES, MU[0], np.zeros(5), made)
    assert found[2] == pytest.approx(expected, rel=1e-8)


def test_noise_has_the_covariance_of_the_gaps() -> None:
    size = 40_000
    values = {name: np.full(size, value) for name, value in VALUES.items()}
    noise = correlated_noise(values, (size, 2, 5), WEEKS, GAP, np.random.default_rng(3)).reshape(size, -1)
    expected = np.kron(np.eye(2), covariance(WEEKS))
    # An entry of a covariance of so many draws has an SE of at most sqrt(2) SD^2 / 200.
    np.testing.assert_allclose(np.cov(noise.T), expected, atol=5 * 2**0.5 * SD**2 / 200)


def test_the_correlation_of_weeks_is_the_process_s() -> None:
    found = Autoregressive(GAP).correlation(np.array([RHO, 0.2]), WEEKS)
    np.testing.assert_allclose(found[0], covariance(WEEKS)[0] / SD**2)


@pytest.mark.parametrize("shift", [0.0, 30.0, -200.0])
def test_pytensor_has_the_same_terms_and_a_finite_gradient_far_out(shift: float) -> None:
    kind = NO_CELLS.copy()
    kind[0, 1] = kind[1, 4] = kind[1, 3] = CELL
    low, high = np.where(kind == CELL, -UNBOUNDED, Y), np.where(kind == CELL, Y + 0.3, Y)
    low[1, 3], high[1, 3] = 0.5, UNBOUNDED
    made = sequence(kind, low, high, WEEKS, GAP)
    score = np.random.default_rng(1).normal(size=10)
    inputs = [pt.dscalar("sd"), pt.dscalar("rho"), pt.dvector("mu"), pt.dvector("score")]
    values = {"residual_sd": inputs[0], "autocorrelation": inputs[1]}
    total = log_density(values, inputs[2], inputs[3], {k: pt.constant(v) for k, v in made.items()}, PYTENSOR)
    run = pytensor.function(inputs, [total, *pt.grad(total.sum(), inputs)], mode="FAST_COMPILE")
    found, *gradient = run(SD, RHO, MU.ravel() + shift, score)
    expected = log_density(VALUES, MU.ravel() + shift, score, made, NUMPY)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert all(np.isfinite(each).all() for each in gradient)
