"""A page of published counts that cannot be is refused, in one sentence each; one that can be never is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from published_pages import ARMS, BOTH, DAS, READINGS, acr, armed, fact, page, problems

from ra_bayes.errors import RaBayesError
from ra_bayes.published import read_publication, read_publication_text

# Each page has one thing wrong, and gets this sentence.
BAD: dict[str, tuple[str, str]] = {
    # Keys and values
    "not-toml": (
        page().replace("r = 4", "r = "),
        "not TOML: Invalid value (at line 44, column 5); mend the line it names",
    ),
    "no-paper": (page(paper=None), "key paper: is missing; give [paper] with citation, doi and seen"),
    "no-doi": (
        page(paper={"citation": "x", "seen": "x"}),
        'key paper.doi: is missing; write the DOI alone, e.g. 10.1080/17460751.2024.2443352, or "none"',
    ),
    "doi-as-address": (
        page(paper={"citation": "x", "seen": "x", "doi": "https://doi.org/10.1080/1"}),
        "key paper.doi, value 'https://doi.org/10.1080/1': is not a DOI; write the DOI alone, "
        "e.g. 10.1080/17460751.2024.2443352",
    ),
    "no-n": (page(trial={}), "key trial.n: is missing; give the number of patients"),
    "half-patient": (
        page(trial={"n": 8.5}),
        "key trial.n, value '8.5': is not a whole number; give the number of patients",
    ),
    "no-patients": (
        page(trial={"n": 0}),
        "key trial.n, value '0': must be at least 1; give the number of patients",
    ),
    "no-facts": (page(fact=None), "key fact: is missing; write [[fact]] for every count"),
    "facts-as-one-table": (
        page(fact={"id": "better"}),
        "key fact: is not written as [[fact]]; write [[fact]] for every count",
    ),
    "unknown-table": (page(arms=[{}]), "key arms: is not a known key; did you mean 'arm'?"),
    "no-visits": (page(visits=None), "key visits: is missing; give [visits] with weeks, status and basis"),
    "visits-fall": (
        page(visits={"weeks": [0, 24, 12], "status": "stated", "basis": "x"}),
        "key visits.weeks, value '[0, 24, 12]': does not rise; write each number once, in rising order",
    ),
    "no-baseline": (
        page(visits={"weeks": [4, 12], "status": "stated", "basis": "x"}),
        "key visits.weeks, value '[4.0, 12.0]': has no baseline; put week 0 first",
    ),
    "no-status": (
        page(visits={"weeks": [0, 12], "basis": "x"}),
        'key visits.status: is missing; write "stated" if the paper states the weeks, else "inferred"',
    ),
    "status": (
        page(visits={"weeks": [0, 12], "status": "infered", "basis": "x"}),
        "key visits.status, value 'infered': is not known; did you mean 'inferred'?",
    ),
    "misspelt-key": (
        page(fact("better", 4, same_patient_as="x")),
        "key fact.better.same_patient_as: is not a known key; did you mean 'same_patients_as'?",
    ),
    "no-id": (page(fact(None, 4)), "key fact[1].id: is missing; give the fact a name"),
    "id-of-two-words": (
        page(fact("much better", 4)),
        "key fact[1].id, value 'much better': is not a name; write a name of letters, digits and underscores",
    ),
    "no-source": (
        page(fact("better", 4, source=None)),
        "key fact.better.source: is missing; say where it was seen",
    ),
    "negative-r": (
        page(fact("better", -1)),
        "key fact.better.r, value '-1': must be at least 0; give the number of patients with the event",
    ),
    "r-as-text": (
        page(fact("better", "4")),
        "key fact.better.r, value '4': is not a whole number; give the number of patients with the event",
    ),
    "week-of-baseline": (
        page(fact("better", 4, week=0)),
        "key fact.better.week, value '0': must be above 0; give the week after baseline at which it is read",
    ),
    "week-before": (
        page(fact("better", 4, week=-4)),
        "key fact.better.week, value '-4': must be above 0; give the week after baseline at which it is read",
    ),
    "week-stated-as-text": (
        page(fact("better", 4, week_stated="yes")),
        "key fact.better.week_stated, value 'yes': is not true or false; "
        "write true if the paper states the week, else false",
    ),
    "unknown-outcome": (
        page(fact("better", 4, outcomes=["vsa"])),
        "key fact.better.outcomes: has 'vsa', which is not known; did you mean 'vas'?",
    ),
    "outcome-twice": (
        page(fact("better", 4, outcomes=["vas", "vas"])),
        "key fact.better.outcomes, value \"['vas', 'vas']\": names one twice; leave the second out",
    ),
    "no-outcomes": (
        page(fact("better", 4, outcomes=None)),
        "key fact.better.outcomes: is missing; name the outcomes it is about, [] for a plain count",
    ),
    "direction": (
        page(fact("better", 4, direction="decreased")),
        "key fact.better.direction, value 'decreased': is not known; did you mean 'decrease'?",
    ),
    "reading-without-threshold": (
        page(readings={**READINGS, "vague": {"words": "better"}}),
        "key readings.vague: has no threshold; "
        "give exactly one of minimum, fraction, below, at_most, above, at_least",
    ),
    "reading-with-two": (
        page(readings={**READINGS, "vague": {"words": "better", "minimum": 5, "fraction": 0.2}}),
        "key readings.vague: has minimum and fraction; "
        "give exactly one of minimum, fraction, below, at_most, above, at_least",
    ),
    "reading-of-a-negative-change": (
        page(readings={**READINGS, "fall": {"words": "better", "minimum": -5}}),
        "key readings.fall.minimum, value '-5': must be at least 0; "
        'give a change in the outcome\'s unit, 0 for any, or "mcid"',
    ),
    "reading-of-no-fraction": (
        page(readings={**READINGS, "none": {"words": "better", "fraction": 0}}),
        "key readings.none.fraction, value '0': must be above 0; give a fraction of baseline, e.g. 0.20",
    ),
    "reading-misspelt": (
        page(readings={**READINGS, "low2": {"words": "x", "below": 3, "minimun": 2}}),
        "key readings.low2.minimun: is not a known key; did you mean 'minimum'?",
    ),
    # Counts, arms and weeks
    "r-above-n": (
        page(fact("better", 12)),
        "key fact.better.r, value '12': is more than n = 9; correct one of the two",
    ),
    "n-of-others": (
        page(fact("better", 3, n=5)),
        "key fact.better.n, value '5': is not the 9 patients of the trial; "
        "write n = 9 and say in left_open how the others were counted, or make it a [[remark]]",
    ),
    "n-of-another-arm": (
        page(armed("better", 3, "placebo", n=6), **ARMS),
        "key fact.better.n, value '6': is not the 3 of arm 'placebo'; "
        "write n = 3 and say in left_open how the others were counted, or make it a [[remark]]",
    ),
    "no-arm": (
        page(fact("better", 3, n=6), **ARMS),
        "key fact.better.arm: is missing; write one of cells, placebo",
    ),
    "unknown-arm": (
        page(armed("better", 3, "cell"), **ARMS),
        "key fact.better.arm, value 'cell': is not an arm of this page; did you mean 'cells'?",
    ),
    "arm-of-a-page-without": (
        page(fact("better", 3, arm="placebo")),
        "key fact.better.arm, value 'placebo': is not an arm of this page; the page has all",
    ),
    "arm-twice": (
        page(armed("better", 3, "cells"), trial=None, arm=[ARMS["arm"][0], ARMS["arm"][0]]),  # type: ignore[index]
        "key arm.cells.id, value 'cells': is the name of two arms; rename one of the two",
    ),
    "sum-of-the-arms": (
        page(armed("better", 3, "cells"), **{**ARMS, "trial": {"n": 10}}),
        "key trial.n, value '10': is not the 9 patients of the arms together; correct it or leave it out",
    ),
    "week-without-visit": (
        page(fact("better", 4, week=16)),
        "key fact.better.week, value '16': is not among [visits].weeks; add it there or correct it here",
    ),
    "sustained-without-visit": (
        page(fact("better", 4, week=24, sustained_weeks=[12, 16, 24])),
        "key fact.better.sustained_weeks, value '16': has a week that is not among [visits].weeks; "
        "add it there or correct it here",
    ),
    "sustained-from-baseline": (
        page(fact("better", 4, sustained_weeks=[0, 12])),
        "key fact.better.sustained_weeks: has week 0, before treatment; leave it out",
    ),
    "sustained-without-its-week": (
        page(fact("better", 4, week=12, sustained_weeks=[4, 24])),
        "key fact.better.week, value '12': is not among the fact's sustained_weeks; "
        "write week = 24, the last of them",
    ),
    "fact-twice": (
        page(fact("better", 4), fact("better", 4)),
        "key fact.better.id, value 'better': is the name of two facts; rename one of the two",
    ),
    # Readings against outcomes
    "unknown-reading": (
        page(fact("better", 4, readings=["any", "mcdi"])),
        "key fact.better.readings, value 'mcdi': is not a reading of this page; did you mean 'mcid'?",
    ),
    "no-reading": (
        page(fact("better", 4, readings=None)),
        "key fact.better.readings: is missing: vas can change more or less; name at least one of "
        "any, mcid, five, fifth, half, remission, low, high, moderate",
    ),
    "no-direction": (
        page(fact("better", 4, direction=None)),
        "key fact.better.direction: is missing, and reading 'any' is a change; "
        'write direction = "decrease" or "increase"',
    ),
    "no-mcid": (
        page(fact("better", 4, outcomes=["il17"], readings=["mcid"])),
        "key fact.better.readings, value 'mcid': needs an MCID, which il17 lacks; "
        "leave it out, or give a reading with the change that matters as a number",
    ),
    "reading-of-a-response": (
        page(acr("acr20", 4, readings=["any"])),
        "key fact.acr20.readings, value 'any': says how to take a change, "
        "but acr20 is met or not; leave it out",
    ),
    "fall-of-a-response": (
        page(acr("acr20", 4, direction="decrease")),
        "key fact.acr20.direction: is a decrease, but acr20 is met or not; leave it out",
    ),
    "response-and-change": (
        page(fact("better", 4, outcomes=["vas", "acr20"])),
        "key fact.better.outcomes, value 'vas, acr20': mixes acr20, which is met or not, with an outcome "
        "that is measured; write a fact of each, one among the other",
    ),
    "reading-of-a-plain-count": (
        page(fact("events", 4, outcomes=[], direction=None)),
        "key fact.events.readings: says nothing of a plain count; leave it out or name outcomes",
    ),
    "fall-by-everything": (
        page(fact("better", 4, readings=["all"]), readings={"all": {"words": "x", "fraction": 20}}),
        "key fact.better.readings, value 'all': is a decrease by 20 of baseline, which leaves nothing; "
        "write a fraction below 1, e.g. 0.20",
    ),
    "beyond-the-scale": (
        page(fact("better", 4, outcomes=["haq"], readings=["five"])),
        "key fact.better.readings, value 'five': is a change by 5, more than haq can; "
        "correct it: haq is from 0 to 3 points",
    ),
    "outside-the-bounds": (
        page(fact("better", 4, **DAS, readings=["low"]), readings={"low": {"words": "x", "below": 26}}),
        "key fact.better.readings, value 'low': compares das28_esr with 26, which is outside its bounds; "
        "correct it: das28_esr is from 0 to 9.84 points",
    ),
    # References
    "among-nobody": (
        page(fact("better", 4), fact("sustained", 2, week=24, among="beter")),
        "key fact.sustained.among, value 'beter': is not a fact of this page; did you mean 'better'?",
    ),
    "among-itself": (
        page(fact("better", 4, among="better")),
        "key fact.better.among, value 'better': names the fact itself; name another or leave it out",
    ),
    "among-another-arm": (
        page(armed("better", 4, "cells"), armed("also", 2, "placebo", week=24, among="better"), **ARMS),
        "key fact.also.among, value 'better': is a fact of arm 'cells', and this one of arm 'placebo'; "
        "name one of the same arm",
    ),
    "circle": (
        page(
            fact("one", 4, among="two"), fact("two", 4, week=24, among="three"), acr("three", 4, among="one")
        ),
        "key fact.one.among, value 'two': leads in a circle (one -> two -> three -> one); "
        "leave it out of one of these facts",
    ),
    "circle-of-two-kinds": (
        page(fact("one", 4, same_patients_as="two"), fact("two", 4, week=24, among="one")),
        "key fact.one.same_patients_as, value 'two': leads in a circle (one -> two -> one); "
        "leave it out of one of these facts",
    ),
    "more-sustained-than-improved": (
        page(fact("better", 2), fact("sustained", 3, sustained_weeks=[4, 12], among="better")),
        "key fact.sustained.r, value '3': is more than r = 2 of fact 'better', "
        "of whose patients these are some; correct one of the two",
    ),
    "same-patients-of-other-number": (
        page(fact("better", 4), acr("acr20", 5, same_patients_as="better")),
        "key fact.acr20.r, value '5': is not r = 4 of fact 'better', whose patients these are; "
        "correct one of the two, or write among",
    ),
    # Counts against counts
    "same-event": (
        page(fact("better", 4), fact("relieved", 5)),
        "key fact.relieved.r, value '5': counts the event of fact 'better' again, where r = 4; "
        "correct or leave out one of the two",
    ),
    "larger-change-in-more": (
        page(fact("better", 4, readings=["five"]), fact("much", 5, readings=["mcid"])),
        "key fact.much.r, value '5': is more than r = 4 of fact 'better', which they meet too "
        "(reading 'five'); correct one of the two, or the readings listed",
    ),
    "larger-fraction-in-more": (
        page(fact("better", 4, readings=["fifth"]), fact("much", 5, readings=["half"])),
        "key fact.much.r, value '5': is more than r = 4 of fact 'better', which they meet too "
        "(reading 'fifth'); correct one of the two, or the readings listed",
    ),
    "fraction-in-more-than-any-change": (
        page(fact("better", 4), fact("much", 5, readings=["fifth"])),
        "key fact.much.r, value '5': is more than r = 4 of fact 'better', which they meet too "
        "(reading 'any'); correct one of the two, or the readings listed",
    ),
    "sustained-in-more": (
        page(fact("sustained", 5, sustained_weeks=[4, 12]), fact("better", 4)),
        "key fact.sustained.r, value '5': is more than r = 4 of fact 'better', which they meet too; "
        "correct one of the two",
    ),
    "both-in-more-than-one": (
        page(fact("both", 5, **BOTH), fact("better", 4)),
        "key fact.both.r, value '5': is more than r = 4 of fact 'better', which they meet too; "
        "correct one of the two",
    ),
    "remission-in-more-than-low": (
        page(fact("remission", 3, **DAS, readings=["remission"]), fact("low", 2, **DAS, readings=["low"])),
        "key fact.remission.r, value '3': is more than r = 2 of fact 'low', which they meet too "
        "(reading 'remission'); correct one of the two, or the readings listed",
    ),
    "acr50-in-more-than-acr20": (
        page(acr("acr20", 3), acr("acr50", 4, outcomes=["acr50"])),
        "key fact.acr50.r, value '4': is more than r = 3 of fact 'acr20', which they meet too; "
        "correct one of the two",
    ),
    "among-of-the-same-patients": (
        page(
            fact("better", 4),
            acr("acr20", 4, same_patients_as="better"),
            fact("sdai", 3, outcomes=["sdai"], among="acr20"),
            fact("both", 2, **BOTH),
        ),
        "key fact.sdai.r, value '3': is more than r = 2 of fact 'both', which they meet too; "
        "correct one of the two",
    ),
    "up-and-down": (
        page(fact("better", 5), fact("worse", 5, direction="increase")),
        "key fact.worse.r, value '5': and r = 5 of fact 'better' make 10 of 9 patients, "
        "though nobody can meet both; correct one of the two",
    ),
    "low-and-not": (
        page(
            fact("remission", 5, **DAS, readings=["remission"]), fact("high", 6, **DAS, readings=["moderate"])
        ),
        "key fact.high.r, value '6': and r = 5 of fact 'remission' make 11 of 9 patients, "
        "though nobody can meet both (reading 'remission'); correct one of the two, or the readings listed",
    ),
    "up-among-down": (
        page(fact("better", 5), fact("worse", 1, direction="increase", readings=["fifth"], among="better")),
        "key fact.worse.r, value '1': is above 0, but nobody can be counted: "
        "with the facts it refers to, it asks for two things of vas at week 12 "
        "that exclude each other (reading 'any'); "
        "correct a direction or a reference, or the readings listed",
    ),
    "too-few-with-both": (
        page(fact("vas", 7), fact("sdai", 6, outcomes=["sdai"]), fact("both", 3, **BOTH)),
        "key fact.both.r, value '3': is too few: r = 7 of fact 'vas' and r = 6 of fact 'sdai' "
        "share at least 4 of 9 patients, who meet this fact too; correct one of the three",
    ),
    "under-one-reading-only": (
        page(fact("better", 3, readings=["any", "mcid"]), fact("changed", 4, readings=["any"])),
        "key fact.changed.r, value '4': counts the event of fact 'better' again, where r = 3 "
        "(reading 'any'); correct or leave out one of the two, or the readings listed",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_page_gets_one_plain_sentence(text: str, sentence: str) -> None:
    assert problems(text) == [sentence]


def test_the_sentence_begins_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "nine.toml").write_text(page(fact("better", 12)), encoding="utf-8")
    with pytest.raises(RaBayesError, match=r"^nine\.toml: key fact\.better\.r, value '12': [^\n]*$"):
        read_publication(tmp_path / "nine.toml")


def test_independent_problems_are_told_at_once_and_each_only_once() -> None:
    found = problems(
        page(
            fact("broken", 4, week=-1, words=None),
            fact("wrong", 12, readings=["anny"]),
            # What is wrong with one fact is not told again of those that refer to it.
            fact("on_broken", 4, week=24, among="broken"),
            fact("on_wrong", 4, among="wrong", week=4),
            fact("down", 5, outcomes=["crp"]),
            fact("up", 6, outcomes=["crp"], direction="increase"),
            paper={"citation": "x", "doi": "none"},
            readings={**READINGS, "vague": {"words": "x"}},
        )
    )
    assert [re.match("key ([^,:]*)", each)[1] for each in found] == [  # type: ignore[index]
        "paper.seen", "readings.vague", "fact.broken.words", "fact.broken.week",
        "fact.wrong.r", "fact.wrong.readings", "fact.up.r",
    ]  # fmt: skip


def test_what_is_no_contradiction_is_read() -> None:
    paper = read_publication_text(
        page(
            fact("better", 4, readings=["any", "mcid"]),
            fact("worse", 5, direction="increase"),
            fact("later", 6, week=24),
            fact("half", 2, readings=["half"]),
            # A change of 5 is neither more nor less than a fifth of baseline.
            fact("fifth", 4, readings=["fifth"]),
            fact("five", 4, readings=["five"]),
            fact("remission", 2, **DAS, readings=["remission"]),
            fact("low", 2, **DAS, readings=["low"]),
            fact("high", 7, **DAS, readings=["moderate"]),
            acr("acr20", 5),
            acr("acr50", 5, outcomes=["acr50"], same_patients_as="acr20"),
            fact("events", 9, outcomes=[], direction=None, readings=None),
            fact("serious", 1, outcomes=[], direction=None, readings=None, among="events"),
        ),
        "nine",
    )
    assert len(paper.facts) == 13
