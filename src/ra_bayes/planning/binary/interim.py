"""What the rest of a trial will bring, given the data so far.

The data so far update what is believed of the rate, and the boundaries are counted from there: so the
predictive probability of success is the assurance of what is left of the trial. Looks still to come are
kept to; without them it is Lee and Liu's (2008).
"""

from __future__ import annotations

from ra_bayes.mixtures import BetaMixture
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.binary.two_arm import TwoArmTables, two_arm_stopping
from ra_bayes.planning.stopping import Stopping

__all__ = ["interim_stopping", "two_arm_interim_stopping"]


def interim_stopping(boundaries: Boundaries, prior: BetaMixture, events: int, n: int) -> Stopping:
    """Return the exact predictive probabilities of stopping at the looks still to come.

    Parameters
    ----------
    boundaries
        The whole trial's.
    prior
        What is believed of the rate before the trial.
    events, n
        The data so far. A look after exactly `n` patients is taken to be over, with the decision to go on.

    Returns
    -------
    Stopping
        One node; its looks count the patients still to come.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta
    >>> final = Boundaries((40,), futility=(None,), success=(28,))
    >>> interim_stopping(final, beta(0.6, 0.4), 16, 23).p_success.round(7).tolist()  # Lee and Liu 2008
    [0.5655589]
    """
    return binary_stopping(boundaries.remaining(events, n), prior.update(events, n))


def two_arm_interim_stopping(
    tables: TwoArmTables,
    prior: BetaMixture,
    control_prior: BetaMixture,
    events: tuple[int, int],
    n: tuple[int, int],
) -> Stopping:
    """Return the exact predictive probabilities of stopping at the looks still to come, of two arms.

    Parameters
    ----------
    tables
        The whole trial's.
    prior, control_prior
        What is believed of either rate before the trial.
    events, n
        The data so far, (treated, control).

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> from ra_bayes.planning.binary.two_arm import two_arm_tables
    >>> tables = two_arm_tables([(20, 10)], UNIFORM, UNIFORM, success=[(0, 0.9)])
    >>> two_arm_interim_stopping(tables, UNIFORM, UNIFORM, (7, 1), (10, 5)).p_success.round(3).tolist()
    [0.857]
    """
    left = tables.remaining(events, n)
    return two_arm_stopping(left, prior.update(events[0], n[0]), control_prior.update(events[1], n[1]))
