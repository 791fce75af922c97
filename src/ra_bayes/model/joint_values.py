"""From the raw variables of a joint model of records to its parameters: one text for PyTensor and for NumPy.

mu_kij = A_ki + f_k(t_j) + p_k r_k(t_j) + [i treated] d_k(t_j) + b_ki r_k(t_j)   outcome k, patient i, visit j

with each outcome's own equations (:mod:`~ra_bayes.model.predictor`), patients' scores tied as
:mod:`~ra_bayes.model.joint_ties` says, p_k a draw of what placebo arms did where the joint page centres
changes on it (else 0), and the standard normal scores of effects composed, where the page relates them, as
s_k sqrt(rho) g + sqrt(1 - rho) z_k: of f with one g, of the difference between arms d with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ra_bayes.model.joint_kinds import Kind
from ra_bayes.model.joint_people import shifts
from ra_bayes.model.joint_structure import JointRecords
from ra_bayes.model.joint_ties import Join, Scores, factor_scores, lkj_factor, matrix_scores, whitened
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.people import EFFECT, effect
from ra_bayes.model.priors import Parameter, from_raw, raw_name

__all__ = ["joint_values", "level_scores", "population_values"]

type Values = dict[str, Any]


def joint_values(
    records: JointRecords, raw: Mapping[str, Any], numbers: Mapping[str, Any], ns: Namespace, join: Join
) -> Values:
    """Return a joint model's parameters on the links' scales, any leading dimensions.

    Parameters
    ----------
    records
        The layout.
    raw
        Raw variables; :func:`~ra_bayes.model.joint_draws.draw_joint_prior` lists them.
    numbers
        The model's data, from :meth:`JointRecords.data`.
    ns, join
        NumPy's or PyTensor's functions, and what concatenates along an axis.

    Returns
    -------
    dict
        What :func:`population_values` returns; ``patient_level``, ``patient_response`` (..., outcome,
        patient); and the ``scores``.
    """
    values = population_values(records, raw, numbers, ns, join)
    scores = _scores(records, values, raw, numbers, join)
    if scores.correlation is not None:
        values["correlation"] = scores.correlation
    rho = values["correlation"][..., None]
    level = values["baseline_mean"][..., None] + values["baseline_sd"][..., None] * scores.level
    response = rho * scores.level + (1.0 - rho**2) ** 0.5 * scores.response
    response = values["response_sd"][..., None] * response
    if "level_shift" in values:
        level = level + values["level_shift"]
    if "change_shift" in values:
        response = response + values["change_shift"]
    return values | {"patient_level": level, "patient_response": response, "scores": scores}


def population_values(
    records: JointRecords, raw: Mapping[str, Any], numbers: Mapping[str, Any], ns: Namespace, join: Join
) -> Values:
    """Return what a joint model says of the population, any leading dimensions.

    Parameters
    ----------
    records, raw, numbers, ns, join
        As for :func:`joint_values`; nothing of the patients' is read.

    Returns
    -------
    dict
        Each of the patients' parameters (..., outcome); ``noiseNUMBER_NAME`` of other likelihoods than the
        normal one and ``chainNUMBER_NAME`` of residuals that follow each other (..., outcome of it);
        ``KIND_NAME`` of the trajectories' and ``KIND_walk_step``; ``mean_change``, ``response_shape``
        (..., outcome, visit), and of two arms ``effect``; ``placebo_response`` (..., outcome) if there is
        one; what :func:`~ra_bayes.model.joint_people.shifts` returns; ``loading_response``,
        ``loading_level`` and ``loading_rate`` (..., outcome) or the ``factor`` of the correlation matrix.
    """
    values = {each.name: _patients_parameter(each, records, raw, numbers, ns) for each in records.common}
    for start, parameters, _ in records.own_parameters:
        for each in parameters:
            prior, score = numbers[f"prior_{start}{each.name}"], raw[f"{start}{raw_name(each)}"]
            values[f"{start}{each.name}"] = from_raw(each, score, prior[:, 0], prior[:, 1], ns)
        if f"{start}residual_z" in raw:
            values[f"{start}residual_z"] = raw[f"{start}residual_z"]
    means, shapes, effects = [], [], []
    for place, kind in enumerate(records.kinds):
        own = _trajectory_values(place, kind, raw, numbers, ns)
        constants = {name: numbers[f"{name}_{place}"] for name in kind.constants}
        means.append(kind.trajectory.mean(own, constants, ns))
        # Some shapes have no parameter, and so no dimension of draws.
        shapes.append(kind.trajectory.response(own, constants, ns) + 0.0 * means[-1])
        values |= {f"{place}_{name}": each for name, each in own.items()}
        if kind.arm is not None:
            effects.append(effect(kind.arm, own, constants, ns))
    mean, shape = (each[0] if len(each) == 1 else join(each, -2) for each in (means, shapes))
    if "placebo_z" in raw:
        placebo = numbers["placebo"][:, 0] + numbers["placebo"][:, 1] * raw["placebo_z"]
        values["placebo_response"] = placebo
        mean = mean + placebo[..., None] * shape
    values |= {"mean_change": mean, "response_shape": shape}
    if effects:
        values["effect"] = effects[0] if len(effects) == 1 else join(effects, -2)
    values |= shifts(raw, numbers, records.pages, ns)
    return values | _loadings(records, raw, numbers, ns, join)


def level_scores(
    records: JointRecords, values: Mapping[str, Any], raw: Mapping[str, Any], numbers: Mapping[str, Any]
) -> Any:
    """Return the scores of levels sampled as they are, of the measured outcomes; None if they are not.

    They are sampled in units of the prior, so that every outcome starts the sampler in the same place.
    """
    if "patient_level_c" not in raw:
        return None
    measured = records.measured
    middle = numbers["prior_baseline_mean"][:measured, 0][..., None]
    unit = numbers["prior_baseline_sd"][:measured, 0][..., None]
    mean, spread = (values[name][..., :measured, None] for name in ("baseline_mean", "baseline_sd"))
    if "level_shift" in values:
        mean = mean + values["level_shift"][..., :measured, :]
    return (middle + unit * raw["patient_level_c"] - mean) / spread


def _patients_parameter(
    parameter: Parameter,
    records: JointRecords,
    raw: Mapping[str, Any],
    numbers: Mapping[str, Any],
    ns: Namespace,
) -> Any:
    score = raw[raw_name(parameter)]
    if parameter.name == "baseline_mean" and "related_step" in raw and records.measured < len(records.pages):
        # The rate is the effect on an outcome that is met or not, and no other's level is one.
        binary = [float(page.binary) for page in records.pages]
        score = _related(score, numbers["sign_effect"] * binary, _common(raw, numbers), numbers["related"])
    prior = numbers[f"prior_{parameter.name}"]
    return from_raw(parameter, score, prior[:, 0], prior[:, 1], ns)


def _trajectory_values(
    place: int, kind: Kind, raw: Mapping[str, Any], numbers: Mapping[str, Any], ns: Namespace
) -> Values:
    found: Values = {}
    related = "related_step" in raw
    sign: Any = numbers["sign_effect"][kind.places] if related else None
    for parameter in kind.parameters:
        score, of_arms = raw[f"{place}_{raw_name(parameter)}"], parameter.name.startswith(EFFECT)
        # An outcome that is met or not has its effect in its rate; between arms, where others have it.
        if related and parameter.family == "shift" and (kind.measured or of_arms):
            common = _common(raw, numbers, EFFECT if of_arms else "")[..., kind.places]
            score = _related(score, sign, common, numbers["related"])
        prior = numbers[f"prior_{place}_{parameter.name}"]
        found[parameter.name] = from_raw(parameter, score, prior[:, 0], prior[:, 1], ns)
    if kind.steps:
        steps = _steps(place, kind, raw, found, numbers)
        if related and kind.measured:
            steps = _related(steps, sign[:, None], raw["related_step"][..., None, :], numbers["related"])
        found["walk_step"] = steps
    if kind.effect_steps:
        steps = raw[f"{place}_{EFFECT}walk_step"]
        if related:
            common = raw[f"{EFFECT}related_step"][..., None, :]
            steps = _related(steps, sign[:, None], common, numbers["related"])
        found[f"{EFFECT}walk_step"] = steps
    return found


def _steps(
    place: int, kind: Kind, raw: Mapping[str, Any], values: Mapping[str, Any], numbers: Mapping[str, Any]
) -> Any:
    """Return a trajectory's standard normal steps, which may be sampled times their scale over its median."""
    if f"{place}_walk_c" not in raw:
        return raw[f"{place}_walk_step"]
    (scale,) = kind.step_scale
    unit = numbers[f"prior_{place}_{scale}"][:, 0][:, None]
    return raw[f"{place}_walk_c"] * unit / values[scale][..., None]


