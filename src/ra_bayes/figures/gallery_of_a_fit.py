"""The gallery's figures of one fit, of what trust found of it, and of its model's calibration."""

from __future__ import annotations

from collections.abc import Callable

from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.estimand.criteria import has_criteria
from ra_bayes.estimand.states import has_states
from ra_bayes.figures.arms import arms
from ra_bayes.figures.beyond_placebo import beyond_placebo
from ra_bayes.figures.calibration_coverage import calibration_coverage
from ra_bayes.figures.calibration_ranks import calibration_ranks
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.categories import categories
from ra_bayes.figures.check_by_visit import check_by_visit
from ra_bayes.figures.drawn_from import Fit
from ra_bayes.figures.forest import forest
from ra_bayes.figures.gallery_entry import Entry
from ra_bayes.figures.leave_one_out import leave_one_out
from ra_bayes.figures.overlaid_trajectories import overlaid_trajectories
from ra_bayes.figures.population_effect import population_effect
from ra_bayes.figures.predictive_check import predictive_check
from ra_bayes.figures.prior_posterior import prior_posterior
from ra_bayes.figures.responders import responders
from ra_bayes.figures.ridge import ridge
from ra_bayes.figures.sampler import sampler
from ra_bayes.figures.sensitivity import sensitivity
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.tipping_point import tipping_point
from ra_bayes.figures.trajectories import trajectories
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.tree import spec_of

__all__ = ["OF_A_FIT"]


def _of_tree(figure: Callable[..., Canvas]) -> Callable[[Fit, float], Canvas]:
    """Return how a figure that needs no more than the tree is drawn of a fit."""
    return lambda fit, ci_prob: figure(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate)


def _someone_unseen(fit: Fit) -> bool:
    table = fit.trust.get("not_at_random")
    return table is not None and bool(table["unseen"].iloc[0])


def _placebo_known(fit: Fit) -> bool:
    table = fit.trust.get("beyond_placebo")
    # One row is the change as seen.
    return table is not None and int(table["estimate"].notna().sum()) > 1


