"""Two arms and covariates (:mod:`ra_bayes.model.people`) as lines of a PyMC script."""

from __future__ import annotations

import re

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.model.people import EFFECT
from ra_bayes.model.records import Grid
from ra_bayes.model.script_text import comment, listed, number
from ra_bayes.model.spec import ModelSpec

__all__ = ["effect_lines", "people_lines", "shift_of"]


def people_lines(model: ModelSpec, records: Grid) -> str:
    """Return who is treated and the covariates, by patient; empty if the model has neither."""
    people = records.people
    if people is None:
        return ""
    lines = []
    if model.arm is not None:
        lines += [
            f"# 1 in the treated arm, 0 in the arm {model.arm.control!r}.",
            _by_patient("treated", records, people.treated),
            "treated = np.array([treated[each] for each in patients])",
            "start = weeks.index(0)  # where the arms are alike",
        ]
    for k, each in enumerate(model.covariates):
        what = f"1 where {each.column} is {each.category}, else 0" if each.category else each.column
        lines += [
            comment(f"({what}, less {number(each.centre)}) over {number(each.scale)}"),
            _by_patient(f"{each.name}_of", records, people.covariates[:, k]),
            f"{each.name}_of = np.array([{each.name}_of[each] for each in patients])",
        ]
    return "\n".join(lines)


def _by_patient(name: str, records: Grid, values: np.ndarray) -> str:
    pairs = (f"{patient!r}: {number(value)}" for patient, value in zip(records.patients, values, strict=True))
    return f"{name} = {{\n{listed(pairs, '    ')}\n}}"


def effect_lines(model: ModelSpec, records: Grid) -> str:
    """Return lines that define ``effect`` by visit: the trajectory's own, under names of its own.

    Raises
    ------
    RaBayesError
        If week 0, at which arms are alike, is not a visit.
    """
    assert model.arm is not None
    trajectory = model.arm.trajectory
    if 0.0 not in records.weeks:
        raise RaBayesError(
            f"model {model.name!r} cannot be written as a script: arms are alike at week 0, which is not a "
            "visit of the cohort; take the model as rb.fit builds it, ra_bayes.model.build.build"
        )
    lines = trajectory.script(records.weeks, model.reference_week, 0.0)
    own = {each.name for each in trajectory.parameters} | {*re.findall(r'pm\.\w+\(\s*"(\w+)"', lines)}
    for name in sorted(own - {"mean_change"}):
        lines = re.sub(rf"\b{name}\b", EFFECT + name, lines)
    lines = re.sub(r"\bmean_change\b", "effect", lines)
    lines = re.sub(r"\banchor\b", "start", lines)
    lines = lines.replace(
        "The population's mean change", "The difference between the arms in the mean change"
    )
    return re.sub(r"^response_shape = .*\n", "", lines, flags=re.MULTILINE)


def shift_of(model: ModelSpec, moves: str) -> str:
    """Return what covariates add to level or change, as a sum that starts with its sign; empty if nothing."""
    return "".join(
        f" + {each.parameter.name} * {each.name}_of" for each in model.covariates if each.moves == moves
    )
