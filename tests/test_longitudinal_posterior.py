"""The longitudinal posterior: closed forms, brute force on small trials, two routes, its own refinement."""

from __future__ import annotations

import numpy as np
import pytest
from longitudinal_trials import (
    FLAT,
    KNOWN,
    SCALES,
    SHAPE,
    WEEKS,
    arms,
    brute_force,
    dense,
    leaving,
    records,
    unseen,
)
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.checkerboard import lattice
from ra_bayes.planning.longitudinal.covariance import covariance, factors
from ra_bayes.planning.longitudinal.known import estimate, estimate_variance
from ra_bayes.planning.longitudinal.patterns import pattern_estimate, pattern_posterior
from ra_bayes.planning.longitudinal.posterior import effect_posterior
from ra_bayes.planning.longitudinal.statistics import statistics

FIXED = LongitudinalAnalysis(
    None, {name: (KNOWN[name], 0.0) for name in ("level_sd", "response_sd", "residual_sd")}
)


def test_known_sds_give_the_generalised_least_squares_estimate_of_a_dense_model() -> None:
    rng = np.random.default_rng(1)
    for arm in (arms(7, 5), arms(8, 0)):
        y, seen = records(rng, arm, 4), leaving(rng, 4, arm.size)
        data = statistics(y, seen, arm)
        of = factors(covariance(SHAPE, **KNOWN))
        mean, variance = estimate(data, of), estimate_variance(of, data.n)
        for trial in range(4):
            _, m, v = dense(unseen(y[trial], seen[trial]), arm, tuple(KNOWN.values()))
            assert mean[trial] == pytest.approx(m, abs=1e-8)
            assert variance[trial] == pytest.approx(v, rel=1e-9)
            other = pattern_estimate(unseen(y[trial], seen[trial]), arm, SHAPE, **KNOWN)
            assert other == pytest.approx((m, v), rel=1e-6)


def test_balanced_complete_data_with_known_sds_are_the_textbook_analysis_of_covariance() -> None:
    """Complete data, one common baseline mean: the difference at the end less its regression on the first."""
    rng = np.random.default_rng(2)
    arm = arms(6, 6)
    y = records(rng, arm, 1)
    v = covariance(SHAPE, 17.0, 20.0, 0.0, 10.0)
    slope = v[0, -1] / v[0, 0]
    difference = y[0, arm == 0].mean(axis=0) - y[0, arm == 1].mean(axis=0)
    posterior = effect_posterior(statistics(y, np.full(12, 4), arm), SHAPE, FIXED)
    assert posterior.weight.shape == (1, 1)
    assert posterior.mean[0, 0] == pytest.approx(difference[-1] - slope * difference[0], abs=1e-9)
    assert posterior.variance[0, 0, 0] == pytest.approx((v[-1, -1] - slope * v[0, -1]) * (2 / 6), rel=1e-9)


def test_two_visits_of_one_arm_with_known_sds_are_a_mean_change() -> None:
    y = np.array([[[60.0, 41.0], [71.0, 60.0], [55.0, 49.0]]])
    posterior = effect_posterior(statistics(y, np.full(3, 2), arms(3, 0)), np.array([0.0, 1.0]), FIXED)
    assert posterior.weight.shape == (1, 1)
    assert posterior.mean[0, 0] == pytest.approx((y[0, :, 1] - y[0, :, 0]).mean())
    assert posterior.variance[0, 0, 0] == pytest.approx((20.0**2 + 2 * 10.0**2) / 3)


@pytest.mark.parametrize(("treated", "control"), [(4, 3), (5, 0)])
def test_small_trials_agree_with_brute_force_over_the_sds(treated: int, control: int) -> None:
    rng = np.random.default_rng(treated)
    arm = arms(treated, control)
    y, seen = records(rng, arm, 1), leaving(rng, 1, arm.size)
    seen[0, 0] = seen[0, -1] = WEEKS.size
    at = np.array([-30.0, -12.0, 0.0])
    wanted = brute_force(unseen(y[0], seen[0]), arm, at)
    data = statistics(y, seen, arm)
    fine = effect_posterior(data, SHAPE, FLAT, spacing=1.0, radius=6.0).probability(at)[0]
    assert np.abs(fine - wanted).max() < 1.5e-3
    assert np.abs(effect_posterior(data, SHAPE, FLAT).probability(at)[0] - wanted).max() < 5e-3


