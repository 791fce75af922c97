"""What somebody states, as a distribution: from a mean and its worth, or from two quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy import optimize, special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures.beta import BetaMixture, beta
from ra_bayes.mixtures.normal import NormalMixture, normal

__all__ = ["beta_of_mean", "beta_of_quantiles", "normal_of_quantiles"]


def beta_of_mean(mean: float, ess: float) -> BetaMixture:
    """Return the Beta with a mean that is worth `ess` patients: Beta(mean ess, (1 - mean) ess).

    Parameters
    ----------
    mean
        The rate, between 0 and 1.
    ess
        Effective sample size: how many patients the belief counts for.

    Raises
    ------
    RaBayesError
        If there is no such Beta.

    Examples
    --------
    >>> beta_of_mean(0.25, 8)
    Beta(2, 6)
    """
    if not 0.0 < mean < 1.0 or not 0.0 < ess < math.inf:
        raise RaBayesError(
            f"no Beta has mean {mean:g} and is worth {ess:g} patients; write a mean between 0 and 1 and a "
            "worth above 0"
        )
    return beta(mean * ess, (1.0 - mean) * ess)


def beta_of_quantiles(quantiles: Mapping[float, float]) -> BetaMixture:
    """Return the Beta with two given quantiles, ``{probability: rate}``.

    For each a + b the mean with the lower quantile is found, then the a + b that has the upper one as well.

    Parameters
    ----------
    quantiles
        Two: ``{0.05: 0.1, 0.95: 0.5}`` says that the rate is below 0.1 with probability 0.05, below 0.5 with
        0.95.

    Raises
    ------
    RaBayesError
        If they are not two rising quantiles of a rate.

    Examples
    --------
    >>> found = beta_of_quantiles({0.05: 0.1, 0.95: 0.5})
    >>> found.cdf([0.1, 0.5]).round(6).tolist()
    [0.05, 0.95]
    """
    (p_low, low), (p_high, high) = _two_quantiles(quantiles)
    if not 0.0 < low < high < 1.0:
        raise RaBayesError(f"quantiles of {low:g} and {high:g} are no rates; write two between 0 and 1")

    def mean_logit(log_worth: float) -> float:
        worth = math.exp(log_worth)

        def excess(logit: float) -> float:
            a, b = worth * special.expit(logit), worth * special.expit(-logit)
            return float(special.betainc(a, b, low)) - p_low

        return float(optimize.brentq(excess, -30.0, 30.0, xtol=1e-13))

    def parts(log_worth: float) -> tuple[float, float]:
        logit, worth = mean_logit(log_worth), math.exp(log_worth)
        return worth * float(special.expit(logit)), worth * float(special.expit(-logit))

    def excess(log_worth: float) -> float:
        return float(special.betainc(*parts(log_worth), high)) - p_high

    try:
        return beta(*parts(float(optimize.brentq(excess, math.log(0.05), math.log(1e7), xtol=1e-12))))
    except ValueError:
        raise RaBayesError(
            f"no Beta worth 0.05 to 10 million patients has quantiles {low:g} ({p_low:g}) and {high:g} "
            f"({p_high:g}); state others"
        ) from None


def normal_of_quantiles(quantiles: Mapping[float, float]) -> NormalMixture:
    """Return the normal with two given quantiles, ``{probability: value}``.

    SD = (high - low) / (z_high - z_low), mean = low - SD z_low, with z the standard normal's quantiles.

    Parameters
    ----------
    quantiles
        Two: ``{0.05: -40, 0.95: -10}`` says that the mean is below -40 with probability 0.05, below -10 with
        0.95.

    Raises
    ------
    RaBayesError
        If they are not two rising quantiles.

    Examples
    --------
    >>> normal_of_quantiles({0.05: -40, 0.95: -10})
    Normal(-25, 9.119)
    """
    (p_low, low), (p_high, high) = _two_quantiles(quantiles)
    z_low, z_high = float(special.ndtri(p_low)), float(special.ndtri(p_high))
    sd = (high - low) / (z_high - z_low)
    return normal(low - sd * z_low, sd)


def _two_quantiles(quantiles: Mapping[float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return two quantiles in order of their probabilities.

    Raises
    ------
    RaBayesError
        If there are not two, a probability is none, or the values do not rise.
    """
    found = sorted(quantiles.items())
    if len(found) != 2 or not all(0.0 < prob < 1.0 for prob, _ in found) or not found[0][1] < found[1][1]:
        raise RaBayesError(
            f"quantiles {dict(quantiles)} do not fix a distribution; write two that rise, such as "
            "{0.05: 0.1, 0.95: 0.5}"
        )
    return found[0], found[1]
