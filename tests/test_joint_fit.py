"""Fitting a joint model: the gate passes, what ties outcomes is found, and one outcome tells of another."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from joint_cohorts import cohort, joint, priors, two

import ra_bayes as rb
from ra_bayes.estimand.borrowing import predicted_outcomes
from ra_bayes.inference import fit_joint
from ra_bayes.tree import joint_trees

pytestmark = pytest.mark.mcmc

PATIENTS, LOADING = 24, 0.95


@pytest.fixture(scope="module")
def fitted() -> tuple[xr.DataTree, np.ndarray, np.ndarray]:
    """24 patients whose responses in two outcomes nearly go along; the last lacks one of the outcomes."""
    of, rng = two(), np.random.default_rng(11)
    weeks = np.array([0.0, 4.0, 12.0, 24.0])
    factor = rng.normal(size=PATIENTS)
    factor[-1] = 2.5
    values, responses = dict[str, np.ndarray](), list[np.ndarray]()
    for (name, sign), (mean, sd, change, own, noise) in zip(
        (("down", -1), ("up", 1)), ((10.0, 1.0, -3.0, 2.0, 0.5), (2.3, 0.3, 0.4, 0.4, 0.1)), strict=True
    ):
        v = LOADING * sign * factor + np.sqrt(1.0 - LOADING**2) * rng.normal(size=PATIENTS)
        level = mean + sd * rng.normal(size=PATIENTS)
        latent = level[:, None] + (change + own * v)[:, None] * weeks / 24.0
        latent += noise * rng.normal(size=latent.shape)
        values[name] = np.exp(latent) if name == "up" else latent
        responses.append(own * v)
    truth = values["up"][-1].copy()
    values["up"][-1] = np.nan
    tree = fit_joint(joint(of, **priors()), cohort(values, of), ("down", "up"), seed=1)
    return tree, truth, np.array(responses)


def test_the_gate_passes_and_the_correlation_is_found(
    fitted: tuple[xr.DataTree, np.ndarray, np.ndarray],
) -> None:
    tree, _, responses = fitted
    verdict = rb.diagnose(tree)
    assert verdict.passed, str(verdict)
    assert rb.provenance(tree)["attempts"][0].startswith("patients integrated out, ")
    found = tree["posterior"]["response_correlation"].sel(outcome="down", other="up").values
    # Truth -0.95^2; the prior's median is about -0.2.
    assert np.quantile(found, 0.05) < -(LOADING**2) < np.quantile(found, 0.95)
    assert np.median(found) < -0.6
    for name, true in zip(("down", "up"), responses, strict=True):
        own = (
            joint_trees(tree)[name]["posterior"]["patient_response"]
            .transpose("chain", "draw", "patient")
            .values
        )
        low, high = np.quantile(own, [0.005, 0.995], axis=(0, 1))
        assert ((low < true) & (true < high)).mean() > 0.9


def test_an_outcome_not_measured_is_told_by_the_other(
    fitted: tuple[xr.DataTree, np.ndarray, np.ndarray],
) -> None:
    """The last patient responds by 2.5 SD in `down`: `up` is expected above that of the typical patient."""
    tree, truth, _ = fitted
    (last,) = predicted_outcomes(tree).query("week == 24").to_dict("records")
    assert (last["outcome"], last["patient"]) == ("up", f"P{PATIENTS}")
    assert last["lower"] < truth[-1] < last["upper"]
    typical = np.exp(
        float(
            (tree["up/posterior/baseline_mean"] + tree["up/posterior/mean_change"].sel(visit=24.0)).median()
        )
    )
    assert last["estimate"] > 1.5 * typical


def test_with_every_correlation_free_what_moves_against_benefit_is_found() -> None:
    """Responses that go together though one is better lower and the other higher: no loadings say that."""
    of, rng, patients = two(), np.random.default_rng(5), 24
    weeks = np.array([0.0, 4.0, 12.0, 24.0])
    truth = np.array(
        [[1.0, 0.5, -0.3, 0.0], [0.5, 1.0, 0.0, 0.3], [-0.3, 0.0, 1.0, 0.9], [0.0, 0.3, 0.9, 1.0]]
    )
    score = np.linalg.cholesky(truth) @ rng.normal(size=(4, patients))
    values = {}
    for k, (name, (mean, sd, change, own, noise)) in enumerate(
        zip(("down", "up"), ((10.0, 1.0, -3.0, 2.0, 0.5), (2.3, 0.3, 0.4, 0.4, 0.1)), strict=True)
    ):
        latent = (mean + sd * score[k])[:, None] + (change + own * score[2 + k])[:, None] * weeks / 24.0
        latent += noise * rng.normal(size=latent.shape)
        values[name] = np.exp(latent) if name == "up" else latent
    free = {"concentration": 1.0, "why": "a test"}
    model = joint(of, **priors(baseline_loading=None, patients=free))
    tree = fit_joint(model, cohort(values, of), ("down", "up"), seed=1, draws=500)
    checks = {check.name: check for check in rb.diagnose(tree).checks}
    assert checks["divergences"].passed
    assert checks["R-hat"].value < 1.02
    found = {
        "response_correlation": tree["posterior"]["response_correlation"].sel(outcome="down", other="up"),
        "level_correlation": tree["posterior"]["level_correlation"].sel(outcome="down", other="up"),
        "down": tree["down/posterior/correlation"],
        "up": tree["up/posterior/correlation"],
    }
    true = {"response_correlation": 0.9, "level_correlation": 0.5, "down": -0.3, "up": 0.3}
    for name, draws in found.items():
        low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
        assert low < true[name] < high, (name, low, middle, high)
    assert np.quantile(found["response_correlation"], 0.05) > 0.2
