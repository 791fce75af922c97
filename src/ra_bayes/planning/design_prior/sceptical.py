"""A sceptical component: with some probability the treatment does nothing beyond placebo.

    truth  ~  (1 - w) prior + w sceptic        sceptic:  effect beyond placebo ~ Normal(0, s^2)

on the link's scale, probit for a rate (Spiegelhalter, Freedman and Parmar 1994, of sceptical priors). Against
a control the sceptic's effect is centred on 0 and the treated rate on the control's; in one arm, both on the
placebo response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture, NormalMixture, mix, normal
from ra_bayes.planning.design_prior.nodes import Distribution, added, beside, equal_nodes, shifted_rate
from ra_bayes.planning.design_prior.placebo import Placebo
from ra_bayes.planning.design_prior.value import DesignPrior, Step

__all__ = ["Sceptical", "with_sceptic"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sceptical:
    """The sceptical part of a design prior.

    Parameters
    ----------
    weight
        Its probability, above 0 and at most 1.
    sd
        SD of the effect beyond placebo under it, on the link's scale; 0 says that there is none at all.
    source
        Why so much.

    Examples
    --------
    >>> print(Sceptical(0.5, 4.0, "as likely as not"))
    50%: effect beyond placebo Normal(0, SD 4) (as likely as not)
    """

    weight: float
    sd: float
    source: str

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise RaBayesError(
                f"the sceptical part has weight {self.weight:g}; write one above 0 and at most 1, or leave "
                "the step out"
            )
        if not 0.0 <= self.sd < np.inf:
            raise RaBayesError(f"the sceptical part has SD {self.sd:g}; write one of at least 0")

    def __str__(self) -> str:
        spread = f"Normal(0, SD {self.sd:g})" if self.sd else "exactly 0"
        return f"{self.weight:.0%}: effect beyond placebo {spread} ({self.source})"


def with_sceptic(prior: DesignPrior, sceptical: Sceptical, placebo: Placebo | None) -> DesignPrior:
    """Return the prior with truths mixed in at which the treatment does no more than placebo.

    Parameters
    ----------
    prior
        After the other steps.
    sceptical
        How much, and how sure.
    placebo
        The placebo response, which one arm needs.

    Raises
    ------
    RaBayesError
        If it is needed and not given.
    """
    last, about = prior.last, prior.about
    of_control = None if about.against_control else _needed(placebo)
    number = last.weights.size
    smear = np.zeros(number)
    if sceptical.sd:
        smear = beside(equal_nodes(normal(0.0, sceptical.sd), number), "sceptical")
    nodes = dict(last.nodes)
    if about.quantity == "effect":
        nodes["effect"] = smear if of_control is None else of_control.changes(number) + smear
    else:
        control = nodes["control_rate"] if of_control is None else of_control.rates(number)
        nodes["rate"] = shifted_rate(control, smear) if sceptical.sd else control
    step = Step(
        "sceptical part",
        _words(prior, sceptical, of_control),
        {name: np.concatenate([last.nodes[name], nodes[name]]) for name in nodes},
        np.concatenate([(1.0 - sceptical.weight) * last.weights, sceptical.weight * last.weights]),
        _exact(prior, sceptical, of_control),
        last.ess,
    )
    return prior.then(step)


def _needed(placebo: Placebo | None) -> Placebo:
    if placebo is None:
        raise RaBayesError(
            "a sceptical part of one arm needs the placebo response, which is what it says the treatment "
            "does; give placebo="
        )
    return placebo


def _words(prior: DesignPrior, sceptical: Sceptical, placebo: Placebo | None) -> str:
    spread = f"Normal(0, SD {sceptical.sd:g})" if sceptical.sd else "0"
    scale = f" on the {prior.about.link} scale" if sceptical.sd and prior.about.link != "identity" else ""
    than = "" if placebo is None else f"; the placebo response is {placebo}"
    return (
        f"With probability {sceptical.weight:g} the effect beyond placebo is {spread}{scale}"
        f" ({sceptical.source}){than}."
    )


def _exact(prior: DesignPrior, sceptical: Sceptical, placebo: Placebo | None) -> Mapping[str, Distribution]:
    """Return the mixture's closed form; of two rates there is none, since the sceptic ties them."""
    before = prior.exact.get(prior.about.quantity)
    if placebo is not None and placebo.draws is not None:
        return {}
    if isinstance(before, NormalMixture):
        terms = [] if placebo is None else [placebo.response]
        terms += [normal(0.0, sceptical.sd)] if sceptical.sd else []
        normals = [each for each in terms if isinstance(each, NormalMixture)]
        if not normals:
            return {}
        return {"effect": mix((1.0 - sceptical.weight, before), (sceptical.weight, added(*normals)))}
    control = None if placebo is None else placebo.response
    if isinstance(before, BetaMixture) and isinstance(control, BetaMixture) and not sceptical.sd:
        return {"rate": mix((1.0 - sceptical.weight, before), (sceptical.weight, control))}
    return {}
