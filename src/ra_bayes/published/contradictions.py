"""What cannot be true together on one page of published counts, each told in one plain sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ra_bayes.errors import Problem
from ra_bayes.published.comparisons import compare
from ra_bayes.published.fact_checks import at, check_fact, meant
from ra_bayes.published.publication import Arm, Fact, Reading

__all__ = ["contradictions"]


def contradictions(
    arms: Mapping[str, Arm | None],
    weeks: Sequence[float],
    readings: Mapping[str, Reading | None],
    facts: Sequence[Fact],
    broken: frozenset[str],
) -> list[Problem]:
    """Return what contradicts itself.

    A fact with a problem of its own is not compared with others.

    Parameters
    ----------
    arms, readings
        Those on the page by identifier, ``None`` where one is there but cannot be read.
    weeks
        Weeks of the visits.
    facts
        Facts that could be read.
    broken
        Identifiers of those that could not.
    """
    problems: list[Problem] = []
    sound: list[Fact] = []
    for fact in facts:
        found = list(check_fact(fact, arms, weeks, readings))
        problems += found
        if not found:
            sound.append(fact)
    by_id = {fact.id: fact for fact in facts}
    told: set[str] = set()
    for fact in facts:
        for problem in _check_references(fact, by_id, broken):
            problems.append(problem)
            told.add(fact.id)
    for circle in _circles(by_id):
        problems.append(_circle_problem(by_id, circle))
        told.update(circle)
    comparable = {
        fact.id: fact
        for fact in sound
        if fact.id not in told
        and arms[fact.arm] is not None
        and all(readings[id] is not None for id in fact.readings)
    }
    return problems + compare(comparable, readings)


def _check_references(fact: Fact, facts: Mapping[str, Fact], broken: frozenset[str]) -> Iterator[Problem]:
    for key, id in (("among", fact.among), ("same_patients_as", fact.same_patients_as)):
        if not id or id in broken:
            continue
        other = facts.get(id)
        if id == fact.id:
            yield at(fact, key, "names the fact itself", "name another or leave it out", id)
        elif other is None:
            others = [each for each in facts if each != fact.id]
            yield at(fact, key, "is not a fact of this page", meant(id, others, "add it or leave it out"), id)
        elif other.arm != fact.arm:
            what = f"is a fact of arm {other.arm!r}, and this one of arm {fact.arm!r}"
            yield at(fact, key, what, "name one of the same arm", id)
        elif key == "among" and fact.r > other.r:
            what = f"is more than r = {other.r} of fact {id!r}, of whose patients these are some"
            yield at(fact, "r", what, "correct one of the two", fact.r)
        elif key == "same_patients_as" and fact.r != other.r:
            what = f"is not r = {other.r} of fact {id!r}, whose patients these are"
            yield at(fact, "r", what, "correct one of the two, or write among", fact.r)


def _circles(facts: Mapping[str, Fact]) -> list[list[str]]:
    """Return every set of facts that refer to each other in a circle, once."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(path: list[str]) -> None:
        fact = facts[path[-1]]
        for id in dict.fromkeys((fact.among, fact.same_patients_as)):
            if id in path[:-1]:
                found.append(path[path.index(id) :])
            elif id in facts and id not in done and id != fact.id:
                walk([*path, id])
        done.add(fact.id)

    for id in facts:
        if id not in done:
            walk([id])
    return found


def _circle_problem(facts: Mapping[str, Fact], circle: list[str]) -> Problem:
    first = facts[circle[0]]
    key = "among" if first.among == circle[1] else "same_patients_as"
    way = " -> ".join([*circle, circle[0]])
    return at(first, key, f"leads in a circle ({way})", "leave it out of one of these facts", circle[1])
