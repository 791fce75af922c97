"""Distributions that somebody states: the quantiles and the worth that were stated come back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import beta_of_mean, beta_of_quantiles, normal_of_quantiles


@given(low=st.floats(0.02, 0.5), width=st.floats(0.05, 0.45), p=st.floats(0.02, 0.4), q=st.floats(0.6, 0.98))
@settings(deadline=None, max_examples=40)
def test_a_beta_has_the_quantiles_that_were_stated(low: float, width: float, p: float, q: float) -> None:
    found = beta_of_quantiles({q: low + width, p: low})
    assert found.cdf([low, low + width]) == pytest.approx([p, q], abs=1e-8)


def test_a_beta_has_the_mean_and_the_worth_that_were_stated() -> None:
    found = beta_of_mean(0.3, 20.0)
    assert (found.mean, found.ess) == pytest.approx((0.3, 20.0))


def test_a_normal_has_the_quantiles_that_were_stated() -> None:
    assert normal_of_quantiles({0.9: -5.0, 0.05: -40.0}).cdf([-40.0, -5.0]) == pytest.approx([0.05, 0.9])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: beta_of_mean(1.2, 5), "no Beta has mean 1.2"),
        (lambda: beta_of_quantiles({0.5: 0.3}), "do not fix a distribution"),
        (lambda: beta_of_quantiles({0.05: 0.5, 0.95: 0.3}), "do not fix a distribution"),
        (lambda: beta_of_quantiles({0.05: 0.3, 0.95: 1.3}), "are no rates"),
        (lambda: beta_of_quantiles({0.49: 0.01, 0.51: 0.99}), "no Beta worth"),
        (lambda: normal_of_quantiles({0.0: -1.0, 0.95: 3.0}), "do not fix a distribution"),
    ],
)
def test_what_no_distribution_has_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        make()
