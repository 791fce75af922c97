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
    from ra_bayes import figures, mixtures, tables
    from ra_bayes.calibration import calibrate, certificate_of
    from ra_bayes.cohort import Cohort, read_cohort
    from ra_bayes.cohort.cohort import Computed, Disagreement
    from ra_bayes.cohort.fix_template import fix_template
    from ra_bayes.cohort.mapping import TableMapping
    from ra_bayes.cohort.mapping_reader import load_mapping
    from ra_bayes.cohort.pseudonyms import pseudonymise
    from ra_bayes.cohort.template import template, write_template
    from ra_bayes.comparison.compare import compare
    from ra_bayes.comparison.comparison import Comparison
    from ra_bayes.comparison.predictive_checks import predictive_checks
    from ra_bayes.comparison.stacked import stacked_estimands
    from ra_bayes.conditioning import Reconstruction, compare_readings, condition, pool, reconstruct
    from ra_bayes.diagnostics import Diagnosis, diagnose
    from ra_bayes.errors import CohortError, FitError, RaBayesError, SpecError
    from ra_bayes.estimand import estimands
    from ra_bayes.estimand.arms import of_arm
    from ra_bayes.estimand.borrowing import borrowing_across_outcomes, predicted_outcomes
    from ra_bayes.estimand.responders import responders
    from ra_bayes.historical import historical_placebo, map_prior, power_prior, prior_data_conflict, robust
    from ra_bayes.inference import fit, fit_joint
    from ra_bayes.mixtures.ess import effective_sample_size
    from ra_bayes.model import (
        JointModel,
        ModelSpec,
        list_examples,
        list_joint_models,
        list_models,
        load_joint_model,
        load_model,
    )
    from ra_bayes.model.script import as_pymc_script
    from ra_bayes.outcomes import OUTCOMES, Outcome
    from ra_bayes.planning.assurance import assurance
    from ra_bayes.planning.binary.predictive import predictive_probability
    from ra_bayes.planning.binary.simon import simon
    from ra_bayes.planning.borrowing import borrowing_characteristics, priors_to_compare
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
    from ra_bayes.rates import published_safety, response_rates, safety, safety_text
    from ra_bayes.resources import data_dir, models_dir
    from ra_bayes.results.pseudonyms import pseudonymise_results
    from ra_bayes.tree import joint_trees, load, provenance, save
    from ra_bayes.trust.leave_one_out import leave_one_out
    from ra_bayes.trust.missing_not_at_random import missing_not_at_random
    from ra_bayes.trust.placebo import change_beyond_placebo
    from ra_bayes.trust.sensitivity import sensitivity

