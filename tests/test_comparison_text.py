"""The honest table as text: a number stands where its reading, prior and relation are named."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from comparisons import MODELS, READINGS, compared

from ra_bayes.conditioning.comparison_blocks import arrange
from ra_bayes.conditioning.comparison_text import comparison_text
from ra_bayes.conditioning.facts_overview import facts_overview, facts_text
from ra_bayes.errors import RaBayesError
from ra_bayes.model import load_joint_model
from ra_bayes.published import read_publication
from ra_bayes.resources import data_dir

PUBLISHED = data_dir() / "published"


def block(text: str, start: str) -> list[str]:
    """The lines of the block whose heading starts so."""
    (found,) = (each for each in text.split("\n\n") if each.startswith(start))
    return found.splitlines()


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def test_every_reading_prior_and_relation_has_its_own_numbers() -> None:
    heading, head, *lines = block(comparison_text(compared()), "Pain (VAS)")
    assert heading == "Pain (VAS): mean change, mm at week 24; below 0 is better"
    assert cells(head) == ["reading", "prior", "prior 90%", "unrelated", "P(+)", "related (0.5)", "P(+)"]
    assert [cells(line)[0] for line in lines[::3]] == list(READINGS)
    # mcid, sceptical: 30 (0.1), and less 30 (0.4) 0.5 where effects are related; 15 to both sides.
    assert cells(lines[3])[1:] == [
        "sceptical",
        "−30 to 30",
        "3 (−12 to 18)",
        "0.60",
        "−3 (−18 to 12)",
        "0.60",
    ]
    assert [cells(line)[-6] for line in lines] == [*MODELS, *MODELS, *MODELS]


def test_a_ratio_is_read_against_one_and_a_rate_in_percent_without_a_better_side() -> None:
    text = comparison_text(compared())
    ratio = block(text, "IL-10")
    assert ratio[0] == "IL-10: ratio to baseline at week 24; above 1 is better"
    assert "1.00 (0.70 to 1.30)" in ratio[2]
    rate = block(text, "ACR20")
    assert rate[0] == "ACR20 response: % of new patients who respond at week 16"
    assert cells(rate[2]) == ["any_change", "sceptical", "20 to 60", "40 (30 to 50)", "36 (26 to 46)"]


def test_evidence_stands_once_and_says_how_many_times_it_grows() -> None:
    head, *lines = block(comparison_text(compared()), "Log evidence of all")[1:]
    assert cells(head)[-1] == "0.5 against 0"
    assert len(lines) == len(READINGS) * len(MODELS)
    assert cells(lines[0]) == ["any_change", "sceptical", "−13.00", "−12.50", "x 1.6"]


@pytest.mark.parametrize(
    "table",
    [
        compared(),
        compared(related=(0.0, 0.3, 0.6)),
        compared(readings=("",), arms=("a", "b", "placebo")),
        compared(arms=("high_dose_of_cells", "placebo")),
        compared(readings=("a_reading_with_a_very_long_name",), models=("a_prior_with_a_very_long_name",)),
        compared(["acr20"], readings=("",), related=(0.0,), models=("wide",)),
    ],
    ids=["usual", "three relations", "arms", "arms and readings", "long names", "one"],
)
def test_it_fits_the_terminal_and_explains_itself(table: pd.DataFrame) -> None:
    text = comparison_text(table)
    assert max(map(len, text.splitlines())) <= 100
    assert "nan" not in text
    assert "equal-tailed credible interval" in text
    assert "Monte Carlo error" in text
    for related in set(table["related"]) - {0.0}:
        assert f"related ({related:g})" in text


def test_outcomes_stand_in_the_order_of_reports() -> None:
    labels = [each.outcome.id for each in arrange(compared(["acr20", "il10", "sdai", "vas"])).blocks]
    assert labels == ["vas", "sdai", "il10", "acr20"]


def test_a_week_without_a_count_is_named() -> None:
    paper = read_publication(PUBLISHED / "alvarogracia2017.toml")
    table = compared(["acr20"], readings=("",), arms=[arm.id for arm in paper.arms])
    text = comparison_text(table, paper)
    assert "at week 16 (counted at week 4, 13)" in text
    assert [cells(line)[0] for line in block(text, "ACR20")[2::3]] == ["a", "b", "c", "placebo"]
    assert "Readings" not in text


def test_a_posterior_that_failed_its_gate_is_marked() -> None:
    table = compared()
    table.loc[(table["reading"] == "mcid") & (table["model"] == "wide"), "pareto_k"] = 0.9
    text = comparison_text(table)
    assert "! The sampler did not pass its gate for wide under mcid" in text.replace("\n  ", " ")
    marked = [line for line in block(text, "Pain (VAS)") if "! " in line]
    assert [cells(line)[0] for line in marked] == ["wide"]
    assert "!" not in comparison_text(compared())


def test_a_part_of_the_table_is_refused() -> None:
    with pytest.raises(RaBayesError, match="are missing"):
        arrange(compared().iloc[1:])
    with pytest.raises(RaBayesError, match="make one with compare_readings"):
        arrange(pd.DataFrame({"reading": []}))


def test_facts_say_how_they_are_read_and_what_is_left_out_and_why() -> None:
    paper = read_publication(PUBLISHED / "jamshidi2024.toml")
    overview = facts_overview(paper, load_joint_model("wide"))
    by_id = {fact["id"]: fact for fact in overview["facts"]}
    assert [id for id, fact in by_id.items() if fact["left_out"]] == ["serious_adverse_events"]
    assert by_id["il10_increased"]["read_as"]["mcid"] == "any_change"
    text = facts_text(overview)
    assert max(map(len, text.splitlines())) <= 100
    for fact in paper.facts:
        assert f"{fact.id}: {fact.r} of {fact.n}, week" in text
        assert fact.words in " ".join(text.split())
    assert "Under mcid, which does not fit it, read as any_change." in text
    assert "Left out of the model: a plain count" in text
    assert "acr20_week16: 4 of 6, week 16\n" in text
    assert "vas_improved: 3 of 6, week 24 (our reading)" in text


def test_facts_of_several_arms_name_the_arm() -> None:
    paper = read_publication(PUBLISHED / "alvarogracia2017.toml")
    text = facts_text(facts_overview(paper, load_joint_model("wide")))
    assert "Patients: 53 in 4 arms" in text
    assert "acr20_week4_placebo: 2 of 7 in arm placebo, week 4" in text
    assert "How the words can be read" not in text
