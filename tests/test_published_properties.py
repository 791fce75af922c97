"""Counts of patients that there could be: never refused, whatever facts a page asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from published_pages import READINGS, Table, fact, page

from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published import read_publication_text

# Whatever is counted in patients who exist is no contradiction: their counts are never refused.
OUTCOME_IDS = ("vas", "sdai", "das28_esr")
WEEKS = (4, 12, 24)


def holds(reading: str, start: float, now: float, sign: int, mcid: float) -> bool:
    change = sign * (now - start)
    return {
        "any": change > 0,
        "mcid": change >= mcid,
        "five": change >= 5,
        "fifth": change >= 0.2 * start,
        "half": change >= 0.5 * start,
        "remission": now < 2.6,
        "low": now <= 3.2,
        "high": now > 5.1,
        "moderate": now >= 3.2,
    }[reading]


VALUES = st.sampled_from([0.5, 2.0, 2.6, 3.2, 5.0, 5.1, 8.0, 20.0])
PATIENT = st.fixed_dictionaries(
    {outcome: st.fixed_dictionaries(dict.fromkeys((0, *WEEKS), VALUES)) for outcome in OUTCOME_IDS}
)
EVENT = st.fixed_dictionaries(
    {
        "outcomes": st.lists(st.sampled_from(OUTCOME_IDS), min_size=1, max_size=2, unique=True),
        "weeks": st.lists(st.sampled_from(WEEKS), min_size=1, max_size=2, unique=True).map(sorted),
        "direction": st.sampled_from(["decrease", "increase"]),
        "reading": st.sampled_from(list(READINGS)),
        "refers": st.sampled_from(["", "among", "same_patients_as"]),
    }
)


def meets(patient: Mapping[str, Mapping[int, float]], event: Table) -> bool:
    sign = -1 if event["direction"] == "decrease" else 1
    return all(
        holds(event["reading"], patient[id][0], patient[id][week], sign, OUTCOMES[id].mcid.change)  # type: ignore[union-attr]
        for id in event["outcomes"]
        for week in event["weeks"]
    )


def counted(cohort: list[Table], events: list[Table]) -> Iterator[Table]:
    """The facts that a paper would print of these patients, some referring to the one before."""
    before: set[int] = set()
    for place, event in enumerate(events):
        met = {number for number, patient in enumerate(cohort) if meets(patient, event)}
        refers = event["refers"] if place else ""
        if refers == "among":
            met &= before
        if refers == "same_patients_as" and met != before:
            refers = ""
        keys = {refers: f"f{place - 1}"} if refers else {}
        yield fact(
            f"f{place}", len(met), outcomes=event["outcomes"], direction=event["direction"],
            week=event["weeks"][-1], sustained_weeks=event["weeks"], readings=[event["reading"]], **keys,
        )  # fmt: skip
        before = met


@given(st.lists(PATIENT, min_size=9, max_size=9), st.lists(EVENT, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_counts_of_patients_are_never_refused_and_round_trip(
    cohort: list[Table], events: list[Table]
) -> None:
    paper = read_publication_text(page(*counted(cohort, events)), "nine")
    assert read_publication_text(paper.toml, paper.name) == paper
