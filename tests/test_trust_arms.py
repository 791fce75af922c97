"""Trust of two arms and of other likelihoods: quadrature, the closed form, arithmetic by hand."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from drawn import fit_to_print
from numpy.typing import NDArray
from pages import cohort, spec, with_arm
from scipy import special, stats
from six_by_five import LEVEL_SD, MEAN, NOISE, PATIENTS, WEEKS, pinned, simulated
from test_leave_one_out import vars_of
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.cohort import Cohort
from ra_bayes.comparison.given_others import likelihood_of_records
from ra_bayes.comparison.records_left_out import log_density_of_record
from ra_bayes.comparison.stacked import stacked_estimands
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import Posterior, of_arm, read_posterior
from ra_bayes.figures.leave_one_out import leave_one_out as leave_one_out_figure
from ra_bayes.figures.sensitivity import sensitivity as sensitivity_figure
from ra_bayes.figures.tipping_point import tipping_point
from ra_bayes.inference import fit
from ra_bayes.inference.refit import records_of
from ra_bayes.model import ModelSpec
from ra_bayes.model.records import grid
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.decision import default_rule
from ra_bayes.trust.leave_one_out import LeftOut, leave_one_out
from ra_bayes.trust.missing_not_at_random import missing_not_at_random
from ra_bayes.trust.patient_likelihood import log_density_of_patient
from ra_bayes.trust.placebo import change_beyond_placebo
from ra_bayes.trust.predicted import predicted
from ra_bayes.trust.quantities import for_comparison, reported
from ra_bayes.trust.sensitivity import Sensitivity, sensitivity

type Array = NDArray[np.float64]

MAX_Z = 4.5
EFFECT = (0.0, 3.0)  # the prior's median and SD
TREATED = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
_ARM = (
    '[arm]\ncontrol = "placebo"\neffect = "linear"\n'
    f'[priors.effect_change]\nmedian = {EFFECT[0]}\nsd = {EFFECT[1]}\nwhy = "a test"\n'
)


def armed(model: ModelSpec) -> ModelSpec:
    return read_spec(f"{model.toml}\n{_ARM}", name="test")


def two(given: Cohort) -> Cohort:
    """Patients of a cohort, every other one in the control arm."""
    arms = tuple((who, ("cells", "placebo")[k % 2]) for k, who in enumerate(given.patients))
    return replace(given, arms=arms)


# ---- the density of a patient, without sampling


def test_a_treated_patient_is_expected_to_differ_by_the_effect() -> None:
    model = armed(spec("linear"))
    rows = [("1", 0, 12.0), ("1", 4, 9.0), ("1", 24, 7.0), ("2", 0, 9.0), ("2", 4, 8.0), ("2", 24, 6.0)]
    given = two(cohort(rows, model))
    tree, records = drawn_tree(model, given), grid(model, given)
    posterior = read_posterior(tree, both_arms=True)
    scalars = {name: each.ravel() for name, each in posterior.scalars.items()}
    r = np.array([0.0, 4.0, 24.0]) / 24.0
    s, tau, rho, sigma = (scalars[n] for n in ("baseline_sd", "response_sd", "correlation", "residual_sd"))
    for patient, value, treated in (("1", [12.0, 9.0, 7.0], 1.0), ("2", [9.0, 8.0, 6.0], 0.0)):
        found = log_density_of_patient(posterior, records, patient, np.random.default_rng(1))
        slope = scalars["change"] + treated * scalars["effect_change"]
        mean = scalars["baseline_mean"][:, None] + np.outer(slope, r)
        for k in (0, 7, 400):
            x = np.column_stack([np.ones(3), r])
            effects = np.array([[s[k] ** 2, rho[k] * s[k] * tau[k]], [rho[k] * s[k] * tau[k], tau[k] ** 2]])
            cov = x @ effects @ x.T + sigma[k] ** 2 * np.eye(3)
            exact = stats.multivariate_normal.logpdf(value, mean[k], cov)
            assert found.ravel()[k] == pytest.approx(exact, rel=1e-9)
        sd = np.sqrt((s**2 + sigma**2)[:, None] + np.outer(2.0 * rho * s * tau, r) + np.outer(tau**2, r**2))
        by_hand = special.ndtr((value - mean) / sd).mean(axis=0)
        visits = predicted(tree, records, patient, 0.9, np.random.default_rng(2))
        np.testing.assert_allclose([each["pit"] for each in visits], by_hand, rtol=1e-9)


JOINTS = {"id": "x", "label": "X", "unit": "joints", "lower": 0.0, "upper": 28.0, "step": 1.0}
GRADES = {"id": "x", "label": "X", "unit": "category", "kind": "ordinal", "lower": 1, "upper": 4}
FEW = {"baseline_mean": {"median": 10.0, "sd": 0.5}, "residual_sd": None}
SHARES = {
    "baseline_mean": {"shares": [0.1, 0.4, 0.4, 0.1], "sd": 0.5}, "gaps": {"sdlog": 0.4}, "residual_sd": None
}  # fmt: skip


def other(likelihood: str) -> tuple[ModelSpec, list[float]]:
    """A page under another likelihood, and a patient's records at the five visits."""
    if likelihood == "student_t":
        own = {"dof": {"median": 4.0, "sdlog": 0.3}}
        # The last is far off: its pull is weak.
        return spec("linear", likelihood="student_t", priors=own), [12.0, 10.5, 11.0, 9.0, 25.0]
    if likelihood == "negative_binomial":
        own = {
            "baseline_mean": {"median": 4.0, "sd": 0.5},
            "baseline_sd": {"median": 0.8, "sdlog": 0.3},
            "overdispersion": {"median": 0.3, "sdlog": 0.4},
            "change": {"median": -0.4, "sd": 0.3},
            "residual_sd": None,
        }
        outcome = {
            "id": "x",
            "label": "X",
            "unit": "flares",
            "lower": 0.0,
            "step": 1.0,
            "benefit": "decrease",
        }
        return spec("linear", outcome=outcome, likelihood="negative_binomial", priors=own), [6, 4, 9, 1, 0]
    if likelihood in ("binomial", "beta_binomial"):
        own = {**FEW, **({"precision": {"median": 8.0, "sdlog": 0.5}} if "_" in likelihood else {})}
        outcome = {**JOINTS, "benefit": "decrease"}
        return spec("linear", outcome=outcome, likelihood=likelihood, priors=own), [12, 28, 9, 4, 0]
    if likelihood == "hurdle":
        own = {
            "baseline_mean": {"median": 10.0, "sd": 0.5},
            "zero_at": {"median": 2.0, "sd": 0.5},
            "zero_spread": {"median": 0.5, "sdlog": 0.4},
            "change": {"median": -0.4, "sd": 0.3},
        }
        outcome = {
            "id": "x",
            "label": "X",
            "unit": "u",
            "lower": 0.0,
            "positive": "no",
            "benefit": "decrease",
        }
        made = spec("linear", outcome=outcome, likelihood="hurdle", link="log", priors=own)
        return made, [12.0, 8.0, 0.0, 3.5, 0.0]
    own = {"change": {"median": -0.4, "sd": 0.3}}
    outcome = {**GRADES, "benefit": "decrease"}
    return spec("linear", outcome=outcome, likelihood=likelihood, priors={**SHARES, **own}), [1, 2, 4, 3, 2]


