"""Design priors of response rates: between trials, beside a control arm, and a sceptic's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from design_priors import moments
from scipy import integrate, stats

from ra_bayes.historical import historical_arms, map_prior
from ra_bayes.mixtures import UNIFORM, BetaMixture, beta, mix, normal, p_greater
from ra_bayes.model import load_model
from ra_bayes.planning.design_prior import (
    Placebo,
    Sceptical,
    between_trials,
    between_trials_of_arms,
    between_trials_of_page,
    discounted,
    elicited_rate,
    from_counts,
    placebo_of_arms,
    placebo_of_page,
)


def test_a_rate_moves_between_trials_on_the_probit_scale() -> None:
    prior = discounted(
        elicited_rate(beta(3, 7), source="test"),
        against="threshold",
        between_trials=between_trials(0.4, source="test"),
    )
    believed = stats.beta(3, 7)

    def average(power: int) -> float:
        def inner(p: float) -> float:
            z = stats.norm.ppf(p)
            x, w = np.polynomial.hermite_e.hermegauss(40)
            return float(w @ stats.norm.cdf(z + 0.4 * x) ** power / w.sum())

        return float(integrate.quad(lambda p: believed.pdf(p) * inner(p), 0, 1, epsabs=1e-8)[0])

    mean = average(1)
    sd = math.sqrt(average(2) - mean**2)
    assert moments(prior.steps[1], "rate") == pytest.approx((mean, sd), abs=3e-4)
    assert not prior.steps[1].exact


def test_the_control_arm_gets_its_own_independent_rate_and_the_treated_rate_stays() -> None:
    treated, control = beta(8, 8), mix((0.8, beta(25, 75)), (0.2, UNIFORM))
    prior = discounted(
        elicited_rate(treated, source="test"), against="control", placebo=Placebo(control, "test")
    )
    first, last = prior.steps
    assert set(first.nodes["control_rate"]) == {control.quantile(0.5)}
    assert first.nodes["rate"] == pytest.approx(last.nodes["rate"])
    assert dict(prior.exact) == {"rate": treated, "control_rate": control}
    assert moments(last, "control_rate") == pytest.approx((control.mean, control.sd), rel=2e-3)
    product = float(last.weights @ (last.nodes["rate"] * last.nodes["control_rate"]))
    assert product == pytest.approx(treated.mean * control.mean, abs=2e-4)
    assert last.p_beyond(0.0, "above") == pytest.approx(p_greater(treated, control), abs=2e-3)
    assert last.summary().mean == pytest.approx(treated.mean - control.mean)
    assert last.summary().sd == pytest.approx(math.hypot(treated.sd, control.sd), rel=5e-3)


def test_a_placebo_rate_of_a_page_is_normal_on_the_probit_scale() -> None:
    placebo = placebo_of_page(load_model("acr20"))
    prior = discounted(from_counts(4, 6, source="test"), against="control", placebo=placebo)
    middle, sd = placebo.response.mean, placebo.response.sd
    mean = moments(prior.last, "control_rate")[0]
    assert mean == pytest.approx(stats.norm.cdf(middle / math.hypot(1.0, sd)), abs=1e-5)
    assert "control_rate" not in prior.exact


def test_the_sceptic_of_one_arm_is_a_beta_mixture_where_all_parts_are() -> None:
    control = beta(24, 76)
    prior = discounted(
        from_counts(4, 6, source="test"),
        against="threshold",
        placebo=Placebo(control, "test"),
        sceptical=Sceptical(0.25, 0.0, "test"),
    )
    exact = prior.exact["rate"]
    assert exact == mix((0.75, beta(5, 3)), (0.25, control))
    assert moments(prior.last, "rate") == pytest.approx((exact.mean, exact.sd), rel=1e-3)
    # The chance of each count of a new trial, from nodes and from the closed form.
    counts = stats.binom.pmf(np.arange(21)[:, None], 20, prior.nodes["rate"]) @ prior.weights
    assert counts == pytest.approx(exact.predictive(20), abs=1e-5)


def test_the_sceptic_of_two_arms_ties_the_treated_rate_to_the_control() -> None:
    prior = discounted(
        from_counts(4, 6, source="test"),
        against="control",
        placebo=Placebo(beta(24, 76), "test"),
        sceptical=Sceptical(0.25, 0.0, "test"),
    )
    tied = prior.nodes["rate"] == prior.nodes["control_rate"]
    assert prior.weights[tied].sum() == pytest.approx(0.25)
    assert not prior.exact
    assert moments(prior.last, "control_rate")[0] == pytest.approx(0.24)
    smeared = discounted(
        from_counts(4, 6, source="test"),
        against="control",
        placebo=Placebo(beta(24, 76), "test"),
        sceptical=Sceptical(1.0, 0.3, "test"),
    )
    weights = smeared.weights > 0
    z = stats.norm.ppf(smeared.nodes["rate"][weights]) - stats.norm.ppf(
        smeared.nodes["control_rate"][weights]
    )
    assert (z.mean(), z.std()) == pytest.approx((0.0, 0.3), abs=2e-3)


# Heterogeneity from the arms on file.


def test_the_sd_between_arms_on_file_moves_rates_on_the_log_odds() -> None:
    arms = historical_arms("acr20", "control", week=16).used
    tau = map_prior([(arm.r, arm.n) for arm in arms]).tau
    found = between_trials_of_arms("acr20", 16)
    assert found.shift.sd == pytest.approx(math.sqrt(tau.sd**2 + tau.mean**2), rel=1e-6)
    # All but certain of 0.3.
    prior = discounted(
        elicited_rate(beta(30_000, 70_000), source="test"), against="threshold", between_trials=found
    )
    z = np.log(prior.nodes["rate"] / (1.0 - prior.nodes["rate"]))
    assert (z.mean(), z.std()) == pytest.approx((math.log(3 / 7), found.shift.sd), rel=0.01)
    assert "on the log-odds scale" in prior.steps[1].words
    other = between_trials_of_arms("acr20", 16, role="msc")
    assert other.shift.sd > found.shift.sd


def test_arms_on_file_and_pages_say_where_they_come_from() -> None:
    found = between_trials_of_arms("acr20", 16)
    assert "8 control arms on file of acr20" in found.source
    assert "RADIATE" in found.source
    assert between_trials_of_page(load_model("vas")).shift == normal(0.0, 5.0)
    placebo = placebo_of_arms("acr20", 16)
    assert isinstance(placebo.response, BetaMixture)
    assert 0.2 < placebo.response.mean < 0.3


# Where the optimism went.
