"""What an outcome is: its unit, bounds, direction of benefit, important change and cut-offs.

The types only; the table of known outcomes is :mod:`ra_bayes.outcomes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.units import same_spelling

__all__ = ["Benefit", "Category", "Improvement", "Mcid", "Outcome", "UnitHint"]

type Benefit = Literal["decrease", "increase"]


@dataclass(frozen=True, slots=True)
class Mcid:
    """A change that patients or trialists call important.

    Parameters
    ----------
    change
        Size of the change, positive, in the outcome's canonical unit.
    unit
        That unit.
    basis
        How it was derived and in whom, e.g. ``"MCII, 80% specificity, active RA"``.
    source
        Where it was seen.
    """

    change: float
    unit: str
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class Category:
    """A named range of an outcome, e.g. low disease activity.

    Parameters
    ----------
    label
        Name of the category.
    above
        Lower edge, ``None`` for the first category. It belongs to the category below, unless that
        one is open (see `up_to_inclusive`).
    up_to
        Upper edge, ``None`` for the last category.
    source
        Where the cut-off was seen.
    up_to_inclusive
        ``False`` where the edge belongs to the next category: DAS28 remission is strictly below 2.6.
    """

    label: str
    above: float | None
    up_to: float | None
    source: str
    up_to_inclusive: bool = True

    def reaches(self, value: float) -> bool:
        """Return whether `value` lies at or under this category's upper edge."""
        if self.up_to is None:
            return True
        return value <= self.up_to if self.up_to_inclusive else value < self.up_to


@dataclass(frozen=True, slots=True)
class Improvement:
    """A share of a patient's own baseline by which who improves is called a responder.

    Parameters
    ----------
    share
        The share, 0.5 for 50%.
    basis
        What it is called and how it was derived.
    source
        Where it was seen.
    """

    share: float
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class UnitHint:
    """When a table names no unit: values this low look like another unit.

    Parameters
    ----------
    other_unit
        The unit the values look like.
    max_below
        If every value of the outcome in the whole table is at most this, ask for the unit.
    why
        What the threshold rests on.
    """

    other_unit: str
    max_below: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that is measured, and how to read it.

    Parameters
    ----------
    id
        Identifier in tables and model pages, e.g. ``"sdai"``.
    label
        Name on an axis, without the unit.
    unit
        Canonical unit: every value inside the package is in it.
    lower, upper
        Closed bounds of a recorded value in the canonical unit; a value outside is a mistake.
    benefit
        Direction of benefit; ``None`` where none is agreed on (RF, anti-CCP).
    source
        Where bounds and definition come from.
    kind
        ``"binary"`` outcomes are 0 or 1; ``"ordinal"`` ones are ordered categories, whole numbers from
        `lower` to `upper`.
    step
        Recording step (HAQ-DI 0.125); ``None`` where the record is as fine as the measurement.
    positive
        Strictly positive and analysed on the log scale; a record below a limit is left-censored.
    units
        Accepted unit spellings and the factor to the canonical unit.
    mcids
        Known important improvements, the default one first.
    categories
        Named ranges in rising order, without gaps.
    improvements
        Known responses by percent improvement, the easiest first; only where 0 means none.
    labels
        Names of an ordinal outcome's categories, lowest first; none if they are their numbers.
    suspicious
        Which other unit to suspect when a table names none.
    """

    id: str
    label: str
    unit: str
    lower: float | None
    upper: float | None
    benefit: Benefit | None
    source: str
    kind: Literal["continuous", "binary", "ordinal"] = "continuous"
    step: float | None = None
    positive: bool = False
    # A plain dict behind a read-only type: a mapping proxy could be neither pickled nor copied.
    units: Mapping[str, float] = field(default_factory=dict, hash=False)
    mcids: tuple[Mcid, ...] = ()
    categories: tuple[Category, ...] = ()
    improvements: tuple[Improvement, ...] = ()
    labels: tuple[str, ...] = ()
    suspicious: UnitHint | None = None

    @property
    def levels(self) -> tuple[int, ...]:
        """The categories of an ordinal outcome, as numbers, rising; none of another."""
        if self.kind != "ordinal" or self.lower is None or self.upper is None:
            return ()
        return tuple(range(int(self.lower), int(self.upper) + 1))

    @property
    def level_names(self) -> str:
        """The categories in words, lowest first."""
        return ", ".join(self.level_name(k) for k in range(len(self.levels)))

    def level_name(self, k: int) -> str:
        """Name the category at place `k`, counted from 0: its label, or its number.

        Examples
        --------
        >>> ends = {"lower": 1, "upper": 3, "benefit": None, "source": ""}
        >>> Outcome(id="x", label="X", unit="category", kind="ordinal", **ends).level_name(0)
        '1'
        """
        named = len(self.labels) == len(self.levels)
        return self.labels[k] if named else str(self.levels[k])

    @property
    def mcid(self) -> Mcid | None:
        """The important improvement used unless another is asked for."""
        return self.mcids[0] if self.mcids else None

    def category(self, value: float) -> str | None:
        """Name the category of `value` (canonical unit); ``None`` if the outcome has none.

        Examples
        --------
        >>> from ra_bayes.outcomes import get
        >>> get("das28_esr").category(2.6)
        'low'
        """
        return next((category.label for category in self.categories if category.reaches(value)), None)

    def factor(self, unit_text: str) -> float:
        """Return what to multiply a value in `unit_text` by to get the canonical unit.

        Spelling does not matter (:func:`ra_bayes.units.same_spelling`).

        Raises
        ------
        RaBayesError
            If the unit is not one this outcome is measured in.

        Examples
        --------
        >>> from ra_bayes.outcomes import get
        >>> get("crp").factor("MG / dl")
        10.0
        """
        wanted = same_spelling(unit_text)
        for spelling, factor in {self.unit: 1.0, **self.units}.items():
            if same_spelling(spelling) == wanted:
                return factor
        accepted = ", ".join(repr(spelling) for spelling in self.units)
        raise RaBayesError(f"{self.id}: unit {unit_text!r} is not known; write one of {accepted}")
