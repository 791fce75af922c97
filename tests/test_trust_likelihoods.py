"""Trust under other likelihoods, of one arm and of two: quadrature with SciPy's densities."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pages import cohort, page, spec
from scipy import special, stats
from six_by_five import WEEKS
from test_leave_one_out import vars_of
from trees import drawn_tree
from two_arms import armed, two

from ra_bayes.estimand import Posterior, Quantity, read_posterior
from ra_bayes.model import ModelSpec
from ra_bayes.model.records import grid
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.leave_one_out import leave_one_out
from ra_bayes.trust.patient_likelihood import log_density_of_patient
from ra_bayes.trust.predicted import predicted
from ra_bayes.trust.quantities import for_comparison, reported

type Array = NDArray[np.float64]

MAX_Z = 4.5
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
            np.testing.assert_array_equal(for_comparison(each, model), np.log(np.asarray(each.draws)))


def test_a_covariate_is_no_scale_whatever_its_name() -> None:
    table = """[[covariate]]
name = "joint_sd"
moves = "level"
median = 0.0
sd = 1.0
why = "a test"
"""
    model = read_spec(f"{page()}\n{table}", name="test")
    coefficient = Quantity("covariate_joint_sd", np.array([[-1.0, 1.0]]), "u", "")
    np.testing.assert_array_equal(for_comparison(coefficient, model), coefficient.draws)
