"""Figures: a tree in (a table of readings, a plan), a matplotlib Figure out, one figure per file.

Each has the printed size of a journal's column, names the interval it draws, carries its text
alternative in ``alt``, and says under it when the data are synthetic or the sampler failed its gate.
"""

from __future__ import annotations

from ra_bayes.figures.arms import arms
from ra_bayes.figures.beyond_placebo import beyond_placebo
from ra_bayes.figures.biomarker import biomarker
from ra_bayes.figures.boundaries import boundaries
from ra_bayes.figures.calibration_coverage import calibration_coverage
from ra_bayes.figures.calibration_ranks import calibration_ranks
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.categories import categories
from ra_bayes.figures.check_by_visit import check_by_visit
from ra_bayes.figures.concordance import concordance
from ra_bayes.figures.forest import forest
from ra_bayes.figures.forest_outcomes import forest_outcomes
from ra_bayes.figures.gallery import GALLERY
from ra_bayes.figures.journals import JOURNALS, journal
from ra_bayes.figures.leave_one_out import leave_one_out
from ra_bayes.figures.missing_pattern import missing_pattern
from ra_bayes.figures.model_comparison import model_comparison
from ra_bayes.figures.overlaid_trajectories import overlaid_trajectories
from ra_bayes.figures.plan_assurance import plan_assurance
from ra_bayes.figures.plan_borrowing import plan_borrowing
from ra_bayes.figures.plan_boundaries import plan_boundaries
from ra_bayes.figures.plan_characteristics import plan_characteristics
from ra_bayes.figures.plan_surface import plan_surface
from ra_bayes.figures.plan_waterfall import plan_waterfall
from ra_bayes.figures.population_effect import population_effect
from ra_bayes.figures.predictive_check import predictive_check
from ra_bayes.figures.prior_posterior import prior_posterior
from ra_bayes.figures.readings import readings
from ra_bayes.figures.responders import responders
from ra_bayes.figures.ridge import ridge
from ra_bayes.figures.sampler import sampler
from ra_bayes.figures.save import save
from ra_bayes.figures.sensitivity import sensitivity
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.tipping_point import tipping_point
from ra_bayes.figures.trajectories import trajectories
from ra_bayes.figures.waterfall import waterfall

__all__ = [
    "GALLERY",
    "JOURNALS",
    "Canvas",
    "arms",
    "beyond_placebo",
    "biomarker",
    "boundaries",
    "calibration_coverage",
    "calibration_ranks",
    "categories",
    "check_by_visit",
    "concordance",
    "forest",
    "forest_outcomes",
    "journal",
    "leave_one_out",
    "missing_pattern",
    "model_comparison",
    "overlaid_trajectories",
    "plan_assurance",
    "plan_borrowing",
    "plan_boundaries",
    "plan_characteristics",
    "plan_surface",
    "plan_waterfall",
    "population_effect",
    "predictive_check",
    "prior_posterior",
    "readings",
    "responders",
    "ridge",
    "sampler",
    "save",
    "sensitivity",
    "swimmer",
    "tipping_point",
    "trajectories",
    "waterfall",
]
