"""A joint fit of two arms: told arm by arm and of both, stored, shown, drawn."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from few_figures import few_figures
from joint_cohorts import WEEKS, cohort, joint, outcome, pages, priors
from joint_trees import tree_of
from test_joint_pieces import AGE, STEP, people, read
from test_likelihoods import FEELS, LATENT

import ra_bayes as rb
from ra_bayes.estimand import borrowing, read_posterior
from ra_bayes.estimand.borrowing import borrowing_across_outcomes
from ra_bayes.estimand.concordance import new_patient_improves_in_all
from ra_bayes.estimand.joint import joint_estimands, response_correlations
from ra_bayes.figures.draw_folder import draw_folder
from ra_bayes.inference import fit_joint
from ra_bayes.model import ModelSpec
from ra_bayes.report import write_report
from ra_bayes.results import find_results, joint_headline, save_result
from ra_bayes.tree import joint_trees

RISING = {"baseline_mean": {"median": 10.0, "sd": 0.5}, "baseline_sd": {"median": 0.5, "sdlog": 0.3}}


def trial() -> dict[str, ModelSpec]:
    up = {**outcome("up", "increase"), "positive": "yes"}
    return pages(read("down", STEP, AGE), read("up", STEP, outcome=up, link="log", priors=RISING))


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    of, rng = trial(), np.random.default_rng(1)
    made = people(cohort({name: rng.uniform(6.0, 14.0, (6, len(WEEKS))) for name in of}, of))
    return tree_of(joint(of, **priors()), made, tuple(of), draws=1000)[0]


def test_outcomes_together_are_told_arm_by_arm_and_of_both(tree: xr.DataTree) -> None:
    found = {(q.name, q.arm, q.patient): q.draws for of, q in joint_estimands(tree) if of == "down & up"}
    down, up = (joint_trees(tree)[name]["posterior"].to_dataset().sel(visit=24.0) for name in ("down", "up"))
    better = {}
    for arm, on in (("placebo", 0.0), ("cells", 1.0)):
        better[arm] = (down["mean_change"] + on * down["effect"] < 0) & (
            up["mean_change"] + on * up["effect"] > 0
        )
        np.testing.assert_array_equal(found["mean_all_better", arm, ""], better[arm].values)
        # P1 is treated, P2 is not.
        who = "P1" if on else "P2"
        own = [each.sel(patient=who) for each in (down, up)]
        moved = [each["mean_change"] + on * each["effect"] + each["patient_response"] for each in own]
        np.testing.assert_array_equal(
            found["patient_all_better", arm, who], ((moved[0] < 0) & (moved[1] > 0)).values
        )
        assert ("patient_all_better", arm, "P2" if on else "P1") not in found
        told = [read_posterior(rb.of_arm(each, arm)) for each in joint_trees(tree).values()]
        share = new_patient_improves_in_all(told, response_correlations(tree, ("down", "up")))
        np.testing.assert_allclose(found["new_patient_all_better", arm, ""], share)
    gained = found["new_patient_all_better", "cells", ""] - found["new_patient_all_better", "placebo", ""]
    np.testing.assert_allclose(found["new_patient_all_better_difference", "cells", ""], gained)
    apart = (down["effect"] < 0) & (up["effect"] > 0)
    np.testing.assert_array_equal(found["difference_all_better", "cells", ""], apart.values)
    names = [name for name, _, _ in found]
    assert names.count("response_correlation") == 1
    assert ("response_correlation", "", "") in found
    table = rb.estimands(tree, despite_gate=True)
    assert {*table["arm"]} == {"", "cells", "placebo"}


def test_two_arms_are_stored_shown_and_drawn(tree: xr.DataTree, tmp_path: Path) -> None:
    saved = save_result(tree, tmp_path)
    assert saved.gate.passed, str(saved.gate)
    lines = joint_headline(saved, tmp_path)
    assert any(line.startswith("down         cells less placebo at week 24: ") for line in lines), lines
    for arm in ("cells", "placebo"):
        assert any(
            f"new patients in arm {arm} in whom down, up all change for the better" in e for e in lines
        )
    found = find_results(tmp_path)
    with few_figures("forest-outcomes", "arms"):
        (page,) = write_report(found, tmp_path).values()
    text = unescape(page.read_text(encoding="utf-8"))
    for words in (
        "Change by outcome, arm cells",
        "Change by outcome, arm placebo",
        "new patients with all outcomes better, arm cells",
        "in a new patient in arm placebo down and up all change for the better with probability 0.",
    ):
        assert words in text, words
    made = {each.name for each in (tmp_path / "test" / "figures").iterdir()}
    assert {"treated-forest-outcomes.pdf", "control-forest-outcomes.pdf", "down-arms.pdf"} <= made
    drawn = draw_folder(found, tmp_path, tmp_path / "out", only=("forest-outcomes",), formats=("png",))
    assert {each.source for each in drawn} == {"test-treated", "test-control"}


def test_what_outcomes_lend_each_other_is_told_arm_by_arm(
    tree: xr.DataTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        borrowing, "estimands", lambda each, ci_prob: rb.estimands(each, ci_prob=ci_prob, despite_gate=True)
    )
    table = borrowing_across_outcomes(tree, joint_trees(tree))
    np.testing.assert_allclose(table["ratio"], 1.0)
    rows = table.groupby(["outcome", "estimand", "arm", "patient"]).size()
    assert (rows == 1).all()
    assert ("down", "difference_from_control", "cells", "") in rows.index
    assert ("up", "mean_change", "placebo", "") in rows.index


@pytest.mark.mcmc
def test_differences_loadings_and_residuals_in_order_are_found() -> None:
    """Scores whose residuals go together, and categories of the same patients, in two arms."""
    rng, patients = np.random.default_rng(3), 24
    keys = {"residuals": "ar1", "autocorrelation_weeks": 4}
    rho = {"autocorrelation": {"median": 0.4, "sd": 0.6}}
    feels = {**FEELS, "benefit": "decrease"}
    wide = STEP.replace("median = 1.0", "median = 0.0").replace("sd = 0.8", "sd = 3.0")
    of = pages(
        read("down", wide, priors=rho, **keys),
        read("feels", wide, outcome=feels, likelihood="cumulative_logit", priors=LATENT),
    )
    weeks, after, treated = np.array(WEEKS), np.array(WEEKS) > 0, 1.0 - np.arange(patients) % 2
    factor = rng.normal(size=patients)
    true = {"down": -3.0, "feels": -2.5}
    v = -0.9 * factor + np.sqrt(1.0 - 0.9**2) * rng.normal(size=(2, patients))
    noise = np.linalg.cholesky(0.6 ** (np.abs(weeks[:, None] - weeks) / 4.0)) @ rng.normal(size=(4, patients))
    down = 11.0 + 3.0 * rng.normal(size=patients)[:, None] + (-2.0 + 2.0 * v[0])[:, None] * weeks / 24.0
    down = down + treated[:, None] * true["down"] * after + 1.5 * noise.T
    score = 0.5 + rng.normal(size=patients)[:, None] + (-1.0 + 2.0 * v[1])[:, None] * weeks / 24.0
    score = score + treated[:, None] * true["feels"] * after + rng.logistic(size=(patients, weeks.size))
    categories = 1.0 + (score[..., None] > [-2, 0, 2]).sum(axis=-1)
    made = people(cohort({"down": np.maximum(down, 0.01), "feels": categories}, of))
    tree = fit_joint(joint(of, **priors()), made, ("down", "feels"), seed=1, draws=2000)
    checks = {check.name: check for check in rb.diagnose(tree).checks}
    assert checks["divergences"].passed
    assert checks["R-hat"].value < 1.02
    effect = {name: tree[f"{name}/posterior/effect"].sel(visit=24.0) for name in true}
    for name, draws in {
        **effect,
        "autocorrelation": tree["down/posterior/autocorrelation"],
        "response_correlation": tree["posterior/response_correlation"].sel(outcome="down", other="feels"),
    }.items():
        expected = {**true, "autocorrelation": 0.6, "response_correlation": 0.81}[name]
        low, high = np.quantile(draws, [0.01, 0.99])
        assert low < expected < high, (name, low, high)
    assert max(float(draws.quantile(0.95)) for draws in effect.values()) < 0.0
