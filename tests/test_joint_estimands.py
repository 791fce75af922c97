"""What a joint fit says of several outcomes at once, and what its trees look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from joint_cohorts import priors
from joint_trees import CHAINS, DRAWS, prior_tree
from test_docs import first_column, section, text

import ra_bayes as rb
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand.borrowing import borrowing_across_outcomes, predicted_outcomes
from ra_bayes.estimand.concordance import new_patient_improves, new_patient_improves_in_all
from ra_bayes.estimand.joint import joint_estimands, response_correlations
from ra_bayes.estimand.names import NAMES
from ra_bayes.estimand.posterior import read_posterior
from ra_bayes.model.joint_structure import JointRecords
from ra_bayes.tree import is_joint, joint_trees, provenance, spec_of


@pytest.fixture(scope="module")
def made() -> tuple[xr.DataTree, JointRecords]:
    return prior_tree()


@pytest.fixture(scope="module")
def tree(made: tuple[xr.DataTree, JointRecords]) -> xr.DataTree:
    return made[0]


def test_each_outcome_has_a_tree_as_fit_makes_them(tree: xr.DataTree, tmp_path: Path) -> None:
    groups = {"posterior", "prior", "posterior_predictive", "prior_predictive", "log_likelihood", "log_prior"}
    groups |= {"sample_stats", "observed_data", "constant_data"}
    again = rb.load(rb.save(tree, tmp_path / "joint.nc"))
    xr.testing.assert_identical(again, tree)
    assert is_joint(again)
    assert [*joint_trees(again)] == ["down", "up"]
    for name, each in joint_trees(again).items():
        assert {*each.children} == {*groups, "joint"}
        assert spec_of(each).outcome.id == name
        assert not is_joint(each)
        assert provenance(each)["cohort"] == provenance(again)["cohort"]
        assert each["posterior"]["patient_level"].dims == ("chain", "draw", "patient")
    assert again["posterior"]["loading"].dims == ("chain", "draw", "outcome")
    with pytest.raises(
        RaBayesError, match=r"no joint fit of several outcomes; make one with ra_bayes\.fit_joint"
    ):
        joint_trees(joint_trees(tree)["up"])


def test_one_outcome_of_a_joint_fit_is_not_fitted_again_alone(tree: xr.DataTree) -> None:
    with pytest.raises(FitError, match="fitted together with others, and alone it would be another fit"):
        rb.leave_one_out(joint_trees(tree)["up"])


def test_the_gate_looks_at_every_outcome_and_at_what_ties_them(tree: xr.DataTree) -> None:
    broken = tree.copy(deep=True)
    broken["up/posterior/change"][:] = np.linspace(0.0, 1.0, DRAWS)[None]
    (worst,) = (check for check in rb.diagnose(broken).checks if check.name == "bulk ESS")
    assert worst.where == "up/change"
    broken = tree.copy(deep=True)
    broken["posterior/responder_factor"][0] += 5.0
    (worst,) = (check for check in rb.diagnose(broken).checks if check.name == "R-hat")
    assert worst.where == "responder_factor"


def test_estimands_are_of_all_outcomes_and_documented(tree: xr.DataTree) -> None:
    table = rb.estimands(tree, despite_gate=True)
    assert {*table["outcome"]} == {"down", "up", "down & up"}
    tied = table[table["outcome"] == "down & up"]
    documented = first_column(section(text("reading-the-report.md"), "Estimands of outcomes fitted together"))
    assert {*tied["estimand"]} == {*documented}
    assert {*documented} <= {*NAMES}
    alone = rb.estimands(joint_trees(tree)["up"], despite_gate=True)
    ours = table[table["outcome"] == "up"].reset_index(drop=True)
    np.testing.assert_allclose(ours["estimate"], alone["estimate"])
    # Where the sign of a correlation is presumed, it is no finding.
    (row,) = tied[tied["estimand"] == "response_correlation"].to_dict("records")
    assert np.isnan(row["p_benefit"])
    free, _ = prior_tree(**priors(baseline_loading=None, patients={"concentration": 1.0, "why": "a test"}))
    (found,) = (q for _, q in joint_estimands(free) if q.name == "response_correlation")
    assert found.benefit is not None
    np.testing.assert_array_equal(found.benefit, found.draws < 0.0)


def test_all_for_the_better_is_counted_draw_by_draw(tree: xr.DataTree) -> None:
    found = {(q.name, q.patient): np.asarray(q.draws) for _, q in joint_estimands(tree)}
    down, up = (each["posterior"].to_dataset() for each in joint_trees(tree).values())
    at = {"visit": 24.0}
    mean = (down["mean_change"].sel(at) < 0.0) & (up["mean_change"].sel(at) > 0.0)
    np.testing.assert_array_equal(found["mean_all_better", ""], mean.values)
    moved = [each["mean_change"].sel(at) + each["patient_response"].sel(patient="P2") for each in (down, up)]
    better = (moved[0] < 0.0) & (moved[1] > 0.0)
    np.testing.assert_array_equal(found["patient_all_better", "P2"], better.values)
    count = (moved[0] < 0.0).astype(float) + (moved[1] > 0.0)
    np.testing.assert_array_equal(found["patient_outcomes_better", "P2"], count.values)
    # P5 has no records of `down`.
    assert ("patient_all_better", "P5") not in found


def test_a_new_patient_improves_in_all_as_simulated_ones_do(tree: xr.DataTree) -> None:
    posteriors = [read_posterior(each) for each in joint_trees(tree).values()]
    share = new_patient_improves_in_all(posteriors, response_correlations(tree, ("down", "up")))
    root, rng, n = tree["posterior"].to_dataset(), np.random.default_rng(4), 200_000
    loading, baseline = root["loading"].values, root["baseline_loading"].values
    for place in ((0, 0), (0, 7), (1, 30)):
        f, g = rng.normal(size=(2, n))
        better = np.ones(n, dtype=bool)
        for k, (sign, each) in enumerate(zip((-1, 1), posteriors, strict=True)):
            a, c = loading[place][k], baseline[place][k]
            rho, sd = each.scalars["correlation"][place], each.scalars["response_sd"][place]
            z = sign * c * g + np.sqrt(1.0 - c**2) * rng.normal(size=n)
            v = sign * a * f + np.sqrt(1.0 - a**2) * rng.normal(size=n)
            change = each.mean_change[place][-1] + sd * (rho * z + np.sqrt(1.0 - rho**2) * v)
            better &= sign * change > 0.0
        # Four SEs of a share of 200,000, and the quadrature's error.
        assert share[place] == pytest.approx(better.mean(), abs=0.005)
    independent = np.broadcast_to(np.eye(2), (CHAINS, DRAWS, 2, 2))
    product = np.prod([new_patient_improves(each)[..., each.at_reference] for each in posteriors], axis=0)
    np.testing.assert_allclose(new_patient_improves_in_all(posteriors, independent), product, atol=1e-6)


def test_an_outcome_that_was_not_measured_is_predicted(tree: xr.DataTree) -> None:
    table = predicted_outcomes(tree, ci_prob=0.8)
    assert [*table["week"]] == [0.0, 4.0, 12.0, 24.0]
    assert {*zip(table["outcome"], table["patient"], strict=True)} == {("down", "P5")}
    draws = tree["down/posterior_predictive/record"].sel(patient="P5", visit=24.0).values
    last = table.iloc[-1]
    np.testing.assert_allclose(
        last[["lower", "estimate", "upper"]].astype(float), np.quantile(draws, [0.1, 0.5, 0.9])
    )


def test_borrowing_is_a_ratio_of_widths(tree: xr.DataTree, monkeypatch: pytest.MonkeyPatch) -> None:
    from ra_bayes.estimand import borrowing

    monkeypatch.setattr(
        borrowing, "estimands", lambda each, ci_prob: rb.estimands(each, ci_prob=ci_prob, despite_gate=True)
    )
    alone = {name: each.copy(deep=True) for name, each in joint_trees(tree).items()}
    shift = alone["down"]["posterior/change"]
    middle = float(shift.median())
    shift[:] = middle + 2.0 * (shift - middle)
    flat = alone["down"]["posterior/mean_change"]
    flat[:] = shift.values[..., None] * flat["visit"].values / 24.0
    table = borrowing_across_outcomes(tree, alone)
    rows = table[table["estimand"] == "mean_change"].set_index("outcome")
    assert rows.loc["down", "ratio"] == pytest.approx(0.5)
    assert rows.loc["up", "ratio"] == pytest.approx(1.0)
    with pytest.raises(FitError, match=r"no outcome 'sdai'; it has down, up"):
        borrowing_across_outcomes(tree, {"sdai": alone["up"]})
    with pytest.raises(FitError, match="with other priors than in the joint fit; fit the page that"):
        borrowing_across_outcomes(tree, {"up": alone["down"]})
    with pytest.raises(FitError, match="no fit was given to compare with; give those of down, up alone"):
        borrowing_across_outcomes(tree, {})


def test_figures_know_a_joint_fit(tree: xr.DataTree) -> None:
    trees = joint_trees(tree)
    verdict = rb.diagnose(tree)
    figure = rb.figures.concordance(trees, diagnoses=dict.fromkeys(trees, verdict))
    assert "of a joint posterior" in figure.alt
    share = [np.mean(q.draws) for _, q in joint_estimands(tree) if q.name == "new_patient_all_better"]
    assert f"New patient, {share[0]:.2f}" in figure.alt
    figure = rb.figures.biomarker(trees["up"], trees["down"])
    (own,) = (q for _, q in joint_estimands(tree) if q.name == "response_correlation_of_cohort")
    # Rounded by the width of its interval, with a true minus sign.
    told = figure.alt.partition("Correlation over patients ")[2].split()[0].replace("\N{MINUS SIGN}", "-")
    assert float(told) == pytest.approx(np.median(own.draws), abs=0.06)
    assert "from one joint fit" in figure.alt
