"""Calibration by simulation: bands, truths, records, classical methods; each against another way."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import spec
from scipy import special, stats

from ra_bayes.calibration import (
    Certificate,
    CohortDesign,
    calibrate,
    certificate_of,
    read_certificate,
    save_certificate,
)
from ra_bayes.calibration.calibrate import shipped_cohort
from ra_bayes.calibration.certificate_files import stale
from ra_bayes.calibration.classical import answers
from ra_bayes.calibration.cohort_design import design_of, empty_grid
from ra_bayes.calibration.coverage import CI_PROBS, coverage_rows
from ra_bayes.calibration.records import lower_limit, written_down
from ra_bayes.calibration.reml import fit_reml
from ra_bayes.calibration.truths import default_truths, drawn_truths, fixed_truths, prior_medians
from ra_bayes.calibration.uniformity import band, p_value
from ra_bayes.errors import RaBayesError
from ra_bayes.inference.refit import with_values
from ra_bayes.model import ModelSpec, list_models, load_model
from ra_bayes.model.likelihoods import CELL, MISSED
from ra_bayes.tree import model_entry

WEEKS = (0.0, 1.0, 4.0, 8.0, 12.0, 16.0, 24.0)
COMPLETE = CohortDesign("complete", WEEKS, ((True,) * 7,) * 6)
LARGE = CohortDesign("large", WEEKS, ((True,) * 7,) * 4000)


# Bands


def test_the_p_value_is_exact_where_all_ranks_can_be_listed() -> None:
    size, draws = 5, 3
    tails = {}
    for ranks in product(range(draws + 1), repeat=size):
        below = [sum(rank < k for rank in ranks) for k in range(1, draws + 1)]
        tails[ranks] = min(
            min(stats.binom.cdf(c, size, k / 4), stats.binom.sf(c - 1, size, k / 4))
            for k, c in enumerate(below, start=1)
        )
    for ranks in list(tails)[::37]:
        chance = np.mean([tail <= tails[ranks] * (1 + 1e-9) for tail in tails.values()])
        assert p_value(ranks, draws) == pytest.approx(chance, abs=1e-12)


def test_the_band_holds_uniform_ranks_as_often_as_it_says() -> None:
    size, draws = 300, 99
    lower, upper = band(size, draws, 0.90)
    rng = np.random.default_rng(1)
    counts = rng.multinomial(size, np.full(draws + 1, 1 / (draws + 1)), 20_000).cumsum(axis=1)[:, :-1]
    inside = ((counts >= lower * size - 1e-9) & (counts <= upper * size + 1e-9)).all(axis=1).mean()
    # Discrete: at least 0.90, and the Monte Carlo error is 0.002.
    assert 0.893 < inside < 0.93


def test_band_and_p_value_agree() -> None:
    lower, upper = band(200, 99)
    rng = np.random.default_rng(2)
    for shift in (0.0, 5.0, 9.0, 12.0):
        ranks = np.clip(rng.integers(0, 100, 200) + shift, 0, 99).astype(int)
        share = np.array([(ranks < k).mean() for k in range(1, 100)])
        inside = ((share >= lower - 1e-9) & (share <= upper + 1e-9)).all()
        assert inside == (p_value(ranks, 99) > 0.01)


# Designs


def test_a_design_has_the_cohort_s_missing_visits_and_censored_share() -> None:
    cohort, model = shipped_cohort(), load_model("il10")
    design = design_of(model, cohort)
    records = cohort.of("il10")
    assert (design.patients, design.weeks) == (6, WEEKS)
    assert np.array(design.seen).sum() == len(records)
    assert design.below == sum(record.limit == "<" for record in records) / len(records) > 0
    assert "12% of records below a limit" in str(design)


@pytest.mark.parametrize(
    ("seen", "below", "message"),
    [(((True,),), 0.0, "rows of other lengths"), (((True,) * 7,), 1.0, "no share"), ((), 0.0, "rows of")],
)
def test_a_design_that_cannot_be_is_refused(seen: Any, below: float, message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        CohortDesign("wrong", WEEKS, seen, below)


# Truths


@pytest.mark.parametrize("name", list_models())
@pytest.mark.parametrize("onset", ["page", "late"])
def test_fixed_truths_are_what_they_are_called(name: str, onset: Any) -> None:
    """The mean over thousands of simulated patients changes by the truth, or responds at that rate."""
    model = load_model(name)
    at = WEEKS.index(model.reference_week)
    for truth in default_truths(model).values():
        mu = fixed_truths(model, LARGE, truth, onset, np.random.default_rng(1))["expected"][0]
        if model.binary:
            assert special.ndtr(mu[:, at]).mean() == pytest.approx(truth, abs=0.02)
            continue
        start = prior_medians(model)["baseline_mean"]
        change = (mu[:, at] - mu[:, 0]).mean()
        error = 4.0 * prior_medians(model)["response_sd"] / 4000**0.5
        wanted = float(model.link.contrast(start, start + change))
        low, high = model.link.contrast(start, start + change + np.array([-error, error]))
        assert low < truth < high, wanted


def test_a_late_onset_comes_all_at_once_after_half_the_time() -> None:
    model = load_model("vas")
    mu = fixed_truths(model, COMPLETE, -20.0, "late", np.random.default_rng(1))["expected"][0]
    assert np.ptp(mu[:, :5], axis=1).max() == 0.0
    assert np.ptp(mu[:, 5:], axis=1).max() == 0.0


def test_the_path_to_a_fixed_truth_is_a_bridge() -> None:
    """Mean and variance of f at week 12 given f(24) = d: d / 2 and walk_sd^2 / 4."""
    model, rng = load_model("sdai"), np.random.default_rng(3)
    one = CohortDesign("one", WEEKS, ((True,) * 7,))
    fixed = model.with_numbers({"response_sd": (0.0, 0.0)})
    paths = [fixed_truths(fixed, one, -13.0, "page", rng)["expected"][0, 0] for _ in range(3000)]
    middle = np.array([path[4] - path[0] for path in paths])
    sd = 10.0 / 2.0
    assert middle.mean() == pytest.approx(-6.5, abs=4 * sd / 3000**0.5)
    assert middle.std() == pytest.approx(sd, rel=0.06)


@pytest.mark.parametrize(("trajectory", "numbers"), [("linear", {}), ("onset", {})])
def test_other_trajectories_end_at_the_truth(trajectory: str, numbers: dict[str, Any]) -> None:
    model = spec(trajectory, priors=numbers)
    mu = fixed_truths(model, LARGE, -4.0, "page", np.random.default_rng(1))["expected"][0]
    assert (mu[:, -1] - mu[:, 0]).mean() == pytest.approx(-4.0, abs=0.15)


def test_default_truths_go_towards_benefit() -> None:
    assert default_truths(load_model("vas")) == {"no effect": 0.0, "MCID": -10.0, "twice the MCID": -20.0}
    ratios = list(default_truths(load_model("il10")).values())
    assert ratios == pytest.approx([1.0, np.exp(0.4), np.exp(0.8)])
    assert list(default_truths(load_model("acr20")).values()) == pytest.approx([0.24, 0.44, 0.64], abs=1e-6)


def test_an_impossible_truth_is_refused() -> None:
    with pytest.raises(RaBayesError, match="not possible"):
        fixed_truths(load_model("il10"), COMPLETE, -1.0, "page", np.random.default_rng(1))


# Records


def test_the_share_below_the_limit_is_the_design_s() -> None:
    model, rng = load_model("il10"), np.random.default_rng(4)
    design = replace(COMPLETE, below=0.2)
    limit = lower_limit(model, design, drawn_truths(model, design, 4000, rng))
    kinds = []
    for _ in range(400):
        records = written_down(model, design, drawn_truths(model, design, 1, rng), limit, "normal", rng)
        below = records.limit < 0
        assert (records.value[below] == limit).all()
        assert (records.kind[below] == CELL).all()
        assert (records.high[below] == np.log(limit)).all()
        assert (records.value[~below] >= limit).all()
        kinds.append(below.mean())
    # Levels differ by a factor 7 between cohorts: all or nothing is often below.
    assert np.mean(kinds) == pytest.approx(0.2, abs=4 * np.std(kinds) / 20)


def test_only_seen_visits_are_recorded() -> None:
    model, rng = load_model("sdai"), np.random.default_rng(5)
    design = design_of(model, shipped_cohort())
    records = written_down(model, design, drawn_truths(model, design, 1, rng), None, "normal", rng)
    assert ((records.kind != MISSED) == np.array(design.seen)).all()


def test_heavy_tails_have_the_same_sd_and_more_beyond_three() -> None:
    model = load_model("das28_crp").with_numbers({"response_sd": (0.0, 0.0)})
    truths = {"expected": np.full((1, 4000, 7), 5.0), "residual_sd": np.array([0.5])}
    rng = np.random.default_rng(6)
    normal, heavy = (
        written_down(model, LARGE, truths, None, tails, rng).value for tails in ("normal", "heavy")
    )
    for values, beyond in ((normal, 0.0027), (heavy, 2 * stats.t.sf(3 * 2**0.5, 4))):
        score = (values - 5.0) / 0.5
        assert score.std() == pytest.approx(1.0, rel=0.05)
        assert (np.abs(score) > 3).mean() == pytest.approx(beyond, rel=0.2)
    assert 1 / 77 < 2 * stats.t.sf(3 * 2**0.5, 4) < 1 / 75


# Classical methods


def grid_of(model: ModelSpec, values: np.ndarray) -> Any:
    return with_values(model, empty_grid(model, COMPLETE)[0], values)


def test_paired_t_and_wilcoxon_are_scipy_s() -> None:
    model = load_model("vas")
    values = np.random.default_rng(7).uniform(20.0, 90.0, (6, 7))
    values[2, -1] = np.nan
    found = answers(model, grid_of(model, values), CI_PROBS)
    kept = np.delete(values, 2, axis=0)
    test = stats.ttest_rel(kept[:, -1], kept[:, 0], alternative="less")
    both = stats.ttest_rel(kept[:, -1], kept[:, 0])
    assert found["t"].p == pytest.approx(test.pvalue)
    for level, ends in zip(CI_PROBS, found["t"].ends, strict=True):
        assert tuple(ends) == pytest.approx(tuple(both.confidence_interval(level)))
    assert found["wilcoxon"].p == stats.wilcoxon(kept[:, -1] - kept[:, 0], alternative="less").pvalue


def test_wilcoxon_is_exact_where_changes_tie_too() -> None:
    # The HAQ-DI is written in steps of 0.125, so that changes of six patients often tie.
    model = load_model("haq")
    values = np.full((6, 7), 1.5)
    moved = np.array([-0.25, -0.125, -0.5, -0.375, 0.25, 0.0])
    values[:, -1] += moved
    ranks = stats.rankdata(np.abs(moved[:5]))
    rises = [
        sum(rank for rank, up in zip(ranks, signs, strict=True) if up) for signs in product((0, 1), repeat=5)
    ]
    found = answers(model, grid_of(model, values), CI_PROBS)["wilcoxon"]
    assert found.p == np.mean(np.array(rises) <= ranks[4])


def test_exact_binomial_is_scipy_s() -> None:
    model = load_model("acr20")
    values = np.zeros((6, 7))
    for count in range(7):
        values[:count, 5] = 1.0
        found = answers(model, grid_of(model, values), CI_PROBS)["binomial"]
        rate = default_truths(model)["rate 0.24 (no benefit)"]
        assert found.p == pytest.approx(stats.binomtest(count, 6, rate, alternative="greater").pvalue)
        interval = stats.binomtest(count, 6).proportion_ci(0.90, "exact")
        assert tuple(found.ends[2]) == pytest.approx((interval.low, interval.high))


def test_a_ratio_is_tested_on_the_log_with_half_the_limit() -> None:
    model = load_model("il10")
    values = np.exp(np.random.default_rng(8).normal(1.0, 0.5, (6, 7)))
    records = grid_of(model, values)
    records.limit[0, -1] = -1.0
    written = values.copy()
    written[0, -1] /= 2.0
    change = np.log(written[:, -1] / written[:, 0])
    found = answers(model, records, CI_PROBS)["t"]
    assert found.p == pytest.approx(stats.ttest_1samp(change, 0.0, alternative="greater").pvalue)
    low, high = stats.ttest_1samp(change, 0.0).confidence_interval(0.90)
    assert tuple(found.ends[2]) == pytest.approx((np.exp(low), np.exp(high)))


def test_where_there_is_too_little_there_is_no_answer() -> None:
    values = np.full((6, 7), np.nan)
    values[:, 0], values[0, -1] = 50.0, 40.0
    model = load_model("vas")
    found = answers(model, grid_of(model, values), CI_PROBS)
    assert np.isnan(found["t"].p)
    assert np.isnan(found["reml"].p)
    assert found["wilcoxon"].p == 0.5
    rows = coverage_rows("none", 0.0, "as the model", as_found(found), 0.95)
    assert {row["declared"] for row in rows} == {0.0}
    assert {row["coverage"] is None for row in rows} == {True}


def as_found(found: dict[str, Any]) -> dict[str, np.ndarray]:
    return {
        key: value
        for name, answer in found.items()
        for key, value in ((f"p:{name}", np.array([answer.p])), (f"ends:{name}", answer.ends[None]))
    }


def test_reml_is_the_published_fit_of_the_sleep_study(sleepstudy_table: pd.DataFrame) -> None:
    """(Days || Subject) in Bates et al. 2015, J Stat Softw 67(1), section 3.2.2 of lme4's own vignette."""
    days = sleepstudy_table["week"].to_numpy(float)
    patient = sleepstudy_table["patient"].astype("category").cat.codes.to_numpy(np.int64)
    fixed = np.column_stack([np.ones(days.size), days])
    fitted = fit_reml(sleepstudy_table["value"].to_numpy(float), fixed, patient, days)
    assert fitted.beta == pytest.approx([251.405, 10.467], abs=1e-3)
    assert np.sqrt(np.diag(fitted.covariance)) == pytest.approx([6.885, 1.560], abs=2e-3)
    assert (fitted.sd_intercept, fitted.sd_response) == pytest.approx((25.051, 5.988), abs=5e-3)
    assert fitted.sd_residual == pytest.approx(25.565, abs=2e-3)
    assert fitted.deviance == pytest.approx(1743.7, abs=0.05)


