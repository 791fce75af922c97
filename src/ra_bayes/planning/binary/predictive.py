"""Lee and Liu's predictive probability design: stop when success at the end has become unlikely.

With x responders among n of n_max patients and a Beta prior, the predictive probability of success is

    PP = sum_y Pr(Y = y | x, n) [ Pr(p > p0 | x + y of n_max) >= theta_T ]

over the responders y still to come, beta-binomial given the data (Lee and Liu 2008, Clin Trials 5:93). The
trial is watched after every patient from the first look on and stops for futility when PP < theta_L; at the
end success is declared if Pr(p > p0 | data) >= theta_T.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture, beta
from ra_bayes.planning.binary.at_rate import OperatingCharacteristics
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.checks import check_errors, check_rates
from ra_bayes.planning.binary.posterior import posterior_above, predictive_of
from ra_bayes.planning.binary.recursion import LARGEST_N, binary_stopping, count_probabilities
from ra_bayes.planning.binary.rules import MET

__all__ = ["PredictiveDesign", "predictive_design", "predictive_probability"]

# Lee and Liu begin to watch after ten patients.
_FIRST_LOOK = 10


def predictive_probability(
    responders: int, n: int, n_max: int, p0: float, theta: float, prior: BetaMixture
) -> tuple[float, float]:
    """Return the predictive probability of success, and Pr(p > p0 | data) now.

    Parameters
    ----------
    responders, n
        The data so far.
    n_max
        Patients in all.
    p0
        The response rate to beat.
    theta
        Success is Pr(p > p0 | all data) >= theta.
    prior
        What is believed of the rate before the trial.

    Examples
    --------
    >>> now = predictive_probability(16, 23, 40, p0=0.6, theta=0.9, prior=beta(0.6, 0.4))
    >>> [round(each, 7) for each in now]  # Lee and Liu 2008, Table 1
    [0.5655589, 0.8359808]
    """
    check_rates(p0, theta=theta)
    if not 0 <= responders <= n:
        raise RaBayesError(f"{responders} responders among {n} patients cannot be; correct the count")
    if not 1 <= n_max <= LARGEST_N:
        raise RaBayesError(f"a trial of {n_max} patients cannot be counted; write 1 to {LARGEST_N}")
    if n > n_max:
        raise RaBayesError(f"{n} patients are more than the {n_max} of the whole trial; correct one of them")
    success = posterior_above(prior, p0, n_max) >= theta - MET
    given = prior.update(responders, n)
    # From here on the data so far are the prior's.
    left = predictive_of(given, 0, n_max - n, success[responders : responders + n_max - n + 1])
    return min(float(left[0]), 1.0), given.p_above(p0)


@dataclass(frozen=True)
class PredictiveDesign:
    """A predictive probability design with its exact operating characteristics.

    Parameters
    ----------
    boundaries
        When the trial stops; the last look is n_max.
    theta_l, theta_t
        The thresholds, each as the range (above, up to) within which the boundaries are the same.
    at_p0, at_p1
        What the design does at either rate.
    """

    boundaries: Boundaries
    theta_l: tuple[float, float]
    theta_t: tuple[float, float]
    at_p0: OperatingCharacteristics
    at_p1: OperatingCharacteristics


def predictive_design(
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    prior: BetaMixture | None = None,
    n_max: int = 100,
    first: int = _FIRST_LOOK,
) -> PredictiveDesign:
    """Return the smallest design that keeps both error rates, looking after every patient.

    Of the designs with the smallest number of patients, the one whose expected number at p0 is smallest.

    Parameters
    ----------
    p0, p1
        Response rates that are of no interest and of interest, p0 < p1.
    alpha, power
        Largest probability of success at p0, smallest at p1.
    prior
        What is believed of the rate before the trial; Beta(p0, 1 - p0) if not given.
    n_max
        Most patients in all.
    first
        Patients at the first look.

    Examples
    --------
    >>> found = predictive_design(0.2, 0.4, alpha=0.1, power=0.9)
    >>> found.boundaries.n, round(found.at_p0.success, 3), round(found.at_p1.success, 3)
    (36, 0.086, 0.9)
    """
    check_errors(p0, p1, alpha, power)
    prior = beta(p0, 1.0 - p0) if prior is None else prior
    if not 1 <= first <= n_max <= LARGEST_N:
        raise RaBayesError(
            f"a first look after {first} of at most {n_max} patients cannot be; "
            f"write 1 <= first <= n_max <= {LARGEST_N}"
        )
    for n in range(first, n_max + 1):
        found = _of_size(n, first, p0, p1, alpha, power, prior)
        if found is not None:
            return found
    raise RaBayesError(
        f"no predictive probability design of at most {n_max} patients has alpha <= {alpha:g} at {p0:g} and "
        f"power >= {power:g} at {p1:g}; allow more patients or larger errors"
    )


def _of_size(
    n: int, first: int, p0: float, p1: float, alpha: float, power: float, prior: BetaMixture
) -> PredictiveDesign | None:
    looks = tuple(range(first, n + 1))
    best: PredictiveDesign | None = None
    # Watching takes power away: without it there must be enough, in the most powerful test of level alpha.
    alone = count_probabilities((p0, p1), n, np.arange(n + 1))[:, ::-1].cumsum(axis=1)[:, ::-1]
    strict = int((alone[0] > alpha).sum())
    part = (alpha - alone[0, strict]) / (alone[0, strict - 1] - alone[0, strict]) if strict <= n else 0.0
    if strict > n or alone[1, strict] + part * (alone[1, strict - 1] - alone[1, strict]) < power:
        return None
    for need in range(1, int((alone[1] >= power).sum())):
        found = _latest(looks, need, p0, p1, alpha, power, prior)
        if found is not None and (best is None or found.at_p0.expected_n < best.at_p0.expected_n):
            best = found
    return best


def _latest(
    looks: Sequence[int], need: int, p0: float, p1: float, alpha: float, power: float, prior: BetaMixture
) -> PredictiveDesign | None:
    """The largest theta_L that keeps the power, if it keeps alpha too.

    The larger theta_L, the more trials stop: power, alpha and the expected number of patients all fall.
    """
    n = looks[-1]
    outcome = np.arange(n + 1) >= need
    predicted = [predictive_of(prior, each, n, outcome) for each in looks[:-1]]
    # Every threshold that makes a difference. A count that can no longer succeed has PP = 0.
    theta_l = np.unique(np.concatenate([[1e-9], *predicted]).round(12))
    theta_l = theta_l[(theta_l > 0.0) & (theta_l < 0.5)]

    def boundaries(threshold: float) -> Boundaries:
        counts = [int(np.searchsorted(each, threshold - MET)) - 1 for each in predicted]
        futility = [count if count >= 0 else None for count in counts]
        return Boundaries(tuple(looks), (*futility, need - 1), (*(None,) * len(futility), need))

    kept, lost = -1, len(theta_l)
    while lost - kept > 1:
        middle = (kept + lost) // 2
        enough = binary_stopping(boundaries(theta_l[middle]), p1).p_success[0] >= power
        kept, lost = (middle, lost) if enough else (kept, middle)
    if kept < 0:
        return None
    design = boundaries(theta_l[kept])
    at_p0 = OperatingCharacteristics.of(design, p0)
    if at_p0.success > alpha:
        return None
    final = posterior_above(prior, p0, n)
    return PredictiveDesign(
        design,
        (float(theta_l[kept - 1]) if kept else 0.0, float(theta_l[kept])),
        (float(final[need - 1]), float(final[need])),
        at_p0,
        OperatingCharacteristics.of(design, p1),
    )
