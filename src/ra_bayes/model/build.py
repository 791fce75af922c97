"""From a model page to a `pm.Model`. Every number enters as `pm.Data`, so that one compiled model serves
every outcome, prior and subset of patients of the same structure.

A structure is a trajectory, a way of sampling the patients' levels, and the shape of the grid.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from ra_bayes.model.likelihoods import CELL, POINT
from ra_bayes.model.likelihoods.normal import log_cell
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.predictor import expected, patient_effects
from ra_bayes.model.priors import Parameter, from_raw, raw_name
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["Structure", "build", "data", "record_data", "structure"]

type Levels = Literal["centred", "non-centred"]


class Structure(NamedTuple):
    """What a compiled model is specific to; everything else is data.

    ``levels`` says how patients' levels are sampled: ``"centred"`` (as they are: best where their
    visits pin them) or ``"non-centred"`` (as standard normal scores: best where they do not).
    """

    shape: str
    levels: Levels
    patients: int
    visits: int
    priors: tuple[str, ...]


def structure(spec: ModelSpec, records: Grid, levels: Levels = "centred") -> Structure:
    """Return the structure of a model on a grid."""
    return Structure(spec.shape, levels, *records.shape, tuple(prior.parameter.name for prior in spec.priors))


def data(spec: ModelSpec, records: Grid) -> dict[str, np.ndarray]:
    """Return every number of the model as the arrays that :func:`build` declares as data."""
    priors = {
        f"prior_{prior.parameter.name}": np.asarray(prior.numbers, dtype=float) for prior in spec.priors
    }
    constants = spec.trajectory.constants(records.weeks, spec.reference_week, spec.anchor_week)
    return {**priors, **constants, **record_data(records)}


def record_data(records: Grid) -> dict[str, np.ndarray]:
    """Return the records as the model's data: points and cells apart, each with its place on the grid."""
    point, cell = (np.flatnonzero(records.kind == kind) for kind in (POINT, CELL))
    low, high = records.low.ravel(), records.high.ravel()
    return {
        "point_at": point,
        "point_value": low[point],
        "cell_at": cell,
        "cell_low": low[cell],
        "cell_high": high[cell],
    }


def build(spec: ModelSpec, records: Grid, levels: Levels = "centred") -> pm.Model:
    """Return the PyMC model of a page and a cohort's records.

    The sampled variables are raw: ``NAME_z``, ``correlation_u`` (see :mod:`ra_bayes.model.priors`),
    ``walk_step``, and for each patient ``patient_response_z`` and ``patient_level_c`` or ``_z``.

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
        numbers = {name: pm.Data(name, array) for name, array in data(spec, records).items()}
        values = {
            each.name: _parameter(each, numbers[f"prior_{each.name}"])
            for each in (prior.parameter for prior in spec.priors)
        }
        steps = trajectory.steps(records.weeks.size)
        if steps:
            values["walk_step"] = pm.Normal("walk_step", 0.0, 1.0, shape=steps)
        level, response = patient_effects(values, _patients(values, numbers, levels))
        mu = expected(trajectory, values, level, response, numbers, PYTENSOR).ravel()
        # Points and cells apart: the tails of a cell cost five times what all the rest does, and most
        # outcomes have few. Their numbers may differ between outcomes without another compilation.
        sd = values["residual_sd"]
        pm.Normal("point", mu[numbers["point_at"]], sd, observed=numbers["point_value"])
        pm.CustomDist(
            "cell",
            mu[numbers["cell_at"]],
            sd,
            numbers["cell_high"],
            logp=_cell_logp,
            observed=numbers["cell_low"],
        )
    return model


def _parameter(parameter: Parameter, numbers: Any) -> Any:
    name = raw_name(parameter)
    if parameter.family == "correlation":
        raw = pm.Beta(name, numbers[0], numbers[0])
    else:
        raw = pm.Normal(name, 0.0, 1.0)
    return from_raw(parameter, raw, numbers[0], numbers[1], PYTENSOR)


def _patients(values: dict[str, Any], numbers: dict[str, Any], levels: Levels) -> dict[str, Any]:
    own = {"patient_response_z": pm.Normal("patient_response_z", 0.0, 1.0, dims="patient")}
    if levels == "non-centred":
        return {**own, "patient_level_z": pm.Normal("patient_level_z", 0.0, 1.0, dims="patient")}
    # In units of the prior, so that every outcome starts the sampler in the same place.
    middle, unit = numbers["prior_baseline_mean"][0], numbers["prior_baseline_sd"][0]
    score = pm.Normal(
        "patient_level_c",
        (values["baseline_mean"] - middle) / unit,
        values["baseline_sd"] / unit,
        dims="patient",
    )
    return {**own, "patient_level": middle + unit * score}


def _cell_logp(low: Any, mu: Any, residual_sd: Any, high: Any) -> Any:
    return log_cell(low, high, mu, residual_sd, PYTENSOR)


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


PYTENSOR = Namespace(pt.exp, pt.log, pt.switch, pt.minimum, _ndtr, _ndtri, _log_ndtr, pt.log1mexp, pt.expm1)
