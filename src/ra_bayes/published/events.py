"""What an event asks of a patient, and which events imply or exclude each other.

Only what holds for every patient is used: a larger change is also a smaller one, ACR50 is also ACR20, a
value cannot be below 2.6 and above 3.2 at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published.publication import Fact, Reading

__all__ = ["Condition", "Event", "event", "excluded", "implies", "the_patients_of"]

# Each is met by whoever meets a later one: 20, 50 and 70 percent of the same core set.
_NESTED = ("acr20", "acr50", "acr70")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that an event asks: at one week, one outcome lies beyond a threshold.

    Parameters
    ----------
    of
        The outcome, or of an event without outcomes what it is called.
    week
        Week at which it must hold.
    scale
        What is compared: the change from baseline, the same as a fraction of baseline, or the value
        itself; ``"met"`` where it is met or not.
    side
        -1 where the threshold is one from above (a decrease, a value below), +1 otherwise.
    amount
        Threshold times `side`, so that more is always stricter.
    strict
        Whether the threshold itself does not count.
    """

    of: str
    week: float
    scale: Literal["change", "fraction", "value", "met"]
    side: int = 1
    amount: float = 0.0
    strict: bool = False

    def implies(self, other: Condition) -> bool:
        """Return whether everybody who meets this meets the other."""
        if self.week != other.week:
            return False
        if self.of in _NESTED and other.of in _NESTED:
            return _NESTED.index(self.of) >= _NESTED.index(other.of)
        if self.of != other.of or self.side != other.side:
            return False
        if self.scale == other.scale:
            return (self.amount, self.strict) >= (other.amount, other.strict)
        return self.scale == "fraction" and other.scale == "change" and other.amount == 0

    def excludes(self, other: Condition) -> bool:
        """Return whether nobody can meet both."""
        if (self.of, self.week) != (other.of, other.week) or self.side == other.side:
            return False
        if {self.scale, other.scale} == {"change", "fraction"}:
            return True
        if self.scale != other.scale:
            return False
        gap = self.amount + other.amount
        return gap > 0 or (gap == 0 and (self.strict or other.strict))


type Event = frozenset[Condition]


def event(fact: Fact, reading: Reading | None) -> Event:
    """Return what a fact asks of each patient that it counts, under a reading.

    A plain count asks for something that no other fact speaks of.
    """
    if not fact.outcomes:
        return the_patients_of(fact.id)
    return frozenset(
        _condition(fact, outcome, week, reading) for outcome in fact.outcomes for week in fact.weeks
    )


def the_patients_of(id: str) -> Event:
    """Return the event of being one of the patients that a fact counts."""
    return frozenset({Condition(f"fact {id}", 0.0, "met")})


def implies(event: Event, other: Event) -> bool:
    """Return whether everybody with the one event has the other."""
    return all(any(mine.implies(theirs) for mine in event) for theirs in other)


def excluded(event: Event, other: Event) -> Condition | None:
    """Return a condition of `event` that nobody with the other can meet, ``None`` if there is none."""
    in_order = sorted(event, key=lambda mine: (mine.of, mine.week))
    return next((mine for mine in in_order if any(mine.excludes(theirs) for theirs in other)), None)


def _condition(fact: Fact, outcome: str, week: float, reading: Reading | None) -> Condition:
    if reading is None or OUTCOMES[outcome].kind == "binary":
        return Condition(outcome, week, "met")
    match reading.kind:
        case "change" | "fraction":
            mcid = OUTCOMES[outcome].mcid
            amount = reading.amount if reading.amount is not None else mcid.change if mcid else 0.0
            side = -1 if fact.direction == "decrease" else 1
            return Condition(outcome, week, reading.kind, side, amount, strict=amount == 0)
        case "below" | "at_most":
            return Condition(outcome, week, "value", -1, -_amount(reading), strict=reading.kind == "below")
        case "above" | "at_least":
            return Condition(outcome, week, "value", 1, _amount(reading), strict=reading.kind == "above")


def _amount(reading: Reading) -> float:
    return 0.0 if reading.amount is None else reading.amount
