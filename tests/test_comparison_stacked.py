"""Mixtures of posteriors, and checks by visit and patient: by hand, by theory, by simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from joint_trees import prior_tree
from pages import cohort, spec
from scipy import optimize, stats
from six_by_five import WEEKS, made, simulated
from trees import drawn_tree

from ra_bayes.comparison.predictive_checks import predictive_checks
from ra_bayes.comparison.stacked import mixed, stacked_estimands
from ra_bayes.errors import FitError
from ra_bayes.estimand import Quantity, estimands
from ra_bayes.model import load_model

MAX_Z = 4.5


# ---- mixtures


def normal(mean: float, sd: float, seed: int, draws: int = 1000) -> Quantity:
    values = np.random.default_rng(seed).normal(mean, sd, (4, draws))
    return Quantity("q", values, "u", "a test", benefit=values < 0.0)


def test_the_mixture_of_two_normals_is_the_closed_form_within_the_error_told() -> None:
    share, means, sds = np.array([0.7, 0.3]), np.array([-3.0, 2.0]), np.array([1.0, 2.0])

    def quantile(p: float) -> float:
        return float(optimize.brentq(lambda x: share @ stats.norm.cdf(x, means, sds) - p, -20.0, 20.0))

    rows = [mixed([normal(-3.0, 1.0, s), normal(2.0, 2.0, 1000 + s)], share, 0.9) for s in range(200)]
    table = pd.DataFrame(rows)
    z = (table["estimate"] - quantile(0.5)) / table["mcse"]
    assert abs(z.mean()) < MAX_Z / np.sqrt(200)
    # The spread over 200 runs is the error that each of them tells.
    assert z.std() == pytest.approx(1.0, abs=0.2)
    assert table["lower"].mean() == pytest.approx(quantile(0.05), abs=0.05)
    assert table["upper"].mean() == pytest.approx(quantile(0.95), abs=0.05)
    assert table["p_benefit"].mean() == pytest.approx(share @ stats.norm.cdf(0.0, means, sds), abs=0.005)
    below = stats.norm.cdf(quantile(0.5), means, sds)
    variance = float((share**2 * below * (1.0 - below) / 4000).sum())
    # Never above that of independent draws of each model, but for what chains seem to gain by chance.
    assert table["ess"].median() <= 1.1 * 0.25 / variance


def test_probabilities_and_counts_are_weighted_means() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random((4, 500)) < 0.9, rng.random((4, 500)) < 0.2
    told = [Quantity("p", each, "probability", "a test", kind="event") for each in (first, second)]
    row = mixed(told, np.array([0.25, 0.75]), 0.9)
    exact = 0.25 * first.mean() + 0.75 * second.mean()
    assert row["estimate"] == pytest.approx(exact)
    assert np.isnan([row["lower"], row["upper"], row["p_benefit"]]).all()
    error = np.sqrt(0.25**2 * 0.09 / 2000 + 0.75**2 * 0.16 / 2000)
    assert row["mcse"] == pytest.approx(error, rel=0.2)
    # All alike in each model: known, with an error of the order of one draw.
    sure = [
        Quantity("p", np.full((4, 500), each), "probability", "a test", kind="event")
        for each in (True, False)
    ]
    row = mixed(sure, np.array([0.4, 0.6]), 0.9)
    assert (row["estimate"], row["mcse"]) == (pytest.approx(0.4), 1.0 / 4000)
    counts = [
        Quantity("n", np.full((4, 500), each), "patients", "a test", kind="count") for each in (2.0, 4.0)
    ]
    assert mixed(counts, np.array([0.5, 0.5]), 0.9)["estimate"] == pytest.approx(3.0)


@pytest.fixture(scope="module")
def trees() -> dict[str, xr.DataTree]:
    y = simulated() + 5.0
    models = {"line": spec("linear"), "walk": spec("visits"), "log": spec("linear", link="log")}
    return {name: drawn_tree(model, made(y, model), seed=k) for k, (name, model) in enumerate(models.items())}


def test_all_weight_on_one_model_is_its_own_estimands(trees: dict[str, xr.DataTree]) -> None:
    found = stacked_estimands(trees, {"line": 1.0, "walk": 0.0, "log": 0.0}, ci_prob=0.8)
    own = estimands(trees["line"], ci_prob=0.8)
    assert list(found.columns) == list(own.columns)
    for name in ("estimand", "patient", "unit", "note", "ci_prob"):
        assert (found[name] == own[name]).all(), name
    for name in ("estimate", "lower", "upper", "p_benefit"):
        np.testing.assert_allclose(found[name], own[name], rtol=0.02, atol=0.02)
    effects = own["lower"].notna() & (own["mcse"] > 0.0)
    np.testing.assert_allclose(found["mcse"][effects], own["mcse"][effects], rtol=0.5)


def test_only_what_all_models_with_weight_tell_alike_is_mixed(trees: dict[str, xr.DataTree]) -> None:
    two = stacked_estimands(trees, {"line": 0.5, "walk": 0.5})
    at = two[(two["estimand"] == "mean_change") & (two["week"] == 24.0)].iloc[0]
    each = [
        estimands(trees[name]).query("estimand == 'mean_change' and week == 24").iloc[0]
        for name in ("line", "walk")
    ]
    low, high = sorted(row["estimate"] for row in each)
    assert low <= at["estimate"] <= high
    assert "weeks_to_half_effect" in set(two["estimand"])
    # A ratio is no difference, and half an effect on the log scale none on the identity's.
    across = stacked_estimands(trees, {"line": 0.5, "log": 0.5})
    assert not {"mean_change", "weeks_to_half_effect", "response_heterogeneity"} & set(across["estimand"])
    assert "patients_sustained" in set(across["estimand"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"line": 0.5, "curve": 0.5}, "weight for 'curve' but no such fit; name one of line, walk, log"),
        ({"line": 0.7, "walk": 0.7}, "weights 0.7, 0.7 are not shares"),
        ({"line": 1.5, "walk": -0.5}, "write numbers of 0 or more that add up to 1"),
    ],
)
def test_weights_that_are_no_shares_are_refused(
    trees: dict[str, xr.DataTree], weights: dict[str, float], message: str
) -> None:
    with pytest.raises(FitError, match=message):
        stacked_estimands(trees, weights)


def test_fits_of_other_data_or_that_failed_do_not_mix(trees: dict[str, xr.DataTree]) -> None:
    model = spec("linear")
    other = drawn_tree(model, made(simulated(), model))
    failed = drawn_tree(model, made(simulated() + 5.0, model), diverging=4)
    with pytest.raises(FitError, match="different cohorts or outcomes do not mix"):
        stacked_estimands({**trees, "other": other}, {"line": 0.5, "other": 0.5})
    with pytest.raises(FitError, match="did not pass its gate"):
        stacked_estimands({**trees, "failed": failed}, {"line": 0.5, "failed": 0.5})
    with pytest.raises(FitError, match=r"write 0\.90 for 90%"):
        stacked_estimands(trees, {"line": 1.0}, ci_prob=90.0)


# ---- checks by visit and patient


def with_replicates(tree: xr.DataTree, replicated: np.ndarray) -> xr.DataTree:
    """The tree with these records replicated (draw, patient, visit), in one chain's order over all."""
    out = tree.copy()
    node = tree["posterior_predictive"].to_dataset()
    shape = node["record"].transpose("chain", "draw", "patient", "visit").shape
    node["record"] = (("chain", "draw", "patient", "visit"), replicated.reshape(shape))
    out["posterior_predictive"] = xr.DataTree(node)
    return out


