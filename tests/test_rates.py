"""Simple rates: against answers known by hand, against brute force elsewhere; and what the table says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

import ra_bayes as rb
from ra_bayes.errors import RaBayesError
from ra_bayes.historical import historical_arms, map_prior
from ra_bayes.mixtures import (
    JEFFREYS,
    UNIFORM,
    BetaMixture,
    difference_interval,
    p_difference_below,
    p_greater,
)
from ra_bayes.published import Publication, read_publication, read_publication_text
from ra_bayes.rates import response_rates, response_rates_text
from ra_bayes.resources import data_dir

METHODS = Path(__file__).resolve().parent.parent / "docs" / "methods.md"
ZEROS = ((0, 52), (0, 15))


@cache
def jamshidi() -> pd.DataFrame:
    return response_rates(read_publication(data_dir() / "published" / "jamshidi2024.toml"))


def rows_of(fact: str, table: pd.DataFrame | None = None) -> pd.DataFrame:
    found = jamshidi() if table is None else table
    return found[found["fact"] == fact].reset_index(drop=True)


def test_the_arms_behind_acr20() -> None:
    controls = historical_arms("acr20", "control", week=16)
    assert {(arm.study, arm.week, arm.r, arm.n) for arm in controls.used} >= {
        ("SIRROUND-T", 16.0, 71, 294),
        ("RADIATE", 24.0, 16, 158),
        # Once, at month 3 and not at month 1.
        ("Alvaro-Gracia 2017 (Cx611)", 13.0, 0, 7),
        # 28% of 169.
        ("SELECT-BEYOND", 12.0, 47, 169),
    }
    assert len({(arm.study, arm.arm) for arm in controls.used}) == len(controls.used) == 8
    assert all(arm.source for arm in controls.used)
    assert {arm.study: arm.computed for arm in controls.used}["SIRROUND-T"] is False
    early = historical_arms("acr20", "control", week=16, weeks=(0, 8))
    assert [(arm.week, arm.r) for arm in early.used] == [(4.0, 2)]
    assert ("RADIATE, placebo/control, week 24", "not from week 0 to 8") in early.left_out


def test_a_trial_is_never_in_its_own_prior() -> None:
    own = historical_arms("acr20", "msc", week=13, citation="Álvaro-Gracia JM et al. Ann Rheum Dis 2017")
    assert {arm.study for arm in own.used} == {"He 2020"}
    other_year = historical_arms("acr20", "msc", week=13, citation="Álvaro-Gracia JM et al. 2021")
    assert "Alvaro-Gracia 2017 (Cx611)" in {arm.study for arm in other_year.used}
    by_name = historical_arms("acr20", "control", week=24, citation="Emery P et al. The RADIATE study")
    assert "RADIATE" not in {arm.study for arm in by_name.used}
    # Yang Y 2017 may hold the patients of Yang 2018.
    overlapping = historical_arms("eular_good_or_moderate", "msc", week=30, citation="Yang Y et al. 2018")
    assert {arm.study for arm in overlapping.used} == {"He 2020"}


def test_rows_of_the_same_patients_count_once() -> None:
    found = historical_arms("eular_good_or_moderate", "msc", week=24)
    assert [arm.study for arm in found.used if arm.study.startswith("Yang")] == ["Yang 2018"]
    found = historical_arms("eular_good_or_moderate", "msc", week=24, weeks=(4, 60))
    assert [arm.study for arm in found.used if arm.study.startswith("Yang")] == ["Yang 2018"]
    assert ("Yang Y 2017 (CJCB), UC-MSC", "may hold the patients of Yang 2018") in found.left_out


def test_an_arm_is_left_out_on_demand() -> None:
    found = historical_arms("acr20", "msc", week=16, leave_out=["UC-MSC+IFNg"])
    assert "UC-MSC+IFNg" not in {arm.arm for arm in found.used}
    assert ("He 2020, UC-MSC+IFNg", "as asked") in found.left_out


def test_serious_adverse_events_are_counted_to_any_later_week_and_partial_counts_are_told() -> None:
    found = historical_arms("serious_adverse_event", "msc", week=24)
    assert [(arm.r, arm.n) for arm in found.used] == list(ZEROS)
    partial = "Alvaro-Gracia 2017 (Cx611), A+B+C (1 of 46)"
    assert (partial, "counts only related grade 3 serious adverse events") in found.left_out


# The table.


def test_every_count_of_the_abstract_once_and_the_concordant_ones_together() -> None:
    counts = jamshidi().drop_duplicates("fact").set_index("fact")
    assert [(counts.loc[fact, "r"], counts.loc[fact, "n"]) for fact in counts.index] == [
        (3, 6),
        (2, 6),
        (4, 6),
        (3, 6),
        (5, 6),
        (0, 6),
    ]
    joint = counts.loc["il10_increased + tnf_il17_decreased"]
    assert "il10 increase and tnf_alpha and il17 decrease" in joint["definition"]
    # The two with sustained relief are a rate of all six.
    assert "of all 6 patients" in counts.loc["vas_sustained", "definition"]
    assert (jamshidi()["ci_kind"] == "eti").all()
    assert jamshidi()["sources"].str.contains("10.1080/17460751.2024.2443352").all()


def test_acr20_under_each_prior() -> None:
    rows = rows_of("acr20_week16")
    assert rows["prior"].tolist() == [
        "vague: Beta(1, 1)",
        "8 control arms of other trials",
        "8 control arms of other trials, 20% vague",
        "5 MSC arms of other trials",
        "5 MSC arms of other trials, 20% vague",
    ]
    exact = stats.beta(5, 3)
    assert rows.loc[0, ["lower", "estimate", "upper"]].tolist() == pytest.approx(exact.ppf([0.05, 0.5, 0.95]))
    assert rows.loc[0, "evidence"] == pytest.approx(1 / 7)
    # Controls pull it down, the robust prior less so.
    vague, control, robustly = rows["estimate"][:3]
    assert control < robustly < vague
    assert rows["p_above_control"].between(0.5, 1).all()
    # By the chance of exactly four, the control arms' prior is the worst of them.
    assert rows["evidence"].idxmin() == 1
    prior = map_prior([(arm.r, arm.n) for arm in historical_arms("acr20", "control", week=16).used]).mixture()
    assert isinstance(prior, BetaMixture)
    assert rows.loc[1, "p_above_control"] == pytest.approx(p_greater(prior.update(4, 6), prior))
    radiate = "RADIATE, placebo/control, week 24: 16 of 158 [Emery 2008, Ann Rheum Dis 67:1516"
    assert radiate in rows.loc[1, "sources"]
    assert "RADIATE 16/158* wk 24" in rows.loc[1, "arms"]


def test_no_serious_adverse_event_is_not_none() -> None:
    rows = rows_of("serious_adverse_events")
    assert rows.loc[0, "upper_95"] == pytest.approx(1 - 0.05 ** (1 / 7))
    assert rows.loc[0, "upper_95_exact"] == pytest.approx(1 - 0.05 ** (1 / 6))
    assert rows.loc[0, "rule_of_three"] == 0.5
    # One control arm on file gives no prior, so nothing to compare with.
    assert rows.loc[1, "prior"] == "no prior from control arms: 1 arm on file, 2 needed"
    numbers = ["prior_mean", "estimate", "lower", "upper", "evidence", "upper_95"]
    assert rows.loc[1, numbers].isna().all()
    assert rows["p_above_control"].isna().all()
    assert rows.loc[2, "prior"] == "2 MSC arms of other trials"
    assert rows.loc[2, "upper_95"] < rows.loc[3, "upper_95"] < rows.loc[0, "upper_95"]
    assert jamshidi().loc[jamshidi()["r"] != 0, ["upper_95", "rule_of_three"]].isna().all(axis=None)


def test_what_other_trials_do_not_count_says_so() -> None:
    for fact in ("vas_improved", "vas_sustained", "sdai_cdai_reduced", "il10_increased + tnf_il17_decreased"):
        rows = rows_of(fact)
        assert rows["prior"].tolist() == [
            "vague: Beta(1, 1)",
            "no prior from other trials: none on file counts this",
        ]


def test_options_reach_the_rows() -> None:
    paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    table = response_rates(
        paper, ci_prob=0.5, vague=JEFFREYS, vague_weight=0.5, leave_out=["UC-MSC+IFNg"], weeks=(4, 16)
    )
    rows = rows_of("acr20_week16", table)
    assert rows["prior"].tolist() == [
        "vague: Beta(0.5, 0.5)",
        "6 control arms of other trials",
        "6 control arms of other trials, 50% vague",
        "4 MSC arms of other trials",
        "4 MSC arms of other trials, 50% vague",
    ]
    assert rows.loc[0, ["lower", "upper"]].tolist() == pytest.approx(stats.beta(4.5, 2.5).ppf([0.25, 0.75]))
    # Serious adverse events are on file only to week 48 and 52.
    assert rows_of("serious_adverse_events", table)["prior"].str.startswith("no prior").sum() == 2
    with pytest.raises(RaBayesError, match="ci_prob is 90"):
        response_rates(paper, ci_prob=90)


TWO_ARMS = """
[paper]
citation = "Nobody N et al. A made-up trial. J Test 2099;1:1"
doi = "none"
seen = "nothing"

