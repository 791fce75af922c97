"""The facts of an arm against each other: what is met together by more patients, or fewer, than can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations

from ra_bayes.errors import Problem
from ra_bayes.published.events import Condition, Event, event, excluded, implies, the_patients_of
from ra_bayes.published.fact_checks import at
from ra_bayes.published.publication import Fact, Reading

__all__ = ["compare"]

type _Told = tuple[frozenset[str], Problem]


def compare(facts: Mapping[str, Fact], readings: Mapping[str, Reading | None]) -> list[Problem]:
    """Compare the facts of each arm under every reading that an analysis may be run under.

    Parameters
    ----------
    facts
        By identifier, facts that are sound by themselves and refer to each other without a circle.
    readings
        The page's readings; all that the facts list could be read.
    """
    used = list(dict.fromkeys(id for fact in facts.values() for id in fact.readings)) or [""]
    found: dict[frozenset[str], Problem] = {}
    for reading in used:
        own = {id: event(fact, readings.get(fact.reading_under(reading))) for id, fact in facts.items()}
        asked = {id: _asked(fact, facts, own) for id, fact in facts.items()}
        arm = _Arm(asked, _met(facts, asked), reading if len(used) > 1 else "")
        for name in dict.fromkeys(fact.arm for fact in facts.values()):
            for key, problem in arm.check([fact for fact in facts.values() if fact.arm == name]):
                # What is wrong with the same facts under several readings is told once.
                found.setdefault(key, problem)
    return list(found.values())


def _asked(fact: Fact, facts: Mapping[str, Fact], own: Mapping[str, Event]) -> Event:
    """Return the event that a fact counts: its own, in the patients of the fact it is among."""
    if not fact.among:
        return own[fact.id]
    parent = facts.get(fact.among)
    return own[fact.id] | (the_patients_of(fact.among) if parent is None else _asked(parent, facts, own))


def _met(facts: Mapping[str, Fact], asked: Mapping[str, Event]) -> dict[str, Event]:
    """Return all that is known of each fact's patients: they are also those of facts it refers to."""
    also: dict[str, set[str]] = {id: {fact.among, fact.same_patients_as} for id, fact in facts.items()}
    for id, fact in facts.items():
        if fact.same_patients_as in also:
            also[fact.same_patients_as].add(id)
    met = {}
    for id in facts:
        reached: set[str] = set()
        ahead = {id}
        while ahead:
            reached |= ahead
            ahead = {other for each in ahead for other in also[each] if other in facts} - reached
        met[id] = frozenset[Condition]().union(*(asked[each] for each in reached))
    return met


class _Arm:
    """The comparisons within an arm under one reading.

    Parameters
    ----------
    asked
        What each fact counts.
    met
        What is known of the patients it counts, at least as much.
    reading
        The reading, for messages, if there are several.
    """

    def __init__(self, asked: Mapping[str, Event], met: Mapping[str, Event], reading: str) -> None:
        self._asked = asked
        self._met = met
        self._under = f" (reading {reading!r})" if reading else ""
        self._mend = ", or the readings listed" if reading else ""

    def check(self, facts: Sequence[Fact]) -> Iterator[_Told]:
        """Yield what cannot be, with the facts it is about."""
        told: list[frozenset[str]] = []
        for some in (*combinations(facts, 1), *combinations(facts, 2), *permutations(facts, 3)):
            ids = frozenset(fact.id for fact in some)
            if any(fewer <= ids for fewer in told):
                continue
            problem = (self._check_one, self._check_two, self._check_three)[len(some) - 1](*some)
            if problem is not None:
                told.append(ids)
                yield ids, problem

    def _check_one(self, fact: Fact) -> Problem | None:
        clash = excluded(self._met[fact.id], self._met[fact.id])
        if clash is None or fact.r == 0:
            return None
        what = (
            f"is above 0, but nobody can be counted: with the facts it refers to, it asks for two things of "
            f"{clash.of} at week {clash.week:g} that exclude each other{self._under}"
        )
        return at(fact, "r", what, f"correct a direction or a reference{self._mend}", fact.r)

    def _check_two(self, one: Fact, two: Fact) -> Problem | None:
        asked, met = self._asked, self._met
        if implies(asked[one.id], asked[two.id]) and implies(asked[two.id], asked[one.id]):
            if one.r == two.r:
                return None
            what = f"counts the event of fact {one.id!r} again, where r = {one.r}{self._under}"
            return at(two, "r", what, f"correct or leave out one of the two{self._mend}", two.r)
        for few, many in ((one, two), (two, one)):
            if few.r > many.r and implies(met[few.id], asked[many.id]):
                what = f"is more than r = {many.r} of fact {many.id!r}, which they meet too{self._under}"
                return at(few, "r", what, f"correct one of the two{self._mend}", few.r)
        if one.r + two.r > one.n and excluded(met[one.id], met[two.id]) is not None:
            what = (
                f"and r = {one.r} of fact {one.id!r} make {one.r + two.r} of {one.n} patients, "
                f"though nobody can meet both{self._under}"
            )
            return at(two, "r", what, f"correct one of the two{self._mend}", two.r)
        return None

    def _check_three(self, one: Fact, two: Fact, three: Fact) -> Problem | None:
        least = one.r + two.r - one.n
        if least <= three.r or not implies(self._met[one.id] | self._met[two.id], self._asked[three.id]):
            return None
        what = (
            f"is too few: r = {one.r} of fact {one.id!r} and r = {two.r} of fact {two.id!r} share at least "
            f"{least} of {one.n} patients, who meet this fact too{self._under}"
        )
        return at(three, "r", what, f"correct one of the three{self._mend}", three.r)
