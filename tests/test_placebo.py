"""The placebo change of other trials: against closed forms for each tau, and taken off known draws."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import integrate, stats
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.historical import historical_changes, historical_placebo
from ra_bayes.mixtures import Normal, NormalMixture
from ra_bayes.trust.placebo import change_beyond_placebo, change_beyond_placebo_text, draws_of


@cache
def tree_of(model: str) -> xr.DataTree:
    return drawn_tree(rb.load_model(model), rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"))


def known(mean: float = -30.0, sd: float = 6.0, model: str = "vas") -> xr.DataTree:
    """A tree whose mean change at week 24 is Normal(mean, sd), by evenly spread scores in random order."""
    tree = tree_of(model).copy(deep=True)
    change = tree["posterior"]["mean_change"]
    size = change.shape[0] * change.shape[1]
    scores = stats.norm.ppf((np.arange(size) + 0.5) / size)
    draws = mean + sd * np.random.default_rng(3).permutation(scores).reshape(change.shape[:2])
    tree["posterior"]["mean_change"].loc[{"visit": 24.0}] = draws
    return tree


def version(table: pd.DataFrame, name: str) -> pd.Series:
    return table[table["version"] == name].iloc[0]


def test_the_arms_are_those_on_file_with_a_standard_error() -> None:
    used = {arm.study: arm for arm in historical_changes("haq", week=24).used}
    assert set(used) == {"TARGET", "MOBILITY A", "MOBILITY B"}
    # Week 24 is nearer than week 12, which TARGET has as well.
    assert (used["TARGET"].week, used["TARGET"].n, used["TARGET"].se) == (24.0, 101, 0.05)
    assert used["TARGET"].sd == pytest.approx(0.05 * np.sqrt(101), abs=0.005)
    assert dict(historical_changes("haq", week=24).left_out) == {
        "SELECT-BEYOND, week 12": "neither standard error nor SD on file"
    }
    near = historical_changes("haq", week=24, weeks=(20, 30))
    assert ("MOBILITY A, week 12", "not from week 20 to 30") in near.left_out
    assert {arm.week for arm in historical_changes("vas", week=12).used} == {12.0, 24.0}


def test_printed_and_computed_spreads_agree() -> None:
    with (rb.data_dir() / "historical_controls.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "mean change" in row["statistic"] and row["sd"]]
    assert len(rows) > 10
    for row in rows:
        assert float(row["sd"]) == pytest.approx(float(row["se"]) * float(row["n"]) ** 0.5, rel=0.02)


def test_a_trial_is_never_in_its_own_prior() -> None:
    found = historical_changes("vas", week=24, citation="the TARGET trial, 2017")
    assert ("TARGET, week 24", "of the trial itself") in found.left_out
    assert "TARGET" not in {arm.study for arm in found.used}
    assert len(historical_changes("vas", week=24, leave_out=["MOBILITY A"]).used) == 2


def test_the_placebo_change_agrees_with_its_closed_form_for_each_tau() -> None:
    found = historical_placebo("vas", week=24)
    y = np.array([arm.change for arm in found.on_file.used])
    se = np.array([arm.se for arm in found.on_file.used])
    sigma = found.sigma
    n, sd = (np.array([getattr(arm, name) for arm in found.on_file.used]) for name in ("n", "sd"))
    assert sigma**2 == pytest.approx(((n - 1) * sd**2).sum() / (n - 1).sum())

    def given(tau: float) -> tuple[float, float, float]:
        """Weight of tau, and mean and variance of a new arm's mean: mu summed out by hand."""
        spread = np.diag(se**2 + tau**2) + sigma**2
        weight = stats.multivariate_normal(np.zeros(3), spread).pdf(y) * stats.halfnorm(0, sigma / 2).pdf(tau)
        precision = 1.0 / sigma**2 + (1.0 / (se**2 + tau**2)).sum()
        return weight, (y / (se**2 + tau**2)).sum() / precision, 1.0 / precision + tau**2

    def over(g: Callable[[float, float], float]) -> float:
        def weighted(tau: float) -> float:
            weight, centre, variance = given(tau)
            return weight * g(centre, variance)

        return integrate.quad(weighted, 0.0, 80.0, epsabs=0, limit=200)[0]

    total = over(lambda *_: 1.0)
    mean = over(lambda m, _: m) / total
    variance = over(lambda m, v: v + (m - mean) ** 2) / total
    assert found.found.theta.mean == pytest.approx(mean, abs=1e-3)
    assert found.found.theta.sd == pytest.approx(variance**0.5, abs=1e-3)
    below = over(lambda m, v: stats.norm.cdf(-10.0, m, v**0.5)) / total
    assert float(found.prior.cdf(-10.0)) == pytest.approx(below, abs=0.01)
    # A fifth of it is one patient's SD wide about the same mean.
    vague = stats.norm.cdf(-10.0, found.prior.mean, sigma)
    expected = 0.8 * float(found.prior.cdf(-10.0)) + 0.2 * vague
    assert float(found.robust.cdf(-10.0)) == pytest.approx(expected)


