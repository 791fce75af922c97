"""From a joint model and records to a `pm.Model`: all outcomes in one, every number as `pm.Data`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from ra_bayes.model.build import PYTENSOR
from ra_bayes.model.joint_integrated import latent, log_density_of_records, residuals
from ra_bayes.model.joint_kinds import Chain, Noise
from ra_bayes.model.joint_people import moved_by_people
from ra_bayes.model.joint_structure import JointRecords, Ways
from ra_bayes.model.joint_ties import log_density_of_levels, whitened
from ra_bayes.model.joint_unstructured import precision, pull
from ra_bayes.model.joint_values import joint_values, level_scores, population_values
from ra_bayes.model.likelihoods.normal import log_cell
from ra_bayes.model.numbers import declare
from ra_bayes.model.people import EFFECT
from ra_bayes.model.priors import Parameter, raw_name
from ra_bayes.model.residuals import log_density_by_record

__all__ = ["as_they_are", "build_joint"]


def build_joint(records: JointRecords, levels: Ways = "centred", *, packed: bool = False) -> pm.Model:
    """Return the PyMC model of a joint model and records of several outcomes.

    The sampled variables are raw, as in :func:`~ra_bayes.model.build.build`, with a dimension of outcomes;
    those of trajectories begin with the number of their kind. Of patients integrated out nothing is sampled
    but where a record that is a cell lies in it, ``inside``.

    Examples
    --------
    >>> from ra_bayes.cohort import read_cohort
    >>> from ra_bayes.model.joint_reader import load_joint_model
    >>> from ra_bayes.model.joint_structure import make_joint_records
    >>> from ra_bayes.resources import data_dir
    >>> cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    >>> records = make_joint_records(load_joint_model("records"), cohort, ("vas", "il10"))
    >>> [each.name for each in build_joint(records).observed_RVs]
    ['point', 'cell']
    """
    with pm.Model() as model:
        numbers = declare(records.data(levels), packed=packed)
        raw = _raw(records, numbers, levels)
        if levels == "integrated":
            values = population_values(records, raw, numbers, PYTENSOR, _join)
            _walks_density(records, values, numbers)
            _records_density(records, values, raw.get("inside"), numbers)
            return model
        values = joint_values(records, raw, numbers, PYTENSOR, _join)
        if levels == "centred":
            _levels_density(records, values, raw, numbers)
        own = values["patient_response"][:, :, None] * values["response_shape"][:, None, :]
        mu = values["patient_level"][:, :, None] + values["mean_change"][:, None, :] + own
        if records.arms:
            mu = mu + numbers["treated"][:, None] * values["effect"][:, None, :]
        mu = mu.ravel()
        sd = values["residual_sd"]
        pm.Normal(
            "point",
            mu[numbers["point_at"]],
            sd[numbers["point_of"]],
            observed=numbers["point_value"],
        )
        pm.CustomDist(
            "cell",
            mu[numbers["cell_at"]],
            sd[numbers["cell_of"]],
            numbers["cell_high"],
            logp=_cell_logp,
            observed=numbers["cell_low"],
        )
        for number, noise in enumerate(records.noises):
            _observe(number, noise, mu, values, numbers)
        for number, chain in enumerate(records.chains):
            _observe_in_order(f"chain{number}_", chain, mu, values, numbers)
    return model


def _observe(number: int, noise: Noise, mu: Any, values: dict[str, Any], numbers: dict[str, Any]) -> None:
    """Add the records of outcomes under another likelihood than the normal one."""
    start, own = f"noise{number}_", [each.name for each in noise.parameters]
    constants = list(noise.likelihood.constants(noise.outcome))
    names = [*(["residual_sd"] if noise.scatters else []), *own, *constants]
    place = np.zeros(max(noise.places) + 1, dtype=int)
    place[list(noise.places)] = np.arange(len(noise.places))

    def given(of: Any) -> list[Any]:
        at = pt.as_tensor(place)[of]
        scatter = [values["residual_sd"][of]] if noise.scatters else []
        found = [values[f"{start}{name}"][at] for name in own]
        return [*scatter, *found, *(numbers[f"{start}{name}"][at] for name in constants)]

    def log_point(value: Any, mu: Any, *own: Any) -> Any:
        return noise.likelihood.log_point(value, mu, dict(zip(names, own, strict=True)), PYTENSOR)

    def log_cell_(low: Any, mu: Any, high: Any, *own: Any) -> Any:
        return noise.likelihood.log_cell(low, high, mu, dict(zip(names, own, strict=True)), PYTENSOR)

    parts = {name: numbers[f"{start}{name}"] for name in ("point_at", "point_of", "cell_at", "cell_of")}
    pm.CustomDist(
        f"{start}point",
        mu[parts["point_at"]],
        *given(parts["point_of"]),
        logp=log_point,
        observed=numbers[f"{start}point_value"],
    )
    pm.CustomDist(
        f"{start}cell",
        mu[parts["cell_at"]],
        numbers[f"{start}cell_high"],
        *given(parts["cell_of"]),
        logp=log_cell_,
        observed=numbers[f"{start}cell_low"],
    )


def _observe_in_order(
    start: str, chain: Chain, mu: Any, values: dict[str, Any], numbers: dict[str, Any]
) -> None:
    """Add the records of outcomes whose residuals follow each other."""
    made = {
        name.removeprefix(start): each for name, each in numbers.items() if name.startswith(f"{start}record_")
    }
    own = {
        "residual_sd": values["residual_sd"][made["record_of"]],
        "autocorrelation": values[f"{start}autocorrelation"][made["record_own"]],
    }
    score = values[f"{start}residual_z"].ravel()[made["record_score"]] if chain.cells else None
    pm.Potential(f"{start}record", log_density_by_record(own, mu[made["record_at"]], score, made, PYTENSOR))


def _raw(records: JointRecords, numbers: dict[str, Any], levels: Ways) -> dict[str, Any]:
    """Declare the sampled variables."""
    outcomes, measured, patients = len(records.pages), records.measured, len(records.patients)
    shapes: dict[str, tuple[int, ...]] = {}
    found: dict[str, Any] = {}
    for parameter in records.common:
        _declare(parameter, raw_name(parameter), numbers[f"prior_{parameter.name}"], outcomes, shapes, found)
    for place, kind in enumerate(records.kinds):
        for parameter in kind.parameters:
            prior = numbers[f"prior_{place}_{parameter.name}"]
            _declare(parameter, f"{place}_{raw_name(parameter)}", prior, kind.outcomes, shapes, found)
        if kind.steps and not records.walks_are_sampled(kind, levels):
            shapes[f"{place}_walk_step"] = kind.outcomes, kind.steps
        if kind.effect_steps:
            shapes[f"{place}_{EFFECT}walk_step"] = kind.outcomes, kind.effect_steps
    for start, parameters, places in records.own_parameters:
        for each in parameters:
            prior = numbers[f"prior_{start}{each.name}"]
            _declare(each, f"{start}{raw_name(each)}", prior, len(places), shapes, found)
    for number, chain in enumerate(records.chains):
        if chain.cells:
            shapes[f"chain{number}_residual_z"] = len(chain.places), *records.grids[0].shape
    if records.covariates:
        shapes["covariate_z"] = (len(records.covariates),)
    if "placebo" in numbers:
        shapes["placebo_z"] = (outcomes,)
    if "related" in numbers:
        shapes["related_step"] = (records.weeks.size - 1,)
        if records.arms:
            shapes[f"{EFFECT}related_step"] = (records.weeks.size - 1,)
    if records.matrix:
        size = 2 * outcomes
        found["partial_u"] = pm.Beta(
            "partial_u", numbers["lkj_shape"], numbers["lkj_shape"], shape=size * (size - 1) // 2
        )
        if levels != "integrated":
            shapes["patient_score_z"] = size - measured, patients
    else:
        shapes |= {"loading_z": (outcomes,), "baseline_loading_z": (measured,)}
        if levels != "integrated":
            shapes |= {"responder_factor": (patients,), "patient_response_z": (measured, patients)}
            if measured < outcomes:
                shapes["rate_level_z"] = outcomes - measured, patients
        if levels == "non-centred":
            shapes["baseline_factor"] = (patients,)
    if levels == "non-centred":
        shapes["patient_level_z"] = measured, patients
    # Their densities are the potentials `levels` and `records`.
    for name, shape in as_they_are(records, levels).items():
        found[name] = pm.Flat(name, shape=shape, initval=np.zeros(shape))
    # A variable without an element is none that a sampler knows.
    return found | {
        name: pm.Normal(name, 0.0, 1.0, shape=shape) if np.prod(shape) else pt.zeros(shape)
        for name, shape in shapes.items()
    }


def as_they_are(records: JointRecords, levels: Ways) -> dict[str, tuple[int, ...]]:
    """Return the shapes of what is sampled without a density of its own, by name: it starts at 0."""
    if levels != "integrated":
        patients = records.measured, len(records.patients)
        return {"patient_level_c": patients} if levels == "centred" else {}
    found: dict[str, tuple[int, ...]] = {
        f"{place}_walk_c": (kind.outcomes, kind.steps)
        for place, kind in enumerate(records.kinds)
        if records.walks_are_sampled(kind, levels)
    }
    return found | ({"inside": (records.cells.at.size,)} if records.cells.at.size else {})


def _declare(
    parameter: Parameter,
    name: str,
    prior: Any,
    size: int,
    shapes: dict[str, tuple[int, ...]],
    found: dict[str, Any],
) -> None:
    if parameter.family == "correlation":
        found[name] = pm.Beta(name, prior[:, 0], prior[:, 0], shape=size)
    else:
        shapes[name] = (size,)


def _walks_density(records: JointRecords, values: dict[str, Any], numbers: dict[str, Any]) -> None:
    """Add the density of walks sampled as they are, by change of variables from their steps."""
    for place, kind in enumerate(records.kinds):
        if records.walks_are_sampled(kind, "integrated"):
            (scale,) = kind.step_scale
            log_scale = pt.log(values[f"{place}_{scale}"] / numbers[f"prior_{place}_{scale}"][:, 0])
            steps = -0.5 * (values[f"{place}_walk_step"] ** 2 + float(np.log(2.0 * np.pi)))
            pm.Potential(f"{place}_walk", steps.sum() - kind.steps * log_scale.sum())


def _records_density(
    records: JointRecords, values: dict[str, Any], inside: Any | None, numbers: dict[str, Any]
) -> None:
    """Add the density of records, patients integrated out."""
    value, moved = numbers["record"], 0.0
    if inside is not None:
        places, log_moved = latent(inside, numbers, PYTENSOR)
        flat = pt.set_subtensor(value.ravel()[numbers["inside_at"]], places)  # type: ignore[no-untyped-call]
        value, moved = flat.reshape(value.shape), log_moved.sum()
    by_people = moved_by_people(values, numbers)
    if by_people is not None:
        value = value - by_people
    if records.matrix:
        density = _log_density_unstructured(len(records.pages), values, value, numbers)
    else:
        density = log_density_of_records(values, value, numbers["seen"], _join, PYTENSOR)
    pm.Potential("records", density.sum() + moved)


def _log_density_unstructured(
    outcomes: int, values: dict[str, Any], value: Any, numbers: dict[str, Any]
) -> Any:
    """Return the log density of each patient's records where every correlation is free."""
    residual, sd = residuals(values, value, numbers["seen"]), values["residual_sd"][:, None]
    alone = -0.5 * (residual**2).sum(axis=-1) / sd**2
    alone = alone - numbers["seen"].sum(axis=-1) * (pt.log(sd) + 0.5 * float(np.log(2.0 * np.pi)))
    factor = pt.linalg.cholesky(precision(values, numbers["pattern_seen"], outcomes, _join))
    log_root = pt.log(factor.diagonal(axis1=-2, axis2=-1)).sum(axis=-1)
    at = pull(values, residual, _join).T
    solved = pt.linalg.solve_triangular(factor[numbers["pattern"]], at, lower=True, b_ndim=1)
    return alone.sum(axis=0) - log_root[numbers["pattern"]] + 0.5 * (solved**2).sum(axis=-1)


def _levels_density(
    records: JointRecords, values: dict[str, Any], raw: dict[str, Any], numbers: dict[str, Any]
) -> None:
    """Add the density of levels sampled as they are, by change of variables from their scores."""
    measured = records.measured
    score = level_scores(records, values, raw, numbers)
    scale = pt.log(values["baseline_sd"][:measured] / numbers["prior_baseline_sd"][:measured, 0])
    if records.matrix:
        factor = values["factor"]
        own = whitened(factor, score, measured, _join)
        scale = scale + pt.log(pt.stack([factor[k, k] for k in range(measured)]))
        density = (-0.5 * own**2 - 0.5 * float(np.log(2.0 * np.pi))).sum()
    else:
        density = log_density_of_levels(score, values["loading_level"], PYTENSOR).sum()
    pm.Potential("levels", density - len(records.patients) * scale.sum())


def _join(parts: list[Any], axis: int) -> Any:
    return pt.concatenate(parts, axis=axis)  # type: ignore[no-untyped-call]


def _cell_logp(low: Any, mu: Any, residual_sd: Any, high: Any) -> Any:
    return log_cell(low, high, mu, residual_sd, PYTENSOR)
