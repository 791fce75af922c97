"""One number a patient, SD estimated: decisions, operating characteristics, predictive probability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.unknown import MeanPrior, SdPrior, State, UnknownSd
from ra_bayes.planning.continuous.unknown_characteristics import unknown_stopping
from ra_bayes.planning.continuous.unknown_predictive import (
    future_success,
    unknown_posterior_probability,
    unknown_predictive_probability,
)
from ra_bayes.planning.rule import Criterion, Looks, Rule

type Arm = tuple[int, float, float]


def above(
    threshold: float, probability: float, looks: Looks = "final", basis: str = "posterior"
) -> Criterion:
    return Criterion("d", "above", threshold, probability, looks, basis)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [2, 3, 6, 20])
def test_flat_prior_and_one_look_are_the_t_test(n: int) -> None:
    effect = np.array([0.0, 0.4, 1.1])
    found = unknown_stopping(
        UnknownSd(Rule((above(0, 0.95),)), (n,)), {"effect": effect, "residual_sd": np.full(3, 2.0)}
    )
    power = stats.nct.sf(stats.t.ppf(0.95, n - 1), n - 1, effect * np.sqrt(n) / 2.0)
    np.testing.assert_allclose(found.p_success, power, atol=1e-10)
    assert found.engine.startswith("exact")


def test_flat_priors_and_two_arms_are_the_two_sample_t_test() -> None:
    effect = np.array([0.0, 0.4, 1.1])
    design = UnknownSd(Rule((above(0, 0.9),)), (8,), (4,))
    found = unknown_stopping(design, {"effect": effect, "residual_sd": np.ones(3)}).p_success
    power = stats.nct.sf(stats.t.ppf(0.9, 10), 10, effect / np.sqrt(1 / 8 + 1 / 4))
    np.testing.assert_allclose(found, power, atol=1e-10)


def test_posterior_is_the_integral_of_its_density() -> None:
    # p(theta, sd) by brute force from prior times likelihood of the very patients.
    y = np.array([3.0, -1.0, 4.0, 2.5])
    design = UnknownSd(Rule((above(1.0, 0.9),)), (4,), mean=MeanPrior(0.5, 2.0), sd=SdPrior(1.5, 3.0))
    theta, sd = np.linspace(-29, 31, 6_001)[:, None], np.exp(np.linspace(-1.5, 4.0, 400))
    log = stats.norm.logpdf(theta, 0.5, sd / np.sqrt(2.0))
    log = log + sum(stats.norm.logpdf(each, theta, sd) for each in y)
    # sd^2 ~ 3 1.5^2 / chi2(3), as a density of log sd.
    precision = 3.0 * 1.5**2 / sd**2
    density = np.exp(log + stats.chi2.logpdf(precision, 3) + np.log(precision)).sum(axis=1)
    # The threshold is a node: half of it lies above.
    above_it = density[theta[:, 0] > 1.005].sum() + 0.5 * density[np.isclose(theta[:, 0], 1.0)].sum()
    told = unknown_posterior_probability(design, design.rule.success[0], (4, y.mean(), y.std(ddof=1)))
    assert told == pytest.approx(above_it / density.sum(), abs=1e-5)


def decide(
    design: UnknownSd, k: int, treated: np.ndarray, control: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Success and futility of simulated patients (trial, patient), from the patients themselves."""
    n, m = design.treated[k], design.control[k] if design.control else 0
    squares, df = (design.sd.df * design.sd.guess**2, design.sd.df) if design.sd else (0.0, 0.0)
    location, spread = 0.0, 0.0
    for sign, y, prior in ((1, treated[:, :n], design.mean), (-1, control[:, :m], design.control_mean)):
        if sign < 0 and not design.control:
            continue
        worth, mean = (prior.patients, prior.mean) if prior else (0.0, 0.0)
        size = y.shape[1]
        if size == 0:
            location, spread = location + sign * mean, spread + 1 / worth
            continue
        squares = (
            squares + y.var(axis=1) * size + worth * size / (worth + size) * (y.mean(axis=1) - mean) ** 2
        )
        location = location + sign * (worth * mean + y.sum(axis=1)) / (worth + size)
        spread += 1 / (worth + size)
        df += size - (prior is None)
    at = design.last
    t = lambda c: stats.t.cdf((location - c) / np.sqrt(squares / df * spread), df)  # noqa: E731
    won, lost = np.zeros(len(treated), bool), np.zeros(len(treated), bool)
    asked = [each for each in design.rule.success if each.at(k + 1, at)]
    if asked:
        won = np.all([t(each.threshold) >= each.probability for each in asked], axis=0)
    for each in design.rule.futility:
        if each.at(k + 1, at) and each.basis == "posterior":
            lost |= t(each.threshold) < each.probability
    return won, lost & ~won


