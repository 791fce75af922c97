"""The chance that a new patient's change is at least the MCID, given the parameters: no simulation.

Let W be where the patient starts and D the change, both on the link's scale and jointly normal:

    true change:      W = A,        D = f + b r
    measured change:  W = A + e_0,  D = f + b r + e_t - e_0        e ~ N(0, residual_sd^2), independent

With g the link, s the sign of benefit and m the MCID, the event s (y_t - y_0) >= m given W is s D >= s q(W),

    q(W) = g(g^-1(W) + s m) - W,

and D | W is normal, so

    Pr(event) = E_W[ Phi( s (E[D | W] - q(W)) / SD(D | W) ) ],

the expectation by Gauss-Hermite quadrature over W. Under the identity link without bounds q is the constant
s m, and the sum is Phi(s (f - s m) / SD(D)) exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior

__all__ = ["share_beating_mcid"]

type Array = NDArray[np.float64]

_NODES = 31


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
    spec, sign = posterior.spec, posterior.spec.benefit_sign
    mean_start, between, own, rho, noise = (
        posterior.scalars[name][..., None]
        for name in ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
    )
    noise = noise if measured else 0.0 * noise
    shape = posterior.shape
    var_start = between**2 + noise**2
    covariance = rho * between * own * shape - noise**2
    var_change = (own * shape) ** 2 + 2.0 * noise**2
    slope = covariance / var_start
    # Rounding may leave a variance of zero a hair below it.
    sd_given_start = np.sqrt(np.maximum(var_change - slope * covariance, 1e-24))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    total = np.zeros(np.broadcast_shapes(mean_start.shape, posterior.mean_change.shape))
    bounds = (spec.outcome.lower, spec.outcome.upper) if measured else (None, None)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        offset = node * np.sqrt(var_start)
        needed = _needed(posterior, mean_start + offset, sign * mcid, bounds)
        expected = posterior.mean_change + slope * offset
        with np.errstate(over="ignore"):
            total += weight * special.ndtr(sign * (expected - needed) / sd_given_start)
    return total


def _needed(
    posterior: Posterior, start: Array, change: float, bounds: tuple[float | None, float | None]
) -> Array:
    """Return q(W), infinite on the far side where the outcome leaves no room for the change."""
    link = posterior.spec.link
    lower, upper = bounds
    value = link.inverse(start)
    if lower is not None or upper is not None:
        value = np.clip(value, lower, upper)
    goal = value + change
    needed = link.forward(goal) - start
    room = np.isfinite(needed)
    if lower is not None:
        room &= goal >= lower
    if upper is not None:
        room &= goal <= upper
    return np.where(room, needed, np.sign(change) * np.inf)
