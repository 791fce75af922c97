"""Truths rank uniformly among draws given published counts: the committed ranks, and some made again.

All of them take minutes: benchmarks/calibrate_counts.py makes them and says what they are.
"""

from __future__ import annotations

import numpy as np
import pytest
from calibrate_counts import CASES, COMMAND, DRAWS, FILE, Trial, by_case, header, read, run, uniformity

# Each prior and each reading in turn.
RERUN = range(0, 12 * 83, 83)


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    told, found = read(FILE)
    assert told == header(), f"{FILE.name} rests on other pages than those of today: run {COMMAND}"
    return found


def test_there_are_five_hundred_trials_of_every_prior(trials: list[Trial]) -> None:
    assert [trial.number for trial in trials] == list(range(len(trials)))
    for case in CASES:
        assert sum((trial.model, trial.related) == case for trial in trials) >= 500
    counts = {(id, count) for trial in trials for id, count in trial.counts.items()}
    # Every count from none to all six was seen, of every fact.
    assert len(counts) == 7 * len(trials[0].counts)


def test_ranks_are_uniform(trials: list[Trial]) -> None:
    found = {
        (*case, name): uniformity(ranks)
        for case, ranked in by_case(trials).items()
        for name, ranks in ranked.items()
    }
    assert len(found) == 2 * 18
    # All at once inside of their bands with probability 0.99, whatever their dependence.
    assert min(found.values()) > 0.01 / len(found), min(found, key=lambda name: found[name])
    # One by one a band of 99% is left by some of 36; that are of few trials.
    assert sum(p < 0.01 for p in found.values()) <= 3


@pytest.mark.parametrize(("narrow", "shift"), [(0.75, 0.0), (1.33, 0.0), (1.0, 0.3)])
def test_the_bands_would_be_left_by_posteriors_that_are_wrong(narrow: float, shift: float) -> None:
    """Posteriors a quarter too narrow, a third too wide, or off by a third of their SD, in as many trials."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=510)
    for draws, right in (
        (rng.normal(size=(DRAWS, 510)), True),
        (rng.normal(shift, narrow, (DRAWS, 510)), False),
    ):
        p = uniformity((draws < truth).sum(axis=0))
        assert (p > 0.01) == right


def test_the_bands_are_left_as_seldom_as_they_say() -> None:
    rng = np.random.default_rng(2)
    ps = [uniformity(rng.integers(0, DRAWS + 1, 510)) for _ in range(400)]
    # Of 400 uniform sets 40 below 0.1: fewer than 16 or more than 66 once in 100,000.
    assert 16 <= sum(p < 0.1 for p in ps) <= 66


def test_some_trials_made_again_have_the_same_ranks(trials: list[Trial]) -> None:
    again = [run(number) for number in RERUN]
    apart = []
    for made in again:
        there = trials[made.number]
        assert (made.model, made.related, made.reading) == (there.model, there.related, there.reading)
        assert made.counts == there.counts, f"trial {made.number} is another: run {COMMAND}"
        assert made.ranks.keys() == there.ranks.keys()
        apart += [made.ranks[name] - there.ranks[name] for name in made.ranks]
    # Draws may differ between machines, posteriors may not: two ranks of one truth differ by 7 at most (SD).
    assert np.abs(apart).mean() < 8.0
    assert np.abs(apart).max() < 35
