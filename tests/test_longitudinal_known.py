"""A longitudinal design with known SDs: closed forms, published constants, other integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.longitudinal.conduct import expected_n, followed, in_order, remaining
from ra_bayes.planning.longitudinal.known import boundary, crossing_probabilities, end_probabilities, limits
from ra_bayes.planning.rule import Criterion

ABOVE = Criterion("effect", "above", 2.0, 0.9)
BELOW = Criterion("effect", "below", 2.0, 0.9)


def test_pococks_published_constant_keeps_the_two_sided_error_at_five_looks() -> None:
    """Jennison and Turnbull 2000, table 2.1: 2.413 at five looks and alpha 0.05."""
    v = 1.0 / np.arange(1.0, 6.0)[None]
    z = 2.413 * np.sqrt(v)
    success, futility = crossing_probabilities(np.zeros(1), v, -z, z)
    assert success.sum() + futility.sum() == pytest.approx(0.05, abs=1e-4)


def test_obrien_and_flemings_published_constant_keeps_the_two_sided_error_at_five_looks() -> None:
    """Jennison and Turnbull 2000, table 2.3: 2.040 at five looks and alpha 0.05."""
    k = np.arange(1.0, 6.0)[None]
    z = 2.040 * np.sqrt(5.0 / k) / np.sqrt(k)
    success, futility = crossing_probabilities(np.zeros(1), 1.0 / k, -z, z)
    assert success.sum() + futility.sum() == pytest.approx(0.05, abs=1e-4)


def test_the_recursion_is_the_multivariate_normal_probability() -> None:
    v, effect = np.array([2.0, 1.1, 0.6]), 0.7
    lower, upper = np.array([-1.0, -0.3, 0.8]), np.array([2.2, 1.6, 0.8])
    joint = np.minimum(1.0 / v[:, None], 1.0 / v) * np.outer(v, v)
    normal = stats.multivariate_normal(np.full(3, effect), joint, seed=1)
    success, futility = crossing_probabilities(np.full(1, effect), v[None], lower[None], upper[None])
    going = normal.cdf([upper[0], upper[1], 9.0], lower_limit=[lower[0], lower[1], upper[2]])
    assert success[0, 2] == pytest.approx(going, abs=2e-5)
    two = stats.multivariate_normal(np.full(2, effect), joint[:2, :2], seed=1)
    low = two.cdf([upper[0], lower[1]], lower_limit=[lower[0], -20.0])
    assert futility[0, 1] == pytest.approx(low, abs=2e-5)
    assert success.sum() + futility.sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("criterion", [ABOVE, BELOW])
@pytest.mark.parametrize("effect", [None, (1.0, 3.0)])
def test_at_the_boundary_the_posterior_probability_is_the_cut_off(
    criterion: Criterion, effect: tuple[float, float] | None
) -> None:
    v = 1.7
    at = float(boundary(criterion, np.array(v), effect))
    precision = 0.0 if effect is None else effect[1] ** -2
    u = 1.0 / (1.0 / v + precision)
    mean = u * (at / v + (0.0 if effect is None else effect[0] * precision))
    above = 1.0 - stats.norm.cdf(2.0, mean, np.sqrt(u))
    assert above == pytest.approx(0.9 if criterion.direction == "above" else 0.1)


def test_at_the_boundary_the_predictive_probability_is_the_cut_off() -> None:
    """Simulated: the final estimate given the one now, and the share of successes."""
    rng = np.random.default_rng(1)
    v, last = 2.0, 0.8
    predictive = Criterion("effect", "below", 0.0, 0.3, "interim", "predictive")
    at = float(boundary(predictive, np.array(v), None, (np.array(last), (BELOW,))))
    truth = rng.normal(at, np.sqrt(v), 400_000)
    gained = 1.0 / last - 1.0 / v
    final = last * (at / v + gained * rng.normal(truth, np.sqrt(1.0 / gained)))
    success = special.ndtr((2.0 - final) / np.sqrt(last)) >= 0.9
    assert success.mean() == pytest.approx(0.3, abs=0.004)


def test_two_sided_criteria_at_one_look_are_an_interval() -> None:
    v = np.array([1.0])
    at = limits([(1.0, np.array([-0.5])), (-1.0, np.array([0.5]))], [(1.0, np.array([-1.0]))], v)
    success, futility = end_probabilities(at, 0.2, v)
    assert success[0] == pytest.approx(stats.norm.cdf(0.3) - stats.norm.cdf(-0.7))
    assert futility[0] == pytest.approx(stats.norm.cdf(-1.2))


def test_success_goes_before_futility() -> None:
    v = np.array([1.0])
    at = limits([(1.0, np.array([0.0]))], [(1.0, np.array([1.0]))], v)
    success, futility = end_probabilities(at, 0.0, v)
    assert success[0] == pytest.approx(0.5)
    assert futility[0] == pytest.approx(0.5)
    assert crossing_probabilities(np.zeros(1), v[None], np.ones((1, 1)), np.zeros((1, 1)))[1][
        0, 0
    ] == pytest.approx(0.5)


def test_criteria_to_both_sides_have_no_predictive_probability() -> None:
    predictive = Criterion("effect", "below", 0.0, 0.3, "interim", "predictive")
    with pytest.raises(RaBayesError, match="needs one side"):
        boundary(predictive, np.ones(1), None, (np.ones(1), (ABOVE, BELOW)))
    with pytest.raises(RaBayesError, match="interim looks only"):
        boundary(predictive, np.ones(1), None)


def test_who_is_followed_how_far_at_a_look() -> None:
    weeks = np.array([0.0, 4.0, 8.0])
    assert followed(4, (2, 4), weeks, None).tolist() == [[3, 3, 0, 0], [3, 3, 3, 3]]
    # Entries at weeks 0, 4, 8 and 12; the second is followed to the end at week 12.
    assert followed(4, (2, 4), weeks, 0.25).tolist() == [[3, 3, 2, 1], [3, 3, 3, 3]]
    for looks in ((), (2, 2, 4), (3,), (4, 2)):
        with pytest.raises(RaBayesError, match="cannot be"):
            followed(4, looks, weeks, None)
    with pytest.raises(RaBayesError, match="accrual"):
        followed(4, (4,), weeks, 0.0)


def test_arms_are_spread_over_the_order_of_entry() -> None:
    arm = in_order((20, 10))
    assert [(arm[:n] == 0).sum() for n in (3, 15, 30)] == [2, 10, 20]
    for wrong in ((0, 3), (), (1, 2, 3)):
        with pytest.raises(RaBayesError, match="cannot be"):
            in_order(wrong) if wrong else in_order((-1,))


def test_expected_patients_at_the_end_count_who_has_left_and_who_may() -> None:
    stay = remaining(np.array([0.0, 12.0, 24.0]), 0.36)
    assert stay.tolist() == pytest.approx([1.0, 0.8, 0.64])
    n = expected_n(np.array([0, 0, 0, 1]), np.array([3, 1, 1, 0]), np.array([3, 2, 1, 0]), stay)
    # One finished, one left after baseline, one still in at baseline; one to enter the other arm.
    assert n.tolist() == [pytest.approx([3.0, 1.8, 1.64]), pytest.approx([1.0, 0.8, 0.64])]
    with pytest.raises(RaBayesError, match="dropout of 1 "):
        remaining(np.array([0.0, 24.0]), 1.0)
