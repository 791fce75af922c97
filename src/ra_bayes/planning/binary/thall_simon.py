"""Thall and Simon's design: one treated arm against what is believed of the standard treatment.

The treated arm's rate p_E has a vague Beta prior and is updated by the data; the standard treatment's rate
p_S has an informative one that is not. At each look the trial stops (Thall and Simon 1994, Biometrics 50:337)

    as promising        when Pr(p_E > p_S | data) >= upper,
    as not promising    when Pr(p_E > p_S + delta | data) <= lower.

An end without either is inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture
from ra_bayes.planning.binary.boundaries import Boundaries, check_looks
from ra_bayes.planning.binary.difference_table import difference_table
from ra_bayes.planning.binary.rules import MET

__all__ = ["thall_simon_boundaries"]


def thall_simon_boundaries(
    looks: Sequence[int],
    standard: BetaMixture,
    prior: BetaMixture,
    *,
    delta: float,
    lower: float = 0.05,
    upper: float | None = 0.95,
) -> Boundaries:
    """Return the boundaries of Thall and Simon's design.

    Parameters
    ----------
    looks
        Patients at each look; the last is the size of the trial.
    standard
        What is believed of the standard treatment's rate.
    prior
        What is believed of the treated arm's rate before the trial.
    delta
        The improvement over the standard that is hoped for, 0 or more.
    lower, upper
        The cut-offs; without an upper one the trial does not stop early, or end, as promising.

    Raises
    ------
    RaBayesError
        If a number cannot be, or some count would be promising and not promising at once.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta
    >>> thall_simon_boundaries((10, 20, 30, 40), beta(15, 35), beta(0.6, 1.4), delta=0.15)
    after 10 patients: futility with 1 responder or fewer, success with 7 or more
    after 20 patients: futility with 5 responders or fewer, success with 11 or more
    after 30 patients: futility with 8 responders or fewer, success with 15 or more
    after 40 patients: futility with 11 responders or fewer, success with 19 or more
    """
    check_looks(looks)
    if not 0.0 <= delta < 1.0:
        raise RaBayesError(f"an improvement delta = {delta:g} cannot be; write a number from 0 to 1")
    if not 0.0 <= lower < (1.0 if upper is None else upper) <= 1.0:
        raise RaBayesError(
            f"cut-offs lower = {lower:g} and upper = {upper} do not fit; write 0 <= lower < upper <= 1"
        )
    futility: list[int | None] = []
    success: list[int | None] = []
    for n in looks:
        despair = difference_table(prior, n, standard, 0, delta)[:, 0] <= lower + MET
        futility.append(int(np.flatnonzero(despair)[-1]) if despair.any() else None)
        hope = difference_table(prior, n, standard, 0)[:, 0] >= (np.inf if upper is None else upper - MET)
        success.append(int(hope.argmax()) if hope.any() else None)
    return Boundaries(tuple(looks), tuple(futility), tuple(success))
