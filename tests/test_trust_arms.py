"""Trust of two arms, told by their difference: the closed form, arithmetic by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from drawn import fit_to_print
from normal_patient import assert_as_by_hand
from numpy.typing import NDArray
from pages import cohort, spec, with_arm
from scipy import stats
from six_by_five import LEVEL_SD, MEAN, NOISE, PATIENTS, WEEKS, pinned, simulated
from trees import drawn_tree
from two_arms import EFFECT, armed, two

import ra_bayes as rb
from ra_bayes.cohort import Cohort
from ra_bayes.comparison.given_others import likelihood_of_records
from ra_bayes.comparison.records_left_out import log_density_of_record
from ra_bayes.comparison.stacked import stacked_estimands
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import of_arm, read_posterior
from ra_bayes.figures.leave_one_out import leave_one_out as leave_one_out_figure
from ra_bayes.figures.sensitivity import sensitivity as sensitivity_figure
from ra_bayes.figures.tipping_point import tipping_point
from ra_bayes.inference import fit
from ra_bayes.inference.refit import records_of
from ra_bayes.model.records import grid
from ra_bayes.trust.decision import default_rule
from ra_bayes.trust.leave_one_out import LeftOut, leave_one_out
from ra_bayes.trust.missing_not_at_random import missing_not_at_random
from ra_bayes.trust.patient_likelihood import log_density_of_patient
from ra_bayes.trust.placebo import change_beyond_placebo
from ra_bayes.trust.predicted import predicted
from ra_bayes.trust.sensitivity import Sensitivity, sensitivity

type Array = NDArray[np.float64]

MAX_Z = 4.5
TREATED = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
# ---- the density of a patient, without sampling


def test_a_treated_patient_is_expected_to_differ_by_the_effect() -> None:
    model = armed(spec("linear"))
    rows = [("1", 0, 12.0), ("1", 4, 9.0), ("1", 24, 7.0), ("2", 0, 9.0), ("2", 4, 8.0), ("2", 24, 6.0)]
    given = two(cohort(rows, model))
    tree, records = drawn_tree(model, given), grid(model, given)
    posterior = read_posterior(tree, both_arms=True)
    scalars = {name: each.ravel() for name, each in posterior.scalars.items()}
    r = np.array([0.0, 4.0, 24.0]) / 24.0
    for patient, value, treated in (("1", [12.0, 9.0, 7.0], 1.0), ("2", [9.0, 8.0, 6.0], 0.0)):
        found = log_density_of_patient(posterior, records, patient, np.random.default_rng(1))
        slope = scalars["change"] + treated * scalars["effect_change"]
        mean = scalars["baseline_mean"][:, None] + np.outer(slope, r)
        visits = predicted(tree, records, patient, 0.9, np.random.default_rng(2))
        assert_as_by_hand(found, visits, scalars, mean, r, np.array(value))


# ---- decisions and refusals


def test_of_two_arms_no_difference_is_what_no_effect_means() -> None:
    rules = [default_rule(with_arm(name, sd=1.0), 16.0) for name in ("vas", "il10", "acr20")]
    asked = [(rule.success[0].direction, rule.success[0].threshold) for rule in rules if rule is not None]
    assert asked == [("below", 0.0), ("above", 1.0), ("above", 0.0)]
    said = [str(rule) for rule in rules]
    assert "Pr(difference from placebo at week 16 < 0 mm | data)" in said[0]
    assert "Pr(ratio to placebo at week 16 > 1 | data)" in said[1]
    assert "Pr(difference in rates from placebo at week 16 > 0 | data)" in said[2]


def made(lost: dict[str, float] | None = None) -> Cohort:
    """The synthetic cohort in two arms, some without their records after a week."""
    whole = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    last = lost or {}
    kept = tuple(each for each in whole.records if each.week <= last.get(each.patient, np.inf))
    return two(replace(whole, records=kept))


LOST = {"SYN-3": 8.0, "SYN-4": 8.0}  # treated, control


def test_what_is_not_asked_of_two_arms_is_said_with_the_way_out() -> None:
    tree = drawn_tree(with_arm("vas"), made())
    with pytest.raises(RaBayesError, match="has a control arm of its own, so that no other trial's placebo"):
        change_beyond_placebo(tree)
    for asked in (leave_one_out, sensitivity):
        with pytest.raises(FitError, match=r"arm 'cells' of a fit of two arms.*; ask the fit of both"):
            asked(of_arm(tree, "cells"))


# ---- models of two arms compared


def test_a_record_left_out_is_of_its_arm_where_residuals_follow_each_other() -> None:
    own = {"autocorrelation": {"median": 0.4, "sd": 0.5}}
    model = armed(spec("linear", residuals="ar1", autocorrelation_weeks=4, priors=own))
    rows = [(who, week, 9.0 + k) for who in "ab" for k, week in enumerate(WEEKS)]
    tree = drawn_tree(model, two(cohort(rows, model)))
    told = likelihood_of_records(tree).transpose("observation", "chain", "draw").to_numpy()
    records = records_of(tree)
    for i, j in ((0, 2), (1, 4)):
        found = log_density_of_record(tree, records, i, j)
        np.testing.assert_allclose(found, told[i * WEEKS.size + j], rtol=1e-9)


def test_a_mixture_of_one_model_tells_each_arm_as_the_model_does() -> None:
    tree = drawn_tree(with_arm("vas"), made(), seed=2)
    own = rb.estimands(tree, despite_gate=True)
    alone = own.set_index(["arm", "estimand", "patient", "week"])["estimate"]
    mixture = stacked_estimands({"one": tree, "other": tree}, {"one": 1.0, "other": 0.0})
    found = mixture.set_index(["arm", "estimand", "patient", "week"])["estimate"].dropna()
    assert {"cells", "placebo"} == {arm for arm, *_ in found.index}
    np.testing.assert_allclose(found, alone.loc[found.index], rtol=2e-3, atol=2e-3)


# ---- missing not at random, by hand


def known(name: str, lost: dict[str, float] = LOST) -> xr.DataTree:
    """Patients change as their arm's mean; at week 24 the control's is Normal(-5, 2), the effect -20 more."""
    tree = drawn_tree(with_arm(name), made(lost))
    node = tree["posterior"]
    shape = node["mean_change"].shape[:2]
    rng = np.random.default_rng(4)
    node["mean_change"].loc[{"visit": 24.0}] = -5.0 + 2.0 * rng.normal(size=shape)
    node["effect"].loc[{"visit": 24.0}] = -20.0 + 4.0 * rng.normal(size=shape)
    node["patient_response"][:] = 0.0
    return tree


def test_without_a_shift_it_is_the_difference_that_estimands_tell() -> None:
    for name, sd in (("vas", 8.0), ("il10", 0.5)):
        tree = drawn_tree(with_arm(name, sd=sd), made(LOST))
        own = rb.estimands(tree)
        row = own[(own["estimand"] == "difference_from_control") & (own["week"] == 24.0)].iloc[0]
        found = missing_not_at_random(tree).table
        first = found[found["estimand"] == "difference_from_control"].iloc[0]
        same = ["estimate", "lower", "upper", "p_benefit", "mcse", "ess"]
        assert first[same].tolist() == pytest.approx(row[same].tolist())


def test_the_treated_alone_are_shifted_and_weigh_as_their_arm_does() -> None:
    tree = known("vas")
    effect = tree["posterior"]["effect"].sel(visit=24.0).to_numpy()
    found = missing_not_at_random(tree, deltas=[0, 12, 30])
    assert found.unseen == (("SYN-3", 8.0),)
    assert (found.table["unseen"] == 1).all()
    assert (found.table["patients"] == 3).all()
    rows = found.table[found.table["scheme"] == "delta"]
    for row in rows[rows["estimand"] == "difference_of_cohort"].to_dict("records"):
        # One of three treated is worse by delta.
        assert row["estimate"] == pytest.approx(np.median(effect + row["delta"] / 3.0), abs=1e-9)
        assert row["p_benefit"] == pytest.approx(np.mean(effect + row["delta"] / 3.0 < 0.0))
    tip = found.tipping.set_index("estimand").loc["difference_of_cohort"]
    assert tip["tipping_point"] == pytest.approx(np.quantile(-3.0 * effect, 0.05))
    jump = found.table[found.table["scheme"] == "jump to control"].set_index("estimand")["estimate"]
    # Of three treated two keep the effect; of the population 1 - share, share ~ Beta(2, 3).
    assert jump["difference_of_cohort"] == pytest.approx(np.median(effect) * 2.0 / 3.0)
    share = np.random.default_rng(1).beta(2, 3, size=(200, *effect.shape))
    assert jump["difference_from_control"] == pytest.approx(np.median(effect * (1.0 - share)), abs=1.0)
    text = str(found)
    assert "Unseen are 1 of 3 treated patients: SYN-3" in text
    assert "as on control" in text


def test_who_is_lost_of_the_control_arm_alone_undoes_nothing() -> None:
    found = missing_not_at_random(known("vas", {"SYN-4": 8.0}))
    assert "no treated patient is lost to week 24" in str(found)


# ---- sampled: with the SDs pinned all is normal


def closed_form(
    y: Array, treated: Array, scale: float = 1.0, effect_sd: float = EFFECT[1]
) -> tuple[Array, Array]:
    """Mean and covariance of (mean, change, effect) given the records; SDs of the priors times `scale`."""
    sds = np.array([MEAN[1], 2.0, effect_sd]) * scale
    precision = np.diag(1.0 / sds**2)
    linear = precision @ np.array([MEAN[0], -3.0, EFFECT[0]])
    for row, in_arm in zip(y, treated, strict=True):
        seen = ~np.isnan(row)
        x = np.column_stack([np.ones(seen.sum()), WEEKS[seen] / 24.0, in_arm * WEEKS[seen] / 24.0])
        inverse = np.linalg.inv(LEVEL_SD**2 + NOISE**2 * np.eye(seen.sum()))
        precision = precision + x.T @ inverse @ x
        linear = linear + x.T @ inverse @ row[seen]
    covariance = np.linalg.inv(precision)
    return covariance @ linear, covariance


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    y = simulated(change=-2.0) - 4.0 * np.outer(TREATED, WEEKS / 24.0)
    model = armed(pinned())
    rows = [(PATIENTS[i], WEEKS[j], y[i, j]) for i, j in zip(*np.nonzero(~np.isnan(y)), strict=True)]
    return fit(model, two(cohort(rows, model)), seed=1, cores=2)


@pytest.fixture(scope="module")
def left(tree: xr.DataTree) -> LeftOut:
    return leave_one_out(tree, seed=2, cores=2)


@pytest.fixture(scope="module")
def told(tree: xr.DataTree) -> Sensitivity:
    return sensitivity(tree, seed=3, cores=2)


@pytest.mark.mcmc
def test_difference_and_elpd_without_a_patient_are_the_closed_form(tree: xr.DataTree, left: LeftOut) -> None:
    y = records_of(tree).value
    rows = left.patients.set_index("patient")
    assert rows["passed"].all()
    assert (rows["estimand"] == "difference_from_control").all()
    chances = left.decisions.set_index("patient")
    for i, patient in enumerate(("", *PATIENTS)):
        others = y if not patient else np.delete(y, i - 1, axis=0)
        arms = TREATED if not patient else np.delete(TREATED, i - 1)
        mean, covariance = closed_form(others, arms)
        row = rows.loc[patient]
        assert abs(row["estimate"] - mean[2]) < MAX_Z * row["mcse"]
        below = stats.norm.cdf(0.0, mean[2], covariance[2, 2] ** 0.5)
        assert abs(chances.loc[patient, "probability"] - below) < MAX_Z * chances.loc[patient, "mcse"] + 1e-9
        if not patient:
            continue
        own = y[i - 1]
        seen = ~np.isnan(own)
        x = np.column_stack([np.ones(seen.sum()), WEEKS[seen] / 24.0, TREATED[i - 1] * WEEKS[seen] / 24.0])
        cov = x @ covariance @ x.T + LEVEL_SD**2 + NOISE**2 * np.eye(seen.sum())
        exact = stats.multivariate_normal.logpdf(own[seen], x @ mean, cov)
        assert abs(row["elpd"] - exact) < MAX_Z * row["elpd_mcse"]


@pytest.mark.mcmc
def test_the_prior_is_asked_of_the_difference_and_its_refits_are_the_closed_form(
    tree: xr.DataTree, told: Sensitivity
) -> None:
    assert told.table["estimand"].iloc[0] == "difference_from_control"
    assert "mean_change" not in set(told.table["estimand"])
    row = told.table.iloc[0]
    y = records_of(tree).value
    _, covariance = closed_form(y, TREATED)
    assert row["share"] == pytest.approx(covariance[2, 2] / EFFECT[1] ** 2, rel=0.12)
    variants = told.variants[told.variants["estimand"] == "difference_from_control"].set_index("variant")
    for variant, scale in (("prior scales halved", 0.5), ("prior scales doubled", 2.0)):
        mean, _ = closed_form(y, TREATED, scale)
        assert abs(variants.loc[variant, "estimate"] - mean[2]) < MAX_Z * variants.loc[variant, "mcse"]


@pytest.mark.mcmc
def test_figures_say_that_they_are_of_a_difference(
    tree: xr.DataTree, left: LeftOut, told: Sensitivity
) -> None:
    forest = leave_one_out_figure(tree, left.patients, left.records, left.decisions)
    shown = sensitivity_figure(tree, told.table, told.variants)
    assert (
        forest.axes[0].get_xlabel().replace("\n", " ")
        == "Difference from the control arm in X at week 24 (u)"
    )
    for figure in (forest, shown):
        fit_to_print(figure)
    assert "Difference from the control arm in X at week 24 (u), median" in forest.alt
    assert shown.alt.split("leads: ")[1].startswith("difference from the trial's own control arm")


def test_the_tipping_point_of_a_difference_is_drawn() -> None:
    tree = known("vas")
    found = missing_not_at_random(tree)
    figure = tipping_point(tree, found.table, found.tipping)
    fit_to_print(figure)
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == [
        "Difference of these patients",
        "Difference of typical patients",
    ]
    assert "1 of 3 treated patients" in figure.alt
    assert "As on control, difference of these patients: benefit" in figure.alt
