"""The design with known SDs: all is normal, and what it would do is closed or a one-dimensional recursion.

The estimate m is then the generalised least squares estimate, Normal(effect, v) with v of :mod:`.posterior`
at the true SDs. Pr(effect > c | data) >= p is m >= b with

    b = v [ (c + z_p sqrt(u)) / u - m0 / s^2 ],        u = 1 / (1/v + 1/s^2),        z_p = Phi^-1(p),

under a Normal(m0, s^2) prior, and b = c + z_p sqrt(v) under a flat one. The predictive probability of
success at the final analysis, where v becomes v' and u becomes u', is

    Phi( (posterior mean - c - z_p sqrt(u')) / sqrt(u - u') ),

which is at least p' when the posterior mean is at least c + z_p sqrt(u') + z_p' sqrt(u - u').

Over the looks of one trial, m_k / v_k is a Brownian motion with drift `effect` at the times 1 / v_k
(Jennison and Turnbull 1997, JASA 92:1330), so the chances of stopping follow by recursive integration
(Armitage, McPherson and Rowe 1969).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.longitudinal.covariance import Factors
from ra_bayes.planning.longitudinal.statistics import Statistics, inverse_sum
from ra_bayes.planning.rule import Criterion

__all__ = [
    "Limits",
    "boundary",
    "crossing_probabilities",
    "direction",
    "end_probabilities",
    "estimate",
    "estimate_variance",
    "limits",
    "side_of",
]

type Array = NDArray[np.float64]
type Criteria = tuple[Criterion, ...]

# Numbers held at once by the recursion: what is worked on stays in the cache, and in memory.
_MEMORY = 500_000


class Limits(NamedTuple):
    """Estimates that are a success at a look, and those that are no futility: two intervals' ends (...)."""

    success: tuple[Array, Array]
    going_on: tuple[Array, Array]


def estimate_variance(of: Factors, n: Array) -> Array:
    """Return the variance v of the estimate, for patients n (..., arm, visit); inf where an arm has none."""
    loading = of.last.copy()
    loading[..., 0] = 0.0 if n.shape[-2] == 2 else loading[..., 0] - 1.0
    # Baseline of two arms does not count, however many there are.
    parts = np.where(loading == 0.0, 0.0, loading**2 * of.d)
    inverse = np.where(parts == 0.0, 0.0, inverse_sum(n))
    return np.asarray((parts * inverse).sum(axis=-1))


def estimate(data: Statistics, of: Factors) -> Array:
    """Return the generalised least squares estimate of the effect at one V, or at each trial's own
    (trial)."""
    contrast, found = data.contrast, np.zeros(data.trials)
    for j in range(0 if data.arms == 1 else 1, data.visits):
        at = j * (j + 1) // 2
        loading = of.last[..., j] - (1.0 if j == 0 else 0.0)
        found += loading * (contrast[:, at : at + j + 1] * of.a[..., j, : j + 1]).sum(axis=-1)
    return found


def boundary(
    criterion: Criterion,
    variance: Array,
    effect: tuple[float, float] | None,
    final: tuple[Array, Criteria] | None = None,
) -> Array:
    """Return the estimate at which a criterion's probability is its cut-off.

    Parameters
    ----------
    criterion
        Its threshold on the link's scale.
    variance
        v (...).
    effect
        Prior of the effect, None for flat.
    final
        v and the success criteria of the final analysis, which a predictive criterion asks for.
    """
    m0, precision = (0.0, 0.0) if effect is None else (effect[0], effect[1] ** -2.0)
    with np.errstate(divide="ignore"):
        # An arm that nobody is left in has an infinite variance.
        u = 1.0 / (1.0 / variance + precision)
    if criterion.basis == "posterior":
        mean = criterion.threshold + side_of(criterion) * special.ndtri(criterion.probability) * np.sqrt(u)
    else:
        if final is None:
            raise RaBayesError(
                "a predictive criterion is asked at the final analysis; ask it at interim looks only"
            )
        last, success = final
        sign = direction(success)
        u_last = 1.0 / (1.0 / last + precision)
        needed = np.max(
            [
                sign * each.threshold + special.ndtri(each.probability) * np.sqrt(u_last)
                for each in success
                if each.basis == "posterior"
            ],
            axis=0,
        )
        step = np.sqrt(np.maximum(u - np.minimum(u, u_last), 0.0))
        mean = sign * (needed + special.ndtri(criterion.probability) * step)
    if effect is None:
        return np.asarray(mean)
    # An estimate of nothing weighs nothing: its boundary is out of reach.
    return np.asarray(np.where(np.isinf(variance), np.inf, variance * (mean / u - m0 * precision)))


def side_of(criterion: Criterion) -> float:
    """Return 1 for above, -1 for below."""
    return 1.0 if criterion.direction == "above" else -1.0


def direction(criteria: Criteria) -> float:
    """Return the side of success, 1 above and -1 below, or say that there is none."""
    sides = {each.direction for each in criteria if each.basis == "posterior"}
    if len(sides) != 1:
        raise RaBayesError(
            "the success criteria of the final analysis look both above and below; a predictive probability "
            "needs one side"
        )
    return 1.0 if sides == {"above"} else -1.0


