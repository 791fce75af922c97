"""A distribution on a grid, as numerical integration leaves it: summarised, moved to another scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate

from ra_bayes.errors import RaBayesError

__all__ = ["Gridded"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gridded:
    """A distribution by the values of its density at the nodes of a smooth grid.

    The grid x_0 < x_1 < ... is a smooth function of the index i, evenly spaced or not, and `mass` is the
    density per step of the index, f(x_i) dx/di. So the integral of any smooth g is the trapezoidal sum
    over i of g(x_i) mass_i, which is accurate far beyond its order where the mass vanishes smoothly at
    both ends or is even about an end; and a monotone change of scale moves the nodes and leaves the mass.

    Parameters
    ----------
    x
        Nodes, increasing (node).
    mass
        Density per step of the index, scaled to integrate to 1 (node).
    spacing
        dx/di (node); by default that of a cubic spline through the nodes.

    Examples
    --------
    >>> z = np.linspace(-8, 8, 65)
    >>> standard = Gridded(z, np.exp(-(z**2) / 2))
    >>> round(standard.sd, 6), round(standard.quantile(0.975), 4), round(standard.map(np.exp, np.exp).mean, 4)
    (1.0, 1.96, 1.6487)
    """

    x: Array
    mass: Array
    spacing: Array | None = None

    def __post_init__(self) -> None:
        total = float(_trapezoid(self.mass).sum())
        if self.x.shape != self.mass.shape or self.x.size < 8 or not 0.0 < total < np.inf:
            raise RaBayesError("no distribution on a grid: give eight nodes or more and a mass above 0")
        object.__setattr__(self, "mass", self.mass / total)

    @cached_property
    def weights(self) -> Array:
        """Weights of the nodes as points of their own, adding up to 1 (node)."""
        return _trapezoid(self.mass)

    @cached_property
    def density(self) -> Array:
        """Density at the nodes (node)."""
        return np.asarray(self.mass / self._steps)

    @property
    def mean(self) -> float:
        """The expected value."""
        return float(self.weights @ self.x)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return float(np.sqrt(self.weights @ (self.x - self.mean) ** 2))

    def cdf(self, at: ArrayLike) -> Array:
        """Probability of a value up to each of `at`."""
        index = np.interp(np.asarray(at, dtype=float), *self._fine_nodes)
        return np.clip(self._below(index), 0.0, 1.0)

    def quantile(self, prob: float) -> float:
        """The value with probability `prob` below it."""
        if not 0.0 < prob < 1.0:
            raise RaBayesError(f"a quantile of {prob} cannot be; ask for a probability between 0 and 1")
        x, index = self._fine_nodes
        return float(np.interp(prob, np.maximum.accumulate(self._below(index)), x))

    def interval(self, ci_prob: float) -> tuple[float, float]:
        """The equal-tailed interval of probability `ci_prob`."""
        tail = (1.0 - ci_prob) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    def map(self, function: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Gridded:
        """The distribution of an increasing function of the value; `slope` is its derivative."""
        return Gridded(function(self.x), self.mass, self._steps * slope(self.x))

    @cached_property
    def _steps(self) -> Array:
        if self.spacing is not None:
            return self.spacing
        index = np.arange(self.x.size)
        return np.asarray(interpolate.CubicSpline(index, self.x)(index, 1))

    @cached_property
    def _below(self) -> Callable[[Array], Array]:
        """Probability below an index: the integral of a cubic spline through the mass."""
        integral = interpolate.CubicSpline(np.arange(self.x.size), self.mass).antiderivative()
        total = float(integral(self.x.size - 1.0))
        return lambda index: np.asarray(integral(index) / total)

    @cached_property
    def _fine_nodes(self) -> tuple[Array, Array]:
        """Nodes between the nodes, and their index."""
        index = np.linspace(0.0, self.x.size - 1.0, 32 * (self.x.size - 1) + 1)
        # Monotone, as the nodes are.
        return np.asarray(interpolate.PchipInterpolator(np.arange(self.x.size), self.x)(index)), index


def _trapezoid(mass: Array) -> Array:
    weights = mass.copy()
    weights[[0, -1]] /= 2.0
    return weights
