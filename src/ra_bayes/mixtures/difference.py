"""The difference of two independent rates, each a mixture of Betas, by quadrature.

    P(X - Y <= d) = int f_Y(y) F_X(y + d) dy

over the y at which neither rate leaves (0, 1), and F_X = 1 beyond. A Beta density may be infinite at an
end, so the integral is taken by the double exponential rule (:mod:`~ra_bayes.mixtures.quadrature`). No
sampling; the error is below 1e-5.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.mixtures.beta import BetaMixture
from ra_bayes.mixtures.quadrature import unit_interval_nodes

__all__ = ["difference_interval", "p_difference_below", "p_greater"]

type Array = NDArray[np.float64]

# The rule's error falls like exp(-2 (pi sd / spacing)^2) and its widest spacing is 0.79 of its step, so a
# step of the narrowest part's SD is fine enough.
_WIDEST_STEP, _NARROWEST_STEP = 0.02, 0.001


def p_greater(x: BetaMixture, y: BetaMixture) -> float:
    """Return P(X > Y).

    Parameters
    ----------
    x, y
        Two independent rates, such as of a treated and of a control arm.

    Raises
    ------
    RaBayesError
        If either is no rate.

    Examples
    --------
    >>> from ra_bayes.mixtures.beta import beta
    >>> round(p_greater(beta(2, 1), beta(1, 1)), 9)  # E[X], since Y is uniform
    0.666666667
    """
    return p_difference_below(y, x, 0.0)


def p_difference_below(x: BetaMixture, y: BetaMixture, d: float) -> float:
    """Return P(X - Y <= d).

    Parameters
    ----------
    x, y
        Two independent rates.
    d
        The difference, between -1 and 1.

    Raises
    ------
    RaBayesError
        If either is no rate.

    Examples
    --------
    >>> from ra_bayes.mixtures.beta import UNIFORM
    >>> round(p_difference_below(UNIFORM, UNIFORM, 0.5), 9)  # 1 - 0.5^2 / 2
    0.875
    """
    _check_rates(x, y)
    if abs(d) >= 1.0:
        return float(d >= 1.0)
    step = _step(x, y, shifted=d != 0.0)
    near, far, weight = unit_interval_nodes(step)
    if d == 0.0:
        # Many rates are compared with the same historical one.
        return min(float((weight * _density(y, near, far)) @ _cdf_at_nodes(x, step)), 1.0)
    if len(x.parts) > len(y.parts):
        # F costs more than f, so it is taken of the one with fewer parts.
        return 1.0 - p_difference_below(y, x, -d)
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


# The prior's difference is the same for every arm that is compared with a control arm.
@lru_cache(maxsize=16)
def difference_interval(x: BetaMixture, y: BetaMixture, ci_prob: float) -> tuple[float, float, float]:
    """Return the median of X - Y and the ends of its equal-tailed interval.

    Parameters
    ----------
    x, y
        Two independent rates.
    ci_prob
        Probability that the interval holds the difference.

    Raises
    ------
    RaBayesError
        If either is no rate, or the probability of the interval none.

    Examples
    --------
    >>> from ra_bayes.mixtures.beta import UNIFORM
    >>> _, low, high = difference_interval(UNIFORM, UNIFORM, 0.90)
    >>> round(low, 4), round(high, 4)  # -+(1 - 0.1^0.5)
    (-0.6838, 0.6838)
    """
    _check_rates(x, y)
    if not 0.0 < ci_prob < 1.0:
        raise RaBayesError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    if len(x.parts) > len(y.parts):
        median, lower, upper = difference_interval(y, x, ci_prob)
        return -median, -upper, -lower
    near, far, weight = unit_interval_nodes(_step(x, y, shifted=True))
    mass = weight * _density(y, near, far)

    def roughly_below(d: float) -> float:
        # With the nodes left where they are, blind to the kink where y + d leaves (0, 1).
        return float(mass @ _cdf(x, np.clip(near + d, 0.0, 1.0), np.clip(far - d, 0.0, 1.0)))

    def quantile(prob: float) -> float:
        near_by = float(optimize.brentq(lambda d: roughly_below(d) - prob, -1.0, 1.0, xtol=1e-5))

        def excess(d: float) -> float:
            return p_difference_below(x, y, d) - prob

        low, high = near_by - 1e-4, near_by + 1e-4
        if excess(low) > 0.0 or excess(high) < 0.0:
            low, high = -1.0, 1.0
        return float(optimize.brentq(excess, low, high, xtol=1e-6))

    tail = (1.0 - ci_prob) / 2.0
    return quantile(0.5), quantile(tail), quantile(1.0 - tail)


def _check_rates(*rates: BetaMixture) -> None:
    for each in rates:
        check_type(each, BetaMixture, "a rate", "make one with rb.mixtures.beta(a, b)")


def _step(x: BetaMixture, y: BetaMixture, *, shifted: bool) -> float:
    """The widest step halved until it is fine enough, so that similar rates share their nodes.

    Unless `shifted` by a difference, the nodes crowd where rates near 0 and 1 are narrow.
    """
    narrowest = min(_narrowest(x, shifted), _narrowest(y, shifted))
    halvings = math.ceil(math.log2(_WIDEST_STEP / max(narrowest, _NARROWEST_STEP)))
    return float(_WIDEST_STEP / 2.0**halvings)


def _narrowest(rate: BetaMixture, shifted: bool) -> float:
    """The SD that a hundredth of the probability undercuts: parts that narrow weigh too little to matter.

    In units of the spacing of the nodes there, or where they are widest.
    """
    a, b, weight = rate.arrays
    sd = np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))
    if not shifted:
        mean = a / (a + b)
        # The derivative of u(t), over what it is at u = 1/2.
        sd /= mean * (1.0 - mean) * np.hypot(np.pi, special.logit(mean)) / (np.pi / 4.0)
    # A part with all but no chance of the event is narrow at its end, where the nodes crowd.
    wide = np.minimum(a, b) > 1.0
    order = np.argsort(sd[wide])
    reached = np.flatnonzero(np.cumsum(weight[wide][order]) > 0.01)
    return float(min(sd[wide][order][reached[0]], _WIDEST_STEP)) if reached.size else _WIDEST_STEP


def _density(rate: BetaMixture, p: Array, rest: Array) -> Array:
    """Density at p, with rest = 1 - p."""
    a, b, weight = rate.arrays
    log = (a - 1.0) * np.log(p)[:, None] + (b - 1.0) * np.log(rest)[:, None] - special.betaln(a, b)
    return np.asarray(np.exp(log) @ weight)


@lru_cache(maxsize=8)
def _cdf_at_nodes(rate: BetaMixture, step: float) -> Array:
    near, far, _ = unit_interval_nodes(step)
    return _cdf(rate, near, far)


def _cdf(rate: BetaMixture, p: Array, rest: Array) -> Array:
    """P(rate <= p), with rest = 1 - p: from the upper tail where p rounds to 1."""
    a, b, weight = rate.arrays
    left = p < 0.5
    found = np.empty_like(p)
    found[left] = special.betainc(a, b, p[left, None]) @ weight
    found[~left] = special.betaincc(b, a, rest[~left, None]) @ weight
    return found
