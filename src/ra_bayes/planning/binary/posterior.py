"""Probabilities given every count that a look could have, at once.

With a mixture of Betas as prior, m(x, n) = sum_k w_k B(a_k + x, b_k + n - x) / B(a_k, b_k) is how likely one
order of x events among n patients was. Everything here is made of its ratios:

    Pr(rate > c | x, n)   = sum_k w_k(x) I_{1-c}(b_k + n - x, a_k + x),   w_k(x) the k-th term over m(x, n)
    Pr(x + y of N | x, n) = C(N - n, y) m(x + y, N) / m(x, n)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ra_bayes.mixtures import BetaMixture

__all__ = ["log_parts", "posterior_above", "predictive_matrix", "predictive_of"]

type Array = NDArray[np.float64]


def posterior_above(prior: BetaMixture, threshold: float, n: int) -> Array:
    """Return Pr(rate > threshold | x of n) for x = 0..n (x).

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> posterior_above(UNIFORM, 0.5, 2).tolist()
    [0.125, 0.5, 0.875]
    """
    a, b, _ = prior.arrays
    x = np.arange(n + 1.0)[:, None]
    log = log_parts(prior, n)
    weight = np.exp(log - special.logsumexp(log, axis=1, keepdims=True))
    return np.asarray((weight * special.betaincc(a + x, b + n - x, threshold)).sum(axis=1))


def predictive_of(prior: BetaMixture, n: int, n_max: int, final: ArrayLike) -> Array:
    """Return the probability that the trial will end well, given x events among n patients (x).

    Parameters
    ----------
    prior
        What is believed of the rate before the trial.
    n, n_max
        Patients now, x = 0..n of them with the event, and in all.
    final
        Whether, or how probably, the trial ends well with 0..n_max events in all (events).

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> predictive_of(UNIFORM, 0, 3, [0, 0, 1, 1]).round(9).tolist()  # 0 to 3 events are as likely
    [0.5]
    """
    return np.asarray(predictive_matrix(prior, n, n_max) @ np.asarray(final, dtype=float))


def predictive_matrix(prior: BetaMixture, n: int, n_max: int) -> Array:
    """Return Pr(x' of n_max | x of n) for all counts (x, x').

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> predictive_matrix(UNIFORM, 1, 2).round(6).tolist()
    [[0.666667, 0.333333, 0.0], [0.0, 0.333333, 0.666667]]
    """
    more = n_max - n
    y = np.arange(more + 1.0)
    choose = -special.betaln(more - y + 1.0, y + 1.0) - np.log(more + 1.0)
    now, then = (special.logsumexp(log_parts(prior, each), axis=1) for each in (n, n_max))
    x = np.arange(n + 1)[:, None]
    total = x + np.arange(more + 1)
    found = np.zeros((n + 1, n_max + 1))
    found[x, total] = np.exp(choose + then[total] - now[:, None])
    return found


def log_parts(prior: BetaMixture, n: int) -> Array:
    """Log of each part's term in m(x, n), for x = 0..n (x, part)."""
    a, b, weight = prior.arrays
    x = np.arange(n + 1.0)[:, None]
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(weight) + special.betaln(a + x, b + n - x) - special.betaln(a, b))
