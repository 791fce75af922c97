"""Are ranks uniform? Simultaneous bands of their distribution function, exact.

If truths come from the prior and data from the model, the rank of a truth among L draws of its posterior is
uniform on 0, ..., L (Talts et al. 2018). Of n ranks let N_k be the number below k, k = 1, ..., L. Under
uniformity N_k is binomial and N_1, N_2, ... a Markov chain,

    N_k | N_{k-1} = c   ~   c + Binomial(n - c, 1 / (L + 2 - k)),

so that the chance to stay between any bounds at every k is a sum over paths, done step by step. The band is
the set of counts whose two binomial tails both exceed some t, the same for every k; the p-value is the chance
of a path with a tail as small as the smallest one seen (Sailynoja et al. 2022).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["band", "p_value"]

type Array = NDArray[np.float64]
type Counts = NDArray[np.int64]


def p_value(ranks: ArrayLike, draws: int) -> float:
    """Return how often uniform ranks would leave a simultaneous band at least as far as these do.

    Parameters
    ----------
    ranks
        One of every simulation, 0 to `draws`.
    draws
        Posterior draws that each truth was ranked among.

    Examples
    --------
    >>> p_value(np.arange(1000) % 100, draws=99) > 0.99
    True
    """
    ranks = np.asarray(ranks, dtype=int)
    below = np.bincount(ranks, minlength=draws + 1).cumsum()[:-1]
    # A tail that equals the smallest one seen must count as one, whatever the last bits say.
    tail = float(_tails(ranks.size, draws)[np.arange(draws), below].min()) * (1.0 + 1e-9)
    return 1.0 - _inside(*_bounds(tail, ranks.size, draws), ranks.size)


@functools.cache
def band(size: int, draws: int, probability: float = 0.99) -> tuple[Array, Array]:
    """Return the band that the ranks' distribution function stays in with at least a probability.

    Parameters
    ----------
    size
        Number of ranks.
    draws
        Draws that each truth was ranked among.
    probability
        Of the whole function inside, for uniform ranks.

    Returns
    -------
    lower, upper : ndarray
        Bounds of the share of ranks below k, k = 1, ..., `draws`.
    """
    low, high = -30.0, np.log((1.0 - probability) / 2.0)
    # The chance outside rises with log t in small steps: halve until no step is left between.
    for _ in range(40):
        middle = (low + high) / 2.0
        if _inside(*_bounds(float(np.exp(middle)), size, draws), size) >= probability:
            low = middle
        else:
            high = middle
    lower, upper = _bounds(float(np.exp(low)), size, draws)
    return lower / size, upper / size


@functools.lru_cache(maxsize=8)
def _tails(size: int, draws: int) -> Array:
    """Return the smaller binomial tail of every count, itself included, at every k (k, count)."""
    counts, chance = np.arange(size + 1), np.arange(1, draws + 1)[:, None] / (draws + 1)
    upper = np.where(counts > 0, special.bdtrc(np.maximum(counts - 1, 0), size, chance), 1.0)
    return np.asarray(np.minimum(special.bdtr(counts, size, chance), upper))


def _bounds(tail: float, size: int, draws: int) -> tuple[Counts, Counts]:
    """Return the least and the largest count at every k whose tails both exceed `tail`."""
    inside = _tails(size, draws) > tail
    some = inside.any(axis=1)
    lower = np.where(some, inside.argmax(axis=1), 0)
    upper = np.where(some, size - inside[:, ::-1].argmax(axis=1), -1)
    return lower, upper


def _inside(lower: Counts, upper: Counts, size: int) -> float:
    """Return the chance that the counts of uniform ranks stay within bounds at every k."""
    if (upper < lower).any():
        return 0.0
    log_factorial = special.gammaln(np.arange(size + 2) + 1.0)
    before, mass = np.zeros(1, dtype=int), np.ones(1)
    draws = lower.size
    for k, (least, most) in enumerate(zip(lower, upper, strict=True)):
        chance = 1.0 / (draws + 1 - k)
        now = np.arange(least, most + 1)
        left = size - before[:, None]
        more = now - before[:, None]
        possible = (more >= 0) & (more <= left)
        more = np.where(possible, more, 0)
        log_step = (
            log_factorial[left]
            - log_factorial[more]
            - log_factorial[left - more]
            + more * np.log(chance)
            + (left - more) * np.log1p(-chance)
        )
        before, mass = now, mass @ np.where(possible, np.exp(log_step), 0.0)
    return float(min(mass.sum(), 1.0))
