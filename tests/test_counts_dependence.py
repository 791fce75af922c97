"""Contrasts that depend on each other: what is left means the same, and has a regular covariance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_bayes.counts.dependence import independent
from ra_bayes.counts.events import Contrast
from ra_bayes.errors import RaBayesError

# A value and its change, upwards and downwards, at two weeks.
WAYS = [(1.0, 0.0), (-1.0, 0.0), (1.0, -1.0), (-1.0, 1.0)]
CONTRASTS = st.builds(
    lambda week, way, threshold: Contrast("vas", week, *way, threshold),
    st.sampled_from([12.0, 24.0]),
    st.sampled_from(WAYS),
    st.integers(-3, 3).map(float),
)
GRID = np.arange(-4.0, 4.5, 0.7)
# Neither values nor their differences are whole: none lies on a threshold, where > and >= would differ.
VALUES = np.stack(np.meshgrid(GRID + 0.05, GRID + 0.18, GRID + 0.34, indexing="ij"), axis=-1).reshape(-1, 3)


def all_met(contrasts: list[Contrast]) -> np.ndarray:
    """Whether values at weeks 0, 12 and 24 meet them all."""
    met = np.ones(VALUES.shape[0], dtype=bool)
    for each in contrasts:
        now = VALUES[:, {12.0: 1, 24.0: 2}[each.week]]
        met &= each.now * now + each.start * VALUES[:, 0] > each.threshold
    return met


@settings(deadline=None, max_examples=200)
@given(st.lists(CONTRASTS, max_size=4))
def test_sets_add_up_to_all_contrasts_for_every_patient(contrasts: list[Contrast]) -> None:
    try:
        parts = independent(contrasts)
    except RaBayesError:
        return
    total = sum((sign * all_met(list(part)).astype(int) for sign, part in parts), np.zeros(len(VALUES), int))
    np.testing.assert_array_equal(total, all_met(contrasts).astype(int))
    for _, part in parts:
        rows = [[each.start, each.now * (each.week == 12.0), each.now * (each.week == 24.0)] for each in part]
        assert not part or np.linalg.matrix_rank(rows) == len(part)


def test_what_is_independent_is_left_as_it_is() -> None:
    contrasts = [Contrast("vas", week, -1.0, 1.0, 10.0) for week in (12.0, 16.0, 24.0)]
    contrasts.append(Contrast("sdai", 24.0, -1.0, 1.0, 10.0))
    ((sign, part),) = independent(contrasts)
    assert sign == 1
    assert set(part) == set(contrasts)


def test_the_same_is_asked_in_the_same_order_whoever_asks() -> None:
    contrasts = [Contrast("vas", week, -1.0, 1.0, 0.0) for week in (12.0, 16.0, 24.0)]
    assert independent(contrasts) == independent(contrasts[::-1]) == independent(contrasts + contrasts[:1])


def test_more_ways_than_values_are_refused() -> None:
    three = [Contrast("vas", 12.0, *way, 0.0) for way in ((1.0, 0.0), (-1.0, 1.0), (-1.0, 0.8))]
    with pytest.raises(RaBayesError, match="vas compare its values of weeks 0 and 12 in 3 ways at once"):
        independent(three)
    # Of different outcomes they are as many values.
    assert len(independent([*three[:2], Contrast("sdai", 12.0, -1.0, 0.8, 0.0)])) == 1
