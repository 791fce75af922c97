"""One fact against the arms, visits, readings and outcomes it names."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence

from ra_bayes.errors import Problem
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published.publication import Arm, Fact, Reading

__all__ = ["at", "check_fact", "meant"]


def at(fact: Fact, key: str, what: str, mend: str, value: object = None) -> Problem:
    """Return a problem at one key of a fact."""
    return Problem(what, mend, key=f"fact.{fact.id}.{key}", value=None if value is None else str(value))


def meant(name: str, known: Collection[str], mend: str) -> str:
    """Return a mend for a name that is none of the known: the nearest of them, or else `mend`."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else mend


def check_fact(
    fact: Fact,
    arms: Mapping[str, Arm | None],
    weeks: Sequence[float],
    readings: Mapping[str, Reading | None],
) -> Iterator[Problem]:
    """Yield what is wrong with a fact by itself; see :func:`contradictions` for the parameters."""
    yield from _check_counts(fact, arms)
    yield from _check_weeks(fact, weeks)
    if not fact.outcomes:
        for key in ("readings", "direction"):
            if getattr(fact, key):
                yield at(fact, key, "says nothing of a plain count", "leave it out or name outcomes")
        return
    met = [outcome for outcome in fact.outcomes if OUTCOMES[outcome].kind == "binary"]
    if len(met) == len(fact.outcomes):
        yield from _check_binary(fact)
    elif met:
        # One direction and one reading cannot speak of both.
        what = f"mixes {met[0]}, which is met or not, with an outcome that is measured"
        yield at(
            fact, "outcomes", what, "write a fact of each, one among the other", ", ".join(fact.outcomes)
        )
    else:
        yield from _check_continuous(fact, readings)


def _check_counts(fact: Fact, arms: Mapping[str, Arm | None]) -> Iterator[Problem]:
    if fact.r > fact.n:
        yield at(fact, "r", f"is more than n = {fact.n}", "correct one of the two", fact.r)
    if fact.arm not in arms:
        mend = meant(fact.arm, arms, f"the page has {', '.join(arms)}")
        yield at(fact, "arm", "is not an arm of this page", mend, fact.arm)
    arm = arms.get(fact.arm)
    if arm is not None and fact.n != arm.n:
        whose = f"the {arm.n} patients of the trial" if len(arms) == 1 else f"the {arm.n} of arm {arm.id!r}"
        mend = f"write n = {arm.n} and say in left_open how the others were counted, or make it a [[remark]]"
        yield at(fact, "n", f"is not {whose}", mend, fact.n)


def _check_weeks(fact: Fact, weeks: Sequence[float]) -> Iterator[Problem]:
    sustained = fact.weeks != (fact.week,)
    key = "sustained_weeks" if sustained else "week"
    for week in fact.weeks:
        if week == 0:
            yield at(fact, key, "has week 0, before treatment", "leave it out")
        elif weeks and week not in weeks:
            what = (
                "has a week that is not among [visits].weeks" if sustained else "is not among [visits].weeks"
            )
            yield at(fact, key, what, "add it there or correct it here", f"{week:g}")
    if fact.week not in fact.weeks:
        mend = f"write week = {fact.weeks[-1]:g}, the last of them"
        yield at(fact, "week", "is not among the fact's sustained_weeks", mend, f"{fact.week:g}")


def _check_binary(fact: Fact) -> Iterator[Problem]:
    names = " and ".join(fact.outcomes)
    if fact.readings:
        what = f"says how to take a change, but {names} is met or not"
        yield at(fact, "readings", what, "leave it out", ", ".join(fact.readings))
    if fact.direction == "decrease":
        yield at(fact, "direction", f"is a decrease, but {names} is met or not", "leave it out")


def _check_continuous(fact: Fact, readings: Mapping[str, Reading | None]) -> Iterator[Problem]:
    if not fact.readings:
        names = " and ".join(fact.outcomes)
        yield at(fact, "readings", f"is missing: {names} can change more or less", _reading_mend(readings))
    for id in fact.readings:
        if id not in readings:
            mend = meant(id, readings, f"add a table [readings.{id}] or leave it out")
            yield at(fact, "readings", "is not a reading of this page", mend, id)
    listed = [reading for id in fact.readings if (reading := readings.get(id)) is not None]
    changes = [reading.id for reading in listed if reading.kind in ("change", "fraction")]
    if changes and not fact.direction:
        mend = 'write direction = "decrease" or "increase"'
        yield at(fact, "direction", f"is missing, and reading {changes[0]!r} is a change", mend)
    for reading in listed:
        yield from _check_reading(fact, reading)


def _check_reading(fact: Fact, reading: Reading) -> Iterator[Problem]:
    if reading.kind == "fraction" and fact.direction == "decrease" and (reading.amount or 0) >= 1:
        what = f"is a decrease by {reading.amount:g} of baseline, which leaves nothing"
        yield at(fact, "readings", what, "write a fraction below 1, e.g. 0.20", reading.id)
    for outcome in (OUTCOMES[outcome] for outcome in fact.outcomes):
        if reading.kind == "change" and reading.amount is None:
            if outcome.mcid is None:
                mend = "leave it out, or give a reading with the change that matters as a number"
                yield at(fact, "readings", f"needs an MCID, which {outcome.id} lacks", mend, reading.id)
            continue
        lower = -float("inf") if outcome.lower is None else outcome.lower
        upper = float("inf") if outcome.upper is None else outcome.upper
        amount = reading.amount or 0.0
        if reading.kind == "change" and amount > upper - lower:
            what = f"is a change by {amount:g}, more than {outcome.id} can"
        elif reading.kind not in ("change", "fraction") and not lower <= amount <= upper:
            what = f"compares {outcome.id} with {amount:g}, which is outside its bounds"
        else:
            continue
        mend = f"correct it: {outcome.id} is from {lower:g} to {upper:g}{f' {outcome.unit}'.rstrip()}"
        yield at(fact, "readings", what, mend, reading.id)


def _reading_mend(readings: Mapping[str, Reading | None]) -> str:
    if not readings:
        return "write a table [readings.NAME] and name it here"
    return f"name at least one of {', '.join(readings)}"
