"""Unseen visits made worse: against normal tails, arithmetic by hand and a Gaussian posterior."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pages import cohort as made_cohort
from pages import spec
from scipy import integrate, stats
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.cohort import Cohort
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.historical import historical_placebo
from ra_bayes.inference import fit
from ra_bayes.mixtures import normal
from ra_bayes.trust.missing_not_at_random import MissingNotAtRandom, missing_not_at_random

LOST = {"SYN-2": 12.0, "SYN-5": 8.0}


def synthetic() -> Cohort:
    return rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")


def lost(after: Mapping[str, float] = LOST) -> Cohort:
    """The synthetic cohort without some patients' records after a week."""
    whole = synthetic()
    kept = tuple(each for each in whole.records if each.week <= after.get(each.patient, np.inf))
    return replace(whole, records=kept)


def known(model: str, mean: float, sd: float, after: Mapping[str, float] = LOST) -> xr.DataTree:
    """A tree of which all patients change alike, by Normal(mean, sd) on the link's scale at week 24."""
    tree = drawn_tree(rb.load_model(model), lost(after))
    node = tree["posterior"]
    size = node["mean_change"].shape[0] * node["mean_change"].shape[1]
    scores = np.random.default_rng(4).permutation(stats.norm.ppf((np.arange(size) + 0.5) / size))
    node["mean_change"].loc[{"visit": 24.0}] = mean + sd * scores.reshape(node["mean_change"].shape[:2])
    node["patient_response"][:] = 0.0
    return tree


def rows_of(found: MissingNotAtRandom, estimand: str, scheme: str = "delta") -> pd.DataFrame:
    table = found.table
    return table[(table["estimand"] == estimand) & (table["scheme"] == scheme)].reset_index(drop=True)


def tipping_of(found: MissingNotAtRandom, estimand: str) -> pd.Series:
    return found.tipping[found.tipping["estimand"] == estimand].iloc[0]


def test_no_shift_gives_the_fit_s_own_numbers() -> None:
    for model in ("vas", "crp", "haq"):
        tree = drawn_tree(rb.load_model(model), lost())
        own = rb.estimands(tree)
        found = missing_not_at_random(tree)
        for estimand in ("mean_change_of_cohort", "mean_change"):
            row = own[(own["estimand"] == estimand) & (own["week"] == 24.0)].iloc[0]
            first = rows_of(found, estimand).iloc[0]
            same = ["estimate", "lower", "upper", "p_benefit", "mcse", "ess"]
            assert first[same].tolist() == pytest.approx(row[same].tolist())


def test_a_normal_change_is_shifted_as_by_hand() -> None:
    mean, sd, n, m = -30.0, 10.0, 6, 2
    found = missing_not_at_random(known("vas", mean, sd), deltas=[0, 20, 60], needed=5.0, cut_off=0.9)
    assert found.unseen == (("SYN-2", 12.0), ("SYN-5", 8.0))
    for row in rows_of(found, "mean_change_of_cohort").to_dict("records"):
        centre = mean + row["delta"] * m / n
        assert row["estimate"] == pytest.approx(centre, abs=0.1)
        assert row["lower"] == pytest.approx(stats.norm.ppf(0.05, centre, sd), abs=0.1)
        assert row["p_benefit"] == pytest.approx(stats.norm.cdf((-5.0 - centre) / sd), abs=0.0015)
    # Normal(-30 + delta / 3, 10) is below -5 with probability 0.9 up to delta = 3 (25 - 12.8).
    tip = tipping_of(found, "mean_change_of_cohort")
    assert tip["tipping_point"] == pytest.approx(3.0 * (25.0 - 10.0 * stats.norm.ppf(0.9)), abs=0.5)
    assert tip["in_mcids"] == pytest.approx(tip["tipping_point"] / 10.0)
    assert tip["back_to_baseline"] == pytest.approx(30.0, abs=0.1)


def test_the_population_is_shifted_by_the_unknown_share_of_unseen() -> None:
    mean, sd, delta = -30.0, 10.0, 40.0
    found = missing_not_at_random(known("vas", mean, sd), deltas=[delta], cut_off=0.9)
    share = stats.beta(1 + 2, 1 + 4)

    def benefit(delta: float) -> float:
        return integrate.quad(lambda p: share.pdf(p) * stats.norm.cdf((-mean - p * delta) / sd), 0, 1)[0]

    row = rows_of(found, "mean_change").iloc[0]
    assert row["p_benefit"] == pytest.approx(benefit(delta), abs=0.03)
    tip = tipping_of(found, "mean_change")
    assert benefit(tip["tipping_point"]) == pytest.approx(0.9, abs=0.03)
    assert benefit(tip["tipping_point"] - 4.0 * tip["mcse"]) > 0.9


