"""Counting responders instead of measuring: rates by hand, and never fewer patients where theory says so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.design_reader import load_design
from ra_bayes.planning.responders import counted_instead, responder_design


def test_the_rates_are_those_of_the_change() -> None:
    design = responder_design(load_design("vas_randomised"), -20.0)
    sd = np.hypot(20.0, np.sqrt(2.0) * 10.0)
    low, high = stats.norm.cdf(-20.0 / sd), stats.norm.cdf((15.0 - 20.0) / sd)
    assert design.truth.control == pytest.approx(low)
    assert design.truth.alternative == pytest.approx(high - low)
    assert design.looks == load_design("vas_randomised").looks
    assert [each.probability for each in design.rule.success] == [0.95]


def test_a_longitudinal_endpoint_beats_its_responders() -> None:
    found = counted_instead(load_design("sdai_randomised"), -13.0, sizes=range(24, 161, 8), seed=1)
    assert found.measured.n is not None
    assert found.counted.n is not None
    # With a cut-off near the middle and no dropout, theory has pi / 2 (Cohen 1983); here both are against it.
    assert found.ratio > 1.3
    assert found.counted_alpha < 0.07
    assert "Counting takes" in str(found)


def test_a_design_of_responders_is_not_counted_again() -> None:
    with pytest.raises(RaBayesError, match="counts responders already"):
        responder_design(load_design("acr20_one_arm"), 0.5)
    with pytest.raises(RaBayesError, match="choose one that some reach"):
        responder_design(load_design("vas_randomised"), -500.0)
