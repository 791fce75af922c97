"""Draws of a joint model of records by NumPy alone: the prior, and each outcome's share of joint draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.joint_integrated import draw_scores, latent, residuals
from ra_bayes.model.joint_kinds import Kind
from ra_bayes.model.joint_people import moved_by_people
from ra_bayes.model.joint_structure import JointRecords
from ra_bayes.model.joint_ties import baseline_factor_given, response_loadings
from ra_bayes.model.joint_unstructured import draw_own_scores
from ra_bayes.model.joint_values import joint_values, population_values
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.people import EFFECT
from ra_bayes.model.priors import Prior, raw_name
from ra_bayes.model.simulate import log_prior

__all__ = [
    "draw_joint_prior",
    "joint_parameters",
    "log_joint_prior",
    "outcome_log_prior",
    "outcome_values",
    "to_joint_values",
    "with_empty",
    "with_patients",
]

type Draws = dict[str, np.ndarray]

# Records times draws that are held at once: 16 MB an array.
_AT_ONCE = 2_000_000


def draw_joint_prior(records: JointRecords, size: int, rng: np.random.Generator) -> Draws:
    """Draw raw variables from the prior, shape (size, ...): levels as scores, all else as it is sampled."""
    outcomes, measured, patients = len(records.pages), records.measured, len(records.patients)
    raw = {raw_name(each): _each(records.common_priors(each), size, rng) for each in records.common}
    shapes: dict[str, tuple[int, ...]] = {}
    for place, kind in enumerate(records.kinds):
        for each in kind.parameters:
            priors = [page.prior(each.name) for page in records.pages[kind.places]]
            raw[f"{place}_{raw_name(each)}"] = _each(priors, size, rng)
        if kind.steps:
            shapes[f"{place}_walk_step"] = kind.outcomes, kind.steps
        if kind.effect_steps:
            shapes[f"{place}_{EFFECT}walk_step"] = kind.outcomes, kind.effect_steps
    for start, parameters, places in records.own_parameters:
        for each in parameters:
            own = [records.pages[k].prior(each.name) for k in places]
            raw[f"{start}{raw_name(each)}"] = _each(own, size, rng)
    if records.placebo[:, 1].any():
        shapes["placebo_z"] = (outcomes,)
    if records.joint.related:
        shapes["related_step"] = (records.weeks.size - 1,)
        if records.arms:
            shapes[f"{EFFECT}related_step"] = (records.weeks.size - 1,)
    if records.covariates:
        shapes["covariate_z"] = (len(records.covariates),)
    shapes["patient_level_z"] = measured, patients
    if records.matrix:
        shape = records.data()["lkj_shape"]
        raw["partial_u"] = rng.beta(shape, shape, (size, shape.size))
        shapes["patient_score_z"] = 2 * outcomes - measured, patients
    else:
        shapes |= {"loading_z": (outcomes,), "baseline_loading_z": (measured,)}
        shapes |= {"responder_factor": (patients,), "baseline_factor": (patients,)}
        shapes["patient_response_z"] = measured, patients
        if measured < outcomes:
            shapes["rate_level_z"] = outcomes - measured, patients
    return raw | {name: rng.normal(size=(size, *shape)) for name, shape in shapes.items()}


def with_empty(records: JointRecords, raw: Mapping[str, np.ndarray]) -> Draws:
    """Return raw draws (chain, draw, ...) with what, for want of measured outcomes, has no element."""
    if records.measured:
        return dict(raw)
    lead, patients = next(iter(raw.values())).shape[:2], len(records.patients)
    shapes = {
        "patient_level_z": (0, patients),
        "patient_response_z": (0, patients),
        "baseline_loading_z": (0,),
    }
    return {name: np.zeros((*lead, *shape)) for name, shape in shapes.items()} | dict(raw)


def _each(priors: list[Prior], size: int, rng: np.random.Generator) -> np.ndarray:
    return np.stack([prior.draw(rng, size) for prior in priors], axis=-1)


def to_joint_values(records: JointRecords, raw: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the parameters of raw draws, as :func:`~ra_bayes.model.joint_values.joint_values` names them."""
    return joint_values(records, raw, records.data(), NUMPY, np.concatenate)


