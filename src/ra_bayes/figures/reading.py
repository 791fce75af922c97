"""What figures read off a tree: trajectories in the outcome's unit, and bands of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import population_rate

__all__ = ["band", "patient_curves", "population_curve"]

type Array = NDArray[np.float64]


def patient_curves(posterior: Posterior) -> Array:
    """Return each patient's true value, or chance of a response, per draw (..., patient, visit)."""
    if posterior.spec.binary:
        return np.asarray(
            special.ndtr(posterior.patient_mean / posterior.scalars["residual_sd"][..., None, None])
        )
    return posterior.told(posterior.patient_mean)


def population_curve(posterior: Posterior) -> Array:
    """Return the typical patient's value, or the population's response rate, per draw (..., visit)."""
    if posterior.spec.binary:
        return population_rate(posterior)
    return posterior.told(posterior.scalars["baseline_mean"][..., None] + posterior.mean_change)


def band(draws: Array, ci_prob: float) -> Array:
    """Return lower end, median and upper end of an equal-tailed interval over the draws (3, ...).

    Examples
    --------
    >>> band(np.arange(101.0)[None, :], 0.5).tolist()
    [25.0, 50.0, 75.0]
    """
    tail = (1.0 - ci_prob) / 2.0
    return np.asarray(np.quantile(draws, [tail, 0.5, 1.0 - tail], axis=(0, 1)))
