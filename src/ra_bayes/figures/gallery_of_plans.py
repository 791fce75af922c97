"""The gallery's figures of plans and of named designs."""

from __future__ import annotations

from ra_bayes.figures.boundaries import boundaries
from ra_bayes.figures.gallery_entry import Entry
from ra_bayes.figures.plan_assurance import plan_assurance
from ra_bayes.figures.plan_borrowing import borrowing_of, control_arms
from ra_bayes.figures.plan_boundaries import plan_boundaries
from ra_bayes.figures.plan_characteristics import plan_characteristics
from ra_bayes.figures.plan_surface import plan_surface
from ra_bayes.figures.plan_waterfall import plan_waterfall

__all__ = ["OF_PLANS"]

# In the order of a report.
OF_PLANS: tuple[Entry, ...] = (
    Entry(
        "characteristics",
        "Operating characteristics",
        "plan",
        "What a design does if the truth is this or that.",
        lambda plan, _: plan_characteristics(plan),
    ),
    Entry(
        "assurance",
        "Probability of success by size",
        "plan",
        "Power, type I error and assurance against the number of patients.",
        lambda plan, _: plan_assurance(plan),
        applies=lambda plan: len(plan.size_curve) > 1,
    ),
    Entry(
        "waterfall",
        "Where the optimism went",
        "plan",
        "Assurance after each step from a first result to a trial in new patients.",
        lambda plan, _: plan_waterfall(plan),
        applies=lambda plan: bool(plan.waterfall),
    ),
    Entry(
        "surface",
        "Assurance over the design prior",
        "plan",
        "How much of the promise is the design prior's.",
        lambda plan, _: plan_surface(plan),
        applies=lambda plan: plan.surface is not None,
    ),
    Entry(
        "boundaries",
        "Decision boundaries",
        "plan",
        "The results that end the trial in success or futility at each look.",
        lambda plan, _: plan_boundaries(plan),
        applies=lambda plan: bool(plan.boundaries),
    ),
    Entry(
        "borrowing",
        "Historical borrowing",
        "plan",
        "Other trials' control arms, what they say of a new one, and the prior that the analysis uses.",
        lambda plan, ci_prob: borrowing_of(plan.design, ci_prob=ci_prob),
        applies=lambda plan: bool(control_arms(plan.design)),
        in_report=False,
    ),
    Entry(
        "named-boundaries",
        "Decision boundaries of a named design",
        "design",
        "The counts that end a trial of Simon, Lee and Liu, BOP2 or Thall and Simon at each look.",
        lambda named, _: boundaries(named.boundaries, named.title),
        in_report=False,
    ),
)