DUAL = Rule((above(0, 0.9), above(0.4, 0.5)), (above(0.5, 0.2, "all"),))


@pytest.mark.parametrize(
    "design",
    [
        UnknownSd(DUAL, (5,), mean=MeanPrior(0.1, 3.0), sd=SdPrior(1.2, 4.0)),
        UnknownSd(DUAL, (6,), (4,), control_mean=MeanPrior(0.2, 5.0)),
        # So strong a prior that far data raise the SD faster than the mean: success has two ends.
        UnknownSd(DUAL, (3,), mean=MeanPrior(0.45, 30.0), sd=SdPrior(0.6, 1.0)),
        UnknownSd(DUAL, (6,), (4,), mean=MeanPrior(0, 2), control_mean=MeanPrior(0.2, 5), sd=SdPrior(1, 2)),
        UnknownSd(DUAL, (2,), (1,)),
        UnknownSd(DUAL, (1,), mean=MeanPrior(0.0, 1.0)),
        UnknownSd(DUAL, (4,), (0,), control_mean=MeanPrior(0.2, 5.0)),
        # Less than even odds ask for success: the cut-off in scales is negative.
        UnknownSd(Rule((above(0.5, 0.3),), (above(0.5, 0.1),)), (4,), mean=MeanPrior(0, 1.0)),
    ],
)  # fmt: skip
def test_one_look_with_priors_agrees_with_simulated_patients(design: UnknownSd) -> None:
    truths = {"effect": np.array([0.6]), "residual_sd": np.array([1.1]), "control_mean": np.array([0.1])}
    found = unknown_stopping(design, truths)
    rng, trials = np.random.default_rng(7), 150_000
    at = 0.1 if design.by_arm else 0.0
    control = rng.normal(at, 1.1, (trials, design.control[0] if design.control else 0))
    won, lost = decide(design, 0, rng.normal(at + 0.6, 1.1, (trials, design.treated[0])), control)
    told = [found.success[0, 0], found.futility[0, 0]]
    np.testing.assert_allclose(told, [won.mean(), lost.mean()], atol=4 * np.sqrt(0.25 / trials))


def test_an_uncertain_effect_is_averaged_over() -> None:
    design = UnknownSd(DUAL, (6,), (4,), control_mean=MeanPrior(0.2, 5.0))
    node, weight = np.polynomial.hermite_e.hermegauss(30)
    many = unknown_stopping(design, {"effect": 0.6 + 0.5 * node, "residual_sd": np.ones(30)}).success[:, 0]
    one = unknown_stopping(design, {"effect": [0.6], "effect_sd": [0.5], "residual_sd": [1.0]})  # type: ignore[dict-item]
    assert one.success[0, 0] == pytest.approx(weight @ many / weight.sum(), abs=1e-6)


