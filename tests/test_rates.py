"""Simple rates: against answers known by hand, against brute force elsewhere; and what the table says."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

import ra_bayes as rb
from ra_bayes.errors import RaBayesError
from ra_bayes.historical import historical_arms, map_prior
from ra_bayes.mixtures import JEFFREYS, UNIFORM, BetaMixture, beta, mix
from ra_bayes.published import Publication, read_publication, read_publication_text
from ra_bayes.rates import (
    difference_interval,
    p_difference_below,
    p_greater,
    response_rates,
    response_rates_text,
)
from ra_bayes.resources import data_dir

METHODS = Path(__file__).resolve().parent.parent / "docs" / "methods.md"
MIXED = mix((0.7, beta(4.0, 12.0)), (0.2, beta(30.0, 20.0)), (0.1, beta(0.5, 0.5)))
ZEROS = ((0, 52), (0, 15))


@cache
def jamshidi() -> pd.DataFrame:
    return response_rates(read_publication(data_dir() / "published" / "jamshidi2024.toml"))


def rows_of(fact: str, table: pd.DataFrame | None = None) -> pd.DataFrame:
    found = jamshidi() if table is None else table
    return found[found["fact"] == fact].reset_index(drop=True)


# One rate.


def test_a_beta_is_updated_by_adding_counts() -> None:
    posterior = beta(2, 5).update(4, 6)
    assert str(posterior) == "Beta(6, 7)"
    exact = stats.beta(6, 7)
    assert posterior.mean == pytest.approx(6 / 13)
    assert posterior.sd == pytest.approx(exact.std())
    assert posterior.interval(0.9) == pytest.approx(exact.ppf([0.05, 0.95]))
    assert posterior.p_above(0.3) == pytest.approx(exact.sf(0.3))


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.5, 0.5), (3.5, 40.0)])
def test_ess_of_a_beta_is_a_plus_b(a: float, b: float) -> None:
    assert beta(a, b).ess == pytest.approx(a + b)


def test_evidence_is_the_beta_binomial_and_all_counts_together_are_certain() -> None:
    for r in range(7):
        assert beta(2, 5).evidence(r, 6) == pytest.approx(stats.betabinom(6, 2, 5).pmf(r))
        assert UNIFORM.evidence(r, 6) == pytest.approx(1 / 7)
    assert MIXED.predictive(20).sum() == pytest.approx(1)
    assert MIXED.predictive(20) @ np.arange(21) == pytest.approx(20 * MIXED.mean)


def test_a_mixture_agrees_with_bayes_rule_integrated() -> None:
    def density(p: float) -> float:
        return sum(part.weight * stats.beta(part.a, part.b).pdf(p) for part in MIXED.parts)

    def joint(p: float) -> float:
        return density(p) * stats.binom(11, p).pmf(8)

    def area(upper: float) -> float:
        return float(integrate.quad(joint, 0, upper, epsabs=1e-12, limit=200)[0])

    posterior, total = MIXED.update(8, 11), area(1.0)
    assert MIXED.evidence(8, 11) == pytest.approx(total, rel=1e-6)
    for x in (0.2, 0.5, 0.8):
        assert float(posterior.cdf(x)) == pytest.approx(area(x) / total, abs=1e-6)
        assert posterior.p_above(x) == pytest.approx(1 - area(x) / total, abs=1e-6)
    assert sum(part.weight for part in posterior.parts) == pytest.approx(1)


def test_two_updates_are_one() -> None:
    at_once, in_turn = MIXED.update(7, 15), MIXED.update(3, 6).update(4, 9)
    assert np.array(in_turn.parts) == pytest.approx(np.array(at_once.parts))
    both = MIXED.evidence(3, 6) * MIXED.update(3, 6).evidence(4, 9)
    ways = special.comb(6, 3) * special.comb(9, 4) / special.comb(15, 7)
    assert both == pytest.approx(MIXED.evidence(7, 15) * ways)


@given(prob=st.floats(0.001, 0.999), r=st.integers(0, 12))
@settings(deadline=None, max_examples=50)
def test_a_quantile_is_where_the_distribution_function_says(prob: float, r: int) -> None:
    posterior = MIXED.update(r, 12)
    assert float(posterior.cdf(posterior.quantile(prob))) == pytest.approx(prob, abs=1e-9)


@pytest.mark.parametrize("n", [1, 6, 30])
def test_no_event_and_every_event_are_mirror_images_with_closed_forms(n: int) -> None:
    none, every = UNIFORM.update(0, n), UNIFORM.update(n, n)
    assert none.quantile(0.95) == pytest.approx(1 - 0.05 ** (1 / (n + 1)))
    assert every.quantile(0.05) == pytest.approx(0.05 ** (1 / (n + 1)))
    assert none.interval(0.9)[0] == pytest.approx(1 - every.interval(0.9)[1])


def test_a_rate_all_but_zero_keeps_its_quantiles() -> None:
    tiny = beta(0.01, 2.0)
    assert tiny.quantile(0.5) == pytest.approx(stats.beta(0.01, 2.0).ppf(0.5), rel=1e-6)
    assert tiny.quantile(1e-4) == 0.0
    assert beta(2.0, 1e-4).quantile(0.9) == 1.0


@given(r=st.integers(0, 9), n=st.integers(1, 9))
@settings(deadline=None, max_examples=50)
def test_more_patients_narrow_the_interval_and_it_holds_the_median_and_the_share(r: int, n: int) -> None:
    r = min(r, n)
    once, tenfold = UNIFORM.update(r, n), UNIFORM.update(10 * r, 10 * n)
    lower, upper = once.interval(0.9)
    assert lower < once.quantile(0.5) < upper
    if 0 < r < n:
        assert lower < r / n < upper
    more = tenfold.interval(0.9)
    assert more[1] - more[0] < upper - lower


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: beta(0.0, 1.0),
        lambda: BetaMixture(()),
        lambda: mix((-0.5, UNIFORM), (1.5, UNIFORM)),
        lambda: UNIFORM.update(7, 6),
        lambda: UNIFORM.quantile(1.0),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(RaBayesError, match=r"^[^\n]+$"):
        wrong()


# Numbers that others published (reference/planning.md).


def test_posterior_and_predictive_probability_of_lee_and_liu() -> None:
    # Beta(.6, .4), 16 of 23, 40 in all: success if P(rate > .6) > .9 in the end.
    posterior = beta(0.6, 0.4).update(16, 23)
    assert posterior.p_above(0.6) == pytest.approx(0.8359808, abs=5e-8)
    success = [posterior.update(more, 17).p_above(0.6) > 0.9 for more in range(18)]
    assert posterior.predictive(17) @ np.array(success) == pytest.approx(0.5655589, abs=5e-8)


def test_assurance_of_a_later_trial() -> None:
    # 18 of 48, then 77 patients, success if at least 29% respond.
    later = UNIFORM.update(18, 48).predictive(77)
    assert later[math.ceil(0.29 * 77) :].sum() == pytest.approx(0.84057583, abs=5e-9)


# Two rates.


def test_p_greater_is_the_sum_for_whole_numbers() -> None:
    # Cook 2003: for whole a, P(X > Y) is a sum of Beta functions.
    a, b, c, d = 5, 3, 4, 9
    exact = sum(
        math.exp(special.betaln(c + i, b + d) - special.betaln(1 + i, b) - special.betaln(c, d)) / (b + i)
        for i in range(a)
    )
    # That sum is P(Y > X) with X ~ Beta(c, d) and Y ~ Beta(a, b).
    assert p_greater(beta(a, b), beta(c, d)) == pytest.approx(exact, abs=1e-9)
    assert p_greater(MIXED, MIXED) == pytest.approx(0.5, abs=1e-7)
    assert p_greater(beta(1.5, 6), UNIFORM) == pytest.approx(1.5 / 7.5, abs=1e-9)


@given(d=st.floats(-0.99, 0.99))
@settings(deadline=None, max_examples=50)
def test_the_difference_of_two_uniform_rates_is_triangular(d: float) -> None:
    exact = (1 + d) ** 2 / 2 if d < 0 else 1 - (1 - d) ** 2 / 2
    assert p_difference_below(UNIFORM, UNIFORM, d) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("d", [-0.6, -0.1, 0.0, 0.2, 0.7])
def test_a_difference_agrees_with_adaptive_quadrature_and_its_mirror_image(d: float) -> None:
    x, y = beta(0.6, 2.0), MIXED
    by_quad, _ = integrate.quad(
        lambda p: stats.beta(0.6, 2.0).pdf(p) * y.p_above(p - d), 0, 1, points=[max(d, 0.0)], limit=400
    )
    assert p_difference_below(x, y, d) == pytest.approx(by_quad, abs=1e-6)
    assert p_difference_below(y, x, -d) == pytest.approx(1 - by_quad, abs=1e-6)


def test_the_interval_of_a_difference_agrees_with_simulation() -> None:
    rng = np.random.default_rng(1)
    draws = rng.beta(10, 12, 400_000) - rng.beta(1, 8, 400_000)
    median, lower, upper = difference_interval(beta(10, 12), beta(1, 8), 0.9)
    assert (lower, median, upper) == pytest.approx(np.quantile(draws, [0.05, 0.5, 0.95]), abs=0.002)


def test_rates_of_thousands_of_patients_are_still_compared_well() -> None:
    x, y = beta(3000, 7000), beta(3100, 6900)
    gap = (y.mean - x.mean) / math.hypot(x.sd, y.sd)
    assert p_greater(x, y) == pytest.approx(stats.norm.sf(gap), abs=0.001)
    assert p_greater(x, y) + p_greater(y, x) == pytest.approx(1, abs=1e-6)


# The arms on file.


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
    assert "RADIATE, placebo/control, week 24: 16 of 158 [ard 67:1516" in rows.loc[1, "sources"]
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