def test_missed_visits_agree_with_brute_force_over_the_sds() -> None:
    rng = np.random.default_rng(11)
    arm = arms(4, 3)
    y = records(rng, arm, 1)[0]
    y[[0, 1, 4, 5], [1, 3, 2, 0]] = np.nan
    y[2, 1:] = np.nan
    at = np.array([-25.0, -10.0, 5.0])
    found = pattern_posterior(y, arm, SHAPE, FLAT, spacing=1.0, radius=6.0).probability(at)[0]
    assert np.abs(found - brute_force(y, arm, at)).max() < 1.5e-3


@pytest.mark.parametrize(("treated", "control"), [(12, 8), (10, 0)])
def test_visit_by_visit_and_pattern_by_pattern_are_one_posterior(treated: int, control: int) -> None:
    rng = np.random.default_rng(5)
    arm = arms(treated, control)
    y, seen = records(rng, arm, 6), leaving(rng, 6, arm.size)
    data = statistics(y, seen, arm)
    one = effect_posterior(data, SHAPE, FLAT, spacing=1.1, radius=5.5)
    for trial in range(6):
        other = pattern_posterior(unseen(y[trial], seen[trial]), arm, SHAPE, FLAT, spacing=1.1, radius=5.5)
        difference = one.probability([-20.0, -10.0, 0.0])[trial] - other.probability([-20.0, -10.0, 0.0])[0]
        assert np.abs(difference).max() < 1e-3


@pytest.mark.parametrize(("per_arm", "most", "typical"), [(20, 2e-3, 2e-4), (6, 5e-3, 5e-4)])
def test_the_lattice_is_fine_enough(per_arm: int, most: float, typical: float) -> None:
    rng = np.random.default_rng(6)
    arm = arms(per_arm, per_arm)
    data = statistics(records(rng, arm, 400), leaving(rng, 400, arm.size), arm)
    coarse = effect_posterior(data, SHAPE, FLAT).probability(-5.0)
    fine = effect_posterior(data, SHAPE, FLAT, spacing=1.0, radius=6.0).probability(-5.0)
    error = np.abs(coarse - fine)
    assert error.max() < most
    assert error.mean() < typical


def test_a_correlation_of_level_and_response_is_not_ignored() -> None:
    rng = np.random.default_rng(7)
    arm = arms(20, 20)
    data = statistics(records(rng, arm, 200), leaving(rng, 200, arm.size), arm)
    none = LongitudinalAnalysis(None, {**SCALES, "correlation": (0.0, 0.0)})
    with_it, without = (effect_posterior(data, SHAPE, each).probability(-5.0) for each in (FLAT, none))
    assert np.abs(with_it - without).mean() > 5e-3


def test_the_effect_is_the_same_from_another_origin_and_mirrored_when_arms_are_swapped() -> None:
    rng = np.random.default_rng(8)
    arm = arms(6, 6)
    y, seen = records(rng, arm, 3), leaving(rng, 3, 12)
    found = effect_posterior(statistics(y, seen, arm), SHAPE, FLAT).probability(-8.0)
    moved = effect_posterior(statistics(y + 1000.0, seen, arm), SHAPE, FLAT).probability(-8.0)
    swapped = effect_posterior(statistics(y, seen, 1 - arm), SHAPE, FLAT).probability(8.0)
    assert np.allclose(found, moved, atol=1e-6)
    assert np.allclose(found, 1.0 - swapped, atol=1e-9)


