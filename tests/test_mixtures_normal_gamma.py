"""Normal and gamma mixtures: against closed forms, Bayes' rule integrated, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import (
    UNIFORM,
    Gamma,
    GammaMixture,
    Normal,
    NormalMixture,
    beta,
    difference_of_means,
    gamma,
    mix,
    normal,
    p_ratio_below,
)

MEANS = NormalMixture((Normal(-2.0, 1.0, 0.5), Normal(1.0, 0.3, 0.3), Normal(0.0, 6.0, 0.2)))
RATES = GammaMixture((Gamma(4.0, 20.0, 0.6), Gamma(30.0, 50.0, 0.3), Gamma(0.7, 1.0, 0.1)))


def density_of_means(x: float) -> float:
    return sum(w * math.exp(-0.5 * ((x - m) / s) ** 2) / s for m, s, w in MEANS.parts) / math.sqrt(
        2 * math.pi
    )


def density_of_rates(x: float) -> float:
    return sum(w * b**a * x ** (a - 1) * math.exp(-b * x) / math.gamma(a) for a, b, w in RATES.parts)


def test_a_normal_is_updated_by_precision() -> None:
    posterior = normal(10, 3).update(4.0, 1.5)
    ((mean, sd, weight),) = posterior.parts
    precision = 1 / 9 + 1 / 2.25
    assert mean == pytest.approx((10 / 9 + 4 / 2.25) / precision)
    assert sd == pytest.approx(precision**-0.5)
    assert weight == 1.0
    assert normal(10, 3).evidence(4.0, 1.5) == pytest.approx(stats.norm(10, np.hypot(3, 1.5)).pdf(4.0))


def test_a_gamma_is_updated_by_adding_events_and_exposure() -> None:
    assert str(gamma(2.5, 10).update(3, 12.5)) == "Gamma(5.5, 22.5)"
    for count in range(6):
        exact = stats.nbinom(2.5, 10 / 22.5).pmf(count)
        assert gamma(2.5, 10).evidence(count, 12.5) == pytest.approx(exact)
    exact_gamma = stats.gamma(2.5, scale=0.1)
    assert gamma(2.5, 10).interval(0.9) == pytest.approx(exact_gamma.ppf([0.05, 0.95]))
    assert gamma(2.5, 10).sd == pytest.approx(exact_gamma.std())


def test_a_mixture_of_normals_agrees_with_bayes_rule_integrated() -> None:
    def joint(x: float) -> float:
        return density_of_means(x) * math.exp(-0.5 * ((0.4 - x) / 0.8) ** 2) / (0.8 * math.sqrt(2 * math.pi))

    def area(upper: float) -> float:
        return float(integrate.quad(joint, -40, upper, points=[-2, 0.4, 1], epsabs=1e-13, limit=300)[0])

    posterior, total = MEANS.update(0.4, 0.8), area(40.0)
    assert MEANS.evidence(0.4, 0.8) == pytest.approx(total, rel=1e-8)
    for x in (-1.0, 0.5, 1.2):
        assert float(posterior.cdf(x)) == pytest.approx(area(x) / total, abs=1e-8)
        assert posterior.p_above(x) == pytest.approx(1 - area(x) / total, abs=1e-8)
        assert float(np.exp(MEANS.log_density(x))) == pytest.approx(density_of_means(x))


def test_a_mixture_of_gammas_agrees_with_bayes_rule_integrated() -> None:
    def joint(x: float) -> float:
        return density_of_rates(x) * (9.0 * x) ** 4 * math.exp(-9.0 * x) / math.factorial(4)

    def area(upper: float) -> float:
        return float(integrate.quad(joint, 1e-12, upper, epsabs=1e-13, limit=300)[0])

    posterior, total = RATES.update(4, 9.0), area(8.0)
    assert RATES.evidence(4, 9.0) == pytest.approx(total, rel=1e-7)
    for x in (0.2, 0.45, 0.7):
        assert float(posterior.cdf(x)) == pytest.approx(area(x) / total, abs=1e-7)
        assert posterior.p_above(x) == pytest.approx(1 - area(x) / total, abs=1e-7)
        assert float(np.exp(RATES.log_density(x))) == pytest.approx(density_of_rates(x))


@given(prob=st.floats(1e-6, 1 - 1e-6))
@settings(deadline=None, max_examples=60)
def test_quantiles_are_where_the_distribution_functions_say(prob: float) -> None:
    assert float(MEANS.cdf(MEANS.quantile(prob))) == pytest.approx(prob, abs=1e-9)
    assert float(RATES.cdf(RATES.quantile(prob))) == pytest.approx(prob, abs=1e-9)


def test_moments_are_those_of_draws() -> None:
    rng = np.random.default_rng(1)
    part = rng.choice(3, size=400_000, p=[0.5, 0.3, 0.2])
    mean, sd, _ = MEANS.arrays
    draws = rng.normal(mean[part], sd[part])
    assert MEANS.mean == pytest.approx(draws.mean(), abs=0.02)
    assert MEANS.sd == pytest.approx(draws.std(), abs=0.02)


def test_predictives_are_certain_in_all_and_have_the_prior_s_mean() -> None:
    chances = RATES.predictive(7.0)
    counts = np.arange(chances.size)
    assert chances.sum() == pytest.approx(1, abs=1e-11)
    assert chances @ counts == pytest.approx(7 * RATES.mean, rel=1e-9)
    assert chances[:5] == pytest.approx([RATES.evidence(count, 7.0) for count in range(5)])
    assert str(normal(1, 3).predictive(4)) == "Normal(1, 5)"


def test_two_updates_are_one() -> None:
    both = 1 / np.sqrt(1 / 0.5**2 + 1 / 0.9**2)
    mean = both**2 * (0.3 / 0.5**2 + 1.1 / 0.9**2)
    in_turn, at_once = MEANS.update(0.3, 0.5).update(1.1, 0.9), MEANS.update(mean, both)
    assert np.array(in_turn.parts) == pytest.approx(np.array(at_once.parts))
    in_turn_rates = RATES.update(2, 3.0).update(5, 8.0)
    assert np.array(in_turn_rates.parts) == pytest.approx(np.array(RATES.update(7, 11.0).parts))


def test_a_difference_of_means_agrees_with_simulation_and_with_its_mirror_image() -> None:
    found = difference_of_means(MEANS, normal(0.5, 0.7))
    rng = np.random.default_rng(2)
    mean, sd, weight = MEANS.arrays
    part = rng.choice(3, size=300_000, p=weight)
    draws = rng.normal(mean[part], sd[part]) - rng.normal(0.5, 0.7, size=300_000)
    for x in (-3.0, 0.0, 0.4):
        assert found.p_above(x) == pytest.approx((draws > x).mean(), abs=0.004)
        assert difference_of_means(normal(0.5, 0.7), MEANS).p_above(-x) == pytest.approx(1 - found.p_above(x))


@pytest.mark.parametrize("ratio", [0.2, 1.0, 2.5])
def test_a_rate_ratio_agrees_with_quadrature(ratio: float) -> None:
    other = gamma(6, 15)
    by_quad, _ = integrate.quad(
        lambda y: float(stats.gamma(6, scale=1 / 15).pdf(y) * RATES.cdf(ratio * y)), 0, 4, epsabs=1e-12
    )
    assert p_ratio_below(RATES, other, ratio) == pytest.approx(by_quad, abs=1e-9)
    assert p_ratio_below(other, RATES, 1 / ratio) == pytest.approx(1 - by_quad, abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: normal(0.0, 0.0),
        lambda: normal(float("nan"), 1.0),
        lambda: NormalMixture(()),
        lambda: MEANS.update(1.0, 0.0),
        lambda: MEANS.update(float("inf"), 1.0),
        lambda: MEANS.quantile(0.0),
        lambda: gamma(0.0, 1.0),
        lambda: GammaMixture((Gamma(1.0, 1.0, -1.0),)),
        lambda: RATES.update(-1, 3.0),
        lambda: RATES.update(1, 0.0),
        lambda: RATES.quantile(1.0),
        lambda: p_ratio_below(RATES, RATES, 0.0),
        lambda: mix(),
        lambda: mix((0.5, beta(1, 1)), (0.5, normal(0, 1))),  # type: ignore[type-var]
        lambda: mix((-0.5, UNIFORM), (1.5, UNIFORM)),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(RaBayesError, match=r"^[^\n]+;[^\n]+$"):
        wrong()