def _common(raw: Mapping[str, Any], numbers: Mapping[str, Any], of: str = "") -> Any:
    """Return the common effect, or difference, at each outcome's reference week, with SD 1 (..., outcome)."""
    return (raw[f"{of}related_step"][..., None, :] * numbers["common_weight"]).sum(axis=-1)


def _related(score: Any, sign: Any, common: Any, correlation: Any) -> Any:
    return sign * correlation**0.5 * common + (1.0 - sign**2 * correlation) ** 0.5 * score


def _loadings(
    records: JointRecords, raw: Mapping[str, Any], numbers: Mapping[str, Any], ns: Namespace, join: Join
) -> Values:
    """Return signed loadings, or the factor of the correlation matrix."""
    if records.matrix:
        return {"factor": lkj_factor(raw["partial_u"], 2 * len(records.pages), ns, join)}
    measured, prior = records.measured, numbers["prior_loading"]
    loading = ns.ndtr(prior[0] + prior[1] * raw["loading_z"])
    prior = numbers["prior_baseline"]
    baseline = ns.ndtr(prior[0] + prior[1] * raw["baseline_loading_z"])
    found = {
        "loading_response": numbers["sign_response"] * loading[..., :measured],
        "loading_level": numbers["sign_level"] * baseline,
    }
    if measured < len(records.pages):
        found["loading_rate"] = numbers["sign_rate"] * loading[..., measured:]
    return found


def _scores(
    records: JointRecords,
    values: Mapping[str, Any],
    raw: Mapping[str, Any],
    numbers: Mapping[str, Any],
    join: Join,
) -> Scores:
    level = level_scores(records, values, raw, numbers)
    if not records.matrix:
        loadings = {
            name: values[f"loading_{name}"]
            for name in ("response", "level", "rate")
            if f"loading_{name}" in values
        }
        return factor_scores(level, raw, loadings, join)
    own = (
        raw["patient_level_z"] if level is None else whitened(values["factor"], level, records.measured, join)
    )
    return matrix_scores(values["factor"], join([own, raw["patient_score_z"]], -2), len(records.pages))