@pytest.mark.parametrize("seed", [1, 2])
def test_reml_is_that_of_statsmodels(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixed = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    rng = np.random.default_rng(seed)
    patient, visit = (each.ravel() for each in np.indices((12, 7)))
    kept = rng.random(patient.size) > 0.1
    patient, visit = patient[kept], visit[kept]
    shape = np.sqrt(np.array(WEEKS) / 24.0)[visit]
    noise = rng.normal(size=(2, 12))[:, patient] * [[10.0], [8.0]]
    y = noise[0] + noise[1] * shape + rng.normal(size=patient.size) * 6.0 - 5.0 * shape
    fixed = (visit[:, None] == np.arange(7)).astype(float)
    ours = fit_reml(y, fixed, patient, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        random = np.column_stack([np.ones(y.size), shape])
        free = mixed.MixedLMParams.from_components(fe_params=np.ones(7), cov_re=np.eye(2))
        theirs = mixed.MixedLM(y, fixed, groups=patient, exog_re=random).fit(
            reml=True, free=free, method="lbfgs"
        )
    assert ours.beta == pytest.approx(theirs.fe_params, abs=1e-3)
    # Its search ends a little short of the optimum.
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse_fe, rel=1e-2)
    assert -1e-3 < -2.0 * theirs.llf - ours.deviance + 1e-6 < 1e-2


# Coverage


def test_coverage_is_counted_with_its_error() -> None:
    rng = np.random.default_rng(9)
    estimate, size = rng.normal(size=400), 400
    width = special.ndtri(0.5 + np.array(CI_PROBS) / 2.0)
    ends = estimate[:, None, None] + width[:, None] * np.array([-1.0, 1.0])
    found = {"p:model": special.ndtr(estimate), "ends:model": ends}
    (row,) = coverage_rows("no effect", 0.0, "as the model", found, 0.95)
    assert row["coverage"] is not None
    assert row["coverage_mcse"] is not None
    assert row["width"] == pytest.approx(2.0 * width)
    assert row["width_mcse"] == pytest.approx([0.0] * 4, abs=1e-12)
    for level, held, error in zip(CI_PROBS, row["coverage"], row["coverage_mcse"], strict=True):
        assert error == pytest.approx((level * (1 - level) / size) ** 0.5, rel=0.2)
        assert abs(held - level) < 4 * error
    assert abs(row["declared"] - 0.05) < 4 * row["declared_mcse"]


# Certificates


@pytest.fixture
def certificate() -> Certificate:
    rng = np.random.default_rng(10)
    found = {"p:model": rng.random(200), "ends:model": rng.normal(size=(200, 4, 1)) + np.array([-1.0, 1.0])}
    return Certificate(
        model=model_entry(load_model("sdai")),
        design=replace(COMPLETE, below=0.25),
        seed=1,
        decision=0.95,
        limit=0.5,
        ranks={"fair": rng.integers(0, 100, 500), "narrow": rng.integers(20, 80, 500)},
        diverging=rng.integers(0, 2, 500),
        means=rng.normal(size=500),
        rows=tuple(coverage_rows("no effect", 0.0, "as the model", found, 0.95)),
        versions={"ra_bayes": "0.1.0"},
    )


def test_a_certificate_comes_back_from_its_files(certificate: Certificate, tmp_path: Path) -> None:
    back = read_certificate(save_certificate(certificate, tmp_path))
    assert str(back) == str(certificate)
    assert {name: each.tolist() for name, each in back.ranks.items()} == {
        name: each.tolist() for name, each in certificate.ranks.items()
    }
    assert back.means == pytest.approx(certificate.means, rel=1e-5)
    assert back.design == certificate.design


def test_a_certificate_says_what_is_not_calibrated(certificate: Certificate) -> None:
    text = str(certificate)
    assert "1 of 2 quantities rank uniformly (99% bands); not narrow" in text
    assert "narrow" in next(line for line in text.splitlines() if "OUTSIDE" in line)
    # Intervals of a width of 2 at every probability.
    assert "90% intervals hold the truth in clearly fewer than 90% of cohorts" in text


def test_a_certificate_is_stale_when_the_page_changes(certificate: Certificate, tmp_path: Path) -> None:
    model = load_model("sdai")
    save_certificate(certificate, tmp_path)
    assert certificate_of(model, tmp_path).seed == 1
    commented = replace(model, toml=f"# A remark.\n{model.toml}")
    assert stale(certificate, commented) == ""
    changed = replace(model, toml=model.toml.replace("median = 35.0", "median = 36.0"))
    with pytest.raises(RaBayesError, match=r"of sdai is stale.*another page"):
        certificate_of(changed, tmp_path)
    with pytest.raises(RaBayesError, match="not of these prior numbers"):
        certificate_of(model.with_numbers({"walk_sd": (20.0, 0.5)}), tmp_path)
    with pytest.raises(RaBayesError, match="there is no calibration certificate of vas"):
        certificate_of(load_model("vas"), tmp_path)


def test_half_a_certificate_is_none(certificate: Certificate, tmp_path: Path) -> None:
    file = save_certificate(certificate, tmp_path)
    lines = file.with_suffix(".csv").read_text().splitlines()
    file.with_suffix(".csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(RaBayesError, match="do not belong together"):
        read_certificate(file)
    file.with_suffix(".csv").unlink()
    with pytest.raises(RaBayesError, match="no such file"):
        read_certificate(file)


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(RaBayesError, match="at least 20"):
        calibrate(load_model("sdai"), seed=1, n_sim=3)
    with pytest.raises(RaBayesError, match="no visit in week 24"):
        calibrate(load_model("sdai"), CohortDesign("short", (0.0, 4.0), ((True, True),)), seed=1, n_sim=20)
