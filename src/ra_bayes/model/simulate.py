"""Draws from the model by NumPy alone: the prior, and records replicated under any draws.

Parameters of many draws are held as one dictionary of arrays whose first dimensions are the draws'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from ra_bayes.model.likelihoods import CELL, POINT
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.people import EFFECT, People, covariate_shift, effect, effect_constants
from ra_bayes.model.predictor import expected, patient_effects
from ra_bayes.model.priors import from_raw, raw_name
from ra_bayes.model.records import Grid, records_in_order
from ra_bayes.model.residuals import correlated_noise, drawn_given_others, log_density, log_given_others
from ra_bayes.model.spec import ModelSpec

__all__ = [
    "draw_prior",
    "likelihood_values",
    "log_likelihood",
    "log_likelihood_given_others",
    "log_prior",
    "recorded",
    "replicate",
    "replicate_given_others",
    "to_clinical",
]

type Draws = dict[str, np.ndarray]


def to_clinical(
    spec: ModelSpec, raw: Mapping[str, np.ndarray], weeks: np.ndarray, people: People | None = None
) -> Draws:
    """Turn raw sampler variables into what people read, on the link's scale.

    Parameters
    ----------
    spec
        The model.
    raw
        Raw variables with any leading dimensions.
    weeks
        Weeks of the visits.
    people
        Arms and covariates of the patients; if not given, they are in the control arm and have the
        covariates' centres.

    Returns
    -------
    dict of ndarray
        Every parameter, fixed ones too, plus ``patient_level`` and ``patient_response``
        (..., patient), ``mean_change`` (..., visit): f(t), and ``expected`` (..., patient, visit): mu;
        of a model of two arms also ``effect`` (..., visit): d(t).
    """
    values = {
        prior.parameter.name: from_raw(prior.parameter, raw[raw_name(prior.parameter)], *prior.numbers, NUMPY)
        for prior in spec.priors
    }
    none = np.empty((*raw[raw_name(spec.priors[0].parameter)].shape, 0))
    values |= {name: raw.get(name, none) for name in _steps(spec)}
    constants = spec.trajectory.constants(weeks, spec.reference_week, spec.anchor_week)
    shifts = [
        None if people is None else covariate_shift(spec.covariates, moves, values, people.covariates)
        for moves in ("level", "change")
    ]
    level, response = patient_effects(values, _levels(spec, raw), *shifts)
    derived = {
        "patient_level": level,
        "patient_response": response,
        "mean_change": spec.trajectory.mean(values, constants, NUMPY),
        "response_shape": np.broadcast_to(
            spec.trajectory.response(values, constants, NUMPY), (*level.shape[:-1], weeks.size)
        ),
        "expected": expected(spec.trajectory, values, level, response, constants, NUMPY),
    }
    if "residual_z" in raw:
        # A re-fit's draws of a matrix come as rows.
        derived["residual_z"] = raw["residual_z"].reshape(*level.shape, weeks.size)
    if spec.arm is not None:
        numbers = effect_constants(spec.arm, weeks, spec.reference_week)
        derived["effect"] = effect(spec.arm, values, numbers, NUMPY)
        if people is not None:
            derived["expected"] = (
                derived["expected"] + people.treated[:, None] * derived["effect"][..., None, :]
            )
    return {**values, **derived}


def _steps(spec: ModelSpec) -> list[str]:
    """Return the names of the steps of walks; at a single visit a walk has none, but its name."""
    walks = [("walk_step", spec.trajectory)]
    if spec.arm is not None:
        walks.append((EFFECT + "walk_step", spec.arm.trajectory))
    return [name for name, trajectory in walks if trajectory.steps(2)]


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
    raw |= {
        "patient_level_z": rng.normal(size=(size, patients)),
        "patient_response_z": rng.normal(size=(size, patients)),
    }
    if spec.arm is not None and spec.arm.trajectory.steps(weeks.size):
        raw[EFFECT + "walk_step"] = rng.normal(size=(size, spec.arm.trajectory.steps(weeks.size)))
    return raw


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
    for name in ("walk_step", EFFECT + "walk_step"):
        if name in raw:
            out[name] = -0.5 * np.square(raw[name]) - 0.5 * np.log(2.0 * np.pi)
    return out


def log_likelihood(spec: ModelSpec, records: Grid, draws: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the log likelihood of every record, shape (..., patient, visit); 0 where none was made.

    Where residuals are correlated it is that of the record given the patient's earlier ones, so that the sum
    is the log likelihood of all; a cell has its term in :func:`~ra_bayes.model.residuals.log_density`.
    """
    if spec.residuals is not None:
        return np.asarray(_in_order(spec, records, draws, partial(log_density, ns=NUMPY)) + records.log_slope)
    mu, values = draws["expected"], likelihood_values(spec, draws, 1)
    out = np.zeros(mu.shape)
    point, cell = records.kind == POINT, records.kind == CELL
    low, high = records.low, records.high
    at_points = spec.likelihood.log_point(low[point], mu[..., point], values, NUMPY)
    out[..., point] = at_points + records.log_slope[point]
    out[..., cell] = spec.likelihood.log_cell(low[cell], high[cell], mu[..., cell], values, NUMPY)
    return out


