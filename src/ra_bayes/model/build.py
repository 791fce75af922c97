"""From a model page to a `pm.Model`. Every number enters as `pm.Data`, so that one compiled model serves
every outcome, prior and subset of patients of the same structure.

A structure is a trajectory, a way of sampling the patients' levels, and the shape of the grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from ra_bayes.model.likelihoods import CELL, POINT
from ra_bayes.model.likelihoods.normal import Normal
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.numbers import declare
from ra_bayes.model.people import EFFECT, covariate_shift, effect, effect_constants
from ra_bayes.model.predictor import expected, patient_effects
from ra_bayes.model.priors import Parameter, from_raw, raw_name
from ra_bayes.model.records import Grid, records_in_order
from ra_bayes.model.residuals import log_density
from ra_bayes.model.spec import ModelSpec

__all__ = ["Structure", "build", "data", "record_data", "structure"]

type Levels = Literal["centred", "non-centred"]


class Structure(NamedTuple):
    """What a compiled model is specific to; everything else is data.

    ``levels`` says how patients' levels are sampled: ``"centred"`` (as they are: best where their
    visits pin them) or ``"non-centred"`` (as standard normal scores: best where they do not);
    ``effect`` is the trajectory of the difference between arms, ``moves`` what each covariate moves;
    ``residuals`` says whether they are correlated, and whether any record is a cell.
    """

    shape: str
    levels: Levels
    patients: int
    visits: int
    priors: tuple[str, ...]
    likelihood: str = "normal"
    effect: str = ""
    moves: tuple[str, ...] = ()
    residuals: str = ""


def structure(spec: ModelSpec, records: Grid, levels: Levels = "centred") -> Structure:
    """Return the structure of a model on a grid."""
    return Structure(
        spec.shape,
        levels,
        *records.shape,
        priors=tuple(prior.parameter.name for prior in spec.priors),
        likelihood=spec.likelihood.name,
        effect="" if spec.arm is None else spec.arm.trajectory.name,
        moves=tuple(covariate.moves for covariate in spec.covariates),
        residuals=_residuals(spec, records),
    )


def _residuals(spec: ModelSpec, records: Grid) -> str:
    if spec.residuals is None:
        return ""
    return "ar1 with cells" if (records.kind == CELL).any() else "ar1"


def data(spec: ModelSpec, records: Grid, repeat: int = 1) -> dict[str, np.ndarray]:
    """Return every number of the model as the arrays that :func:`build` declares as data.

    Every record is there `repeat` times.
    """
    priors = {
        f"prior_{prior.parameter.name}": np.asarray(prior.numbers, dtype=float) for prior in spec.priors
    }
    constants = spec.trajectory.constants(records.weeks, spec.reference_week, spec.anchor_week)
    constants |= spec.likelihood.constants(spec.outcome)
    own = record_data(records, repeat) if spec.residuals is None else _ordered_data(spec, records)
    return {**priors, **constants, **_people_data(spec, records), **own}


def _people_data(spec: ModelSpec, records: Grid) -> dict[str, np.ndarray]:
    people = records.people
    if people is None:
        return {}
    found = {}
    if spec.arm is not None:
        found = effect_constants(spec.arm, records.weeks, spec.reference_week)
        found["treated"] = people.treated
    return found | ({"covariates": people.covariates} if spec.covariates else {})


def record_data(records: Grid, repeat: int = 1) -> dict[str, np.ndarray]:
    """Return the records as the model's data: points and cells apart, each with its place on the grid."""
    point, cell = (np.tile(np.flatnonzero(records.kind == kind), repeat) for kind in (POINT, CELL))
    low, high = records.low.ravel(), records.high.ravel()
    return {
        "point_at": point,
        "point_value": low[point],
        "cell_at": cell,
        "cell_low": low[cell],
        "cell_high": high[cell],
    }


def _ordered_data(spec: ModelSpec, records: Grid) -> dict[str, np.ndarray]:
    """Return the records in order; what is said of cells only if there are any, since a model uses it all."""
    of_cells = () if _residuals(spec, records) == "ar1 with cells" else ("record_high", "record_cell")
    return {name: each for name, each in records_in_order(spec, records).items() if name not in of_cells}


def build(spec: ModelSpec, records: Grid, levels: Levels = "centred", *, packed: bool = False) -> pm.Model:
    """Return the PyMC model of a page and a cohort's records.

    The sampled variables are raw: ``NAME_z``, ``correlation_u`` (see :mod:`ra_bayes.model.priors`),
    ``walk_step``, and for each patient ``patient_response_z`` and ``patient_level_c`` or ``_z``. With
    `packed` the numbers come in two vectors (:mod:`ra_bayes.model.numbers`): the same density, faster.

    Examples
    --------
    >>> from ra_bayes.cohort import read_cohort
    >>> from ra_bayes.model.records import grid
    >>> from ra_bayes.model.spec_reader import load_model
    >>> from ra_bayes.resources import data_dir
    >>> cohort, spec = read_cohort(data_dir() / "synthetic_cohort.csv"), load_model("vas")
    >>> [each.name for each in build(spec, grid(spec, cohort)).observed_RVs]
    ['point', 'cell']
    """
    trajectory = spec.trajectory
    coords = {"patient": list(records.patients), "visit": records.weeks.tolist()}
    with pm.Model(coords=coords) as model:
        numbers = declare(data(spec, records), packed=packed)
        values = {
            each.name: _parameter(each, numbers[f"prior_{each.name}"])
            for each in (prior.parameter for prior in spec.priors)
        }
        steps = trajectory.steps(records.weeks.size)
        # At a single visit, as of a response asked for once, a walk has no step.
        values["walk_step"] = pm.Normal("walk_step", 0.0, 1.0, shape=steps) if steps else pt.zeros(0)
        shifts = (
            covariate_shift(spec.covariates, moves, values, numbers.get("covariates"))
            for moves in ("level", "change")
        )
        level_shift, response_shift = shifts
        own = _patients(values, numbers, levels, level_shift)
        level, response = patient_effects(values, own, level_shift, response_shift)
        mu = expected(trajectory, values, level, response, numbers, PYTENSOR)
        if spec.arm is not None:
            steps = spec.arm.trajectory.steps(records.weeks.size)
            if steps:
                values[EFFECT + "walk_step"] = pm.Normal(EFFECT + "walk_step", 0.0, 1.0, shape=steps)
            difference = effect(spec.arm, values, numbers, PYTENSOR)
            mu = mu + numbers["treated"][:, None] * difference[None, :]
        if spec.residuals is None:
            _observe(spec, values, mu.ravel(), numbers)
        else:
            _observe_in_order(_residuals(spec, records), values, mu.ravel(), numbers)
    return model


