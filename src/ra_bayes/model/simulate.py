"""Draws from the model by NumPy alone: the prior, and records replicated under any draws.

Parameters of many draws are held as one dictionary of arrays whose first dimensions are the draws'.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ra_bayes.model.likelihoods import CELL, POINT
from ra_bayes.model.likelihoods.normal import log_cell, log_point
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.predictor import expected, patient_effects
from ra_bayes.model.priors import from_raw, raw_name
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["draw_prior", "log_likelihood", "log_prior", "recorded", "replicate", "to_clinical"]

type Draws = dict[str, np.ndarray]


def to_clinical(spec: ModelSpec, raw: Mapping[str, np.ndarray], weeks: np.ndarray) -> Draws:
    """Turn raw sampler variables into what people read, on the link's scale.

    Parameters
    ----------
    spec
        The model.
    raw
        Raw variables with any leading dimensions.
    weeks
        Weeks of the visits.

    Returns
    -------
    dict of ndarray
        Every parameter, fixed ones too, plus ``patient_level`` and ``patient_response``
        (..., patient), ``mean_change`` (..., visit): f(t), and ``expected`` (..., patient, visit): mu.
    """
    values = {
        prior.parameter.name: from_raw(prior.parameter, raw[raw_name(prior.parameter)], *prior.numbers, NUMPY)
        for prior in spec.priors
    }
    if "walk_step" in raw:
        values["walk_step"] = raw["walk_step"]
    constants = spec.trajectory.constants(weeks, spec.reference_week, spec.anchor_week)
    level, response = patient_effects(values, _levels(spec, raw))
    derived = {
        "patient_level": level,
        "patient_response": response,
        "mean_change": spec.trajectory.mean(values, constants, NUMPY),
        "response_shape": np.broadcast_to(
            spec.trajectory.response(values, constants, NUMPY), (*level.shape[:-1], weeks.size)
        ),
        "expected": expected(spec.trajectory, values, level, response, constants, NUMPY),
    }
    return {**values, **derived}


def _levels(spec: ModelSpec, raw: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Undo the scaling by the prior's numbers under which centred levels are sampled."""
    if "patient_level_c" not in raw:
        return raw
    middle, unit = spec.prior("baseline_mean").numbers[0], spec.prior("baseline_sd").numbers[0]
    return {**raw, "patient_level": middle + unit * raw["patient_level_c"]}


def draw_prior(
    spec: ModelSpec, patients: int, weeks: np.ndarray, size: int, rng: np.random.Generator
) -> Draws:
    """Draw raw variables from the prior, shape (size, ...)."""
    raw = {raw_name(prior.parameter): prior.draw(rng, size) for prior in spec.priors}
    steps = spec.trajectory.steps(weeks.size)
    if steps:
        raw["walk_step"] = rng.normal(size=(size, steps))
    return {
        **raw,
        "patient_level_z": rng.normal(size=(size, patients)),
        "patient_response_z": rng.normal(size=(size, patients)),
    }


def log_prior(spec: ModelSpec, raw: Mapping[str, np.ndarray]) -> Draws:
    """Return the log prior density of every parameter and of the steps, per draw.

    Patients' effects are left out: they are the model's, not the analyst's. Densities are those of
    the raw variables.
    """
    out = {
        prior.parameter.name: prior.log_density(raw[raw_name(prior.parameter)])
        for prior in spec.priors
        if not prior.fixed
    }
    if "walk_step" in raw:
        out["walk_step"] = -0.5 * np.square(raw["walk_step"]) - 0.5 * np.log(2.0 * np.pi)
    return out


def log_likelihood(records: Grid, draws: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the log likelihood of every record, shape (..., patient, visit); 0 where none was made."""
    mu, sd = draws["expected"], np.asarray(draws["residual_sd"])[..., None]
    out = np.zeros(mu.shape)
    point, cell = records.kind == POINT, records.kind == CELL
    out[..., point] = log_point(records.low[point], mu[..., point], sd, NUMPY) + records.log_slope[point]
    out[..., cell] = log_cell(records.low[cell], records.high[cell], mu[..., cell], sd, NUMPY)
    return out


def replicate(spec: ModelSpec, draws: Mapping[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draw a record for every patient and visit, as it would be written down, shape (..., patient, visit).

    Rounded to the recording step and kept within the outcome's bounds; not cut at a limit of
    quantification, which is the assay's and not the patient's.
    """
    mu = draws["expected"]
    return recorded(spec, mu + np.asarray(draws["residual_sd"])[..., None, None] * rng.normal(size=mu.shape))


def recorded(spec: ModelSpec, latent: np.ndarray) -> np.ndarray:
    """Return latent values g(y*) as they would be written down, any shape."""
    if spec.binary:
        return np.where(latent > 0.0, 1.0, 0.0)
    value = spec.link.inverse(latent)
    if spec.rounding:
        value = np.round(value / spec.rounding) * spec.rounding
    return np.clip(value, spec.outcome.lower, spec.outcome.upper)
