"""Probabilities of stopping at thousands of truths, from those at few.

What else is true beside the effect falls into groups: as it is where there are few, else those of equally
many truths, each with its means. In each group an engine is asked on a grid of effects; between, the
probability is interpolated by a monotone cubic (Fritsch and Carlson 1980). It is smooth in both: the error is
below 0.002 (see tests/test_plan_engines.py). An effect that many truths share, as where a treatment does
nothing, is on the grid itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate

from ra_bayes.planning.stopping import Stopping

__all__ = ["FEW", "groups", "on_grid"]

type Array = NDArray[np.float64]

_POINTS = 49
_GROUPS = 5
# Truths that are asked one by one.
FEW = 60


def groups(beside: Array) -> tuple[Array, NDArray[np.int_]]:
    """Return a few rows that stand for many, and which of them stands for each.

    Parameters
    ----------
    beside
        What is true beside the effect (truth, name). Many rows are grouped by their first column.
    """
    distinct, which = np.unique(beside, axis=0, return_inverse=True)
    if len(distinct) <= _GROUPS:
        return distinct, which.ravel()
    first = beside[:, 0]
    edges = np.quantile(first, np.arange(1, _GROUPS) / _GROUPS)
    group = np.searchsorted(edges, first, side="right")
    there, group = np.unique(group, return_inverse=True)
    return np.array([beside[group == k].mean(axis=0) for k in range(there.size)]), group


def on_grid(effect: Array, beside: Array, ask: Callable[[Array, Array], Stopping]) -> Stopping:
    """Return the probabilities of stopping at each truth, through `ask` of fewer of them.

    Parameters
    ----------
    effect, beside
        Truths (truth), and what is true beside them (truth, name).
    ask
        What the engine answers for given effects and rows.
    """
    if effect.size <= FEW:
        return ask(effect, beside)
    rows, group = groups(beside)
    grid = _grid(effect)
    found = ask(np.tile(grid, len(rows)), np.repeat(rows, grid.size, axis=0))

    def between(table: Array) -> Array:
        out = np.empty((effect.size, found.looks.size))
        for g in range(len(rows)):
            mine, values = group == g, table[g * grid.size : (g + 1) * grid.size]
            out[mine] = interpolate.PchipInterpolator(grid, values, axis=0)(effect[mine])
        return out

    return Stopping(
        found.looks,
        between(found.success),
        between(found.futility),
        between(found.success_mcse),
        between(found.futility_mcse),
        found.engine,
    )


def _grid(effect: Array) -> Array:
    """Return evenly spaced effects, and those that more truths share than lie between two of these."""
    values, counts = np.unique(effect, return_counts=True)
    even, step = np.linspace(values[0], values[-1], _POINTS, retstep=True)
    shared = values[counts * _POINTS > effect.size]
    # Two points that rounding alone tells apart have no slope between them.
    apart = (np.abs(even[:, None] - shared) > 1e-6 * step).all(axis=1)
    return np.union1d(even[apart], shared)
