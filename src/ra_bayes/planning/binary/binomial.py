"""Binomial probabilities of every count at once, without importing scipy."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_choose"]

type Array = NDArray[np.float64]


@lru_cache(maxsize=4)
def log_choose(size: int) -> Array:
    """Return log C(n, x) for n and x = 0..size (n, x); minus infinity where x > n.

    Examples
    --------
    >>> np.exp(log_choose(4)[4]).round(9).tolist()
    [1.0, 4.0, 6.0, 4.0, 1.0]
    """
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, size + 1.0)))])
    count = np.arange(size + 1)
    rest = count[:, None] - count
    found = factorial[:, None] - factorial - factorial[np.maximum(rest, 0)]
    return np.asarray(np.where(rest >= 0, found, -np.inf))
