"""Boundaries: what is refused, what they say, and that rules on a rate become the right ones."""

from __future__ import annotations

import numpy as np
import pytest

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import JEFFREYS, UNIFORM, BetaMixture, beta, mix
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.posterior import posterior_above, predictive_matrix, predictive_of
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.binary.rules import rate_boundaries

ROBUST = mix((0.8, beta(12.0, 28.0)), (0.2, UNIFORM))
LOOKS = (7, 12, 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((), (), ()), "no look"),
        (((10, 10), (1, 2), (None, 5)), "looks 10 and 10 do not rise"),
        (((20, 10), (1, 2), (None, 5)), "do not rise"),
        (((0, 10), (1, 2), (None, 5)), "are not numbers of patients"),
        (((10, 20), (1,), (None, 5)), "2 looks but 1 futility boundaries"),
        (((10, 20), (1, 6), (None, 21)), "a boundary of 21 events among 20 patients cannot be"),
        (((10, 20), (-1, 6), (None, 11)), "a boundary of -1 events among 10 patients cannot be"),
        (((10, 20), (1, 6), (None, 6)), "after 20 patients the boundaries overlap"),
        (((10, 20), (1, 6), (None, 8), "over"), "benefit 'over' is not a direction"),
        (((10, 20), (5, 5), (5, 4), "below"), "after 10 patients the boundaries overlap"),
    ],
)
def test_bad_boundaries_get_one_sentence(arguments: tuple, message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        Boundaries(*arguments)


def test_decisions_are_those_of_the_words() -> None:
    design = Boundaries((10, 20), futility=(1, 5), success=(7, 6))
    decisions = [design.decision(x, 10) for x in (0, 1, 2, 6, 7, 10)]
    assert decisions == ["futility", "futility", "continue", "continue", "success", "success"]
    assert design.rows()[0] == {"patients": 10, "futility": 1, "success": 7}
    with pytest.raises(RaBayesError, match="no look after 11 patients; looks are after 10 and 20"):
        design.decision(3, 11)
    with pytest.raises(RaBayesError, match="11 of 10 patients cannot be"):
        design.decision(11, 10)


def test_harm_turns_every_boundary_round() -> None:
    design = Boundaries((10, 20), futility=(5, 8), success=(0, 4), benefit="below")
    assert [design.decision(x, 10) for x in (0, 1, 4, 5)] == ["success", "continue", "continue", "futility"]
    assert "futility with at least 5 events after 10 patients" in design.words()
    assert "success is declared with at most 4 events" in design.words()
    # Events counted as their absence: the same trial, seen from the other side.
    mirrored = Boundaries((10, 20), futility=(5, 12), success=(10, 16))
    found, other = binary_stopping(design, 0.3), binary_stopping(mirrored, 0.7)
    np.testing.assert_allclose(found.success, other.success, atol=1e-13)
    np.testing.assert_allclose(found.futility, other.futility, atol=1e-13)


def test_words_of_a_trial_watched_after_every_patient_are_short() -> None:
    looks = tuple(range(10, 41))
    words = Boundaries(looks, tuple((n - 5) // 5 for n in looks), (*(None,) * 30, 13)).words()
    assert "after every patient from 10 to 40" in words
    assert "at most 1 responder after 10 to 14 patients, 2 after 15 to 19" in words
    assert len(words) < 350


@pytest.mark.parametrize("prior", [UNIFORM, JEFFREYS, beta(0.2, 0.8), ROBUST], ids=str)
def test_posterior_of_every_count_is_the_mixtures_own(prior: BetaMixture) -> None:
    found = posterior_above(prior, 0.3, 15)
    np.testing.assert_allclose(found, [prior.update(x, 15).p_above(0.3) for x in range(16)], rtol=1e-10)


@pytest.mark.parametrize("prior", [UNIFORM, beta(0.2, 0.8), ROBUST], ids=str)
def test_predictive_probability_is_that_of_the_updated_mixture(prior: BetaMixture) -> None:
    final = np.random.default_rng(3).random(19)
    found = predictive_of(prior, 8, 18, final)
    expected = [prior.update(x, 8).predictive(10) @ final[x : x + 11] for x in range(9)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(predictive_matrix(prior, 8, 18).sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize("prior", [UNIFORM, beta(0.2, 0.8), ROBUST], ids=str)
@pytest.mark.parametrize("benefit", ["above", "below"])
def test_rules_become_the_counts_that_meet_them(prior: BetaMixture, benefit) -> None:
    design = rate_boundaries(
        LOOKS,
        prior,
        success=[(0.2, 0.9 if benefit == "above" else 0.05), (0.5, (None, 0.1, 0.3))],
        futility=[(0.3, (0.1, 0.2, None))],
        benefit=benefit,
    )

    def beyond(threshold: float, x: int, n: int) -> float:
        above = prior.update(x, n).p_above(threshold)
        return above if benefit == "above" else 1.0 - above

    for k, n in enumerate(LOOKS):
        for x in range(n + 1):
            wins = beyond(0.2, x, n) >= (0.9 if benefit == "above" else 0.05)
            wins &= k == 0 or beyond(0.5, x, n) >= (0.1, 0.3)[k - 1]
            loses = k < 2 and beyond(0.3, x, n) < (0.1, 0.2)[k]
            assert (design.decision(x, n) == "success") == wins
            assert (design.decision(x, n) == "futility") == loses


def test_predictive_rules_ask_for_success_at_full_size() -> None:
    design = rate_boundaries(
        LOOKS,
        ROBUST,
        success=[(0.25, (None, None, 0.85))],
        predictive_success=0.95,
        predictive_futility=(0.1, 0.2, None),
    )
    final = np.array([ROBUST.update(x, 20).p_above(0.25) >= 0.85 for x in range(21)])
    assert design.success[-1] == int(final.argmax())
    for k, n in enumerate(LOOKS[:-1]):
        for x in range(n + 1):
            predicted = ROBUST.update(x, n).predictive(20 - n) @ final[x : x + 21 - n]
            assert (design.decision(x, n) == "success") == (predicted >= 0.95)
            assert (design.decision(x, n) == "futility") == (predicted < (0.1, 0.2)[k])


def test_a_probability_met_exactly_is_met() -> None:
    # Symmetric: 5 of 10 under a uniform prior is exactly even odds of a rate above 1/2.
    assert rate_boundaries((10,), UNIFORM, success=[(0.5, 0.5)]).success == (5,)
    assert rate_boundaries((10,), UNIFORM, futility=[(0.5, 0.5)]).futility == (4,)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"success": [(0.0, 0.9)]}, "a threshold of 0 for a rate cannot be"),
        ({"success": [(0.3, 1.2)]}, "success: a probability of 1.2 cannot be"),
        ({"futility": [(0.3, (0.1, 0.2))]}, "futility: 2 probabilities for 3 looks"),
        ({"predictive_futility": 0.1}, "needs a success criterion at the last look"),
        ({"success": [(0.1, 0.5)], "futility": [(0.6, 0.5)]}, "the boundaries overlap"),
    ],
)
def test_rules_that_cannot_be_get_one_sentence(rules: dict, message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        rate_boundaries(LOOKS, UNIFORM, **rules)
