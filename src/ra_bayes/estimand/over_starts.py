"""The share of new patients who reach a value that depends on where they start, by quadrature over starts.

Let W be the start and D the change, both on the link's scale and jointly normal:

    true values:      W = A,        D = f + b r
    recorded values:  W = A + e_0,  D = f + b r + e_t - e_0        e ~ N(0, residual_sd^2)

with e_0 and e_t independent or, where residuals are AR(1), correlated by the weeks between them. Who starts
at the value g^-1(W) has to reach another one, hence s D >= s q(W), s the sign of benefit. D | W is normal:

    Pr(reached) = E_W[ Phi( s (E[D | W] - q(W)) / SD(D | W) ) ],      q(W) = g(value to reach) - W.

The expectation is by Gauss-Legendre quadrature over the starts from which it is possible at all. The
integrand bends where a bound of the scale stops the start, and where SD(D | W) is small Phi is all but a step
at the start at which the expected change is the one needed. Under a curved link there may be two such starts,
one on either side of where the change has most to spare. So what lies between the bends and that place is
integrated by itself, with a panel of its own for the step.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior

__all__ = ["share_reaching", "value_bounds"]

type Array = NDArray[np.float64]

_NODES = 48
# Standard normal mass beyond is 1e-15.
_TAIL = 8.0
# Widths of the step on each side of it that its panel holds.
_STEP = 6.0
# Starts of less mass are left out.
_NEGLIGIBLE = 1e-13
# Leave the step's place open by 1e-13 SDs of the starts: less than its width where patients do not differ.
_HALVINGS = 48


def value_bounds(posterior: Posterior, *, measured: bool) -> tuple[float, float]:
    """Return between what values a start and an end can lie: what the link allows, or can be recorded."""
    lower, upper = (float(posterior.spec.link.inverse(end)) for end in (-np.inf, np.inf))
    outcome = posterior.spec.outcome
    if measured and outcome.lower is not None:
        lower = max(lower, outcome.lower)
    if measured and outcome.upper is not None:
        upper = min(upper, outcome.upper)
    return lower, upper


def share_reaching(
    posterior: Posterior, needed: Callable[[Array], Array], starts: tuple[float, float], *, measured: bool
) -> Array:
    """Return the share of new patients who reach the value they need, per draw and visit.

    Parameters
    ----------
    posterior
        Draws of a fit.
    needed
        The value to reach from a value at the start.
    starts
        Between what values a start leaves room for it; infinite where only the scale ends them, beyond whose
        bounds a start is the bound.
    measured
        Whether of recorded values, noise in both, within the outcome's bounds; otherwise of true ones.

    Returns
    -------
    ndarray
        Shape (..., visit), between 0 and 1.
    """
    mean, between, own, rho, noise = (
        posterior.scalars[name][..., None]
        for name in ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
    )
    own, noise = own * posterior.shape, noise if measured else 0.0 * noise
    sd = np.sqrt(between**2 + noise**2)
    apart = noise**2 * (1.0 - posterior.residual_correlation)
    covariance = rho * between * own - apart
    slope = covariance / sd**2
    # Rounding may leave a variance of zero a hair below it.
    left = np.sqrt(np.maximum(own**2 + 2.0 * apart - slope * covariance, 1e-24))
    shape = np.broadcast_shapes(mean.shape, posterior.mean_change.shape, left.shape)
    given = (np.broadcast_to(each, shape).ravel() for each in (mean, sd, posterior.mean_change, slope, left))
    people = _Starts(posterior, needed, value_bounds(posterior, measured=measured), *given)
    first, last = (people.place(value) for value in starts)
    bends = [np.clip(people.place(end), first, last) for end in people.bounds if math.isfinite(end)]
    if posterior.spec.link.name != "identity":
        bends.append(_peak(people, first, last))
    total = np.zeros(people.mean.size)
    for begin, end in itertools.pairwise(np.sort(np.stack([first, last, *bends]), axis=0)):
        some = special.ndtr(end) - special.ndtr(begin) > _NEGLIGIBLE
        if some.any():
            total[some] += _piece(people.of(some), begin[some], end[some])
    return np.clip(total.reshape(shape), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Starts:
    """Starts W = mean + z SD of new patients and the change expected from each: an entry a draw and visit."""

    posterior: Posterior
    needed: Callable[[Array], Array]
    bounds: tuple[float, float]
    mean: Array
    sd: Array
    change: Array
    slope: Array
    left: Array

    def of(self, some: NDArray[np.bool_]) -> _Starts:
        """Return some of the entries."""
        names = ("mean", "sd", "change", "slope", "left")
        return replace(self, **{name: getattr(self, name)[some] for name in names})

    def place(self, value: float) -> Array:
        """Return the z of a value; not every link has a place for what is infinite."""
        latent = self.posterior.spec.link.forward(value) if math.isfinite(value) else value
        return np.asarray(np.clip((latent - self.mean) / self.sd, -_TAIL, _TAIL))

    def spare(self, z: Array) -> Array:
        """Return how far the expected change goes beyond the one needed, counted towards benefit."""
        link, start = self.posterior.spec.link, self.mean + z * self.sd
        # Rounding may leave what is needed a hair beyond the scale, where the link has no value.
        needed = np.clip(self.needed(np.clip(link.inverse(start), *self.bounds)), *self.bounds)
        target = link.forward(needed)
        further = self.change + self.slope * z * self.sd - target + start
        return np.asarray(self.posterior.spec.benefit_sign * further)


def _peak(people: _Starts, low: Array, high: Array) -> Array:
    """Return where there is most to spare; it falls to either side, each of which has one step at most."""
    for _ in range(20):
        near, far = low + 0.48 * (high - low), low + 0.52 * (high - low)
        rises = people.spare(far) > people.spare(near)
        low, high = np.where(rises, near, low), np.where(rises, high, far)
    return 0.5 * (low + high)


def _piece(people: _Starts, begin: Array, end: Array) -> Array:
    """Return the integral between two bends."""
    total = np.zeros(begin.size)
    for low, high in itertools.pairwise([begin, *_around_step(people, begin, end), end]):
        if (some := high > low).any():
            total[some] += _panel(people.of(some), low[some], high[some])
    return total


def _panel(people: _Starts, low: Array, high: Array) -> Array:
    total = np.zeros(low.size)
    for node, weight in zip(*np.polynomial.legendre.leggauss(_NODES), strict=True):
        z = low + (high - low) * (node + 1.0) / 2.0
        density = weight * (high - low) / 2.0 * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
        total += density * special.ndtr(people.spare(z) / people.left)
    return total


def _around_step(people: _Starts, first: Array, last: Array) -> tuple[Array, Array]:
    """Return the ends of the panel that holds the step of Phi, by bisection."""
    low, high = first, last
    rises = people.spare(high) > people.spare(low)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        over = (people.spare(middle) > 0.0) == rises
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = people.spare(np.minimum(low + 1e-4, last)) - people.spare(np.maximum(low - 1e-4, first))
        width = np.where(rise != 0.0, _STEP * people.left * 2e-4 / np.abs(rise), 2.0 * _TAIL)
    return np.clip(low - width, first, last), np.clip(low + width, first, last)
