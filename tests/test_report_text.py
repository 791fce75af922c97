"""The report's sentences: they follow the numbers, claim no direction that the interval does not hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nasty import nasty_cohort
from trees import drawn_tree

from ra_bayes.cohort import read_cohort
from ra_bayes.model import load_model
from ra_bayes.report.content import page_content
from ra_bayes.report.estimand_attributes import ATTRIBUTES, estimand_attributes
from ra_bayes.report.limits_text import limits_text
from ra_bayes.report.live import Axis, area, line
from ra_bayes.report.live_sizes import live_sizes
from ra_bayes.report.live_trajectory import live_trajectory
from ra_bayes.report.methods_text import methods
from ra_bayes.report.reporting_guidelines import BARG, ROBUST, Known, answered
from ra_bayes.report.results_text import direction, prior_led, results_text
from ra_bayes.resources import data_dir
from ra_bayes.results.fits import Result, read_result
from ra_bayes.results.folder import Found
from ra_bayes.results.open_records import open_records
from ra_bayes.results.summary import headline
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.assessment import Assessment

SAMPLING = {"sampler": "nutpie", "chains": 4, "draws": 250, "tune": 100}


def tree_of(name: str) -> Any:
    tree = drawn_tree(load_model(name), read_cohort(data_dir() / "synthetic_cohort.csv"), seed=2)
    return with_provenance(tree, {**provenance(tree), "sampling": SAMPLING})


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return {name: read_result(tree_of(name), 0.9) for name in ("vas", "il10", "acr20")}


def words(result: Result, trusted: Assessment | None, ci_prob: float) -> str:
    return " ".join(results_text(result, trusted, ci_prob))


def with_row(result: Result, estimand: str, **numbers: float) -> Result:
    """The same fit with other numbers in the rows of an estimand."""
    assert result.table is not None
    table = result.table.copy()
    for column, value in numbers.items():
        table.loc[table["estimand"] == estimand, column] = value
    return Result(result.tree, result.gate, table)


def at_the_end(records: int) -> Result:
    """Six patients at six visits, so many of the records at the worst end of the scale."""
    value = np.where(np.arange(36) < records, 100.0, 60.0)
    rows = [(f"P{k // 6}", 4 * (k % 6), "vas", value[k]) for k in range(36)]
    table = pd.DataFrame(rows, columns=["patient", "week", "outcome", "value"]).replace({"week": {20: 24}})
    return read_result(drawn_tree(load_model("vas"), read_cohort(table), seed=2), 0.9)


def test_records_at_the_end_of_the_scale_make_no_finding() -> None:
    first = results_text(at_the_end(36), None, 0.9)[0].partition(" by week")[0]
    assert "all 36 records lie beyond a limit or at an end of the scale" in first
    assert "is no finding" in first
    assert "20 of 36 records" in words(at_the_end(20), None, 0.9)
    few = at_the_end(12)
    assert "end of the scale" not in words(few, None, 0.9)
    assert len(headline({"vas": few}, "out")) + 1 == len(headline({"vas": at_the_end(36)}, "out"))


def test_two_models_of_one_outcome_are_told_apart(results: dict[str, Result]) -> None:
    both = {"vas": results["vas"], "vas_linear": results["vas"], "acr20": results["acr20"]}
    page = page_content(
        Found(both, {}), {name: [] for name in both}, trusted=dict.fromkeys(both, None), ci_prob=0.9
    )
    labels = ["Pain (VAS) (vas)", "ACR20 response", "Pain (VAS) (vas_linear)"]
    assert [row["label"] for row in page["glance"]] == labels
    assert [row["text"][0].partition(": ")[0] for row in page["results"]] == labels
    # In a table by outcome the second would have taken the place of the first.
    (unasked,) = (line for line in page["limits"] if "has not been asked for" in line)
    assert all(label in unasked for label in labels)


def test_a_cohort_of_one_is_no_mean_of_patients() -> None:
    everybody = read_cohort(data_dir() / "synthetic_cohort.csv")
    alone = everybody.only(patients=everybody.patients[0])
    for model, verb in (("vas", "changed by"), ("il10", "was at"), ("acr20", "response rate")):
        told = words(read_result(drawn_tree(load_model(model), alone), 0.9), None, 0.9)
        assert verb in told
        assert "these patients" not in told
        assert "are expected" not in told
        assert ("This patient" in told) == (model != "acr20")


def test_yes_and_no_are_no_ends_of_a_scale(results: dict[str, Result]) -> None:
    assert open_records(results["acr20"].tree) == ""


@pytest.mark.parametrize(
    ("lower", "upper", "wanted", "not_wanted"),
    [
        (-19.0, 5.0, "neither improvement nor worsening", "the mean improved"),
        (-19.0, -5.0, "the mean improved", "neither"),
        (5.0, 19.0, "the mean worsened", "improved"),
        (-19.0, 0.0, "neither improvement nor worsening", "the mean improved"),
    ],
)
def test_a_direction_is_claimed_only_where_the_interval_holds_it(
    results: dict[str, Result], lower: float, upper: float, wanted: str, not_wanted: str
) -> None:
    made = with_row(results["vas"], "mean_change", lower=lower, upper=upper, estimate=(lower + upper) / 2)
    text = words(made, None, 0.9).split("That the mean improved by")[0]
    assert wanted in text
    assert not_wanted not in text


def test_the_numbers_of_a_sentence_are_the_tables_rounded_by_its_error(results: dict[str, Result]) -> None:
    made = with_row(results["vas"], "mean_change", estimate=-7.123, lower=-18.94, upper=5.63, mcse=0.139)
    assert "changed by −7.1 mm (90% interval −18.9 to 5.6)" in words(made, None, 0.9)
    coarse = with_row(made, "mean_change", mcse=1.4)
    assert "changed by −7 mm (90% interval −19 to 6)" in words(coarse, None, 0.9)


def test_the_mean_of_the_patients_themselves_is_told_beside_the_populations(
    results: dict[str, Result],
) -> None:
    made = with_row(results["vas"], "mean_change_of_cohort", estimate=-9.0, lower=-14.0, upper=-4.0)
    assert "The mean of these patients changed by −9.0 mm (−14.0 to −4.0)." in words(made, None, 0.9)
    ratio = with_row(results["il10"], "mean_change_of_cohort", estimate=1.5, lower=1.1, upper=2.2)
    assert "The mean of these patients was at 1.50 times baseline (1.10 to 2.20)." in words(ratio, None, 0.9)


def test_a_ratio_is_judged_against_one(results: dict[str, Result]) -> None:
    rising = with_row(results["il10"], "mean_change", estimate=1.6, lower=1.1, upper=2.6)
    text = words(rising, None, 0.9)
    assert "at 1.60 times baseline (90% interval 1.10 to 2.60)" in text
    assert "the mean improved" in text
    level = with_row(results["il10"], "mean_change", lower=0.9, upper=2.6)
    assert "neither improvement nor worsening" in words(level, None, 0.9)


def test_a_rate_is_told_as_a_rate(results: dict[str, Result]) -> None:
    text = words(results["acr20"], None, 0.9)
    assert "response rate in the population is" in text
    assert not re.search(r"\b(improved|worsened)\b", text)


def test_a_fit_that_failed_claims_nothing(results: dict[str, Result]) -> None:
    made = Result(results["vas"].tree, results["vas"].gate, None)
    assert words(made, None, 0.9) == (
        "Pain (VAS): the sampler did not pass its gate, and nothing is claimed."
    )


def test_directions_know_what_is_better() -> None:
    assert [direction(1.0, 2.0, 0.0, each) for each in (-1, 0, 1)] == ["worsened", "rose", "improved"]
    assert [direction(-2.0, -1.0, 0.0, each) for each in (-1, 0, 1)] == ["improved", "fell", "worsened"]
    assert direction(0.0, 1.0, 0.0, 1) == direction(-1.0, 0.0, 0.0, 1) == ""


def assessment() -> Assessment:
    sensitivity = pd.DataFrame(
        {
            "estimand": ["mean_change", "response_heterogeneity", "baseline_sd"],
            "week": [24.0, 24.0, np.nan],
            "verdict": ["data-led", "prior-led", "prior-led"],
            "ci_prob": 0.9,
        }
    )
    decisions = pd.DataFrame(
        {"patient": ["", "SYN-1", "SYN-2"], "criterion": "the rule", "flips": [False, True, False]}
    )
    return Assessment({"sensitivity": sensitivity, "left_out_decisions": decisions}, "")


def test_what_the_prior_leads_is_called_no_finding(results: dict[str, Result]) -> None:
    text = words(results["vas"], assessment(), 0.9)
    assert "Led by the prior, and so no finding of these data: SD of change between patients." in text
    assert "baseline" not in text.split("Led by the prior")[1].split(".")[0]
    assert "The decision by the rule turns without SYN-1: it hangs on single patients." in text
    assert prior_led(assessment()) == ["SD of change between patients"]
    assert prior_led(None) == []


def test_no_direction_is_claimed_of_a_change_that_the_prior_leads(results: dict[str, Result]) -> None:
    better = with_row(results["vas"], "mean_change", lower=-30.0, estimate=-20.0, upper=-5.0)
    assert "the mean improved." in words(better, None, 0.9)
    assert "the mean improved." in words(better, assessment(), 0.9)
    asked = assessment().tables
    led = asked["sensitivity"].assign(
        verdict=asked["sensitivity"]["verdict"].where(
            asked["sensitivity"]["estimand"] != "mean_change", "prior-led"
        )
    )
    assert "prior-led" in set(led["verdict"][led["estimand"] == "mean_change"])
    text = words(better, Assessment({**asked, "sensitivity": led}, ""), 0.9)
    assert "the mean improved." not in text
    assert "but the prior leads this number: it is no finding of these data." in text


def test_nor_is_it_claimed_of_what_is_left_beyond_placebo(results: dict[str, Result]) -> None:
    better = with_row(results["vas"], "change_beyond_placebo", lower=-30.0, estimate=-20.0, upper=-5.0)
    assert "better than placebo arms of other trials" in words(better, assessment(), 0.9)
    asked = assessment().tables
    row = {"estimand": "change_beyond_placebo", "week": 24.0, "verdict": "prior-led", "ci_prob": 0.9}
    led = pd.concat([asked["sensitivity"], pd.DataFrame([row])], ignore_index=True)
    text = words(better, Assessment({**asked, "sensitivity": led}, ""), 0.9)
    assert "than placebo arms" not in text
    assert "is left, which the prior leads; this is not a randomised comparison." in text


def test_limits_name_who_leads_and_who_was_not_asked() -> None:
    cohort = {"synthetic": True, "patients": ["a", "b"]}
    lines = limits_text(
        cohort,
        alone=2,
        led={"Pain (VAS)": ["SD of change between patients"], "SDAI": []},
        unasked=["SDAI"],
        certified={"SDAI": "Calibration certificate: none is shipped for sdai", "Pain (VAS)": "fine"},
    )
    text = " ".join(lines)
    assert lines[0].startswith("The data are synthetic.")
    assert "Pain (VAS): the prior leads SD of change between patients." in text
    assert "has not been asked for SDAI" in text
    assert "for SDAI." in text
    assert (
        "2 patients: how much patients differ, and how level and change go together, is in good part" in text
    )
    (one,) = (
        line
        for line in limits_text(cohort | {"patients": ["a"]}, alone=1, led={}, unasked=[], certified={})
        if "1 patient" in line
    )
    assert "is the prior's answer: one shows nothing of it" in one


def test_methods_share_what_models_share_and_tell_what_was_used(results: dict[str, Result]) -> None:
    parts = {
        each["id"]: each
        for each in methods({name: r.tree for name, r in results.items()}, ci_prob=0.9, trusted=False)
    }
    equations = parts["methods-model"]["equations"]
    assert len(equations) == len(set(equations))
    assert sum("mu_ij = A_i" in each for each in equations) == 1
    assert [row[0] for row in parts["methods-model"]["table"]["rows"]] == list(results)
    computation = " ".join(parts["methods-computation"]["text"])
    assert "4 chains of 250 draws after 100 of tuning; the seed is 2." in computation
    versions = provenance(results["vas"].tree)["versions"]
    for package, version in versions.items():
        assert f"{package} {version}" in computation
    assert "90% credible interval (equal-tailed)" in " ".join(parts["methods-estimands"]["text"])
    assert "IL-10 5 of 40" in " ".join(parts["methods-likelihood"]["text"])


def test_methods_of_one_binary_model_speak_of_no_link(results: dict[str, Result]) -> None:
    parts = methods({"acr20": results["acr20"].tree}, ci_prob=0.9, trusted=True)
    text = " ".join(" ".join([*each["text"], *each["equations"]]) for each in parts)
    assert "link g" not in text
    assert "between outcomes" not in text
    assert "probit" in text


def test_estimand_attributes_fill_in_nothing_that_a_table_cannot_know(results: dict[str, Result]) -> None:
    for name, result in results.items():
        rows = estimand_attributes(load_model(name), provenance(result.tree)["cohort"])
        assert [row["attribute"] for row in rows] == list(ATTRIBUTES)
        blanks = {row["attribute"] for row in rows if row["blank"]}
        assert blanks == {"population", "treatment", "intercurrent events"}
        assert all(row["implies"] for row in rows)
    ratio = estimand_attributes(load_model("il10"), provenance(results["il10"].tree)["cohort"])
    assert "ratio" in ratio[2]["implies"]
    assert "ratio" in ratio[4]["implies"]


def test_guidelines_answer_or_say_why_not() -> None:
    bare = answered(BARG, Known(first="", trusted="", some=False, decided=False))
    full = answered(BARG, Known(first="vas", trusted="vas", some=True, decided=True))
    assert all(row["where"] or row["words"] for row in (*bare, *full))
    assert sum(bool(row["where"]) for row in bare) < sum(bool(row["where"]) for row in full)
    assert {row["step"].split()[0] for row in full} == {"Preamble", *"123456"}
    assert len(ROBUST) == 7
    by_item = {row["item"]: row for row in answered(ROBUST, Known("vas", "", some=False, decided=False))}
    assert by_item["sensitivity to the prior is assessed"]["where"] == ""


def test_axes_put_values_where_they_belong() -> None:
    axis = Axis(0.0, 100.0, 278.0, 24.0)
    assert axis.at(0.0) == 278.0
    assert axis.at(100.0) == 24.0
    assert [tick["label"] for tick in axis.ticks()] == ["0", "20", "40", "60", "80", "100"]
    logs = Axis(0.2, 30.0, 0.0, 1.0, log=True)
    assert [tick["label"] for tick in logs.ticks()] == ["0.2", "0.5", "1", "2", "5", "10", "20"]
    near = Axis(0.9, 1.3, 0.0, 1.0, log=True)
    assert all(0.0 <= tick["at"] <= 1.0 for tick in near.ticks())
    assert line([0, 1], [2, 3]) == "M0,2L1,3"
    assert area([0, 1], [2, 3], [4, 5]) == "M0,4L1,5L1,3L0,2Z"


def test_the_live_trajectory_tells_the_posterior(results: dict[str, Result]) -> None:
    picture = live_trajectory(results["vas"].tree, "vas", 0.9)
    assert picture is not None
    draws = results["vas"].tree["posterior"]
    values = draws["baseline_mean"] + draws["mean_change"].sel(visit=24.0)
    low, middle, high = (float(values.quantile(q)) for q in (0.05, 0.5, 0.95))
    found = re.search(
        r"true value (−?[\d.]+) mm \(90% interval (−?[\d.]+) to (−?[\d.]+)\)",
        picture["data"]["series"][0]["told"][-1],
    )
    assert found is not None
    told = [float(each.replace("−", "-")) for each in found.groups()]
    assert told == pytest.approx([middle, low, high], abs=0.6)
    assert [each["name"] for each in picture["data"]["series"][1:]] == [f"SYN-{k}" for k in range(1, 7)]
    heights = picture["data"]["series"][0]["dots"][0]
    assert all(24.0 <= each <= 278.0 for each in heights)


def test_a_record_below_its_limit_is_told_as_below(tmp_path: Path) -> None:
    cohort = nasty_cohort(tmp_path)
    tree = drawn_tree(load_model("il10"), cohort, seed=1)
    picture = live_trajectory(tree, "il10", 0.9)
    assert picture is not None
    told = [each for series in picture["data"]["series"] for each in series["told"]]
    assert any("recorded: at or below 0.5." in each for each in told)
    assert any("nothing recorded" in each for each in told)


def test_the_live_sizes_say_what_is_exact() -> None:
    rows = [{"n": n, "power": n / 100, "alpha": 0.05, "power_mcse": 0.0} for n in (10, 20, 30)]
    picture = live_sizes(rows, 21)
    assert picture is not None
    assert picture["start"] == 1
    assert picture["data"]["series"][0]["told"][1] == (
        "20 patients: power 0.200 (exact); type I error 0.050 (exact)."
    )
    assert live_sizes(rows[:1], 10) is None