@pytest.mark.parametrize(
    "design",
    [
        UnknownSd(Rule((above(0, 0.95, "all"),), (above(0.5, 0.1, "interim"),)), (4, 8, 16)),
        UnknownSd(Rule((above(0, 0.95, "all"),), (above(0.5, 0.1, "interim"),)), (4, 8, 12), (3, 3, 6)),
        UnknownSd(
            Rule((above(0, 0.9, "all"),), (above(0.5, 0.1, "interim"),)),
            (4, 8), (2, 4), control_mean=MeanPrior(0.0, 6.0), sd=SdPrior(1.0, 3.0),
        ),
        # The control is its prior alone at first, and the treated are all in before it is.
        UnknownSd(Rule((above(0, 0.9, "all"),)), (4, 8, 8), (0, 2, 5), control_mean=MeanPrior(0.0, 6.0)),
    ],
)  # fmt: skip
def test_looks_agree_with_simulated_patients(design: UnknownSd) -> None:
    truths = {"effect": np.array([0.7]), "residual_sd": np.array([1.2]), "control_mean": np.array([0.2])}
    found = unknown_stopping(design, truths, simulations=60_000, seed=3)
    rng, trials = np.random.default_rng(8), 60_000
    at = 0.2 if design.control else 0.0
    treated = rng.normal(at + 0.7, 1.2, (trials, design.treated[-1]))
    control = rng.normal(at, 1.2, (trials, design.control[-1] if design.control else 0))
    going = np.ones(trials, bool)
    for k in range(design.last):
        won, lost = decide(design, k, treated, control)
        for told, error, now in (
            (found.success, found.success_mcse, won),
            (found.futility, found.futility_mcse, lost),
        ):
            share = (going & now).mean()
            assert told[0, k] == pytest.approx(share, abs=4.5 * np.hypot(error[0, k], np.sqrt(0.25 / trials)))
        going &= ~(won | lost)
    # The first look is exact, as if it were the only one.
    assert found.success_mcse[0, 0] == 0.0
    assert 0.0 < found.success_mcse[0, -1] < np.sqrt(0.25 / 60_000)


@pytest.mark.parametrize(
    ("treated", "control", "prior"),
    [((2, 3, 5), (), None), ((2, 3, 4), (1, 2, 4), None), ((2, 3, 4), (1, 2, 4), MeanPrior(0.0, 2.0))],
)
def test_looks_that_decide_nothing_change_nothing(
    treated: tuple[int, ...], control: tuple[int, ...], prior: MeanPrior | None
) -> None:
    # Batches put together are the whole trial, which is exact; each degree of freedom counts at such sizes.
    truths = {"effect": np.array([0.0, 1.0]), "residual_sd": np.ones(2)}
    whole = unknown_stopping(UnknownSd(OK, treated[-1:], control[-1:], control_mean=prior), truths)
    batches = unknown_stopping(
        UnknownSd(OK, treated, control, control_mean=prior), truths, simulations=400_000, seed=5
    )
    assert not batches.success[:, :2].any()
    difference = np.abs(batches.success[:, 2] - whole.success[:, 0])
    assert np.all(difference < 4.5 * batches.success_mcse[:, 2])


def test_the_control_variate_tells_the_error_it_has() -> None:
    # The spread of repeated answers is that which each of them tells, and less than the plain binomial error.
    design = UnknownSd(Rule((above(0, 0.9, "all"),)), (15, 30))
    truths = {"effect": np.array([0.3]), "residual_sd": np.ones(1)}
    runs = [unknown_stopping(design, truths, simulations=2_000, seed=seed) for seed in range(200)]
    values = np.array([run.success[0, 1] for run in runs])
    told = np.mean([run.success_mcse[0, 1] for run in runs])
    assert values.std() == pytest.approx(told, rel=0.2)
    assert told < 0.75 * np.sqrt(values.mean() * (1 - values.mean()) / 2_000)


