"""Priors: quantiles, draws and densities of one prior agree with each other and with scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.priors import Family, Parameter, Prior, from_raw, raw_name

NUMBERS: dict[Family, tuple[float, float]] = {
    "level": (35.0, 8.0),
    "shift": (-3.0, 2.0),
    "scale": (4.5, 0.35),
    "correlation": (4.0, 0.0),
}
# The distribution of the parameter itself, as a page means it; the correlation's is LKJ(4) of two dimensions.
MEANT = {
    "level": stats.norm(35.0, 8.0),
    "shift": stats.norm(-3.0, 2.0),
    "scale": stats.lognorm(s=0.35, scale=4.5),
    "correlation": stats.beta(4.0, 4.0, loc=-1.0, scale=2.0),
}
FAMILIES = tuple(NUMBERS)


def prior(family: Family) -> Prior:
    return Prior(Parameter(family, family, "a test"), NUMBERS[family], "a test")


@pytest.mark.parametrize("family", FAMILIES)
def test_quantiles(family: Family) -> None:
    for probability in (0.001, 0.05, 0.5, 0.8, 0.999):
        assert prior(family).quantile(probability) == pytest.approx(
            MEANT[family].ppf(probability), rel=1e-9, abs=1e-9
        )


def test_the_correlation_is_lkj() -> None:
    # The LKJ density of a 2 x 2 correlation matrix is det^(c - 1) = (1 - rho^2)^(c - 1).
    whole = integrate.quad(lambda rho: (1.0 - rho**2) ** 3, -1.0, 1.0)[0]
    below = integrate.quad(lambda rho: (1.0 - rho**2) ** 3, -1.0, prior("correlation").quantile(0.2))[0]
    assert below / whole == pytest.approx(0.2, abs=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_follow_the_prior(family: Family) -> None:
    each = prior(family)
    values = from_raw(each.parameter, each.draw(np.random.default_rng(1), 20_000), *each.numbers, NUMPY)
    # An SD wrong by 5% moves the distribution function by 0.012, six times what 20,000 draws do by chance.
    assert stats.kstest(values, MEANT[family].cdf).pvalue > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_density_of_the_raw_variable_is_that_of_the_parameter_with_its_jacobian(family: Family) -> None:
    each = prior(family)
    raw = np.array([0.1, 0.3, 0.5, 0.9]) if family == "correlation" else np.array([-2.5, -0.3, 0.0, 1.7])

    def value(at: np.ndarray) -> np.ndarray:
        return from_raw(each.parameter, at, *each.numbers, NUMPY)

    slope = (value(raw + 1e-5) - value(raw - 1e-5)) / 2e-5
    np.testing.assert_allclose(
        each.log_density(raw), MEANT[family].logpdf(value(raw)) + np.log(slope), rtol=1e-7, atol=1e-7
    )


def test_a_fixed_scale_is_its_value_whatever_is_drawn() -> None:
    for value in (2.5, 0.0):
        fixed = Prior(Parameter("residual_sd", "scale", "a test"), (value, 0.0), "by definition")
        assert fixed.fixed
        assert not prior("scale").fixed
        assert not prior("correlation").fixed  # its second number is 0 too
        drawn = from_raw(fixed.parameter, fixed.draw(np.random.default_rng(1), 50), *fixed.numbers, NUMPY)
        np.testing.assert_array_equal(drawn, np.full(50, value))
        assert fixed.quantile(0.9) == value


def test_raw_names_tell_normal_scores_from_the_beta_variable() -> None:
    assert raw_name(Parameter("walk_sd", "scale", "")) == "walk_sd_z"
    assert raw_name(Parameter("correlation", "correlation", "")) == "correlation_u"
