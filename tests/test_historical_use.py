"""Robust priors, conflict, power priors: against closed forms and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import power_prior, prior_data_conflict, robust, unit_information
from ra_bayes.mixtures import (
    JEFFREYS,
    UNIFORM,
    Beta,
    BetaMixture,
    Normal,
    NormalMixture,
    beta,
    gamma,
    mix,
    normal,
)

ARMS = ((23, 107), (12, 44), (9, 39))
ESTIMATES = ((-51.0, 10.0), (-36.0, 5.0), (-90.0, 17.0))


# The robust prior.


def test_the_vague_part_is_worth_next_to_nothing_in_every_family() -> None:
    assert unit_information(beta(20, 80)) == UNIFORM
    assert unit_information(normal(-49, 20), 88.0) == normal(-49, 88)
    assert unit_information(gamma(6, 20)) == gamma(1.0, 1.0 / 0.3)
    for prior, sigma in ((beta(20, 80), None), (normal(-49, 20), 88.0), (gamma(6, 20), None)):
        mixed = robust(prior, weight=0.3, sigma=sigma)  # type: ignore[type-var]
        assert [part.weight for part in mixed.parts] == pytest.approx([0.7, 0.3])
        assert robust(prior, weight=0.0, sigma=sigma).mean == pytest.approx(prior.mean)  # type: ignore[type-var]


def test_a_vague_part_of_one_s_own_is_taken() -> None:
    assert robust(beta(20, 80), weight=0.5, vague=JEFFREYS).parts[-1] == Beta(0.5, 0.5, 0.5)
    assert robust(normal(-49, 20), vague=normal(0, 50)).parts[-1] == Normal(0.0, 50.0, 0.2)


# Prior-data conflict.


def test_tails_of_a_count_are_those_of_the_beta_binomial() -> None:
    found = prior_data_conflict(beta(4, 16), 9, 20)
    exact = stats.betabinom(20, 4, 16)
    assert found.below == pytest.approx(exact.cdf(9))
    assert found.above == pytest.approx(exact.sf(8))
    assert found.two_sided == pytest.approx(2 * exact.sf(8))
    masses = exact.pmf(np.arange(21))
    assert found.box == pytest.approx(masses[masses <= exact.pmf(9) * (1 + 1e-9)].sum())


def test_tails_of_an_estimate_are_those_of_a_normal() -> None:
    found = prior_data_conflict(normal(-50, 12), -20.0, 16.0, sigma=88)
    z = 30 / math.hypot(12, 16)
    assert found.above == pytest.approx(stats.norm.sf(z))
    assert found.below == pytest.approx(stats.norm.cdf(z))
    # A normal's density is below that at z in both tails.
    assert found.box == pytest.approx(2 * stats.norm.sf(z), abs=1e-3)


def test_tails_of_a_count_over_an_exposure_are_negative_binomial() -> None:
    found = prior_data_conflict(gamma(6, 20), 11, 12.5)
    exact = stats.nbinom(6, 20 / 32.5)
    assert found.below == pytest.approx(exact.cdf(11))
    assert found.above == pytest.approx(exact.sf(10))
    out_of_reach = prior_data_conflict(gamma(6, 20), 10_000, 12.5)
    assert (out_of_reach.above, out_of_reach.vague_weight) == (0.0, pytest.approx(1.0))
    assert prior_data_conflict(gamma(6, 20), 10_000, 12.5, weight=0.0).vague_weight == 0.0


def test_no_data_surprise_a_uniform_prior() -> None:
    for r in range(11):
        found = prior_data_conflict(UNIFORM, r, 10)
        assert found.box == pytest.approx(1.0)
        assert found.vague_weight == pytest.approx(0.2)


@pytest.mark.parametrize(("r", "n"), [(2, 10), (9, 10), (0, 40)])
def test_the_chance_of_an_arm_unlike_the_others_is_the_weight_in_the_robust_posterior(r: int, n: int) -> None:
    prior = BetaMixture((Beta(19.0, 58.0, 0.6), Beta(3.5, 9.4, 0.4)))
    found = prior_data_conflict(prior, r, n, weight=0.3)
    assert found.vague_weight == pytest.approx(robust(prior, weight=0.3).update(r, n).parts[-1].weight)
    means = NormalMixture((Normal(-50.0, 8.0, 0.6), Normal(-55.0, 30.0, 0.4)))
    moved = prior_data_conflict(means, -20.0, 16.0, sigma=88.0)
    posterior = robust(means, sigma=88.0).update(-20.0, 16.0)
    assert moved.vague_weight == pytest.approx(posterior.parts[-1].weight)


def test_the_farther_the_data_the_likelier_an_arm_unlike_the_others() -> None:
    weights = [prior_data_conflict(beta(20, 80), r, 10).vague_weight for r in range(2, 11)]
    assert weights == sorted(weights)
    assert weights[0] < 0.2 < weights[-1]


# The power prior.


@pytest.mark.parametrize("a0", [0.0, 0.2, 1.0])
def test_a_fixed_power_prior_counts_each_patient_for_a_part(a0: float) -> None:
    r, n = (sum(each) for each in zip(*ARMS, strict=True))
    ((a, b, _),) = power_prior(UNIFORM, ARMS, a0).parts
    assert (a, b) == pytest.approx((1 + a0 * r, 1 + a0 * (n - r)))
    ((a, b, _),) = power_prior(gamma(1, 2), [(3, 10.0), (5, 12.5)], a0).parts
    assert (a, b) == pytest.approx((1 + 8 * a0, 2 + 22.5 * a0))
    ((mean, sd, _),) = power_prior(normal(0, 100), ESTIMATES, a0).parts
    y, se = np.array(ESTIMATES).T
    precision = 1e-4 + a0 * (se**-2).sum()
    assert sd == pytest.approx(precision**-0.5)
    assert mean == pytest.approx(a0 * (y / se**2).sum() / precision)


def test_a_power_prior_of_a_mixture_is_the_likelihood_to_the_power() -> None:
    initial = mix((0.6, beta(2, 5)), (0.4, beta(8, 4)))
    found = power_prior(initial, ARMS, 0.37)

    def unscaled(p: float) -> float:
        likelihood = sum(r * math.log(p) + (n - r) * math.log(1 - p) for r, n in ARMS)
        return math.exp(float(initial.log_density(p)) + 0.37 * (likelihood + 105))

    total = integrate.quad(unscaled, 0, 1, points=[0.25])[0]
    for p in (0.15, 0.25, 0.4):
        assert math.exp(float(found.log_density(p))) == pytest.approx(unscaled(p) / total, rel=1e-6)


def test_a_normalised_power_prior_agrees_with_integration_over_a0() -> None:
    found = power_prior(UNIFORM, ARMS, beta(2, 3))
    r, n = (sum(each) for each in zip(*ARMS, strict=True))

    def joint(a0: float, p: float) -> float:
        a, b = 1 + a0 * r, 1 + a0 * (n - r)
        log = (a - 1) * math.log(p) + (b - 1) * math.log(1 - p) - special.betaln(a, b)
        return float(np.exp(log) * 12 * a0 * (1 - a0) ** 2)

    for p in (0.1, 0.23, 0.5):
        exact = integrate.quad(joint, 0, 1, args=(p,))[0]
        assert math.exp(float(found.log_density(p))) == pytest.approx(exact, rel=1e-6)
    # And after data of the new arm: the posterior of p by brute force over both.
    posterior = found.update(9, 15)

    def moment(power: int) -> float:
        return integrate.dblquad(
            lambda p, a0: p**power * joint(a0, p) * p**9 * (1 - p) ** 6, 0, 1, 1e-9, 1 - 1e-9, epsabs=1e-12
        )[0]

    assert posterior.mean == pytest.approx(moment(1) / moment(0), rel=1e-4)


def test_a_normalised_power_prior_of_a_mean_agrees_with_integration_over_a0() -> None:
    found = power_prior(normal(0, 100), ESTIMATES, UNIFORM)
    y, se = np.array(ESTIMATES).T

    def density(a0: float, x: float) -> float:
        precision = 1e-4 + a0 * (se**-2).sum()
        mean = a0 * (y / se**2).sum() / precision
        return float(stats.norm.pdf(x, mean, precision**-0.5))

    for x in (-80.0, -42.0, 0.0):
        exact = integrate.quad(density, 0, 1, args=(x,), limit=200)[0]
        assert math.exp(float(found.log_density(x))) == pytest.approx(exact, rel=1e-4)


def test_a_new_arm_that_disagrees_borrows_less_when_a0_is_unknown() -> None:
    fixed, learned = power_prior(UNIFORM, ARMS, 0.5), power_prior(UNIFORM, ARMS, UNIFORM)
    assert learned.update(14, 20).mean > fixed.update(14, 20).mean + 0.05
    assert learned.update(5, 20).mean == pytest.approx(fixed.update(5, 20).mean, abs=0.02)


# What cannot be.


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: robust(UNIFORM, weight=1.2),
        lambda: robust(normal(0, 1)),
        lambda: prior_data_conflict(UNIFORM, 11, 10),
        lambda: prior_data_conflict(UNIFORM, 2.5, 10),
        lambda: prior_data_conflict(UNIFORM, 1, 10, weight=-0.1),
        lambda: prior_data_conflict(normal(0, 1), 1.0, 0.0, sigma=1.0),
        lambda: prior_data_conflict(normal(0, 1), 1.0, 1.0),
        lambda: power_prior(UNIFORM, ARMS, 1.1),
        lambda: power_prior(UNIFORM, [(5, 4)], 0.0),
        lambda: power_prior(normal(0, 1), [(1.0, -1.0)], 0.5),
        lambda: power_prior(UNIFORM, ARMS, mix((0.5, UNIFORM), (0.5, beta(2, 2)))),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(RaBayesError, match=r"^[^\n]+;[^\n]+$"):
        wrong()
