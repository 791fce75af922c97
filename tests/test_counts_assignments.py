"""Counts of patients who have patterns: against listing every assignment, and against known distributions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ra_bayes.counts.assignments import draw_patterns, probability, tally

# Which counts a patient of each pattern is in: none, the first, both; and an event within another.
NESTED = [(0, 0), (1, 0), (1, 1)]
CROSSED = [(0, 0), (1, 0), (0, 1), (1, 1)]
THREE = [(0, 0, 0), (1, 0, 1), (0, 1, 0), (1, 1, 1), (0, 0, 1)]


def listed(
    counts: tuple[int, ...], patterns: list[tuple[int, ...]], chances: np.ndarray
) -> dict[tuple[int, ...], float]:
    """Probability of every assignment of patterns to patients with the counts; chances (patient, pattern)."""
    found = {}
    for chosen in itertools.product(range(len(patterns)), repeat=chances.shape[0]):
        if tuple(np.array([patterns[each] for each in chosen]).sum(axis=0)) == counts:
            found[chosen] = float(np.prod(chances[np.arange(chances.shape[0]), list(chosen)]))
    return found


@pytest.mark.parametrize("patterns", [NESTED, CROSSED, THREE], ids=["nested", "crossed", "three"])
@pytest.mark.parametrize("patients", [1, 2, 4])
def test_every_count_against_listing_the_assignments(patterns: list[tuple[int, ...]], patients: int) -> None:
    rng = np.random.default_rng(patients)
    chances = rng.dirichlet(np.ones(len(patterns)), patients)
    total = 0.0
    for counts in itertools.product(range(patients + 1), repeat=len(patterns[0])):
        made = float(probability(list(chances.T), tally(counts, patterns, patients)))
        assert made == pytest.approx(sum(listed(counts, patterns, chances).values()), abs=1e-15), counts
        total += made
    assert total == pytest.approx(1.0)


def test_patients_alike_need_be_told_once() -> None:
    chances = np.array([0.2, 0.5, 0.3])
    steps = tally([4, 2], NESTED, 7)
    once = probability([np.array([each]) for each in chances], steps)
    assert float(once) == pytest.approx(float(probability([np.full(7, each) for each in chances], steps)))
    # Three of none, two of the first alone, two of both.
    assert float(once) == pytest.approx(stats.multinomial.pmf([3, 2, 2], 7, chances))


@pytest.mark.parametrize("patterns", [NESTED, CROSSED, THREE], ids=["nested", "crossed", "three"])
def test_patients_alike_have_the_same_probability_told_once_or_each(patterns: list[tuple[int, ...]]) -> None:
    chances = np.random.default_rng(3).dirichlet(np.ones(len(patterns)))
    once, each = [np.array([p]) for p in chances], [np.full(6, p) for p in chances]
    total = 0.0
    for counts in itertools.product(range(7), repeat=len(patterns[0])):
        steps = tally(counts, patterns, 6)
        made = float(probability(once, steps))
        assert made == pytest.approx(float(probability(each, steps)), rel=1e-9, abs=1e-18), counts
        total += made
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("counts", [(20, 20, 20), (3, 30, 1)])
def test_many_patients_alike_with_many_tables_or_few(counts: tuple[int, ...]) -> None:
    patterns = list(itertools.product((0, 1), repeat=3))
    chances = np.random.default_rng(4).dirichlet(np.ones(8))
    steps = tally(counts, patterns, 40)
    assert (steps.tables is None) == (counts == (20, 20, 20))
    once = probability([np.array([p]) for p in chances], steps)
    assert float(once) == pytest.approx(
        float(probability([np.full(40, p) for p in chances], steps)), rel=1e-9
    )


def test_binomial_multinomial_and_poisson_binomial() -> None:
    for r in range(10):
        made = probability([np.array([0.3]), np.array([0.7])], tally([r], [[1], [0]], 9))
        assert float(made) == pytest.approx(stats.binom.pmf(r, 9, 0.3))
    exclusive = [(1, 0), (0, 1), (0, 0)]
    made = probability([np.array([each]) for each in (0.2, 0.5, 0.3)], tally([3, 6], exclusive, 12))
    assert float(made) == pytest.approx(stats.multinomial.pmf([3, 6, 3], 12, [0.2, 0.5, 0.3]))
    rates = np.random.default_rng(1).random(40)
    # Its probabilities are the coefficients of a product of linear factors.
    exact = np.array([1.0])
    for rate in rates:
        exact = np.convolve(exact, [1.0 - rate, rate])
    made = [float(probability([rates, 1.0 - rates], tally([r], [[1], [0]], 40))) for r in range(41)]
    np.testing.assert_allclose(made, exact, rtol=1e-9, atol=1e-18)


def test_leading_dimensions_are_kept() -> None:
    chances = np.random.default_rng(2).dirichlet(np.ones(4), (3, 2, 5))
    steps = tally([2, 3], CROSSED, 5)
    made = probability([chances[..., each] for each in range(4)], steps)
    assert made.shape == (3, 2)
    for at in np.ndindex(3, 2):
        assert made[at] == pytest.approx(sum(listed((2, 3), CROSSED, chances[at]).values()))


def test_more_patients_than_there_are_have_no_probability() -> None:
    assert float(probability([np.full(3, 0.5)] * 2, tally([4], [[1], [0]], 3))) == 0.0


def test_drawn_assignments_follow_their_exact_distribution_given_the_counts() -> None:
    rng = np.random.default_rng(5)
    chances = rng.dirichlet(np.ones(4), 4)
    exact = listed((2, 1), CROSSED, chances)
    draws = 40_000
    patterns, made = draw_patterns(np.broadcast_to(chances.T, (draws, 4, 4)), tally([2, 1], CROSSED, 4), rng)
    np.testing.assert_allclose(made, sum(exact.values()))
    seen, times = np.unique(patterns, axis=0, return_counts=True)
    assert {tuple(each) for each in seen.tolist()} == set(exact)
    expected = np.array([exact[tuple(each)] for each in seen.tolist()])
    assert stats.chisquare(times, draws * expected / expected.sum()).pvalue > 1e-3


def test_each_draw_has_its_own_chances() -> None:
    rng = np.random.default_rng(6)
    # In every second draw the first patient cannot be the one of two.
    chances = np.array([[[0.5, 0.5], [0.5, 0.5]], [[0.0, 0.5], [1.0, 0.5]]])
    patterns, made = draw_patterns(np.tile(chances, (500, 1, 1)), tally([1], [[1], [0]], 2), rng)
    np.testing.assert_allclose(made, np.tile([0.5, 0.5], 500))
    first = patterns[:, 0] == 0
    assert not first[1::2].any()
    # 500 fair draws: beyond 0.6 once in 100,000.
    assert 0.4 < first[::2].mean() < 0.6
    assert ((patterns == 0).sum(axis=1) == 1).all()
