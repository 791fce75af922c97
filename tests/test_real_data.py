"""Real tables: the fit beside lme4's on sleepstudy, and RA patients' self-assessments, 6 and 302 of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.diagnostics import diagnose
from ra_bayes.inference import fit
from ra_bayes.model import load_model
from ra_bayes.model.likelihoods import CELL, MISSED, UNBOUNDED
from ra_bayes.model.records import grid
from ra_bayes.outcome import Outcome

pytestmark = pytest.mark.mcmc

PAGES = Path(__file__).parent / "models"
# lme4, REML: Reaction ~ Days + (Days | Subject)
FIXED = {"baseline_mean": (251.405, 6.825), "change": (10.467, 1.546)}
SCALES = {"baseline_sd": 24.74, "response_sd": 5.92}
RESIDUAL = 25.59


def test_sleepstudy_agrees_with_lme4(sleepstudy_table: pd.DataFrame, reaction: Outcome) -> None:
    model = load_model(PAGES / "sleepstudy.toml")
    cohort = read_cohort(sleepstudy_table, outcomes=[reaction])
    assert len(cohort.records) == 180
    tree = fit(model, cohort, seed=1, cores=2)
    verdict = diagnose(tree)
    assert verdict.passed, str(verdict)
    posterior = tree["posterior"].to_dataset()
    for name, (estimate, se) in FIXED.items():
        # Priors 60 SE wide move a mean by 1/3600 of its distance to them; the Monte Carlo error is 0.03 SE.
        assert float(posterior[name].mean()) == pytest.approx(estimate, abs=0.15 * se)
        # REML's SE takes the variances as known. With 18 people the posterior's is a t with about 17 degrees
        # of freedom, sqrt(17 / 15) = 1.06 times as wide, and the SDs' posteriors are skewed to the right.
        assert 0.97 * se < float(posterior[name].std()) < 1.2 * se
    # 144 degrees of freedom: the posterior mean of a scale is 1 + 3 / (4 * 144) of its estimate, and it
    # borrows a little from the spread between people.
    assert float(posterior["residual_sd"].mean()) == pytest.approx(RESIDUAL, rel=0.03)
    for name, estimate in SCALES.items():
        # With 17 degrees of freedom the posterior SD is 1 / sqrt(34) = 17% and more (25% was seen); a weak
        # lognormal prior centred near the estimate moves the median by a fraction of that.
        assert float(posterior[name].median()) == pytest.approx(estimate, rel=0.10)
        low, high = posterior[name].quantile([0.05, 0.95]).values
        assert low < estimate < high
    # lme4 finds 0.07; the posterior SD of it is 0.28.
    assert float(posterior["correlation"].mean()) == pytest.approx(0.07, abs=0.15)
    # Shrunken people: lme4's ranef for subject 308 (2.26, 9.20) and 335 (-0.33, -10.75).
    level = posterior["patient_level"].mean(("chain", "draw"))
    slope = (posterior["patient_response"] + posterior["change"]).mean(("chain", "draw"))
    for patient, at_start, a_day in (("308", 253.66, 19.67), ("335", 251.07, -0.28)):
        assert float(level.sel(patient=patient)) == pytest.approx(at_start, abs=3.0)
        assert float(slope.sel(patient=patient)) == pytest.approx(a_day, abs=0.6)


@pytest.fixture(scope="module")
def everyone(arthritis_table: pd.DataFrame, self_assessment: Outcome) -> Cohort:
    return read_cohort(arthritis_table, outcomes=[self_assessment])


def test_six_patients_self_assessment(everyone: Cohort) -> None:
    model = load_model(PAGES / "self_assessment.toml")
    six = everyone.only(patients=everyone.patients[:6])
    assert six.patients == ("1", "2", "3", "4", "5", "6")
    tree = fit(model, six, seed=1, cores=2)
    verdict = diagnose(tree)
    assert verdict.passed, str(verdict)
    posterior = tree["posterior"].to_dataset()
    # What is expected of the six follows their mean grade, visit by visit.
    mean = tree["observed_data"]["record"].mean("patient")
    over = ("chain", "draw")
    expected = (posterior["patient_level"].mean("patient") + posterior["mean_change"]).mean(over)
    own = posterior["patient_response"].mean("patient") * posterior["response_shape"]
    expected = expected + own.mean(over)
    assert np.all(np.abs(expected - mean) < 0.5)


def test_302_patients_are_read(everyone: Cohort) -> None:
    records = grid(load_model(PAGES / "self_assessment.toml"), everyone)
    assert records.shape == (302, 4)
    assert (records.kind == MISSED).sum() == 18
    assert (records.kind == CELL).sum() == 302 * 4 - 18
    np.testing.assert_array_equal(records.low == -UNBOUNDED, records.value == 1.0)
    np.testing.assert_array_equal(records.high == UNBOUNDED, records.value == 5.0)


def test_302_patients_are_fitted(everyone: Cohort) -> None:
    # At the default of 1000 draws the correlation's ESS is 400 to 450, at the very edge of the gate: it is
    # weakly known, and sampled in step with response_sd, whatever the number of patients.
    tree = fit(load_model(PAGES / "self_assessment.toml"), everyone, seed=1, draws=1600, cores=2)
    verdict = diagnose(tree)
    assert verdict.passed, str(verdict)
    posterior = tree["posterior"].to_dataset()
    # With 302 patients the change is that of the mean grades, but for the few at 1 and 5 with open cells.
    record = tree["observed_data"]["record"]
    seen = record.notnull().all("visit")
    paired = record.isel(patient=np.flatnonzero(seen.values))
    raw = (paired - paired.sel(visit=0.0)).mean("patient")
    model_change = posterior["mean_change"].mean(("chain", "draw"))
    # The SE of a mean change is 1.0 / sqrt(284) = 0.06.
    np.testing.assert_allclose(model_change, raw, atol=0.1)
    spread = np.sqrt(posterior["baseline_sd"] ** 2 + posterior["residual_sd"] ** 2).mean()
    # Sheppard: rounding to whole grades adds 1/12 to the variance of the records.
    observed = float(record.sel(visit=0.0).var("patient", ddof=1))
    assert float(spread) == pytest.approx(np.sqrt(observed - 1.0 / 12.0), rel=0.1)
