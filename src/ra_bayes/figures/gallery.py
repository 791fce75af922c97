"""The gallery: every figure that a results folder can have, what it needs and what it shows.

A value, not magic: :data:`GALLERY` is an ordered tuple. Reports, ``ra-bayes figures`` and docs/figures.md are
made from it; a figure that is not in it is in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.estimand.criteria import has_criteria
from ra_bayes.estimand.states import has_states
from ra_bayes.figures.arms import arms
from ra_bayes.figures.beyond_placebo import beyond_placebo
from ra_bayes.figures.biomarker import biomarker
from ra_bayes.figures.calibration_coverage import calibration_coverage
from ra_bayes.figures.calibration_ranks import calibration_ranks
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.check_by_visit import check_by_visit
from ra_bayes.figures.concordance import concordance
from ra_bayes.figures.forest import forest
from ra_bayes.figures.forest_outcomes import forest_outcomes
from ra_bayes.figures.leave_one_out import leave_one_out
from ra_bayes.figures.missing_pattern import has_pattern, missing_pattern
from ra_bayes.figures.model_comparison import model_comparison
from ra_bayes.figures.overlaid_trajectories import overlaid_trajectories
from ra_bayes.figures.plan_assurance import plan_assurance
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
from ra_bayes.figures.sensitivity import sensitivity
from ra_bayes.figures.several import cytokines, marker_and_outcome, of_one_cohort
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.tipping_point import tipping_point
from ra_bayes.figures.trajectories import trajectories
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr

    from ra_bayes.figures.drawn_from import Fit

__all__ = ["GALLERY", "NEEDS", "Entry", "Need", "applying", "entries", "entry"]

type Need = Literal["fit", "trust", "certificate", "fits", "comparison", "counts", "plan"]

# What each need is in words, and what `draw` and `applies` are given for it.
NEEDS: Mapping[Need, str] = {
    "fit": "a fit",
    "trust": "a fit, and what ra-bayes trust found of it",
    "certificate": "a fit whose model has a calibration certificate",
    "fits": "several fits",
    "comparison": "models of one outcome, compared",
    "counts": "published counts",
    "plan": "a plan",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure of the gallery.

    Parameters
    ----------
    name
        What it is asked for by, and its file's name.
    title
        Its heading in a report.
    needs
        What it is drawn from, see :data:`NEEDS`.
    shows
        What it shows, in one sentence.
    draw
        Called with what it needs and the probability of the credible intervals. It is given a
        :class:`~ra_bayes.figures.drawn_from.Fit` (needs ``fit``, ``trust``, ``certificate``), a mapping of
        names to those (``fits``), a :class:`~ra_bayes.results.CountsResult` (``counts``) or a
        :class:`~ra_bayes.planning.plan.Plan` (``plan``).
    applies
        Whether what it needs, where it is there, has something to draw.
    in_report
        Whether a report's page shows it.
    both_arms
        Whether it is drawn of a fit of two arms as it stands; the others are drawn of one arm at a time
        (:func:`~ra_bayes.estimand.arms.of_arm`).
    """

    name: str
    title: str
    needs: Need
    shows: str
    draw: Callable[[Any, float], Canvas]
    applies: Callable[[Any], bool] = lambda _: True
    in_report: bool = True
    both_arms: bool = False


def _trees(fits: Mapping[str, Fit]) -> dict[str, xr.DataTree]:
    return {name: fit.result.tree for name, fit in fits.items()}


def _gates(fits: Mapping[str, Fit]) -> dict[str, Diagnosis]:
    return {name: fit.result.gate for name, fit in fits.items()}


def _someone_unseen(fit: Fit) -> bool:
    table = fit.trust.get("not_at_random")
    return table is not None and bool(table["unseen"].iloc[0])


def _placebo_known(fit: Fit) -> bool:
    table = fit.trust.get("beyond_placebo")
    # One row is the change as seen.
    return table is not None and int(table["estimate"].notna().sum()) > 1


