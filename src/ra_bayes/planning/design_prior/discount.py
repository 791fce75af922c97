"""From what one trial showed to what a new trial in new patients would: heterogeneity, placebo, a sceptic.

Each step changes the truth's distribution in the open, in this order, on the link's scale (a rate: probit):

    1. the source                         theta
    2. a new trial                        theta + d                   d ~ Normal(0, tau^2)
    3. beyond placebo                     theta + d - p               p the placebo response
       (of rates: the control arm gets its own distribution; the treated rate stays)
    4. a sceptical part                   (1 - w) that + w sceptic    sceptic: beyond placebo Normal(0, s^2)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture, Normal, NormalMixture
from ra_bayes.planning.design_prior.between_trials import BetweenTrials
from ra_bayes.planning.design_prior.nodes import Distribution, added, beside, equal_nodes, shifted_rate
from ra_bayes.planning.design_prior.placebo import Placebo
from ra_bayes.planning.design_prior.sceptical import Sceptical, with_sceptic
from ra_bayes.planning.design_prior.value import DesignPrior, Step

__all__ = ["Against", "discounted"]

type Array = NDArray[np.float64]
type Against = Literal["control", "threshold"]

_REGRESSION = "it has regression to the mean in it, which is therefore not subtracted again"


def discounted(
    prior: DesignPrior,
    *,
    against: Against,
    between_trials: BetweenTrials | None = None,
    placebo: Placebo | None = None,
    sceptical: Sceptical | None = None,
) -> DesignPrior:
    """Return the design prior for a new trial in new patients, each step kept visible.

    Parameters
    ----------
    prior
        A source: one step.
    against
        ``"control"`` for a design with a control arm, or with a threshold on the change beyond placebo;
        ``"threshold"`` for one arm against an absolute change or rate, of which the placebo response is part.
    between_trials
        Heterogeneity; ``None`` leaves the step out.
    placebo
        The placebo response; by default that of the source's page, if it has one. A posterior with a placebo
        response in its mean change is rid of that very one, draw by draw, whatever is given here.
    sceptical
        The sceptical part; ``None`` leaves the step out.

    Raises
    ------
    RaBayesError
        If a step cannot be taken: the placebo response is not known or not of this scale, the prior is
        already discounted, or it is against a control and the design is not.

    Examples
    --------
    Phase I showed a mean change of -30 (SD 8); placebo arms show -18 (SD 5) and trials differ by SD 5:

    >>> from ra_bayes.mixtures import normal
    >>> from ra_bayes.planning.design_prior import Placebo, Spread, between_trials, elicited_effect
    >>> believed = elicited_effect(normal(-30, 8), spread=Spread(17, 20, 0, 10), source="phase I")
    >>> new = discounted(
    ...     believed,
    ...     against="control",
    ...     between_trials=between_trials(5.0, source="placebo arms"),
    ...     placebo=Placebo(normal(-18, 5), "placebo arms"),
    ... )
    >>> [(step.name, round(step.summary().mean, 1), round(step.summary().sd, 2)) for step in new.steps]
    [('elicited', -30.0, 8.0), ('new trial', -30.0, 9.43), ('beyond placebo', -12.0, 10.68)]
    """
    if against not in ("control", "threshold"):
        raise RaBayesError(f"against={against!r} is neither 'control' nor 'threshold'; write one of them")
    if len(prior.steps) > 1:
        raise RaBayesError("this design prior is already discounted; start from its source")
    if prior.about.against_control and against == "threshold":
        raise RaBayesError(
            "this design prior is against a control, and the design is one arm against a threshold; "
            "give one of the treated arm alone"
        )
    if prior.about.against_control and placebo is not None:
        raise RaBayesError(
            "this design prior is already against a control; leave placebo out, or it would be "
            "subtracted twice"
        )
    own = prior.placebo
    known = own if own is not None and own.draws is not None else placebo or own
    if against == "control" and not prior.about.against_control:
        if known is None:
            raise RaBayesError(
                "a design against a control needs the placebo response; give placebo=, from a page, from "
                "arms on file, or Placebo(...) with its source"
            )
        if prior.about.quantity == "rate":
            prior = _control_taken_as_known(prior, known)
    if between_trials is not None:
        prior = _new_trial(prior, between_trials)
    prior = _skipped(prior) if against == "threshold" else _beyond_placebo(prior, known)
    return prior if sceptical is None else with_sceptic(prior, sceptical, known)


def _control_taken_as_known(prior: DesignPrior, placebo: Placebo) -> DesignPrior:
    """Give the source a control rate without uncertainty, so that steps 1 and 2 can be evaluated."""
    source, rate = prior.last, placebo.median_rate
    words = f"{source.words} The control rate is taken as known, {rate:.2g}, until its own step."
    nodes = {**source.nodes, "control_rate": np.full(source.weights.size, rate)}
    return replace(prior, steps=(replace(source, words=words, nodes=nodes),))


def _new_trial(prior: DesignPrior, between: BetweenTrials) -> DesignPrior:
    """Add d: to an effect, or to a rate on the probit scale."""
    last, about = prior.last, prior.about
    if about.quantity == "effect" and between.scale != "link":
        raise RaBayesError(
            "the SD between trials is on the log-odds, and the design prior of a mean change; state one on "
            "the link's scale with between_trials(tau, source=...)"
        )
    nodes, exact = dict(last.nodes), dict(last.exact)
    shift = equal_nodes(between.shift, last.weights.size)
    if about.quantity == "effect":
        nodes["effect"] = nodes["effect"] + beside(shift, "between trials")
        _convolve(nodes, exact, between.shift)
        what = "The mean change of a new trial's patients"
    else:
        nodes["rate"] = shifted_rate(nodes["rate"], beside(shift, "between trials"), between.scale)
        exact.pop("rate", None)
        what = "The rate among a new trial's patients"
        if about.against_control:
            other = beside(shift, "placebo")
            nodes["control_rate"] = shifted_rate(nodes["control_rate"], other, between.scale)
            what = "Each arm's rate among a new trial's patients, independently,"
    scale = about.link if between.scale == "link" else between.scale
    on = "" if scale == "identity" else f" on the {scale} scale"
    words = f"{what} differs from this one's: {between.words}{on} ({between.source})."
    return prior.then(Step("new trial", words, nodes, last.weights, exact, last.ess))


def _skipped(prior: DesignPrior) -> DesignPrior:
    """Say why no placebo response is subtracted."""
    words = (
        "Nothing is subtracted: the design's threshold is an absolute one, towards which placebo response "
        "and regression to the mean count; it has to be set so as to allow for them."
    )
    return prior.then(replace(prior.last, name="placebo response not subtracted", words=words))


def _beyond_placebo(prior: DesignPrior, placebo: Placebo | None) -> DesignPrior:
    """Subtract the placebo response from an effect, or give the control arm its distribution."""
    last, about = prior.last, prior.about
    if about.against_control:
        words = (
            "Nothing is subtracted: the source has a control arm of its own, and placebo response and "
            "regression to the mean are in both arms."
        )
        return prior.then(replace(last, name="placebo response not subtracted", words=words))
    assert placebo is not None
    nodes, exact = dict(last.nodes), dict(last.exact)
    if about.quantity == "effect":
        nodes["effect"] = nodes["effect"] - placebo.changes(last.weights.size)
        if placebo.draws is None and isinstance(placebo.response, NormalMixture):
            _convolve(nodes, exact, _negative(placebo.response))
        own = " that the posterior has in it, draw by draw," if placebo.draws is not None else ""
        name, words = "beyond placebo", f"Less the placebo response{own} {placebo}; {_REGRESSION}."
    else:
        nodes["control_rate"] = placebo.rates(last.weights.size)
        if isinstance(placebo.response, BetaMixture):
            exact["control_rate"] = placebo.response
        name = "control rate"
        words = f"The control arm's rate is {placebo}; the treated rate stays. Of it nothing is subtracted."
    step = Step(name, words, nodes, last.weights, exact, last.ess)
    return replace(prior.then(step), about=replace(about, against_control=True))


def _convolve(nodes: dict[str, Array], exact: dict[str, Distribution], other: NormalMixture) -> None:
    """Keep an effect's closed form through a sum, and its nodes those of the closed form."""
    before = exact.pop("effect", None)
    if isinstance(before, NormalMixture):
        exact["effect"] = added(before, other)
        nodes["effect"] = equal_nodes(exact["effect"], nodes["effect"].size)


def _negative(mixture: NormalMixture) -> NormalMixture:
    return NormalMixture(tuple(Normal(-mean, sd, weight) for mean, sd, weight in mixture.parts))
