"""The linear predictor: every patient's expected value at every visit, on the link's scale.

    mu_ij = A_i + f(t_j) + b_i r(t_j)
    A_i = baseline_mean + baseline_sd * z_i
    b_i = response_sd * (correlation * z_i + sqrt(1 - correlation^2) * v_i)        z_i, v_i ~ N(0, 1)

so that (A_i, b_i) is bivariate normal. Two arms and covariates x (:mod:`ra_bayes.model.people`) add to it

    mu_ij += [i treated] d(t_j)      A_i += sum of x_i beta over covariates of the level
                                     b_i += sum of x_i beta over covariates of the change

with d another trajectory, zero at the anchor week. ``A_i`` is sampled as it is, but for the prior's own scale
(a patient's visits pin it), or through ``z_i`` (when they do not); ``b_i`` always through ``v_i``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.model.trajectories import Trajectory

__all__ = ["PATIENT_PARAMETERS", "expected", "patient_effects"]

PATIENT_PARAMETERS = (
    Parameter("baseline_mean", "level", "population mean at the anchor week"),
    Parameter("baseline_sd", "scale", "between-patient SD at the anchor week"),
    Parameter("response_sd", "scale", "between-patient SD of the true change at the reference week", True),
    Parameter("correlation", "correlation", "correlation of a patient's level with their change"),
)


def patient_effects(
    values: Mapping[str, Any],
    raw: Mapping[str, Any],
    level_shift: Any | None = None,
    response_shift: Any | None = None,
) -> tuple[Any, Any]:
    """Return every patient's level A_i and response b_i, shape (..., patient).

    Parameters
    ----------
    values
        The parameters of :data:`PATIENT_PARAMETERS`, any leading dimensions.
    raw
        ``patient_response_z`` and either ``patient_level`` or ``patient_level_z``.
    level_shift, response_shift
        What covariates add, (..., patient); None if there are none.
    """
    mean, spread = values["baseline_mean"][..., None], values["baseline_sd"][..., None]
    if level_shift is not None:
        mean = mean + level_shift
    if "patient_level" in raw:
        level = raw["patient_level"]
        score = (level - mean) / spread
    else:
        score = raw["patient_level_z"]
        level = mean + spread * score
    rho = values["correlation"][..., None]
    own = rho * score + (1.0 - rho**2) ** 0.5 * raw["patient_response_z"]
    response = values["response_sd"][..., None] * own
    return level, response if response_shift is None else response + response_shift


def expected(
    trajectory: Trajectory,
    values: Mapping[str, Any],
    level: Any,
    response: Any,
    constants: Mapping[str, Any],
    ns: Namespace,
) -> Any:
    """Return mu, shape (..., patient, visit)."""
    mean = trajectory.mean(values, constants, ns)
    shape = trajectory.response(values, constants, ns)
    return level[..., :, None] + mean[..., None, :] + response[..., :, None] * shape[..., None, :]
