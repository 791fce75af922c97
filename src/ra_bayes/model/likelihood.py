"""One likelihood for every record: what was written down is an interval of the latent y*.

    y*_ij ~ Normal(mu_ij, residual_sd) on the link's scale, and the record says  low <= y*_ij <= high

- a point (low = high): the normal density, times the link's slope so that likelihoods of one record
  under two links can be compared;
- a cell: Phi((high - mu) / sd) - Phi((low - mu) / sd): below a limit of quantification, at a bound of
  the scale (a VAS of exactly 100), within a rounding step (HAQ-DI), or one side of zero (a binary record);
- a visit that was missed carries no term.

Cells follow Tobin 1958 (limits) and Heitjan 1989, Stat Sci 4:164 (rounded data).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace

__all__ = ["CELL", "MISSED", "POINT", "UNBOUNDED", "log_cell", "log_point"]

MISSED, POINT, CELL = 0, 1, 2

# An open end, on the link's scale. Finite, since an infinite one has no gradient; far enough to be
# infinite for any unit, near enough that its square is a number.
UNBOUNDED = 1e12

_LOG_SQRT_2PI = 0.5 * float(np.log(2.0 * np.pi))


def log_point(value: Any, mu: Any, residual_sd: Any, ns: Namespace) -> Any:
    """Return the log density of points on the link's scale, without the link's slope.

    Parameters
    ----------
    value
        Records on the link's scale.
    mu, residual_sd
        Expected values and SD, broadcastable against `value`.
    ns
        NumPy's or PyTensor's functions.
    """
    return -0.5 * ((value - mu) / residual_sd) ** 2 - ns.log(residual_sd) - _LOG_SQRT_2PI


def log_cell(low: Any, high: Any, mu: Any, residual_sd: Any, ns: Namespace) -> Any:
    """Return the log probability of cells, accurate in both tails.

    Parameters
    ----------
    low, high
        Ends of the records on the link's scale, low < high.
    mu, residual_sd
        Expected values and SD, broadcastable against the ends.
    ns
        NumPy's or PyTensor's functions.
    """
    z_low, z_high = (low - mu) / residual_sd, (high - mu) / residual_sd
    # Mirror a cell in the right tail into the left one, where log Phi keeps its digits.
    right = z_low + z_high > 0.0
    far, near = ns.where(right, -z_high, z_low), ns.where(right, -z_low, z_high)
    log_near = ns.log_ndtr(near)
    # The cap keeps the narrowest cell, whose ends differ by rounding only, from log(0).
    return log_near + ns.log1mexp(ns.minimum(ns.log_ndtr(far) - log_near, -1e-15))
