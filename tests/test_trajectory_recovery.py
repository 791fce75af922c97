"""A cohort made under a trajectory tells its parameters and course; tests/test_likelihoods.py has more."""

from __future__ import annotations

import numpy as np
import pytest
from pages import OUTCOME, cohort, spec

import ra_bayes as rb
from ra_bayes.inference.refit import refit
from ra_bayes.model import ModelSpec
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.records import grid

pytestmark = pytest.mark.mcmc

WEEKS = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0])
PATIENTS, RESIDUAL = 12, 0.6
ABOUT: dict[str, dict[str, float]] = {
    "washout": {"change": -4.0, "half_time": 1.5, "loss_half_time": 14.0},
    # Of a Gaussian process two numbers cannot be told from one course: only the course is looked for.
    "gp": {},
}


def made(model: ModelSpec, course: np.ndarray) -> rb.Cohort:
    rng = np.random.default_rng(8)
    level = rng.normal(10.0, 2.0, PATIENTS)
    value = level[:, None] + course + rng.normal(0.0, RESIDUAL, (PATIENTS, WEEKS.size))
    return cohort([(i, week, value[i, j]) for i in range(PATIENTS) for j, week in enumerate(WEEKS)], model)


@pytest.mark.parametrize("name", ABOUT)
def test_a_cohort_tells_the_course_it_was_made_with(name: str) -> None:
    small = {"response_sd": {"median": 0.5, "sdlog": 0.4}, "residual_sd": {"median": 0.8, "sdlog": 0.4}}
    model = spec(name, outcome={**OUTCOME, "lower": None}, priors=small)
    values = {key: np.array([value]) for key, value in ABOUT[name].items()}
    shape = model.trajectory
    constants = shape.constants(WEEKS, 24.0, 0.0)
    dip = -4.0 * np.sin(np.pi * WEEKS / 16.0)
    course = np.asarray(shape.mean(values, constants, NUMPY))[0] if values else dip
    tree = refit(model, grid(model, made(model, course)), seed=3, draws=400, chains=2, tune=400, gated=False)
    posterior = tree["posterior"].to_dataset()
    mean, sd = (getattr(posterior["mean_change"], of)(("chain", "draw")).values for of in ("mean", "std"))
    # Levels are learned too, and a patient's response has an SD of 0.5: the course is known to about 0.3.
    assert np.all(np.abs(mean - course)[1:] < 4.0 * sd[1:])
    assert np.all(sd[1:] < 0.6)
    for key, truth in ABOUT[name].items():
        draws = posterior[key].values
        assert abs(draws.mean() - truth) < 4.0 * draws.std(), key
        first, second = model.prior(key).numbers
        before = second * (first if model.prior(key).parameter.family == "scale" else 1.0)
        assert draws.std() < 0.75 * before, key