def test_the_tipping_point_is_where_the_table_crosses_the_cut_off() -> None:
    tree = known("vas", -30.0, 10.0)
    tip = tipping_of(missing_not_at_random(tree, cut_off=0.9), "mean_change")["tipping_point"]
    around = rows_of(missing_not_at_random(tree, deltas=[0.999 * tip, 1.001 * tip]), "mean_change")
    assert around["p_benefit"].iloc[0] >= 0.9 >= around["p_benefit"].iloc[1]


def test_more_harm_is_never_better() -> None:
    for model, worse in (("vas", 1.0), ("crp", 1.0), ("il10", -1.0)):
        found = missing_not_at_random(drawn_tree(rb.load_model(model), lost()))
        for estimand in ("mean_change_of_cohort", "mean_change"):
            rows = rows_of(found, estimand)
            assert (np.diff(worse * rows["estimate"]) > 0.0).all()
            assert (np.diff(rows["p_benefit"]) <= 0.0).all()


def test_under_the_log_link_a_shift_is_a_factor_and_the_mean_is_geometric() -> None:
    mean, sd = np.log(0.5), 0.25
    found = missing_not_at_random(known("crp", mean, sd), deltas=[1.0, 2.0, 8.0], cut_off=0.9)
    rows = rows_of(found, "mean_change_of_cohort")
    # Two of six: to the power of a third.
    assert rows["estimate"].tolist() == pytest.approx([0.5, 0.5 * 2 ** (1 / 3), 1.0], rel=0.01)
    tip = tipping_of(found, "mean_change_of_cohort")
    known_tip = np.exp(3.0 * (-mean - sd * stats.norm.ppf(0.9)))
    assert tip["tipping_point"] == pytest.approx(known_tip, rel=0.02)
    assert tip["back_to_baseline"] == pytest.approx(2.0, rel=0.01)
    assert "a factor of" in str(found)


def test_only_the_unseen_are_shifted_and_each_by_their_own_prediction() -> None:
    tree = drawn_tree(rb.load_model("vas"), lost())
    node = tree["posterior"].sel(visit=24.0)
    total = 0.0
    for patient in tree["posterior"]["patient"].values:
        own = node["mean_change"] + node["patient_response"].sel(patient=patient) * node["response_shape"]
        total = total + own.values + (15.0 if patient in LOST else 0.0)
    row = rows_of(missing_not_at_random(tree, deltas=[15.0]), "mean_change_of_cohort").iloc[0]
    assert row["estimate"] == pytest.approx(np.median(total / 6.0))
    assert row["p_benefit"] == pytest.approx(np.mean(total < 0.0))


def test_who_was_seen_again_later_is_shifted_on_demand_only() -> None:
    """A visit missed at the reference week, and one after it."""
    model = spec("linear", reference_week=12, outcome="sdai")
    rows = [(who, week, 30 + i) for i, who in enumerate("ABC") for week in (0, 6, 12, 24)]
    rows = [row for row in rows if row[:2] != ("B", 12) and not (row[0] == "C" and row[1] > 6)]
    tree = drawn_tree(model, made_cohort(rows, model))
    assert missing_not_at_random(tree, deltas=[0]).unseen == (("C", 6.0),)
    every = missing_not_at_random(tree, deltas=[0], unseen="every")
    assert every.unseen == (("B", 24.0), ("C", 6.0))


def test_a_complete_cohort_says_so_in_a_sentence() -> None:
    found = missing_not_at_random(drawn_tree(rb.load_model("vas"), synthetic()), cut_off=0.3)
    assert " ".join(str(found).split()) == (
        "vas: no patient is lost to week 24, so nothing is imputed there and no shift of the unseen can "
        "change what is said of it."
    )
    assert found.tipping["tipping_point"].tolist() == [np.inf, np.inf]
    assert set(found.table["scheme"]) == {"delta"}


def test_without_a_conclusion_there_is_none_to_undo() -> None:
    found = missing_not_at_random(known("vas", -3.0, 10.0), cut_off=0.9)
    assert found.tipping["tipping_point"].isna().all()
    assert "there is no conclusion to undo" in str(found)


def test_a_chance_just_short_of_the_cut_off_is_not_rounded_to_it() -> None:
    tree = known("vas", -3.0, 10.0)
    chance = float(missing_not_at_random(tree, cut_off=0.9).tipping["p_benefit"].iloc[0])
    cut = chance + 0.0004
    found = " ".join(str(missing_not_at_random(tree, cut_off=cut)).split())
    (said, asked) = re.findall(r"benefit has ([\d.]+), not ([\d.]+),", found)[0]
    assert float(said) < float(asked) == pytest.approx(cut, abs=1e-5)
    assert float(said) == pytest.approx(chance, abs=1e-4)


