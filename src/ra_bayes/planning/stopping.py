"""What a design does under given truths: with which probability it stops at each look, and for what.

Every engine returns this, whatever it computes with; everything a planner reads (type I error, power,
assurance, expected size) is a sum over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError

__all__ = ["Stopping"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stopping:
    """Probabilities of stopping, by truth and look.

    Parameters
    ----------
    looks
        Patients with an outcome at each look, both arms together (look).
    success, futility
        Probability that the trial ends at this look, declaring success or stopping for futility
        (truth, look). At the last look what is neither is a trial that ended without a decision for success.
    success_mcse, futility_mcse
        Monte Carlo standard errors, 0 where the numbers are exact.
    engine
        What computed them, in words.
    """

    looks: Array
    success: Array
    futility: Array
    success_mcse: Array
    futility_mcse: Array
    engine: str

    def __post_init__(self) -> None:
        shape = self.success.shape
        others = (self.futility, self.success_mcse, self.futility_mcse)
        if any(each.shape != shape for each in others) or shape[-1:] != self.looks.shape:
            raise RaBayesError("probabilities of stopping do not have the shape (truth, look)")

    @property
    def p_success(self) -> Array:
        """Probability of success at any look (truth)."""
        return np.asarray(self.success.sum(axis=-1))

    @property
    def p_success_mcse(self) -> Array:
        """Its Monte Carlo standard error, sqrt(p (1 - p) / m), from the looks' own by adding variances.

        Ends at different looks exclude each other, so that their variances add up to no less than the
        variance of the sum: the error told is never too small.
        """
        return np.asarray(np.sqrt((self.success_mcse**2).sum(axis=-1)))

    @property
    def expected_n(self) -> Array:
        """Expected number of patients with an outcome when the trial ends (truth).

        sum_k n_k Pr(end at look k); whoever does not stop earlier ends at the last look.
        """
        early = (self.success + self.futility)[..., :-1]
        return np.asarray(early @ self.looks[:-1] + (1.0 - early.sum(axis=-1)) * self.looks[-1])

    @property
    def p_early(self) -> Array:
        """Probability of ending before the last look (truth)."""
        return np.asarray((self.success + self.futility)[..., :-1].sum(axis=-1))
