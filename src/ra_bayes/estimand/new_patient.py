"""The chance that a new patient's change is at least the MCID, given the parameters: no simulation.

With s the sign of benefit, m the MCID and W, D as in :mod:`ra_bayes.estimand.over_starts`, the event
s (y_t - y_0) >= m given W is s D >= s q(W),

    q(W) = g(g^-1(W) + s m) - W.

Nobody who starts at 5 mm improves by 10. Under the identity link without bounds q is the constant s m, and
the integral is Phi(s (f - s m) / SD(D)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand.over_starts import share_reaching, value_bounds
from ra_bayes.estimand.posterior import Posterior

__all__ = ["share_beating_mcid"]

type Array = NDArray[np.float64]


def share_beating_mcid(posterior: Posterior, mcid: float, *, measured: bool) -> Array:
    """Return the share of new patients whose change is at least the MCID, per draw and visit.

    Parameters
    ----------
    posterior
        Draws of a fit.
    mcid
        Change that matters, positive, in the outcome's unit.
    measured
        Whether the change is between two recorded values, noise in both, within the outcome's bounds;
        otherwise between two true ones.

    Returns
    -------
    ndarray
        Shape (..., visit), between 0 and 1.
    """
    step = posterior.spec.benefit_sign * mcid
    lower, upper = value_bounds(posterior, measured=measured)
    starts = (-np.inf, upper - step) if step > 0.0 else (lower - step, np.inf)
    return share_reaching(posterior, lambda value: value + step, starts, measured=measured)
