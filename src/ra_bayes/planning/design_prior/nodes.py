"""A distribution as equally likely nodes, and how nodes of independent quantities are paired.

The m nodes of a distribution are its means over m bins of equal probability. With F its distribution function
and M(x) = E[X; X <= x], the Lorenz curve M(F^-1(u)) gives them as differences,

    x_k = m [ M(F^-1(k / m)) - M(F^-1((k - 1) / m)) ],

so that their mean is the distribution's own. An average over the nodes of what is smooth is off by what a
curve bends within a bin; of a step, by half a node at most.

    Normal(m, s^2):   M(x) = m Phi(z) - s phi(z),  z = (x - m) / s
    Beta(a, b):       M(x) = a / (a + b) I_x(a + 1, b)

and of a mixture the weighted sum. Independent quantities are paired by lattice: node k of the first stands
with the node of the second whose rank is that of the fractional part of (k + 1/2) sqrt(p), p a prime of the
second's own (Richtmyer 1951). That is as even as a grid, and takes m nodes where a grid takes m^2.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.mixtures import BetaMixture, Normal, NormalMixture

__all__ = ["NODES", "Axis", "Distribution", "added", "beside", "equal_nodes", "shifted_rate"]

type Array = NDArray[np.float64]
type Distribution = NormalMixture | BetaMixture
type Axis = Literal[
    "between trials", "placebo", "sceptical", "level_sd", "response_sd", "correlation", "residual_sd"
]

NODES: Final = 500

_PRIMES: Final[dict[Axis, int]] = {
    "between trials": 5,
    "placebo": 2,
    "sceptical": 3,
    "level_sd": 7,
    "response_sd": 11,
    "correlation": 13,
    "residual_sd": 17,
}
# Parts of a mixture whose quantiles the Lorenz curve is drawn through.
_PARTS: Final = 8


def equal_nodes(distribution: Distribution, number: int = NODES) -> Array:
    """Return so many equally likely nodes of a distribution, rising.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM, normal
    >>> equal_nodes(UNIFORM, 4).round(6).tolist()
    [0.125, 0.375, 0.625, 0.875]
    >>> equal_nodes(normal(0, 1), 2).round(4).tolist()
    [-0.7979, 0.7979]
    """
    edges = np.arange(1, number) / number
    below, within = _lorenz(distribution, _grid(distribution, number))
    at = np.interp(edges, np.r_[0.0, below, 1.0], np.r_[0.0, within, distribution.mean])
    return np.asarray(number * np.diff(np.r_[0.0, at, distribution.mean]))


def _grid(distribution: Distribution, number: int) -> Array:
    """Return points to draw the Lorenz curve through: the bins' edges, or those of parts of a mixture."""
    first, second, weight = distribution.arrays
    order = np.argsort(first / (first + second) if isinstance(distribution, BetaMixture) else first)
    if order.size > _PARTS:
        places = (np.arange(_PARTS) + 0.5) / _PARTS
        order = order[np.minimum(np.searchsorted(np.cumsum(weight[order]), places), order.size - 1)]
    points = max(number // order.size, 64)
    edges = np.arange(1, points)[:, None] / points
    if isinstance(distribution, BetaMixture):
        return np.unique(special.betaincinv(first[order], second[order], edges))
    return np.unique(first[order] + second[order] * special.ndtri(edges))


def _lorenz(distribution: Distribution, x: Array) -> tuple[Array, Array]:
    """Return F(x) and E[X; X <= x]."""
    first, second, weight = distribution.arrays
    at = x[:, None]
    if isinstance(distribution, BetaMixture):
        mean = first / (first + second)
        return special.betainc(first, second, at) @ weight, special.betainc(first + 1.0, second, at) @ (
            weight * mean
        )
    z = (at - first) / second
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    below = special.ndtr(z)
    return below @ weight, (first * below - second * density) @ weight


def beside(nodes: Array, axis: Axis) -> Array:
    """Return rising nodes in the order in which they stand beside those of what is independent of them."""
    k = np.arange(nodes.size) + 0.5
    rank = np.argsort(np.argsort((k * np.sqrt(_PRIMES[axis])) % 1.0))
    return np.asarray(nodes[rank])


def shifted_rate(rate: Array, shift: Array) -> Array:
    """Return Phi(Phi^-1(rate) + shift): a rate moved on the probit scale."""
    inside = np.clip(rate, 1e-15, 1.0 - 1e-15)
    return np.asarray(special.ndtr(special.ndtri(inside) + shift))


def added(*terms: NormalMixture) -> NormalMixture:
    """Return the distribution of the sum of independent normal mixtures.

    Examples
    --------
    >>> from ra_bayes.mixtures import normal
    >>> added(normal(-10, 3), normal(0, 4))
    Normal(-10, 5)
    """
    total, *others = terms
    for other in others:
        total = NormalMixture(
            tuple(
                Normal(one.mean + two.mean, float(np.hypot(one.sd, two.sd)), one.weight * two.weight)
                for one in total.parts
                for two in other.parts
            )
        )
    return total
