"""Design priors from posteriors: of fits, and given published counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import special
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.cohort import Cohort
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand.posterior import read_posterior
from ra_bayes.planning.design_prior import DesignPrior, Sceptical, between_trials, discounted, from_tree
from ra_bayes.tree import provenance, with_provenance

PUBLISHED = rb.data_dir() / "published"


@pytest.fixture(scope="module")
def six() -> Cohort:
    return rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")


@pytest.fixture(scope="module")
def vas(six: Cohort) -> xr.DataTree:
    return drawn_tree(rb.load_model("vas"), six)


@pytest.fixture(scope="module")
def acr20(six: Cohort) -> xr.DataTree:
    return drawn_tree(rb.load_model("acr20"), six)


@pytest.fixture(scope="module")
def paper() -> xr.DataTree:
    return rb.condition(PUBLISHED / "jamshidi2024.toml", "wide", seed=1)


@pytest.fixture(scope="module")
def informed() -> xr.DataTree:
    return rb.condition(PUBLISHED / "jamshidi2024.toml", "placebo_informed", seed=1)


@pytest.fixture(scope="module")
def randomised() -> xr.DataTree:
    return rb.condition(PUBLISHED / "alvarogracia2017.toml", "wide", seed=1)


def estimand(tree: xr.DataTree, **of: object) -> pd.Series:
    table = rb.estimands(tree)
    for column, value in of.items():
        table = table[table[column] == value]
    (row,) = (each for _, each in table.iterrows())
    return row


# Fits.


def test_a_mean_change_comes_with_its_sds_draw_by_draw(vas: xr.DataTree) -> None:
    prior = from_tree(vas, outcome="vas", week=12)
    node = vas["posterior"].to_dataset()
    at = np.flatnonzero(node["visit"].to_numpy() == 12.0)[0]
    assert prior.nodes["effect"] == pytest.approx(node["mean_change"].to_numpy()[..., at].ravel())
    for name, variable in (
        ("level_sd", "baseline_sd"),
        ("response_sd", "response_sd"),
        ("correlation", "correlation"),
        ("residual_sd", "residual_sd"),
    ):
        assert prior.nodes[name] == pytest.approx(node[variable].to_numpy().ravel())
    assert (prior.about.quantity, prior.about.outcome, prior.about.week) == ("effect", "vas", 12.0)
    assert "(synthetic)" in prior.last.words
    assert "6 patients" in prior.last.words


def test_the_week_is_the_reference_week_unless_told(vas: xr.DataTree) -> None:
    assert from_tree(vas).about.week == 24.0
    assert from_tree(vas).placebo is not None
    # The page's placebo response is of week 24.
    assert from_tree(vas, week=12).placebo is None


def test_a_rate_is_over_patients(acr20: xr.DataTree) -> None:
    prior = from_tree(acr20, outcome="acr20", week=16)
    node = acr20["posterior"].to_dataset()
    latent = node["baseline_mean"].to_numpy()  # f is 0 at the anchor, week 16
    wanted = special.ndtr(latent / np.sqrt(1.0 + node["baseline_sd"].to_numpy() ** 2))
    assert prior.nodes["rate"] == pytest.approx(wanted.ravel())
    assert set(prior.nodes) == {"rate"}


def test_the_ess_is_that_of_the_estimand_and_thin_posteriors_are_refused(vas: xr.DataTree) -> None:
    row = estimand(vas, estimand="mean_change", week=24.0)
    assert from_tree(vas).last.ess == pytest.approx(row["ess"])
    assert from_tree(vas).last.expect(from_tree(vas).nodes["effect"])[1] > 0.0
    entries = provenance(vas)
    inflated = {"variance_inflation": 2.0}
    halved = from_tree(with_provenance(vas, {**entries, "sampling": inflated}))
    assert halved.last.ess == pytest.approx(row["ess"] / 2.0)
    thin = with_provenance(vas, {**entries, "sampling": {"variance_inflation": 10.0}})
    with pytest.raises(FitError, match="sample more draws"):
        from_tree(thin)


def test_a_fit_that_failed_its_gate_is_refused(six: Cohort) -> None:
    diverged = drawn_tree(rb.load_model("vas"), six, diverging=3)
    with pytest.raises(FitError, match=r"did not pass its gate \(divergences\)"):
        from_tree(diverged)


@pytest.mark.mcmc
def test_a_real_fit_gives_its_own_estimate(six: Cohort) -> None:
    tree = rb.fit(rb.load_model("haq"), six, seed=1, cores=2)
    row = estimand(tree, estimand="mean_change", week=24.0)
    prior = discounted(from_tree(tree, outcome="haq"), against="threshold")
    summary = prior.last.summary()
    assert (summary.lower, summary.upper) == pytest.approx((row["lower"], row["upper"]), abs=0.002)
    assert prior.last.ess == pytest.approx(row["ess"])


# Published counts.


def test_a_rate_given_counts_is_the_estimand(paper: xr.DataTree) -> None:
    prior = from_tree(paper, outcome="acr20", week=16)
    row = estimand(paper["all/acr20"], estimand="response_rate", week=16.0)
    summary = prior.last.summary()
    assert (summary.lower, summary.upper) == pytest.approx((row["lower"], row["upper"]), abs=0.001)
    assert prior.last.ess == pytest.approx(row["ess"])
    assert "given the counts of jamshidi2024" in prior.last.words
    assert "no count" not in prior.last.words
    assert "no count of week 24 was published" in from_tree(paper, outcome="acr20", week=24).last.words
    # The tree of one outcome will do as well.
    one = from_tree(paper["all/acr20"], week=16)
    assert one.nodes["rate"] == pytest.approx(prior.nodes["rate"])


def moments(prior: DesignPrior) -> list[tuple[float, float]]:
    return [step.summary()[:2] for step in prior.steps]


def test_steps_from_draws_add_up(paper: xr.DataTree) -> None:
    source = from_tree(paper, outcome="vas")
    prior = discounted(
        source,
        against="control",
        between_trials=between_trials(5.0, source="test"),
        sceptical=Sceptical(0.3, 4.0, "test"),
    )
    (mean, sd), new, beyond, sceptic = moments(prior)
    assert new == pytest.approx((mean, np.hypot(sd, 5.0)), rel=0.03)
    # The page: Normal(-18, 5).
    assert beyond == pytest.approx((mean + 18.0, np.sqrt(sd**2 + 50.0)), rel=0.03)
    assert sceptic[0] == pytest.approx(0.7 * beyond[0], abs=1e-9)
    second = 0.7 * (beyond[1] ** 2 + beyond[0] ** 2) + 0.3 * 16.0
    assert sceptic[1] == pytest.approx(np.sqrt(second - sceptic[0] ** 2), rel=1e-3)
    assert prior.weights.sum() == pytest.approx(1.0)
    assert all(step.ess == source.last.ess for step in prior.steps)


def test_a_placebo_response_in_the_posterior_is_taken_off_draw_by_draw(informed: xr.DataTree) -> None:
    for week in (24.0, 12.0):
        prior = discounted(from_tree(informed, outcome="vas", week=week), against="control")
        node = informed["all/vas/posterior"].to_dataset()
        at = np.flatnonzero(node["visit"].to_numpy() == week)[0]
        own = node["mean_change"].to_numpy()[..., at] - node["placebo_response"].to_numpy() * np.sqrt(
            week / 24.0
        )
        assert prior.nodes["effect"] == pytest.approx(own.ravel())
        assert "draw by draw" in prior.last.words
    row = estimand(informed["all/vas"], estimand="change_beyond_placebo")
    beyond = discounted(from_tree(informed, outcome="vas"), against="control").last.summary()
    assert (beyond.lower, beyond.upper) == pytest.approx((row["lower"], row["upper"]), abs=0.05)


def test_a_control_arm_of_the_same_trial_stands_beside_the_treated_one(randomised: xr.DataTree) -> None:
    prior = from_tree(randomised, arm="a", control="placebo", week=13)
    row = estimand(randomised, estimand="difference_from_control", arm="a", week=13.0)
    summary = prior.last.summary()
    assert (summary.lower, summary.upper) == pytest.approx((row["lower"], row["upper"]), abs=0.001)
    node = read_posterior(randomised["placebo/acr20"])
    assert prior.nodes["control_rate"].size == node.scalars["baseline_mean"].size
    new = discounted(prior, against="control", between_trials=between_trials(0.3, source="test"))
    moved = special.ndtri(new.nodes["control_rate"]) - special.ndtri(prior.nodes["control_rate"])
    other = special.ndtri(new.nodes["rate"]) - special.ndtri(prior.nodes["rate"])
    assert (moved.std(), other.std()) == pytest.approx((0.3, 0.3), rel=0.01)
    assert np.corrcoef(moved, other)[0, 1] == pytest.approx(0.0, abs=0.05)
    assert new.nodes["rate"] is new.steps[1].nodes["rate"]


# What cannot be.


@pytest.mark.parametrize(
    ("of", "asked", "message"),
    [
        ("vas", {"outcome": "haq"}, "is of 'vas' and the design of 'haq'"),
        ("vas", {"week": 5}, "no visit at week 5; it has weeks 1, .*24; plan for one"),
        ("vas", {"week": 0}, "no visit at week 0"),
        ("vas", {"arm": "a"}, "no arm 'a'; it is of one cohort"),
        ("vas", {"control": "a"}, "a fit has no control arm"),
        ("paper", {}, r"several outcomes \(vas, acr20, .*; name one"),
        ("paper", {"outcome": "haq"}, "no outcome 'haq'; it has vas"),
        ("paper", {"outcome": "vas", "arm": "b"}, "no arm 'b'; it has all"),
        ("randomised", {}, r"several arms \(a, b, c, placebo\)"),
        ("randomised", {"arm": "a", "control": "z"}, "no arm 'z'"),
        ("randomised", {"arm": "a", "control": "a"}, "cannot be its own control"),
    ],
)
def test_another_posterior_than_the_designs_is_refused_in_a_sentence(
    of: str, asked: dict[str, Any], message: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(RaBayesError, match=message) as caught:
        from_tree(request.getfixturevalue(of), **asked)
    assert "\n" not in str(caught.value)


def test_a_tree_that_ra_bayes_did_not_make_is_refused() -> None:
    with pytest.raises(RaBayesError, match="not made by ra_bayes"):
        from_tree(xr.DataTree())