def test_a_prior_of_the_effect_multiplies_the_posterior_density() -> None:
    rng = np.random.default_rng(9)
    arm = arms(5, 5)
    posterior = effect_posterior(statistics(records(rng, arm, 2), leaving(rng, 2, 10), arm), SHAPE, FLAT)
    grid = np.linspace(-150.0, 150.0, 6001)
    for trial in range(2):
        sd = np.sqrt(posterior.variance[trial, 0])
        density = (
            np.exp(-0.5 * ((grid[:, None] - posterior.mean[trial]) / sd) ** 2) / sd @ posterior.weight[trial]
        )
        density *= np.exp(-0.5 * ((grid + 3.0) / 8.0) ** 2)
        wanted = density[grid > -6.0].sum() / density.sum()
        assert posterior.probability(-6.0, (-3.0, 8.0))[trial] == pytest.approx(wanted, abs=2e-3)


def test_an_arm_that_nobody_is_left_in_tells_nothing_of_the_effect() -> None:
    rng = np.random.default_rng(10)
    arm = arms(5, 5)
    seen = np.where(arm == 0, 3, 4)
    y = records(rng, arm, 1)
    posterior = effect_posterior(statistics(y, seen, arm), SHAPE, FLAT)
    assert posterior.probability(-5.0)[0] == pytest.approx(0.5)
    prior = special.ndtr((0.0 + 5.0) / 15.0)
    assert posterior.probability(-5.0, (0.0, 15.0))[0] == pytest.approx(prior)
    other = pattern_posterior(unseen(y, seen)[0], arm, SHAPE, FLAT)
    assert other.probability(-5.0, (0.0, 15.0))[0] == pytest.approx(prior)


def test_a_patient_without_any_record_changes_nothing() -> None:
    rng = np.random.default_rng(12)
    arm = arms(5, 5)
    y, seen = records(rng, arm, 1), np.full(10, 4)
    seen[4] = 0
    found = effect_posterior(statistics(y, seen, arm), SHAPE, FLAT).probability(-5.0)
    kept = np.arange(10) != 4
    wanted = effect_posterior(statistics(y[:, kept], seen[kept], arm[kept]), SHAPE, FLAT).probability(-5.0)
    assert np.allclose(found, wanted)


def test_patients_who_all_respond_alike_need_no_correlation() -> None:
    scales = {**SCALES, "response_sd": (0.0, 0.0)}
    rng = np.random.default_rng(13)
    arm = arms(8, 8)
    posterior = effect_posterior(
        statistics(records(rng, arm, 1), np.full(16, 4), arm), SHAPE, LongitudinalAnalysis(None, scales)
    )
    assert posterior.weight.shape[1] < 30  # two axes of the lattice, not four
    assert 0.0 < posterior.probability(0.0)[0] < 1.0


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_the_lattice_integrates_a_normal_density_and_its_square(axes: int) -> None:
    z = lattice(axes, 1.2, 7.0)
    weight = np.exp(-0.5 * (z**2).sum(axis=0))
    weight /= weight.sum()
    assert weight @ z[0] ** 2 == pytest.approx(1.0, abs=2e-4)
    assert weight @ z[-1] == pytest.approx(0.0, abs=1e-12)


def test_wrong_input_gets_a_sentence() -> None:
    data = statistics(np.zeros((1, 4, 4)), np.full(4, 4), arms(4, 0))
    with pytest.raises(RaBayesError, match="scale it to 0 at baseline"):
        effect_posterior(data, SHAPE * 2.0, FLAT)
    with pytest.raises(RaBayesError, match="one value a visit"):
        effect_posterior(data, np.array([0.0, 1.0]), FLAT)
    with pytest.raises(RaBayesError, match="no prior of residual_sd"):
        effect_posterior(data, SHAPE, LongitudinalAnalysis(None, {"level_sd": (1, 1), "response_sd": (1, 1)}))
    with pytest.raises(RaBayesError, match="write a median above 0"):
        effect_posterior(data, SHAPE, LongitudinalAnalysis(None, {**SCALES, "level_sd": (-1.0, 0.1)}))
    with pytest.raises(RaBayesError, match="is no number"):
        statistics(np.full((1, 2, 2), np.nan), np.full(2, 2), arms(2, 0))
    with pytest.raises(RaBayesError, match="needs a baseline"):
        effect_posterior(data, np.array([0.0]), FLAT)
