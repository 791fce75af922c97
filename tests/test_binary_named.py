"""Lee and Liu's design and BOP2: searches against every candidate of their grids, and published numbers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, BetaMixture, beta
from ra_bayes.planning.binary.bop2 import (
    GAMMAS,
    LAMBDAS,
    bop2_boundaries,
    bop2_design,
    bop2_smallest,
    regular_looks,
)
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.predictive import (
    predictive_design,
    predictive_probability,
)
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.binary.rules import rate_boundaries
from ra_bayes.planning.binary.simon import simon

# More published numbers stand in test_binary_published.py.


def lee_and_liu(
    looks: Sequence[int], p0: float, theta_l: float, theta_t: float, prior: BetaMixture
) -> Boundaries:
    """Boundaries with given thresholds: futility when PP < theta_l, success at the end from theta_t on."""
    final = [(p0, (*(None,) * (len(looks) - 1), theta_t))]
    return rate_boundaries(looks, prior, success=final, futility=final, predictive_futility=theta_l)


def test_predictive_probability_is_lee_and_lius() -> None:
    # Lee JJ, Liu DD (2008). A predictive probability design for phase II cancer clinical trials. Clin
    # Trials 5:93, table 1: 16 of 23, 40 in all, Beta(.6, .4), p0 .6, theta_T .9.
    success, now = predictive_probability(16, 23, 40, p0=0.6, theta=0.9, prior=beta(0.6, 0.4))
    assert success == pytest.approx(0.5655589, abs=5e-8)
    assert now == pytest.approx(0.8359808, abs=5e-8)


def test_lee_and_lius_design_has_their_error_rates() -> None:
    # Section 3 of that paper, from memory: p0 .2, p1 .4, theta_L .001, theta_T between .852 and .922, 36
    # patients, watched from the 10th on: type I error .088, power .906, early stopping at p0 .86, 27.67
    # patients expected
    first_stops = {10: 0, 17: 1, 21: 2, 24: 3, 27: 4, 29: 5, 31: 6, 33: 7, 34: 8, 35: 9, 36: 10}
    looks = tuple(range(10, 37))
    for theta_t in (0.852, 0.922):
        design = lee_and_liu(looks, 0.2, 0.001, theta_t, beta(0.2, 0.8))
        for n, r in first_stops.items():
            assert design.decision(r, n) == "futility"
            assert design.decision(r + 1, n) != "futility"
        found = binary_stopping(design, [0.2, 0.4])
        assert found.p_success.round(3).tolist() == [0.088, 0.906]
        assert found.p_early[0].round(2) == 0.86
        assert found.expected_n[0].round(2) == 27.67


def test_search_finds_lee_and_lius_size_with_fewer_patients_expected() -> None:
    found = predictive_design(0.2, 0.4, alpha=0.1, power=0.9)
    assert found.boundaries.n == 36
    assert (round(found.theta_t[0], 3), round(found.theta_t[1], 3)) == (0.851, 0.923)
    assert found.at_p0.success <= 0.1
    assert found.at_p1.success >= 0.9
    assert found.at_p0.expected_n < 27.67
    # Its thresholds, both ends of their ranges, lead to its boundaries.
    low, high = found.theta_l
    theta_t = sum(found.theta_t) / 2.0
    for theta_l in (low + 0.01 * (high - low), high):
        again = lee_and_liu(found.boundaries.looks, 0.2, theta_l, theta_t, beta(0.2, 0.8))
        assert again == found.boundaries


def test_no_better_predictive_design_of_this_size_and_none_smaller() -> None:
    found = predictive_design(0.1, 0.5, alpha=0.1, power=0.8, prior=UNIFORM, first=4)
    size = found.boundaries.n
    best = np.inf
    for n in range(4, size + 1):
        looks = tuple(range(4, n + 1))
        # Between two counts' posterior probabilities the threshold theta_T makes no difference.
        for theta_t in [UNIFORM.update(x, n).p_above(0.1) for x in range(n + 1)]:
            if theta_t < 0.75:
                continue
            for theta_l in (1e-9, *np.geomspace(1e-3, 0.49, 20)):
                design = lee_and_liu(looks, 0.1, theta_l, theta_t, UNIFORM)
                at = binary_stopping(design, [0.1, 0.5])
                if at.p_success[0] <= 0.1 and at.p_success[1] >= 0.8:
                    assert n == size
                    best = min(best, at.expected_n[0])
    assert found.at_p0.expected_n <= best + 1e-9
    # The grid above is fine enough to come near.
    assert found.at_p0.expected_n == pytest.approx(best, rel=0.05)


def test_predictive_probability_is_the_chance_of_what_is_left() -> None:
    # 28 of 40 is the first count with Pr(p > .6 | data) >= .9.
    counts = [beta(0.6, 0.4).update(x, 40).p_above(0.6) for x in range(41)]
    need = int(np.argmax(np.array(counts) >= 0.9))
    final = Boundaries((40,), (None,), (need,))
    for x in range(0, 24, 3):
        success, _ = predictive_probability(x, 23, 40, p0=0.6, theta=0.9, prior=beta(0.6, 0.4))
        left = binary_stopping(final.remaining(x, 23), beta(0.6, 0.4).update(x, 23)).p_success[0]
        assert success == pytest.approx(left, abs=1e-12)


def test_predictive_probability_at_the_end_is_yes_or_no() -> None:
    assert predictive_probability(28, 40, 40, 0.6, 0.9, beta(0.6, 0.4))[0] == pytest.approx(1.0)
    assert predictive_probability(27, 40, 40, 0.6, 0.9, beta(0.6, 0.4))[0] == 0.0


def test_bop2_boundaries_are_the_definition() -> None:
    looks = (6, 13, 20, 31)
    design = bop2_boundaries(looks, 0.25, 0.8, 0.7, efficacy=True)
    normal = NormalDist()
    for n in looks:
        cut_off = 0.8 * (n / 31) ** 0.7
        efficacy = 2.0 * normal.cdf(normal.inv_cdf(0.9) / (n / 31) ** 0.5) - 1.0
        for x in range(n + 1):
            posterior = stats.beta.sf(0.25, 0.25 + x, 0.75 + n - x)
            expected = (
                "success" if posterior >= efficacy else "futility" if posterior < cut_off else "continue"
            )
            assert design.decision(x, n) == expected


@pytest.mark.parametrize("efficacy", [False, True])
@pytest.mark.parametrize("power", [None, 0.55])
def test_bop2_search_finds_the_best_of_its_grid(efficacy: bool, power: float | None) -> None:
    looks = (8, 16, 24)
    found = bop2_design(looks, 0.2, 0.4, 0.1, efficacy=efficacy, power=power)
    best = None
    for lambda_ in LAMBDAS:
        for gamma in GAMMAS:
            at = binary_stopping(bop2_boundaries(looks, 0.2, lambda_, gamma, efficacy=efficacy), [0.2, 0.4])
            if at.p_success[0] > 0.1 or (power is not None and at.p_success[1] < power):
                continue
            rank = -at.p_success[1] if power is None else at.expected_n[0]
            best = rank if best is None else min(best, rank)
    assert best == pytest.approx(-found.at_p1.success if power is None else found.at_p0.expected_n)
    again = bop2_boundaries(looks, 0.2, found.lambda_, found.gamma, efficacy=efficacy)
    assert again == found.boundaries


def test_bop2_smallest_searches_every_size() -> None:
    sizes = range(10, 33)
    each = {}
    for n in sizes:
        try:
            each[n] = bop2_design(regular_looks(n), 0.15, 0.4, 0.1, power=0.8)
        except RaBayesError:
            continue
    expected = bop2_smallest(0.15, 0.4, 0.1, 0.8, sizes=sizes)
    assert expected.at_p0.expected_n == min(design.at_p0.expected_n for design in each.values())
    maximum = bop2_smallest(0.15, 0.4, 0.1, 0.8, sizes=sizes, minimise="maximum")
    assert maximum.boundaries.n == min(each)


def test_bop2_needs_no_fewer_patients_than_two_stages_do() -> None:
    # Looks of BOP2 are regular, Simon's look is where it is best: minimax designs of about the same size.
    smallest = bop2_smallest(0.2, 0.4, 0.1, 0.8, minimise="maximum").boundaries.n
    assert abs(smallest - simon(0.2, 0.4, 0.1, 0.8).minimax.n) <= 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predictive_probability(24, 23, 40, 0.6, 0.9, UNIFORM), "24 responders among 23 patients"),
        (lambda: predictive_probability(4, 41, 40, 0.6, 0.9, UNIFORM), "41 patients are more than the 40"),
        (lambda: predictive_probability(4, 9, 40, 1.6, 0.9, UNIFORM), "a response rate of 1.6 cannot be"),
        (lambda: predictive_probability(4, 9, 40, 0.6, 0.0, UNIFORM), "theta = 0 cannot be"),
        (lambda: predictive_design(0.4, 0.2, 0.1, 0.9), "p0 = 0.4 and p1 = 0.2 do not fit"),
        (lambda: predictive_design(0.2, 0.4, 0.1, 0.9, n_max=35), "no predictive probability design of at"),
        (lambda: predictive_design(0.2, 0.4, 0.1, 0.9, first=0), "a first look after 0"),
        (lambda: bop2_boundaries((10, 20), 0.2, 1.0, 0.5), "make no cut-off"),
        (lambda: bop2_design((10, 20), 0.2, 0.4, 0.1, power=0.99), "no lambda and gamma of the grid"),
        (lambda: bop2_smallest(0.2, 0.4, 0.1, 0.8, sizes=range(20, 10)), "the range of sizes is empty"),
        (lambda: bop2_smallest(0.2, 0.4, 0.1, 0.8, sizes=range(10, 15)), "no BOP2 design of 10 to 14"),
        (lambda: regular_looks(20, 0), "looks from 0 every 5 patients cannot be"),
    ],
)
def test_bad_input_gets_one_sentence(call, message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        call()
