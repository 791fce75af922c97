"""Patients' levels and responses, and what is expected of them, as lines of a PyMC script."""

from __future__ import annotations

from typing import NamedTuple

from ra_bayes.model.script_people import shift_of
from ra_bayes.model.script_priors import own_response
from ra_bayes.model.spec import ModelSpec

__all__ = ["ALONE", "Tie", "patient_lines"]


class Tie(NamedTuple):
    """What ties an outcome's patients to the other outcomes of a joint model, as expressions of the script.

    Parameters
    ----------
    level, response
        Loading of the level's and of the response's score on its factor, with its sign; empty if it has none.
    factor_of_level
        The factor that ties levels: of an outcome met or not the responder factor.
    score_of_level, score_of_response
        Standard normal scores (patient) that one matrix of correlations ties; empty if factors do.
    """

    level: str = ""
    response: str = ""
    factor_of_level: str = "baseline_factor"
    score_of_level: str = ""
    score_of_response: str = ""


ALONE = Tie()


def patient_lines(model: ModelSpec, tie: Tie = ALONE) -> str:
    """Return lines that define every patient's level and response, and ``expected`` (patient, visit)."""
    level, change = shift_of(model, "level"), shift_of(model, "change")
    lines = [_level(f"baseline_mean{level}", tie)]
    if own_response(model):
        score = f"(patient_level - baseline_mean{level.replace(' + ', ' - ')}) / baseline_sd"
        lines.append(_response(f"{change.removeprefix(' + ')}\n    + " if change else "", score, tie))
    treated = " + treated[:, None] * effect[None, :]" if model.arm is not None else ""
    if not own_response(model) and change:
        treated += f" + ({change.removeprefix(' + ')})[:, None] * response_shape[None, :]"
    lines.append((_EXPECTED if own_response(model) else _SHARED).format(treated=treated))
    return "".join(lines).strip("\n")


def _level(mean: str, tie: Tie) -> str:
    if tie.score_of_level:
        return _SCORED_LEVEL.format(mean=mean, score=tie.score_of_level)
    if not tie.level:
        return _LEVEL.format(mean=mean)
    return _TIED_LEVEL.format(mean=mean, loading=tie.level, factor=tie.factor_of_level)


def _response(change: str, score: str, tie: Tie) -> str:
    if tie.score_of_response:
        return _SCORED_RESPONSE.format(change=change, score=tie.score_of_response)
    if not tie.response:
        return _RESPONSE.format(change=change, score=score)
    return _TIED_RESPONSE.format(change=change, score=score, loading=tie.response)


_LEVEL = """
# Each patient's level.
patient_level = pm.Normal("patient_level", {mean}, baseline_sd, dims="patient")
"""

_TIED_LEVEL = """
# Each patient's level: Normal(baseline_mean, baseline_sd), a part of it by the factor.
level_loading = {loading}
patient_level = pm.Normal(
    "patient_level",
    {mean} + baseline_sd * level_loading * {factor},
    baseline_sd * pt.sqrt(1 - level_loading**2),
    dims="patient",
)
"""

_SCORED_LEVEL = """
# Each patient's level.
patient_level = pm.Deterministic(
    "patient_level", {mean} + baseline_sd * {score}, dims="patient"
)
"""

_RESPONSE = """
# How far a patient's change goes beyond the mean's: Normal(0, response_sd), correlated with the level.
patient_response = pm.Normal(
    "patient_response",
    {change}response_sd * correlation * {score},
    response_sd * pt.sqrt(1 - correlation**2),
    dims="patient",
)
"""

_TIED_RESPONSE = """
# How far a patient's change goes beyond the mean's: Normal(0, response_sd), correlated with the level; of
# what is left a part by the responder factor.
response_loading = {loading}
own_sd = response_sd * pt.sqrt(1 - correlation**2)
patient_response = pm.Normal(
    "patient_response",
    {change}response_sd * correlation * {score}
    + own_sd * response_loading * responder_factor,
    own_sd * pt.sqrt(1 - response_loading**2),
    dims="patient",
)
"""

_SCORED_RESPONSE = """
# How far a patient's change goes beyond the mean's.
patient_response = pm.Deterministic(
    "patient_response", {change}response_sd * {score}, dims="patient"
)
"""

_EXPECTED = """expected = pm.Deterministic(
    "expected",
    patient_level[:, None]
    + mean_change[None, :]
    + patient_response[:, None] * response_shape[None, :]{treated},
    dims=("patient", "visit"),
)
"""

_SHARED = """
# All change as the mean does.
expected = pm.Deterministic(
    "expected", patient_level[:, None] + mean_change[None, :]{treated}, dims=("patient", "visit")
)
"""
