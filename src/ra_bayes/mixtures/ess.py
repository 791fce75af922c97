"""Effective sample size: how many patients of the new arm a prior is worth.

By the expected local information ratio (elir; Neuenschwander, Weber, Schmidli, O'Hagan 2020),

    ESS = E[ i(theta) / i_F(theta) ]        i = -(log prior)''

with i_F the Fisher information of one patient: the average over the prior of its curvature, in units of
1 / (p (1 - p)) of a rate p, 1 / sigma^2 of a mean, 1 / rate of an event rate per unit
of exposure. It is predictively consistent: expected after m more patients it is m more. By moments, ESS
is that of the one conjugate part with the prior's mean and SD: smaller where tails are long.

With r_k the share of part k at theta and g_k, h_k the first two derivatives of its log density,

    i = (sum_k r_k g_k)^2 - sum_k r_k (g_k^2 + h_k)

integrated by the double exponential rule, and over means by the trapezoidal one. No sampling.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures.beta import BetaMixture
from ra_bayes.mixtures.gamma import GammaMixture
from ra_bayes.mixtures.mix import Mixture
from ra_bayes.mixtures.normal import NormalMixture
from ra_bayes.mixtures.quadrature import unit_interval_nodes

__all__ = ["effective_sample_size"]

type Array = NDArray[np.float64]

_COARSEST, _FINEST = 0.01, 2e-4
_MOST_NODES = 400_000


def effective_sample_size(
    prior: Mixture, *, method: Literal["elir", "moment"] = "elir", sigma: float | None = None
) -> float:
    """Return what a prior is worth, in patients; of an event rate in units of exposure.

    Parameters
    ----------
    prior
        Of a rate, a mean or an event rate.
    method
        ``"elir"`` or ``"moment"``.
    sigma
        Of a mean: the SD of one patient.

    Raises
    ------
    RaBayesError
        If `sigma` is missing, or elir does not exist: with a or b below 1 a part's density is infinite at an
        end, and so is the average; of a prior with its mass in several places it may be negative.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM, beta, gamma, mix, normal
    >>> round(effective_sample_size(beta(5, 15)), 6)
    20.0
    >>> robust = mix((0.8, beta(10, 2)), (0.2, UNIFORM))
    >>> [round(effective_sample_size(robust, method=method), 1) for method in ("elir", "moment")]
    [7.7, 3.2]
    >>> round(effective_sample_size(normal(-49, 20), sigma=88), 2)
    19.36
    >>> round(effective_sample_size(gamma(4, 20)), 6)
    20.0
    """
    if method not in ("elir", "moment"):
        raise RaBayesError(f"no effective sample size by {method!r}; write elir or moment")
    if isinstance(prior, NormalMixture):
        if sigma is None or not 0.0 < sigma < math.inf:
            raise RaBayesError(
                "what a prior of a mean is worth depends on the SD of one patient; give it as sigma, above 0"
            )
        return sigma**2 / prior.sd**2 if method == "moment" else sigma**2 * _elir_of_mean(prior)
    if method == "moment":
        return prior.ess
    a, b, weight = prior.arrays
    wrong = (a < 1.0) | (b < 1.0) if isinstance(prior, BetaMixture) else a < 1.0
    if (wrong & (weight > 0.0)).any():
        raise RaBayesError(
            f"elir does not exist for {prior!r}, a part of which is infinite at an end; write method='moment'"
        )
    found = _elir_of_rate(prior) if isinstance(prior, BetaMixture) else _elir_of_event_rate(prior)
    if found < 0.0:
        raise RaBayesError(
            f"by elir {prior!r} is worth less than nothing: it has its mass in several places; "
            "write method='moment'"
        )
    return found


def _elir_of_rate(prior: BetaMixture) -> float:
    a, b, weight = prior.arrays
    near, far, step = unit_interval_nodes(_step(np.sqrt(1.0 / a + 1.0 / b), np.log(a / b)))
    x, rest = near[:, None], far[:, None]
    log = (a - 1.0) * np.log(x) + (b - 1.0) * np.log(rest) - special.betaln(a, b)
    # Derivatives times x (1 - x), which is 1 / i_F.
    slope = (a - 1.0) * rest - (b - 1.0) * x
    curve = (a - 1.0) * rest**2 + (b - 1.0) * x**2
    return _expected(np.exp(log) * weight, slope, curve, step / (near * far))


def _elir_of_event_rate(prior: GammaMixture) -> float:
    a, b, weight = prior.arrays
    centre = np.log(a / b)
    middle = float(weight @ centre)
    near, far, step = unit_interval_nodes(_step(1.0 / np.sqrt(a), centre - middle))
    x = math.exp(middle) * near / far
    at = x[:, None]
    log = a * np.log(b) - special.gammaln(a) + (a - 1.0) * np.log(at) - b * at
    # Derivatives times x, which is 1 / i_F; dx = x du / (u (1 - u)).
    slope, curve = (a - 1.0) - b * at, np.broadcast_to(a - 1.0, log.shape)
    return _expected(np.exp(log) * weight, slope, curve, step / (near * far))


def _elir_of_mean(prior: NormalMixture) -> float:
    mean, sd, weight = prior.arrays
    low, high = float((mean - 9.0 * sd).min()), float((mean + 9.0 * sd).max())
    number = min(math.ceil((high - low) / (0.25 * float(sd.min()))), _MOST_NODES)
    x = np.linspace(low, high, number + 1)[:, None]
    z = (x - mean) / sd
    density = np.exp(-0.5 * z**2) / (sd * math.sqrt(2.0 * math.pi)) * weight
    steps = np.full(number + 1, (high - low) / number)
    return _expected(density, -z / sd, np.broadcast_to(sd**-2.0, z.shape), steps)


def _expected(density: Array, slope: Array, curve: Array, step: Array) -> float:
    """Integral of p i / i_F: densities of the parts by their weights, slopes g, minus curvatures h."""
    total = density.sum(axis=1)
    there = total > 0.0
    share = density[there] / total[there, None]
    spread = (share * slope[there] ** 2).sum(axis=1) - (share * slope[there]).sum(axis=1) ** 2
    return float((total[there] * step[there]) @ ((share * curve[there]).sum(axis=1) - spread))


def _step(width: Array, centre: Array) -> float:
    """A step with nodes at most two fifths of the narrowest part's SD apart, on the scale of log odds."""
    finest = float((0.4 * width / np.hypot(math.pi, centre)).min())
    return min(max(finest, _FINEST), _COARSEST)
