"""A page and its records as one PyMC script that needs nothing of ra_bayes: for a reviewer, or to go on from.

The script is put together from lines that stand beside what they say: a trajectory's in its file
(:class:`ScriptedTrajectory`), a likelihood's in its own (:class:`ScriptedLikelihood`); priors and records in
:mod:`ra_bayes.model.script_priors` and :mod:`ra_bayes.model.script_records`. It has the density of
:func:`ra_bayes.model.build.build`, written as one would by hand: parameters as they are instead of standard
scores, named dims, records by patient and week.

Lines of a trajectory or likelihood may use

    week, reference_week        weeks of the visits (array), the page's reference week
    anchor                      index of the visit at which the mean change is zero
    NAME                        every parameter of the page by its name
    expected                    mu (patient, visit); likelihoods only
    KIND_at, KIND_value         places in the grid and values, on the link's scale, of records of a kind:
                                points, below, above, between
    between_low, between_high   ends of records that are an interval

The difference between two arms takes its trajectory's lines under names that begin with ``effect_``
(:mod:`ra_bayes.model.script_people`).
"""

from __future__ import annotations

import textwrap
from typing import Protocol, runtime_checkable

import numpy as np

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model.built import refuse_builder
from ra_bayes.model.records import grid
from ra_bayes.model.script_people import effect_lines, people_lines, shift_of
from ra_bayes.model.script_priors import own_response, prior_lines, sampled
from ra_bayes.model.script_records import PLACES, Kind, grid_lines, link_function, placed, record_tables
from ra_bayes.model.script_residuals import residuals_script
from ra_bayes.model.script_text import comment, listed
from ra_bayes.model.spec import ModelSpec
from ra_bayes.outcome import Outcome

__all__ = ["ScriptedLikelihood", "ScriptedTrajectory", "as_pymc_script"]


@runtime_checkable
class ScriptedTrajectory(Protocol):
    """A trajectory that can be written as a script."""

    def script(self, weeks: np.ndarray, reference: float, anchor: float, /) -> str:
        """Return lines that define ``mean_change`` (a Deterministic by visit) and ``response_shape``.

        Steps between visits have the dim ``gap``.
        """


@runtime_checkable
class ScriptedLikelihood(Protocol):
    """A likelihood that can be written as a script."""

    def script(self, outcome: Outcome, kinds: frozenset[Kind], /) -> tuple[str, str]:
        """Return functions that the lines need, or an empty text, and the lines for records of these kinds.

        Where nothing lies on the link's scale all records are ``points``, as they were written down.
        """


def as_pymc_script(model: ModelSpec, cohort: Cohort) -> str:
    """Return a model of a cohort as a PyMC script that stands alone.

    Parameters
    ----------
    model
        A model page.
    cohort
        Its records are written into the script: who may read the one may read the other.

    Returns
    -------
    str
        Python that needs PyMC and ArviZ, samples the posterior and prints a summary.

    Raises
    ------
    RaBayesError
        If the model has a part that no script is written for yet, or the cohort does not fit it.

    Examples
    --------
    >>> from ra_bayes.cohort import read_cohort
    >>> from ra_bayes.model.spec_reader import load_model
    >>> from ra_bayes.resources import data_dir
    >>> script = as_pymc_script(load_model("vas"), read_cohort(data_dir() / "synthetic_cohort.csv"))
    >>> [line for line in script.splitlines() if "LogNormal" in line][0].strip()
    'baseline_sd = pm.LogNormal("baseline_sd", mu=np.log(17.0), sigma=0.35)'
    """
    refuse_builder(model, "scripts")
    trajectory, likelihood = _parts(model)
    records = grid(model, cohort)
    tables = record_tables(model, records)
    kinds = frozenset(tables)
    functions, observed = (
        likelihood.script(model.outcome, kinds)
        if model.residuals is None
        else residuals_script(model.residuals, kinds)
    )
    course = trajectory.script(records.weeks, model.reference_week, model.anchor_week)
    if model.arm is not None:
        course = effect_lines(model, records) + course
    defined = [each.strip("\n") for each in (PLACES, link_function(model), functions) if each]
    body = _model(model, course, observed)
    watched = [*sampled(model), "mean_change", *([] if model.arm is None else ["effect"])]
    blocks = [
        _head(model, cohort),
        _imports("".join([*defined, body])),
        grid_lines(model, records),
        *([people] if (people := people_lines(model, records)) else []),
        *tables.values(),
        *(f"\n{each}" for each in defined),
        "\n" + "\n".join(placed(model, kind) for kind in tables),
        body,
        _SAMPLE.format(watched=listed((f'"{each}"' for each in watched), " " * 8)),
    ]
    return "\n\n".join(blocks)


