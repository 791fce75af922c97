"""What a fact says of one patient: the rule on recorded values and its contrast on the link's scale agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pages import OUTCOME, spec
from published_pages import DAS, READINGS, Table, acr, fact, page

from ra_bayes.counts.events import Rule, read_events
from ra_bayes.errors import RaBayesError
from ra_bayes.model import load_model
from ra_bayes.model.joint_reader import load_joint_model
from ra_bayes.published import read_publication_text

PAGES = load_joint_model("wide").pages
LINKS = {
    "identity": spec(),
    "log": spec(link="log", priors={"baseline_mean": {"median": 10.0, "sd": 0.5}}),
    "sqrt": spec(link="sqrt", priors={"baseline_mean": {"median": 10.0, "sd": 0.5}}),
    "logit": spec(
        link="logit",
        outcome={**OUTCOME, "upper": 100.0},
        priors={"baseline_mean": {"median": 10.0, "sd": 0.5}},
    ),
}
VALUES = st.floats(0.5, 99.0)
AMOUNTS = st.floats(0.5, 90.0)

# Every row of the table in counts/events.py, under every link it stands for: direction, kind, link.
ROWS = [
    *((sign, "change", "identity") for sign in (-1, 1)),
    *((sign, "any", link) for sign in (-1, 1) for link in LINKS),
    *((sign, "fraction", link) for sign in (-1, 1) for link in ("identity", "log", "sqrt")),
    *((0, kind, link) for kind in ("below", "at_most", "above", "at_least") for link in LINKS),
]


def met(kind: str, sign: int, amount: float, now: float, start: float) -> bool:
    """Whether a patient counts, in the words of docs/published-facts.md."""
    fallen_or_risen = now < start if sign < 0 else now > start
    return {
        "any": fallen_or_risen,
        "change": fallen_or_risen and abs(now - start) >= amount,
        "fraction": fallen_or_risen and abs(now - start) / start >= amount,
        "below": now < amount,
        "at_most": now <= amount,
        "above": now > amount,
        "at_least": now >= amount,
    }[kind]


def made(kind: str, sign: int, amount: float) -> Rule:
    return Rule("x", (12.0,), sign, "change" if kind == "any" else kind, 0.0 if kind == "any" else amount)


@pytest.mark.parametrize(("sign", "kind", "link"), ROWS)
@settings(deadline=None)
@given(now=VALUES, start=VALUES, amount=AMOUNTS)
def test_rule_and_contrast_say_the_same_of_a_patient(
    sign: int, kind: str, link: str, now: float, start: float, amount: float
) -> None:
    amount = amount / 100.0 if kind == "fraction" else amount
    rule, model = made(kind, sign, amount), LINKS[link]
    (contrast,) = rule.contrasts(model)
    level = contrast.now * model.link.forward(now) + contrast.start * model.link.forward(start)
    # On the threshold the contrast has no probability; ties are for the rule, below.
    assume(abs(level - contrast.threshold) > 1e-6)
    expected = met(kind, sign, amount, now, start)
    assert bool(rule.holds(np.array(now), np.array(start))) == expected
    assert (level > contrast.threshold) == expected
    assert (contrast.outcome, contrast.week) == ("x", 12.0)


@settings(deadline=None)
@given(now=st.sampled_from([0.0, 1.0]), increase=st.booleans())
def test_response_yes_or_no(now: float, increase: bool) -> None:
    rule = Rule("acr20", (16.0,), 1 if increase else -1, "response", 0.0)
    (contrast,) = rule.contrasts(load_model("acr20"))
    # The latent score is above zero where the record is 1.
    latent = 0.7 if now else -0.7
    assert bool(rule.holds(np.array(now), np.array(np.nan))) == (bool(now) == increase)
    assert (contrast.now * latent > contrast.threshold) == (bool(now) == increase)
    assert contrast.start == 0.0


@pytest.mark.parametrize(
    ("kind", "sign", "amount", "now", "start", "counts"),
    [
        pytest.param("change", -1, 10.0, 26.2, 36.2, True, id="36.2 to 26.2 falls by 10"),
        pytest.param("change", 1, 0.22, 0.47, 0.25, True, id="0.25 to 0.47 rises by 0.22"),
        pytest.param("change", -1, 10.0, 26.201, 36.2, False, id="a little less than 10"),
        pytest.param("any", -1, 0.0, 40.0, 40.0, False, id="no change is not any"),
        pytest.param("any", -1, 0.0, 39.9, 40.0, True, id="any fall"),
        pytest.param("any", -1, 0.0, 40.1, 40.0, False, id="a rise is no fall"),
        pytest.param("any", 1, 0.0, 0.1 + 0.2, 0.3, False, id="0.1 + 0.2 has not risen from 0.3"),
        pytest.param("fraction", -1, 0.2, 40.0, 50.0, True, id="50 to 40 falls by a fifth"),
        pytest.param("fraction", -1, 0.2, 28.96, 36.2, True, id="36.2 to 28.96 falls by a fifth"),
        pytest.param("fraction", -1, 0.2, 40.1, 50.0, False, id="not quite a fifth"),
        pytest.param("fraction", 1, 0.2, 6.0, 5.0, True, id="5 to 6 rises by a fifth"),
        pytest.param("fraction", -1, 0.2, 0.0, 0.0, False, id="nothing stays nothing"),
        pytest.param("fraction", 1, 0.2, 0.0, 0.0, False, id="nothing does not rise"),
        pytest.param("fraction", 1, 0.2, 0.1, 0.0, True, id="any rise from nothing is a fifth of it"),
        pytest.param("below", 0, 2.6, 2.6, 5.0, False, id="2.6 is not below 2.6"),
        pytest.param("below", 0, 2.6, 2.59, 5.0, True, id="2.59 is below 2.6"),
        pytest.param("at_most", 0, 3.2, 3.2, 5.0, True, id="3.2 is at most 3.2"),
        pytest.param("at_most", 0, 3.2, 3.0 + 0.1 + 0.1, 5.0, True, id="3 + 0.1 + 0.1 is at most 3.2"),
        pytest.param("above", 0, 5.1, 5.1, 2.0, False, id="5.1 is not above 5.1"),
        pytest.param("at_least", 0, 3.2, 3.2, 5.0, True, id="3.2 is at least 3.2"),
        pytest.param("at_least", 0, 3.2, 3.19, 5.0, False, id="3.19 is not"),
    ],
)
def test_ties_count_as_they_are_written(
    kind: str, sign: int, amount: float, now: float, start: float, counts: bool
) -> None:
    assert bool(made(kind, sign, amount).holds(np.array(now), np.array(start))) == counts


def test_a_rule_of_several_weeks_has_a_contrast_for_each() -> None:
    contrasts = Rule("x", (12.0, 16.0, 24.0), -1, "change", 10.0).contrasts(LINKS["identity"])
    assert [(each.week, each.now, each.start, each.threshold) for each in contrasts] == [
        (week, -1.0, 1.0, 10.0) for week in (12.0, 16.0, 24.0)
    ]


def events(reading: str, *facts: Table, pages: Any = PAGES, **tables: Any) -> Any:
    return read_events(read_publication_text(page(*facts, **tables), "made"), reading, pages)


def test_facts_of_outcomes_without_a_page_are_left_out() -> None:
    harm = fact("harm", 0, outcomes=[], direction=None, readings=None)
    tender = fact("tender", 3, outcomes=["vas", "tjc28"])
    (event,) = events("any", fact("better", 4), harm, tender)
    assert event.fact.id == "better"
    assert events("any", fact("better", 4), pages={"acr20": PAGES["acr20"]}) == ()


def test_each_fact_is_read_as_the_page_says() -> None:
    found = events(
        "mcid",
        fact("listed", 4, readings=["any", "mcid"]),
        fact("not_listed", 2, readings=["half", "any"], week=24),
        fact("low", 3, outcomes=["das28_crp"], direction=None, readings=["remission"]),
        acr("responds", 5),
        fact("both", 1, outcomes=["vas", "il10"], direction="decrease", readings=["fifth"]),
    )
    read = {event.fact.id: [(rule.kind, rule.sign, rule.amount) for rule in event.rules] for event in found}
    # The VAS page has an MCID of its own, 10 mm.
    assert read == {
        "listed": [("change", -1, 10.0)],
        "not_listed": [("fraction", -1, 0.5)],
        "low": [("below", 0, 2.6)],
        "responds": [("response", 1, 0.0)],
        "both": [("fraction", -1, 0.2)] * 2,
    }
    by_id = {event.fact.id: event.contrasts for event in found}
    assert by_id["low"][0].threshold == -2.6
    assert [each.outcome for each in by_id["both"]] == ["vas", "il10"]
    assert by_id["both"][1].threshold == pytest.approx(-np.log(0.8))


def test_a_page_s_own_mcid_takes_the_place_of_the_outcome_s() -> None:
    own = load_model("vas")
    stricter = fact("better", 4, readings=["mcid"])
    (event,) = events("mcid", stricter, pages={"vas": replace(own, mcid=30.0)})
    assert event.rules[0].amount == 30.0


FALL_OF_CRP = fact("crp_down", 4, outcomes=["crp"], readings=["five"])


@pytest.mark.parametrize(
    ("facts", "reading", "pages", "told"),
    [
        pytest.param(
            [FALL_OF_CRP],
            "five",
            PAGES,
            "made: fact 'crp_down': a change of crp by 5 cannot be conditioned on under the log link of "
            "model 'crp'; read the fact as any change, or as a fraction of baseline",
            id="difference under log",
        ),
        pytest.param(
            [fact("low", 2, **{**DAS, "outcomes": ["il10"]}, readings=["none"])],
            "none",
            PAGES,
            "made: fact 'low': il10 of 0 has no place under the log link of model 'il10'; give a value "
            "inside it",
            id="no place under log",
        ),
        pytest.param(
            [fact("better", 4, readings=["mcid"])],
            "mcid",
            {"vas": load_model("vas")},
            "made: fact 'better': reading 'mcid' needs the MCID of vas, which its page 'vas' does not give; "
            "add [mcid] to the page or leave the reading out",
            id="no MCID",
        ),
        pytest.param(
            [fact("better", 4)],
            "mcdi",
            PAGES,
            "made: there is no reading 'mcdi'; it has any, mcid, five, fifth, half, remission, low, high, "
            "moderate, none",
            id="unknown reading",
        ),
    ],
)
def test_what_cannot_be_read_gets_its_sentence(
    facts: list[Table], reading: str, pages: Any, told: str
) -> None:
    readings = {**READINGS, "none": {"words": "none at all", "at_most": 0}}
    if "needs the MCID" in told:
        pages = {outcome: replace(each, mcid=None) for outcome, each in pages.items()}
    with pytest.raises(RaBayesError) as caught:
        events(reading, *facts, pages=pages, readings=readings)
    assert str(caught.value) == told


def test_a_fraction_under_the_logit_is_refused() -> None:
    with pytest.raises(RaBayesError, match=r"a change of x by 0\.2 cannot be conditioned on under the logit"):
        Rule("x", (12.0,), -1, "fraction", 0.2).contrasts(LINKS["logit"])
