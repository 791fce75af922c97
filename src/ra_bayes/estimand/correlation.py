"""Correlation over patients between the true changes of two outcomes, draw by draw.

With x_i and y_i the changes of patient i, on the log scale where a change is a ratio, each draw has

    r = sum (x_i - x)(y_i - y) / sqrt( sum (x_i - x)^2  sum (y_i - y)^2 ),

the correlation in these patients without the noise of measurement. Of two separate fits the draws are paired
at random: each posterior then knows nothing of the other, which leaves out what ties a patient's two changes
together and so pulls r towards 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["correlation_over_patients", "paired_at_random"]

type Array = NDArray[np.float64]


def paired_at_random(draws: Array, seed: int) -> Array:
    """Return draws (chain, draw, ...) in one dimension, in random order.

    Two fits with one seed share random numbers, so that draws of the same place are not independent.
    """
    flat = draws.reshape(-1, *draws.shape[2:])
    return flat[np.random.default_rng(seed).permutation(len(flat))]


def correlation_over_patients(first: Array, second: Array) -> Array:
    """Return the correlation over patients of each draw; NaN where patients do not differ.

    Parameters
    ----------
    first, second
        Changes (..., patient), draw by draw.

    Examples
    --------
    >>> correlation_over_patients(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 3.0]])).round(3).tolist()
    [0.5]
    """
    x, y = (each - each.mean(axis=-1, keepdims=True) for each in (first, second))
    scale = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((x * y).sum(axis=-1) / scale)
