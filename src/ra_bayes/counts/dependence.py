"""Contrasts that depend on each other, such as DAS28 at most 3.2 and below 2.6, made independent.

The covariance of an orthant has to be regular. Of contrasts of the same values, weighted alike,

    c > a and  c > b    is  c > max(a, b),
    c > a and -c > b    is  nobody if a + b >= 0, else those with c > a but for those with c > -b.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ra_bayes.counts.events import Contrast
from ra_bayes.errors import RaBayesError

__all__ = ["independent"]

type Part = tuple[int, tuple[Contrast, ...]]


def independent(contrasts: Iterable[Contrast]) -> list[Part]:
    """Return sets of independent contrasts, whose probabilities add up to that of all contrasts.

    Parameters
    ----------
    contrasts
        What a patient is to meet, all of it.

    Returns
    -------
    list
        Sign and contrasts of every set; none if nobody can meet all.

    Raises
    ------
    RaBayesError
        If values are compared in more ways than there are values.

    Examples
    --------
    >>> low, lower = (Contrast("das28_crp", 12.0, -1.0, 0.0, -line) for line in (3.2, 2.6))
    >>> independent([low, lower]) == [(1, (lower,))]
    True
    """
    strictest: dict[tuple[str, float, float, float], Contrast] = {}
    # In one order, so that the same is asked in the same way whichever facts ask for it.
    for each in sorted(contrasts, key=_place):
        line = (each.outcome, each.week, each.now, each.start)
        if line not in strictest or each.threshold > strictest[line].threshold:
            strictest[line] = each
    kept = tuple(strictest.values())
    for each in kept:
        other = strictest.get((each.outcome, each.week, -each.now, -each.start))
        if other is None:
            continue
        if each.threshold + other.threshold >= 0.0:
            return []
        rest = [one for one in kept if one is not each and one is not other]
        beyond = replace(each, threshold=-other.threshold)
        return [
            *independent([*rest, each]),
            *((-sign, part) for sign, part in independent([*rest, beyond])),
        ]
    for outcome in dict.fromkeys(each.outcome for each in kept):
        _check(outcome, [each for each in kept if each.outcome == outcome])
    return [(1, kept)]


def _place(contrast: Contrast) -> tuple[str, float, float, float]:
    # The last week first: the first contrast has most nodes, and what is sustained is asked up to the last.
    return contrast.outcome, -contrast.week, contrast.now, contrast.start


def _check(outcome: str, contrasts: list[Contrast]) -> None:
    weeks = sorted({each.week for each in contrasts})
    rows = np.zeros((len(contrasts), 1 + len(weeks)))
    for row, each in zip(rows, contrasts, strict=True):
        row[0], row[1 + weeks.index(each.week)] = each.start, each.now
    if np.linalg.matrix_rank(rows) < len(contrasts):
        told = " and ".join(f"{week:g}" for week in (0.0, *weeks))
        raise RaBayesError(
            f"facts about {outcome} compare its values of weeks {told} in {len(contrasts)} ways at once, "
            "more than there are values; leave one of the facts out"
        )