_HOME = {
    "Cohort": "cohort",
    "CohortError": "errors",
    "Comparison": "comparison.comparison",
    "Computed": "cohort.cohort",
    "Design": "planning.design",
    "DesignPrior": "planning.design_prior",
    "Diagnosis": "diagnostics",
    "Disagreement": "cohort.cohort",
    "FitError": "errors",
    "JointModel": "model",
    "ModelSpec": "model",
    "OUTCOMES": "outcomes",
    "Outcome": "outcomes",
    "Plan": "planning.plan",
    "Publication": "published",
    "RaBayesError": "errors",
    "Reconstruction": "conditioning",
    "SpecError": "errors",
    "TableMapping": "cohort.mapping",
    "as_pymc_script": "model.script",
    "assurance": "planning.assurance",
    "borrowing_across_outcomes": "estimand.borrowing",
    "borrowing_characteristics": "planning.borrowing",
    "calibrate": "calibration",
    "certificate_of": "calibration",
    "change_beyond_placebo": "trust.placebo",
    "compare": "comparison.compare",
    "compare_readings": "conditioning",
    "condition": "conditioning",
    "counted_instead": "planning.responders",
    "data_dir": "resources",
    "decide": "planning.decide",
    "design_prior": "planning.prior_page",
    "diagnose": "diagnostics",
    "effective_sample_size": "mixtures.ess",
    "estimands": "estimand",
    "fit": "inference",
    "fit_joint": "inference",
    "fix_template": "cohort.fix_template",
    "historical_placebo": "historical",
    "interim": "planning.interim",
    "joint_trees": "tree",
    "leave_one_out": "trust.leave_one_out",
    "list_designs": "planning.design_reader",
    "list_examples": "model",
    "list_joint_models": "model",
    "list_models": "model",
    "load": "tree",
    "load_design": "planning.design_reader",
    "load_joint_model": "model",
    "load_mapping": "cohort.mapping_reader",
    "load_model": "model",
    "make_plan": "planning.plan",
    "map_prior": "historical",
    "missing_not_at_random": "trust.missing_not_at_random",
    "models_dir": "resources",
    "of_arm": "estimand.arms",
    "operating_characteristics": "planning.characteristics",
    "pool": "conditioning",
    "power_prior": "historical",
    "predicted_outcomes": "estimand.borrowing",
    "predictive_checks": "comparison.predictive_checks",
    "predictive_probability": "planning.binary.predictive",
    "price_of_dichotomising": "planning.continuous.dichotomising",
    "prior_data_conflict": "historical",
    "priors_to_compare": "planning.borrowing",
    "provenance": "tree",
    "pseudonymise": "cohort.pseudonyms",
    "pseudonymise_results": "results.pseudonyms",
    "published_safety": "rates",
    "read_cohort": "cohort",
    "read_publication": "published",
    "reconstruct": "conditioning",
    "responders": "estimand.responders",
    "response_rates": "rates",
    "robust": "historical",
    "safety": "rates",
    "safety_text": "rates",
    "sample_size": "planning.sample_size",
    "save": "tree",
    "sensitivity": "trust.sensitivity",
    "simon": "planning.binary.simon",
    "stacked_estimands": "comparison.stacked",
    "template": "cohort.template",
    "write_template": "cohort.template",
}

__all__ = [
    "OUTCOMES",
    "Cohort",
    "CohortError",
    "Comparison",
    "Computed",
    "Design",
    "DesignPrior",
    "Diagnosis",
    "Disagreement",
    "FitError",
    "JointModel",
    "ModelSpec",
    "Outcome",
    "Plan",
    "Publication",
    "RaBayesError",
    "Reconstruction",
    "SpecError",
    "TableMapping",
    "as_pymc_script",
    "assurance",
    "borrowing_across_outcomes",
    "borrowing_characteristics",
    "calibrate",
    "certificate_of",
    "change_beyond_placebo",
    "compare",
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
    "fit_joint",
    "fix_template",
    "historical_placebo",
    "interim",
    "joint_trees",
    "leave_one_out",
    "list_designs",
    "list_examples",
    "list_joint_models",
    "list_models",
    "load",
    "load_design",
    "load_joint_model",
    "load_mapping",
    "load_model",
    "make_plan",
    "map_prior",
    "missing_not_at_random",
    "mixtures",
    "models_dir",
    "of_arm",
    "operating_characteristics",
    "pool",
    "power_prior",
    "predicted_outcomes",
    "predictive_checks",
    "predictive_probability",
    "price_of_dichotomising",
    "prior_data_conflict",
    "priors_to_compare",
    "provenance",
    "pseudonymise",
    "pseudonymise_results",
    "published_safety",
    "read_cohort",
    "read_publication",
    "reconstruct",
    "responders",
    "response_rates",
    "robust",
    "safety",
    "safety_text",
    "sample_size",
    "save",
    "sensitivity",
    "simon",
    "stacked_estimands",
    "tables",
    "template",
    "write_template",
]


def __getattr__(name: str) -> Any:
    if name in ("figures", "mixtures", "tables"):
        return importlib.import_module(f"ra_bayes.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'ra_bayes' has no attribute {name!r}")
    # No module is named as a verb of this list: importing it would hide the verb.
    return getattr(importlib.import_module(f"ra_bayes.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
