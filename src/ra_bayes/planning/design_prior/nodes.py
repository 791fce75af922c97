"""A distribution as equally likely nodes, and how nodes of independent quantities are paired.

The m nodes of a distribution are its means over m bins of equal probability. With F its distribution function
and M(x) = E[X; X <= x], the Lorenz curve M(F^-1(u)) gives them as differences,

    x_k = m [ M(F^-1(k / m)) - M(F^-1((k - 1) / m)) ],

so that their mean is the distribution's own. An average over the nodes of what is smooth is off by what a
curve bends within a bin; of a step, by half a node at most.

    Normal(m, s^2):   M(x) = m Phi(z) - s phi(z),  z = (x - m) / s
    Beta(a, b):       M(x) = a / (a + b) I_x(a + 1, b)

and of a mixture the weighted sum. Independent quantities are paired by a rank-1 lattice (Korobov 1959): node
k of the first stands with node k g mod m of the second, both counted from the middle one, g a number of the
second's own. That takes m nodes where a grid takes m^2. m = 1009 and the g below were searched for small
errors of moments and of normal distribution functions of two.
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

NODES: Final = 1009

_GENERATORS: Final[dict[Axis, int]] = {
    "between trials": 160,
    "placebo": 309,
    "sceptical": 374,
    "level_sd": 559,
    "response_sd": 375,
    "correlation": 648,
    "residual_sd": 469,
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
    mixture = _heaviest(distribution)
    edges = np.arange(1, number) / number
    x = _grid(mixture, number)
    below, within = _lorenz(mixture, x)
    if len(mixture.parts) > 1:
        # Once more, at where the bins' edges seem to be.
        below, within = _lorenz(mixture, np.interp(edges, below, x))
    at = np.interp(edges, np.r_[0.0, below, 1.0], np.r_[0.0, within, mixture.mean])
    return np.asarray(number * np.diff(np.r_[0.0, at, mixture.mean]))


def _heaviest(mixture: Distribution) -> Distribution:
    """Leave out the lightest parts of a mixture of many, 1e-5 of its weight in all."""
    *_, weight = mixture.arrays
    order = np.argsort(weight)
    kept = np.sort(order[np.cumsum(weight[order]) > 1e-5])
    return type(mixture)(tuple(mixture.parts[k] for k in kept))


def _grid(distribution: Distribution, number: int) -> Array:
    """Return points to draw the Lorenz curve through: the bins' edges, or those of parts of a mixture."""
    first, second, weight = distribution.arrays
    order = np.argsort(first / (first + second) if isinstance(distribution, BetaMixture) else first)
    if order.size > _PARTS:
        places = np.linspace(0.0, 1.0, _PARTS)
        order = order[np.minimum(np.searchsorted(np.cumsum(weight[order]), places), order.size - 1)]
    edges = np.arange(1, number) / number if order.size == 1 else np.arange(1, 40) / 40.0
    if isinstance(distribution, BetaMixture):
        return np.unique(special.betaincinv(first[order], second[order], edges[:, None]))
    return np.unique(first[order] + second[order] * special.ndtri(edges[:, None]))


def _lorenz(distribution: Distribution, x: Array) -> tuple[Array, Array]:
    """Return F(x) and E[X; X <= x]; I_x(a + 1, b) = I_x(a, b) - x^a (1 - x)^b / (a B(a, b))."""
    first, second, weight = distribution.arrays
    at = x[:, None]
    if isinstance(distribution, BetaMixture):
        below = special.betainc(first, second, at)
        log = special.xlogy(first, at) + special.xlog1py(second, -at) - special.betaln(first, second)
        return below @ weight, (below * first - np.exp(log)) @ (weight / (first + second))
    z = (at - first) / second
    below = special.ndtr(z)
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return below @ weight, (first * below - second * density) @ weight


def beside(nodes: Array, axis: Axis) -> Array:
    """Return rising nodes in the order in which they stand beside those of what is independent of them."""
    middle = (NODES - 1) // 2
    # Other numbers of nodes are those of draws, in whose order there is no order: any even pairing will do.
    place = ((np.arange(nodes.size) - middle) * _GENERATORS[axis] + middle) % NODES
    rank = np.argsort(np.argsort(place, kind="stable"), kind="stable")
    return np.asarray(nodes[rank])


def shifted_rate(rate: Array, shift: Array, scale: Literal["link", "log-odds"] = "link") -> Array:
    """Return a rate moved on the probit, Phi(Phi^-1(rate) + shift), or on the log-odds."""
    inside = np.clip(rate, 1e-15, 1.0 - 1e-15)
    if scale == "log-odds":
        return np.asarray(special.expit(special.logit(inside) + shift))
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
