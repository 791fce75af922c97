"""Bayesian modelling of very small clinical cohorts.

>>> import ra_bayes as rb
>>> cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
>>> cohort.synthetic
True

Names are imported when first used, so that reading a table does not pay for PyMC.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ra_bayes import figures
    from ra_bayes.cohort import Cohort, read_cohort
    from ra_bayes.conditioning import Reconstruction, compare_readings, condition, pool, reconstruct
    from ra_bayes.diagnostics import Diagnosis, diagnose
    from ra_bayes.errors import CohortError, FitError, RaBayesError, SpecError
    from ra_bayes.estimand import estimands
    from ra_bayes.inference import fit
    from ra_bayes.model import (
        JointModel,
        ModelSpec,
        list_joint_models,
        list_models,
        load_joint_model,
        load_model,
    )
    from ra_bayes.outcomes import OUTCOMES, Outcome
    from ra_bayes.published import Publication, read_publication
    from ra_bayes.rates import response_rates
    from ra_bayes.resources import data_dir, models_dir
    from ra_bayes.tree import load, provenance, save

_HOME = {
    "Cohort": "cohort",
    "read_cohort": "cohort",
    "compare_readings": "conditioning",
    "condition": "conditioning",
    "pool": "conditioning",
    "Reconstruction": "conditioning",
    "reconstruct": "conditioning",
    "Diagnosis": "diagnostics",
    "diagnose": "diagnostics",
    "CohortError": "errors",
    "FitError": "errors",
    "RaBayesError": "errors",
    "SpecError": "errors",
    "estimands": "estimand",
    "fit": "inference",
    "JointModel": "model",
    "ModelSpec": "model",
    "list_joint_models": "model",
    "list_models": "model",
    "load_joint_model": "model",
    "load_model": "model",
    "OUTCOMES": "outcomes",
    "Outcome": "outcomes",
    "Publication": "published",
    "read_publication": "published",
    "response_rates": "rates",
    "data_dir": "resources",
    "models_dir": "resources",
    "load": "tree",
    "provenance": "tree",
    "save": "tree",
}

__all__ = [
    "OUTCOMES",
    "Cohort",
    "CohortError",
    "Diagnosis",
    "FitError",
    "JointModel",
    "ModelSpec",
    "Outcome",
    "Publication",
    "RaBayesError",
    "Reconstruction",
    "SpecError",
    "compare_readings",
    "condition",
    "data_dir",
    "diagnose",
    "estimands",
    "figures",
    "fit",
    "list_joint_models",
    "list_models",
    "load",
    "load_joint_model",
    "load_model",
    "models_dir",
    "pool",
    "provenance",
    "read_cohort",
    "read_publication",
    "reconstruct",
    "response_rates",
    "save",
]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return importlib.import_module("ra_bayes.figures")
    if name not in _HOME:
        raise AttributeError(f"module 'ra_bayes' has no attribute {name!r}")
    # No module is named as a verb of this list: importing it would hide the verb.
    return getattr(importlib.import_module(f"ra_bayes.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
