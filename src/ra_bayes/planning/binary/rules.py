"""From rules on probabilities of a rate to boundaries on the number of events.

Success is declared at a look when every success criterion holds there, Pr(rate beyond c | data) >=
probability; the trial stops for futility when any futility criterion does, Pr(rate beyond c | data) <
probability. Both probabilities rise (or, where benefit lies below, fall) with the count, so each look has
one boundary of either kind, found exactly by evaluating all counts at once.

A predictive criterion asks for the probability that the trial would end in success at its full size, given
the data so far (Lee and Liu 2008, Clin Trials 5:93).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture
from ra_bayes.planning.binary.boundaries import Benefit, Boundaries, check_looks
from ra_bayes.planning.binary.posterior import posterior_above, predictive_of

__all__ = ["MET", "ByLook", "by_look", "rate_boundaries"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
# One probability for all looks, or one for each: None where the criterion is not asked.
type ByLook = float | Sequence[float | None]

# A probability that equals the one asked for, but for rounding, meets it.
MET = 1e-12


def rate_boundaries(
    looks: Sequence[int],
    prior: BetaMixture,
    *,
    success: Iterable[tuple[float, ByLook]] = (),
    futility: Iterable[tuple[float, ByLook]] = (),
    predictive_success: ByLook | None = None,
    predictive_futility: ByLook | None = None,
    benefit: Benefit = "above",
) -> Boundaries:
    """Return the boundaries that rules on the rate come to.

    Parameters
    ----------
    looks
        Patients with an outcome at each look, rising; the last is the size of the trial.
    prior
        What the analysis believes of the rate before the trial.
    success, futility
        Criteria (threshold, probability) on Pr(rate beyond threshold | data); the probability is one number,
        or one for each look with None where the criterion is not asked.
    predictive_success, predictive_futility
        Success is declared where the predictive probability of success at full size is at least, the trial
        stops for futility where it is less than this. Not asked at the last look.
    benefit
        "above" where a high rate is wanted, "below" where the events are harm.

    Raises
    ------
    RaBayesError
        If a number cannot be, or a count would be futility and success at once.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> rate_boundaries((20, 40), UNIFORM, success=[(0.3, (None, 0.95))], futility=[(0.3, (0.6, None))])
    after 20 patients: futility with 6 responders or fewer
    after 40 patients: success with 17 responders or more
    """
    check_looks(looks)
    posterior = [_criterion(looks, *each, "success") for each in success]
    stopping = [_criterion(looks, *each, "futility") for each in futility]
    holds = [_all(prior, benefit, n, [(c, p[k]) for c, p in posterior]) for k, n in enumerate(looks)]
    fails = [_any(prior, benefit, n, [(c, p[k]) for c, p in stopping]) for k, n in enumerate(looks)]
    if predictive_success is not None or predictive_futility is not None:
        final = holds[-1]
        if final is None:
            raise RaBayesError(
                "a predictive probability needs a success criterion at the last look; write what success is"
            )
        promise = by_look(len(looks), predictive_success, "predictive success")
        despair = by_look(len(looks), predictive_futility, "predictive futility")
        for k, n in enumerate(looks[:-1]):
            predicted = predictive_of(prior, n, looks[-1], final)
            if promise[k] is not None:
                holds[k] = _and(holds[k], predicted >= _number(promise[k]) - MET)
            if despair[k] is not None:
                fails[k] = _or(fails[k], predicted < _number(despair[k]) - MET)
    above = benefit == "above"
    return Boundaries(
        tuple(looks),
        tuple(_last(each) if above else _first(each) for each in fails),
        tuple(_first(each) if above else _last(each) for each in holds),
        benefit,
    )


def by_look(looks: int, probability: ByLook | None, what: str) -> tuple[float | None, ...]:
    """Return the probability asked for at each look, checked; None where none is."""
    if probability is None or isinstance(probability, int | float):
        each: tuple[float | None, ...] = (probability,) * looks
    else:
        each = tuple(probability)
    if len(each) != looks:
        raise RaBayesError(f"{what}: {len(each)} probabilities for {looks} looks; write one for each look")
    for value in each:
        if value is not None and not 0.0 <= value <= 1.0:
            raise RaBayesError(
                f"{what}: a probability of {value:g} cannot be; write a number between 0 and 1"
            )
    return each


def _criterion(
    looks: Sequence[int], threshold: float, probability: ByLook, what: str
) -> tuple[float, tuple[float | None, ...]]:
    if not 0.0 < threshold < 1.0:
        raise RaBayesError(
            f"{what}: a threshold of {threshold:g} for a rate cannot be; write a rate between 0 and 1"
        )
    return threshold, by_look(len(looks), probability, what)


def _beyond(prior: BetaMixture, benefit: Benefit, threshold: float, n: int) -> Array:
    above = posterior_above(prior, threshold, n)
    return above if benefit == "above" else 1.0 - above


def _all(
    prior: BetaMixture, benefit: Benefit, n: int, asked: list[tuple[float, float | None]]
) -> Flags | None:
    """The counts at which every criterion holds; None where nothing is asked."""
    found = [_beyond(prior, benefit, c, n) >= p - MET for c, p in asked if p is not None]
    return np.logical_and.reduce(found) if found else None


def _any(
    prior: BetaMixture, benefit: Benefit, n: int, asked: list[tuple[float, float | None]]
) -> Flags | None:
    """The counts at which any criterion holds; None where nothing is asked."""
    found = [_beyond(prior, benefit, c, n) < p - MET for c, p in asked if p is not None]
    return np.logical_or.reduce(found) if found else None


def _number(value: float | None) -> float:
    assert value is not None
    return value


def _and(old: Flags | None, new: Flags) -> Flags:
    return new if old is None else old & new


def _or(old: Flags | None, new: Flags) -> Flags:
    return new if old is None else old | new


def _first(flags: Flags | None) -> int | None:
    return None if flags is None or not flags.any() else int(flags.argmax())


def _last(flags: Flags | None) -> int | None:
    return None if flags is None or not flags.any() else int(np.flatnonzero(flags)[-1])