def log_likelihood_given_others(
    spec: ModelSpec, records: Grid, draws: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return the log likelihood of every record given all others of its patient, (..., patient, visit).

    It is what leaving a record out asks for; where residuals are independent, the same as
    :func:`log_likelihood`.
    """
    if spec.residuals is not None:
        return np.asarray(_in_order(spec, records, draws, log_given_others) + records.log_slope)
    return log_likelihood(spec, records, draws)


def replicate_given_others(
    spec: ModelSpec, records: Grid, draws: Mapping[str, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Draw every record anew given all others of its patient, as it would be written down.

    Shape (..., patient, visit), of no meaning where no record was made. Of correlated residuals only: where
    they are independent, :func:`replicate` does that.
    """
    return recorded(spec, _in_order(spec, records, draws, partial(drawn_given_others, rng=rng)))


def _in_order(
    spec: ModelSpec,
    records: Grid,
    draws: Mapping[str, np.ndarray],
    of_records: Callable[..., np.ndarray],
) -> np.ndarray:
    """Return on the grid what a function of :mod:`ra_bayes.model.residuals` says of each record."""
    made = records_in_order(spec, records)
    i, j = np.unravel_index(made["record_at"], records.shape)
    score = draws["residual_z"][..., i, j] if "residual_z" in draws else None
    out = np.zeros(draws["expected"].shape)
    out[..., i, j] = of_records(draws, draws["expected"][..., i, j], score, made)
    return out


def likelihood_values(spec: ModelSpec, draws: Mapping[str, np.ndarray], dimensions: int) -> Draws:
    """Return what a likelihood needs besides mu, with so many dimensions after the draws' own."""
    own = {
        each.name: np.asarray(draws[each.name])[(..., *(None,) * dimensions)]
        for each in spec.likelihood.parameters(spec.outcome)
    }
    return own | spec.likelihood.constants(spec.outcome)


def replicate(
    spec: ModelSpec,
    draws: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    weeks: np.ndarray | None = None,
) -> np.ndarray:
    """Draw a record for every patient and visit, as it would be written down, shape (..., patient, visit).

    Rounded to the recording step and kept within the outcome's bounds; not cut at a limit of
    quantification, which is the assay's and not the patient's. Where residuals are correlated, the `weeks` of
    the visits are needed.
    """
    mu = draws["expected"]
    if spec.residuals is not None:
        assert weeks is not None
        return recorded(spec, mu + correlated_noise(draws, mu.shape, weeks, spec.residuals.gap, rng))
    return recorded(spec, spec.likelihood.draw(mu, likelihood_values(spec, draws, 2), spec.outcome, rng))


def recorded(spec: ModelSpec, latent: np.ndarray) -> np.ndarray:
    """Return latent values g(y*) as they would be written down, any shape; counts and categories stay."""
    if not spec.likelihood.on_link:
        return latent
    if spec.binary:
        return np.where(latent > 0.0, 1.0, 0.0)
    value = spec.link.inverse(latent)
    if spec.rounding:
        value = np.round(value / spec.rounding) * spec.rounding
    return np.clip(value, spec.outcome.lower, spec.outcome.upper)
