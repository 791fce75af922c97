"""The published figures in data/: they parse, every row has a source, counts agree with proportions."""

from __future__ import annotations

import csv
import tomllib
from typing import Any

import pytest

from ra_bayes.outcomes import OUTCOMES
from ra_bayes.resources import data_dir

FILES = ("historical_controls.csv", "msc_arms.csv")
# Outcomes that papers print and no model here takes: see data/README.md.
OTHERS = {
    *("tjc68", "sjc66", "das28_variant_not_stated", "das28_below_2.6", "eular_good_or_moderate"),
    *("adverse_event", "serious_adverse_event", "related_grade_3_serious_adverse_event", "major_toxicity"),
    *("age", "disease_duration"),
}


def rows(name: str) -> list[dict[str, str]]:
    with (data_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def trial() -> dict[str, Any]:
    with (data_dir() / "published" / "jamshidi2024.toml").open("rb") as file:
        return tomllib.load(file)


@pytest.mark.parametrize("name", FILES)
def test_every_row_has_a_source_a_role_and_numbers_that_parse(name: str) -> None:
    for row in rows(name):
        assert all(row[column] for column in ("study", "source", "population", "arm")), row
        assert row["role"] in {"control", "msc", "baseline reference"}
        assert row["outcome"] in OUTCOMES.keys() | OTHERS, row
        assert row["statistic"] in {"proportion", "mean", "mean change", "LS mean change"}
        numbers = [float(row[column]) for column in ("week", "n", "sd", "se") if row[column]]
        assert all(number >= 0 for number in numbers)
        assert set(row["derived"].split()) <= {"r", "value", "sd", "se"}
        float(row["value"])


@pytest.mark.parametrize("name", FILES)
def test_counts_agree_with_the_printed_proportions(name: str) -> None:
    checked = 0
    for row in rows(name):
        if row["statistic"] == "proportion":
            assert 0 <= float(row["value"]) <= 1
            if row["r"] and row["n"]:
                # Half a percentage point is the coarsest rounding in the sources.
                assert int(row["r"]) / int(row["n"]) == pytest.approx(float(row["value"]), abs=0.0051), row
                checked += 1
    assert checked > 5


@pytest.mark.parametrize("name", FILES)
def test_units_are_canonical_and_means_within_bounds(name: str) -> None:
    for row in rows(name):
        outcome = OUTCOMES.get(row["outcome"])
        if outcome is None or row["statistic"] == "proportion":
            continue
        assert row["unit"] == outcome.unit, row
        if row["statistic"] == "mean":
            assert outcome.lower is not None
            assert outcome.lower <= float(row["value"]) <= (outcome.upper or float("inf"))


@pytest.mark.parametrize("name", FILES)
def test_no_row_rests_on_memory_another_disease_or_a_joint_injection(name: str) -> None:
    for row in rows(name):
        text = " ".join(row.values()).lower()
        assert not any(word in text for word in ("memory", "psoriatic", "psa", "intra-articular")), row


def test_no_row_is_given_twice() -> None:
    keys = [(r["study"], r["arm"], r["outcome"], r["week"], r["statistic"]) for f in FILES for r in rows(f)]
    assert len(keys) == len(set(keys))


def test_the_published_facts_are_what_the_abstract_counts() -> None:
    facts = {fact["id"]: fact for fact in trial()["fact"]}
    assert {id: (fact["r"], fact["n"]) for id, fact in facts.items()} == {
        "vas_improved": (3, 6), "vas_sustained": (2, 6), "acr20_week16": (4, 6), "sdai_cdai_reduced": (3, 6),
        "il10_increased": (5, 6), "tnf_il17_decreased": (5, 6), "serious_adverse_events": (0, 6),
    }  # fmt: skip
    assert facts["acr20_week16"]["week_stated"]
    assert facts["acr20_week16"]["week"] == 16
    assert facts["tnf_il17_decreased"]["same_patients_as"] == "il10_increased"


def test_every_fact_is_sourced_and_uses_known_words() -> None:
    page = trial()
    for fact in page["fact"]:
        assert page["paper"]["doi"] in fact["source"]
        assert fact["words"]
        assert fact["left_open"]
        assert set(fact["outcomes"]) <= OUTCOMES.keys()
        assert set(fact["readings"]) <= page["readings"].keys()
        assert fact["week"] in page["visits"]["weeks"]
    assert page["visits"]["status"] == "inferred"
    assert page["visits"]["basis"]
    assert set(page["visits"]["infusion_weeks"]) <= set(page["visits"]["weeks"])
    assert any("any value of any patient" in item for item in page["not_public"]["items"])