def test_the_unseen_jump_to_the_placebo_change() -> None:
    tree = known("vas", -30.0, 4.0)
    # The same spread between patients in all draws, so that the answer is a normal.
    tree["posterior"]["response_sd"][:] = 12.0
    found = missing_not_at_random(tree, deltas=[0.0], placebo=normal(-15.0, 9.0))
    row = rows_of(found, "mean_change_of_cohort", "jump to placebo").iloc[0]
    # Four of six at -30 (4), two at -15 with a common SD of 9 and one of 12 each.
    centre = (4 * -30.0 + 2 * -15.0) / 6
    spread = np.sqrt((4 / 6 * 4.0) ** 2 + (2 / 6 * 9.0) ** 2 + 2 * (12.0 / 6) ** 2)
    assert row["estimate"] == pytest.approx(centre, abs=5 * row["mcse"])
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.645 * spread, rel=0.1)
    whole = rows_of(found, "mean_change", "jump to placebo").iloc[0]
    # Share of unseen Beta(3, 5): 3/8 on average.
    assert whole["estimate"] == pytest.approx(-30.0 + 3 / 8 * 15.0, abs=1.0)


def test_the_placebo_change_is_the_page_s_unless_another_is_given() -> None:
    tree = drawn_tree(rb.load_model("vas"), lost())
    page = rows_of(missing_not_at_random(tree), "mean_change", "jump to placebo").iloc[0]
    same = missing_not_at_random(tree, placebo=normal(-18.0, 5.0))
    assert rows_of(same, "mean_change", "jump to placebo").iloc[0]["estimate"] == page["estimate"]
    wider = missing_not_at_random(tree, placebo=historical_placebo("vas", week=24).robust)
    assert rows_of(wider, "mean_change", "jump to placebo").iloc[0]["estimate"] != page["estimate"]
    # A page without a placebo response has no jump.
    assert set(missing_not_at_random(drawn_tree(rb.load_model("sdai"), lost())).table["scheme"]) == {"delta"}


def test_the_text_is_at_most_100_columns_wide_and_says_that_no_record_speaks_for_a_shift() -> None:
    for tree in (known("vas", -30.0, 10.0), known("crp", -1.0, 0.3), known("sdai", -5.0, 20.0)):
        text = str(missing_not_at_random(tree))
        assert max(map(len, text.splitlines())) <= 100
        assert "No record speaks for or against any shift" in " ".join(text.split())
    assert "as on placebo" in str(missing_not_at_random(known("vas", -30.0, 10.0)))


def test_a_shift_is_told_beside_the_way_back_to_baseline() -> None:
    def told(tree: xr.DataTree) -> str:
        return " ".join(str(missing_not_at_random(tree)).split())

    # All improve by 30 mm, all fall to exp(-1).
    assert "Worse by 30 mm, they would be back at their baseline, on average." in told(
        known("vas", -30.0, 10.0)
    )
    assert "Worse by a factor of 2.72, they would be back" in told(known("crp", -1.0, 0.3))
    tree = known("vas", -30.0, 10.0)
    who = {"patient": [*LOST]}
    tree["posterior"]["patient_response"].loc[who] = 40.0 / _shape_at_24(tree)
    assert "As predicted they are worse than at their baseline already, by 10 mm on average." in told(tree)


def test_a_shift_that_the_scale_has_no_room_for_is_told_as_such() -> None:
    # Two of six are unseen: the mean of these patients is undone by three times what its lower end is away
    # from 0, 45 - 1.645 = 43.4 mm, and a VAS is 100 mm wide.
    found = missing_not_at_random(known("vas", -45.0, 1.0))
    cohort, population = found.tipping["tipping_point"]
    assert cohort == pytest.approx(3.0 * 43.36, abs=0.5)
    assert cohort > 100.0 > population
    words = " ".join(str(found).split())
    assert (
        "Of these patients no shift that the scale has room for undoes it: benefit falls below 0.95" in words
    )
    assert "MCIDs (Monte Carlo error 0.2), and the scale is 100 mm wide." in words
    assert "Of the population benefit falls below 0.95" in words
    assert found.tipping["scale_width"].tolist() == [100.0, 100.0]
    assert np.isinf(missing_not_at_random(known("crp", -1.0, 0.3)).tipping["scale_width"]).all()


