"""Leave one record out by weights: the draws of a fit as draws of the fit without it.

Draws of theta given all records, weighted by one over the record's likelihood, are draws without it. The
largest weights are smoothed by a generalised Pareto distribution whose shape k says how far they can be
trusted (Vehtari, Gelman and Gabry 2017, Stat Comput 27:1413; Vehtari et al. 2024, JMLR 25(72)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["left_out"]

type Array = NDArray[np.float64]


def left_out(log_likelihood: Array, r_eff: float = 1.0) -> tuple[Array, Array]:
    """Return each record's weights of the draws without it, and how far they can be trusted.

    Parameters
    ----------
    log_likelihood
        Of each record at each draw (record, draw).
    r_eff
        Effective draws for each draw: the longer the chains remember, the more of the weights are smoothed.

    Returns
    -------
    weight : ndarray
        Rows add up to 1 (record, draw).
    pareto_k : ndarray
        Infinite where the tail has no shape to fit (record).

    Examples
    --------
    >>> weight, pareto_k = left_out(np.zeros((1, 4)))   # a record that every draw finds as likely
    >>> weight.tolist(), pareto_k.tolist()
    ([[0.25, 0.25, 0.25, 0.25]], [0.0])
    """
    log_weight, pareto_k = -log_likelihood, np.full(log_likelihood.shape[0], np.inf)
    for row, own in enumerate(log_likelihood):
        smooth, shape = _smooth(own, r_eff)
        if np.isfinite(smooth.max()) and np.isfinite(shape):
            log_weight[row], pareto_k[row] = smooth, shape
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True), pareto_k


def _smooth(log_likelihood: Array, r_eff: float) -> tuple[Array, float]:
    """Return smoothed log weights and Pareto k; NaN for k where the tail has no shape to fit."""
    from arviz_stats.base import array_stats

    if np.ptp(log_likelihood) < 1e-9:
        # A record that is as likely under every draw: leaving it out changes nothing.
        return np.zeros(log_likelihood.shape), 0.0
    try:
        # Where a record is all but impossible under some draws the fit of the tail overflows.
        with np.errstate(all="ignore"):
            # It takes the log likelihood as it is, and weighs by one over the likelihood.
            log_weight, pareto_k = array_stats.psislw(log_likelihood, r_eff=r_eff, axis=-1)
    except ValueError:  # all of the tail alike
        return -log_likelihood, float("nan")
    return np.asarray(log_weight), float(pareto_k)
