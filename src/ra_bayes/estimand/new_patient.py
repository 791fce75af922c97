"""The chance that a new patient's change is at least the MCID, given the parameters: no simulation.

Let W be where the patient starts and D the change, both on the link's scale and jointly normal:

    true change:      W = A,        D = f + b r
    measured change:  W = A + e_0,  D = f + b r + e_t - e_0        e ~ N(0, residual_sd^2)

with e_0 and e_t independent or, where residuals are AR(1), correlated by the weeks between them. With g the
link, s the sign of benefit and m the MCID, the event s (y_t - y_0) >= m given W is s D >= s q(W),

    q(W) = g(g^-1(W) + s m) - W,

and D | W is normal, so

    Pr(event) = E_W[ Phi( s (E[D | W] - q(W)) / SD(D | W) ) ],

the expectation by Gauss-Legendre quadrature over the starts W that leave room for the change (nobody who
starts at 5 mm improves by 10). Under the identity link without bounds q is the constant s m, and the
integral is Phi(s (f - s m) / SD(D)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior

__all__ = ["share_beating_mcid"]

type Array = NDArray[np.float64]

_NODES = 64
# Standard normal mass beyond is 1e-15.
_TAIL = 8.0


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
    sign = posterior.spec.benefit_sign
    mean_start, between, own, rho, noise = (
        posterior.scalars[name][..., None]
        for name in ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
    )
    noise = noise if measured else 0.0 * noise
    shape = posterior.shape
    var_start = between**2 + noise**2
    apart = noise**2 * (1.0 - posterior.residual_correlation)
    covariance = rho * between * own * shape - apart
    var_change = (own * shape) ** 2 + 2.0 * apart
    slope = covariance / var_start
    # Rounding may leave a variance of zero a hair below it.
    sd_given_start = np.sqrt(np.maximum(var_change - slope * covariance, 1e-24))
    sd_start = np.sqrt(var_start)
    bounds = _bounds(posterior, measured=measured)
    first, last = _room(posterior, mcid, mean_start, sd_start, bounds)
    total = np.zeros(np.broadcast_shapes(mean_start.shape, posterior.mean_change.shape))
    for node, weight in zip(*np.polynomial.legendre.leggauss(_NODES), strict=True):
        z = first + (last - first) * (node + 1.0) / 2.0
        offset = z * sd_start
        start = mean_start + offset
        needed = (
            posterior.spec.link.forward(np.clip(posterior.spec.link.inverse(start), *bounds) + sign * mcid)
            - start
        )
        density = weight * (last - first) / 2.0 * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
        expected = posterior.mean_change + slope * offset
        total += density * special.ndtr(sign * (expected - needed) / sd_given_start)
    return np.clip(total, 0.0, 1.0)


def _bounds(posterior: Posterior, *, measured: bool) -> tuple[float, float]:
    """Return between what values a start and an end can lie: what the link allows, or can be recorded."""
    lower, upper = (float(posterior.spec.link.inverse(end)) for end in (-np.inf, np.inf))
    outcome = posterior.spec.outcome
    if measured and outcome.lower is not None:
        lower = max(lower, outcome.lower)
    if measured and outcome.upper is not None:
        upper = min(upper, outcome.upper)
    return lower, upper


def _room(
    posterior: Posterior, mcid: float, mean: Array, sd: Array, bounds: tuple[float, float]
) -> tuple[Array, Array]:
    """Return the standardised starts from which a change of the MCID towards benefit is possible at all.

    Whoever starts nearer to the bound cannot change that much: a jump in the integrand, at which the
    integral has to stop.
    """
    first, last = np.full_like(mean, -_TAIL), np.full_like(mean, _TAIL)
    sign, (lower, upper) = posterior.spec.benefit_sign, bounds
    edge = (float(posterior.spec.link.forward((lower if sign < 0 else upper) - sign * mcid)) - mean) / sd
    if np.isfinite(edge).all():
        edge = np.clip(edge, -_TAIL, _TAIL)
        first, last = (edge, last) if sign < 0 else (first, edge)
    return first, last