def _observe(spec: ModelSpec, values: Mapping[str, Any], mu: Any, numbers: Mapping[str, Any]) -> None:
    """Add the records."""
    likelihood = spec.likelihood
    # Points and cells apart: the tails of a cell cost five times what all the rest does, and most
    # outcomes have few. Their numbers may differ between outcomes without another compilation.
    names = [each.name for each in likelihood.parameters(spec.outcome)]
    constants = list(likelihood.constants(spec.outcome))
    given = [*(values[name] for name in names), *(numbers[name] for name in constants)]
    names += constants

    def log_point(value: Any, mu: Any, *own: Any) -> Any:
        return likelihood.log_point(value, mu, dict(zip(names, own, strict=True)), PYTENSOR)

    def log_cell(low: Any, mu: Any, *own: Any) -> Any:
        return likelihood.log_cell(low, own[-1], mu, dict(zip(names, own[:-1], strict=True)), PYTENSOR)

    at, value = mu[numbers["point_at"]], numbers["point_value"]
    if isinstance(likelihood, Normal):
        # As ever: another graph of the same density would give other draws from the same seed.
        pm.Normal("point", at, values["residual_sd"], observed=value)
    else:
        pm.CustomDist("point", at, *given, logp=log_point, observed=value)
    cell = mu[numbers["cell_at"]], *given, numbers["cell_high"]
    pm.CustomDist("cell", *cell, logp=log_cell, observed=numbers["cell_low"])


def _observe_in_order(kind: str, values: Mapping[str, Any], mu: Any, numbers: Mapping[str, Any]) -> None:
    """Add the records where residuals are correlated, with a score for every visit if some are cells."""
    at, score = numbers["record_at"], None
    if kind == "ar1 with cells":
        score = pm.Normal("residual_z", 0.0, 1.0, dims=("patient", "visit")).ravel()[at]
    pm.Potential("record", log_density(values, mu[at], score, numbers, PYTENSOR))


def _parameter(parameter: Parameter, numbers: Any) -> Any:
    name = raw_name(parameter)
    if parameter.family == "correlation":
        raw = pm.Beta(name, numbers[0], numbers[0])
    else:
        raw = pm.Normal(name, 0.0, 1.0)
    return from_raw(parameter, raw, numbers[0], numbers[1], PYTENSOR)


def _patients(
    values: Mapping[str, Any], numbers: Mapping[str, Any], levels: Levels, shift: Any | None
) -> dict[str, Any]:
    own = {"patient_response_z": pm.Normal("patient_response_z", 0.0, 1.0, dims="patient")}
    if levels == "non-centred":
        return {**own, "patient_level_z": pm.Normal("patient_level_z", 0.0, 1.0, dims="patient")}
    # In units of the prior, so that every outcome starts the sampler in the same place.
    middle, unit = numbers["prior_baseline_mean"][0], numbers["prior_baseline_sd"][0]
    centre = (values["baseline_mean"] - middle) / unit
    score = pm.Normal(
        "patient_level_c",
        centre if shift is None else centre + shift / unit,
        values["baseline_sd"] / unit,
        dims="patient",
    )
    return {**own, "patient_level": middle + unit * score}


def _log_ndtr(z: Any) -> Any:
    # Each branch sees only the arguments it can take: a NaN in the branch not chosen would still
    # reach the gradient.
    left, right = pt.minimum(z, 0.0), pt.maximum(z, 0.0)
    root2 = float(np.sqrt(2.0))
    below = pt.log(0.5 * pt.erfcx(-left / root2)) - 0.5 * left**2
    return pt.switch(z < 0.0, below, pt.log1p(-0.5 * pt.erfc(right / root2)))


def _ndtr(z: Any) -> Any:
    return 0.5 * pt.erfc(-z / float(np.sqrt(2.0)))


def _ndtri(p: Any) -> Any:
    # erfcinv keeps its digits for small p, where the quadrature nodes lie.
    return -float(np.sqrt(2.0)) * pt.erfcinv(2.0 * p)


def _log_expit(x: Any) -> Any:
    return -pt.softplus(-x)


PYTENSOR = Namespace(
    pt.exp,
    pt.log,
    pt.switch,
    pt.minimum,
    _ndtr,
    _ndtri,
    _log_ndtr,
    pt.log1mexp,
    pt.expm1,
    pt.log1p,
    _log_expit,
    pt.gammaln,
    pt.arcsinh,
)
