"""Exact operating characteristics over looks, where the decision needs one sum.

Let S_k be the sum over the first n_k patients (of a difference of means: the mean times the patients that
one arm would need to know it as well, 1 / (1/n_t + 1/n_c); its increments are independent too). The trial
goes on while l_k <= S_k <= u_k. The chance q_k(s) to have got as far as look k, given S_k = s, does not
depend on the true effect, S_k being sufficient; before, the path is a Brownian bridge:

    q_k(s) = int_{l_j}^{u_j} q_j(x) Normal(x; s n_j/n_k, sd^2 n_j (n_k - n_j) / n_k) dx,      j = k - 1.

The chance to end there is int q_k(s) Normal(s; n_k m, n_k sd^2 + n_k^2 t^2) ds over s > u_k or s < l_k, for
a true effect m (t = 0) and just so for one drawn from Normal(m, t^2): power and assurance by the same q.
The recursion is that of Armitage, McPherson and Rowe (1969) in another measure; nodes are Gauss-Legendre
between the boundaries (Jennison and Turnbull 2000, chapter 19, use Simpson's).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.continuous.rules import pieces, rule

__all__ = ["REACH", "normal_density", "one_sum"]

type Array = NDArray[np.float64]

# Ends of the range in SDs: what lies beyond has probability 1e-15.
REACH = 8.0


def normal_density(x: Array, mean: Array, sd: Array) -> Array:
    """Density of Normal(mean, sd^2)."""
    return np.asarray(np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi)))


def one_sum(
    n: Array, sd: float, low: Array, high: Array, effect: Array, effect_sd: Array
) -> tuple[Array, Array]:
    """Return the probabilities of ending with success and for futility.

    Parameters
    ----------
    n
        Information at each look, in patients (look).
    sd
        True SD of one patient's number.
    low, high
        Means below which it stops and above which it succeeds (look); infinite where it does neither.
    effect, effect_sd
        Mean and SD of the true effect (truth); SD 0 is an effect that is known.

    Returns
    -------
    tuple[Array, Array]
        Success and futility, each (truth, look).

    Examples
    --------
    One look at the 2.5% level, no effect:

    >>> one, none = np.ones(1), np.zeros(1)
    >>> success, _ = one_sum(one, 1.0, -np.inf * one, 1.959964 * one, none, none)
    >>> success.round(6)
    array([[0.025]])
    """
    success = np.zeros((effect.size, n.size))
    futility = np.zeros_like(success)
    nodes, mass = np.empty(0), np.empty(0)
    for k, size in enumerate(n):
        mean = size * effect
        spread = np.sqrt(size * sd**2 + (size * effect_sd) ** 2)
        upper, lower = size * high[k], size * low[k]
        start, end = float((mean - REACH * spread).min()), float((mean + REACH * spread).max())
        if k == 0:
            success[:, 0] = special.ndtr((mean - upper) / spread)
            futility[:, 0] = special.ndtr((lower - mean) / spread)
            bridge = np.inf
        else:
            before = n[k - 1]
            bridge = sd * np.sqrt(before * (size - before) / size)
            # Where the bridge cannot have come from the nodes of the look before, q is 0.
            start = max(start, float(nodes.min() - REACH * bridge) * size / before)
            end = min(end, float(nodes.max() + REACH * bridge) * size / before)
            if start >= end:
                break
            scale = bridge * size / before
            for store, a, b in (
                (futility, start, np.clip(lower, start, end)),
                (success, np.clip(upper, start, end), end),
            ):
                x, weight = rule(np.array(a), np.array(b), pieces(b - a, min(scale, float(spread.min()))))
                q = _came(x, nodes, mass, before / size, bridge)
                store[:, k] = normal_density(x, mean[:, None], spread[:, None]) @ (q * weight)
        if k + 1 == n.size:
            break
        a, b = max(lower, start), min(upper, end)
        if a >= b:
            break
        ahead = sd * np.sqrt(size * (n[k + 1] - size) / n[k + 1])
        x, weight = rule(
            np.array(a), np.array(b), pieces(b - a, min(ahead, bridge * size / n[k - 1] if k else ahead))
        )
        q = np.ones_like(x) if k == 0 else _came(x, nodes, mass, n[k - 1] / size, bridge)
        nodes, mass = x, q * weight
    return success, futility


def _came(s: Array, nodes: Array, mass: Array, share: float, bridge: float) -> Array:
    return np.asarray(normal_density(nodes, share * s[:, None], np.asarray(bridge)) @ mass)
