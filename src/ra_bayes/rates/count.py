"""The counts of a publication as events of its own patients, each once, and which of them to compare."""

from __future__ import annotations

from dataclasses import dataclass

from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.historical.arms import events_on_file
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published import Fact, Publication

__all__ = ["Count", "counts_of", "pairs_of"]


@dataclass(frozen=True, slots=True)
class Count:
    """One event that `r` of the `n` patients of an arm had.

    Parameters
    ----------
    id, words
        Of the fact; of all facts where several are one event of the same patients.
    arm, week, r, n
        Where, when, how many.
    on_file
        What the same event is called in the files of other trials' arms; empty if it is not there.
    compares
        What a count of the other arm must share to be compared with this one.
    definition
        What the rate is, and what the paper leaves open about it.
    source
        Where it was seen.
    """

    id: str
    words: str
    arm: str
    week: float
    r: int
    n: int
    on_file: str
    compares: tuple[object, ...]
    definition: str
    source: str


def counts_of(publication: Publication) -> list[Count]:
    """Return the counts of a publication.

    Facts of the same patients (`same_patients_as`) are one event: their separate rates would count the
    same patients twice, and the paper does not say that nobody else had the one or the other alone.

    Examples
    --------
    >>> from ra_bayes.published import read_publication
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> [(each.r, each.n) for each in counts_of(paper) if each.id.startswith("il10")]
    [(5, 6)]
    """
    check_type(publication, Publication, "publication", "read one with rb.read_publication(path)")
    groups: dict[str, list[Fact]] = {}
    for fact in publication.facts:
        groups.setdefault(_first(fact, publication), []).append(fact)
    return [_count(facts, publication) for facts in groups.values()]


def pairs_of(counts: list[Count], controls: frozenset[str]) -> list[tuple[Count, Count]]:
    """Return each count of a treated arm with the one count of a control arm of the same event."""
    pairs = []
    for treated in counts:
        same = [each for each in counts if each.arm in controls and each.compares == treated.compares]
        if treated.arm not in controls and len(same) == 1:
            pairs.append((treated, same[0]))
    return pairs


def _first(fact: Fact, publication: Publication) -> str:
    """The fact at the end of a chain of same patients."""
    seen = set()
    while fact.same_patients_as:
        if fact.id in seen:
            raise RaBayesError(
                f"{publication.name}: fact {fact.id!r} is of its own patients, in a circle; "
                "take one same_patients_as away"
            )
        seen.add(fact.id)
        fact = publication.fact(fact.same_patients_as)
    return fact.id


def _count(facts: list[Fact], publication: Publication) -> Count:
    first = facts[0]
    if any((each.r, each.arm) != (first.r, first.arm) for each in facts):
        raise RaBayesError(
            f"{publication.name}: facts {', '.join(each.id for each in facts)} are of the same patients, "
            "but their counts or arms differ; correct them"
        )
    # A fact among the patients of another is a rate of all patients of the arm, not of those.
    n = publication.arm(first.arm).n
    said = [f"chance of this in a new patient like these {n}"]
    if len(facts) > 1:
        what = " and ".join(f"{' and '.join(each.outcomes)} {each.direction}" for each in facts)
        said.append(f"one event of the same patients: {what}")
    if first.among:
        said.append(f"of all {n} patients, not of those of {first.among}")
    if not all(each.week_stated for each in facts):
        said.append("its week is not stated")
    left_open = dict.fromkeys(each.left_open for each in facts if each.left_open not in {"", "nothing"})
    if left_open:
        said.append(f"left open by the paper: {'; '.join(left_open)}")
    event = _event(first) if len(facts) == 1 else ""
    return Count(
        id=" + ".join(each.id for each in facts),
        words=" ".join(each.words for each in facts),
        arm=first.arm,
        week=max(each.week for each in facts),
        r=first.r,
        n=n,
        on_file=event,
        compares=tuple(_compares(each, event) for each in facts),
        definition="; ".join(said),
        source="; ".join(dict.fromkeys(each.source for each in facts)),
    )


def _event(fact: Fact) -> str:
    """What other trials' files call the event; empty where it is more than they count."""
    if fact.among or len(fact.weeks) > 1 or fact.direction == "decrease":
        return ""
    if fact.outcomes:
        one = fact.outcomes[0]
        return one if len(fact.outcomes) == 1 and OUTCOMES[one].kind == "binary" else ""
    # A plain count has no outcome: its name says what it is.
    return max((each for each in events_on_file() if fact.id.startswith(each)), key=len, default="")


def _compares(fact: Fact, event: str) -> tuple[object, ...]:
    # Plain counts without a name that is known are told apart by theirs, less that of the arm.
    name = event or fact.id.replace(fact.arm, "").strip("_")
    what = fact.outcomes or name
    return (what, fact.direction, fact.weeks, fact.readings, bool(fact.among))