def density_by_scipy(likelihood: str, y: float, mu: Array, own: dict[str, float]) -> Array:
    match likelihood:
        case "student_t":
            return np.asarray(stats.t.pdf((y - mu) / own["residual_sd"], own["dof"]) / own["residual_sd"])
        case "binomial":
            return np.asarray(stats.binom.pmf(y, 28, special.expit(mu)))
        case "negative_binomial":
            r, m = 1.0 / own["overdispersion"], np.exp(mu)
            return np.asarray(stats.nbinom.pmf(y, r, r / (r + m)))
        case "beta_binomial":
            # Beyond that scipy has no number.
            p = special.expit(np.clip(mu, -14.0, 14.0))
            return np.asarray(stats.betabinom.pmf(y, 28, p * own["precision"], (1.0 - p) * own["precision"]))
        case "hurdle":
            none = special.ndtr((own["zero_at"] - mu) / own["zero_spread"])
            if y == 0.0:
                return np.asarray(none)
            return np.asarray((1.0 - none) * stats.norm.pdf(np.log(y), mu, own["residual_sd"]) / y)
    widths = [own[name] for name in sorted(own) if name.startswith("gap")]
    cuts = np.concatenate([[0.0], np.cumsum(widths)])
    ends = [-np.inf, *(cuts - cuts.mean()), np.inf]
    below = special.ndtr if likelihood == "cumulative_probit" else special.expit
    k = int(y) - 1
    return np.asarray(below(ends[k + 1] - mu) - below(ends[k] - mu))


OTHERS = (
    "student_t", "binomial", "beta_binomial", "negative_binomial", "hurdle", "cumulative_probit",
    "cumulative_logit",
)  # fmt: skip


