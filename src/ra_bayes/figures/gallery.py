"""The gallery: every figure that a results folder can have, what it needs and what it shows.

A value, not magic: :data:`GALLERY` is an ordered tuple. Reports, ``ra-bayes figures`` and docs/figures.md are
made from it; a figure that is not in it is in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.forest import forest
from ra_bayes.figures.plan_assurance import plan_assurance
from ra_bayes.figures.plan_boundaries import plan_boundaries
from ra_bayes.figures.plan_characteristics import plan_characteristics
from ra_bayes.figures.plan_surface import plan_surface
from ra_bayes.figures.plan_waterfall import plan_waterfall
from ra_bayes.figures.predictive_check import predictive_check
from ra_bayes.figures.prior_posterior import prior_posterior
from ra_bayes.figures.readings import readings
from ra_bayes.figures.trajectories import trajectories

__all__ = ["GALLERY", "NEEDS", "Entry", "Need", "applying", "entries", "entry"]

type Need = Literal["fit", "trust", "certificate", "fits", "counts", "plan"]

# What each need is in words, and what `draw` and `applies` are given for it.
NEEDS: Mapping[Need, str] = {
    "fit": "a fit",
    "trust": "a fit, and what ra-bayes trust found of it",
    "certificate": "a fit whose model has a calibration certificate",
    "fits": "several fits",
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
    """

    name: str
    title: str
    needs: Need
    shows: str
    draw: Callable[[Any, float], Canvas]
    applies: Callable[[Any], bool] = lambda _: True
    in_report: bool = True


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
        "forest",
        "Change by patient",
        "fit",
        "The true change at the reference week: each patient, their mean, and the population.",
        lambda fit, ci_prob: forest(
            fit.result.tree, ci_prob=ci_prob, table=fit.result.table, diagnosis=fit.result.gate
        ),
    ),
    Entry(
        "prior-posterior",
        "Prior against posterior",
        "fit",
        "What the data added: the density of every estimated quantity before and after them.",
        lambda fit, ci_prob: prior_posterior(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
    ),
    Entry(
        "predictive-check",
        "Posterior predictive check",
        "fit",
        "Whether the fitted model would have produced records like these, those below a limit included.",
        lambda fit, ci_prob: predictive_check(fit.result.tree, ci_prob=ci_prob, diagnosis=fit.result.gate),
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

    return tuple(each for each in entries(*needs) if is_there(each.needs) and each.applies(source))
