"""Who the patients are before any record: their arm, and covariates such as age, sex or dose.

    mu_ij += [i treated] d(t_j)                  d(t) a trajectory of its own, zero at week 0
    A_i   += x_ik beta_k    or    b_i += x_ik beta_k          x = (value - centre) / scale

Both arms start alike, as randomised arms do: there is one baseline mean, and the baseline is one of the
records (constrained longitudinal analysis, Liang and Zeger 2000, Sankhya B 62:134). So the outcome's own
baseline is adjusted for as it stands, and is no covariate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.cohort import Cohort
from ra_bayes.errors import FitError
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.model.trajectories import Trajectory

__all__ = [
    "EFFECT",
    "Arm",
    "Covariate",
    "People",
    "covariate_shift",
    "effect",
    "effect_constants",
    "people_of",
]

type Array = NDArray[np.float64]

# What the names of the effect's parameters, steps and constants begin with.
EFFECT = "effect_"


@dataclass(frozen=True, slots=True)
class Arm:
    """Two arms of one trial.

    Parameters
    ----------
    control
        Name of the control arm in the cohort.
    trajectory
        Shape of the difference between the arms over time.
    """

    control: str
    trajectory: Trajectory

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The trajectory's, named and meant as those of a difference."""
        return tuple(
            replace(each, name=EFFECT + each.name, meaning=_between_arms(each.meaning))
            for each in self.trajectory.parameters
        )


def _between_arms(meaning: str) -> str:
    """Say of a mean change that it is the difference of two."""
    changed = meaning.replace("population mean change", "difference between arms in the mean change")
    return changed if changed != meaning else f"of the difference between arms: {meaning}"


@dataclass(frozen=True, slots=True)
class Covariate:
    """Something known of a patient before any record.

    Parameters
    ----------
    name
        What its coefficient is called, after ``covariate_``.
    column
        Column of the cohort's table, or an outcome whose baseline value is meant.
    category
        Text that counts as 1, all others as 0; empty for a number.
    centre, scale
        x = (value - centre) / scale.
    moves
        Whether it adds to a patient's level or to their change at the reference week.
    """

    name: str
    column: str
    category: str
    centre: float
    scale: float
    moves: Literal["level", "change"]

    @property
    def parameter(self) -> Parameter:
        """Its coefficient."""
        unit = f"{self.column} {self.category!r}" if self.category else f"{self.scale:g} of {self.column}"
        what = "level" if self.moves == "level" else "change at the reference week"
        return Parameter(f"covariate_{self.name}", "shift", f"what {unit} adds to a patient's {what}")


@dataclass(frozen=True, eq=False)
class People:
    """Arms and covariates of the patients on a grid.

    Parameters
    ----------
    arms
        Each patient's arm; empty if the model has none.
    treated
        1 in the treated arm, 0 in the control arm (patient).
    covariates
        x by covariate of the page (patient, covariate).
    """

    arms: tuple[str, ...]
    treated: Array
    covariates: Array


def effect(arm: Arm, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
    """Return d at the visits, shape (..., visit).

    Parameters
    ----------
    arm
        The arms.
    values, constants
        Parameters and the trajectory's data, under names that begin with :data:`EFFECT`, others besides.
    ns
        NumPy's or PyTensor's functions.
    """
    own, numbers = (
        {name.removeprefix(EFFECT): each for name, each in given.items() if name.startswith(EFFECT)}
        for given in (values, constants)
    )
    return arm.trajectory.mean(own, numbers, ns)


def effect_constants(arm: Arm, weeks: Array, reference: float) -> dict[str, np.ndarray]:
    """Return the data of d, under names that begin with :data:`EFFECT`; a difference has no r.

    Arms are taken to be alike at week 0, at whatever week the mean's course is anchored.
    """
    found = arm.trajectory.constants(weeks, reference, 0.0)
    return {EFFECT + name: each for name, each in found.items() if name != "response_shape"}


def covariate_shift(
    covariates: Sequence[Covariate], moves: str, values: Mapping[str, Any], x: Any
) -> Any | None:
    """Return what covariates add to level or change, shape (..., patient); None if no covariate does."""
    terms = [
        values[each.parameter.name][..., None] * x[:, k]
        for k, each in enumerate(covariates)
        if each.moves == moves
    ]
    return sum(terms[1:], terms[0]) if terms else None


def people_of(arm: Arm | None, covariates: Sequence[Covariate], cohort: Cohort, model: str) -> People | None:
    """Return arms and covariates of a cohort's patients; None if the model has neither.

    Raises
    ------
    FitError
        If the cohort has not the two arms that the model compares, or lacks a covariate of a patient.
    """
    if arm is None and not covariates:
        return None
    arms = () if arm is None else _arms(arm, cohort, model)
    x = [[_value(each, patient, cohort, model) for each in covariates] for patient in cohort.patients]
    treated = np.zeros(len(cohort.patients))
    if arm is not None:
        treated = np.array([float(own != arm.control) for own in arms])
    return People(arms, treated, np.array(x, dtype=float).reshape(len(cohort.patients), len(covariates)))


def _arms(arm: Arm, cohort: Cohort, model: str) -> tuple[str, ...]:
    own = dict(cohort.arms)
    found = sorted({*own.values()})
    if len(found) != 2 or arm.control not in found:
        told = f"{len(found)} arms ({', '.join(found)})" if found else "no column arm"
        raise FitError(
            f"model {model!r} compares a treated arm with the control arm {arm.control!r}, and {cohort.name} "
            f"has {told}; give it both, or name its control arm under [arm]"
        )
    return tuple(own[patient] for patient in cohort.patients)


def _value(covariate: Covariate, patient: str, cohort: Cohort, model: str) -> float:
    text = _text(covariate, patient, cohort, model)
    if covariate.category:
        return (float(text == covariate.category) - covariate.centre) / covariate.scale
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise FitError(
            f"model {model!r}: {covariate.column} of patient {patient!r} is {text!r}, which is no number; "
            f'write a number in the table, or category = "{text}" under [[covariate]]'
        )
    return (value - covariate.centre) / covariate.scale


def _text(covariate: Covariate, patient: str, cohort: Cohort, model: str) -> str:
    """Return what the table says, or the baseline value of an outcome."""
    for row in cohort.covariates:
        if (row.patient, row.name) == (patient, covariate.column):
            return row.value
    if covariate.column in cohort.outcomes:
        for record in cohort.of(covariate.column):
            if record.patient == patient and record.week == 0 and not record.limit:
                return repr(record.value)
        raise FitError(
            f"model {model!r}: patient {patient!r} has no {covariate.column} at week 0 that is a number, "
            "which is a covariate; leave the patient out or the covariate"
        )
    known = sorted({row.name for row in cohort.covariates})
    have = f"it has {', '.join(known)}" if known else "no column was read as one"
    raise FitError(
        f"model {model!r}: {cohort.name} has no covariate {covariate.column!r} of patient {patient!r} "
        f'({have}); read the cohort with covariates=("{covariate.column}",) and fill its cells, or leave the '
        "covariate out"
    )
