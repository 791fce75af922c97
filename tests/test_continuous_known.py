"""One number a patient, SD known: decisions, operating characteristics over looks, assurance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import NormalMixture, normal
from ra_bayes.mixtures.normal import Normal
from ra_bayes.planning.continuous import characteristics
from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd, posterior_probability
from ra_bayes.planning.continuous.predictive import predictive_probability
from ra_bayes.planning.rule import Criterion, Looks, Rule

type Array = NDArray[np.float64]

ROBUST = NormalMixture((Normal(-5.0, 4.0, 0.8), Normal(-5.0, 25.0, 0.2)))


def above(
    threshold: float, probability: float, looks: Looks = "final", basis: str = "posterior"
) -> Criterion:
    return Criterion("d", "above", threshold, probability, looks, basis)  # type: ignore[arg-type]


def below(threshold: float, probability: float, looks: Looks = "final") -> Criterion:
    return Criterion("d", "below", threshold, probability, looks)


def critical_mean(design: KnownSd, look: int, control: Array | float = 0.0) -> Array:
    """The treated mean that is needed for success at a look, for each mean of the control."""
    return design.sign * bounds(design, look - 1, design.sign * np.atleast_1d(control))[1]


def assurance(design: KnownSd, effect: NormalMixture, control_mean: float = 0.0) -> tuple[Array, Array]:
    """Success and futility by look, on average over a belief of the effect."""
    mean, sd, weight = effect.arrays
    truths = {"effect": mean, "effect_sd": sd, "control_mean": np.full(mean.shape, control_mean)}
    found = known_stopping(design, truths)
    return weight @ found.success, weight @ found.futility


def test_flat_prior_and_one_look_are_the_z_test() -> None:
    effect = np.linspace(-1, 2, 7)
    for treated, control, n in (((12,), (), 12.0), ((12,), (6,), 4.0)):
        found = known_stopping(KnownSd(Rule((above(0, 0.975),)), 1.5, treated, control), {"effect": effect})
        power = stats.norm.sf(stats.norm.ppf(0.975) - effect * np.sqrt(n) / 1.5)
        np.testing.assert_allclose(found.p_success, power, atol=1e-14)
        assert not found.success_mcse.any()


def test_three_looks_equal_multivariate_normal_probabilities() -> None:
    # Cov(mean_j, mean_k) = sd^2 / n_k, j < k, and a rectangle of means for each end.
    n = np.array([4, 9, 12])
    rule = Rule((above(0, 0.95, "all"),), (above(1.0, 0.2, "all"),))
    design = KnownSd(rule, 2.0, tuple(n), mean=normal(0.3, 1.0))
    found = known_stopping(design, {"effect": np.array([0.7])})
    precision = n / 4.0 + 1.0
    high = np.array(
        [(stats.norm.ppf(0.95) * np.sqrt(p) - 0.3) / (k / 4.0) for p, k in zip(precision, n, strict=True)]
    )
    low = np.array(
        [
            (1.0 * p - stats.norm.ppf(0.8) * np.sqrt(p) - 0.3) / (k / 4.0)
            for p, k in zip(precision, n, strict=True)
        ]
    )
    low = np.minimum(low, high)
    cov = 4.0 / np.maximum.outer(n, n)
    for k in range(3):
        law = stats.multivariate_normal(
            np.full(k + 1, 0.7), cov[: k + 1, : k + 1], abseps=1e-9, releps=1e-9, maxpts=10**6
        )
        won = law.cdf([*high[:k], np.inf], lower_limit=[*low[:k], high[k]])
        lost = law.cdf([*high[:k], low[k]], lower_limit=[*low[:k], -np.inf])
        np.testing.assert_allclose([found.success[0, k], found.futility[0, k]], [won, lost], atol=2e-6)


def test_a_look_after_every_patient_agrees_with_simulated_patients() -> None:
    rule = Rule((above(0, 0.97, "all"),), (above(0.5, 0.1, "interim"),))
    design = KnownSd(rule, 1.0, tuple(range(3, 41)), mean=ROBUST_AT_0)
    effect = np.array([0.0, 0.4])
    found = known_stopping(design, {"effect": effect})
    rng = np.random.default_rng(1)
    high = np.array([critical_mean(design, k)[0] for k in range(1, 39)])
    low = np.array(
        [
            critical_mean(KnownSd(Rule((above(0.5, 0.1),)), 1.0, (n,), mean=ROBUST_AT_0), 1)[0]
            for n in range(3, 41)
        ]
    )
    low[-1] = -np.inf
    for t, mean in enumerate(effect):
        means = (np.cumsum(rng.normal(mean, 1.0, (40_000, 40)), axis=1) / np.arange(1, 41))[:, 2:]
        won, lost = means > high, means < np.minimum(low, high)
        first = np.argmax(won | lost, axis=1)
        ended = (won | lost).any(axis=1)
        frequency = (won[np.arange(40_000), first] & ended).mean()
        assert found.p_success[t] == pytest.approx(frequency, abs=4 * np.sqrt(0.25 / 40_000))
        looks = np.where(ended, first, 37) + 3
        assert found.expected_n[t] == pytest.approx(looks.mean(), abs=4 * looks.std() / 200)


ROBUST_AT_0 = NormalMixture((Normal(0.0, 0.3, 0.7), Normal(0.0, 2.0, 0.3)))


def test_every_trial_ends_somewhere() -> None:
    # At the last look what does not pass 0.5 fails it: success and futility are all there is.
    rule = Rule((above(0, 0.9, "all"),), (above(0.3, 0.2, "interim"), above(0, 0.9, "final")))
    truths = {"effect": np.linspace(-3, 3, 31), "effect_sd": np.linspace(0, 2, 31)}
    for control, prior in (((), None), ((2, 5, 11), normal(0.2, 0.5))):
        design = KnownSd(rule, 1.0, (3, 8, 20), control, control_mean=prior)
        found = known_stopping(design, truths)
        np.testing.assert_allclose(found.p_success + found.futility.sum(axis=1), 1.0, atol=1e-9)


def test_the_critical_mean_has_just_the_probability_asked_for() -> None:
    design = KnownSd(Rule((below(-3, 0.9),)), 10.0, (12,), mean=ROBUST)
    posterior = ROBUST.update(float(critical_mean(design, 1)[0]), 10.0 / np.sqrt(12))
    assert posterior.cdf(-3.0) == pytest.approx(0.9, abs=1e-10)


def test_the_curve_of_two_arms_has_just_the_probability_asked_for() -> None:
    # Pr(treated - control < -2) by quadrature over the control's posterior, from its density.
    design = KnownSd(Rule((below(-2, 0.9),)), 10.0, (12,), (6,), mean=normal(0, 40), control_mean=ROBUST)
    controls = np.array([-20.0, -5.0, 12.0])
    for control, needed in zip(controls, critical_mean(design, 1, controls), strict=True):
        treated = normal(0, 40).update(float(needed), 10 / np.sqrt(12))
        other = ROBUST.update(float(control), 10 / np.sqrt(6))
        value, _ = integrate.quad(
            lambda c, treated=treated, other=other: (
                float(treated.cdf(c - 2.0)) * np.exp(float(other.log_density(c)))
            ),
            -80,
            80,
            limit=200,
            points=[other.mean],
        )
        assert value == pytest.approx(0.9, abs=1e-8)
        told = posterior_probability(design, design.rule.success[0], (12, float(needed)), (6, float(control)))
        assert told == pytest.approx(0.9, abs=1e-9)


def test_two_arms_with_borrowing_agree_with_simulated_patients() -> None:
    # Decisions by NormalMixture.update of each trial's means, one after the other.
    rule = Rule((below(0, 0.9, "all"),), (below(-8, 0.2, "interim"),))
    design = KnownSd(rule, 10.0, (6, 14), (3, 7), control_mean=ROBUST)
    found = known_stopping(design, {"effect": np.array([-7.0]), "control_mean": np.array([-9.0])})
    rng, ends = np.random.default_rng(3), []
    trials = 3_000
    for _ in range(trials):
        t, c = rng.normal(-16.0, 10.0, 14), rng.normal(-9.0, 10.0, 7)
        end = -1
        for look, (n, m) in enumerate(((6, 3), (14, 7))):
            other = ROBUST.update(c[:m].mean(), 10 / np.sqrt(m))
            mean, sd, weight = other.arrays
            spread = np.sqrt(sd**2 + 100 / n)
            beyond = lambda d: weight @ stats.norm.cdf((d - t[:n].mean() + mean) / spread)  # noqa: E731, B023
            if beyond(0.0) >= 0.9:
                end = look
            elif look == 0 and beyond(-8.0) < 0.2:
                end = 2
            if end >= 0:
                break
        ends.append(end)
    counts = np.array([ends.count(0), ends.count(1), ends.count(2)]) / trials
    told = np.array([found.success[0, 0], found.success[0, 1], found.futility[0, 0]])
    np.testing.assert_allclose(told, counts, atol=4 * np.sqrt(0.25 / trials))


def test_one_look_of_two_normal_priors_is_a_closed_form() -> None:
    # m'_t - m'_c is normal under the truth; success where it is z posterior SDs above 0.
    prior, other, sd, n, m = (1.0, 3.0), (-2.0, 2.0), 5.0, 7, 4
    design = KnownSd(Rule((above(0, 0.9),)), sd, (n,), (m,), mean=normal(*prior), control_mean=normal(*other))
    effect, control = 3.0, -1.0
    found = known_stopping(design, {"effect": np.array([effect]), "control_mean": np.array([control])})
    v_t, v_c = 1 / (1 / prior[1] ** 2 + n / sd**2), 1 / (1 / other[1] ** 2 + m / sd**2)
    a, b = v_t * n / sd**2, v_c * m / sd**2
    center = (
        v_t * prior[0] / prior[1] ** 2 + a * (control + effect) - v_c * other[0] / other[1] ** 2 - b * control
    )
    spread = np.hypot(a * sd / np.sqrt(n), b * sd / np.sqrt(m))
    value = stats.norm.sf((stats.norm.ppf(0.9) * np.sqrt(v_t + v_c) - center) / spread)
    assert found.success[0, 0] == pytest.approx(value, abs=1e-10)


def test_a_vague_prior_of_the_control_is_no_prior() -> None:
    # The plane of both means against the line of their difference: two engines.
    rule = Rule((above(0, 0.95, "all"),), (above(0.8, 0.1, "interim"),))
    truths = {"effect": np.array([0.0, 0.9]), "control_mean": np.array([0.3, -0.3])}
    line = known_stopping(KnownSd(rule, 1.0, (4, 9, 15), (3, 5, 8)), truths)
    plane = known_stopping(KnownSd(rule, 1.0, (4, 9, 15), (3, 5, 8), control_mean=normal(0, 1e4)), truths)
    np.testing.assert_allclose(plane.success, line.success, atol=1e-7)
    np.testing.assert_allclose(plane.futility, line.futility, atol=1e-7)


def test_simulation_agrees_with_the_plane_it_stands_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule((above(0, 0.9, "all"),), (above(5, 0.2, "interim"),))
    design = KnownSd(rule, 10.0, (5, 10, 15), (3, 6, 9), control_mean=ROBUST)
    truths = {
        "effect": np.array([0.0, 6.0]),
        "control_mean": np.array([-5.0, -2.0]),
        "effect_sd": np.array([0, 2.0]),
    }
    exact = known_stopping(design, truths)
    monkeypatch.setattr(characteristics, "_MOST_PAIRS", 0.0)
    drawn = known_stopping(design, truths, simulations=200_000, seed=2)
    assert drawn.engine.startswith("200,000 simulated trials")
    assert exact.engine.startswith("exact")
    error = np.maximum(drawn.success_mcse, 1e-5)
    assert np.all(np.abs(drawn.success - exact.success) < 4.5 * error)
    assert np.all(np.abs(drawn.futility - exact.futility) < 4.5 * np.maximum(drawn.futility_mcse, 1e-5))


def test_looks_that_add_to_one_arm_only_are_simulated() -> None:
    rule = Rule((above(0, 0.9, "all"),))
    design = KnownSd(rule, 10.0, (5, 10, 10), (3, 3, 9), control_mean=ROBUST)
    found = known_stopping(
        design, {"effect": np.array([6.0]), "control_mean": np.array([-5.0])}, simulations=20_000
    )
    assert "simulated" in found.engine
    assert 0.0 < found.success_mcse[0, 0] < 0.005


def test_a_control_arm_of_nobody_is_its_prior() -> None:
    # Pr(theta - c > 0): the control's prior is one more variance and nothing else.
    design = KnownSd(Rule((above(0, 0.9, "all"),)), 10.0, (8, 16), (0, 0), control_mean=normal(-5, 3))
    found = known_stopping(design, {"effect": np.array([4.0]), "control_mean": np.array([-5.0])})
    n = np.array([8.0, 16.0])
    edge = -5.0 + stats.norm.ppf(0.9) * np.sqrt(9 + 100 / n)
    first = stats.norm.sf((edge[0] + 1.0) / (10 / np.sqrt(8)))
    law = stats.multivariate_normal([-1.0, -1.0], 100 / np.maximum.outer(n, n))
    second = law.cdf([edge[0], np.inf], lower_limit=[-np.inf, edge[1]])
    np.testing.assert_allclose(found.success[0], [first, second], atol=1e-7)


@pytest.mark.parametrize("control", [(), (3, 8)])
def test_lower_is_better_mirrors_higher_is_better(control: tuple[int, ...]) -> None:
    mirrored = NormalMixture(tuple(Normal(-m, s, w) for m, s, w in ROBUST.parts))
    up = Rule((above(2, 0.8, "all"),), (above(5, 0.1, "interim"), above(0, 0.2, "interim", "predictive")))
    down = Rule(
        (below(-2, 0.8, "all"),),
        (below(-5, 0.1, "interim"), Criterion("d", "below", 0, 0.2, "interim", "predictive")),
    )
    truths = {"effect": np.array([4.0]), "control_mean": np.array([1.0])}
    names = {"control_mean": mirrored} if control else {"mean": mirrored}
    other = {"control_mean": ROBUST} if control else {"mean": ROBUST}
    a = known_stopping(KnownSd(up, 9.0, (6, 14), control, **names), truths)
    b = known_stopping(KnownSd(down, 9.0, (6, 14), control, **other), {k: -v for k, v in truths.items()})
    np.testing.assert_allclose(a.success, b.success, atol=1e-10)
    np.testing.assert_allclose(a.futility, b.futility, atol=1e-10)


def test_a_true_sd_other_than_the_analysis_takes_it() -> None:
    rule = Rule((above(0, 0.95, "all"),))
    design = KnownSd(rule, 1.0, (5, 10))
    truths = {"effect": np.zeros(3), "residual_sd": np.array([0.5, 1.0, 2.0])}
    found = known_stopping(design, truths).success
    edge = stats.norm.ppf(0.95) / np.sqrt(np.array([5, 10]))
    for t, sd in enumerate((0.5, 1.0, 2.0)):
        law = stats.multivariate_normal([0, 0], sd**2 / np.maximum.outer([5, 10], [5, 10]))
        np.testing.assert_allclose(found[t, 0], stats.norm.sf(edge[0] * np.sqrt(5) / sd), atol=1e-12)
        np.testing.assert_allclose(
            found[t, 1], law.cdf([edge[0], np.inf], lower_limit=[-np.inf, edge[1]]), atol=1e-7
        )


def test_success_goes_before_futility_at_the_same_look() -> None:
    # Pr(d > 0) >= 0.5 and Pr(d > 10) < 0.9 hold together wherever the mean is above 0 and below 10 or so.
    rule = Rule((above(0, 0.5),), (above(10, 0.9, "final"),))
    found = known_stopping(KnownSd(rule, 1.0, (4,)), {"effect": np.array([0.0])})
    np.testing.assert_allclose([found.success[0, 0], found.futility[0, 0]], [0.5, 0.5], atol=1e-12)


def test_assurance_of_one_look_is_a_closed_form() -> None:
    prior = NormalMixture((Normal(0.5, 0.3, 0.6), Normal(0.0, 0.1, 0.4)))
    success, _ = assurance(KnownSd(Rule((above(0, 0.975),)), 1.0, (30,)), prior)
    edge = stats.norm.ppf(0.975) / np.sqrt(30)
    value = 0.6 * stats.norm.sf((edge - 0.5) / np.hypot(0.3, 30**-0.5))
    value += 0.4 * stats.norm.sf(edge / np.hypot(0.1, 30**-0.5))
    assert success.sum() == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("control", [None, normal(-5, 4)])
def test_assurance_over_looks_is_power_averaged_over_truths(control: NormalMixture | None) -> None:
    rule = Rule((above(0, 0.95, "all"),), (above(5, 0.1, "interim"),))
    sizes = ((5, 10, 20), (5, 10, 20) if control else ())
    design = KnownSd(rule, 10.0, *sizes, control_mean=control)
    prior = NormalMixture((Normal(6.0, 5.0, 0.7), Normal(0.0, 1.0, 0.3)))
    whole_success, whole_futility = assurance(design, prior, control_mean=-4.0)
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    success, futility = 0.0, 0.0
    for mean, sd, share in prior.parts:
        truths = {"effect": mean + sd * node, "control_mean": np.full(60, -4.0)}
        each = known_stopping(design, truths)
        success = success + share * (weight / weight.sum()) @ each.success
        futility = futility + share * (weight / weight.sum()) @ each.futility
    np.testing.assert_allclose(whole_success, success, atol=1e-7)
    np.testing.assert_allclose(whole_futility, futility, atol=1e-7)


def test_predictive_probability_is_the_share_of_futures_that_succeed() -> None:
    rng = np.random.default_rng(5)
    rule = Rule((below(0, 0.9), below(-3, 0.6)))
    weights = {"mean": ROBUST}
    one = KnownSd(rule, 10.0, (20,), **weights)
    theta = _draw(ROBUST.update(-7.0, 10 / np.sqrt(8)), 100_000, rng)
    mean = (8 * -7.0 + 12 * rng.normal(theta, 10 / np.sqrt(12))) / 20
    share = (mean < critical_mean(one, 1)[0]).mean()
    assert predictive_probability(one, (8, -7.0)) == pytest.approx(share, abs=0.006)

    two = KnownSd(rule, 10.0, (20,), (10,), control_mean=ROBUST)
    treated = rng.normal(-12.0, 10 / np.sqrt(8), 100_000)
    control = _draw(ROBUST.update(-6.0, 10 / np.sqrt(4)), 100_000, rng)
    y = (8 * -12.0 + 12 * rng.normal(treated, 10 / np.sqrt(12))) / 20
    x = (4 * -6.0 + 6 * rng.normal(control, 10 / np.sqrt(6))) / 10
    share = (y < critical_mean(two, 1, x)).mean()
    assert predictive_probability(two, (8, -12.0), (4, -6.0)) == pytest.approx(share, abs=0.006)


def _draw(mixture: NormalMixture, count: int, rng: np.random.Generator) -> np.ndarray:
    mean, sd, weight = mixture.arrays
    part = rng.choice(len(weight), count, p=weight)
    return rng.normal(mean[part], sd[part])


def test_predictive_probability_of_a_full_trial_is_its_decision() -> None:
    design = KnownSd(Rule((above(0, 0.9),)), 1.0, (9,), (9,), control_mean=normal(0, 1))
    assert predictive_probability(design, (9, 2.0), (9, 0.0)) == 1.0
    assert predictive_probability(design, (9, 0.1), (9, 0.0)) == 0.0
    # What n and m patients tell of a difference, n m / (n + m), is rounded; nobody must not become less.
    for n in range(1, 25):
        for m in range(1, 25):
            design = KnownSd(Rule((above(0, 0.9),)), 1.0, (n,), (m,))
            assert predictive_probability(design, (n, 9.0), (m, 0.0)) == 1.0


def test_a_predictive_criterion_stops_where_the_predictive_probability_crosses() -> None:
    rule = Rule((above(0, 0.95),), (above(0, 0.2, "interim", "predictive"),))
    for control, prior in (((), None), ((4, 10), ROBUST)):
        design = KnownSd(rule, 10.0, (8, 20), control, control_mean=prior)
        truths = {"effect": np.array([3.0]), "control_mean": np.array([-5.0])}
        told = known_stopping(design, truths).futility[0, 0]
        rng = np.random.default_rng(6)
        y = rng.normal(-2.0 if control else 3.0, 10 / np.sqrt(8), 1_500)
        x = rng.normal(-5.0, 5.0, 1_500)
        chance = [
            predictive_probability(design, (8, float(a)), (4, float(b)) if control else None)
            for a, b in zip(y, x, strict=True)
        ]
        assert told == pytest.approx(np.mean(np.array(chance) < 0.2), abs=4 * np.sqrt(0.25 / 1500))


@pytest.mark.parametrize(("n", "expected"), [(6, 0.0722), (12, 0.0857), (24, 0.0928), (200, 0.0991)])
def test_a_vague_prior_of_the_effect_is_not_calibrated_at_small_n(n: int, expected: float) -> None:
    # N(0, 15^2) against an SD of 20: success asks for z_.9 sqrt(1 + 20^2 / (15^2 n)) standard errors.
    design = KnownSd(Rule((below(0, 0.9),)), 20.0, (n,), mean=normal(0, 15))
    told = known_stopping(design, {"effect": np.zeros(1)}).p_success[0]
    assert told == pytest.approx(stats.norm.sf(stats.norm.ppf(0.9) * np.sqrt(1 + 400 / (225 * n))), abs=1e-12)
    assert told == pytest.approx(expected, abs=1e-3)


def test_a_control_mean_not_given_is_that_of_its_prior() -> None:
    design = KnownSd(Rule((above(0, 0.9),)), 10.0, (8,), (4,), control_mean=ROBUST)
    told = known_stopping(design, {"effect": np.array([4.0]), "control_mean": np.array([-5.0])})
    silent = known_stopping(design, {"effect": np.array([4.0])})
    zero = known_stopping(design, {"effect": np.array([4.0]), "control_mean": np.array([0.0])})
    assert silent.success[0, 0] == told.success[0, 0] != zero.success[0, 0]
    # With a prior of the treated alone nothing says where the control is.
    with pytest.raises(RaBayesError, match="have no control_mean"):
        known_stopping(KnownSd(OK, 10.0, (8,), (4,), mean=ROBUST), {"effect": np.zeros(1)})


OK = Rule((above(0, 0.9),))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KnownSd(OK, 0.0, (5,)), "SD of 0.0 cannot be"),
        (lambda: KnownSd(OK, 1.0, ()), "no look"),
        (lambda: KnownSd(OK, 1.0, (5, 5)), "each look needs more"),
        (lambda: KnownSd(OK, 1.0, (8, 5)), "cannot have fewer"),
        (lambda: KnownSd(OK, 1.0, (0, 5)), "no treated patient"),
        (lambda: KnownSd(OK, 1.0, (5,), (3, 4)), "give both the same"),
        (lambda: KnownSd(OK, 1.0, (5,), (0,)), "no control patient and no prior"),
        (lambda: KnownSd(OK, 1.0, (5,), control_mean=normal(0, 1)), "one arm has a prior of the control"),
        (lambda: KnownSd(OK, 1.0, (5,), (5,), mean=normal(0, 1), effect=normal(0, 1)), "say the same twice"),
        (lambda: KnownSd(Rule((above(0, 0.9, "all"), below(3, 0.9, "all"))), 1.0, (5,)), "point both ways"),
        (lambda: KnownSd(Rule((above(0, 0.9, (1, 3)),)), 1.0, (5, 9)), "look 3 of a design with 2"),
        (
            lambda: KnownSd(Rule((above(0, 0.9, "interim"),)), 1.0, (5, 9)),
            "no posterior criterion of success",
        ),
        (lambda: KnownSd(Rule((above(np.inf, 0.9),)), 1.0, (5,)), "write a finite number"),
        (lambda: known_stopping(KnownSd(OK, 1.0, (5,)), {"rate": np.zeros(1)}), "have no effect"),
        (
            lambda: known_stopping(KnownSd(OK, 1.0, (5,)), {"effect": np.full(2, np.nan)}),
            "not a finite number",
        ),
        (
            lambda: known_stopping(
                KnownSd(OK, 1.0, (5,)), {"effect": np.zeros(2), "residual_sd": np.zeros(2)}
            ),
            "residual_sd is not above 0",
        ),
        (
            lambda: known_stopping(
                KnownSd(OK, 1.0, (5,)), {"effect": np.zeros(2), "residual_sd": np.ones(3)}
            ),
            "differ in length",
        ),
        (lambda: predictive_probability(KnownSd(OK, 1.0, (5,)), (6, 0.0)), "6 treated patients so far"),
        (lambda: predictive_probability(KnownSd(OK, 1.0, (5,)), (2, 0.0), (2, 0.0)), "1 arm"),
        (lambda: predictive_probability(KnownSd(OK, 1.0, (5,)), (0, 0.0)), "nothing is known"),
    ],
)
def test_bad_input_gets_one_sentence(make: object, message: str) -> None:
    with pytest.raises(RaBayesError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("treated", "control", "tau"),
    [(10, 10, 60.0), (10, 1, 60.0), (19, 1, 60.0), (18, 3, 60.0), (10, 10, 1.0)],
)
def test_a_predictive_probability_holds_where_one_arm_is_followed_further_or_believed_firmly(
    treated: int, control: int, tau: float
) -> None:
    # All normal: the final posterior means are normal now, and success asks for their difference.
    sd, n, priors, seen = 20.0, 20, ((0.0, tau), (-4.0, 200.0)), (6.0, -3.0)
    win = Criterion("difference", "above", 0.0, 0.9)
    beliefs = [normal(*each) for each in priors]
    design = KnownSd(Rule((win,)), sd, (n,), (n,), mean=beliefs[0], control_mean=beliefs[1])
    means, now, then = [], [], []
    for (m, s), so_far, y in zip(priors, (treated, control), seen, strict=True):
        now.append(1.0 / (s**-2.0 + so_far / sd**2))
        then.append(1.0 / (s**-2.0 + n / sd**2))
        means.append(now[-1] * (m / s**2 + so_far * y / sd**2))
    gap = means[0] - means[1] - special.ndtri(0.9) * sum(then) ** 0.5
    wanted = special.ndtr(gap / (sum(now) - sum(then)) ** 0.5)
    found = predictive_probability(design, (treated, seen[0]), (control, seen[1]))
    assert found == pytest.approx(wanted, abs=1e-6)
