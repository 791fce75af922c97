"""Simulated cohorts: truths drawn from the page's prior are where the posterior says they are.

If truths come from the prior and records from the model, the rank of each truth among its posterior draws
is uniform (Talts 2018, arXiv:1804.06788). All cohorts have one grid, so one compilation serves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import nutpie
import pytest
from pages import OUTCOME, cohort, spec
from scipy import stats

from ra_bayes.inference.compile import compiled
from ra_bayes.model.records import grid
from ra_bayes.model.simulate import draw_prior, replicate, to_clinical

pytestmark = pytest.mark.mcmc

WEEKS = np.array([0.0, 1.0, 4.0, 8.0, 12.0, 16.0, 24.0])
PATIENTS, COHORTS, DRAWS = 6, 22, 250
LIMIT = 6.0
MISSING = 0.08
# Bounded, in whole steps, below a limit of quantification, and with missing visits: every kind of record.
MODEL = spec(
    outcome={**OUTCOME, "upper": 30.0},
    rounding=1.0,
    bounds="open",
    priors={"baseline_mean": {"median": 14.0, "sd": 4.0}},
)


def records_of(values: np.ndarray, rng: np.random.Generator) -> Any:
    """A simulated cohort as it would be written down."""
    rows: list[tuple[Any, ...]] = []
    for i in range(PATIENTS):
        for j, week in enumerate(WEEKS):
            if j and rng.random() < MISSING and (i, j) != (0, 6):
                continue
            value = values[i, j]
            rows.append((i, week, LIMIT, "<") if value < LIMIT else (i, week, value))
    made = grid(MODEL, cohort(rows, MODEL))
    assert made.shape == (PATIENTS, WEEKS.size)
    # '<6' was written for every whole value of 5 and less, that is for y* below 5.5.
    made.high[made.limit < 0] = LIMIT - 0.5
    return made


class Recovered(NamedTuple):
    """One quantity of every cohort: its truth, and the posterior's mean, SD and share below the truth."""

    truth: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    rank: np.ndarray


def quantities(draws: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        "change": draws["mean_change"][..., -1],
        "level of a patient": draws["patient_level"][..., 0],
        "response of a patient": draws["patient_response"][..., 0],
        **{name: draws[name] for name in ("baseline_mean", "residual_sd", "walk_sd")},
    }


@pytest.fixture(scope="module")
def recovered() -> dict[str, Recovered]:
    rng = np.random.default_rng(20)
    true = to_clinical(MODEL, draw_prior(MODEL, PATIENTS, WEEKS, COHORTS, rng), WEEKS)
    written = replicate(MODEL, true, rng)
    found: dict[str, list[tuple[float, ...]]] = {}
    for k in range(COHORTS):
        trace = nutpie.sample(
            compiled(MODEL, records_of(written[k], rng)), draws=DRAWS, tune=400, chains=2, cores=2, seed=k,
            target_accept=0.95, save_warmup=False, progress_bar=False,
        )  # fmt: skip
        raw = {str(name): each.values for name, each in trace["posterior"].data_vars.items()}
        for name, value in quantities(to_clinical(MODEL, raw, WEEKS)).items():
            truth = quantities(true)[name][k]
            found.setdefault(name, []).append((truth, value.mean(), value.std(), (value < truth).mean()))
    return {name: Recovered(*np.array(rows).T) for name, rows in found.items()}


@pytest.mark.parametrize(
    "name",
    ["change", "baseline_mean", "residual_sd", "walk_sd", "level of a patient", "response of a patient"],
)
def test_truths_rank_uniformly_among_posterior_draws(recovered: dict[str, Recovered], name: str) -> None:
    truth, mean, sd, rank = recovered[name]
    assert stats.kstest(rank, "uniform").pvalue > 1e-3
    z = (mean - truth) / sd
    # The mean of 22 standard scores has SD 0.21: beyond 0.78 once in 4,000.
    assert abs(z.mean()) < 0.78
    # Of 22 standard normals the mean |z| is 0.80 with SD 0.13: below 0.38 or above 1.25 once in 1,300. The
    # skewed posteriors of scales change it by less than the margin; intervals half or twice too wide do not.
    assert 0.38 < np.abs(z).mean() < 1.25


@pytest.mark.parametrize("name", ["change", "baseline_mean", "residual_sd", "level of a patient"])
def test_estimates_follow_the_truth(recovered: dict[str, Recovered], name: str) -> None:
    # A posterior equal to the prior would rank uniformly too.
    truth, mean, sd, _ = recovered[name]
    assert np.corrcoef(truth, mean)[0, 1] > 0.6
    assert np.median(sd) < 0.75 * truth.std()
