"""What boundaries do under a true rate, exactly: by counting the paths that reach each stop.

Given the number of events x among n patients, every order of them is as likely, whatever the rate is. So the
share of orders that had not stopped before,

    s_k(x) = Pr(no stop before look k | x events at look k),

does not depend on the rate, and one recursion over looks serves all truths (Schultz et al. 1973, Biometrics
29:293, count the same paths rate by rate):

    Pr(stop at look k | truth) = sum over x beyond the boundary of s_k(x) Pr(X = x of n_k | truth).

Pr(X = x | truth) is binomial for a rate and beta-binomial for a Beta; a mixture of Betas is the weighted sum.
So power and assurance are the same sum, and both are exact.

The recursion itself runs at a rate of 1/2, where s_k(x) C(n_k, x) / 2^n_k stays a probability: between looks
it is convolved with a binomial, at a look what has crossed a boundary is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.stopping import Stopping

__all__ = ["LARGEST_N", "binary_stopping", "count_probabilities", "half", "step", "stopped"]

type Array = NDArray[np.float64]
type Counts = NDArray[np.int_]

# Beyond, 2^-n is no longer a number.
LARGEST_N = 1000


def binary_stopping(boundaries: Boundaries, truth: ArrayLike | BetaMixture) -> Stopping:
    """Return the exact probabilities of stopping of a trial with one arm.

    Parameters
    ----------
    boundaries
        When the trial stops.
    truth
        The true rate, or several (node); or a mixture of Betas, which is one node: what it gives is averaged
        over the truth (assurance).

    Raises
    ------
    RaBayesError
        If a rate is not between 0 and 1 or the trial has more than 1000 patients.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> two_looks = Boundaries((10, 29), futility=(1, 5), success=(None, 6))
    >>> binary_stopping(two_looks, [0.1, 0.3]).p_success.round(4).tolist()
    [0.0471, 0.8051]
    >>> binary_stopping(two_looks, UNIFORM).p_success.round(4).tolist()
    [0.7721]
    """
    lower = np.array([[-1 if low is None else low for low in boundaries.lower]])
    highest = zip(boundaries.looks, boundaries.upper, strict=True)
    upper = np.array([[n + 1 if high is None else high for n, high in highest]])
    futility, success = (each[0] for each in stopped(boundaries.looks, lower, upper, truth))
    if boundaries.benefit == "below":
        futility, success = success, futility
    none = np.zeros_like(success)
    looks = np.array(boundaries.looks, dtype=float)
    return Stopping(looks, success, futility, none, none, "exact: paths of one arm")


def stopped(
    looks: Sequence[int], lower: Counts, upper: Counts, truth: ArrayLike | BetaMixture
) -> tuple[Array, Array]:
    """Return the probabilities of stopping below and above (design, node, look) of several designs.

    Parameters
    ----------
    looks
        Patients at each look, rising.
    lower, upper
        Boundaries of several designs with the same looks (design, look): a trial stops with `lower` events
        or fewer, or `upper` events or more; -1 and n + 1 where nothing stops it.
    truth
        As for :func:`binary_stopping`.
    """
    below, above = [], []
    for n, events, low, high in _shares_stopped(looks, lower, upper):
        # After every patient few counts are new beyond a boundary.
        reached = np.flatnonzero((low + high).any(axis=0))
        probability = count_probabilities(truth, n, events[reached]).T
        below.append(low[:, reached] @ probability)
        above.append(high[:, reached] @ probability)
    return np.stack(below, axis=-1), np.stack(above, axis=-1)


def _shares_stopped(
    looks: Sequence[int], lower: Counts, upper: Counts
) -> Iterator[tuple[int, Counts, Array, Array]]:
    """Yield look, counts x and the share s_k(x) of orders that stop there, below and above (design, x).

    Only counts that some design can reach at the look are there.
    """
    if looks[-1] > LARGEST_N:
        raise RaBayesError(
            f"a trial of {looks[-1]} patients is too large to be counted exactly; write at most {LARGEST_N}"
        )
    going = np.ones((len(lower), 1))
    before, fewest = 0, 0
    for k, n in enumerate(looks):
        # Between the fewest and the most events of those going on, the step is that from fewest = 0.
        going = going @ step(going.shape[1] - 1, n - before)
        events = np.arange(fewest, fewest + going.shape[1])
        low, high = events <= lower[:, k, None], events >= upper[:, k, None]
        share = going / half(n)[events]
        yield n, events, np.where(low, share, 0.0), np.where(high, share, 0.0)
        going = np.where(low | high, 0.0, going)
        left = np.flatnonzero(going.any(axis=0))
        first, last = (left[0], left[-1]) if left.size else (0, 0)
        going = going[:, first : last + 1]
        before, fewest = n, fewest + int(first)


def step(n: int, more: int) -> Array:
    """Return the probability, at a rate of 1/2, of x' events after `more` patients given x of n (x, x')."""
    padded = np.zeros(2 * n + more + 1)
    padded[n : n + more + 1] = half(more)
    size = padded.strides[0]
    # Row x is the binomial moved x places to the right: a view, no copy.
    return np.lib.stride_tricks.as_strided(padded[n:], (n + 1, n + more + 1), (-size, size))


@lru_cache(maxsize=2048)
def half(n: int) -> Array:
    """Probabilities of 0..n events of n at a rate of 1/2."""
    x = np.arange(n + 1.0)
    half = np.exp(_log_choose(n, x) - n * np.log(2.0))
    half.flags.writeable = False
    return np.asarray(half)


def _log_choose(n: int, x: Array) -> Array:
    return np.asarray(-special.betaln(n - x + 1.0, x + 1.0) - np.log(n + 1.0))


def count_probabilities(truth: ArrayLike | BetaMixture, n: int, x: Counts) -> Array:
    """Return Pr(X = x of n | truth) for the given x (node, x): binomial, or beta-binomial for a mixture."""
    count = np.asarray(x, dtype=float)
    if isinstance(truth, BetaMixture):
        a, b, weight = (each[:, None] for each in truth.arrays)
        log = special.betaln(a + count, b + n - count) - special.betaln(a, b)
        return np.asarray((weight * np.exp(_log_choose(n, count) + log)).sum(axis=0, keepdims=True))
    rate = np.atleast_1d(np.asarray(truth, dtype=float))
    if not ((rate >= 0.0) & (rate <= 1.0)).all():
        raise RaBayesError(
            f"a true rate of {rate[~((rate >= 0) & (rate <= 1))][0]:g} cannot be; write 0 to 1"
        )
    # A rate of 0 or 1 has the limit as its probability: 0 * log(tiny) is 0, and anything else vanishes.
    tiny = np.finfo(float).tiny
    log = np.log(np.maximum(rate, tiny))[:, None] * count
    log += np.log(np.maximum(1.0 - rate, tiny))[:, None] * (n - count)
    return np.asarray(np.exp(_log_choose(n, count) + log))