def test_a_check_is_the_share_of_replicates_below_with_half_of_the_ties() -> None:
    """Two patients, two visits; replicates count up from nothing, so that every p is known by hand."""
    model = spec("linear")
    rows = [("0", 0, 2.0), ("0", 24, 6.0), ("1", 0, 4.0), ("1", 24, 8.0)]
    tree = drawn_tree(model, cohort(rows, model))
    steps = np.arange(1000)[:, None, None] % 10.0
    found = predictive_checks(with_replicates(tree, np.broadcast_to(steps, (1000, 2, 2)).copy()))

    def p(by: str, which: Any, statistic: str) -> float:
        place = found["week" if by == "visit" else "patient"] == which
        (value,) = found[(found["by"] == by) & place & (found["statistic"] == statistic)]["p"]
        return float(value)

    # The mean of 2 and 4 is 3: 0, 1 and 2 lie below it, 3 is equal.
    assert p("visit", 0.0, "mean") == pytest.approx(0.35)
    assert p("visit", 24.0, "mean") == pytest.approx(0.75)
    assert p("patient", "1", "mean") == pytest.approx(0.65)
    assert p("visit", 0.0, "lowest record") == pytest.approx(0.25)
    assert p("visit", 0.0, "highest record") == pytest.approx(0.45)
    # Replicates do not differ between patients: their SD is always below that of the records.
    assert p("visit", 0.0, "SD") == 1.0
    row = found[(found["by"] == "visit") & (found["week"] == 0.0) & (found["statistic"] == "mean")].iloc[0]
    assert (row["recorded"], row["replicated"], row["records"]) == (3.0, 4.5, 2)


