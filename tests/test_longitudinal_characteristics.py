"""Operating characteristics of a longitudinal design: plain simulation, other routes, themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from longitudinal_trials import FLAT, KNOWN, SCALES, SHAPE, WEEKS, dense
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.analyses import FollowUp
from ra_bayes.planning.longitudinal.characteristics import simulated_stopping
from ra_bayes.planning.longitudinal.conduct import followed, in_order
from ra_bayes.planning.longitudinal.covariance import covariance
from ra_bayes.planning.longitudinal.interim import so_far
from ra_bayes.planning.longitudinal.many_truths import assurance_curve, corrected
from ra_bayes.planning.longitudinal.posterior import effect_posterior
from ra_bayes.planning.longitudinal.statistics import statistics
from ra_bayes.planning.rule import Criterion

type Array = NDArray[np.float64]

SUCCESS = Criterion("difference", "below", 0.0, 0.9, "all")
FUTILITY = Criterion("difference", "below", 0.0, 0.3, "interim")
UNLIKELY = Criterion("difference", "below", 0.0, 0.1, "interim", "predictive")
ONE_LOOK = [((SUCCESS,), ())]


def follow_up(
    per_arm: tuple[int, ...],
    looks: Sequence[int],
    dropout: float = 0.15,
    missed: float = 0.0,
    accrual: float | None = 0.5,
) -> FollowUp:
    able = followed(sum(per_arm), looks, WEEKS, accrual)
    return FollowUp(WEEKS, SHAPE, in_order(per_arm), able, dropout, missed)


def truths(*effects: float) -> dict[str, Array]:
    made = {"effect": np.array(effects)}
    return made | {name: np.full(len(effects), value) for name, value in KNOWN.items()}


def plain(
    plan: FollowUp,
    effect: float,
    rules: list[tuple[tuple[Criterion, ...], tuple[Criterion, ...]]],
    trials: int,
) -> Array:
    """Shares of success, then futility, by look: trials simulated patient by patient, nothing taken out."""
    rng = np.random.default_rng(99)
    root = np.linalg.cholesky(covariance(SHAPE, **KNOWN))
    y = rng.normal(size=(trials, plan.arm.size, WEEKS.size)) @ root.T
    y += effect * (plan.arm == 0)[:, None] * SHAPE
    stays = rng.random((trials, plan.arm.size)) > plan.dropout
    time = np.where(
        stays, np.inf, WEEKS[-1] * np.log1p(-rng.random(stays.shape) * plan.dropout) / np.log1p(-plan.dropout)
    )
    had = (time[..., None] >= WEEKS).sum(axis=2)
    going, out = np.ones(trials, dtype=bool), []
    for able, (success, futility) in zip(plan.able, rules, strict=True):
        data = statistics(y, np.minimum(had, able), plan.arm)
        below = 1.0 - effect_posterior(data, SHAPE, FLAT).probability(0.0)
        wins = np.all([below >= each.probability for each in success], axis=0) if success else ~going & False
        fails = (
            np.any([below < each.probability for each in futility], axis=0) if futility else ~going & False
        )
        out.append(((wins & going).mean(), (fails & ~wins & going).mean()))
        going = going & ~(wins | fails)
    return np.array(out).T.ravel()


def test_one_look_is_the_share_of_simulated_trials_that_succeed() -> None:
    plan = follow_up((12, 8), (20,))
    found = simulated_stopping(truths(-12.0), plan, (20,), ONE_LOOK, FLAT, trials=1000, seed=1)
    wanted = plain(plan, -12.0, ONE_LOOK, 6000)[0]
    error = np.hypot(found.success_mcse[0, 0], np.sqrt(wanted * (1 - wanted) / 6000))
    assert abs(found.success[0, 0] - wanted) < 4.0 * error
    # An estimate integrated out: an error that plain simulation has with twenty times the trials.
    assert found.success_mcse[0, 0] < np.sqrt(wanted * (1 - wanted) / 20_000)


def test_two_looks_are_the_shares_of_simulated_trials_that_end_so() -> None:
    plan = follow_up((12, 12), (12, 24))
    rules = [((SUCCESS,), (FUTILITY,)), ((SUCCESS,), ())]
    found = simulated_stopping(truths(-8.0), plan, (12, 24), rules, FLAT, trials=2000, seed=2)
    wanted = plain(plan, -8.0, rules, 6000)
    told = np.concatenate([found.success[0], found.futility[0]])
    mcse = np.concatenate([found.success_mcse[0], found.futility_mcse[0]])
    error = np.hypot(mcse, np.sqrt(wanted * (1 - wanted) / 6000))
    assert np.all(np.abs(told - wanted) <= 4.0 * error)
    assert np.all(mcse[:2] < np.sqrt(wanted[:2] * (1 - wanted[:2]) / 2000))


@pytest.mark.parametrize("equivalence", [False, True])
def test_where_the_estimate_cannot_be_integrated_out_trials_are_counted(equivalence: bool) -> None:
    """Seven looks, and two looks with criteria to both sides."""
    if equivalence:
        looks: tuple[int, ...] = (12, 24)
        near = (Criterion("difference", "below", 25.0, 0.9), Criterion("difference", "above", -25.0, 0.9))
        rules: list[tuple[tuple[Criterion, ...], tuple[Criterion, ...]]] = [(near, ()), (near, ())]
    else:
        looks = (6, 9, 12, 15, 18, 21, 24)
        rules = [((), (FUTILITY,))] * 6 + [((SUCCESS,), ())]
    plan = follow_up((12, 12), looks)
    found = simulated_stopping(truths(-4.0), plan, looks, rules, FLAT, trials=600, seed=3)
    rng_trials = 3000
    if equivalence:
        wanted = plain_between(plan, -4.0, rng_trials)
        told, error = found.success[0], found.success_mcse[0]
    else:
        wanted = plain(plan, -4.0, rules, rng_trials)
        told = np.concatenate([found.success[0], found.futility[0]])
        error = np.concatenate([found.success_mcse[0], found.futility_mcse[0]])
        # The control takes out part of the error.
        assert error[6] < np.sqrt(wanted[6] * (1 - wanted[6]) / 600)
    assert np.all(np.abs(told - wanted) <= 4.0 * np.hypot(error, np.sqrt(wanted * (1 - wanted) / rng_trials)))


def plain_between(plan: FollowUp, effect: float, trials: int) -> Array:
    """Shares of trials that end in equivalence at each of two looks."""
    rng = np.random.default_rng(98)
    y = (
        rng.normal(size=(trials, plan.arm.size, WEEKS.size))
        @ np.linalg.cholesky(covariance(SHAPE, **KNOWN)).T
    )
    y += effect * (plan.arm == 0)[:, None] * SHAPE
    stay = (1.0 - plan.dropout) ** (WEEKS / WEEKS[-1])
    had = (rng.random((trials, plan.arm.size, 1)) < stay).sum(axis=2)
    near = []
    for able in plan.able:
        above = effect_posterior(statistics(y, np.minimum(had, able), plan.arm), SHAPE, FLAT).probability(
            [-25.0, 25.0]
        )
        near.append((above[:, 0] >= 0.9) & (above[:, 1] <= 0.1))
    return np.array([near[0].mean(), (near[1] & ~near[0]).mean()])


def test_thousands_of_truths_need_criteria_to_one_side() -> None:
    both = (SUCCESS, Criterion("difference", "above", -25.0, 0.9, "all"))
    with pytest.raises(RaBayesError, match="both above and below"):
        corrected(
            spread(20, 1), None, follow_up((6, 6), (6, 12)), [((), ()), (both, ())], FLAT, trials=10, seed=1
        )


def test_monte_carlo_errors_are_those_seen_between_seeds() -> None:
    plan = follow_up((8, 8), (8, 16))
    rules = [((), (FUTILITY,)), ((SUCCESS,), ())]
    runs = [
        simulated_stopping(truths(-8.0), plan, (8, 16), rules, FLAT, trials=200, seed=seed)
        for seed in range(30)
    ]
    for told, mcse in (("success", "success_mcse"), ("futility", "futility_mcse")):
        seen = np.std([getattr(run, told)[0] for run in runs], axis=0)
        said = np.mean([getattr(run, mcse)[0] for run in runs], axis=0)
        assert np.all(seen <= 1.6 * said)
        assert np.all(seen[said > 0] >= 0.6 * said[said > 0])


def test_the_same_seed_gives_the_same_answer_to_the_bit() -> None:
    plan = follow_up((6, 6), (12,))
    one, other = (
        simulated_stopping(truths(-8.0), plan, (12,), ONE_LOOK, FLAT, trials=100, seed=3) for _ in range(2)
    )
    assert np.array_equal(one.success, other.success)


def test_a_design_with_known_sds_has_its_closed_power() -> None:
    known = LongitudinalAnalysis(
        None, {name: (KNOWN[name], 0.0) for name in ("level_sd", "response_sd", "residual_sd")}
    )
    none = {**KNOWN, "correlation": 0.0}
    effects = {"effect": np.array([-10.0])} | {name: np.array([value]) for name, value in none.items()}
    plan = follow_up((10, 10), (20,), dropout=0.0)
    found = simulated_stopping(effects, plan, (20,), ONE_LOOK, known, trials=50, seed=4)
    v = covariance(SHAPE, **none)
    sd = np.sqrt((v[-1, -1] - v[0, -1] ** 2 / v[0, 0]) * 0.2)
    assert found.success[0, 0] == pytest.approx(special.ndtr(10.0 / sd - special.ndtri(0.9)), abs=1e-6)
    assert found.success_mcse[0, 0] < 1e-6


def test_a_vague_prior_is_not_calibrated_at_small_n_and_the_engine_shows_it() -> None:
    """Posterior probability 0.9 under Normal(0, 15^2): not a type I error of 0.1; a flat prior comes near."""
    plan = follow_up((10, 10), (20,), dropout=0.0)
    vague = LongitudinalAnalysis((0.0, 15.0), SCALES)
    errors = {
        name: simulated_stopping(truths(0.0), plan, (20,), ONE_LOOK, each, trials=1500, seed=5)
        for name, each in (("vague", vague), ("flat", FLAT))
    }
    assert errors["vague"].success_mcse[0, 0] < 0.002
    assert errors["vague"].success[0, 0] < 0.085
    assert errors["flat"].success[0, 0] == pytest.approx(0.1, abs=0.012)


def test_a_predictive_criterion_stops_trials_that_would_have_failed() -> None:
    plan = follow_up((12, 12), (12, 24), dropout=0.0)
    rules = [((), (UNLIKELY,)), ((SUCCESS,), ())]
    with_it = simulated_stopping(truths(0.0, -15.0), plan, (12, 24), rules, FLAT, trials=800, seed=6)
    without = simulated_stopping(
        truths(0.0, -15.0), follow_up((12, 12), (24,), dropout=0.0), (24,), ONE_LOOK, FLAT, trials=800, seed=6
    )
    assert with_it.futility[0, 0] > 0.3
    assert with_it.futility[1, 0] < 0.25
    assert np.all(without.p_success - with_it.p_success < 0.04)
    with pytest.raises(RaBayesError, match="missed visits"):
        simulated_stopping(
            truths(0.0), follow_up((12, 12), (12, 24), missed=0.1), (12, 24), rules, FLAT, trials=10, seed=1
        )


def test_missed_visits_cost_little_when_others_are_seen() -> None:
    """The last visit missed by one in ten is less than one patient in ten lost: earlier visits tell of it."""
    run = {
        missed: simulated_stopping(
            truths(-15.0), follow_up((10, 10), (20,), 0.0, missed), (20,), ONE_LOOK, FLAT, trials=150, seed=7
        )
        for missed in (0.0, 0.1)
    }
    lost = run[0.0].success[0, 0] - run[0.1].success[0, 0]
    assert -0.01 < lost < 0.06


def spread(n: int, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "effect": rng.normal(-9.0, 8.0, n),
        "level_sd": 17.0 * np.exp(0.2 * rng.normal(size=n)),
        "response_sd": 20.0 * np.exp(0.3 * rng.normal(size=n)),
        "correlation": 0.3 * rng.uniform(-1.0, 1.0, n),
        "residual_sd": 10.0 * np.exp(0.3 * rng.normal(size=n)),
    }


@pytest.mark.parametrize("looks", [(24,), (12, 24)])
def test_many_truths_at_once_are_the_truths_one_by_one(looks: tuple[int, ...]) -> None:
    plan = follow_up((12, 12), looks)
    rules = [((), (FUTILITY,)), ((SUCCESS,), ())][-len(looks) :]
    made = spread(60, 1)
    mean, mcse = corrected(made, None, plan, rules, FLAT, trials=2000, seed=1)
    for at in (0, 17, 42):
        one = {name: each[at : at + 1] for name, each in made.items()}
        alone = simulated_stopping(one, plan, looks, rules, FLAT, trials=1500, seed=2)
        wanted = np.concatenate([alone.success[0], alone.futility[0]])
        error = np.concatenate([alone.success_mcse[0], alone.futility_mcse[0]])
        assert np.all(np.abs(mean[at] - wanted) < 0.02 + 4.0 * np.hypot(error, mcse[at]))
    found = simulated_stopping(made, plan, looks, rules, FLAT, trials=2000, seed=1)
    assert np.array_equal(found.success, mean[:, : len(looks)])
    assert "regression" in found.engine


def test_an_assurance_curve_is_the_average_power_at_each_size() -> None:
    made, weights = spread(400, 3), np.random.default_rng(4).dirichlet(np.ones(400))
    sizes = (12, 16, 20, 24, 32, 40, 60)
    plans = [(follow_up((n // 2, n // 2), (n,)), ONE_LOOK) for n in sizes]
    found, mcse = assurance_curve(made, weights, plans, FLAT, trials=200, seed=5)
    assert mcse.max() < 0.006
    for at in (0, 3, 6):
        mean, _ = corrected(made, weights, *plans[at], FLAT, trials=6000, seed=6)
        assert found[at] == pytest.approx(weights @ mean[:, 0], abs=0.003 + 3.5 * mcse[at])
    with pytest.raises(RaBayesError, match=r"add up to 0\.9"):
        assurance_curve(made, 0.9 * weights, plans, FLAT, seed=1)


def test_predictive_probability_is_the_share_of_completed_trials_that_succeed() -> None:
    """The rest of the trial simulated from the posterior: SDs, means and patients, then analysed anew."""
    rng = np.random.default_rng(8)
    per_arm, arm = (10, 10), in_order((10, 10))
    y = rng.normal(size=(20, WEEKS.size)) @ np.linalg.cholesky(covariance(SHAPE, **KNOWN)).T
    y[arm == 0] -= 14.0 * SHAPE
    y[12:] = np.nan
    found = so_far(y[:12], arm[:12], np.full(12, 4), per_arm, WEEKS, SHAPE, FLAT)
    told = found.predictive((SUCCESS,))
    # By importance: SDs from their priors, weighted by the restricted likelihood of what was seen.
    draws, weights, worlds = 1500, [], []
    for _ in range(draws):
        sds = [
            SCALES[name][0] * np.exp(SCALES[name][1] * rng.normal()) for name in ("level_sd", "response_sd")
        ]
        rho, residual = 2.0 * rng.beta(4.0, 4.0) - 1.0, 10.0 * np.exp(0.45 * rng.normal())
        worlds.append((sds[0], sds[1], rho, residual))
        weights.append(dense(y[:12], arm[:12], worlds[-1])[0])
    share = np.exp(np.array(weights) - max(weights))
    chosen = rng.choice(draws, 3000, p=share / share.sum())
    whole = np.repeat(y[None], chosen.size, axis=0)
    for at, which in enumerate(chosen):
        v = covariance(SHAPE, *worlds[which])
        root = np.linalg.cholesky(v)
        arms_means = []
        for g in (0, 1):
            rows = y[:12][arm[:12] == g]
            arms_means.append(rows.mean(axis=0))
        # Complete data: means by arm and visit, and one common baseline mean.
        means = np.array(arms_means)
        drawn = means + np.stack([root @ rng.normal(size=4) / np.sqrt((arm[:12] == g).sum()) for g in (0, 1)])
        difference = drawn[0, 0] - drawn[1, 0]
        slope = v[:, 0] / v[0, 0]
        n0, n1 = ((arm[:12] == g).sum() for g in (0, 1))
        drawn[0] -= slope * difference * n1 / (n0 + n1)
        drawn[1] += slope * difference * n0 / (n0 + n1)
        whole[at, 12:] = drawn[arm[12:]] + rng.normal(size=(8, 4)) @ root.T
    below = 1.0 - effect_posterior(statistics(whole, np.full(20, 4), arm), SHAPE, FLAT).probability(0.0)
    assert told == pytest.approx((below >= 0.9).mean(), abs=0.03)


def test_an_interim_look_counts_the_same_with_and_without_a_missed_visit() -> None:
    rng = np.random.default_rng(9)
    arm = in_order((8, 8))
    y = rng.normal(size=(8, WEEKS.size)) @ np.linalg.cholesky(covariance(SHAPE, **KNOWN)).T
    y[6, 3:], y[7, 2:] = np.nan, np.nan
    able = np.array([4, 4, 4, 4, 4, 4, 3, 2])
    monotone = so_far(y, arm[:8], able, (8, 8), WEEKS, SHAPE, FLAT, dropout=0.1)
    y[2, 1] = np.nan
    patchy = so_far(y, arm[:8], able, (8, 8), WEEKS, SHAPE, FLAT, dropout=0.1)
    assert patchy.coming == pytest.approx(monotone.coming)
    assert monotone.coming.begun == pytest.approx(0.9**0.5 + 0.9 ** (5 / 6))
    assert patchy.probability(SUCCESS) == pytest.approx(monotone.probability(SUCCESS), abs=0.05)
    assert patchy.predictive((SUCCESS,)) == pytest.approx(monotone.predictive((SUCCESS,)), abs=0.05)
    with pytest.raises(RaBayesError, match="planned"):
        so_far(y, arm[:8], able, (2, 2), WEEKS, SHAPE, FLAT)
    with pytest.raises(RaBayesError, match="no patient yet"):
        so_far(y[:1], arm[:1], able[:1], (8, 8), WEEKS, SHAPE, FLAT)


def test_wrong_truths_get_a_sentence() -> None:
    plan = follow_up((6, 6), (12,))
    for change, words in (
        ({"residual_sd": np.zeros(1)}, "above 0"),
        ({"level_sd": np.full(1, -1.0)}, "below 0"),
        ({"correlation": np.ones(1)}, "correlation"),
        ({"effect": np.zeros(2)}, "different lengths"),
    ):
        with pytest.raises(RaBayesError, match=words):
            simulated_stopping(truths(0.0) | change, plan, (12,), ONE_LOOK, FLAT, trials=10, seed=1)
    with pytest.raises(RaBayesError, match="lack effect"):
        simulated_stopping({}, plan, (12,), ONE_LOOK, FLAT, trials=10, seed=1)
    with pytest.raises(RaBayesError, match="there are 2 looks"):
        simulated_stopping(truths(0.0), plan, (6, 12), ONE_LOOK, FLAT, trials=10, seed=1)
    with pytest.raises(RaBayesError, match="miss a visit"):
        follow_up((6, 6), (12,), missed=1.0)