def test_many_patients_know_the_sd() -> None:
    rule = Rule((above(0, 0.95, "all"),), (above(0.1, 0.1, "interim"),))
    truths = {"effect": np.array([0.05]), "residual_sd": np.ones(1)}
    estimated = unknown_stopping(UnknownSd(rule, (400, 800, 1600)), truths, seed=1)
    known = known_stopping(KnownSd(rule, 1.0, (400, 800, 1600)), truths)
    np.testing.assert_allclose(estimated.success, known.success, atol=2e-3)


def futures(
    design: UnknownSd, treated: Arm, control: Arm | None, rng: np.random.Generator, count: int
) -> float:
    """Share of simulated futures that succeed: SD and means from the posterior, then the very patients.

    The patients so far enter through two values an arm that have its mean and SD.
    """
    squares, df = (design.sd.df * design.sd.guess**2, design.sd.df) if design.sd else (0.0, 0.0)
    arms = []
    for arm, prior in ((treated, design.mean), (control, design.control_mean)):
        if arm is None:
            continue
        n, mean, sd = arm
        worth, m = (prior.patients, prior.mean) if prior else (0.0, 0.0)
        squares += max(n - 1, 0) * sd**2 + worth * n / (worth + n) * (mean - m) ** 2
        df += n - (prior is None)
        arms.append(((worth * m + n * mean) / (worth + n), worth + n))
    sd = np.sqrt(squares / rng.chisquare(df, count))
    whole = []
    for (center, worth), arm, last in zip(
        arms, (treated, control), (design.treated, design.control), strict=False
    ):
        theta = rng.normal(center, sd / np.sqrt(worth))
        rest = last[-1] - arm[0]
        known = np.repeat(_patients(*arm)[None, :], count, axis=0)
        whole.append(np.hstack([known, theta[:, None] + sd[:, None] * rng.standard_normal((count, rest))]))
    none = np.zeros((count, 0))
    won, _ = decide(design, design.last - 1, whole[0], whole[1] if len(whole) > 1 else none)
    return float(won.mean())


def _patients(n: int, mean: float, sd: float) -> np.ndarray:
    z = np.arange(n) - (n - 1) / 2
    return mean + (sd * z / z.std(ddof=1) if n > 1 else z)


TWO = Rule((above(0, 0.9), above(2, 0.6)))


@pytest.mark.parametrize(
    ("design", "treated", "control"),
    [
        (UnknownSd(TWO, (14,)), (6, 4.0, 8.0), None),
        (UnknownSd(TWO, (14,), mean=MeanPrior(0.0, 4.0), sd=SdPrior(9.0, 2.0)), (6, 4.0, 8.0), None),
        (UnknownSd(TWO, (12,), (8,)), (6, 4.0, 8.0), (4, -1.0, 9.0)),
        (UnknownSd(TWO, (12,), (8,)), (6, 4.0, 8.0), (8, -1.0, 9.0)),
        (UnknownSd(TWO, (12,), (8,), control_mean=MeanPrior(-2.0, 6.0)), (6, 4.0, 8.0), (4, -1.0, 9.0)),
        (UnknownSd(TWO, (12,), (8,), control_mean=MeanPrior(-2.0, 6.0)), (12, 2.0, 8.0), (2, -1.0, 9.0)),
        (UnknownSd(TWO, (12,), (8,), control_mean=MeanPrior(-2.0, 6.0)), (5, 2.0, 8.0), (8, -1.0, 9.0)),
        (UnknownSd(TWO, (12,), (8,), control_mean=MeanPrior(-2.0, 6.0)), (12, 6.0, 8.0), (8, -1.0, 9.0)),
        (UnknownSd(TWO, (3,), (2,)), (2, 4.0, 8.0), (1, -1.0, 0.0)),
    ],
)
def test_predictive_probability_is_the_share_of_futures_that_succeed(
    design: UnknownSd, treated: Arm, control: Arm | None
) -> None:
    share = futures(design, treated, control, np.random.default_rng(9), 60_000)
    told = unknown_predictive_probability(design, treated, control)
    assert told == pytest.approx(share, abs=4 * np.sqrt(0.25 / 60_000) + 2e-3)


