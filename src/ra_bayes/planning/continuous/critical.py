"""The least treated mean for which a probability reaches its cut-off.

Posterior and predictive probabilities, given the treated mean y and whatever is known of the control, are

    P(y) = sum_i w_i(y) sum_l u_l Phi( (a_i + b_i y - c_l) / s_il ),         b_i > 0.

The posterior of a mean under a normal mixture rises stochastically with y (its density has a monotone
likelihood ratio in y, Karlin and Rubin 1956), so P rises and crosses each cut-off once. Every term crosses
it at (c_l + z s_il - a_i) / b_i with z = Phi^-1(cut-off); the root lies between the least and the greatest
of these. It is looked for on the scale of Phi^-1(P), where P is nearly straight.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.continuous.roots import crossed

__all__ = ["crossing"]

type Array = NDArray[np.float64]


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
    shift, slope = (a[:, None, None] - c) / s[:, None, :], b[:, None] / s

    def excess(y: Array) -> Array:
        # (part, control, term)
        terms = special.ndtr(shift + slope[:, None, :] * y[:, None]) * shares
        total = (weights(y) * terms.sum(axis=-1).T).sum(axis=-1)
        return np.clip(special.ndtri(total), -40.0, 40.0) - z

    return crossed(excess, low, high)
