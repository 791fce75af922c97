"""Operating characteristics by simulation of the arms' sums, where an exact integral would take too long.

Two arms whose decision needs both means, looked at very often or one arm at a time. The same standard
normals serve every truth, so that differences between truths are smoother than each number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.plane import Truths

__all__ = ["ends", "simulated_sums"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

# Points of each boundary curve between which it is taken as straight: 1/60 of a standard error apart.
_POINTS = 1000


def simulated_sums(design: KnownSd, truths: Truths, simulations: int, seed: int) -> tuple[Array, Array]:
    """Return simulated frequencies of success and of futility, each (truth, look)."""
    rng = np.random.default_rng(seed)
    treated = rng.standard_normal((design.last, simulations))
    control = rng.standard_normal((design.last, simulations))
    treated, control = _means(treated, design.treated), _means(control, design.control)
    curves = [_curve(design, k, truths) for k in range(design.last)]
    success = np.zeros((truths.effect.size, design.last))
    futility = np.zeros_like(success)
    shift = rng.standard_normal(simulations)
    for t in range(truths.effect.size):
        effect = truths.effect[t] + truths.effect_sd[t] * shift
        won, lost = np.empty_like(treated, dtype=bool), np.empty_like(treated, dtype=bool)
        for k, (at, low, high) in enumerate(curves):
            z = truths.control[t] + truths.sd * control[k]
            y = truths.control[t] + effect + truths.sd * treated[k]
            won[k], lost[k] = y > np.interp(z, at, high), y < np.interp(z, at, low)
        success[t], futility[t] = (each.mean(axis=1) for each in ends(won, lost))
    return success, futility


def ends(won: Flags, lost: Flags) -> tuple[Flags, Flags]:
    """Return the look each trial ends at (look, trial), with success and for futility; success first."""
    stop = won | lost
    first = stop & (np.cumsum(stop, axis=0) == 1)
    return first & won, first & ~won


def _means(draws: Array, sizes: tuple[int, ...]) -> Array:
    """Standardised means at each look, 0 where the arm has no patient."""
    n = np.array(sizes, dtype=float)
    grown = np.diff(n, prepend=0.0)
    sums = np.cumsum(np.sqrt(grown)[:, None] * draws, axis=0)
    return np.asarray(sums / np.maximum(n, 1.0)[:, None])


def _curve(design: KnownSd, k: int, truths: Truths) -> tuple[Array, Array, Array]:
    reach = 8.0 * truths.sd / np.sqrt(max(design.control[k], 1))
    at = np.linspace(truths.control.min() - reach, truths.control.max() + reach, _POINTS)
    return (at, *bounds(design, k, at))
