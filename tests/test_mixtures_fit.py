"""Fitted mixtures and effective sample sizes: against mixtures that are known, brute force, and RBesT."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import robust
from ra_bayes.mixtures import (
    JEFFREYS,
    UNIFORM,
    Beta,
    BetaMixture,
    Gamma,
    GammaMixture,
    Gridded,
    Mixture,
    Normal,
    NormalMixture,
    beta,
    fit_mixture,
    gamma,
    mix,
    normal,
)
from ra_bayes.mixtures.ess import effective_sample_size

# Printed in RBesT's vignette "Getting started with RBesT (binary)", version 1.8-2.
VIGNETTE = BetaMixture((Beta(19.1916387, 57.7779318, 0.6167463), Beta(3.5278745, 9.3735980, 0.3832537)))


def grid_of(mixture: Mixture) -> Gridded:
    if isinstance(mixture, NormalMixture):
        x = np.linspace(mixture.mean - 12 * mixture.sd, mixture.mean + 12 * mixture.sd, 1201)
        return Gridded(x, np.exp(mixture.log_density(x)))
    theta = np.linspace(-30.0, 30.0, 2401)
    if isinstance(mixture, BetaMixture):
        x = special.expit(theta)
        return Gridded(x, np.exp(mixture.log_density(x)) * x * special.expit(-theta))
    x = np.exp(theta)
    return Gridded(x, np.exp(mixture.log_density(x)) * x)


# Distributions on a grid.


def test_a_distribution_on_a_grid_has_the_moments_and_quantiles_of_its_own() -> None:
    exact = stats.gamma(3.0)
    u = np.linspace(-9.0, 4.0, 201)
    found = Gridded(np.exp(u), exact.pdf(np.exp(u)) * np.exp(u))
    assert found.mean == pytest.approx(3.0, abs=1e-9)
    assert found.sd == pytest.approx(3.0**0.5, abs=1e-9)
    for prob in (0.001, 0.025, 0.5, 0.99):
        assert found.quantile(prob) == pytest.approx(exact.ppf(prob), rel=1e-4)
        assert float(found.cdf(exact.ppf(prob))) == pytest.approx(prob, abs=1e-5)
    assert found.density[60:150] == pytest.approx(exact.pdf(found.x[60:150]), rel=1e-4)
    assert found.map(np.sqrt, lambda x: 0.5 / np.sqrt(x)).mean == pytest.approx(
        integrate.quad(lambda x: x**0.5 * exact.pdf(x), 0, 60)[0]
    )


def test_a_grid_that_ends_in_the_middle_of_a_distribution_counts_its_end_half() -> None:
    half = Gridded(np.linspace(0.0, 9.0, 91), np.exp(-(np.linspace(0.0, 9.0, 91) ** 2) / 2))
    # A half-normal; its density is even, so that only the odd moments are not exact.
    assert half.weights @ half.x**2 == pytest.approx(1.0, abs=1e-12)
    assert half.quantile(0.5) == pytest.approx(stats.halfnorm.ppf(0.5), abs=1e-5)


# The fit.


@pytest.mark.parametrize(
    "truth",
    [
        BetaMixture((Beta(20.0, 60.0, 0.7), Beta(2.0, 3.0, 0.3))),
        NormalMixture((Normal(-50.0, 8.0, 0.6), Normal(-55.0, 40.0, 0.4))),
        GammaMixture((Gamma(40.0, 100.0, 0.75), Gamma(2.0, 2.0, 0.25))),
        beta(1.6, 8.0),
        normal(3.0, 0.1),
        gamma(1.8, 5.0),
    ],
)
def test_a_mixture_is_found_again(truth: Mixture) -> None:
    found = fit_mixture(grid_of(truth), type(truth))
    assert found.kl < 1e-6
    assert len(found.mixture.parts) == len(truth.parts)
    assert np.array(found.mixture.parts) == pytest.approx(np.array(truth.parts), rel=0.02)


def test_the_divergence_is_that_of_brute_force() -> None:
    truth = BetaMixture((Beta(20.0, 60.0, 0.7), Beta(2.0, 3.0, 0.3)))
    found = fit_mixture(grid_of(truth), BetaMixture, parts=1)

    def integrand(x: float) -> float:
        p, q = float(truth.log_density(x)), float(found.mixture.log_density(x))
        return float(np.exp(p)) * (p - q)

    by_quad, _ = integrate.quad(integrand, 0, 1, points=[0.25], limit=200)
    assert found.kl == pytest.approx(by_quad, rel=1e-5)
    # The one Beta nearest to it: any other is farther.
    a, b, _ = found.mixture.parts[0]
    nodes = grid_of(truth)
    x, weights = nodes.x[400:-400], nodes.weights[400:-400]
    for other in (beta(1.05 * a, b), beta(a, 1.05 * b), beta(0.95 * a, 0.95 * b)):
        assert weights @ other.log_density(x) < weights @ found.mixture.log_density(x)


def test_a_beta_nearest_has_the_target_s_expected_logarithms() -> None:
    # What maximum likelihood asks of an exponential family.
    target = grid_of(mix((0.5, beta(3.0, 9.0)), (0.5, beta(30.0, 50.0))))
    ((a, b, _),) = fit_mixture(target, BetaMixture, parts=1).mixture.parts
    known = (target.x > 0) & (target.x < 1)
    expected = target.weights[known] @ np.log(target.x[known])
    assert special.digamma(a) - special.digamma(a + b) == pytest.approx(expected, abs=1e-6)


def test_more_parts_are_nearer_and_the_number_asked_for_is_given() -> None:
    target = Gridded(np.linspace(-60.0, 60.0, 2001), stats.t(4).pdf(np.linspace(-60.0, 60.0, 2001)))
    apart = [fit_mixture(target, NormalMixture, parts=number).kl for number in (1, 2, 3)]
    assert apart == sorted(apart, reverse=True)
    assert len(fit_mixture(target, NormalMixture, parts=3).mixture.parts) == 3
    chosen = fit_mixture(target, NormalMixture)
    assert chosen.kl < apart[1]
    assert chosen.mixture.mean == pytest.approx(0.0, abs=1e-3)


def test_two_modes_get_a_part_each() -> None:
    truth = BetaMixture((Beta(30.0, 270.0, 0.5), Beta(270.0, 30.0, 0.5)))
    found = fit_mixture(grid_of(truth), BetaMixture)
    assert sorted(round(a) for a, _, _ in found.mixture.parts) == [30, 270]


@pytest.mark.parametrize("truth", [beta(0.7, 8.0), beta(8.0, 0.7), beta(0.6, 0.8), gamma(0.7, 5.0)])
def test_parts_are_bounded_and_still_near_what_is_not(truth: BetaMixture | GammaMixture) -> None:
    found = fit_mixture(grid_of(truth), type(truth))
    a, b, _ = found.mixture.arrays
    assert a.min() >= 1.0
    assert isinstance(truth, GammaMixture) or b.min() >= 1.0
    assert found.kl < 0.02
    assert found.mixture.mean == pytest.approx(truth.mean, rel=0.01)


def test_a_mixture_of_no_parts_is_refused() -> None:
    with pytest.raises(RaBayesError, match="write 1 or more"):
        fit_mixture(grid_of(normal(0, 1)), NormalMixture, parts=0)
    with pytest.raises(RaBayesError, match="a mass above 0"):
        Gridded(np.arange(9.0), np.zeros(9))


# Effective sample size.


@pytest.mark.parametrize(("a", "b"), [(5.0, 15.0), (1.5, 40.0), (600.0, 400.0), (2.0, 1.1)])
def test_a_single_part_is_worth_what_it_counts(a: float, b: float) -> None:
    assert effective_sample_size(beta(a, b)) == pytest.approx(a + b, rel=1e-6)
    assert effective_sample_size(beta(a, b), method="moment") == pytest.approx(a + b)
    assert effective_sample_size(gamma(a, b)) == pytest.approx(b, rel=1e-3)
    assert effective_sample_size(gamma(a, b), method="moment") == pytest.approx(b)
    for method in ("elir", "moment"):
        assert effective_sample_size(normal(-1, 2), method=method, sigma=4) == pytest.approx(4)  # type: ignore[arg-type]


def test_elir_of_mixtures_agrees_with_brute_force() -> None:
    def rate(prior: Mixture, x: float, h: float, information: float) -> float:
        low, mid, high = (float(prior.log_density(x + d)) for d in (-h, 0.0, h))
        return -(low - 2 * mid + high) / h**2 / information * float(np.exp(mid))

    betas = BetaMixture((Beta(20.0, 60.0, 0.7), Beta(3.0, 4.0, 0.3)))
    by_quad, _ = integrate.quad(lambda x: rate(betas, x, 1e-4, 1 / (x * (1 - x))), 1e-3, 0.999, limit=300)
    assert effective_sample_size(betas) == pytest.approx(by_quad, rel=1e-3)
    normals = NormalMixture((Normal(-50.0, 8.0, 0.6), Normal(-55.0, 40.0, 0.4)))
    by_quad, _ = integrate.quad(
        lambda x: rate(normals, x, 0.01, 88.0**-2), -350, 250, points=[-70, -50, -30], limit=400
    )
    assert effective_sample_size(normals, sigma=88) == pytest.approx(by_quad, rel=1e-4)
    gammas = GammaMixture((Gamma(40.0, 100.0, 0.75), Gamma(3.0, 4.0, 0.25)))
    by_quad, _ = integrate.quad(lambda x: rate(gammas, x, 1e-4, 1 / x), 1e-3, 6, points=[0.4], limit=300)
    assert effective_sample_size(gammas) == pytest.approx(by_quad, rel=1e-3)


def test_elir_is_predictively_consistent() -> None:
    # Neuenschwander 2020: after m more patients m more are expected, whatever the mixture.
    prior = BetaMixture((Beta(10.0, 2.0, 0.8), Beta(1.5, 1.5, 0.2)))
    expected = prior.predictive(12) @ [effective_sample_size(prior.update(r, 12)) for r in range(13)]
    assert expected - 12 == pytest.approx(effective_sample_size(prior), abs=0.02)


def test_what_rbest_says_of_its_vignette_s_mixture() -> None:
    assert round(effective_sample_size(VIGNETTE)) == 37
    assert round(effective_sample_size(VIGNETTE, method="moment")) == 26
    assert round(effective_sample_size(robust(VIGNETTE))) == 26
    assert VIGNETTE.mean == pytest.approx(0.25857963, abs=1e-8)
    assert VIGNETTE.sd == pytest.approx(0.08423297, abs=1e-7)
    # R's root finder stops a little short.
    assert VIGNETTE.interval(0.95) == pytest.approx((0.10808237, 0.47028444), abs=5e-5)


def test_where_elir_does_not_exist_a_sentence_says_so() -> None:
    for prior in (JEFFREYS, mix((0.9, beta(3, 9)), (0.1, JEFFREYS)), gamma(0.5, 2.0)):
        with pytest.raises(RaBayesError, match="write method='moment'"):
            effective_sample_size(prior)
        assert effective_sample_size(prior, method="moment") > 0
    with pytest.raises(RaBayesError, match="give it as sigma"):
        effective_sample_size(normal(0, 1))
    with pytest.raises(RaBayesError, match="several places"):
        effective_sample_size(mix((0.4, beta(1, 90)), (0.4, beta(90, 1)), (0.2, UNIFORM)))
    with pytest.raises(RaBayesError, match="elir or moment"):
        effective_sample_size(UNIFORM, method="morita")  # type: ignore[arg-type]
