"""A design page through its engine: numbers are those of textbooks, of enumeration, and published ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.special import betainc, gammaln

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import beta, normal
from ra_bayes.planning.analysis import NormalAnalysis
from ra_bayes.planning.assurance import assurance_curve, at_threshold, ceiling, decisions, waterfall_rows
from ra_bayes.planning.characteristics import characteristics
from ra_bayes.planning.design_prior import (
    DesignPrior,
    Sceptical,
    Spread,
    Step,
    between_trials,
    discounted,
    elicited_effect,
    elicited_rate,
)
from ra_bayes.planning.design_reader import load_design, read_design
from ra_bayes.planning.engines import Settings, boundary_rows, stopping
from ra_bayes.planning.engines.grid import on_grid
from ra_bayes.planning.prior_page import design_prior
from ra_bayes.planning.sample_size import sample_size, sample_size_of
from ra_bayes.planning.surface import surface

ONE_ARM = """
schema = 1
title = "Two looks"
n = 12
looks = [6, 12]
[endpoint]
outcome = "acr20"
week = 16
[conduct]
accrual = 2.0
dropout = 0.1
nonresponse = false
[analysis]
rate = [[0.6, 0.4]]
[[success]]
above = 0.3
probability = 0.9
[[futility]]
above = 0.3
probability = 0.4
[truth]
null = 0.3
alternative = 0.6
[sizes]
from = 10
to = 40
"""
CONTINUOUS = """
schema = 1
title = "Pain"
n = 40
allocation = [1, 1]
[endpoint]
outcome = "vas"
week = 24
[scales]
sd = 20.0
[[success]]
below = 0.0
probability = 0.95
[truth]
null = 0.0
alternative = -15.0
[sizes]
from = 20
to = 80
step = 4
"""


def page(text: str):
    return read_design(text, name="page")


def enumerated(rate: float) -> tuple[float, float, float]:
    """Success, futility and expected size of ONE_ARM, by listing both counts."""

    def above(x: int, n: int) -> float:
        return 1.0 - betainc(0.6 + x, 0.4 + n - x, 0.3)

    success = futility = early = 0.0
    for first, second in itertools.product(range(7), repeat=2):
        p = stats.binom.pmf(first, 6, rate) * stats.binom.pmf(second, 6, rate)
        if above(first, 6) < 0.4:
            futility, early = futility + p, early + p
        elif above(first + second, 12) >= 0.9:
            success += p
    return success, futility, 12.0 - 6.0 * early


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.6, 1.0])
def test_one_arm_of_responders_is_what_listing_gives(rate):
    design = page(ONE_ARM)
    rows, _ = characteristics(design, [rate], seed=1)
    success, futility, size = enumerated(rate)
    assert rows[0]["p_success"] == pytest.approx(success, abs=1e-12)
    assert rows[0]["p_futility"] == pytest.approx(futility, abs=1e-12)
    assert rows[0]["expected_n"] == pytest.approx(size, abs=1e-10)
    assert rows[0]["p_success_mcse"] == 0.0


def test_who_left_counts_as_a_non_responder_if_the_page_says_so():
    counted = page(ONE_ARM.replace("nonresponse = false", "nonresponse = true"))
    assert characteristics(counted, [0.6], seed=1)[0][0]["p_success"] == pytest.approx(
        enumerated(0.54)[0], abs=1e-12
    )
    prior = elicited_rate(beta(3, 3), source="test", outcome="acr20", week=16)
    (row,) = assurance_curve(counted, prior, seed=1)
    by_hand = np.mean([enumerated(0.9 * p)[0] for p in stats.beta.ppf(_middles(), 3, 3)])
    assert row["assurance"] == pytest.approx(by_hand, abs=1e-3)


def _middles() -> np.ndarray:
    return (np.arange(500) + 0.5) / 500


def test_assurance_under_a_beta_is_the_beta_binomial_sum():
    design = page(ONE_ARM)
    prior = elicited_rate(beta(3, 3), source="test", outcome="acr20", week=16)
    (row,) = assurance_curve(design, prior, seed=1)
    by_hand = np.mean([enumerated(p)[0] for p in stats.beta.ppf(_middles(), 3, 3)])
    assert row["assurance"] == pytest.approx(by_hand, abs=2e-4)
    assert row["mcse"] == 0.0


def test_assurance_tends_to_its_ceiling():
    design = page(ONE_ARM.replace("looks = [6, 12]\n", ""))
    prior = elicited_rate(beta(3, 3), source="test", outcome="acr20", week=16)
    most = ceiling(design, prior.last)
    assert most == pytest.approx(stats.beta.sf(0.3, 3, 3), abs=1e-12)
    values = [row["assurance"] for row in assurance_curve(design, prior, [20, 100, 900], seed=1)]
    assert values[0] < values[1] < values[2] < most
    assert values[2] == pytest.approx(most, abs=0.03)


def test_a_treatment_that_does_nothing_adds_its_false_successes_to_the_ceiling():
    # A z test, one look: power at an effect d is Phi(-z - d / se), se going to 0 with n.
    design = page(CONTINUOUS.replace("[scales]", "[analysis]\nsd = 20.0\n[scales]"))
    source = elicited_effect(
        normal(-20.0, 10.0),
        spread=Spread(0, 0, 0, 20 / 2**0.5),
        source="test",
        outcome="vas",
        week=24,
        against_control=True,
    )
    prior = discounted(source, against="control", sceptical=Sceptical(0.4, 0.0, "test"))
    most, more = ceiling(design, prior.last), at_threshold(design, prior.last)
    assert most == pytest.approx(0.6 * stats.norm.cdf(2.0), abs=1e-3)
    assert more == pytest.approx(0.4 * 0.05, abs=1e-12)
    (row,) = assurance_curve(design, prior, [4000], seed=1)
    assert most < row["assurance"] < most + more
    told = sample_size(design, most + 0.5 * more, prior=prior, sizes=[40, 80], seed=1)
    assert "No size up to 80" in str(told)
    told = sample_size(design, 0.9, prior=prior, sizes=[40, 80], seed=1)
    assert f"tends to {most:.3f} (with false successes at most {most + more:.3f})" in str(told)


def test_false_successes_count_only_where_every_criterion_lets_them_through():
    text = CONTINUOUS.replace("[scales]", "[analysis]\nsd = 20.0\n[scales]")
    # Of a truth at 0 the second criterion, beyond -5, is met ever more rarely: nothing is added.
    both = page(text.replace("[truth]", "[[success]]\nbelow = -5.0\nprobability = 0.5\n[truth]"))
    weights = np.array([0.4, 0.6])
    nothing = Step("test", "", {"effect": np.array([0.0, -20.0])}, weights)
    edge = Step("test", "", {"effect": np.array([-5.0, -20.0])}, weights)
    assert at_threshold(both, nothing) == 0.0
    # At -5 the first is met for sure and the second as often as not: Phi(0), whatever n.
    assert at_threshold(both, edge) == pytest.approx(0.4 * 0.5, abs=1e-12)
    for step, limit in ((nothing, 0.0), (edge, 0.5)):
        at = {"effect": step.nodes["effect"][:1], "change_sd": np.array([20.0])}
        power = stopping(both.at(4000), at, seed=1).p_success[0]
        assert power == pytest.approx(limit, abs=1e-6)
    # Two looks: a truth at 0 gets no further than both errors together.
    twice = page(
        text.replace("n = 40", "n = 4000\nlooks = [2000, 4000]").replace("0.95\n", '0.95\nlooks = "all"\n')
    )
    power = stopping(twice, {"effect": np.zeros(1), "change_sd": np.array([20.0])}, seed=1).p_success[0]
    assert 0.05 < power < 0.1
    assert at_threshold(twice, nothing) == pytest.approx(0.4 * 0.1, abs=1e-12)


def test_right_and_wrong_decisions_add_up_and_agree_with_assurance():
    design = page(ONE_ARM)
    prior = elicited_rate(beta(3, 3), source="test", outcome="acr20", week=16)
    found = decisions(design, prior, seed=1)
    parts = [found[name] for name in ("right_success", "wrong_success", "missed", "right_stop")]
    assert sum(parts) == pytest.approx(1.0)
    assert found["right_success"] + found["wrong_success"] == pytest.approx(found["assurance"])
    nodes = stats.beta.ppf(_middles(), 3, 3)
    right = np.mean([enumerated(p)[0] * (p > 0.3) for p in nodes])
    assert found["right_success"] == pytest.approx(right, abs=2e-3)


def test_a_t_test_has_the_power_of_a_t_test():
    design = page(CONTINUOUS)
    rows, _ = characteristics(design, [-15.0, 0.0], seed=1)
    df, shift = 38, 15.0 / (20.0 * np.sqrt(2.0 / 20.0))
    power = stats.nct.sf(stats.t.ppf(0.95, df), df, shift)
    assert rows[0]["p_success"] == pytest.approx(power, abs=1e-6)
    assert rows[1]["p_success"] == pytest.approx(0.05, abs=1e-9)


def test_a_known_sd_gives_the_z_test_and_a_normal_belief_is_integrated():
    design = page(CONTINUOUS.replace("[scales]", "[analysis]\nsd = 20.0\n[scales]"))
    se = 20.0 * np.sqrt(2.0 / 20.0)
    rows, _ = characteristics(design, [-15.0], seed=1)
    assert rows[0]["p_success"] == pytest.approx(stats.norm.cdf(15.0 / se - stats.norm.ppf(0.95)), abs=1e-9)
    prior = elicited_effect(
        normal(-10.0, 8.0), spread=Spread(0, 0, 0, 20 / 2**0.5), source="test", against_control=True
    )
    (row,) = assurance_curve(design, prior, seed=1)
    by_hand = stats.norm.cdf((10.0 / se - stats.norm.ppf(0.95)) / np.hypot(1.0, 8.0 / se))
    assert row["assurance"] == pytest.approx(by_hand, abs=1e-9)
    assert row["mcse"] == 0.0


def test_the_boundary_is_the_critical_difference():
    design = page(CONTINUOUS.replace("[scales]", "[analysis]\nsd = 20.0\n[scales]"))
    (row,) = boundary_rows(design)
    assert row["success"] == pytest.approx(-stats.norm.ppf(0.95) * 20.0 * np.sqrt(0.1), abs=1e-9)
    assert row["futility"] is None


def test_a_grid_of_truths_is_as_good_as_each_truth():
    design = page(CONTINUOUS)
    rng = np.random.default_rng(3)
    effect, sd = rng.normal(-8.0, 9.0, 300), rng.lognormal(np.log(22.0), 0.2, 300)
    near = stopping(design, {"effect": effect, "change_sd": sd}, seed=1)
    exact = np.concatenate(
        [
            stopping(design, {"effect": effect[k : k + 50], "change_sd": sd[k : k + 50]}, seed=1).p_success
            for k in range(0, 300, 50)
        ]
    )
    # One group's mean SD stands for its members', whose own powers lie on both sides.
    assert np.mean(near.p_success) == pytest.approx(np.mean(exact), abs=2e-3)
    same = stopping(design, {"effect": effect, "change_sd": np.full(300, 22.0)}, seed=1).p_success
    direct = stopping(design, {"effect": effect[:100], "change_sd": np.full(100, 22.0)}, seed=1).p_success
    np.testing.assert_allclose(same[:100], direct, atol=2e-3)


def test_few_truths_are_asked_one_by_one():
    asked = []
    design = page(CONTINUOUS)

    def ask(effect, sd):
        asked.append(effect.size)
        return stopping(design, {"effect": effect, "change_sd": sd[:, 0]}, seed=1)

    on_grid(np.zeros(5), np.full((5, 1), 20.0), ask)
    assert asked == [5]


def test_priors_by_arm_are_worth_patients_when_the_sd_is_estimated():
    design = page(CONTINUOUS.replace("[scales]", "[analysis]\ncontrol_mean = [[-10.0, 20.0]]\n[scales]"))
    assert isinstance(design.analysis, NormalAnalysis)
    assert boundary_rows(design) == []
    rows, _ = characteristics(design, seed=1)
    assert 0.0 < rows[-1]["p_success"] < 1.0


def test_interim_looks_cost_what_the_design_says():
    design = page(ONE_ARM)
    rows, _ = characteristics(design, [0.3], seed=1)
    success, futility, _ = enumerated(0.3)
    # 6 of 12 outcomes: 14 enter for 12, 7 for 6; 2 a month, and 16 weeks until the last outcome.
    month = 365.25 / 84.0
    at = [7.0 / 2.0 * month + 16.0, 14.0 / 2.0 * month + 16.0]
    assert rows[0]["expected_weeks"] == pytest.approx(futility * at[0] + (1 - futility) * at[1])
    entered = min(14.0, 7.0 + 16.0 * 2.0 / month)
    assert rows[0]["expected_entered"] == pytest.approx(futility * entered + (1 - futility) * 14.0)
    assert success < futility


def test_a_size_is_taken_only_if_all_larger_ones_do():
    points = [(10, 0.79, 0.0, "e"), (11, 0.82, 0.0, "e"), (12, 0.78, 0.0, "e"), (13, 0.81, 0.0, "e")]
    found = sample_size_of("power", 0.8, points, 1.0)
    assert (found.n, found.first) == (13, 11)
    assert "11 reach it too, but some sizes between do not" in str(found)
    late = sample_size_of("assurance", 0.8, points[:3], 0.7)
    assert late.n is None
    assert str(late).startswith(
        "11 patients reach assurance 0.8, but not every larger size looked at: with 12"
    )


def test_no_size_is_said_plainly_with_the_ceiling():
    design = page(ONE_ARM)
    prior = elicited_rate(beta(2, 4), source="test", outcome="acr20", week=16)
    found = sample_size(design, 0.8, prior=prior, seed=1)
    assert found.n is None
    assert str(found).startswith("No size reaches assurance 0.8: with n it tends to 0.5")
    short = sample_size(design, 0.99, seed=1, sizes=[10, 11])
    assert "No size up to 11 reaches power 0.99" in str(short)


def test_a_prior_of_something_else_is_refused():
    design = page(ONE_ARM)
    with pytest.raises(RaBayesError, match="is of acr20, the design prior of acr50"):
        assurance_curve(design, elicited_rate(beta(1, 1), source="x", outcome="acr50"), seed=1)
    with pytest.raises(RaBayesError, match="at week 16, its prior at week 24"):
        assurance_curve(design, elicited_rate(beta(1, 1), source="x", outcome="acr20", week=24), seed=1)
    effect = elicited_effect(normal(0, 1), spread=Spread(1, 1, 0, 1), source="x")
    with pytest.raises(RaBayesError, match="needs a design prior of its rate"):
        assurance_curve(design, effect, seed=1)
    with pytest.raises(RaBayesError, match="has a control arm, of which the design prior says nothing"):
        assurance_curve(load_design("acr20_randomised"), elicited_rate(beta(1, 1), source="x"), seed=1)


def test_the_waterfall_ends_where_assurance_is():
    design = load_design("acr20_one_arm")
    prior = design_prior(design)
    assert isinstance(prior, DesignPrior)
    rows = waterfall_rows(design, prior, seed=1)
    (row,) = assurance_curve(design, prior, seed=1)
    assert rows[-1]["assurance"] == row["assurance"]
    assert sum(each["change"] for each in rows) == pytest.approx(row["assurance"] - rows[0]["assurance"])
    assert [each["step"] for each in rows] == [step.name for step in prior.steps]


def test_a_step_that_widens_belief_in_a_good_effect_costs_assurance():
    design = page(CONTINUOUS)
    start = elicited_effect(
        normal(-15.0, 4.0), spread=Spread(0, 0, 0, 14.0), source="test", against_control=True
    )
    wide = discounted(start, against="control", between_trials=between_trials(6.0, source="test"))
    values = [row["assurance"] for row in waterfall_rows(design, wide, seed=1)]
    assert values[1] < values[0]


def test_the_surface_holds_power_where_nothing_is_uncertain():
    design = page(CONTINUOUS)
    found = surface(design, seed=1)
    at = int(np.argmin(np.abs(np.array(found["x"]) + 15.0)))
    rows, _ = characteristics(design, [found["x"][at]], seed=1)
    assert found["assurance"][0][at] == pytest.approx(rows[0]["p_success"], abs=2e-3)


def test_a_sampler_is_not_asked_where_nothing_needs_it():
    with pytest.raises(RaBayesError, match="is binary and needs no sampler"):
        stopping(page(ONE_ARM), {"rate": np.array([0.3])}, seed=1, settings=Settings(engine="nuts"))


def test_the_expected_width_of_one_arm_is_the_sum_over_counts():
    design = page(ONE_ARM)
    rows, _ = characteristics(design, [0.3], seed=1, ci_prob=0.8)
    x = np.arange(13)
    ends = [stats.beta.ppf(q, 0.6 + x, 0.4 + 12 - x) for q in (0.1, 0.9)]
    assert rows[0]["width"] == pytest.approx(stats.binom.pmf(x, 12, 0.3) @ (ends[1] - ends[0]), abs=1e-9)
    assert rows[0]["width_mcse"] == 0.0


def test_the_expected_width_of_a_difference_of_rates_is_that_of_its_draws():
    design = load_design("acr20_randomised").at(24)
    rows, _ = characteristics(design, [0.2], seed=1, ci_prob=0.9)
    rng = np.random.default_rng(2)
    widths = []
    for x, y in zip(rng.binomial(16, 0.44, 200), rng.binomial(8, 0.24, 200), strict=True):
        draws = rng.beta(1 + x, 17 - x, 20_000) - rng.beta(1 + y, 9 - y, 20_000)
        widths.append(np.diff(np.quantile(draws, [0.05, 0.95]))[0])
    error = 4.0 * np.std(widths) / np.sqrt(200)
    assert rows[0]["width"] == pytest.approx(np.mean(widths), abs=error + 1e-3)


def test_the_expected_width_of_a_difference_of_means_is_that_of_t():
    rows, _ = characteristics(page(CONTINUOUS), [0.0], seed=1, ci_prob=0.9)
    df = 38
    # The mean of an estimated SD: c4 times the true one.
    mean_sd = 20.0 * np.sqrt(2.0 / df) * np.exp(gammaln((df + 1) / 2) - gammaln(df / 2))
    width = 2.0 * stats.t.ppf(0.95, df) * mean_sd * np.sqrt(2.0 / 20.0)
    assert rows[0]["width"] == pytest.approx(width, abs=4.0 * rows[0]["width_mcse"])
    known = page(CONTINUOUS.replace("[scales]", "[analysis]\nsd = 20.0\n[scales]"))
    rows, _ = characteristics(known, [0.0], seed=1, ci_prob=0.9)
    exact = 2.0 * stats.norm.ppf(0.95) * 20.0 * np.sqrt(2.0 / 20.0)
    assert rows[0]["width"] == pytest.approx(exact, abs=1e-9)


def test_the_expected_width_under_a_mixture_carries_its_error():
    text = "[analysis]\nsd = 20.0\ncontrol_mean = [[0.5, 0.0, 4.0], [0.5, 0.0, 40.0]]\n[scales]"
    rows, _ = characteristics(page(CONTINUOUS.replace("[scales]", text)), [0.0], seed=1, ci_prob=0.9)
    assert rows[0]["width_mcse"] > 0.0
    alone = 2.0 * stats.norm.ppf(0.95) * 20.0 * np.sqrt(2.0 / 20.0)
    assert 0.5 * alone < rows[0]["width"] < alone