[visits]
weeks = [0, 12, 24]
status = "stated"
basis = "made up"

[[arm]]
id = "cells"
n = 20
words = "cells"

[[arm]]
id = "placebo"
n = 10
words = "saline"
"""


def two_arms() -> Publication:
    facts = [
        ("acr20_cells", '["acr20"]', "cells", 9, 20, 12),
        ("acr20_placebo", '["acr20"]', "placebo", 2, 10, 12),
        ("acr50_cells", '["acr50"]', "cells", 4, 20, 12),
        ("serious_adverse_event_cells", "[]", "cells", 0, 20, 24),
        ("serious_adverse_event_placebo", "[]", "placebo", 1, 10, 24),
        ("withdrawn_cells", "[]", "cells", 3, 20, 24),
        ("withdrawn_placebo", "[]", "placebo", 1, 10, 24),
    ]
    page = TWO_ARMS + "".join(
        f'[[fact]]\nid = "{id}"\nwords = "{r} of {n}."\noutcomes = {outcomes}\narm = "{arm}"\n'
        f'r = {r}\nn = {n}\nweek = {week}\nweek_stated = true\nleft_open = "nothing"\nsource = "made up"\n'
        for id, outcomes, arm, r, n, week in facts
    )
    return read_publication_text(page, "made_up")


@cache
def two_arm_table() -> pd.DataFrame:
    return response_rates(two_arms())


def test_a_control_arm_is_subtracted_from_the_treated_one() -> None:
    differences = two_arm_table()[two_arm_table()["quantity"] == "difference"]
    assert differences["fact"].unique().tolist() == [
        "acr20_cells - acr20_placebo",
        "serious_adverse_event_cells - serious_adverse_event_placebo",
        "withdrawn_cells - withdrawn_placebo",
    ]
    rows = rows_of("acr20_cells - acr20_placebo", two_arm_table())
    assert rows["prior"].str.partition(":")[0].tolist() == [
        "vague",
        "8 control arms of other trials",
        "8 control arms of other trials, 20% vague",
    ]
    x, y = UNIFORM.update(9, 20), UNIFORM.update(2, 10)
    found = rows.loc[0, ["estimate", "lower", "upper"]].tolist()
    assert found == pytest.approx(difference_interval(x, y, 0.9))
    assert rows.loc[0, "p_above_control"] == pytest.approx(1 - p_difference_below(x, y, 0.0))
    assert rows.loc[0, "evidence"] == pytest.approx(1 / 21 / 11)
    assert rows["r"].isna().all()
    # What other control arms say makes the difference more certain.
    width = rows["upper"] - rows["lower"]
    assert width[1] < width[2] < width[0]


def test_a_control_arm_has_no_prior_from_treated_ones() -> None:
    rows = rows_of("acr20_placebo", two_arm_table())
    assert not rows["prior"].str.contains("MSC").any()
    assert rows["prior"].str.contains("control arms").any()


def test_the_shipped_trial_of_four_arms() -> None:
    table = response_rates(read_publication(data_dir() / "published" / "alvarogracia2017.toml"))
    # Three treated arms, each less placebo: ACR20 twice, adverse events.
    assert table.loc[table["quantity"] == "difference", "fact"].nunique() == 9
    assert not table["sources"].str.contains("Alvaro-Gracia").any()
    assert all(len(line) <= 100 for line in response_rates_text(table).split("\n"))


# The text.


@pytest.mark.parametrize("table", [jamshidi, two_arm_table])
def test_the_text_is_at_most_100_columns_wide(table: object) -> None:
    assert callable(table)
    text = response_rates_text(table())
    assert max(len(line) for line in text.split("\n")) <= 100
    assert "\N{NO-BREAK SPACE}" not in text
    assert "nan" not in text


def test_the_text_says_what_matters() -> None:
    text = response_rates_text(jamshidi())
    assert re.search(r"vague: Beta\(1, 1\) +5 to 95 +2\.0 +64 \(34 to 87\) +0\.97 +0\.14", text)
    assert "None seen is not none. One-sided 95% upper limits: 35% (vague)" in text
    assert "without a prior 39% (exact binomial)" in text
    assert "(no prior from control arms: 1 arm on file, 2 needed)" in text
    assert "SELECT-BEYOND 47/169* wk 12" in text
    assert "difference" in response_rates_text(two_arm_table())
    assert "−" in response_rates_text(two_arm_table())


def test_an_empty_table_is_an_empty_list() -> None:
    assert "Rates in %" in response_rates_text(jamshidi().iloc[:0])


def test_the_documented_table_is_what_comes_out() -> None:
    rows = re.findall(
        r"^\| (0\.5|1|2) \| (\d+%.+) \|$", METHODS.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert [scale for scale, _ in rows] == ["0.5", "1", "2"]

    def cell(center: float, rate: BetaMixture) -> list[float]:
        return [100 * each for each in (center, *rate.interval(0.9))]

    for scale, documented in rows:
        cells: list[float] = []
        for role in ("control", "msc"):
            counts = [(arm.r, arm.n) for arm in historical_arms("acr20", role, week=16).used]
            prior = map_prior(counts, tau=float(scale)).mixture()
            assert isinstance(prior, BetaMixture)
            posterior = prior.update(4, 6)
            cells += cell(prior.mean, prior) + cell(posterior.quantile(0.5), posterior)
        # Whole percents; one on the edge may fall to either side.
        told = [float(each) for each in re.findall(r"\d+", documented)]
        assert cells == pytest.approx(told, abs=0.52)


def test_the_verb_is_on_the_facade() -> None:
    assert rb.response_rates is response_rates
