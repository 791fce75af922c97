"""A page and its records as one PyMC script that needs nothing of ra_bayes: for a reviewer, or to go on from.

The script has the density of what ra_bayes samples (:func:`~ra_bayes.model.build.build`,
:func:`~ra_bayes.model.joint_build.build_joint`), written as one would by hand: parameters as they are instead
of standard scores, named dims, records by patient and week. :mod:`~ra_bayes.model.script_outcome` writes a
page of one outcome, :mod:`~ra_bayes.model.script_joint` a joint page.
"""

from __future__ import annotations

from collections.abc import Sequence

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model.joint import JointModel
from ra_bayes.model.script_joint import joint_script
from ra_bayes.model.script_outcome import outcome_script
from ra_bayes.model.spec import ModelSpec

__all__ = ["as_pymc_script"]


def as_pymc_script(
    model: ModelSpec | JointModel, cohort: Cohort, outcomes: Sequence[str] | None = None
) -> str:
    """Return a model of a cohort as a PyMC script that stands alone.

    Parameters
    ----------
    model
        A model page, or a joint page.
    cohort
        Its records are written into the script: who may read the one may read the other.
    outcomes
        Of a joint page, those to take together, as for :func:`~ra_bayes.fit_joint`.

    Returns
    -------
    str
        Python that needs PyMC and ArviZ, samples the posterior and prints a summary.

    Raises
    ------
    RaBayesError
        If the model has a part that no script is written for yet, or the cohort does not fit it; if a joint
        page comes without outcomes, or another page with them.

    Examples
    --------
    >>> from ra_bayes.cohort import read_cohort
    >>> from ra_bayes.model import load_joint_model, load_model
    >>> from ra_bayes.resources import data_dir
    >>> cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    >>> script = as_pymc_script(load_model("vas"), cohort)
    >>> [line for line in script.splitlines() if "LogNormal" in line][0].strip()
    'baseline_sd = pm.LogNormal("baseline_sd", mu=np.log(17.0), sigma=0.35)'
    >>> script = as_pymc_script(load_joint_model("records"), cohort, ("vas", "il10"))
    >>> [line for line in script.splitlines() if line.startswith("with model")]
    ['with model, pm.Model(name="vas"):', 'with model, pm.Model(name="il10"):']
    """
    if isinstance(model, JointModel):
        if outcomes is None:
            raise RaBayesError(
                f"joint model {model.name!r} is written as a script for outcomes of a cohort; write "
                'outcomes=("vas", "sdai") (published counts need none: rb.condition is not a PyMC model)'
            )
        return joint_script(model, cohort, outcomes)
    if outcomes is not None:
        raise RaBayesError(
            f"model {model.name!r} is of one outcome, {model.outcome.id}; leave outcomes out, or take a "
            'joint page, such as rb.load_joint_model("records")'
        )
    return outcome_script(model, cohort)
