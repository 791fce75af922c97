"""Assurance: the chance that a trial succeeds, averaged over what the truth may be.

    assurance(n) = sum_k w_k power(n; truth_k)

over the nodes of a design prior. As n grows it does not go to 1 but to a ceiling: the probability, under the
design prior, that the truth itself lies where success asks for it. A success there is right, elsewhere it
is an error. Errors die out with n but where the truth lies exactly at the threshold, as it does where a
sceptical part says that the treatment does nothing: there the type I error stays, and what it adds to the
limit has a bound of its own (:func:`at_threshold`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.planning.design import Design, check_design
from ra_bayes.planning.design_prior import DesignPrior, Step
from ra_bayes.planning.engines import Settings, curve, stopping
from ra_bayes.planning.rule import Criterion

if TYPE_CHECKING:
    import pandas as pd

type Array = NDArray[np.float64]

__all__ = ["assurance", "assurance_curve", "at_threshold", "ceiling", "decisions", "fits", "waterfall_rows"]


def assurance(
    design: Design,
    prior: DesignPrior,
    sizes: Sequence[int] | None = None,
    *,
    seed: int,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return the assurance of a design, for one size or many.

    Parameters
    ----------
    design
        The design; its looks stay at the same shares of its patients as the size changes.
    prior
        What the truth may be.
    sizes
        Patients in all; the design's own size if not given.
    seed
        Of every random number.
    settings
        Engine and number of simulated trials, if not the default.

    Returns
    -------
    pandas.DataFrame
        One row per size: ``n``, ``assurance``, ``mcse`` (of simulation and of the prior's draws together, 0
        where both are exact), ``ceiling``, ``engine``.

    Raises
    ------
    RaBayesError
        If the prior is of another outcome, week or kind of truth than the design.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> design = rb.load_design("acr20_one_arm")
    >>> found = rb.assurance(design, rb.design_prior(design), [20, 40], seed=1)
    >>> found["assurance"].round(2).tolist()
    [0.71, 0.76]
    """
    import pandas as pd

    check_design(design)
    return pd.DataFrame(assurance_curve(design, prior, sizes, seed=seed, settings=settings))