# In the order of a report.
GALLERY: tuple[Entry, ...] = (
    Entry(
        "trajectories",
        "Trajectories",
        "fit",
        "The typical patient's true value over the visits, and each patient's with their records.",
        lambda fit, ci_prob: trajectories(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
    ),
    Entry(
        "arms",
        "Two arms",
        "fit",
        "Both arms' typical patient over the visits, and the difference between them.",
        lambda fit, ci_prob: arms(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
        applies=lambda fit: has_two_arms(fit.result.tree),
        both_arms=True,
    ),
    Entry(
        "overlaid-trajectories",
        "Trajectories laid over each other",
        "fit",
        "All patients' true values and records in one panel, before the typical patient's interval.",
        lambda fit, ci_prob: overlaid_trajectories(
            fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate
        ),
        in_report=False,
    ),
    Entry(
        "population-effect",
        "Effect over time",
        "fit",
        "The typical patient's change by visit, and how probably it beats the important change.",
        lambda fit, ci_prob: population_effect(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
    ),
    Entry(
        "ridge",
        "Change by visit",
        "fit",
        "The posterior density of the typical patient's change, visit below visit.",
        lambda fit, ci_prob: ridge(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
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
        lambda fit, ci_prob: waterfall(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
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
        "responders",
        "Rates of response",
        "fit",
        "How many new patients would respond, by criterion and visit, beside the count of these.",
        lambda fit, ci_prob: responders(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
        applies=lambda fit: has_criteria(spec_of(fit.result.tree)),
        in_report=False,
    ),
    Entry(
        "prior-posterior",
        "Prior against posterior",
        "fit",
        "What the data added: the density of every estimated quantity before and after them.",
        lambda fit, ci_prob: prior_posterior(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
        both_arms=True,
    ),
    Entry(
        "predictive-check",
        "Posterior predictive check",
        "fit",
        "Whether the fitted model would have produced records like these, those below a limit included.",
        lambda fit, ci_prob: predictive_check(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
        both_arms=True,
    ),
    Entry(
        "check-by-visit",
        "Predictive check by visit and patient",
        "fit",
        "What the records of each visit and each patient add up to, over what replicates would.",
        lambda fit, ci_prob: check_by_visit(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
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
    Entry(
        "missing-pattern",
        "Who was measured when",
        "fits",
        "What was recorded of whom and when, what lies beyond a limit and what is missing, by outcome.",
        lambda fits, _: missing_pattern(next(iter(_trees(fits).values()))),
        applies=lambda fits: of_one_cohort(_trees(fits)) and all(map(has_pattern, _trees(fits).values())),
    ),
    Entry(
        "forest-outcomes",
        "Change by outcome",
        "fits",
        "The typical patient's change in every outcome, in important changes where one is known.",
        lambda fits, ci_prob: forest_outcomes(
            _trees(fits),
            ci_prob=ci_prob,
            tables={name: fit.result.table for name, fit in fits.items()},
            diagnoses=_gates(fits),
        ),
        applies=lambda fits: len(fits) > 1 and of_one_cohort(_trees(fits)),
    ),
    Entry(
        "concordance",
        "Concordance of cytokines",
        "fits",
        "Whether IL-10 rises while TNF-α and IL-17 fall: in the mean, in each patient and in a new one.",
        lambda fits, ci_prob: concordance(cytokines(_trees(fits)), ci_prob=ci_prob, diagnoses=_gates(fits)),
        applies=lambda fits: bool(cytokines(_trees(fits))),
    ),
    Entry(
        "biomarker",
        "Biomarker against response",
        "fits",
        "Each patient's change in a biomarker against that in a clinical outcome, uncertain both ways.",
        lambda fits, ci_prob: biomarker(
            *(marker_and_outcome(_trees(fits)) or ()), ci_prob=ci_prob, diagnoses=_gates(fits)
        ),
        applies=lambda fits: marker_and_outcome(_trees(fits)) is not None,
    ),
    Entry(
        "model-comparison",
        "Models compared",
        "comparison",
        "How much worse each model predicts than the best, which patients say so, and their weights.",
        lambda comparison, _: model_comparison(comparison),
    ),
    Entry(
        "readings",
        "Posterior beside prior",
        "counts",
        "What published counts say under every reading of their words and several priors.",
        lambda counts, _: readings(counts.comparison, counts.publication),
    ),
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
)


def entry(name: str) -> Entry:
    """Return a figure of the gallery by its name.

    Raises
    ------
    RaBayesError
        If there is none of that name.

    Examples
    --------
    >>> entry("forest").title
    'Change by patient'
    """
    for each in GALLERY:
        if each.name == name:
            return each
    raise RaBayesError(
        f"there is no figure {name!r} in the gallery; write one of {', '.join(each.name for each in GALLERY)}"
    )


def entries(*needs: Need) -> tuple[Entry, ...]:
    """Return the figures that are drawn from one of these, in order.

    Examples
    --------
    >>> [each.name for each in entries("counts")]
    ['readings']
    """
    return tuple(each for each in GALLERY if each.needs in needs)


def applying(source: Any, *needs: Need) -> tuple[Entry, ...]:
    """Return the figures drawn from one of these needs that a source has something for.

    Parameters
    ----------
    source
        What the figures are given, see :class:`Entry`.
    needs
        Of a fit with what lies beside it ``"fit"``, ``"trust"`` and ``"certificate"``.
    """

    def is_there(need: Need) -> bool:
        return need not in ("trust", "certificate") or bool(getattr(source, need))

    two_arms = has_two_arms(source.result.tree) if hasattr(source, "result") else False
    return tuple(
        each
        for each in entries(*needs)
        if is_there(each.needs) and (each.both_arms or not two_arms) and each.applies(source)
    )
