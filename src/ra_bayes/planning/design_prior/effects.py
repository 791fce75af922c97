"""Design priors of a mean change that somebody states, with the SDs of patients beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import NormalMixture
from ra_bayes.model.spec import ModelSpec
from ra_bayes.planning.design_prior.nodes import NODES, Axis, beside, equal_nodes
from ra_bayes.planning.design_prior.value import About, DesignPrior, Step

__all__ = ["Spread", "elicited_effect"]

type Array = NDArray[np.float64]

_OF_PAGE: Mapping[Axis, str] = {
    "level_sd": "baseline_sd",
    "response_sd": "response_sd",
    "correlation": "correlation",
    "residual_sd": "residual_sd",
}


# In the order of :class:`Spread`.
_SPREAD = ("SD between patients", "SD of their responses", "correlation", "SD of a record")


class Spread(NamedTuple):
    """How patients and records differ, taken as known, on the link's scale.

    ``level_sd`` between patients at baseline, ``response_sd`` of a patient's own true change at the reference
    week, their ``correlation``, and ``residual_sd`` of one record.
    """

    level_sd: float
    response_sd: float
    correlation: float
    residual_sd: float


def elicited_effect(
    effect: NormalMixture,
    *,
    spread: Spread | ModelSpec,
    source: str,
    outcome: str = "",
    week: float = math.nan,
    against_control: bool = False,
) -> DesignPrior:
    """Return the design prior of a mean change, on the link's scale, that somebody states.

    Parameters
    ----------
    effect
        What is believed: ``normal(mean, sd)``, a mixture, or a normal from two quantiles
        (:func:`~ra_bayes.mixtures.normal_of_quantiles`).
    spread
        SDs and correlation taken as known, or an outcome's page, whose priors of them are used: their
        uncertainty then counts.
    source
        Who stated the effect, or why.
    outcome, week
        Of what, when; those of the page if it is one.
    against_control
        Whether the effect is the difference of a treated and a control arm already.

    Raises
    ------
    RaBayesError
        If an SD or the correlation cannot be, or the page is of a rate.

    Examples
    --------
    >>> from ra_bayes.mixtures import normal, normal_of_quantiles
    >>> prior = elicited_effect(normal(-25, 10), spread=Spread(17, 20, 0, 10), source="phase I")
    >>> prior.exact["effect"]
    Normal(-25, 10)
    >>> from ra_bayes.model import load_model
    >>> page = load_model("vas")
    >>> believed = normal_of_quantiles({0.05: -40, 0.95: -10})
    >>> prior = elicited_effect(believed, spread=page, source="two trialists")
    >>> round(prior.last.summary("residual_sd").mean, 1)
    11.1
    """
    about = About("effect", outcome, week, against_control=against_control)
    if isinstance(spread, ModelSpec):
        if spread.binary:
            raise RaBayesError(f"page {spread.name} is of a rate; state one with elicited_rate")
        scales, of_spread = _scales_of_page(spread), f"SDs of patients as page {spread.name} has them"
        unit = spread.link_unit if spread.link.name == "identity" else f"on the {spread.link_unit}"
        about = About(
            "effect",
            outcome or spread.outcome.id,
            spread.reference_week if math.isnan(week) else week,
            unit,
            spread.link.name,
            against_control,
        )
    else:
        _check(spread)
        scales = {name: np.full(NODES, value) for name, value in spread._asdict().items()}
        named = zip(_SPREAD, spread, strict=True)
        told = ", ".join(f"{name} {value:.4g}" for name, value in named if value)
        of_spread = f"{told} taken as known"
    nodes = {"effect": equal_nodes(effect), **scales}
    words = f"Stated: {effect} ({source}); {of_spread}."
    step = Step("elicited", words, nodes, np.ones(NODES), {"effect": effect})
    return DesignPrior(about, (step,))


def _scales_of_page(page: ModelSpec) -> dict[str, Array]:
    """Return the page's priors of SDs and correlation as nodes: quantiles at the middles of equal bins."""
    places = (np.arange(NODES) + 0.5) / NODES
    found = {}
    for axis, name in _OF_PAGE.items():
        prior = page.prior(name)
        value = prior.numbers[0]
        known = np.full(NODES, value)
        found[str(axis)] = (
            known if prior.fixed else beside(np.array([prior.quantile(p) for p in places]), axis)
        )
    if page.prior("response_sd").fixed:
        # A patient without a response of their own has none that could go with the level.
        found["correlation"] = np.zeros(NODES)
    return found


def _check(spread: Spread) -> None:
    wrong = [
        f"{name} {value:g}"
        for name, value in spread._asdict().items()
        if not (
            abs(value) < 1.0
            if name == "correlation"
            else 0.0 <= value < math.inf and (value > 0.0 or name != "residual_sd")
        )
    ]
    if wrong:
        raise RaBayesError(
            f"these cannot be: {', '.join(wrong)}; SDs must be at least 0, that of records above 0, and the "
            "correlation between -1 and 1"
        )
