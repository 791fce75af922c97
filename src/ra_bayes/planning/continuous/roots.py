"""Where rising functions cross 0, many at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["crossed"]

type Array = NDArray[np.float64]

_STEPS = 100
# Of the width of the bracket, and of the function where it is told in standard normal quantiles.
_CLOSE = 1e-11


def crossed(rising: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Return the root of each of several rising functions, between `low` and `high` (function).

    Secants, and halves of the bracket where a secant leaves it (in the manner of Dekker 1969).

    Examples
    --------
    >>> crossed(lambda x: x**3 - np.array([8.0, 27.0]), np.zeros(2), np.full(2, 9.0))
    array([2., 3.])
    """
    close = _CLOSE * (high - low) + 1e-13 * np.maximum(np.abs(low), np.abs(high))
    done = high - low <= close
    if done.all():
        return np.asarray(0.5 * (low + high))
    old, now = low, high
    f_old, f_now = rising(old), rising(now)
    for _ in range(_STEPS):
        rise = f_now - f_old
        secant = now - f_now * (now - old) / np.where(rise == 0.0, 1.0, rise)
        inside = (rise != 0.0) & (secant > low) & (secant < high)
        step = np.where(done, now, np.where(inside, secant, 0.5 * (low + high)))
        value = rising(step)
        low, high = np.where(value < 0.0, step, low), np.where(value < 0.0, high, step)
        done |= (np.abs(step - now) <= close) | (high - low <= close) | (np.abs(value) < _CLOSE)
        old, f_old, now, f_now = now, f_now, step, value
        if done.all():
            break
    return now