# In the order of a report.
OF_A_FIT: tuple[Entry, ...] = (
    Entry(
        "trajectories",
        "Trajectories",
        "fit",
        "The typical patient's true value over the visits, and each patient's with their records.",
        _of_tree(trajectories),
    ),
    Entry(
        "arms",
        "Two arms",
        "fit",
        "Both arms' typical patient over the visits, and the difference between them.",
        _of_tree(arms),
        applies=lambda fit: has_two_arms(fit.result.tree),
        both_arms=True,
    ),
    Entry(
        "overlaid-trajectories",
        "Trajectories laid over each other",
        "fit",
        "All patients' true values and records in one panel, before the typical patient's interval.",
        _of_tree(overlaid_trajectories),
        in_report=False,
    ),
    Entry(
        "population-effect",
        "Effect over time",
        "fit",
        "The typical patient's change by visit, and how probably it beats the important change.",
        _of_tree(population_effect),
    ),
    Entry(
        "ridge",
        "Change by visit",
        "fit",
        "The posterior density of the typical patient's change, visit below visit.",
        _of_tree(ridge),
        in_report=False,
    ),
    Entry(
        "forest",
        "Change by patient",
        "fit",
        "The true change at the reference week: each patient, their mean, and the population.",
        lambda fit, ci_prob: forest(
            fit.result.tree, ci_prob=ci_prob, table=fit.result.table, diagnosis=fit.result.gate
        ),
    ),
    Entry(
        "patients-waterfall",
        "Patients in order of change",
        "fit",
        "Patients' true changes in order, each with its intervals and the change between its records.",
        _of_tree(waterfall),
        applies=lambda fit: not spec_of(fit.result.tree).binary,
        in_report=False,
    ),
    Entry(
        "swimmer",
        "States of response over time",
        "fit",
        "How probable each state of response is for each patient at each visit.",
        lambda fit, _: swimmer(fit.result.tree, diagnosis=fit.result.gate),
        applies=lambda fit: has_states(spec_of(fit.result.tree)),
    ),
    Entry(
        "categories",
        "Shares of the categories",
        "fit",
        "How many new patients are in each ordered category, visit by visit, beside these records.",
        _of_tree(categories),
        applies=lambda fit: spec_of(fit.result.tree).ordinal,
    ),
    Entry(
        "responders",
        "Rates of response",
        "fit",
        "How many new patients would respond, by criterion and visit, beside the count of these.",
        _of_tree(responders),
        applies=lambda fit: has_criteria(spec_of(fit.result.tree)),
        in_report=False,
    ),
    Entry(
        "prior-posterior",
        "Prior against posterior",
        "fit",
        "What the data added: the density of every estimated quantity before and after them.",
        _of_tree(prior_posterior),
        both_arms=True,
    ),
    Entry(
        "predictive-check",
        "Posterior predictive check",
        "fit",
        "Whether the fitted model would have produced records like these, those below a limit included.",
        _of_tree(predictive_check),
        both_arms=True,
    ),
    Entry(
        "check-by-visit",
        "Predictive check by visit and patient",
        "fit",
        "What the records of each visit and each patient add up to, over what replicates would.",
        _of_tree(check_by_visit),
        both_arms=True,
        in_report=False,
    ),
    Entry(
        "sampler",
        "Did the sampler work",
        "fit",
        "Whether chains agree, by ranks of their draws, and the energy that the sampler moved through.",
        lambda fit, _: sampler(fit.result.tree, diagnosis=fit.result.gate),
        both_arms=True,
        in_report=False,
    ),
    Entry(
        "sensitivity",
        "Prior or data",
        "trust",
        "Every estimand under other priors and with the data's weight changed, and who leads it.",
        lambda fit, _: sensitivity(
            fit.result.tree, fit.trust["sensitivity"], fit.trust["variants"], diagnosis=fit.result.gate
        ),
        applies=lambda fit: {"sensitivity", "variants"} <= {*fit.trust},
        both_arms=True,
    ),
    Entry(
        "leave-one-out",
        "Each patient left out",
        "trust",
        "What each patient's absence does to estimand and decision, and each as the others predict them.",
        lambda fit, _: leave_one_out(
            fit.result.tree,
            fit.trust["left_out_patients"],
            fit.trust["left_out_records"],
            fit.trust.get("left_out_decisions"),
            diagnosis=fit.result.gate,
        ),
        applies=lambda fit: "left_out_patients" in fit.trust,
        both_arms=True,
    ),
    Entry(
        "tipping-point",
        "Unseen visits worse than expected",
        "trust",
        "How much worse the unseen would have to be to undo the conclusion.",
        lambda fit, _: tipping_point(
            fit.result.tree,
            fit.trust["not_at_random"],
            fit.trust["tipping_points"],
            diagnosis=fit.result.gate,
        ),
        applies=_someone_unseen,
        both_arms=True,
    ),
    Entry(
        "beyond-placebo",
        "With and without placebo",
        "trust",
        "The mean change with and without the placebo change of other trials taken off.",
        lambda fit, _: beyond_placebo(
            fit.result.tree, fit.trust["beyond_placebo"], diagnosis=fit.result.gate
        ),
        applies=_placebo_known,
    ),
    Entry(
        "calibration-ranks",
        "Ranks of simulated truths",
        "certificate",
        "Whether truths drawn from the prior rank uniformly among draws of their posteriors.",
        lambda fit, _: calibration_ranks(fit.certificate),
        in_report=False,
    ),
    Entry(
        "calibration-coverage",
        "Coverage on simulated cohorts",
        "certificate",
        "Coverage and width of intervals and decisions at fixed truths, beside classical methods.",
        lambda fit, _: calibration_coverage(fit.certificate),
        applies=lambda fit: bool(fit.certificate.rows),
        in_report=False,
    ),
)