def _shape_at_24(tree: xr.DataTree) -> float:
    return float(np.ravel(tree["posterior"]["response_shape"].sel(visit=24.0))[0])


def test_what_cannot_be_is_refused_in_a_sentence() -> None:
    vas = drawn_tree(rb.load_model("vas"), lost())
    for asked, says in (
        ({"deltas": [-1.0]}, "deltas and needed of vas are given as numbers of 0 mm or more"),
        ({"needed": -1.0}, "given as numbers of 0 mm or more"),
        ({"unseen": "all"}, "write 'dropout' or 'every'"),
        ({"cut_off": 95}, "cut_off=95 is not a probability"),
    ):
        with pytest.raises(RaBayesError, match=says):
            missing_not_at_random(vas, **asked)
    with pytest.raises(RaBayesError, match="given as factors of 1 or more"):
        missing_not_at_random(drawn_tree(rb.load_model("crp"), lost()), deltas=[0.5])
    with pytest.raises(RaBayesError, match="yes or no"):
        missing_not_at_random(drawn_tree(rb.load_model("acr20"), lost()))
    with pytest.raises(RaBayesError, match="no MCID to measure shifts by"):
        model = spec("linear")
        rows = [("A", 0, 9), ("A", 24, 7), ("B", 0, 8)]
        missing_not_at_random(drawn_tree(model, made_cohort(rows, model)))
    with pytest.raises(FitError, match="did not pass its gate"):
        missing_not_at_random(drawn_tree(rb.load_model("vas"), lost(), diverging=9))


@pytest.mark.mcmc
def test_a_gaussian_posterior_with_dropouts_in_closed_form() -> None:
    """Scales pinned and levels uncorrelated with responses: all is normal, the unseen changes too."""
    s, t, noise, lost_after = 3.0, 2.0, 1.5, {1: 8.0, 4: 16.0}
    pinned = {"baseline_sd": {"fixed": s}, "response_sd": {"fixed": t}, "residual_sd": {"fixed": noise}}
    model = spec("linear", priors={**pinned, "correlation": {"concentration": 1e6}})
    weeks, n = np.array([0.0, 4.0, 8.0, 16.0, 24.0]), 6
    rng = np.random.default_rng(2)
    level, change = rng.normal(10.0, s, n), rng.normal(-4.0, t, n)
    y = level[:, None] + change[:, None] * weeks / 24.0 + rng.normal(0.0, noise, (n, weeks.size))
    seen = np.array([[week <= lost_after.get(i, 24.0) for week in weeks] for i in range(n)])
    rows = [(i, weeks[j], y[i, j]) for i, j in zip(*np.nonzero(seen), strict=True)]
    tree = fit(model, made_cohort(rows, model), seed=3, draws=1000, cores=2)

    # Unknowns: baseline_mean and change, each with a prior SD of 2; A_i - baseline_mean; b_i.
    size = 2 + 2 * n
    prior = np.diag([4.0, 4.0, *[s**2] * n, *[t**2] * n])
    mean = np.zeros(size)
    mean[:2] = 10.0, -3.0
    x = np.zeros((n, weeks.size, size))
    x[:, :, 0], x[:, :, 1] = 1.0, weeks / 24.0
    for i in range(n):
        x[i, :, 2 + i], x[i, :, 2 + n + i] = 1.0, weeks / 24.0
    x, records = x[seen], y[seen]
    gain = np.linalg.solve(x @ prior @ x.T + noise**2 * np.eye(records.size), x @ prior).T
    mean, covariance = mean + gain @ (records - x @ mean), prior - gain @ x @ prior
    # The mean of C_i = change + b_i over the six.
    a = np.zeros(size)
    a[1], a[2 + n :] = 1.0, 1.0 / n
    centre, spread = a @ mean, np.sqrt(a @ covariance @ a)

    found = missing_not_at_random(tree, deltas=[0.0, 3.0, 6.0, 9.0], cut_off=0.9)
    assert [patient for patient, _ in found.unseen] == ["1", "4"]
    for row in rows_of(found, "mean_change_of_cohort").to_dict("records"):
        shifted = centre + row["delta"] * 2 / 6
        assert abs(row["estimate"] - shifted) < 4.5 * row["mcse"]
        assert row["p_benefit"] == pytest.approx(stats.norm.cdf(-shifted / spread), abs=0.03)
    tip = tipping_of(found, "mean_change_of_cohort")
    exact = 3.0 * (-centre - spread * stats.norm.ppf(0.9))
    assert exact > 0.0
    assert abs(tip["tipping_point"] - exact) < 4.5 * tip["mcse"]
