"""Design priors of a rate with a closed form: from a published count, or elicited."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, BetaMixture, beta
from ra_bayes.planning.design_prior.nodes import equal_nodes
from ra_bayes.planning.design_prior.value import About, DesignPrior, Step

__all__ = ["beta_of_mean", "beta_of_quantiles", "elicited_rate", "from_counts"]

type Array = NDArray[np.float64]


def from_counts(
    r: int,
    n: int,
    *,
    vague: BetaMixture = UNIFORM,
    source: str,
    outcome: str = "",
    week: float = math.nan,
) -> DesignPrior:
    """Return the design prior that a published count by itself gives: r of n under a vague prior, exactly.

    As a design prior of a *new* trial it is right. As the prior of an analysis that holds the same r of n
    patients it is wrong: they would be counted twice. :func:`~ra_bayes.planning.design_prior.from_tree` takes
    the posterior given all of a paper's counts at once.

    Parameters
    ----------
    r, n
        Patients with the event, and patients.
    vague
        Belief before the count.
    source
        Where the count stands.
    outcome, week
        Of what, when.

    Raises
    ------
    RaBayesError
        If the count cannot be.

    Examples
    --------
    >>> prior = from_counts(4, 6, source="Jamshidi 2024, ACR20 at week 16", outcome="acr20", week=16)
    >>> prior.exact["rate"], round(prior.last.summary().mean, 3)
    (Beta(5, 3), 0.625)
    """
    believed = vague.update(r, n)
    words = f"{r} of {n} patients ({source}) under the prior {vague}: {believed}."
    return _of_rate("published count", believed, words, outcome, week)


def elicited_rate(
    rate: BetaMixture, *, source: str, outcome: str = "", week: float = math.nan
) -> DesignPrior:
    """Return the design prior of a rate that somebody states.

    Parameters
    ----------
    rate
        What is believed: ``beta(a, b)``, a mixture, or a Beta from its mean and worth
        (:func:`beta_of_mean`) or two quantiles (:func:`beta_of_quantiles`).
    source
        Who stated it, or why.
    outcome, week
        Of what, when.

    Examples
    --------
    >>> print(elicited_rate(beta_of_mean(0.3, 20), source="two trialists"))
    Design prior: response rate
    1. elicited: mean 0.30, SD 0.10, 90% interval (eti) 0.15 to 0.48
       Stated: Beta(6, 14) (two trialists).
    """
    return _of_rate("elicited", rate, f"Stated: {rate} ({source}).", outcome, week)


def _of_rate(name: str, rate: BetaMixture, words: str, outcome: str, week: float) -> DesignPrior:
    nodes = equal_nodes(rate)
    step = Step(name, words, {"rate": nodes}, np.ones(nodes.size), {"rate": rate})
    return DesignPrior(About("rate", outcome, week, link="probit"), (step,))


def beta_of_mean(mean: float, ess: float) -> BetaMixture:
    """Return the Beta with a mean that is worth `ess` patients: Beta(mean ess, (1 - mean) ess).

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
    (p_low, low), (p_high, high) = two_quantiles(quantiles)
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


def two_quantiles(quantiles: Mapping[float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
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
