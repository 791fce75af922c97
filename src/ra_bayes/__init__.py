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
    from ra_bayes.calibration import calibrate, certificate_of
    from ra_bayes.cohort import Cohort, read_cohort
    from ra_bayes.conditioning import Reconstruction, compare_readings, condition, pool, reconstruct
    from ra_bayes.diagnostics import Diagnosis, diagnose
    from ra_bayes.errors import CohortError, FitError, RaBayesError, SpecError
    from ra_bayes.estimand import estimands
    from ra_bayes.historical import historical_placebo, map_prior, power_prior, prior_data_conflict, robust
    from ra_bayes.inference import fit
    from ra_bayes.mixtures import effective_sample_size
    from ra_bayes.model import (
        JointModel,
        ModelSpec,
        list_joint_models,
        list_models,
        load_joint_model,
        load_model,
    )
    from ra_bayes.outcomes import OUTCOMES, Outcome
    from ra_bayes.planning.assurance import assurance
    from ra_bayes.planning.binary.predictive import predictive_probability
    from ra_bayes.planning.binary.simon import simon
    from ra_bayes.planning.borrowing import borrowing_characteristics
    from ra_bayes.planning.characteristics import operating_characteristics
    from ra_bayes.planning.continuous.dichotomising import price_of_dichotomising
    from ra_bayes.planning.decide import decide
    from ra_bayes.planning.design import Design
    from ra_bayes.planning.design_prior import DesignPrior
    from ra_bayes.planning.design_reader import list_designs, load_design
    from ra_bayes.planning.interim import interim
    from ra_bayes.planning.plan import Plan, make_plan
    from ra_bayes.planning.prior_page import design_prior
    from ra_bayes.planning.responders import counted_instead
    from ra_bayes.planning.sample_size import sample_size
    from ra_bayes.published import Publication, read_publication
    from ra_bayes.rates import published_safety, response_rates, safety
    from ra_bayes.resources import data_dir, models_dir
    from ra_bayes.tree import load, provenance, save
    from ra_bayes.trust.leave_one_out import leave_one_out
    from ra_bayes.trust.missing_not_at_random import missing_not_at_random
    from ra_bayes.trust.placebo import change_beyond_placebo
    from ra_bayes.trust.sensitivity import sensitivity

_HOME = {
    "counted_instead": "planning.responders",
    "historical_placebo": "historical",
    "certificate_of": "calibration",
    "calibrate": "calibration",
    "published_safety": "rates",
    "safety": "rates",
    "change_beyond_placebo": "trust.placebo",
    "missing_not_at_random": "trust.missing_not_at_random",
    "leave_one_out": "trust.leave_one_out",
    "sensitivity": "trust.sensitivity",
    "power_prior": "historical",
    "prior_data_conflict": "historical",
    "effective_sample_size": "mixtures",
    "predictive_probability": "planning.binary.predictive",
    "price_of_dichotomising": "planning.continuous.dichotomising",
    "Cohort": "cohort",
    "read_cohort": "cohort",
    "Reconstruction": "conditioning",
    "compare_readings": "conditioning",
    "condition": "conditioning",
    "pool": "conditioning",
    "reconstruct": "conditioning",
    "Diagnosis": "diagnostics",
    "diagnose": "diagnostics",
    "CohortError": "errors",
    "FitError": "errors",
    "RaBayesError": "errors",
    "SpecError": "errors",
    "estimands": "estimand",
    "map_prior": "historical",
    "robust": "historical",
    "fit": "inference",
    "JointModel": "model",
    "ModelSpec": "model",
    "list_joint_models": "model",
    "list_models": "model",
    "load_joint_model": "model",
    "load_model": "model",
    "OUTCOMES": "outcomes",
    "Outcome": "outcomes",
    "assurance": "planning.assurance",
    "simon": "planning.binary.simon",
    "borrowing_characteristics": "planning.borrowing",
    "operating_characteristics": "planning.characteristics",
    "decide": "planning.decide",
    "Design": "planning.design",
    "DesignPrior": "planning.design_prior",
    "list_designs": "planning.design_reader",
    "load_design": "planning.design_reader",
    "interim": "planning.interim",
    "Plan": "planning.plan",
    "make_plan": "planning.plan",
    "design_prior": "planning.prior_page",
    "sample_size": "planning.sample_size",
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
    "Design",
    "DesignPrior",
    "Diagnosis",
    "FitError",
    "JointModel",
    "ModelSpec",
    "Outcome",
    "Plan",
    "Publication",
    "RaBayesError",
    "Reconstruction",
    "SpecError",
    "assurance",
    "borrowing_characteristics",
    "calibrate",
    "certificate_of",
    "change_beyond_placebo",
    "compare_readings",
    "condition",
    "counted_instead",
    "data_dir",
    "decide",
    "design_prior",
    "diagnose",
    "effective_sample_size",
    "estimands",
    "figures",
    "fit",
    "historical_placebo",
    "interim",
    "leave_one_out",
    "list_designs",
    "list_joint_models",
    "list_models",
    "load",
    "load_design",
    "load_joint_model",
    "load_model",
    "make_plan",
    "map_prior",
    "missing_not_at_random",
    "models_dir",
    "operating_characteristics",
    "pool",
    "power_prior",
    "predictive_probability",
    "price_of_dichotomising",
    "prior_data_conflict",
    "provenance",
    "published_safety",
    "read_cohort",
    "read_publication",
    "reconstruct",
    "response_rates",
    "robust",
    "safety",
    "sample_size",
    "save",
    "sensitivity",
    "simon",
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