def with_patients(records: JointRecords, raw: Mapping[str, np.ndarray], rng: np.random.Generator) -> Draws:
    """Return raw draws (chain, draw, ...) of patients integrated out as draws in which patients are scores.

    Each patient's scores are drawn once for each draw of the population, given it and the records.
    """
    numbers, grid = records.data("integrated"), records.data("integrated")["record"]
    chains, draws = next(iter(raw.values())).shape[:2]
    size = max(1, _AT_ONCE // grid.size)
    parts = []
    for chain in range(chains):
        for begin in range(0, draws, size):
            part = {name: each[chain, begin : begin + size] for name, each in raw.items()}
            parts.append(_patients_of(records, part, numbers, rng))
    found = {
        name: np.concatenate([part[name] for part in parts]).reshape(chains, draws, *parts[0][name].shape[1:])
        for name in parts[0]
    }
    return {name: each for name, each in raw.items() if not name.endswith("_walk_c")} | found


def _patients_of(
    records: JointRecords, raw: Draws, numbers: Mapping[str, np.ndarray], rng: np.random.Generator
) -> Draws:
    values = population_values(records, raw, numbers, NUMPY, np.concatenate)
    value = numbers["record"]
    if "inside" in raw:
        inside, _ = latent(raw["inside"], numbers, NUMPY)
        value = np.tile(value, (inside.shape[0], 1, 1, 1))
        value.reshape(inside.shape[0], -1)[:, numbers["inside_at"]] = inside
    moved = moved_by_people(values, numbers)
    if moved is not None:
        value = value - moved
    # Of walks sampled themselves; steps that were sampled stay, for related ones are composed once more.
    sampled = [name.removesuffix("_walk_c") for name in raw if name.endswith("_walk_c")]
    walks = {f"{place}_walk_step": values[f"{place}_walk_step"] for place in sampled}
    if records.matrix:
        own = draw_own_scores(values, residuals(values, value, numbers["seen"]), numbers, rng)
        measured = records.measured
        return walks | {"patient_level_z": own[:, :measured], "patient_score_z": own[:, measured:]}
    (g, f), (u, w) = draw_scores(values, value, numbers["seen"], np.concatenate, rng)
    measured = records.measured
    found = {"baseline_factor": g, "responder_factor": f, "patient_level_z": u[:, :measured]}
    found["patient_response_z"] = w[:, :measured]
    if measured < len(records.pages):
        found["rate_level_z"] = u[:, measured:]
    return found | walks


def outcome_values(records: JointRecords, values: Mapping[str, Any], place: int) -> Draws:
    """Return one outcome's parameters as :func:`~ra_bayes.model.simulate.to_clinical` names them.

    Parameters
    ----------
    records
        The layout.
    values
        From :func:`to_joint_values`.
    place
        Of the outcome among all.
    """
    page = records.pages[place]
    have = {prior.parameter.name for prior in page.priors}
    found = {each.name: values[each.name][..., place] for each in records.common if each.name in have}
    for start, parameters, places in records.own_parameters:
        if place in places:
            at = places.index(place)
            found |= {each.name: values[f"{start}{each.name}"][..., at] for each in parameters}
            if f"{start}residual_z" in values:
                found["residual_z"] = values[f"{start}residual_z"][..., at, :, :]
    number, kind = _kind_of(records, place)
    own = place - kind.places.start
    found |= {each.name: values[f"{number}_{each.name}"][..., own] for each in kind.parameters}
    for name in _walks(kind):
        found[name] = values[f"{number}_{name}"][..., own, :]
    for at, each in enumerate(records.covariates):
        if each.place == place:
            found[each.covariate.parameter.name] = values["covariate"][..., at]
    names = ("patient_level", "patient_response", "mean_change", "response_shape")
    for name in (*names, "effect") if records.arms else names:
        found[name] = values[name][..., place, :]
    if "placebo_response" in values and records.placebo[place, 1]:
        found["placebo_response"] = values["placebo_response"][..., place]
    response = found["patient_response"][..., :, None] * found["response_shape"][..., None, :]
    found["expected"] = found["patient_level"][..., :, None] + found["mean_change"][..., None, :] + response
    if records.arms:
        people = records.grids[place].people
        assert people is not None
        found["expected"] = found["expected"] + people.treated[:, None] * found["effect"][..., None, :]
    return found


def _kind_of(records: JointRecords, place: int) -> tuple[int, Kind]:
    return next(
        (number, kind)
        for number, kind in enumerate(records.kinds)
        if kind.places.start <= place < kind.places.stop
    )


def _walks(kind: Kind) -> list[str]:
    """Return the names of a kind's steps."""
    named = (("walk_step", kind.steps), (f"{EFFECT}walk_step", kind.effect_steps))
    return [name for name, steps in named if steps]


def joint_parameters(
    records: JointRecords, values: Mapping[str, Any], raw: Mapping[str, np.ndarray], rng: np.random.Generator
) -> Draws:
    """Return what belongs to no outcome alone.

    Returns
    -------
    dict of ndarray
        ``response_correlation`` and ``level_correlation`` (..., outcome, other): of patients' responses, and
        of their levels, over the population; of an outcome met or not the response is its level. With
        factors also ``loading``, ``baseline_loading`` (..., outcome), 0 where an outcome is not tied, and
        ``responder_factor``, ``baseline_factor`` (..., patient), each only if the page has it.
    """
    measured, outcomes = records.measured, len(records.pages)
    if records.matrix:
        factor = values["factor"]
        of_response = [*range(outcomes, outcomes + measured), *range(measured, outcomes)]
        return {
            "response_correlation": _gram(factor[..., of_response, :]),
            "level_correlation": _gram(factor[..., :outcomes, :]),
        }
    loadings = {
        name: values[f"loading_{name}"]
        for name in ("response", "level", "rate")
        if f"loading_{name}" in values
    }
    correlation = values["correlation"][..., :measured]
    both = np.stack(response_loadings(correlation, loadings, np.concatenate), axis=-1)
    rates = loadings.get("rate", np.empty((*correlation.shape[:-1], 0)))
    nothing = np.zeros_like(rates)
    level = np.stack(
        [
            np.concatenate([loadings["level"], nothing], axis=-1),
            np.concatenate([np.zeros_like(loadings["level"]), rates], axis=-1),
        ],
        axis=-1,
    )
    found = {"response_correlation": _correlation(both), "level_correlation": _correlation(level)}
    signs = records.signs
    if records.joint.loading is not None:
        tied = np.concatenate([loadings["response"], rates], axis=-1)
        found["loading"] = np.abs(tied)
        found["responder_factor"] = raw["responder_factor"]
    if records.joint.baseline_loading is not None and signs["level"].any():
        found["baseline_loading"] = np.abs(np.concatenate([loadings["level"], nothing], axis=-1))
        score = values["scores"].level[..., :measured, :]
        found["baseline_factor"] = (
            raw["baseline_factor"]
            if "baseline_factor" in raw
            else baseline_factor_given(
                score, loadings["level"], rng.normal(size=raw["responder_factor"].shape)
            )
        )
    return found


def _gram(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows @ np.swapaxes(rows, -1, -2))


def _correlation(loadings: np.ndarray) -> np.ndarray:
    """Return the correlations that loadings (..., outcome, factor) leave, 1 on the diagonal."""
    found = _gram(loadings)
    at = np.arange(found.shape[-1])
    found[..., at, at] = 1.0
    return found


def log_joint_prior(records: JointRecords, raw: Mapping[str, np.ndarray]) -> Draws:
    """Return the log prior density of what ties outcomes (chain, draw), of the raw variables."""
    found: Draws = {}
    for name, prior in (
        ("loading", records.joint.loading),
        ("baseline_loading", records.joint.baseline_loading),
    ):
        if prior is not None and not records.matrix:
            found[name] = prior.log_density(raw[f"{name}_z"]).sum(axis=-1)
    return found


def outcome_log_prior(records: JointRecords, raw: Mapping[str, np.ndarray], place: int) -> Draws:
    """Return the log prior density of one outcome's parameters, as of a fit of it alone."""
    page = records.pages[place]
    found = {raw_name(each): raw[raw_name(each)][..., place] for each in records.common}
    number, kind = _kind_of(records, place)
    at = place - kind.places.start
    for start, parameters, places in records.own_parameters:
        if place in places:
            for each in parameters:
                found[raw_name(each)] = raw[f"{start}{raw_name(each)}"][..., places.index(place)]
    for each in kind.parameters:
        found[raw_name(each)] = raw[f"{number}_{raw_name(each)}"][..., at]
    for name in _walks(kind):
        found[name] = raw[f"{number}_{name}"][..., at, :]
    for of, covariate in enumerate(records.covariates):
        if covariate.place == place:
            found[raw_name(covariate.covariate.parameter)] = raw["covariate_z"][..., of]
    densities = log_prior(page, found)
    if records.matrix:
        densities.pop("correlation", None)  # it is of the matrix, not of the page
    return densities
