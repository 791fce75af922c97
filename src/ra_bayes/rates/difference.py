"""The difference of two independent rates, each a mixture of Betas, by quadrature.

    P(X - Y <= d) = int f_Y(y) F_X(y + d) dy

over the y at which neither rate leaves (0, 1), and F_X = 1 beyond. A Beta density may be infinite at an end,
so the integral is taken by the double exponential rule (Takahasi and Mori 1974), whose nodes crowd at both
ends. No sampling; the error is below 1e-5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ra_bayes.rates.beta import BetaMixture

__all__ = ["difference_interval", "p_difference_below", "p_greater"]

type Array = NDArray[np.float64]

# exp(-pi sinh 6) is 1e-275: what lies nearer to an end than that is counted with the end.
_REACH = 6.0
# The rule's error falls like exp(-2 (pi sd / spacing)^2) and its widest spacing is 0.79 of its step, so a
# step of the narrowest part's SD is fine enough.
_WIDEST_STEP, _NARROWEST_STEP = 0.02, 0.001


def p_greater(x: BetaMixture, y: BetaMixture) -> float:
    """Return P(X > Y).

    Examples
    --------
    >>> from ra_bayes.rates.beta import beta
    >>> round(p_greater(beta(2, 1), beta(1, 1)), 9)  # E[X], since Y is uniform
    0.666666667
    """
    return 1.0 - p_difference_below(x, y, 0.0)


def p_difference_below(x: BetaMixture, y: BetaMixture, d: float) -> float:
    """Return P(X - Y <= d).

    Parameters
    ----------
    x, y
        Two independent rates.
    d
        The difference, between -1 and 1.
    """
    if abs(d) >= 1.0:
        return float(d >= 1.0)
    if len(x.parts) > len(y.parts):
        # F costs more than f, so it is taken of the one with fewer parts.
        return 1.0 - p_difference_below(y, x, -d)
    near, far, weight = _nodes(min(_narrowest(x), _narrowest(y)))
    # y runs from max(0, -d) to min(1, 1 - d); each rate and its complement keep their digits at the end
    # where they vanish.
    width = 1.0 - abs(d)
    below, above = width * near, width * far
    mass = width * weight * _density(y, max(0.0, -d) + below, max(0.0, d) + above)
    there = mass > 1e-16 * mass.sum()
    inside = float(mass[there] @ _cdf(x, max(0.0, d) + below[there], max(0.0, -d) + above[there]))
    # Where y + d > 1, X is below it for sure.
    beyond = y.p_above(1.0 - d) if d > 0.0 else 0.0
    return min(max(inside + beyond, 0.0), 1.0)


def difference_interval(x: BetaMixture, y: BetaMixture, ci_prob: float) -> tuple[float, float, float]:
    """Return the median of X - Y and the ends of its equal-tailed interval."""

    def quantile(prob: float) -> float:
        return float(optimize.brentq(lambda d: p_difference_below(x, y, d) - prob, -1.0, 1.0, xtol=1e-7))

    tail = (1.0 - ci_prob) / 2.0
    return quantile(0.5), quantile(tail), quantile(1.0 - tail)


def _narrowest(rate: BetaMixture) -> float:
    """The SD that a hundredth of the probability undercuts: parts that narrow weigh too little to matter."""
    a, b, weight = rate.arrays
    sd = np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))
    # A part with all but no chance of the event is narrow at its end, where the nodes crowd.
    wide = np.minimum(a, b) > 1.0
    order = np.argsort(sd[wide])
    reached = np.flatnonzero(np.cumsum(weight[wide][order]) > 0.01)
    return float(min(sd[wide][order][reached[0]], _WIDEST_STEP)) if reached.size else _WIDEST_STEP


def _nodes(narrowest: float) -> tuple[Array, Array, Array]:
    """Nodes of the rule on (0, 1) as distances from either end, and their weights."""
    step = max(narrowest, _NARROWEST_STEP)
    t = np.arange(-_REACH, _REACH + step / 2.0, step)
    # u = expit(pi sinh t), du = pi cosh t u (1 - u) dt
    u, other = special.expit(np.pi * np.sinh(t)), special.expit(-np.pi * np.sinh(t))
    return u, other, step * np.pi * np.cosh(t) * u * other


def _density(rate: BetaMixture, p: Array, rest: Array) -> Array:
    """Density at p, with rest = 1 - p."""
    a, b, weight = rate.arrays
    log = (a - 1.0) * np.log(p)[:, None] + (b - 1.0) * np.log(rest)[:, None] - special.betaln(a, b)
    return np.asarray(np.exp(log) @ weight)


def _cdf(rate: BetaMixture, p: Array, rest: Array) -> Array:
    """P(rate <= p), with rest = 1 - p: from the upper tail where p rounds to 1."""
    a, b, weight = rate.arrays
    left = p < 0.5
    found = np.empty_like(p)
    found[left] = special.betainc(a, b, p[left, None]) @ weight
    found[~left] = special.betaincc(b, a, rest[~left, None]) @ weight
    return found
