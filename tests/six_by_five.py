"""Six patients at five visits under a straight line: one structure, compiled once, for all tests of re-fits.

With the SDs pinned everything is normal, and known in closed form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pages import cohort, spec

from ra_bayes.cohort import Cohort
from ra_bayes.model import ModelSpec

type Array = NDArray[np.float64]

WEEKS = np.array([0.0, 4.0, 8.0, 16.0, 24.0])
PATIENTS = tuple("012345")
LEVEL_SD, NOISE = 3.0, 1.5
MEAN, CHANGE = (10.0, 2.0), (-3.0, 2.0)  # priors' medians and SDs, as in pages.py


def pinned(**keys: Any) -> ModelSpec:
    """Level SD 3, noise 1.5, no responses of one's own: mean and change are all that is unknown."""
    priors = {
        "baseline_sd": {"fixed": LEVEL_SD},
        "response_sd": {"fixed": 0.0},
        "correlation": None,
        "residual_sd": {"fixed": NOISE},
    }
    return spec("linear", priors=priors, **keys)


def simulated(seed: int = 1, change: float = -4.0) -> Array:
    """Records (patient, visit), two of them missed."""
    rng = np.random.default_rng(seed)
    level = rng.normal(10.0, LEVEL_SD, len(PATIENTS))
    y = level[:, None] + change * WEEKS / 24.0 + rng.normal(0.0, NOISE, (len(PATIENTS), WEEKS.size))
    y[1, 2] = y[4, 4] = np.nan
    return y


def made(y: Array, model: ModelSpec) -> Cohort:
    """A cohort of these records; NaN is a missed visit."""
    rows = [(PATIENTS[i], WEEKS[j], y[i, j]) for i, j in zip(*np.nonzero(~np.isnan(y)), strict=True)]
    return cohort(rows, model)


def normal_posterior(y: Array, prior_power: float = 1.0, power: float = 1.0) -> tuple[Array, Array]:
    """Mean and covariance of (mean, change) given all records, under prior and likelihood to powers.

    A patient's records, their level integrated out: covariance s^2 11' + (sigma^2 / power) I.
    """
    precision = prior_power * np.diag([1.0 / MEAN[1] ** 2, 1.0 / CHANGE[1] ** 2])
    linear = precision @ np.array([MEAN[0], CHANGE[0]])
    for row in y:
        seen = ~np.isnan(row)
        x = np.column_stack([np.ones(seen.sum()), WEEKS[seen] / 24.0])
        inverse = np.linalg.inv(LEVEL_SD**2 + NOISE**2 / power * np.eye(seen.sum()))
        precision = precision + x.T @ inverse @ x
        linear = linear + x.T @ inverse @ row[seen]
    covariance = np.linalg.inv(precision)
    return covariance @ linear, covariance
