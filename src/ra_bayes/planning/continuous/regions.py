"""Where a t decision falls, as a function of the treated mean, and with which probability.

Given all else, criterion (c, q) asks whether e + b u > q sqrt(g (A + B u^2)), with u = ybar - m the treated
mean less its prior mean, b = n / (k + n), B = k b, e = m - m'_c - c, A the rest of S' and g = (1/k'_t +
1/k'_c) / df'. It changes where

    (b^2 - q^2 g B) u^2 + 2 e b u + e^2 - q^2 g A = 0,

at two places at most (for B = 0, a flat prior, one side is spurious). Between the sorted places of all
criteria no decision changes, so that each is made once, at a midpoint, and the probabilities of the
stretches are added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rest", "chances"]

type Array = NDArray[np.float64]
type Cuts = Sequence[tuple[float, float]]

# Far enough to be beyond every place where a decision changes, in SDs of the treated mean.
_FAR = 1e8


class Rest(NamedTuple):
    """All but the treated mean: m, k and the new patients n, the other mean m'_c, A and g; broadcastable."""

    mean: Array
    patients: Array
    n: float
    other: Array
    squares: Array
    spread: Array


def chances(
    rest: Rest, success: Cuts, futility: Cuts, center: Array, sd: Array, cdf: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """Return the probabilities of success and futility over the treated mean.

    Parameters
    ----------
    rest
        What else the decision needs.
    success, futility
        Thresholds and cut-offs in scales; success needs all, futility any, and success goes first.
    center, sd
        Location and scale of the treated mean.
    cdf
        Its distribution function, standardised.
    """
    b = rest.n / (rest.patients + rest.n)
    curve = rest.patients * b
    places = []
    for threshold, q in (*success, *futility):
        e = rest.mean - rest.other - threshold
        g = q * q * rest.spread
        lead, half, low = b * b - g * curve, e * b, e * e - g * rest.squares
        inner = half * half - lead * low
        with np.errstate(divide="ignore", invalid="ignore"):
            far = -(half + np.where(half >= 0.0, 1.0, -1.0) * np.sqrt(inner))
            places += [far / lead, low / far]
    shape = np.broadcast_shapes(center.shape, *(each.shape for each in places))
    z = [(np.broadcast_to(each, shape) + rest.mean - center) / sd for each in places]
    cuts = np.stack([np.where(np.isnan(each), _FAR, np.clip(each, -_FAR, _FAR)) for each in z], axis=-1)
    cuts.sort(axis=-1)
    end = np.ones((*shape, 1))
    middle = 0.5 * (
        np.concatenate([cuts, _FAR * end], axis=-1) + np.concatenate([-_FAR * end, cuts], axis=-1)
    )
    u = center[..., None] + sd[..., None] * middle - rest.mean[..., None]
    won = _held(rest, success, u).all(axis=0)
    lost = ~_held(rest, futility, u).all(axis=0) & ~won if futility else np.zeros_like(won)
    below = cdf(cuts)
    mass = np.concatenate([below, end], axis=-1) - np.concatenate([0.0 * end, below], axis=-1)
    return (won * mass).sum(axis=-1), (lost * mass).sum(axis=-1)


def _held(rest: Rest, cuts: Cuts, u: Array) -> NDArray[np.bool_]:
    b = (rest.n / (rest.patients + rest.n))[..., None]
    curve = rest.patients[..., None] * b
    scale = np.sqrt(rest.spread[..., None] * (rest.squares[..., None] + curve * u**2))
    location = (rest.mean - rest.other)[..., None] + b * u
    if not cuts:
        return np.zeros((1, *u.shape), dtype=bool)
    return np.stack([location - threshold >= q * scale for threshold, q in cuts])