def test_predictive_criteria_decide_as_the_predictive_probability_of_each_trial() -> None:
    # The interpolated boundary of the simulation against the probability worked out for each trial.
    for control, prior in (((), None), ((4, 9), MeanPrior(0.0, 5.0))):
        rule = Rule((above(0, 0.9), above(0.3, 0.5)), (above(0, 0.25, "interim", "predictive"),))
        design = UnknownSd(rule, (5, 12), control, control_mean=prior)
        truths = {"effect": np.array([0.4]), "residual_sd": np.ones(1)}
        found = unknown_stopping(design, truths, simulations=50_000, seed=4)
        rng, trials = np.random.default_rng(10), 1_500
        y = rng.normal(0.4, 1.0, (trials, 5))
        x = rng.normal(0.0, 1.0, (trials, control[0] if control else 0))
        chance = np.empty(trials)
        for i in range(trials):
            c = (4, x[i].mean(), x[i].std(ddof=1)) if control else None
            chance[i] = unknown_predictive_probability(design, (5, y[i].mean(), y[i].std(ddof=1)), c)
        assert found.futility[0, 0] == pytest.approx((chance < 0.25).mean(), abs=4 * np.sqrt(0.25 / trials))


def test_predictive_probability_is_a_martingale() -> None:
    # Its mean over what the next patients may bring is what it is now; seen at one state.
    design = UnknownSd(Rule((above(0, 0.9),)), (8, 16, 24))
    rng, count = np.random.default_rng(11), 20_000
    sd = np.sqrt(7 * 2.0**2 / rng.chisquare(7, count))
    theta = rng.normal(0.5, sd / np.sqrt(8))
    new = theta[:, None] + sd[:, None] * rng.standard_normal((count, 8))
    mean = (8 * 0.5 + new.sum(axis=1)) / 16
    squares = 7 * 4.0 + new.var(axis=1) * 8 + 4.0 * (new.mean(axis=1) - 0.5) ** 2
    none = np.zeros(count)
    later = State(mean, np.full(count, 16.0), none, np.full(count, np.inf), np.full(count, 15.0), squares)
    now = unknown_predictive_probability(design, (8, 0.5, 2.0))
    assert future_success(design, later, 16.0, 1).mean() == pytest.approx(now, abs=4 * 0.5 / np.sqrt(count))


OK = Rule((above(0, 0.9),))
ONE = UnknownSd(OK, (5,))
TWO_ARMS = UnknownSd(OK, (5,), (5,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UnknownSd(OK, (1, 5)), "the SD is not known at all"),
        (lambda: UnknownSd(OK, (1,), (1,)), "the SD is not known at all"),
        (lambda: UnknownSd(OK, (5,), sd=SdPrior(0.0, 3.0)), "give both above 0"),
        (lambda: UnknownSd(OK, (5,), mean=MeanPrior(0.0, 0.0)), "worth of 0.0 patients"),
        (lambda: UnknownSd(OK, (5,), control_mean=MeanPrior(0.0, 1.0)), "one arm has a prior of the control"),
        (lambda: UnknownSd(OK, (5,), (0,)), "no control patient and no prior"),
        (lambda: unknown_stopping(ONE, {"effect": np.zeros(1)}), "have no residual_sd"),
        (lambda: unknown_predictive_probability(ONE, (6, 0.0, 1.0)), "6 treated patients so far"),
        (lambda: unknown_predictive_probability(ONE, (1, 0.0, 0.0)), "the SD is not known at all"),
        (lambda: unknown_predictive_probability(ONE, (3, 0.0, 1.0), (3, 0.0, 1.0)), "1 arm"),
        (lambda: unknown_predictive_probability(TWO_ARMS, (3, 0.0, 1.0), (0, 0.0, 0.0)), "no patient so far"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(make: object, message: str) -> None:
    with pytest.raises(RaBayesError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
