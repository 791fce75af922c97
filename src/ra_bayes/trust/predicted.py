"""A left-out patient's records beside what was predicted of them: intervals by visit, and PITs.

The probability integral transform of a record y of a new patient, averaged over the parameters' draws,

    PIT = E[ Phi( (g(y) - m - f(t)) / sqrt(s^2 + 2 rho s tau r + tau^2 r^2 + sigma^2) ) ],

is uniform where the model is right (Dawid 1984). A record that is an interval has the transforms of its two
ends (Czado, Gneiting and Held 2009), a count or category those of what lies below it and of what does not lie
above; ``pit`` is half-way. The PITs of one patient go together: their level is one number.

Of the treated arm f(t) has d(t) added. Under another likelihood than the normal one the two transforms are
shares of the records drawn of the patient as a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand import Posterior, read_posterior
from ra_bayes.model.likelihoods import MISSED, UNBOUNDED
from ra_bayes.model.records import Grid
from ra_bayes.model.simulate import likelihood_values, recorded, replicate
from ra_bayes.trust.patient_likelihood import course_of_patient, spread

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["predicted"]

type Array = NDArray[np.float64]


def predicted(
    tree: xr.DataTree, records: Grid, patient: str, ci_prob: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return a row for every visit of a patient whom the fit did not see.

    Parameters
    ----------
    tree
        A re-fit with the patient masked: their level and response are draws from the population.
    records
        The grid with the patient's records.
    patient
        Whose.
    ci_prob
        Of the equal-tailed predictive intervals.
    rng
        For the noise of predicted records.
    """
    posterior = read_posterior(tree, both_arms=True)
    i = records.patients.index(patient)
    own = tree["posterior"].to_dataset().isel(patient=i)
    mean = posterior.mean_change
    if posterior.effect is not None and records.people is not None:
        mean = mean + records.people.treated[i] * posterior.effect
    effect = own["patient_response"].values[..., None] * posterior.shape
    mu = own["patient_level"].values[..., None] + mean + effect
    noisy = {**posterior.scalars, "expected": mu[..., None, :]}
    spec = posterior.spec
    if spec.likelihood.name == "normal":
        drawn = replicate(spec, noisy, rng, records.weeks)
        ends = _exact(posterior, records, patient)
    else:
        latent = spec.likelihood.draw(noisy["expected"], likelihood_values(spec, noisy, 2), spec.outcome, rng)
        drawn = recorded(spec, latent)
        ends = _of_drawn(latent[..., 0, :], records.low[i], records.high[i])
    drawn = drawn[..., 0, :].reshape(-1, records.weeks.size)
    tail = (1.0 - ci_prob) / 2.0
    lower, median, upper = np.quantile(drawn, [tail, 0.5, 1.0 - tail], axis=0)
    made = records.kind[i] != MISSED
    below, above = (np.where(made, each, np.nan) for each in ends)
    return [
        {
            "patient": patient,
            "week": float(week),
            "value": float(records.value[i, j]),
            "limit": {-1: "<", 0: "", 1: ">"}[int(records.limit[i, j])],
            "predicted": float(drawn[:, j].mean() if posterior.spec.binary else median[j]),
            "lower": float(lower[j]),
            "upper": float(upper[j]),
            "pit": float((below[j] + above[j]) / 2.0),
            "pit_lower": float(below[j]),
            "pit_upper": float(above[j]),
        }
        for j, week in enumerate(records.weeks)
    ]


def _exact(posterior: Posterior, records: Grid, patient: str) -> tuple[Array, Array]:
    """Return the transforms of both ends of a patient's records, in closed form (visit)."""
    i = records.patients.index(patient)
    level, change = course_of_patient(posterior, records, patient)
    middle, sd = level[..., None] + change, np.sqrt(spread(posterior))
    below, above = (
        special.ndtr((end[i] - middle) / sd).mean(axis=(0, 1)) for end in (records.low, records.high)
    )
    return below, above


def _of_drawn(latent: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return the shares of drawn records below each record, and not above it (visit)."""
    # A record of 0, drawn as -inf, lies within the cell that a recorded 0 is kept as.
    latent = np.maximum(latent, -0.75 * UNBOUNDED)
    return (latent < low).mean(axis=(0, 1)), (latent <= high).mean(axis=(0, 1))