@pytest.mark.parametrize("likelihood", OTHERS)
@pytest.mark.parametrize("arm", [False, True])
def test_other_likelihoods_against_quadrature(likelihood: str, arm: bool) -> None:
    """One draw of the parameters many times: the mean over them is level and response on a fine grid."""
    model, value = other(likelihood)
    model = armed(model) if arm else model
    rows = [(who, week, y) for who in "ab" for week, y in zip(WEEKS, value, strict=True)]
    given = two(cohort(rows, model)) if arm else cohort(rows, model)
    records = grid(model, given)
    posterior = read_posterior(drawn_tree(model, given), both_arms=True)
    lead = 4, 50
    one = {name: np.full(lead, each[0, 3]) for name, each in posterior.scalars.items()}
    f, r = (np.broadcast_to(each[0, 3], (*lead, 5)) for each in (posterior.mean_change, posterior.shape))
    d = np.zeros(5)
    changed: dict[str, Any] = {"scalars": one, "mean_change": f, "shape": r}
    if posterior.effect is not None:
        d = posterior.effect[0, 3]
        changed |= {"effect": np.broadcast_to(d, (*lead, 5)), "treated": posterior.treated}
    fixed = Posterior(**{**vars_of(posterior), **changed})
    found = np.exp(log_density_of_patient(fixed, records, "a", np.random.default_rng(1)))

    own = {name: float(each[0, 0]) for name, each in one.items()}
    z = np.linspace(-7.0, 7.0, 301)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    first, second = np.meshgrid(z, z, indexing="ij")
    rho = own["correlation"]
    level = own["baseline_mean"] + own["baseline_sd"] * first
    response = own["response_sd"] * (rho * first + np.sqrt(1.0 - rho**2) * second)
    density = np.ones_like(level)
    for j, y in enumerate(value):
        density *= density_by_scipy(likelihood, y, level + f[0, 0, j] + d[j] + response * r[0, 0, j], own)
    exact = float((weight[:, None] * weight * density).sum())
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean() - exact) < MAX_Z * error
    # Of a single draw of the parameters by 32 of level and response: thousands of them leave nothing of it.
    assert found.std() < 0.8 * exact


@pytest.mark.parametrize("likelihood", ["binomial", "cumulative_logit", "hurdle", "student_t"])
def test_transforms_of_other_likelihoods_are_shares_of_a_new_patients_records(likelihood: str) -> None:
    model, value = other(likelihood)
    rows = [(who, week, y) for who in "ab" for week, y in zip(WEEKS, value, strict=True)]
    given = cohort(rows, model)
    tree, records = drawn_tree(model, given), grid(model, given)
    visits = predicted(tree, records, "a", 0.9, np.random.default_rng(1))
    drawn = predicted(tree, records, "a", 0.9, np.random.default_rng(2))
    for visit, again in zip(visits, drawn, strict=True):
        assert 0.0 <= visit["pit_lower"] <= visit["pit"] <= visit["pit_upper"] <= 1.0
        # Another noise of the same thousand patients.
        assert visit["pit"] == pytest.approx(again["pit"], abs=0.08)
    if likelihood == "student_t":
        assert all(each["pit_lower"] == each["pit_upper"] for each in visits)
        assert visits[4]["pit"] > 0.95
    elif likelihood == "hurdle":
        assert visits[2]["pit_lower"] == 0.0
        assert visits[2]["pit_upper"] > 0.0


@pytest.mark.parametrize("likelihood", OTHERS)
def test_leaving_out_tells_all_of_it_under_other_likelihoods(
    likelihood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, value = other(likelihood)
    rows = [(who, week, y) for who in "abc" for week, y in zip(WEEKS, value, strict=True)]
    tree = drawn_tree(model, cohort(rows, model))
    tree = with_provenance(tree, {**provenance(tree), "sampling": {"draws": 250, "chains": 4}})
    monkeypatch.setattr(sys.modules["ra_bayes.trust.leave_one_out"], "refit", lambda *_, **__: tree)
    found = leave_one_out(tree)
    assert np.isfinite(found.patients["elpd"].iloc[1:]).all()
    assert found.records["pit"].notna().all()
    assert "Decision with everybody" in str(found)


@pytest.mark.parametrize("likelihood", OTHERS)
def test_every_scale_is_compared_by_its_log(likelihood: str) -> None:
    model, value = other(likelihood)
    model = armed(model)
    rows = [(who, week, y) for who in "ab" for week, y in zip(WEEKS, value, strict=True)]
    tree = drawn_tree(model, two(cohort(rows, model)))
    scales = {each.parameter.name for each in model.priors if each.parameter.family == "scale"}
    for each in reported(tree):
        if each.name in scales:
            np.testing.assert_array_equal(for_comparison(each), np.log(np.asarray(each.draws)))


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
