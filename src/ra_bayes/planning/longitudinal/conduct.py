"""How a trial runs: who enters in which arm, who has been followed how far at a look, who drops out or
misses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError

__all__ = ["Coming", "coming", "expected_n", "followed", "in_order", "remaining"]

type Array = NDArray[np.float64]
type Ints = NDArray[np.int64]


def in_order(per_arm: Sequence[int]) -> Ints:
    """Return the arm of each patient in the order of entry, the arms spread evenly over it.

    Examples
    --------
    >>> in_order((4, 2)).tolist()
    [0, 1, 0, 0, 1, 0]
    """
    if len(per_arm) not in (1, 2) or min(per_arm) < 1:
        raise RaBayesError(
            f"{list(per_arm)} patients an arm cannot be; a design has one or two arms of at least one patient"
        )
    places = [((k + 0.5) / count, arm) for arm, count in enumerate(per_arm) for k in range(count)]
    return np.array([arm for _, arm in sorted(places)], dtype=np.int64)


def followed(patients: int, looks: Sequence[int], weeks: Array, accrual: float | None) -> Ints:
    """Return how many visits each patient can have had at each look (look, patient).

    A look is taken when so many patients have been followed to the last visit, dropouts included.

    Parameters
    ----------
    patients
        In the order of entry.
    looks
        Patients followed to the end, rising to `patients`.
    weeks
        Of the visits.
    accrual
        Patients who enter in a week, one after the other; those who are in by a look have had their first
        visits. None: a look holds nobody but those followed to the end.

    Examples
    --------
    >>> followed(4, (2, 4), np.array([0.0, 4.0, 8.0]), accrual=0.25).tolist()
    [[3, 3, 2, 1], [3, 3, 3, 3]]
    """
    looks = list(looks)
    if not looks or looks != sorted(set(looks)) or looks[0] < 1 or looks[-1] != patients:
        raise RaBayesError(f"looks at {looks} of {patients} patients cannot be; let them rise to {patients}")
    if accrual is not None and not accrual > 0.0:
        raise RaBayesError(f"an accrual of {accrual:g} patients a week cannot be; write a number above 0")
    entry = np.arange(patients) / (accrual if accrual is not None else 1e-12)
    when = entry[np.array(looks) - 1] + weeks[-1]
    # Weeks are sums of fractions: a visit on the day of the look counts.
    return np.asarray(((when[:, None] - entry)[..., None] >= weeks - 1e-9).sum(axis=-1), dtype=np.int64)


def remaining(weeks: Array, dropout: float) -> Array:
    """Return the chance to be still in at each visit: (1 - dropout)^(t / t_J), a constant hazard (visit).

    Parameters
    ----------
    weeks
        Of the visits.
    dropout
        Share of patients who have left by the last.

    Examples
    --------
    >>> remaining(np.array([0.0, 12.0, 24.0]), 0.19).round(2).tolist()
    [1.0, 0.9, 0.81]
    """
    if not 0.0 <= dropout < 1.0:
        raise RaBayesError(
            f"a dropout of {dropout:g} by the last visit cannot be; write a share of at least 0 and below 1"
        )
    return np.asarray((1.0 - dropout) ** (weeks / weeks[-1]))


def expected_n(arm: Ints, had: Ints, able: Ints, stay: Array) -> Array:
    """Return how many patients are expected at each visit at the final analysis (..., arm, visit).

    Whoever has had fewer visits than they could have has left; the others stay with the chances of
    :func:`remaining`.

    Parameters
    ----------
    arm
        (patient).
    had, able
        Visits that a patient has had, and could have had, so far (..., patient).
    stay
        Chance to be still in at each visit (visit).
    """
    chance = _chances(had, able, stay)
    return np.stack([chance[..., arm == g, :].sum(axis=-2) for g in range(int(arm.max()) + 1)], axis=-2)


class Coming(NamedTuple):
    """Records expected still at the last visit: in all, and of patients with a visit already (...)."""

    total: Array
    begun: Array


def coming(had: Ints, able: Ints, stay: Array) -> Coming:
    """Return how many records are expected still at the last visit; arguments as in :func:`expected_n`."""
    last = np.where(np.asarray(had) < stay.size, _chances(had, able, stay)[..., -1], 0.0)
    return Coming(last.sum(axis=-1), np.where(np.asarray(had) > 0, last, 0.0).sum(axis=-1))


def _chances(had: Ints, able: Ints, stay: Array) -> Array:
    """Return each patient's chance to have been seen at each visit in the end (..., patient, visit)."""
    had = np.asarray(had)
    since = stay / np.where(had > 0, stay[np.maximum(had, 1) - 1], 1.0)[..., None]
    still = np.where((had == able)[..., None], since, 0.0)
    return np.where(np.arange(stay.size) < had[..., None], 1.0, still)
