"""The least treated mean for which a probability reaches its cut-off.

Posterior and predictive probabilities, given the treated mean y and whatever is known of the control, are

    P(y) = sum_i w_i(y) sum_l u_l Phi( (a_i + b_i y - c_l) / s_il ),         b_i > 0.

The posterior of a mean under a normal mixture rises stochastically with y (its density has a monotone
likelihood ratio in y, Karlin and Rubin 1956), so P rises and crosses each cut-off once. Every term crosses
it at (c_l + z s_il - a_i) / b_i with z = Phi^-1(cut-off); the root lies between the least and the greatest
of these. It is found by secants that fall back on halving the bracket (in the manner of Dekker 1969), on the
scale of Phi^-1(P), where P is nearly straight, and for all controls at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["crossing"]

type Array = NDArray[np.float64]

_STEPS = 100
# Of the width of the bracket at the start, which is that of the standard deviations or less.
_CLOSE = 1e-11


def crossing(
    weights: Callable[[Array], Array],
    a: Array,
    b: Array,
    c: Array,
    s: Array,
    shares: Array,
    probability: float,
) -> Array:
    """Return the y with P(y) = probability.

    Parameters
    ----------
    weights
        The weights w_i(y) (control, part) at treated means y (control).
    a, b
        Intercept and slope of each part (part).
    c, shares
        What is subtracted, and its weight u_l (control, term).
    s
        Standard deviations (part, term).
    probability
        The cut-off.

    Returns
    -------
    Array
        One treated mean for each control.
    """
    z = float(special.ndtri(probability))
    ends = (c[:, None, :] + z * s - a[:, None]) / b[:, None]
    ends = ends.reshape(c.shape[0], -1)
    low, high = ends.min(axis=-1), ends.max(axis=-1)
    close = _CLOSE * (high - low) + 1e-13 * np.maximum(np.abs(low), np.abs(high))
    if np.all(high - low <= close):
        return np.asarray(0.5 * (low + high))
    shift, slope = (a[:, None, None] - c) / s[:, None, :], b[:, None] / s

    def excess(y: Array) -> Array:
        # (part, control, term)
        terms = special.ndtr(shift + slope[:, None, :] * y[:, None]) * shares
        total = (weights(y) * terms.sum(axis=-1).T).sum(axis=-1)
        return np.clip(special.ndtri(total), -40.0, 40.0) - z

    old, now = low, high
    f_old, f_now = excess(old), excess(now)
    done = high - low <= close
    for _ in range(_STEPS):
        rise = f_now - f_old
        secant = now - f_now * (now - old) / np.where(rise == 0.0, 1.0, rise)
        inside = (rise != 0.0) & (secant > low) & (secant < high)
        step = np.where(done, now, np.where(inside, secant, 0.5 * (low + high)))
        value = excess(step)
        low, high = np.where(value < 0.0, step, low), np.where(value < 0.0, high, step)
        done |= (np.abs(step - now) <= close) | (high - low <= close) | (np.abs(value) < _CLOSE)
        old, f_old, now, f_now = now, f_now, step, value
        if done.all():
            break
    return now
