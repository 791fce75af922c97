"""Design priors of a rate with a closed form: from a published count, or elicited."""

from __future__ import annotations

import math

import numpy as np

from ra_bayes.mixtures import UNIFORM, BetaMixture
from ra_bayes.planning.design_prior.nodes import equal_nodes
from ra_bayes.planning.design_prior.value import About, DesignPrior, Step

__all__ = ["elicited_rate", "from_counts"]


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
        (:func:`~ra_bayes.mixtures.beta_of_mean`) or two quantiles
        (:func:`~ra_bayes.mixtures.beta_of_quantiles`).
    source
        Who stated it, or why.
    outcome, week
        Of what, when.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta_of_mean
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
