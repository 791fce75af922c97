"""What cannot be true together on one page of published counts, each told in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ra_bayes.errors import Problem
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
    return [
        Problem(f"{fact.r} of {fact.n} patients cannot be", "correct r or n", key=f"fact.{fact.id}.r")
        for fact in facts
        if fact.r > fact.n
    ]
