"""Simon's two-stage designs: optimal, minimax and those between, by an exhaustive search that prunes.

A trial of at most n patients stops after n1 if at most r1 respond; at the end the treatment is declared
worth pursuing if more than r of n respond (Simon 1989, Control Clin Trials 10:1). With X1 responders in the
first stage and X in all,

    alpha = P(X1 > r1, X > r | p0),   power = P(X1 > r1, X > r | p1),   EN0 = n1 + (1 - PET0) (n - n1)

and PET0 = P(X1 <= r1 | p0). Optimal has the smallest EN0, minimax the smallest n and then the smallest EN0.
Admissible (Jung et al. 2004, Stat Med 23:561) minimise w n + (1 - w) EN0 for some w: the corners of the lower
convex hull of (n, EN0).

How the search prunes, without losing a design:

- Stopping early costs L1 = P(X1 <= r1, X > r | p1) of the power, P(X > r | p1). For each (n, r, n1), L1 rises
  and EN0 falls with r1: only the largest r1 that leaves enough power counts.
- With the smallest r at which already P(X > r | p0) <= alpha, any r1 will do. A smaller r has more power, but
  stopping must then remove what is too much of alpha. Where the largest r1 that n1 allows does not, it does
  not at any smaller r either.
- No design has fewer patients than the most powerful test of level alpha needs (Neyman and Pearson 1933).
- PET0 is at most what the largest r1 with P(X1 <= r1 | p1) <= 1 - power gives. That bounds EN0 from below and
  rises with n: the search ends where the bound passes the best EN0 found.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.binary.binomial import log_choose
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.checks import check_errors

__all__ = ["SimonDesign", "SimonDesigns", "simon"]

type Array = NDArray[np.float64]
type Counts = NDArray[np.int_]

# Sizes whose best designs are looked for at once: the first lot finds an EN0 to prune the others with.
_LOT = 4
# Bounded: the tables grow with the square of n.
_LARGEST_N = 1000


@dataclass(frozen=True)
class SimonDesign:
    """One two-stage design with its exact operating characteristics.

    Parameters
    ----------
    r1, n1
        The trial stops after n1 patients if at most r1 respond.
    r, n
        The treatment is declared worth pursuing if more than r of n respond.
    en0, pet0
        Expected number of patients and probability of stopping early at the rate p0.
    alpha, power
        Probability of declaring the treatment worth pursuing at p0 and at p1.
    """

    r1: int
    n1: int
    r: int
    n: int
    en0: float
    pet0: float
    alpha: float
    power: float

    @property
    def boundaries(self) -> Boundaries:
        """The design as boundaries at its two looks."""
        return Boundaries((self.n1, self.n), (self.r1, self.r), (None, self.r + 1))

    def words(self) -> str:
        """Return the design in words fit for a protocol.

        Examples
        --------
        >>> print(simon(0.1, 0.3, 0.05, 0.8).optimal.words().split(". ")[-1])
        The treatment is declared worth pursuing if at least 6 of the 29 respond.
        """
        few = "none of them responds" if self.r1 == 0 else f"at most {self.r1} of them respond"
        few += "s" if self.r1 == 1 else ""
        more = self.n - self.n1
        return (
            f"Stage 1 enrols {self.n1} patient{'s' * (self.n1 > 1)}. If {few}, the trial stops for futility. "
            f"Otherwise {more} more patient{'s are' if more > 1 else ' is'} enrolled, {self.n} in all. "
            f"The treatment is declared worth pursuing if at least {self.r + 1} of the {self.n} respond."
        )


@dataclass(frozen=True)
class SimonDesigns:
    """What the search found: `admissible` runs from minimax to optimal and holds both."""

    p0: float
    p1: float
    alpha: float
    power: float
    admissible: tuple[SimonDesign, ...]

    @property
    def minimax(self) -> SimonDesign:
        """The fewest patients in all; among those designs the smallest EN0."""
        return self.admissible[0]

    @property
    def optimal(self) -> SimonDesign:
        """The smallest expected number of patients at p0."""
        return self.admissible[-1]

    def as_dict(self) -> dict[str, object]:
        """Return plain data: the optimal, the minimax and all admissible designs."""
        return {
            "optimal": asdict(self.optimal),
            "minimax": asdict(self.minimax),
            "admissible": [asdict(each) for each in self.admissible],
        }


def simon(p0: float, p1: float, alpha: float, power: float, n_max: int = 300) -> SimonDesigns:
    """Return Simon's two-stage designs for the given error rates.

    Parameters
    ----------
    p0, p1
        Response rates that are of no interest and of interest, p0 < p1.
    alpha
        Largest probability of declaring the treatment worth pursuing at p0.
    power
        Smallest probability of declaring it worth pursuing at p1.
    n_max
        Most patients in all, at most 1000.

    Raises
    ------
    RaBayesError
        If the numbers do not fit together, or no design of at most `n_max` patients does it.

    Examples
    --------
    >>> found = simon(p0=0.1, p1=0.3, alpha=0.05, power=0.8)
    >>> found.optimal.r1, found.optimal.n1, found.optimal.r, found.optimal.n, round(found.optimal.en0, 2)
    (1, 10, 5, 29, 15.01)
    """
    check_errors(p0, p1, alpha, power)
    if not 2 <= n_max <= _LARGEST_N:
        raise RaBayesError(f"at most {n_max} patients cannot be searched; write 2 to {_LARGEST_N}")
    best, tables = _best_by_size(p0, p1, alpha, power, n_max)
    if not best:
        raise RaBayesError(
            f"no two-stage design of at most {n_max} patients has alpha <= {alpha:g} at {p0:g} and power >= "
            f"{power:g} at {p1:g}; allow more patients or larger errors"
        )
    corners = _admissible(best)
    return SimonDesigns(p0, p1, alpha, power, tuple(_design(each, tables, power) for each in corners))


class _Best(NamedTuple):
    """The design with the smallest EN0 of one size n."""

    en0: float
    n: int
    r: int
    n1: int
    r1: int


class _Tables(NamedTuple):
    """Binomial probabilities of 0..size patients, at p0 and at p1."""

    size: int
    # P(X = x) and P(X <= x) (patients, x), and P(X > x) (patients, size + x): 1 for x below 0.
    pmf: tuple[Array, Array]
    cdf: tuple[Array, Array]
    above: tuple[Array, Array]


def _tables(p0: float, p1: float, size: int) -> _Tables:
    count = np.arange(size + 1.0)
    rest = np.maximum(count[:, None] - count, 0.0)
    choose = log_choose(size)
    pmf, cdf, above = [], [], []
    for p in (p0, p1):
        pmf.append(np.exp(choose + (count * math.log(p) + rest * math.log1p(-p))))
        cdf.append(pmf[-1].cumsum(axis=1))
        above.append(np.ones((size + 1, 2 * size + 1)))
        above[-1][:, size:] -= cdf[-1]
    return _Tables(size, (pmf[0], pmf[1]), (cdf[0], cdf[1]), (above[0], above[1]))


def _best_by_size(
    p0: float, p1: float, alpha: float, power: float, n_max: int
) -> tuple[list[_Best], _Tables]:
    """The best design of each size that is better than all smaller ones, in order of size."""
    found: list[_Best] = []
    begin, size = 2, min(64, n_max)
    while True:
        tables = _tables(p0, p1, size)
        begin = _smallest(tables, alpha, power, begin)
        done = _extend(found, tables, alpha, power, begin)
        if done or size == n_max:
            return found, tables
        begin, size = max(size + 1, begin), min(size + size // 2, n_max)


def _smallest(tables: _Tables, alpha: float, power: float, begin: int) -> int:
    """The first size from `begin` on at which the most powerful test of level alpha has the power."""
    above0, above1 = tables.above[0][begin:, tables.size :], tables.above[1][begin:, tables.size :]
    first = (above0 > alpha).sum(axis=1)
    row = np.arange(len(above0))
    # The test rejects for X > r, and at X = r with the probability that is left of alpha.
    part = (alpha - above0[row, first]) / tables.pmf[0][begin + row, first]
    enough = above1[row, first] + part * tables.pmf[1][begin + row, first] >= power
    return begin + (int(enough.argmax()) if enough.any() else len(row))


def _extend(found: list[_Best], tables: _Tables, alpha: float, power: float, begin: int) -> bool:
    """Search the sizes from `begin` on; True when no larger size can do better."""
    n1 = np.arange(1, tables.size + 1)
    largest_r1 = (tables.cdf[1][1:] <= 1.0 - power).sum(axis=1) - 1
    # P(X1 > r1 | p0) at least, by n1; without a possible r1 no one is spared.
    stays = np.where(largest_r1 >= 0, tables.above[0][n1, tables.size + largest_r1], 1.0)
    while begin <= tables.size:
        lot = 4 * _LOT if found else _LOT
        n = np.arange(begin, min(begin + lot, tables.size + 1))[:, None]
        lowest = n1 + stays * (n - n1)
        best = found[-1].en0 if found else np.inf
        if not (lowest[0] < best).any():
            return True
        row, column = np.nonzero((n1 < n) & (lowest < best) & (largest_r1 >= 0))
        if row.size:
            pairs = _Pairs(n[row, 0], n1[column], largest_r1[column], lowest[row, column])
            _search(found, tables, alpha, power, pairs)
        begin += lot
    best = found[-1].en0 if found else np.inf
    return not (n1 + stays * (tables.size + 1 - n1) < best).any()


class _Pairs(NamedTuple):
    """Pairs (n, n1), with the largest r1 that the power allows and a lower bound of EN0."""

    n: Counts
    n1: Counts
    largest_r1: Counts
    lowest: Array

    def those(self, which: NDArray[np.bool_]) -> _Pairs:
        """The pairs that are marked."""
        return _Pairs(self.n[which], self.n1[which], self.largest_r1[which], self.lowest[which])


def _search(found: list[_Best], tables: _Tables, alpha: float, power: float, pairs: _Pairs) -> None:
    """Find the best r1 of each pair, from the largest r worth trying downwards; keep the best of each n."""
    smallest, largest = int(pairs.n[0]), int(pairs.n[-1])
    r = (tables.above[0][: largest + 1, tables.size :] > alpha).sum(axis=1)
    best = np.full(largest + 1, found[-1].en0 if found else np.inf)
    designs: dict[int, _Best] = {}
    while pairs.n.size:
        at = r[pairs.n]
        r1 = _largest_r1(tables, power, pairs, at)
        alive = np.ones(r1.shape, dtype=bool)
        excess = tables.above[0][pairs.n, tables.size + at] - alpha
        if (excess > 0.0).any():
            lost = _lost(tables, 0, pairs, at)
            each = np.arange(len(at))
            # A pair whose largest r1 removes too little at this r removes too little at any smaller one.
            alive = lost[each, pairs.largest_r1] >= excess
            r1 = np.where(lost[each, r1] >= excess, r1, -1)
        en0 = np.where(
            r1 >= 0, pairs.n1 + tables.above[0][pairs.n1, tables.size + r1] * (pairs.n - pairs.n1), np.inf
        )
        for i in np.flatnonzero(en0 < best[pairs.n]):
            n = int(pairs.n[i])
            if en0[i] < best[n]:
                best[n] = en0[i]
                designs[n] = _Best(float(en0[i]), n, int(at[i]), int(pairs.n1[i]), int(r1[i]))
        pairs = pairs.those(alive & (pairs.lowest < best[pairs.n]) & (at > 0))
        r = r - 1
    for n in range(smallest, largest + 1):
        if n in designs and (not found or designs[n].en0 < found[-1].en0):
            found.append(designs[n])


def _largest_r1(tables: _Tables, power: float, pairs: _Pairs, r: Counts) -> Counts:
    """The largest r1 of each pair that leaves enough power at r; -1 where none does."""
    spare = tables.above[1][pairs.n, tables.size + r] - power
    return np.asarray((_lost(tables, 1, pairs, r) <= spare[:, None]).sum(axis=1) - 1)


def _lost(tables: _Tables, p: int, pairs: _Pairs, r: Counts) -> Array:
    """P(X1 <= r1, X > r) for each pair and r1 = 0, 1, ... (pair, r1)."""
    x1 = np.arange(int(pairs.largest_r1.max()) + 1)
    start = (pairs.n - pairs.n1) * (2 * tables.size + 1) + tables.size + r
    later = tables.above[p].ravel()[start[:, None] - x1]
    return np.asarray(np.cumsum(tables.pmf[p][pairs.n1][:, : len(x1)] * later, axis=1))


def _admissible(best: list[_Best]) -> list[_Best]:
    """The corners of the lower convex hull of (n, EN0), from minimax to optimal."""
    corners = [best[0]]
    while corners[-1] is not best[-1]:
        here = corners[-1]
        later = [each for each in best if each.n > here.n]
        corners.append(min(later, key=lambda each: (each.en0 - here.en0) / (each.n - here.n)))
    return corners


def _design(best: _Best, tables: _Tables, power: float) -> SimonDesign:
    """The design with r as large as the power allows, as Simon reports it: alpha is smallest there."""
    n1, rest = best.n1, best.n - best.n1
    x1 = np.arange(best.r1 + 1, n1 + 1)

    def declared(p: int, r: int) -> float:
        return float(tables.pmf[p][n1, x1] @ tables.above[p][rest, tables.size + r - x1])

    # With r below r1 the second stage would decide nothing.
    r = max(best.r, best.r1)
    while declared(1, r + 1) >= power:
        r += 1
    pet0 = float(tables.cdf[0][n1, best.r1])
    return SimonDesign(best.r1, n1, r, best.n, best.en0, pet0, declared(0, r), declared(1, r))
