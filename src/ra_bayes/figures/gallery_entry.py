"""What an entry of the gallery is: a figure, what it is drawn from, and where it applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ra_bayes.figures.canvas import Canvas

__all__ = ["NEEDS", "Entry", "Need"]

type Need = Literal["fit", "trust", "certificate", "fits", "comparison", "counts", "plan", "design"]

# What each need is in words, and what `draw` and `applies` are given for it.
NEEDS: Mapping[Need, str] = {
    "fit": "a fit",
    "trust": "a fit, and what ra-bayes trust found of it",
    "certificate": "a fit whose model has a calibration certificate",
    "fits": "several fits",
    "comparison": "models of one outcome, compared",
    "counts": "published counts",
    "plan": "a plan",
    "design": "a named binary design",
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
        names to those (``fits``), a :class:`~ra_bayes.results.CountsResult` (``counts``), a
        :class:`~ra_bayes.planning.plan.Plan` (``plan``) or a
        :class:`~ra_bayes.figures.drawn_from.NamedDesign` (``design``).
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
