"""A trial of one or two arms as a `pm.Model`: the model of a model page, with free means by arm and visit.

    mu_ij = A_i + f(t_j) + [i treated] d(t_j) + b_i r(t_j),        f(0) = d(0) = 0,

(A_i, b_i) as in :mod:`ra_bayes.model.predictor`, priors of the SDs and of the correlation as on a page. The
baseline mean, f and d have flat priors, but for the effect, d at the last visit (f, where there is one
arm), which may have a Normal one. It is what planning's fast engine integrates by quadrature, here for
NUTS, patients and all. Every number enters as data: one compiled model serves all trials with as many
patients, visits and arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from ra_bayes.errors import RaBayesError
from ra_bayes.model.build import PYTENSOR
from ra_bayes.model.likelihoods.normal import RESIDUAL_SD
from ra_bayes.model.numbers import declare
from ra_bayes.model.predictor import PATIENT_PARAMETERS, patient_effects
from ra_bayes.model.priors import from_raw, raw_name

__all__ = ["build_trial", "trial_data"]

_SCALES = (*(each for each in PATIENT_PARAMETERS if each.name != "baseline_mean"), RESIDUAL_SD)


def trial_data(
    y: np.ndarray,
    arm: np.ndarray,
    shape: np.ndarray,
    scales: Mapping[str, tuple[float, float]],
    effect: tuple[float, float] | None,
) -> dict[str, np.ndarray]:
    """Return a trial and its priors as the arrays that :func:`build_trial` declares as data.

    Parameters
    ----------
    y
        Records on the link's scale, NaN where there is none (patient, visit). The model sees them less the
        mean of all, which changes no effect.
    arm
        0 for treated, 1 for control (patient).
    shape
        r at the visits.
    scales
        Median and SD of the log of ``baseline_sd``, ``response_sd`` and ``residual_sd``; of ``correlation``
        the concentration and 0.
    effect
        Mean and SD of the effect's prior, None for flat.
    """
    there = np.isfinite(y)
    if not there.any():
        raise RaBayesError("the trial has no records; give one patient's baseline at least")
    at = np.flatnonzero(there)
    mean, sd = (0.0, np.inf) if effect is None else effect
    return {
        "point_at": at,
        "point_value": np.asarray(y, dtype=float).ravel()[at] - float(np.mean(y[there])),
        "treated": (np.asarray(arm) == 0).astype(float),
        "response_shape": np.asarray(shape, dtype=float),
        "effect_mean_precision": np.array([mean, sd**-2.0]),
        **{f"prior_{each.name}": np.array(scales[each.name], dtype=float) for each in _SCALES},
    }


def build_trial(data: Mapping[str, np.ndarray], arms: int, *, packed: bool = False) -> pm.Model:
    """Return the PyMC model of a trial; ``effect`` is a variable of its posterior.

    Parameters
    ----------
    data
        From :func:`trial_data`.
    arms
        One or two.
    packed
        Hand the numbers over in two vectors (see :mod:`ra_bayes.model.numbers`).
    """
    patients, visits = data["treated"].size, data["response_shape"].size
    with pm.Model() as model:
        numbers = declare(data, packed=packed)
        values = {}
        for each in _SCALES:
            first, second = numbers[f"prior_{each.name}"][0], numbers[f"prior_{each.name}"][1]
            unit = each.family == "correlation"
            raw = pm.Beta(raw_name(each), first, first) if unit else pm.Normal(raw_name(each), 0.0, 1.0)
            values[each.name] = from_raw(each, raw, first, second, PYTENSOR)
        values["baseline_mean"] = pm.Flat("baseline_mean")
        level = pm.Normal("patient_level", values["baseline_mean"], values["baseline_sd"], shape=patients)
        own = {
            "patient_level": level,
            "patient_response_z": pm.Normal("patient_response_z", 0.0, 1.0, shape=patients),
        }
        _, response = patient_effects(values, own)
        change = _from_zero(pm.Flat("change", shape=visits - 1))[None, :]
        if arms == 2:
            change = change + numbers["treated"][:, None] * _from_zero(
                pm.Flat("difference", shape=visits - 1)
            )
        effect = pm.Deterministic("effect", model["difference" if arms == 2 else "change"][-1])
        mean, precision = numbers["effect_mean_precision"][0], numbers["effect_mean_precision"][1]
        pm.Potential("effect_prior", -0.5 * precision * (effect - mean) ** 2)
        mu = level[:, None] + change + response[:, None] * numbers["response_shape"][None, :]
        pm.Normal(
            "point",
            mu.ravel()[numbers["point_at"]],
            values["residual_sd"],
            observed=numbers["point_value"],
        )
    return model


def _from_zero(free: Any) -> Any:
    return pt.concatenate([pt.zeros(1), free])  # type: ignore[no-untyped-call]
