"""BOP2: futility (and efficacy) by a posterior probability whose cut-off rises with the patients so far.

With n of N patients the trial stops for futility when

    Pr(p > p0 | data) < lambda (n / N)^gamma,

and at the end declares success otherwise. lambda and gamma are chosen, over a grid, for the largest power
with the type I error kept (Zhou, Lee and Yuan 2017, Stat Med 36:3302). The prior is Beta(p0, 1 - p0), worth
one patient. With stopping for efficacy (Xu et al. 2025, J Biopharm Stat, doi:10.1080/10543406.2025.2558142)
success is declared at any look when

    Pr(p > p0 | data) >= 2 Phi( Phi^-1((1 + lambda) / 2) / sqrt(n / N) ) - 1,

of O'Brien and Fleming's type: all but unreachable early, lambda at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture, beta
from ra_bayes.planning.binary.at_rate import OperatingCharacteristics
from ra_bayes.planning.binary.boundaries import Boundaries, check_looks
from ra_bayes.planning.binary.checks import check_errors, check_rates
from ra_bayes.planning.binary.posterior import posterior_above
from ra_bayes.planning.binary.recursion import LARGEST_N, stopped
from ra_bayes.planning.binary.rules import MET

__all__ = [
    "GAMMAS",
    "LAMBDAS",
    "Bop2Design",
    "bop2_boundaries",
    "bop2_design",
    "bop2_smallest",
    "regular_looks",
]

type Array = NDArray[np.float64]
type Counts = NDArray[np.int_]
type Flags = NDArray[np.bool_]

LAMBDAS = tuple(np.arange(50, 100) / 100.0)
GAMMAS = tuple(np.arange(21) / 20.0)


@dataclass(frozen=True)
class Bop2Design:
    """A BOP2 design with its exact operating characteristics.

    Parameters
    ----------
    boundaries
        When the trial stops.
    lambda_, gamma
        The cut-off's parameters.
    at_p0, at_p1
        What the design does at either rate.
    """

    boundaries: Boundaries
    lambda_: float
    gamma: float
    at_p0: OperatingCharacteristics
    at_p1: OperatingCharacteristics


def regular_looks(n: int, first: int = 10, every: int = 5) -> tuple[int, ...]:
    """Return looks after `first` patients, every so many from there, and at the end.

    Examples
    --------
    >>> regular_looks(27)
    (10, 15, 20, 25, 27)
    """
    if first < 1 or every < 1:
        raise RaBayesError(f"looks from {first} every {every} patients cannot be; write numbers above 0")
    return (*range(first, n, every), n)


def bop2_boundaries(
    looks: Sequence[int],
    p0: float,
    lambda_: float,
    gamma: float,
    *,
    efficacy: bool = False,
    prior: BetaMixture | None = None,
) -> Boundaries:
    """Return the boundaries of the design with given parameters.

    Parameters
    ----------
    looks
        Patients at each look; the last is the size of the trial.
    p0
        The response rate to beat.
    lambda_, gamma
        The cut-off lambda (n / N)^gamma, lambda between 0 and 1, gamma at least 0.
    efficacy
        Whether success may be declared before the end.
    prior
        What is believed of the rate before the trial; Beta(p0, 1 - p0) if not given.

    Examples
    --------
    >>> bop2_boundaries((10, 20, 30, 40), 0.2, 0.909, 1.0, efficacy=True)
    after 10 patients: futility with 1 responder or fewer, success with 7 or more
    after 20 patients: futility with 3 responders or fewer, success with 9 or more
    after 30 patients: futility with 7 responders or fewer, success with 11 or more
    after 40 patients: futility with 11 responders or fewer, success with 12 or more
    """
    check_looks(looks)
    check_rates(p0)
    if not 0.0 < lambda_ < 1.0 or gamma < 0.0:
        raise RaBayesError(
            f"lambda = {lambda_:g} and gamma = {gamma:g} make no cut-off; "
            "write lambda between 0 and 1, gamma from 0"
        )
    prior = beta(p0, 1.0 - p0) if prior is None else prior
    lower, upper = _grid(looks, p0, np.array([lambda_]), np.array([gamma]), efficacy, prior)
    return _boundaries(looks, lower[0], upper[0])


def bop2_design(
    looks: Sequence[int],
    p0: float,
    p1: float,
    alpha: float,
    *,
    efficacy: bool = False,
    power: float | None = None,
    lambdas: Sequence[float] = LAMBDAS,
    gammas: Sequence[float] = GAMMAS,
) -> Bop2Design:
    """Return the design of a given size with the largest power, or with the fewest patients expected at p0.

    Parameters
    ----------
    looks
        Patients at each look; the last is the size of the trial.
    p0, p1
        Response rates that are of no interest and of interest, p0 < p1.
    alpha
        Largest probability of success at p0.
    efficacy
        Whether success may be declared before the end.
    power
        If given, the design with the fewest patients expected at p0 among those with this power at p1; if
        not, the one with the largest power.
    lambdas, gammas
        The grid of parameters that is searched.

    Raises
    ------
    RaBayesError
        If no pair of parameters keeps the error rates.

    Examples
    --------
    >>> found = bop2_design((10, 20, 30, 40), 0.2, 0.4, alpha=0.1)
    >>> round(found.at_p0.success, 3), round(found.at_p1.success, 3)
    (0.074, 0.886)
    """
    check_looks(looks)
    check_errors(p0, p1, alpha, 0.5 + alpha / 2.0 if power is None else power)
    found = _best(looks, p0, p1, alpha, power, efficacy, lambdas, gammas)
    if found is None:
        asked = "" if power is None else f" and power >= {power:g} at {p1:g}"
        raise RaBayesError(
            f"no lambda and gamma of the grid have alpha <= {alpha:g} at {p0:g}{asked} with {looks[-1]} "
            "patients; allow more patients or larger errors"
        )
    return found[1]


def bop2_smallest(
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    *,
    sizes: Sequence[int] = range(10, 101),
    first: int = 10,
    every: int = 5,
    efficacy: bool = False,
    minimise: Literal["expected", "maximum"] = "expected",
) -> Bop2Design:
    """Return the best design over all sizes: the fewest patients expected at p0, or the fewest in all.

    Ties of the one are broken by the other, then by power.

    Parameters
    ----------
    p0, p1, alpha, power, efficacy
        As for :func:`bop2_design`.
    sizes
        Numbers of patients in all that are tried.
    first, every
        Looks: after `first` patients, every so many from there, and at the end.
    minimise
        "expected" for the number of patients expected at p0, "maximum" for the number in all.

    Examples
    --------
    >>> found = bop2_smallest(0.2, 0.4, alpha=0.1, power=0.8, sizes=range(10, 51))
    >>> found.boundaries.n, round(found.at_p0.expected_n, 2)
    (25, 16.19)
    """
    check_errors(p0, p1, alpha, power)
    if not len(sizes):
        raise RaBayesError(
            "no size to try: the range of sizes is empty; write a smallest size below the largest"
        )
    if max(sizes) > LARGEST_N:
        raise RaBayesError(f"a trial of {max(sizes)} patients is too large; write at most {LARGEST_N}")
    found: list[tuple[tuple[float, ...], Bop2Design]] = []
    for n in sizes:
        least = min((rank[0] for rank, _ in found), default=np.inf)
        # The first look is the fewest patients that any trial has.
        if min(n, first) >= least:
            break
        each = _best(regular_looks(n, first, every), p0, p1, alpha, power, efficacy, LAMBDAS, GAMMAS)
        if each is None:
            continue
        if minimise == "maximum":
            return each[1]
        found.append((each[0], each[1]))
    if not found:
        raise RaBayesError(
            f"no BOP2 design of {min(sizes)} to {max(sizes)} patients has alpha <= {alpha:g} at {p0:g} and "
            f"power >= {power:g} at {p1:g}; allow more patients or larger errors"
        )
    return min(found, key=lambda each: each[0])[1]


def _best(
    looks: Sequence[int],
    p0: float,
    p1: float,
    alpha: float,
    power: float | None,
    efficacy: bool,
    lambdas: Sequence[float],
    gammas: Sequence[float],
) -> tuple[tuple[float, ...], Bop2Design] | None:
    """The best pair of parameters for these looks, with what it was ranked by; None if none will do.

    The larger lambda, the higher every boundary: alpha and power fall, and without stopping for efficacy so
    does EN0. So for each gamma, alpha is kept from some lambda on and power up to some lambda.
    """
    lambda_, gamma = np.sort(lambdas), np.asarray(gammas, dtype=float)
    size = (len(gamma), len(lambda_))
    pairs = np.tile(lambda_, len(gamma)), np.repeat(gamma, len(lambda_))
    lower, upper = _grid(looks, p0, *pairs, efficacy, beta(p0, 1.0 - p0))

    def success(column: Counts, rate: float) -> Array:
        which = np.arange(size[0]) * size[1] + column
        return np.asarray(stopped(looks, lower[which], upper[which], rate)[1].sum(axis=2)[:, 0])

    column = np.indices(size)[1]
    kept = np.ones(size, dtype=bool)
    if power is not None:
        last = _first(size, lambda each: success(each, p1) < power)[:, None] - 1
        kept = column <= last if efficacy else column == last
    if power is None or efficacy:
        first = _first(size, lambda each: success(each, p0) <= alpha)[:, None]
        kept &= column == first if power is None else column >= first
    which = np.flatnonzero(kept)
    if not which.size:
        return None
    below, above = stopped(looks, lower[which], upper[which], (p0, p1))
    declared = above[:, 1].sum(axis=1)
    en0 = looks[-1] - (below + above)[:, 0, :-1] @ (looks[-1] - np.array(looks[:-1], dtype=float))
    en0[above[:, 0].sum(axis=1) > alpha] = np.inf
    if not np.isfinite(en0).any():
        return None
    declared = np.where(np.isfinite(en0), declared, -1.0)
    order = (en0, -declared) if power is None else (-declared, en0)
    best = which[np.lexsort(tuple(each.round(12) for each in order))[0]]
    # Many pairs have the same boundaries; the first of them stands for all, by lambda and then gamma.
    same = (lower == lower[best]).all(axis=1) & (upper == upper[best]).all(axis=1)
    told = min(zip(pairs[0][same], pairs[1][same], strict=True))
    boundaries = _boundaries(looks, lower[best], upper[best])
    rates = [OperatingCharacteristics.of(boundaries, rate) for rate in (p0, p1)]
    design = Bop2Design(boundaries, float(told[0]), float(told[1]), *rates)
    return (rates[0].expected_n, float(looks[-1]), -rates[1].success), design


def _first(size: tuple[int, int], holds: Callable[[Counts], Flags]) -> Counts:
    """For each row the first column from which on it holds; the number of columns where nowhere."""
    rows, columns = size
    no, yes = np.full(rows, -1), np.full(rows, columns)
    while ((yes - no) > 1).any():
        middle = np.minimum((no + yes) // 2, columns - 1)
        there = holds(np.maximum(middle, 0))
        undecided = yes - no > 1
        yes = np.where(undecided & there, middle, yes)
        no = np.where(undecided & ~there, middle, no)
    return yes


def _grid(
    looks: Sequence[int], p0: float, lambda_: Array, gamma: Array, efficacy: bool, prior: BetaMixture
) -> tuple[Counts, Counts]:
    """Boundaries (parameters, look): futility with so many or fewer, success with so many or more."""
    lower = np.empty((len(lambda_), len(looks)), dtype=int)
    upper = np.empty_like(lower)
    for k, (n, share) in enumerate(_shares(looks)):
        probability = _posterior(prior, p0, n)
        # The posterior probability rises with the count: how many counts lie below a cut-off is the boundary.
        lower[:, k] = np.searchsorted(probability, lambda_ * share**gamma - MET) - 1
        last = k == len(looks) - 1
        if last:
            upper[:, k] = lower[:, k] + 1
        elif efficacy:
            cut_off = 2.0 * special.ndtr(special.ndtri((1.0 + lambda_) / 2.0) / np.sqrt(share)) - 1.0
            upper[:, k] = np.searchsorted(probability, cut_off - MET)
        else:
            upper[:, k] = n + 1
    return lower, upper


# Designs of different sizes have looks in common.
@lru_cache(maxsize=2048)
def _posterior(prior: BetaMixture, p0: float, n: int) -> Array:
    return posterior_above(prior, p0, n)


def _shares(looks: Sequence[int]) -> Iterator[tuple[int, float]]:
    for n in looks:
        yield n, n / looks[-1]


def _boundaries(looks: Sequence[int], lower: Counts, upper: Counts) -> Boundaries:
    futility = tuple(int(low) if low >= 0 else None for low in lower)
    success = tuple(int(high) if high <= n else None for n, high in zip(looks, upper, strict=True))
    return Boundaries(tuple(looks), futility, success)