def test_records_below_a_limit_tie_with_replicates_that_would_have_been() -> None:
    model = spec("linear")
    rows = [("0", 0, 3.0, "<"), ("0", 24, 6.0), ("1", 0, 3.0, "<"), ("1", 24, 8.0)]
    tree = drawn_tree(model, cohort(rows, model))
    replicated = np.full((1000, 2, 2), 7.0)
    replicated[:600, :, 0] = np.random.default_rng(1).uniform(0.0, 3.0, (600, 2))
    found = predictive_checks(with_replicates(tree, replicated))
    at = found[(found["by"] == "visit") & (found["week"] == 0.0)].set_index("statistic")
    # In 600 of 1000 all are below the limit, as recorded, whatever their value; else they are above it.
    for statistic in ("mean", "lowest record", "highest record"):
        assert at.loc[statistic, "p"] == pytest.approx(0.3), statistic
        assert at.loc[statistic, "recorded"] == 3.0
    share = at.loc["share below the limit of quantification"]
    assert (share["recorded"], share["replicated"]) == (1.0, 1.0)
    assert share["p"] == pytest.approx(0.4 + 0.3)
    # At week 24 nothing was below it: there the replicates show it too.
    later = found[(found["by"] == "visit") & (found["week"] == 24.0)].set_index("statistic")
    assert later.loc["share below the limit of quantification", "recorded"] == 0.0


def test_checks_of_records_from_the_model_are_uniform_and_of_too_wide_ones_are_not() -> None:
    """Records drawn like the replicates: each p is uniform. Ten times as far from the mean: the SD tells."""
    model = spec(
        "linear", outcome={"id": "x", "label": "X", "unit": "u", "lower": None, "benefit": "decrease"}
    )
    rng = np.random.default_rng(3)
    seen, wide = [], []
    for _ in range(30):
        y = rng.normal(50.0, 3.0, (6, 5))
        tree = drawn_tree(model, made(y, model))
        drawn = rng.normal(50.0, 3.0, (1000, 6, 5))
        visit = predictive_checks(with_replicates(tree, drawn)).query("by == 'visit' and week == 4")
        seen.append(visit.set_index("statistic")["p"])
        wide.append(
            predictive_checks(with_replicates(tree, 50.0 + (drawn - 50.0) / 10.0)).query("by == 'patient'")
        )
    table = pd.DataFrame(seen)
    for statistic in ("mean", "SD", "lowest record", "highest record"):
        assert stats.kstest(table[statistic], "uniform").pvalue > 0.001, statistic
    assert (pd.concat(wide).query("statistic == 'SD'")["p"] > 0.95).mean() > 0.95


def test_ratios_have_geometric_means_and_rates_have_shares() -> None:
    model = spec("linear", link="log")
    y = np.exp(simulated() / 10.0)
    found = predictive_checks(drawn_tree(model, made(y, model)))
    at = found[(found["by"] == "visit") & (found["week"] == 4.0)].set_index("statistic")
    column = y[:, list(WEEKS).index(4.0)]
    assert at.loc["geometric mean", "recorded"] == pytest.approx(stats.gmean(column))
    assert at.loc["SD of logs", "recorded"] == pytest.approx(np.log(column).std(ddof=1))
    acr = load_model("acr20")
    rows = [(i, week, float((i + week) % 3 == 0)) for i in range(6) for week in (4, 16, 24)]
    rates = predictive_checks(drawn_tree(acr, cohort(rows, acr)))
    assert set(rates["statistic"]) == {"share in response"}
    at_4 = rates[(rates["by"] == "visit") & (rates["week"] == 4.0)].iloc[0]
    assert at_4["recorded"] == pytest.approx(np.mean([(i + 4) % 3 == 0 for i in range(6)]))
    assert rates["p"].between(0.0, 1.0).all()
    assert (rates["mcse"] > 0.0).all()


def test_a_tree_without_replicates_is_refused() -> None:
    model = spec("linear")
    tree = drawn_tree(model, made(simulated() + 5.0, model))
    del tree["posterior_predictive"]
    # Outcomes fitted together have them in each outcome's own tree.
    for lacking in (tree, prior_tree()[0]):
        with pytest.raises(FitError, match="no replicated records; fit a cohort"):
            predictive_checks(lacking)
    with pytest.raises(FitError, match=r"write 0\.90 for 90%"):
        predictive_checks(tree, ci_prob=1.0)
