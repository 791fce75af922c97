"""A whole plan: everything that is worth telling of a design, computed once, for text, figures and page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ra_bayes.planning.assurance import at_threshold, ceiling, decisions, fits, waterfall_rows
from ra_bayes.planning.characteristics import characteristics
from ra_bayes.planning.design import Design, check_design
from ra_bayes.planning.design_prior import DesignPrior
from ra_bayes.planning.engines import Settings, boundary_rows, curve, curve_at
from ra_bayes.planning.sample_size import SampleSize, sample_size_of
from ra_bayes.planning.surface import surface

__all__ = ["Plan", "make_plan"]

type Row = dict[str, Any]

_TRUTHS = 41


@dataclass(frozen=True, eq=False)
class Plan:
    """What a design would lead to.

    Parameters
    ----------
    design
        The design.
    characteristics, truth_curve
        Rows of :func:`~ra_bayes.operating_characteristics` at the page's truths, and over a grid.
    boundaries
        A row for each look: what is needed to stop there; empty where no one number says so.
    size_curve
        A row for each size: ``n``, ``power`` and ``alpha`` at the page's alternative and null, ``assurance``
        with a design prior, each with its ``..._mcse``.
    ceiling
        What assurance tends to as n grows.
    prior
        The design prior, step by step.
    waterfall
        Assurance after each of its steps.
    decisions
        Chances of right and wrong decisions under it.
    surface
        Assurance over the mean and the SD of what could be believed.
    answers
        Smallest sizes for the wanted power and assurance.
    target
        Wanted probability of success.
    seed
        Of every random number.
    """

    design: Design
    characteristics: list[Row]
    truth_curve: list[Row]
    boundaries: list[Row]
    size_curve: list[Row]
    ceiling: float | None
    prior: DesignPrior | None
    waterfall: list[Row]
    decisions: Row | None
    surface: Row | None
    answers: list[SampleSize]
    target: float
    seed: int


def make_plan(
    design: Design,
    prior: DesignPrior | None = None,
    *,
    seed: int,
    target: float = 0.8,
    ci_prob: float = 0.90,
    sizes: Sequence[int] | None = None,
    settings: Settings | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Compute everything that a plan tells.

    Parameters
    ----------
    design
        The design.
    prior
        What the truth may be; without it there is power, and no assurance.
    seed
        Of every random number.
    target
        Wanted power, and wanted assurance.
    ci_prob
        Probability of the credible interval whose expected width is told.
    sizes
        Sizes to choose among; the page's if not given.
    settings
        Engine, number of simulated trials, and where results are kept as they come. The engine
        ``"nuts"`` is used at the page's truths; curves are left to the fast one.
    step
        Called with the name of what is computed next.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> plan = rb.make_plan(rb.load_design("acr20_one_arm"), seed=1, sizes=range(17, 24))
    >>> print(plan.answers[0])
    19 patients reach power 0.808 (exact), wanted 0.8. 17 reach it too, but some sizes between do not.
    """
    check_design(design)
    chosen = tuple(sizes or design.sizes or (design.n,))
    step("operating characteristics")
    told, _ = characteristics(design, seed=seed, settings=settings, ci_prob=ci_prob)
    # A sampler's thousands of hours are not spent on curves.
    settings = None if settings is None else replace(settings, engine="fast")
    grid, _ = characteristics(design, _truth_grid(design), seed=seed, settings=settings)
    step(f"{len(chosen)} sizes")
    truth = design.truth
    power = curve_at(design, design.truths((truth.alternative,)), chosen, seed=seed, settings=settings)
    alpha = curve_at(design, design.truths((truth.null,)), chosen, seed=seed, settings=settings)
    by_size = [
        {"n": n, "power": p, "power_mcse": p_mcse, "alpha": a, "alpha_mcse": a_mcse, "engine": engine}
        for (n, p, p_mcse, engine), (_, a, a_mcse, _) in zip(power, alpha, strict=True)
    ]
    answers = [sample_size_of("power", target, power, 1.0)]
    most, falls, chances, over = None, [], None, None
    if prior is not None:
        step("assurance")
        fits(design, prior)
        found = curve(design, prior.last, chosen, seed=seed, settings=settings)
        for row, (_, value, mcse, _) in zip(by_size, found, strict=True):
            row |= {"assurance": value, "assurance_mcse": mcse}
        most = ceiling(design, prior.last)
        edge = at_threshold(design, prior.last)
        answers.append(sample_size_of("assurance", target, found, most, edge))
        falls = waterfall_rows(design, prior, seed=seed, settings=settings)
        chances = decisions(design, prior, seed=seed, settings=settings)
        over = surface(design, seed=seed, settings=settings)
    return Plan(
        design=design,
        characteristics=told,
        truth_curve=grid,
        boundaries=boundary_rows(design),
        size_curve=by_size,
        ceiling=most,
        prior=prior,
        waterfall=falls,
        decisions=chances,
        surface=over,
        answers=answers,
        target=target,
        seed=seed,
    )


def _truth_grid(design: Design) -> list[float]:
    """Return true values from null to alternative, and as far again on either side."""
    truth, end = design.truth, design.endpoint
    low, high = sorted((design.on_scale(truth.null), design.on_scale(truth.alternative)))
    reach = high - low
    points = np.linspace(low - reach, high + reach, _TRUTHS)
    if end.kind == "binary":
        control = truth.control or 0.0
        points = np.linspace(max(low - reach, -control), min(high + reach, 1.0 - control), _TRUTHS)
    return [float(np.exp(point)) if end.ratio else float(point) for point in points]
