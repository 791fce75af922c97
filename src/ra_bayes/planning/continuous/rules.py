"""Gauss-Legendre rules on intervals cut into pieces no longer than the scale of what is integrated."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["pieces", "rule"]

type Array = NDArray[np.float64]

_NODES = 12
# Twelve nodes on a piece four SDs long integrate a product of normal densities to about 1e-10.
_LENGTH = 4.0


@cache
def _legendre(count: int) -> tuple[Array, Array]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return 0.5 * (node + 1.0), 0.5 * weight


def pieces(length: float, scale: float) -> int:
    """Return into how many pieces to cut."""
    return max(1, int(np.ceil(length / (_LENGTH * scale))))


def rule(low: Array, high: Array, count: int) -> tuple[Array, Array]:
    """Return nodes and weights of `count` pieces on each interval (..., node); empty ones have weight 0."""
    node, weight = _legendre(_NODES)
    starts = np.arange(count)[:, None]
    unit = ((starts + node) / count).ravel()
    length = np.maximum(high - low, 0.0)[..., None]
    return np.asarray(low)[..., None] + length * unit, length * np.tile(weight, count) / count