def assurance_curve(
    design: Design,
    prior: DesignPrior,
    sizes: Sequence[int] | None = None,
    *,
    seed: int,
    settings: Settings | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of :func:`assurance`."""
    fits(design, prior)
    most = ceiling(design, prior.last)
    found = curve(design, prior.last, sizes or (design.n,), seed=seed, settings=settings)
    return [
        {"n": n, "assurance": value, "mcse": mcse, "ceiling": most, "engine": engine}
        for n, value, mcse, engine in found
    ]


def ceiling(design: Design, step: Step) -> float:
    """Return the limit of right successes as n grows: Pr(truth beyond every threshold of final success)."""
    final = [each for each in design.criteria(len(design.looks))[0] if each.basis == "posterior"]
    below = [design.on_scale(each.threshold) for each in final if each.direction == "below"]
    above = [design.on_scale(each.threshold) for each in final if each.direction == "above"]
    inside = step.p_beyond(max(above), "above") if above else 1.0
    if not below:
        return inside
    return max(inside + step.p_beyond(min(below), "below") - 1.0, 0.0)


def at_threshold(design: Design, step: Step) -> float:
    """Return the most that false successes of truths exactly at a threshold add to the ceiling.

    There a posterior probability is in the limit as likely to be any number as any other, so that a criterion
    is met with the chance 1 less its cut-off; one whose threshold the truth is beyond is met, one that it
    falls short of is not, and a predictive one is given all of it. A look's success has at most the least of
    these chances, and looks add up at most.
    """
    looks = [success for k in range(len(design.looks)) if (success := design.criteria(k + 1)[0])]
    final = design.criteria(len(design.looks))[0]
    limits = {design.on_scale(each.threshold) for each in final if each.basis == "posterior"}

    def met(criterion: Criterion, truth: float) -> float:
        if criterion.basis == "predictive":
            return 1.0
        short = design.on_scale(criterion.threshold) - truth
        if short == 0.0:
            return 1.0 - criterion.probability
        return float((short < 0.0) == (criterion.direction == "above"))

    return sum(
        float(step.weights @ (step.main == limit))
        * min(sum(min(met(each, limit) for each in success) for success in looks), 1.0)
        for limit in limits
    )


def decisions(
    design: Design, prior: DesignPrior, *, seed: int, settings: Settings | None = None
) -> dict[str, float]:
    """Return the chance of a right and of a wrong decision each way, under a design prior.

    With B the event that the truth lies beyond every threshold of final success:

        right success  Pr(success, B)          missed        Pr(no success, B)
        wrong success  Pr(success, not B)      right stop    Pr(no success, not B)

    and of a success that it is right, Pr(B | success). They add up to 1, with the nodes' Monte Carlo error.
    """
    fits(design, prior)
    step = prior.last
    found = stopping(design, step.nodes, seed=seed, settings=settings)
    beyond = _beyond(design, step)
    success, mcse = step.expect(found.p_success)
    right = float(step.weights @ (found.p_success * beyond))
    there = float(step.weights @ beyond)
    return {
        "assurance": success,
        "mcse": math.hypot(mcse, float(step.weights @ found.p_success_mcse)),
        "right_success": right,
        "wrong_success": success - right,
        "missed": there - right,
        "right_stop": 1.0 - there - (success - right),
        "success_is_right": right / success if success > 0.0 else math.nan,
        "p_early": step.expect(found.p_early)[0],
        "expected_n": step.expect(found.expected_n)[0],
    }


def _beyond(design: Design, step: Step) -> Array:
    """Return 1 for nodes beyond every threshold of final success, 0 for others."""
    inside = np.ones(step.main.shape)
    for each in design.criteria(len(design.looks))[0]:
        if each.basis == "posterior":
            limit = design.on_scale(each.threshold)
            inside *= step.main > limit if each.direction == "above" else step.main < limit
    return inside


def waterfall_rows(
    design: Design, prior: DesignPrior, *, seed: int, settings: Settings | None = None
) -> list[dict[str, Any]]:
    """Return the assurance after each step of a design prior: where the optimism went."""
    fits(design, prior)
    rows: list[dict[str, Any]] = []
    before: Step | None = None
    for step in prior.steps:
        if before is not None and step.nodes is before.nodes:
            # A step that only says why nothing is done.
            row = {**rows[-1], "change": 0.0}
        else:
            ((_, value, mcse, engine),) = curve(design, step, (design.n,), seed=seed, settings=settings)
            change = value - rows[-1]["assurance"] if rows else 0.0
            row = {"assurance": value, "mcse": mcse, "change": change, "ceiling": ceiling(design, step)}
            row["engine"] = engine
        rows.append({**row, "step": step.name, "words": step.words})
        before = step
    return rows


def fits(design: Design, prior: DesignPrior) -> None:
    """Refuse a design prior that is of something else than the design's estimand.

    Raises
    ------
    RaBayesError
        Naming what differs.
    """
    check_type(prior, DesignPrior, "prior", "make one with rb.design_prior(design, tree)")
    about, end = prior.about, design.endpoint
    wanted = "rate" if end.kind == "binary" else "effect"
    if about.outcome and about.outcome != end.outcome:
        raise RaBayesError(
            f"the design {design.name} is of {end.outcome}, the design prior of {about.outcome}; "
            "give a posterior of the design's outcome"
        )
    if about.quantity != wanted:
        raise RaBayesError(
            f"the design {design.name} needs a design prior of its {wanted}, and was given one of the "
            f"{about.quantity}; give one of the design's endpoint"
        )
    if not math.isnan(about.week) and about.week != end.week:
        raise RaBayesError(
            f"the design {design.name} is told at week {end.week:g}, its prior at week {about.week:g}; "
            "ask the posterior for the design's week"
        )
    if design.arms == 2 and wanted == "rate" and "control_rate" not in prior.nodes:
        raise RaBayesError(
            f"the design {design.name} has a control arm, of which the design prior says nothing; "
            "add the control's rate, from historical arms or by hand"
        )