def _parts(model: ModelSpec) -> tuple[ScriptedTrajectory, ScriptedLikelihood]:
    """Return what writes the script, or say what cannot be written yet."""
    trajectory, likelihood = model.trajectory, model.likelihood
    pinned = [each for each in model.priors if each.numbers == (0.0, 0.0)]
    unknown = ""
    if not isinstance(trajectory, ScriptedTrajectory):
        unknown = f"the trajectory {trajectory.name}"
    elif not isinstance(likelihood, ScriptedLikelihood):
        unknown = f"the likelihood {likelihood.name}"
    elif model.arm is not None and not isinstance(model.arm.trajectory, ScriptedTrajectory):
        unknown = f"the effect {model.arm.trajectory.name}"
    elif any(each.parameter.name != "response_sd" for each in pinned):
        unknown = "a mean change that is fixed at zero"
    else:
        return trajectory, likelihood
    raise RaBayesError(
        f"model {model.name!r} cannot be written as a script yet: no script knows {unknown}; take the model "
        "as rb.fit builds it, ra_bayes.model.build.build"
    )


def _head(model: ModelSpec, cohort: Cohort) -> str:
    said = f"{model.title}: a PyMC model of {model.outcome.label} in {cohort.name}, written by ra_bayes."
    needs = (
        f"It needs pymc and arviz, not ra_bayes, and holds every number of the model page {model.name!r} and "
        "every record. To sample it: python THIS_FILE"
    )
    warned = ["# Synthetic data: no patient was measured."] if cohort.synthetic else []
    about = [comment(each) for each in model.about.strip().split("\n\n")]
    return "\n#\n".join([comment(said), *warned, *about, comment(needs)])


def _imports(lines: str) -> str:
    tensor = "import pytensor.tensor as pt\n" if "pt." in lines else ""
    scipy = "from scipy.special import ndtri\n" if "ndtri(" in lines else ""
    return f"import arviz as az\nimport numpy as np\nimport pymc as pm\n{tensor}{scipy}".rstrip()


def _model(model: ModelSpec, course: str, observed: str) -> str:
    coords = ', "gap": weeks[1:]' if '"gap"' in course else ""
    coords += ', "part": ["height", "slope"]' if '"part"' in course else ""
    blocks = [each.strip("\n") for each in (*prior_lines(model), course, _patients(model), observed)]
    return (
        f'with pm.Model(coords={{"patient": patients, "visit": weeks{coords}}}) as model:\n'
        + textwrap.indent("\n\n".join(blocks), "    ")
    )


def _patients(model: ModelSpec) -> str:
    """Return lines that define every patient's level and response, and what is expected of them."""
    level, change = shift_of(model, "level"), shift_of(model, "change")
    lines = _PATIENTS + (_RESPONSES if own_response(model) else _NO_RESPONSES)
    treated = " + treated[:, None] * effect[None, :]" if model.arm is not None else ""
    if not own_response(model) and change:
        treated += f" + ({change.removeprefix(' + ')})[:, None] * response_shape[None, :]"
    return lines.format(
        expected_level=f"baseline_mean{level}",
        score=f"patient_level - baseline_mean{level.replace(' + ', ' - ')}",
        change=f"{change.removeprefix(' + ')}\n    + " if change else "",
        treated=treated,
    )


_PATIENTS = """
# Each patient's level.
patient_level = pm.Normal("patient_level", {expected_level}, baseline_sd, dims="patient")
"""

_RESPONSES = """
# How far a patient's change goes beyond the mean's: Normal(0, response_sd), correlated with the level.
patient_response = pm.Normal(
    "patient_response",
    {change}response_sd * correlation * ({score}) / baseline_sd,
    response_sd * pt.sqrt(1 - correlation**2),
    dims="patient",
)
expected = pm.Deterministic(
    "expected",
    patient_level[:, None]
    + mean_change[None, :]
    + patient_response[:, None] * response_shape[None, :]{treated},
    dims=("patient", "visit"),
)
"""

_NO_RESPONSES = """
# All change as the mean does.
expected = pm.Deterministic(
    "expected", patient_level[:, None] + mean_change[None, :]{treated}, dims=("patient", "visit")
)
"""

_SAMPLE = """
if __name__ == "__main__":
    # Small steps: a few patients leave narrow corners in the posterior.
    trace = pm.sample(1000, tune=2000, chains=4, target_accept=0.99, random_seed=1, model=model)
    watched = [
{watched}
    ]
    print(az.summary(trace, var_names=watched))
"""
