"""Links: each is increasing and its own inverse, with the slope that a numerical derivative finds."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from ra_bayes.model.links import LINK_NAMES, Link, link

INSIDE = {
    "identity": np.linspace(-50.0, 150.0, 41),
    "log": np.geomspace(1e-6, 1e6, 41),
    "sqrt": np.geomspace(1e-3, 1e4, 41),
    "logit": 1.0 + 4.0 * np.linspace(0.001, 0.999, 41),
    "probit": np.linspace(0.001, 0.999, 41),
    "latent": np.linspace(-3.0, 3.0, 41),
}
BY_HAND = {
    "identity": (7.0, 7.0),
    "log": (np.e**2, 2.0),
    "sqrt": (9.0, 3.0),
    "logit": (4.0, np.log(3.0)),  # three quarters of the way from 1 to 5
    "probit": (0.975, NormalDist().inv_cdf(0.975)),
    "latent": (1.3, 1.3),  # a score is told as it is
}


def made(name: str) -> Link:
    return link(name, 1.0, 5.0)


def test_every_link_is_tested() -> None:
    assert set(INSIDE) == set(BY_HAND) == set(LINK_NAMES)


@pytest.mark.parametrize("name", LINK_NAMES)
def test_a_value_known_by_hand(name: str) -> None:
    value, on_link = BY_HAND[name]
    assert made(name).forward(value) == pytest.approx(on_link, rel=1e-12)
    assert made(name).inverse(on_link) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("name", LINK_NAMES)
def test_inverse_undoes_forward_and_order_is_kept(name: str) -> None:
    value = INSIDE[name]
    on_link = made(name).forward(value)
    assert np.all(np.diff(on_link) > 0.0)
    np.testing.assert_allclose(made(name).inverse(on_link), value, rtol=1e-11)


@pytest.mark.parametrize("name", [each for each in LINK_NAMES if each != "probit"])
def test_log_slope_is_the_log_of_the_derivative(name: str) -> None:
    value = INSIDE[name]
    # A central difference is off by h^2 g'''/6: for the steepest point here, relative 1e-7 and less.
    step = 1e-4 * np.minimum(np.abs(value - 1.0), np.abs(5.0 - value)) if name == "logit" else 1e-4 * value
    step = np.where(step == 0.0, 1e-4, np.abs(step))
    slope = (made(name).forward(value + step) - made(name).forward(value - step)) / (2.0 * step)
    np.testing.assert_allclose(np.exp(made(name).log_slope(value)), slope, rtol=1e-6)


def test_a_change_is_a_ratio_under_the_log_link_and_a_difference_elsewhere() -> None:
    assert link("log").contrast(np.log(8.0), np.log(2.0)) == pytest.approx(0.25)
    assert link("sqrt").contrast(3.0, 2.0) == pytest.approx(-5.0)
    assert link("identity").contrast(3.0, 2.0) == pytest.approx(-1.0)
    assert link("logit", 0.0, 4.0).contrast(0.0, np.log(3.0)) == pytest.approx(1.0)
    assert link("probit").contrast(0.0, NormalDist().inv_cdf(0.9)) == pytest.approx(0.4)


def test_below_zero_the_square_root_link_stands_for_zero() -> None:
    np.testing.assert_array_equal(link("sqrt").inverse([-3.0, 0.0]), [0.0, 0.0])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("log", 0.0, -np.inf),
        ("log", -1.0, np.nan),
        ("sqrt", -1.0, np.nan),
        ("logit", 1.0, -np.inf),
        ("logit", 5.0, np.inf),
        ("logit", 0.5, np.nan),
    ],
)
def test_outside_the_domain_there_is_no_number_and_no_warning(
    name: str, value: float, expected: float
) -> None:
    # Warnings are errors in this suite.
    np.testing.assert_equal(float(made(name).forward(value)), expected)


def test_wrong_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'cloglog' is none of identity, log"):
        link("cloglog")
    for bounds in ((None, None), (0.0, None), (None, 1.0)):
        with pytest.raises(ValueError, match="a lower and an upper bound"):
            link("logit", *bounds)
