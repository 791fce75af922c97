"""A page of published counts at a glance: each count, how its words are read, what is left out and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from ra_bayes.model.joint import JointModel
from ra_bayes.published import Fact, Publication

__all__ = ["facts_overview", "facts_text"]

_WIDTH = 100


def facts_overview(publication: Publication, joint: JointModel) -> dict[str, Any]:
    """Return the counts and how a joint model reads them as plain data, ready for JSON.

    Parameters
    ----------
    publication
        The counts.
    joint
        The joint model: a fact of an outcome that it has no page for is left out.
    """
    return {
        "name": publication.name,
        "citation": publication.citation,
        "doi": publication.doi,
        "hash": publication.hash,
        "seen": publication.seen,
        "arms": [{"id": arm.id, "n": arm.n, "words": arm.words} for arm in publication.arms],
        "weeks": list(publication.weeks),
        "weeks_status": publication.weeks_status,
        "weeks_basis": publication.weeks_basis,
        "readings": {reading.id: reading.words for reading in publication.readings},
        "facts": [_fact(publication, fact, joint) for fact in publication.facts],
        "not_public": list(publication.not_public),
    }


def _fact(publication: Publication, fact: Fact, joint: JointModel) -> dict[str, Any]:
    return {
        "id": fact.id,
        "words": fact.words,
        "arm": fact.arm,
        "r": fact.r,
        "n": fact.n,
        "weeks": list(fact.weeks),
        "week_stated": fact.week_stated,
        "outcomes": list(fact.outcomes),
        "among": fact.among,
        "same_patients_as": fact.same_patients_as,
        "read_as": {each.id: fact.reading_under(each.id) for each in publication.readings},
        "left_open": fact.left_open,
        "left_out": _left_out(fact, joint),
    }


def _left_out(fact: Fact, joint: JointModel) -> str:
    """Say why a fact is not conditioned on; empty if it is."""
    if not fact.outcomes:
        return "a plain count, of no outcome that is modelled; its rate is among the simple rates"
    without = [outcome for outcome in fact.outcomes if outcome not in joint.pages]
    return f"no model page of {', '.join(without)}; its rate is among the simple rates" if without else ""


def facts_text(overview: dict[str, Any]) -> str:
    """Return what :func:`facts_overview` made, for a terminal.

    Examples
    --------
    >>> from ra_bayes.model import load_joint_model
    >>> from ra_bayes.published import read_publication
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> print(facts_text(facts_overview(paper, load_joint_model("wide"))).splitlines()[3])
    Seen: the abstract; not the full text
    """
    doi = f", doi {overview['doi']}" if overview["doi"] != "none" else ""
    return "\n\n".join(
        "\n".join(lines)
        for lines in (
            [*_wrapped(f"{overview['citation']}{doi}"), *_about(overview)],
            list(_readings(overview["readings"])),
            list(_facts(overview)),
        )
        if lines
    )


def _about(overview: dict[str, Any]) -> Iterator[str]:
    yield from _wrapped(f"Seen: {overview['seen']}")
    arms = overview["arms"]
    if len(arms) == 1:
        yield f"Patients: {arms[0]['n']}, one arm, no control"
    else:
        yield from _wrapped(f"Patients: {sum(arm['n'] for arm in arms)} in {len(arms)} arms")
        for arm in arms:
            yield from _wrapped(f"{arm['id']}, {arm['n']}: {arm['words']}", 2)
    weeks = ", ".join(f"{week:g}" for week in overview["weeks"])
    yield from _wrapped(f"Visits: weeks {weeks}; {overview['weeks_status']}: {overview['weeks_basis']}")


def _readings(readings: dict[str, str]) -> Iterator[str]:
    if readings:
        yield "How the words can be read"
        for name, words in readings.items():
            yield from _wrapped(f"{name}: {words}", 2)


def _facts(overview: dict[str, Any]) -> Iterator[str]:
    yield "What was counted"
    several = len(overview["arms"]) > 1
    for fact in overview["facts"]:
        weeks = ", ".join(f"{week:g}" for week in fact["weeks"])
        where = f" in arm {fact['arm']}" if several else ""
        # A week that the paper does not state is ours.
        stated = "" if fact["week_stated"] else " (our reading)"
        yield f"  {fact['id']}: {fact['r']} of {fact['n']}{where}, week {weeks}{stated}"
        yield from _wrapped(fact["words"], 4)
        for line in _how(fact):
            yield from _wrapped(line, 4)


def _how(fact: dict[str, Any]) -> Iterator[str]:
    if fact["left_out"]:
        yield f"Left out of the model: {fact['left_out']}."
    if fact["among"]:
        yield f"Some of the patients of {fact['among']}."
    if fact["same_patients_as"]:
        yield f"The patients of {fact['same_patients_as']}, and no others."
    for under, read in fact["read_as"].items():
        if read and read != under:
            yield f"Under {under}, which does not fit it, read as {read}."
    yield f"Left open: {fact['left_open']}."


def _wrapped(text: str, indent: int = 0) -> list[str]:
    lead = " " * indent
    return textwrap.wrap(text, _WIDTH, initial_indent=lead, subsequent_indent=f"{lead}  ")