def limits(success: list[tuple[float, Array]], futility: list[tuple[float, Array]], like: Array) -> Limits:
    """Return the intervals of success and of no futility, from criteria as (side, boundary).

    Success needs every criterion, going on needs that no criterion of futility holds. Without criteria of
    success nothing is one.
    """
    low, high = np.full_like(like, -np.inf if success else np.inf), np.full_like(like, np.inf)
    for side, at in success:
        low, high = (np.maximum(low, at), high) if side > 0.0 else (low, np.minimum(high, at))
    least, most = np.full_like(like, -np.inf), np.full_like(like, np.inf)
    for side, at in futility:
        least, most = (np.maximum(least, at), most) if side > 0.0 else (least, np.minimum(most, at))
    return Limits((low, high), (least, most))


def end_probabilities(of: Limits, effect: ArrayLike, variance: Array) -> tuple[Array, Array]:
    """Return the chances of success, and of futility without success, at one look (trial)."""
    at = np.asarray(effect, dtype=float)
    sd = np.sqrt(np.where(np.isfinite(variance), variance, 1.0))

    def between(low: Array, high: Array) -> Array:
        return np.asarray(np.maximum(special.ndtr((high - at) / sd) - special.ndtr((low - at) / sd), 0.0))

    success = between(*of.success)
    low, high = np.maximum(of.success[0], of.going_on[0]), np.minimum(of.success[1], of.going_on[1])
    # Neither: going on, and no success.
    neither = between(*of.going_on) - between(low, high)
    futility = np.maximum(1.0 - success - neither, 0.0)
    none = ~np.isfinite(variance)
    return np.where(none, 0.0, success), np.where(none, 0.0, futility)


def crossing_probabilities(effect: Array, variance: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Return the chances of stopping at each look above `upper` (success) and below `lower` (futility).

    Parameters
    ----------
    effect
        True effect (trial), mirrored so that success is above.
    variance
        v at the looks, falling (trial, look).
    lower, upper
        Estimates at which the trial stops (trial, look); infinite where it does not. Where `lower` is above
        `upper`, success goes first.

    Returns
    -------
    success, futility
        (trial, look).

    Examples
    --------
    Two looks at 1.96 standard errors each (Armitage, McPherson and Rowe 1969: 0.083 for two sides):

    >>> v = np.array([[1.0, 0.5]])
    >>> success, _ = crossing_probabilities(np.zeros(1), v, np.full((1, 2), -np.inf), 1.959964 * np.sqrt(v))
    >>> round(2 * float(success.sum()), 3)
    0.083
    """
    effect = np.asarray(effect, dtype=float)[:, None]
    lower = np.minimum(lower, upper)
    looks = variance.shape[1]
    gained = 1.0 - variance[:, 1:] / variance[:, :-1]
    # As many nodes as resolve the step from one look to the next, the narrower the less is gained.
    count = int(np.clip(19.0 / np.sqrt(gained.min(initial=1.0)), 28.0, 300.0))
    size = max(_MEMORY // (count**2 if looks > 2 else count), 1)
    success, futility = np.zeros(variance.shape), np.zeros(variance.shape)
    for first in range(0, len(variance), size):
        some = slice(first, first + size)
        success[some], futility[some] = _recursion(
            effect[some], variance[some], lower[some], upper[some], *_legendre(count)
        )
    return success, futility


def _recursion(
    effect: Array, variance: Array, lower: Array, upper: Array, nodes: Array, weights: Array
) -> tuple[Array, Array]:
    success, futility = np.zeros(variance.shape), np.zeros(variance.shape)
    looks = variance.shape[1]
    at = mass = np.empty((0, 0))
    for k in range(looks):
        sd = np.sqrt(variance[:, k : k + 1])
        low, high = lower[:, k : k + 1], upper[:, k : k + 1]
        information = 1.0 / sd**2
        if k == 0:
            success[:, k] = special.ndtr((effect - high) / sd)[:, 0]
            futility[:, k] = special.ndtr((low - effect) / sd)[:, 0]
        else:
            before = 1.0 / variance[:, k - 1 : k]
            gain = np.maximum(information - before, 1e-4 * information)
            middle = (before * at + gain * effect) / information
            spread = np.sqrt(gain) / information
            if np.isfinite(high).any():
                success[:, k] = (mass * special.ndtr((middle - high) / spread)).sum(axis=1)
            if np.isfinite(low).any():
                futility[:, k] = (mass * special.ndtr((low - middle) / spread)).sum(axis=1)
        if k == looks - 1:
            break
        first = np.clip(low, effect - 6.5 * sd, effect + 6.5 * sd)
        last = np.clip(high, effect - 6.5 * sd, effect + 6.5 * sd)
        half = 0.5 * (last - first)
        points = first + half * (1.0 + nodes)
        if k == 0:
            density = _normal(points, effect, sd)
        else:
            density = np.einsum(
                "tg,tgh->th", mass, _normal(points[:, None, :], middle[..., None], spread[..., None])
            )
        at, mass = points, density * half * weights
    return success, futility


@cache
def _legendre(count: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _normal(x: Array, mean: Array, sd: Array) -> Array:
    return np.asarray(np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi)))
