"""The MAP prior: against closed forms, brute-force integration, its own refinement, and RBesT."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pandas as pd
import pytest
from conftest import shared_file
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import map_prior, robust
from ra_bayes.historical.likelihood import arms_of, log_marginal
from ra_bayes.mixtures import (
    UNIFORM,
    BetaMixture,
    NormalMixture,
    fit_mixture,
)
from ra_bayes.mixtures.ess import effective_sample_size

ZEROS = ((0, 52), (0, 15))
UNLIKE = ((5, 20), (3, 20), (1, 6), (16, 30), (28, 30))
ALIKE = ((10, 100), (11, 100), (12, 100))
# R package RBesT, data set colitis (Neuenschwander 2010): remission of ulcerative colitis on placebo.
COLITIS = ((6, 56), (9, 63), (18, 121), (7, 123))
# R package RBesT, data set crohn (Hueber 2012): change in CDAI on placebo, SD of one patient 88.
CROHN = tuple(
    (y, 88 / n**0.5) for y, n in ((-51, 74), (-49, 166), (-36, 328), (-47, 20), (-90, 25), (-54, 58))
)


def ankylosing_spondylitis() -> list[tuple[int, int]]:
    table = pd.read_csv(shared_file("RBesT_AS.csv"))
    return [(int(r), int(n)) for r, n in zip(table["r"], table["n"], strict=True)]


# An arm's likelihood with its own parameter integrated out.


@pytest.mark.parametrize(
    ("family", "arm"),
    [
        ("binary", (3, 10)),
        ("binary", (0, 50)),
        ("binary", (300, 1000)),
        ("poisson", (4, 20.0)),
        ("poisson", (0, 3.0)),
    ],
)
@pytest.mark.parametrize("tau", [0.003, 0.3, 2.5])
def test_an_arm_s_marginal_likelihood_agrees_with_adaptive_quadrature(
    family: str, arm: tuple[float, float], tau: float
) -> None:
    (made,) = arms_of(family, [arm])  # type: ignore[arg-type]
    mu = np.array([-3.0, -1.0, 0.5])
    y, size = arm

    def log_likelihood(theta: float) -> float:
        if family == "poisson":
            return y * theta - size * math.exp(theta)
        return y * theta - size * float(np.logaddexp(0, theta))

    exact = []
    for m in mu:
        # Both factors are log-concave: one peak, found on a fine grid.
        theta = np.linspace(m - 9 * tau, m + 9 * tau, 20_001)
        log = np.array([log_likelihood(each) for each in theta]) - 0.5 * ((theta - m) / tau) ** 2
        exact.append(log.max() + math.log(np.trapezoid(np.exp(log - log.max()), theta) / tau))
    found = log_marginal(made, mu, tau)
    assert found - found[1] == pytest.approx(np.array(exact) - exact[1], abs=1e-6)


def test_at_no_heterogeneity_an_arm_s_likelihood_is_its_own() -> None:
    for family, arm in (("binary", (3, 10)), ("poisson", (4, 20.0)), ("gaussian", (1.5, 0.7))):
        (made,) = arms_of(family, [arm])  # type: ignore[arg-type]
        mu = np.linspace(-2.0, 1.0, 7)
        found = log_marginal(made, mu, 0.0)
        exact = made.log_likelihood(mu)
        assert found - found[0] == pytest.approx(exact - exact[0], abs=1e-12)


# Closed forms.


def test_without_heterogeneity_normal_arms_are_pooled_by_precision() -> None:
    found = map_prior([(2.0, 1.0), (5.0, 2.0)], family="gaussian", mean=(0.0, 10.0), tau=1e-7)
    precision = 1 / 100 + 1 + 1 / 4
    assert found.predictive.mean == pytest.approx((2 + 5 / 4) / precision, abs=1e-6)
    assert found.predictive.sd == pytest.approx(precision**-0.5, abs=1e-6)
    assert fit_mixture(found.predictive, NormalMixture, parts=1).kl < 1e-8


def test_without_heterogeneity_counts_are_pooled() -> None:
    # Normal(0, 2) on the log odds and one binomial of all.
    found = map_prior([(3, 10), (8, 30)], tau=1e-7).theta
    mean = integrate.quad(lambda t: t * math.exp(24 + 11 * t - 40 * np.logaddexp(0, t) - t * t / 8), -9, 6)[0]
    total = integrate.quad(lambda t: math.exp(24 + 11 * t - 40 * np.logaddexp(0, t) - t * t / 8), -9, 6)[0]
    assert found.mean == pytest.approx(mean / total, abs=1e-6)


def test_normal_arms_agree_with_their_closed_form_for_each_tau() -> None:
    # Given tau all is normal: weights of tau from the marginal density of the estimates, then moments.
    arms = ((1.0, 0.5), (3.0, 0.8), (-0.5, 1.2))
    y, se = np.array(arms).T
    m, s, scale = 0.0, 4.0, 1.5

    def given(tau: float) -> tuple[float, float, float]:
        v = se**2 + tau**2
        covariance = np.diag(v) + s**2
        log = stats.multivariate_normal(np.full(3, m), covariance).logpdf(y) - 0.5 * (tau / scale) ** 2
        precision = 1 / s**2 + (1 / v).sum()
        return math.exp(log), (m / s**2 + (y / v).sum()) / precision, 1 / precision + tau**2

    tau = np.linspace(0.0, 9.0, 3001)
    weight, mean, variance = np.array([given(each) for each in tau]).T
    total = np.trapezoid(weight, tau)
    first = np.trapezoid(weight * mean, tau) / total
    second = np.trapezoid(weight * (variance + mean**2), tau) / total
    found = map_prior(arms, family="gaussian", mean=(m, s), tau=scale)
    assert found.predictive.mean == pytest.approx(first, abs=1e-6)
    assert found.predictive.sd == pytest.approx(math.sqrt(second - first**2), abs=1e-6)
    assert found.tau.mean == pytest.approx(np.trapezoid(weight * tau, tau) / total, abs=1e-3)


def test_one_arm_is_let_down_by_tau_alone() -> None:
    # One estimate: theta_new | tau is normal about it with tau^2 twice, beforehand tau is half-normal.
    found = map_prior([(0.0, 1.0)], family="gaussian", mean=(0.0, 1e4), tau=2.0)
    assert found.predictive.mean == pytest.approx(0.0, abs=1e-3)
    assert found.tau.quantile(0.5) == pytest.approx(2.0 * stats.halfnorm.ppf(0.5), rel=1e-3)
    assert found.predictive.sd == pytest.approx(math.sqrt(1 + 2 * 4), rel=1e-3)
    assert "like another arm" in str(found)


# Brute force.


def test_counts_agree_with_integration_over_everything_by_brute_force() -> None:
    # Both arms' own log odds, mu and tau summed on grids; only the means are compared.
    arms = ((2, 8), (6, 12))
    z, w = np.polynomial.hermite_e.hermegauss(80)
    tau = np.linspace(0.0, 6.0, 301)
    mu = np.linspace(-8.0, 8.0, 201)
    theta = mu[None, :, None] + tau[:, None, None] * z
    rate = special.expit(theta)
    joint = np.exp(-0.5 * tau[:, None] ** 2 - mu**2 / 8)
    for r, n in arms:
        joint *= (rate**r * (1 - rate) ** (n - r)) @ w
    joint[[0, -1]] /= 2
    total = joint.sum()
    first = (joint * (rate @ w)).sum() / total / w.sum()
    second = (joint * (rate**2 @ w)).sum() / total / w.sum()
    found = map_prior(arms)
    assert found.predictive.mean == pytest.approx(first, abs=1e-6)
    assert found.predictive.sd == pytest.approx(math.sqrt(second - first**2), abs=1e-6)
    assert found.tau.mean == pytest.approx((joint.sum(axis=1) @ tau) / total, abs=1e-4)
    assert found.mu.mean == pytest.approx((joint.sum(axis=0) @ mu) / total, abs=1e-6)


def test_counts_agree_with_simulation_from_the_priors() -> None:
    rng = np.random.default_rng(3)
    mu, tau = rng.normal(0.0, 2.0, 400_000), np.abs(rng.normal(0.0, 1.0, 400_000))
    weight = np.ones(400_000)
    for r, n in UNLIKE[:4]:
        weight *= stats.binom(n, special.expit(rng.normal(mu, tau))).pmf(r)
    new = special.expit(rng.normal(mu, tau))
    order = np.argsort(new)
    by_force = new[order][np.searchsorted(np.cumsum(weight[order]) / weight.sum(), [0.05, 0.5, 0.95])]
    found = map_prior(UNLIKE[:4]).predictive
    assert found.mean == pytest.approx(weight @ new / weight.sum(), abs=0.01)
    assert [found.quantile(prob) for prob in (0.05, 0.5, 0.95)] == pytest.approx(by_force, abs=0.03)


def test_event_rates_agree_with_brute_force() -> None:
    arms = ((5, 12.0), (3, 20.0), (0, 4.0))
    z, w = np.polynomial.hermite_e.hermegauss(80)
    tau = np.linspace(0.0, 4.0, 201)
    mu = np.linspace(-7.0, 4.0, 221)
    theta = mu[None, :, None] + tau[:, None, None] * z
    joint = np.exp(-0.5 * (tau[:, None] / 0.6) ** 2 - 0.5 * ((mu + 1) / 1.5) ** 2)
    for count, exposure in arms:
        joint *= np.exp(count * theta - exposure * np.exp(theta)) @ w
    joint[[0, -1]] /= 2
    mean = (joint * ((theta @ w) / w.sum())).sum() / joint.sum()
    found = map_prior(arms, family="poisson", mean=(-1.0, 1.5), tau=0.6)
    assert found.theta.mean == pytest.approx(mean, abs=1e-6)
    assert found.predictive.quantile(0.5) == pytest.approx(math.exp(found.theta.quantile(0.5)), rel=1e-6)


@pytest.mark.parametrize("arms", [ZEROS, UNLIKE, ALIKE, ((5, 5), (6, 6)), ((0, 400), (400, 400)), COLITIS])
def test_finer_nodes_change_nothing(
    arms: tuple[tuple[int, int], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(map_prior.__module__)
    coarse = map_prior(arms)
    monkeypatch.setattr(module, "_MU_NODES", 301)
    monkeypatch.setattr(module, "_THETA_NODES", 1601)
    monkeypatch.setattr(module, "_TAU_SPACING", 0.04)
    fine = map_prior(arms)
    assert coarse.predictive.mean == pytest.approx(fine.predictive.mean, abs=1e-7)
    assert coarse.predictive.sd == pytest.approx(fine.predictive.sd, abs=1e-7)
    assert coarse.tau.mean == pytest.approx(fine.tau.mean, abs=3e-5)
    for prob in (0.025, 0.5, 0.975):
        assert coarse.predictive.quantile(prob) == pytest.approx(fine.predictive.quantile(prob), abs=1e-5)


def test_many_large_arms_are_integrated_as_well_as_few_small_ones() -> None:
    rng = np.random.default_rng(4)
    rates = special.expit(rng.normal(-1.0, 0.3, 60))
    found = map_prior([(int(rng.binomial(2000, rate)), 2000) for rate in rates])
    assert found.mu.mean == pytest.approx(special.logit(rates).mean(), abs=0.02)
    assert found.tau.mean == pytest.approx(special.logit(rates).std(), abs=0.02)
    assert float(found.tau.weights.max()) < 0.2


# What it should do.


def test_arms_that_agree_are_worth_more_than_arms_that_do_not() -> None:
    def worth(arms: tuple[tuple[int, int], ...], tau: float = 1.0) -> float:
        mixture = map_prior(arms, tau=tau).mixture()
        assert isinstance(mixture, BetaMixture)
        return mixture.ess

    assert worth(ALIKE) > 8 * worth(UNLIKE)
    assert worth(((1, 10), (2, 10))) < worth(((10, 100), (20, 100)))
    scales = [worth(UNLIKE[:4], tau) for tau in (2.0, 1.0, 0.5, 0.1)]
    assert scales == sorted(scales)


def test_the_robust_prior_lets_go_in_a_conflict_and_holds_on_without_one() -> None:
    prior = map_prior(ALIKE).mixture()
    assert isinstance(prior, BetaMixture)
    held, robustly = prior.update(9, 10), robust(prior).update(9, 10)
    assert held.mean + 0.05 < robustly.mean < UNIFORM.update(9, 10).mean
    assert robust(prior).update(1, 10).mean == pytest.approx(prior.update(1, 10).mean, abs=0.02)
    vague = robustly.parts[-1]
    assert (vague.a, vague.b) == (10, 2)
    assert vague.weight > 0.9


def test_mirrored_counts_give_the_mirrored_prior() -> None:
    found, mirrored = map_prior(UNLIKE), map_prior([(n - r, n) for r, n in UNLIKE])
    assert mirrored.predictive.mean == pytest.approx(1 - found.predictive.mean, abs=1e-9)
    assert mirrored.tau.mean == pytest.approx(found.tau.mean, abs=1e-9)


def test_arms_that_differ_draw_tau_beyond_its_prior_s_reach() -> None:
    # Two exact estimates 100 apart, tau ~ HN(1): tau^-1 exp(-2500 / tau^2 - tau^2 / 2) given a flat mu.
    found = map_prior([(0.0, 1e-4), (100.0, 1e-4)], family="gaussian", mean=(50.0, 1e4), tau=1.0)
    tau = np.linspace(2.0, 30.0, 20_001)
    weight = np.exp(-2500 / tau**2 - tau**2 / 2 + 70) / tau
    assert found.tau.mean == pytest.approx(weight @ tau / weight.sum(), rel=1e-4)


def test_counts_that_no_allowed_tau_explains_are_told_so() -> None:
    with pytest.raises(RaBayesError, match="write a larger tau"):
        map_prior([(1, 100_000), (99_999, 100_000)], tau=0.001)
    assert map_prior([(1, 100_000), (99_999, 100_000)]).tau.mean > 2


def test_a_prior_that_no_mixture_comes_near_is_told_so() -> None:
    wide = map_prior([(0, 5000), (0, 5000)], mean=(0.0, 10.0))
    with pytest.raises(RaBayesError, match="think of narrower priors"):
        wide.mixture()
    with pytest.raises(RaBayesError, match="within rounding of an end"):
        map_prior([(3, 10), (4, 12)], tau=50.0).mixture()


def test_a_change_of_unit_changes_the_unit_alone() -> None:
    found = map_prior(CROHN, family="gaussian", mean=(0, 88), tau=44)
    tenfold = map_prior([(10 * y, 10 * se) for y, se in CROHN], family="gaussian", mean=(0, 880), tau=440)
    assert tenfold.predictive.mean == pytest.approx(10 * found.predictive.mean)
    assert tenfold.tau.interval(0.95) == pytest.approx([10 * end for end in found.tau.interval(0.95)])


# What RBesT prints, from MCMC samples of some thousands: its numbers vary from run to run.


def test_the_prior_of_ankylosing_spondylitis_is_rbest_s() -> None:
    # reference/planning.md, and the vignette "Getting started with RBesT (binary)" of version 1.8-2:
    # tau .387 (.040, .897) and .377 (.0414, .893);
    # MAP .255 (.0864) .106 to .461 and .258 (.0842) .112 to .459.
    found = map_prior(ankylosing_spondylitis(), mean=(0.0, 2.0), tau=1.0)
    assert found.tau.mean == pytest.approx(0.382, abs=0.008)
    assert found.tau.interval(0.95) == pytest.approx((0.041, 0.895), abs=0.025)
    assert found.tau.quantile(0.5) == pytest.approx(0.346, abs=0.012)
    assert found.predictive.mean == pytest.approx(0.2565, abs=0.003)
    assert found.predictive.sd == pytest.approx(0.0853, abs=0.003)
    assert found.predictive.interval(0.95) == pytest.approx((0.109, 0.460), abs=0.012)
    mixture = found.mixture()
    # ESS by elir 38 and 37, by moments 24 and 26; with a fifth of it uniform, by elir, 26.
    assert effective_sample_size(mixture) == pytest.approx(37.5, abs=1)
    assert effective_sample_size(mixture, method="moment") == pytest.approx(25, abs=1.5)
    assert isinstance(mixture, BetaMixture)
    assert effective_sample_size(robust(mixture)) == pytest.approx(26, abs=1)


def test_a_narrower_prior_of_tau_is_rbest_s() -> None:
    # The same vignette with tau ~ HN(1/2): tau .334 (.176) .0382 to .724; MAP .257 (.0794) .119 to .440.
    found = map_prior(ankylosing_spondylitis(), mean=(0.0, 2.0), tau=0.5)
    assert (found.tau.mean, found.tau.sd) == pytest.approx((0.334, 0.176), abs=0.006)
    assert found.tau.interval(0.95) == pytest.approx((0.0382, 0.724), abs=0.015)
    assert found.predictive.mean == pytest.approx(0.257, abs=0.003)
    assert found.predictive.sd == pytest.approx(0.0794, abs=0.003)
    assert found.predictive.interval(0.95) == pytest.approx((0.119, 0.440), abs=0.006)


def test_the_mixture_of_ulcerative_colitis_is_that_of_schmidli() -> None:
    # Schmidli 2014: 0.77 Beta(6.2, 50.8) + 0.23 Beta(1.0, 4.7), from the same arms, in RBesT's demo robustMAP
    # with tau ~ HN(1) and mean ~ Normal(0, 2^2).
    found = fit_mixture(map_prior(COLITIS).predictive, BetaMixture, parts=2).mixture
    (narrow, wide) = found.parts
    assert narrow.weight == pytest.approx(0.77, abs=0.02)
    assert (narrow.a, narrow.b) == pytest.approx((6.2, 50.8), rel=0.04)
    assert (wide.a, wide.b) == pytest.approx((1.0, 4.7), rel=0.1)


def test_the_prior_of_crohn_s_disease_is_worth_twenty_patients() -> None:
    # RBesT's vignette for a normal endpoint: sigma 88, mean ~ Normal(0, 88^2), tau ~ HN(44), moment ESS 20 in
    # the protocol of that trial.
    found = map_prior(CROHN, family="gaussian", mean=(0.0, 88.0), tau=44.0)
    assert effective_sample_size(found.mixture(), method="moment", sigma=88) == pytest.approx(20, abs=1)
    # Robust about -50, as there: "consistent with the mean of the MAP prior".
    assert found.predictive.mean == pytest.approx(-50, abs=1)


# What cannot be.


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: map_prior([]), "needs an arm"),
        (lambda: map_prior([(1, 10), (11, 10)]), r"\(11, 10\)"),
        (lambda: map_prior([(0, 0)]), r"\(0, 0\)"),
        (lambda: map_prior([(1, 2)], family="cauchy"), "binary, gaussian or poisson"),
        (lambda: map_prior([(1.0, 0.0)], family="gaussian", mean=(0, 1), tau=1), "standard error above 0"),
        (lambda: map_prior([(float("nan"), 1.0)], family="gaussian", mean=(0, 1), tau=1), "standard error"),
        (lambda: map_prior([(1, 0.0)], family="poisson", mean=(0, 1), tau=1), "exposure above 0"),
        (lambda: map_prior([(1.0, 1.0)], family="gaussian"), "give mean="),
        (lambda: map_prior([(1.0, 1.0)], family="gaussian", mean=(0, 1)), "give mean="),
        (lambda: map_prior([(1, 10)], tau=0.0), "write a number above 0"),
        (lambda: map_prior([(1, 10)], mean=(0, -1)), "SD above 0"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(wrong: object, says: str) -> None:
    assert callable(wrong)
    with pytest.raises(RaBayesError, match=says) as caught:
        wrong()
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)
