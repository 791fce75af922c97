"""What a named design does at each of the two rates that it is made for."""

from __future__ import annotations

from dataclasses import dataclass

from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.recursion import binary_stopping

__all__ = ["OperatingCharacteristics"]


@dataclass(frozen=True)
class OperatingCharacteristics:
    """What a design does at one true rate, exactly.

    Parameters
    ----------
    rate
        The true rate.
    success
        Probability of declaring success: type I error or power.
    early
        Probability of ending before the last look.
    expected_n
        Expected number of patients.
    """

    rate: float
    success: float
    early: float
    expected_n: float

    @classmethod
    def of(cls, boundaries: Boundaries, rate: float) -> OperatingCharacteristics:
        """Return those of a trial with these boundaries."""
        found = binary_stopping(boundaries, rate)
        return cls(rate, float(found.p_success[0]), float(found.p_early[0]), float(found.expected_n[0]))
