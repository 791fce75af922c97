"""Every published number of a binary design that planning must reproduce, to the digits printed."""

from __future__ import annotations

import pytest

from ra_bayes.mixtures import UNIFORM, beta
from ra_bayes.planning.binary.bop2 import bop2_boundaries, bop2_smallest
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.difference_table import difference_table
from ra_bayes.planning.binary.posterior import predictive_of
from ra_bayes.planning.binary.predictive import predictive_probability
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.binary.rules import rate_boundaries
from ra_bayes.planning.binary.simon import SimonDesign, simon


def counts(design: SimonDesign) -> tuple[int, int, int, int]:
    return design.r1, design.n1, design.r, design.n


def test_simon_1989() -> None:
    found = simon(p0=0.10, p1=0.30, alpha=0.05, power=0.80)
    assert counts(found.optimal) == (1, 10, 5, 29)
    assert round(found.optimal.en0, 1) == 15.0
    assert round(found.optimal.pet0, 3) == 0.736
    assert counts(found.minimax) == (1, 15, 5, 25)
    assert round(found.minimax.en0, 1) == 19.5
    assert round(found.minimax.pet0, 3) == 0.549


def test_clinfun_vignette() -> None:
    found = simon(p0=0.05, p1=0.20, alpha=0.1, power=0.9)
    assert counts(found.minimax) == (0, 18, 3, 32)
    assert (round(found.minimax.en0, 2), round(found.minimax.pet0, 4)) == (26.44, 0.3972)
    assert counts(found.optimal) == (0, 12, 3, 37)
    assert (round(found.optimal.en0, 2), round(found.optimal.pet0, 4)) == (23.49, 0.5404)


def test_ph2_examples() -> None:
    found = simon(p0=0.15, p1=0.40, alpha=0.1, power=0.9).optimal
    assert counts(found) == (1, 10, 5, 22)
    assert (round(found.en0, 2), round(found.pet0, 3)) == (15.47, 0.544)
    assert (round(found.alpha, 4), round(found.power, 4)) == (0.0907, 0.9031)


def test_lee_and_liu_2008() -> None:
    found = predictive_probability(16, 23, 40, p0=0.6, theta=0.9, prior=beta(0.6, 0.4))
    assert [round(each, 7) for each in found] == [0.5655589, 0.8359808]


def test_nct03377023_arm_a() -> None:
    # Beta(1, 1), 40 patients, a look at 20: stop with at most 6, success with at least 17.
    found = binary_stopping(Boundaries((20, 40), (6, None), (None, 17)), [0.30, 0.50])
    assert [f"{each:.2f}" for each in found.p_success] == ["0.06", "0.85"]
    assert f"{found.p_success[0]:.4f} {found.p_early[0]:.3f} {found.p_success[1]:.3f}" == "0.0589 0.608 0.846"


def test_bop2_search_of_mdanderson_stats() -> None:
    # Its documentation of bop2 sample sizes: sizes 10 to 50, looks from 10 every 5 patients and at the end.
    found = bop2_smallest(0.2, 0.4, alpha=0.1, power=0.8, sizes=range(10, 51))
    assert found.boundaries.n == 25
    assert (round(found.at_p0.success, 5), round(found.at_p1.success, 5)) == (0.09659, 0.80944)
    assert round(found.at_p0.expected_n, 2) == 16.19


def test_bop2fe_readme() -> None:
    looks = tuple(range(10, 41, 5))
    design = bop2_boundaries(looks, 0.2, lambda_=0.909, gamma=1.0, efficacy=True, prior=beta(0.2, 0.8))
    assert design.futility == (1, 2, 3, 5, 7, 9, 11)
    assert design.success == (7, 8, 9, 10, 11, 11, 12)
    found = binary_stopping(design, [0.2, 0.4])
    assert found.p_success.round(4).tolist() == [0.0826, 0.8814]
    # Its own 10,000 simulated trials gave 20.5 and 23.6 patients.
    assert found.expected_n == pytest.approx([20.5, 23.6], abs=0.1)


def test_assurance_of_astrazeneca() -> None:
    # 18 of 48 responded under Beta(1, 1); a later trial of 77 is a success with 29% or more, 23 patients.
    posterior = UNIFORM.update(18, 48)
    found = binary_stopping(Boundaries((77,), (None,), (23,)), posterior)
    assert round(float(found.p_success[0]), 8) == 0.84057583


def test_ph2bayes_futility_bounds() -> None:
    # ph2bayes 0.0.2, stopbound_pred(0.05, "futility", 40, 0.6, 1.4, 0.3, 0.85): the first n with each bound.
    looks = tuple(range(1, 41))
    wanted = [(0.3, (None,) * 39 + (0.85,))]
    design = rate_boundaries(looks, beta(0.6, 1.4), success=wanted, predictive_futility=0.05)
    first = {}
    for n, bound in zip(looks, design.futility, strict=True):
        if bound is not None:
            first.setdefault(bound, n)
    assert [first[bound] for bound in range(10)] == [4, 8, 11, 14, 17, 20, 22, 25, 27, 29]


def test_phase1b_predictive_probability_against_an_uncertain_control() -> None:
    # phase1b's tests of h_predprobdist_single_arm: 16 of 23, 40 in all, Beta(.6, .4); success when
    # Pr(rate > control + .1) >= .9 with Beta(7, 11) for the control.
    success = difference_table(beta(0.6, 0.4), 40, beta(7.0, 11.0), 0, 0.1)[:, 0] >= 0.9
    assert round(float(predictive_of(beta(0.6, 0.4), 23, 40, success)[16]), 7) == 0.7081907
