"""Rates as mixtures of Betas: one and the difference of two, against closed forms and quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import (
    UNIFORM,
    BetaMixture,
    beta,
    difference_interval,
    mix,
    p_difference_below,
    p_greater,
)

MIXED = mix((0.7, beta(4.0, 12.0)), (0.2, beta(30.0, 20.0)), (0.1, beta(0.5, 0.5)))


def test_a_beta_is_updated_by_adding_counts() -> None:
    posterior = beta(2, 5).update(4, 6)
    assert str(posterior) == "Beta(6, 7)"
    exact = stats.beta(6, 7)
    assert posterior.mean == pytest.approx(6 / 13)
    assert posterior.sd == pytest.approx(exact.std())
    assert posterior.interval(0.9) == pytest.approx(exact.ppf([0.05, 0.95]))
    assert posterior.p_above(0.3) == pytest.approx(exact.sf(0.3))


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.5, 0.5), (3.5, 40.0)])
def test_ess_of_a_beta_is_a_plus_b(a: float, b: float) -> None:
    assert beta(a, b).ess == pytest.approx(a + b)


def test_evidence_is_the_beta_binomial_and_all_counts_together_are_certain() -> None:
    for r in range(7):
        assert beta(2, 5).evidence(r, 6) == pytest.approx(stats.betabinom(6, 2, 5).pmf(r))
        assert UNIFORM.evidence(r, 6) == pytest.approx(1 / 7)
    assert MIXED.predictive(20).sum() == pytest.approx(1)
    assert MIXED.predictive(20) @ np.arange(21) == pytest.approx(20 * MIXED.mean)


def test_a_mixture_agrees_with_bayes_rule_integrated() -> None:
    def density(p: float) -> float:
        return sum(part.weight * stats.beta(part.a, part.b).pdf(p) for part in MIXED.parts)

    def joint(p: float) -> float:
        return density(p) * stats.binom(11, p).pmf(8)

    def area(upper: float) -> float:
        return float(integrate.quad(joint, 0, upper, epsabs=1e-12, limit=200)[0])

    posterior, total = MIXED.update(8, 11), area(1.0)
    assert MIXED.evidence(8, 11) == pytest.approx(total, rel=1e-6)
    for x in (0.2, 0.5, 0.8):
        assert float(posterior.cdf(x)) == pytest.approx(area(x) / total, abs=1e-6)
        assert posterior.p_above(x) == pytest.approx(1 - area(x) / total, abs=1e-6)
    assert sum(part.weight for part in posterior.parts) == pytest.approx(1)


def test_two_updates_are_one() -> None:
    at_once, in_turn = MIXED.update(7, 15), MIXED.update(3, 6).update(4, 9)
    assert np.array(in_turn.parts) == pytest.approx(np.array(at_once.parts))
    both = MIXED.evidence(3, 6) * MIXED.update(3, 6).evidence(4, 9)
    ways = special.comb(6, 3) * special.comb(9, 4) / special.comb(15, 7)
    assert both == pytest.approx(MIXED.evidence(7, 15) * ways)


@given(prob=st.floats(0.001, 0.999), r=st.integers(0, 12))
@settings(deadline=None, max_examples=50)
def test_a_quantile_is_where_the_distribution_function_says(prob: float, r: int) -> None:
    posterior = MIXED.update(r, 12)
    assert float(posterior.cdf(posterior.quantile(prob))) == pytest.approx(prob, abs=1e-9)


@pytest.mark.parametrize("n", [1, 6, 30])
def test_no_event_and_every_event_are_mirror_images_with_closed_forms(n: int) -> None:
    none, every = UNIFORM.update(0, n), UNIFORM.update(n, n)
    assert none.quantile(0.95) == pytest.approx(1 - 0.05 ** (1 / (n + 1)))
    assert every.quantile(0.05) == pytest.approx(0.05 ** (1 / (n + 1)))
    assert none.interval(0.9)[0] == pytest.approx(1 - every.interval(0.9)[1])


def test_a_rate_all_but_zero_keeps_its_quantiles() -> None:
    tiny = beta(0.01, 2.0)
    assert tiny.quantile(0.5) == pytest.approx(stats.beta(0.01, 2.0).ppf(0.5), rel=1e-6)
    assert tiny.quantile(1e-4) == 0.0
    assert beta(2.0, 1e-4).quantile(0.9) == 1.0


@given(r=st.integers(0, 9), n=st.integers(1, 9))
@settings(deadline=None, max_examples=50)
def test_more_patients_narrow_the_interval_and_it_holds_the_median_and_the_share(r: int, n: int) -> None:
    r = min(r, n)
    once, tenfold = UNIFORM.update(r, n), UNIFORM.update(10 * r, 10 * n)
    lower, upper = once.interval(0.9)
    assert lower < once.quantile(0.5) < upper
    if 0 < r < n:
        assert lower < r / n < upper
    more = tenfold.interval(0.9)
    assert more[1] - more[0] < upper - lower


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: beta(0.0, 1.0),
        lambda: BetaMixture(()),
        lambda: mix((-0.5, UNIFORM), (1.5, UNIFORM)),
        lambda: UNIFORM.update(7, 6),
        lambda: UNIFORM.quantile(1.0),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(RaBayesError, match=r"^[^\n]+$"):
        wrong()


# Numbers that others published (reference/planning.md).


def test_posterior_and_predictive_probability_of_lee_and_liu() -> None:
    # Beta(.6, .4), 16 of 23, 40 in all: success if P(rate > .6) > .9 in the end.
    posterior = beta(0.6, 0.4).update(16, 23)
    assert posterior.p_above(0.6) == pytest.approx(0.8359808, abs=5e-8)
    success = [posterior.update(more, 17).p_above(0.6) > 0.9 for more in range(18)]
    assert posterior.predictive(17) @ np.array(success) == pytest.approx(0.5655589, abs=5e-8)


def test_assurance_of_a_later_trial() -> None:
    # 18 of 48, then 77 patients, success if at least 29% respond.
    later = UNIFORM.update(18, 48).predictive(77)
    assert later[math.ceil(0.29 * 77) :].sum() == pytest.approx(0.84057583, abs=5e-9)


# Two rates.


def test_p_greater_is_the_sum_for_whole_numbers() -> None:
    # Cook 2003: for whole a, P(X > Y) is a sum of Beta functions.
    a, b, c, d = 5, 3, 4, 9
    exact = sum(
        math.exp(special.betaln(c + i, b + d) - special.betaln(1 + i, b) - special.betaln(c, d)) / (b + i)
        for i in range(a)
    )
    # That sum is P(Y > X) with X ~ Beta(c, d) and Y ~ Beta(a, b).
    assert p_greater(beta(a, b), beta(c, d)) == pytest.approx(exact, abs=1e-9)
    assert p_greater(MIXED, MIXED) == pytest.approx(0.5, abs=1e-7)
    assert p_greater(beta(1.5, 6), UNIFORM) == pytest.approx(1.5 / 7.5, abs=1e-9)


@given(d=st.floats(-0.99, 0.99))
@settings(deadline=None, max_examples=50)
def test_the_difference_of_two_uniform_rates_is_triangular(d: float) -> None:
    exact = (1 + d) ** 2 / 2 if d < 0 else 1 - (1 - d) ** 2 / 2
    assert p_difference_below(UNIFORM, UNIFORM, d) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("d", [-0.6, -0.1, 0.0, 0.2, 0.7])
def test_a_difference_agrees_with_adaptive_quadrature_and_its_mirror_image(d: float) -> None:
    x, y = beta(0.6, 2.0), MIXED
    by_quad, _ = integrate.quad(
        lambda p: stats.beta(0.6, 2.0).pdf(p) * y.p_above(p - d), 0, 1, points=[max(d, 0.0)], limit=400
    )
    assert p_difference_below(x, y, d) == pytest.approx(by_quad, abs=1e-6)
    assert p_difference_below(y, x, -d) == pytest.approx(1 - by_quad, abs=1e-6)


def test_the_interval_of_a_difference_agrees_with_simulation() -> None:
    rng = np.random.default_rng(1)
    draws = rng.beta(10, 12, 400_000) - rng.beta(1, 8, 400_000)
    median, lower, upper = difference_interval(beta(10, 12), beta(1, 8), 0.9)
    assert (lower, median, upper) == pytest.approx(np.quantile(draws, [0.05, 0.5, 0.95]), abs=0.002)


def test_rates_of_thousands_of_patients_are_still_compared_well() -> None:
    x, y = beta(3000, 7000), beta(3100, 6900)
    gap = (y.mean - x.mean) / math.hypot(x.sd, y.sd)
    assert p_greater(x, y) == pytest.approx(stats.norm.sf(gap), abs=0.001)
    assert p_greater(x, y) + p_greater(y, x) == pytest.approx(1, abs=1e-6)


# The arms on file.
