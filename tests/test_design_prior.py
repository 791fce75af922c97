"""Design priors: each step against closed forms, quadrature and simulation; and what cannot be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from design_priors import moments, power
from numpy.typing import NDArray
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, BetaMixture, Normal, NormalMixture, beta, mix, normal
from ra_bayes.model import load_model
from ra_bayes.planning.design_prior import (
    About,
    DesignPrior,
    Placebo,
    Sceptical,
    Spread,
    Step,
    between_trials,
    between_trials_of_arms,
    between_trials_of_page,
    discounted,
    elicited_effect,
    from_counts,
    placebo_of_arms,
    placebo_of_page,
)
from ra_bayes.planning.design_prior.nodes import NODES, Axis, beside, equal_nodes

type Array = NDArray[np.float64]

SPREAD = Spread(17.0, 20.0, 0.0, 10.0)
PHASE_I = elicited_effect(normal(-30.0, 8.0), spread=SPREAD, source="test", outcome="vas")
PLACEBO = Placebo(normal(-18.0, 5.0), "test")
TRIALS = between_trials(5.0, source="test")
AXES: tuple[Axis, ...] = ("between trials", "placebo", "sceptical", "level_sd", "response_sd", "correlation")


# Nodes.


def test_nodes_are_the_means_of_bins_of_equal_probability() -> None:
    for mixture, exact in ((beta(2, 5), stats.beta(2, 5)), (normal(3, 2), stats.norm(3, 2))):
        edges = exact.ppf(np.linspace(0, 1, 11))
        wanted = [10 * exact.expect(lb=a, ub=b) for a, b in itertools.pairwise(edges)]
        assert equal_nodes(mixture, 10) == pytest.approx(np.array(wanted), rel=1e-6)


@pytest.mark.parametrize(
    "mixture",
    [
        beta(0.3, 4.0),
        mix((0.7, beta(5, 3)), (0.3, beta(2, 30))),
        mix(*((k, beta(k, 40 - 0.7 * k)) for k in range(1, 41))),
        NormalMixture((Normal(-30, 3, 0.6), Normal(0, 0.5, 0.3), Normal(10, 20, 0.1))),
    ],
    ids=["skewed", "two", "many", "normals"],
)
def test_averages_over_nodes_are_those_of_the_distribution(mixture: BetaMixture | NormalMixture) -> None:
    nodes = equal_nodes(mixture)
    # Of a mixture of many parts the lightest are left out.
    assert nodes.mean() == pytest.approx(mixture.mean, rel=2e-5 if len(mixture.parts) > 4 else 1e-12)
    assert nodes.std() == pytest.approx(mixture.sd, rel=2e-3)
    assert (np.diff(nodes) > -1e-12).all()
    for prob in (0.1, 0.5, 0.9):
        # Of a step the error is half a node's weight, and what the curve was interpolated by.
        assert np.mean(nodes <= mixture.quantile(prob)) == pytest.approx(prob, abs=1.5 / NODES)


def test_independent_nodes_are_paired_evenly() -> None:
    k = (np.arange(NODES) + 0.5) / NODES
    paired = {axis: beside(k, axis) for axis in AXES}
    for each in paired.values():
        assert sorted(each) == pytest.approx(k)
    every = np.array([k, *paired.values()])
    off = np.corrcoef(every) - np.eye(len(every))
    # Random pairs: 0.03, and in a quarter of the square a share that is off by 0.014.
    assert np.abs(off).max() < 0.01
    for a in range(len(every)):
        for b in range(a):
            assert np.mean((every[a] < 0.5) & (every[b] < 0.5)) == pytest.approx(0.25, abs=0.004)


# Sources.


def test_a_published_count_is_updated_exactly() -> None:
    prior = from_counts(4, 6, source="test", outcome="acr20", week=16)
    assert prior.exact["rate"] == UNIFORM.update(4, 6)
    assert prior.last.summary().mean == pytest.approx(5 / 8)
    assert prior.last.summary()[2:4] == pytest.approx(stats.beta(5, 3).ppf([0.05, 0.95]))
    assert prior.last.p_beyond(0.5, "above") == pytest.approx(stats.beta(5, 3).sf(0.5))
    assert prior.last.p_beyond(0.5, "below") == pytest.approx(stats.beta(5, 3).cdf(0.5))
    assert math.isinf(prior.last.ess)


def test_sds_of_a_page_come_with_their_uncertainty_and_independent_of_the_effect() -> None:
    page = load_model("vas")
    prior = elicited_effect(normal(-20.0, 8.0), spread=page, source="test")
    median, sdlog = page.prior("residual_sd").numbers
    exact = stats.lognorm(sdlog, scale=median)
    assert moments(prior.last, "residual_sd") == pytest.approx((exact.mean(), exact.std()), rel=0.01)
    c = page.prior("correlation").numbers[0]
    mean, sd = moments(prior.last, "correlation")
    assert mean == pytest.approx(0.0, abs=1e-3)
    assert sd == pytest.approx(2.0 * stats.beta(c, c).std(), rel=0.01)
    assert np.corrcoef(prior.nodes["effect"], prior.nodes["residual_sd"])[0, 1] == pytest.approx(0, abs=0.02)
    assert (prior.about.outcome, prior.about.week, prior.about.unit) == ("vas", 24.0, "mm")


# A mean change, in closed form.


def test_each_step_of_a_normal_effect_has_its_moments() -> None:
    prior = discounted(
        PHASE_I,
        against="control",
        between_trials=TRIALS,
        placebo=PLACEBO,
        sceptical=Sceptical(0.3, 4.0, "test"),
    )
    sd = math.sqrt(64 + 25 + 25)
    mixed = math.sqrt(0.7 * (sd**2 + 12**2) + 0.3 * 16 - (0.7 * 12) ** 2)
    wanted = [(-30, 8), (-30, math.sqrt(89)), (-12, sd), (-0.7 * 12, mixed)]
    names = ["elicited", "new trial", "beyond placebo", "sceptical part"]
    assert [step.name for step in prior.steps] == names
    for step, (mean, spread) in zip(prior.steps, wanted, strict=True):
        assert step.summary()[:2] == pytest.approx((mean, spread))
        assert moments(step, "effect") == pytest.approx((mean, spread), rel=2e-3)
        assert step.weights.sum() == pytest.approx(1)
        assert {name: set(step.nodes[name]) for name in SPREAD._fields} == {
            name: {value} for name, value in SPREAD._asdict().items()
        }
    above = 0.7 * stats.norm(-12, sd).sf(-5) + 0.3 * stats.norm(0, 4).sf(-5)
    assert prior.last.p_beyond(-5.0, "above") == pytest.approx(above)
    lower, upper = prior.last.summary()[2:4]
    for prob, at in ((0.05, lower), (0.95, upper)):
        cdf = 0.7 * stats.norm(-12, sd).cdf(at) + 0.3 * stats.norm(0, 4).cdf(at)
        assert cdf == pytest.approx(prob)


def test_any_step_may_be_left_out() -> None:
    prior = discounted(PHASE_I, against="control", placebo=PLACEBO)
    assert [step.name for step in prior.steps] == ["elicited", "beyond placebo"]
    assert prior.exact["effect"] == normal(-12.0, math.sqrt(89.0))
    prior = discounted(PHASE_I, against="threshold")
    assert prior.steps[-1].nodes is PHASE_I.steps[-1].nodes


def test_without_a_closed_form_the_nodes_have_the_moments() -> None:
    """Draws: what the steps add is paired with them, not sampled."""
    rng = np.random.default_rng(1)
    draws = rng.gamma(4.0, 2.0, 4000) - 30.0
    prior = discounted(by_draws(draws), against="control", between_trials=TRIALS, placebo=PLACEBO)
    wanted = [draws.std(), math.hypot(draws.std(), 5.0), math.sqrt(draws.var() + 50.0)]
    for step, sd in zip(prior.steps, wanted, strict=True):
        assert not step.exact
        assert moments(step, "effect")[1] == pytest.approx(sd, rel=0.02)
    assert moments(prior.last, "effect")[0] == pytest.approx(draws.mean() + 18.0, abs=0.02)
    lower, upper = prior.steps[0].summary()[2:4]
    assert (lower, upper) == pytest.approx(tuple(np.quantile(draws, [0.05, 0.95])), abs=0.02)


def test_an_uncertain_sd_between_trials_is_a_scale_mixture() -> None:
    uncertain = between_trials(5.0, 0.5, source="test")
    # E[tau^2] of a LogNormal; middles of bins have a little less.
    assert uncertain.shift.sd**2 == pytest.approx(25.0 * math.exp(2 * 0.25), rel=0.06)
    prior = discounted(PHASE_I, against="threshold", between_trials=uncertain)
    assert prior.last.summary().sd == pytest.approx(math.hypot(8.0, uncertain.shift.sd))
    kurtosis = np.mean(equal_nodes(uncertain.shift) ** 4) / uncertain.shift.sd**4
    assert kurtosis > 3.5


def test_the_sceptic_of_an_absolute_change_is_the_placebo_response() -> None:
    prior = discounted(PHASE_I, against="threshold", placebo=PLACEBO, sceptical=Sceptical(0.4, 3.0, "test"))
    assert [step.name for step in prior.steps][1:] == ["placebo response not subtracted", "sceptical part"]
    expected = NormalMixture((Normal(-30, 8, 0.6), Normal(-18, math.hypot(5, 3), 0.4)))
    assert np.array(prior.exact["effect"].parts) == pytest.approx(np.array(expected.parts))
    assert moments(prior.last, "effect") == pytest.approx((expected.mean, expected.sd), rel=2e-3)


def test_a_sceptic_who_is_sure_has_the_whole_weight_at_no_effect() -> None:
    sure = Sceptical(1.0, 0.0, "test")
    prior = discounted(PHASE_I, against="control", placebo=PLACEBO, sceptical=sure)
    assert moments(prior.last, "effect") == (0.0, 0.0)
    assert not prior.exact


# Rates.


def test_assurance_after_each_step_is_the_closed_form() -> None:
    prior = discounted(
        PHASE_I,
        against="control",
        between_trials=TRIALS,
        placebo=PLACEBO,
        sceptical=Sceptical(0.3, 4.0, "test"),
    )

    def assurance(mean: float, variance: float) -> float:
        return float(stats.norm.cdf((-5.0 - mean) / math.sqrt(36.0 + variance)))

    wanted = [assurance(-30, 64), assurance(-30, 89), assurance(-12, 114)]
    wanted.append(0.7 * wanted[-1] + 0.3 * assurance(0, 16))
    assert [power(step) for step in prior.steps] == pytest.approx(wanted, abs=1e-4)


def by_draws(effect: Array, *, placebo: Placebo | None = None) -> DesignPrior:
    nodes = {"effect": effect, **{name: np.full(effect.size, at) for name, at in SPREAD._asdict().items()}}
    step = Step("posterior", "test", nodes, np.ones(effect.size), ess=float(effect.size))
    return DesignPrior(About("effect", "vas"), (step,), placebo)


def test_the_monte_carlo_error_told_is_neither_too_small_nor_far_too_large() -> None:
    rng = np.random.default_rng(3)
    steps: dict[str, Any] = {"between_trials": TRIALS, "placebo": PLACEBO}
    truth = float(stats.norm.cdf((-5.0 + 12.0) / math.sqrt(36.0 + 114.0)))
    z = []
    for _ in range(200):
        prior = discounted(by_draws(rng.normal(-30.0, 8.0, 400)), against="control", **steps)
        value, mcse = prior.last.expect(stats.norm.cdf((-5.0 - prior.nodes["effect"]) / 6.0))
        z.append((value - truth) / mcse)
    assert abs(np.mean(z)) < 4.5 / math.sqrt(200)
    assert 0.5 < np.std(z) < 1.1


def test_a_posterior_with_a_placebo_response_in_it_is_rid_of_that_very_one() -> None:
    rng = np.random.default_rng(4)
    response, own = rng.normal(-18.0, 5.0, 1000), rng.normal(-10.0, 2.0, 1000)
    carried = Placebo(normal(-18.0, 5.0), "test", draws=response)
    prior = by_draws(response + own, placebo=carried)
    for given_too in (None, PLACEBO):
        found = discounted(prior, against="control", placebo=given_too)
        assert found.nodes["effect"] == pytest.approx(own)
    sceptic = discounted(prior, against="threshold", sceptical=Sceptical(1.0, 0.0, "test"))
    assert sceptic.nodes["effect"][1000:] == pytest.approx(response)


def test_a_source_with_a_control_arm_has_nothing_subtracted() -> None:
    both = elicited_effect(normal(-12.0, 8.0), spread=SPREAD, source="test", against_control=True)
    prior = discounted(both, against="control", between_trials=TRIALS)
    assert prior.exact["effect"] == normal(-12.0, math.sqrt(89.0))
    assert "control arm of its own" in prior.last.words


# What it says.


def test_the_prior_prints_its_steps() -> None:
    prior = discounted(PHASE_I, against="control", between_trials=TRIALS, placebo=PLACEBO)
    text = str(prior)
    assert "1. elicited: mean −30.0, SD 8.0, 90% interval (eti) −43.2 to −16.8" in text
    assert "SD 5 between trials (test)." in text
    assert "regression to the mean in it, which is therefore not subtracted again" in text


def test_the_table_has_a_row_for_each_step_and_quantity() -> None:
    prior = discounted(
        from_counts(4, 6, source="test"), against="control", placebo=Placebo(beta(24, 76), "test")
    )
    table = prior.table(threshold=0.0)
    assert table["quantity"].tolist() == ["rate", "control_rate", "difference"] * 2
    assert table["p_beyond"].notna().tolist() == [False, False, True] * 2
    assert set(table["ci_kind"]) == {"eti"}
    assert set(table["ci_prob"]) == {0.9}
    one = PHASE_I.table(threshold=-25.0, direction="below")
    assert one["quantity"].tolist() == ["effect"]
    assert one["p_beyond"].tolist() == pytest.approx([stats.norm(-30, 8).cdf(-25)])


# What cannot be.


WITH_CONTROL = elicited_effect(normal(-12.0, 8.0), spread=SPREAD, source="test", against_control=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: from_counts(7, 6, source="t"), "7 of 6 patients cannot be"),
        (lambda: elicited_effect(normal(1.0, 0.0), spread=SPREAD, source="t"), "no distribution of a mean"),
        (
            lambda: elicited_effect(normal(1, 1), spread=Spread(1, 1, 1.0, 0), source="t"),
            "correlation 1, residual_sd 0",
        ),
        (
            lambda: elicited_effect(normal(1, 1), spread=load_model("acr20"), source="t"),
            "is of a rate",
        ),
        (lambda: between_trials(0.0, source="t"), "leave the step out"),
        (lambda: between_trials_of_page(load_model("sdai")), r"has no \[placebo\]"),
        (lambda: between_trials_of_arms("acr70", 13), "'acr70' has 1 control arm around week 13 on file"),
        (lambda: placebo_of_page(load_model("sdai")), r"has no \[placebo\]"),
        (lambda: placebo_of_page(load_model("vas"), 12.0), "at week 24, and the design is of week 12"),
        (lambda: placebo_of_arms("acr70", 13), "2 are needed"),
        (lambda: Sceptical(0.0, 1.0, "t"), "weight 0"),
        (lambda: Sceptical(1.2, 1.0, "t"), "weight 1.2"),
        (lambda: Sceptical(0.5, -1.0, "t"), "SD -1"),
        (lambda: discounted(PHASE_I, against="control"), "needs the placebo response"),
        (
            lambda: discounted(PHASE_I, against="control", placebo=Placebo(beta(1, 3), "t")),
            "is of a rate, and the design prior of a mean change",
        ),
        (
            lambda: discounted(PHASE_I, against="threshold", sceptical=Sceptical(0.2, 1.0, "t")),
            "a sceptical part of one arm needs the placebo response",
        ),
        (
            lambda: discounted(
                PHASE_I, against="threshold", between_trials=between_trials_of_arms("acr20", 16)
            ),
            "is on the log-odds, and the design prior of a mean change",
        ),
        (lambda: discounted(PHASE_I, against="nothing"), "neither 'control' nor 'threshold'"),  # type: ignore[arg-type]
        (lambda: discounted(WITH_CONTROL, against="threshold"), "the treated arm alone"),
        (lambda: discounted(WITH_CONTROL, against="control", placebo=PLACEBO), "subtracted twice"),
        (
            lambda: discounted(discounted(PHASE_I, against="threshold"), against="threshold"),
            "already discounted",
        ),
        (lambda: PHASE_I.last.summary("rate"), "has no 'rate'; it has effect"),
        (lambda: PHASE_I.last.summary(ci_prob=90), "must lie between 0 and 1"),
        (lambda: Step("s", "w", {"rate": np.ones(3)}, np.ones(2)), "not of one length"),
        (lambda: Step("s", "w", {"rate": np.array([np.nan])}, np.ones(1)), "not a finite number"),
        (lambda: Step("s", "w", {"rate": np.ones(1)}, np.zeros(1)), "not all 0"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(make: Callable[[], object], message: str) -> None:
    with pytest.raises(RaBayesError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