def test_thin_evidence_says_so() -> None:
    assert historical_placebo("vas", week=24).thin == ""
    assert "only 2 arms on file" in historical_placebo("vas", week=24, weeks=(24, 24)).thin
    one = historical_placebo("physician_global", week=24)
    assert "only 1 arm on file: how much arms differ rests on its prior" in one.thin
    assert one.thin in str(one)
    # With one arm the SD between arms is what it was beforehand.
    assert one.found.tau.quantile(0.5) == pytest.approx(stats.halfnorm.median() * one.tau_scale, rel=0.05)
    assert max(map(len, str(historical_placebo("vas", week=24)).splitlines())) <= 100
    assert "rescue and dropout" in historical_placebo("vas", week=24).cautions
    with pytest.raises(RaBayesError, match="no control arm on file has a mean change of sdai"):
        historical_placebo("sdai", week=24)


def test_the_placebo_change_is_taken_off_as_a_distribution() -> None:
    table = change_beyond_placebo(known(-30.0, 6.0))
    found = historical_placebo("vas", week=24)
    seen = version(table, "as seen")
    assert (seen["estimate"], seen["lower"]) == pytest.approx(
        (-30.0, -30.0 + 6.0 * stats.norm.ppf(0.05)), abs=0.1
    )
    assert np.isnan(seen["placebo"])
    for name, mixture in (
        ("page", NormalMixture((Normal(-18.0, 5.0),))),
        ("arms on file", found.prior),
        ("arms on file, robust", found.robust),
    ):
        row = version(table, name)
        # Normal less normal, for each part.
        left = NormalMixture(
            tuple(Normal(-30.0 - m, np.hypot(6.0, sd), weight) for m, sd, weight in mixture.parts)
        )
        assert row["placebo"] == pytest.approx(mixture.quantile(0.5))
        assert row["estimate"] == pytest.approx(left.quantile(0.5), abs=5.0 * row["mcse"])
        for prob, end in ((0.05, "lower"), (0.95, "upper")):
            assert float(left.cdf(row[end])) == pytest.approx(prob, abs=0.035)
        # 1000 draws: an error of 0.016 at most.
        assert row["p_benefit"] == pytest.approx(float(left.cdf(0.0)), abs=0.06)
        assert row["p_mcid"] == pytest.approx(float(left.cdf(-10.0)), abs=0.06)
    widths = [version(table, name)["upper"] - version(table, name)["lower"] for name in table["version"]]
    assert widths == sorted(widths)


def test_the_page_s_version_is_the_estimand() -> None:
    tree = known()
    table, rows = change_beyond_placebo(tree), rb.estimands(tree)
    for name, estimand in (("page", "change_beyond_placebo"), ("as seen", "mean_change")):
        row = rows[(rows["estimand"] == estimand) & (rows["week"] == 24.0)].iloc[0]
        same = ["estimate", "lower", "upper", "p_benefit", "mcse"]
        assert version(table, name)[same].tolist() == pytest.approx(row[same].tolist())


def test_draws_of_a_mixture_are_its_own() -> None:
    mixture = NormalMixture((Normal(-20.0, 2.0, 0.7), Normal(5.0, 8.0, 0.3)))
    draws = draws_of(mixture, (4, 50_000), np.random.default_rng(2))
    for x in (-21.0, -10.0, 5.0):
        assert (draws < x).mean() == pytest.approx(float(mixture.cdf(x)), abs=0.005)


@pytest.mark.parametrize(
    ("model", "says"), [("sdai", "no control arm on file"), ("crp", "one of the log scale")]
)
def test_where_no_arm_will_do_the_row_says_why(model: str, says: str) -> None:
    table = change_beyond_placebo(tree_of(model))
    assert table["version"].tolist() == ["as seen", "arms on file"]
    row = version(table, "arms on file")
    assert says in row["note"]
    assert np.isnan(row["estimate"])
    assert says in " ".join(change_beyond_placebo_text(table).split())


def test_the_text_is_at_most_100_columns_wide_and_says_that_it_is_no_comparison() -> None:
    for model in ("vas", "haq", "sdai", "crp"):
        text = change_beyond_placebo_text(change_beyond_placebo(tree_of(model)))
        assert max(map(len, text.splitlines())) <= 100
        assert "not a randomised comparison" in " ".join(text.split())


def test_what_cannot_be_is_refused_in_a_sentence() -> None:
    with pytest.raises(RaBayesError, match="yes or no"):
        change_beyond_placebo(tree_of("acr20"))
    with pytest.raises(RaBayesError, match="the placebo change is one of haq, the fit one of vas"):
        change_beyond_placebo(tree_of("vas"), historical_placebo("haq", week=24))
    with pytest.raises(FitError, match="not a probability"):
        change_beyond_placebo(tree_of("vas"), ci_prob=90)
    model, cohort = rb.load_model("vas"), rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    with pytest.raises(FitError, match="did not pass its gate"):
        change_beyond_placebo(drawn_tree(model, cohort, diverging=5))
