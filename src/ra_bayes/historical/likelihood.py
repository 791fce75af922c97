"""What one historical arm says of the mean of its kind: its likelihood with its own parameter integrated out.

Arm j has a parameter theta_j on the link's scale: log odds of a rate, a mean, the log of an event rate. Of it

    binary     r of n patients                  log p = r theta - n log(1 + exp theta)
    gaussian   an estimate y, standard error s  log p = -((y - theta) / s)^2 / 2
    poisson    r events in an exposure e        log p = r theta - e exp theta

up to a constant. Arms differ, theta_j ~ Normal(mu, tau^2), and what remains of arm j is

    L_j(mu, tau) = int p(y_j | theta) Normal(theta; mu, tau^2) dtheta

closed for an estimate. For a count it is the trapezoidal rule on evenly spaced nodes: over theta = mu +
tau z where the normal is the narrower of the two factors, over theta itself where the likelihood is. With
a spacing of half the SD of the narrower one its error is below 1e-9 for factors as smooth as these
(Trefethen and Weideman 2014), and all terms are positive, so that no digits are lost where arms disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError

__all__ = ["Arm", "Family", "arms_of", "log_marginal", "out_of_reach"]

type Array = NDArray[np.float64]
type Family = Literal["binary", "gaussian", "poisson"]

_Z = np.arange(-8.5, 8.75, 0.5)
_LOG_NORMAL_Z = -0.5 * _Z**2 - 0.5 * math.log(2.0 * math.pi) + math.log(0.5)
# Where the log likelihood has fallen by so much it does not count.
_NEGLIGIBLE = 200.0
# The likelihood of no event falls off within a unit of the link's scale, however wide it is.
_WIDEST = 0.8


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm on the link's scale.

    Parameters
    ----------
    centre, width
        Roughly the most likely theta, and the SD of the likelihood.
    low, high
        Where the likelihood is not negligible; infinite where it never is.
    log_likelihood
        Of theta; 0 at `centre`.
    normal
        Whether it is exactly that of a normal estimate.
    """

    centre: float
    width: float
    low: float
    high: float
    log_likelihood: Callable[[Array], Array]
    normal: bool


def arms_of(family: Family, arms: Sequence[tuple[float, float]]) -> list[Arm]:
    """Return the arms, checked.

    Raises
    ------
    RaBayesError
        If there is none, the family is unknown or an arm's two numbers cannot be.
    """
    if family not in _MAKERS:
        raise RaBayesError(f"no family {family!r}; write binary, gaussian or poisson")
    what, possible, make = _MAKERS[family]
    if not arms:
        raise RaBayesError(f"a prior from other trials needs an arm; of each give {what}")
    if odd := [each for each in arms if np.shape(each) != (2,)]:
        raise RaBayesError(f"an arm is told by two numbers, not by {odd[0]!r}; of each give {what}")
    if wrong := [f"({y:g}, {size:g})" for y, size in arms if not possible(y, size)]:
        raise RaBayesError(f"these arms cannot be: {', '.join(wrong)}; of each give {what}")
    return [make(float(y), float(size)) for y, size in arms]


def log_marginal(arm: Arm, mu: Array, tau: float) -> Array:
    """Log L(mu, tau) of one arm, up to a constant: (mu)."""
    if arm.normal:
        spread = arm.width**2 + tau**2
        return np.asarray(-0.5 * ((mu - arm.centre) ** 2 / spread + math.log(spread)))
    if tau <= arm.width:
        log = arm.log_likelihood(mu[:, None] + tau * _Z) + _LOG_NORMAL_Z
    else:
        # The likelihood of no event, or of nothing but events, goes on for ever; the normal does not.
        reach = 8.5 * tau + 10.0 * arm.width
        low = arm.low if math.isfinite(arm.low) else min(float(mu.min()), arm.centre) - reach
        high = arm.high if math.isfinite(arm.high) else max(float(mu.max()), arm.centre) + reach
        step = 0.5 * min(arm.width, _WIDEST)
        theta = np.arange(low, high + step, step)
        scale = math.log(step / tau) - 0.5 * math.log(2.0 * math.pi)
        log = arm.log_likelihood(theta) - 0.5 * ((theta - mu[:, None]) / tau) ** 2 + scale
    most = log.max(axis=1)
    return np.asarray(most + np.log(np.exp(log - most[:, None]).sum(axis=1)))


def out_of_reach(arm: Arm, mu: float, tau: float) -> bool:
    """Whether the likelihood is so small there that what was left out of it might matter."""
    return not arm.normal and float(log_marginal(arm, np.array([mu]), tau)[0]) < -0.75 * _NEGLIGIBLE


def _binary(r: float, n: float) -> Arm:
    width = math.sqrt(1.0 / (r + 0.5) + 1.0 / (n - r + 0.5))
    centre = math.log((r + 0.5) / (n - r + 0.5))
    return _counted(centre, width, lambda theta: r * theta - n * np.logaddexp(0.0, theta))


def _poisson(r: float, exposure: float) -> Arm:
    centre, width = math.log((r + 0.5) / exposure), 1.0 / math.sqrt(r + 0.5)
    return _counted(centre, width, lambda theta: r * theta - exposure * np.exp(np.minimum(theta, 700.0)))


def _gaussian(estimate: float, se: float) -> Arm:
    return Arm(
        estimate, se, -math.inf, math.inf, lambda theta: -0.5 * ((theta - estimate) / se) ** 2, normal=True
    )


def _counted(centre: float, width: float, log: Callable[[Array], Array]) -> Arm:
    most = float(log(np.array(centre)))

    def log_likelihood(theta: Array) -> Array:
        return log(theta) - most

    def end(sign: float) -> float:
        # Log likelihoods of counts are concave: once negligible, always so.
        for reach in 20.0 * width * 1.5 ** np.arange(10.0):
            if float(log_likelihood(np.array(centre + sign * reach))) < -_NEGLIGIBLE:
                return centre + sign * float(reach)
        return sign * math.inf

    return Arm(centre, width, end(-1.0), end(1.0), log_likelihood, normal=False)


_MAKERS: dict[str, tuple[str, Callable[[float, float], bool], Callable[[float, float], Arm]]] = {
    "binary": (
        "patients with the event and patients (r, n), r from 0 to n",
        lambda r, n: 0 <= r <= n < math.inf and n > 0,
        _binary,
    ),
    "gaussian": (
        "an estimate and its standard error above 0",
        lambda y, se: math.isfinite(y) and 0.0 < se < math.inf,
        _gaussian,
    ),
    "poisson": (
        "a count of at least 0 and an exposure above 0",
        lambda r, e: 0 <= r < math.inf and 0.0 < e < math.inf,
        _poisson,
    ),
}
