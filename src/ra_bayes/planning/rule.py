"""A decision rule: when a trial is a success, and when it stops for futility, as printable values.

A criterion asks for one probability given the data. Success is declared at a look when EVERY success
criterion of that look holds; the trial stops for futility when ANY futility criterion of that look holds.
Where both hold at one look, success is declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ra_bayes.errors import RaBayesError

__all__ = ["Basis", "Criterion", "Direction", "Looks", "Rule"]

type Direction = Literal["above", "below"]
type Basis = Literal["posterior", "predictive"]
type Looks = Literal["final", "interim", "all"] | tuple[int, ...]

_WHEN = {"final": "at the final analysis", "interim": "at every interim look", "all": "at every look"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One probability that decides: Pr(estimand beyond a threshold | data) against a cut-off.

    Parameters
    ----------
    estimand
        What is asked about, in words: ``"response rate at week 16"``.
    direction, threshold
        On which side of what; in `unit`. A predictive criterion has none of its own: it asks for the
        success criteria of the final analysis.
    probability
        The cut-off. Success asks for at least it, futility for less.
    looks
        The looks it is asked at: ``"final"``, ``"interim"``, ``"all"``, or their numbers, from 1.
    basis
        ``"posterior"``: the probability given the data. ``"predictive"``: the probability, given the data
        so far, that the trial would end in success at its full size.
    unit
        Of the threshold.

    Examples
    --------
    >>> print(Criterion("response rate at week 16", "above", 0.2, 0.9))
    Pr(response rate at week 16 > 0.2 | data) ≥ 0.9
    """

    estimand: str
    direction: Direction
    threshold: float
    probability: float
    looks: Looks = "final"
    basis: Basis = "posterior"
    unit: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.probability < 1.0:
            raise RaBayesError(
                f"a criterion cannot ask for a probability of {self.probability:g}; "
                "write one between 0 and 1, such as 0.9"
            )
        if isinstance(self.looks, tuple) and (not self.looks or min(self.looks) < 1):
            raise RaBayesError(f"a criterion is asked at looks {list(self.looks)}; looks are numbered from 1")

    def __str__(self) -> str:
        return self.words("success")

    def at(self, look: int, last: int) -> bool:
        """Return whether it is asked at a look, numbered from 1 to `last`."""
        if isinstance(self.looks, tuple):
            return look in self.looks
        return {"final": look == last, "interim": look < last, "all": True}[self.looks]

    def words(self, action: Literal["success", "futility"]) -> str:
        """Return the criterion as a formula; what it leads to decides the side of the cut-off."""
        sign = "≥" if action == "success" else "<"
        if self.basis == "predictive":
            return f"Pr(success at the final analysis | data so far) {sign} {self.probability:g}"
        beyond = ">" if self.direction == "above" else "<"
        limit = f"{self.threshold:g}{f' {self.unit}' if self.unit else ''}"
        return f"Pr({self.estimand} {beyond} {limit} | data) {sign} {self.probability:g}"

    @property
    def when(self) -> str:
        """The looks in words."""
        if isinstance(self.looks, str):
            return _WHEN[self.looks]
        return f"at look{'s' if len(self.looks) > 1 else ''} {', '.join(map(str, self.looks))}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Success when all of its criteria hold, futility when any does.

    Parameters
    ----------
    success, futility
        The criteria; success needs one at the final analysis.

    Examples
    --------
    >>> rate = "response rate at week 16"
    >>> rule = Rule((Criterion(rate, "above", 0.2, 0.9),), (Criterion(rate, "above", 0.4, 0.05, "interim"),))
    >>> print(rule)
    Success is declared at the final analysis if Pr(response rate at week 16 > 0.2 | data) ≥ 0.9.
    The trial stops for futility at every interim look if Pr(response rate at week 16 > 0.4 | data) < 0.05.
    """

    success: tuple[Criterion, ...]
    futility: tuple[Criterion, ...] = ()

    def __post_init__(self) -> None:
        if not any(criterion.basis == "posterior" for criterion in self.success):
            raise RaBayesError(
                "a rule has no posterior criterion of success, so that no trial could end in one; "
                "write one under [[success]]"
            )

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """Return the rule in sentences fit for a protocol."""
        said = []
        for when, criteria in _by_looks(self.success).items():
            joined = " and ".join(criterion.words("success") for criterion in criteria)
            said.append(f"Success is declared {when} if {joined}.")
        for when, criteria in _by_looks(self.futility).items():
            joined = " or ".join(criterion.words("futility") for criterion in criteria)
            said.append(f"The trial stops for futility {when} if {joined}.")
        return said


def _by_looks(criteria: Sequence[Criterion]) -> dict[str, list[Criterion]]:
    found: dict[str, list[Criterion]] = {}
    for criterion in criteria:
        found.setdefault(criterion.when, []).append(criterion)
    return found
