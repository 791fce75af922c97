"""Where the optimism went: what a design promises after each step of its design prior."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.planning.design_prior.value import DesignPrior, Step

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Evaluate", "waterfall"]

type Array = NDArray[np.float64]
type Evaluate = Callable[[Mapping[str, Array], Array], tuple[float, float]]


def waterfall(prior: DesignPrior, evaluate: Evaluate) -> pd.DataFrame:
    """Return what a design is worth after each step, and what the step cost.

    Parameters
    ----------
    prior
        A design prior with its steps.
    evaluate
        Takes nodes by name and their weights; returns a value, such as assurance, and its Monte Carlo
        standard error. :meth:`~ra_bayes.planning.design_prior.Step.expect` makes both from values at nodes.

    Returns
    -------
    pandas.DataFrame
        A row for each step: ``step``, ``value``, ``mcse``; ``loss`` from the step before (negative if it
        gained, NaN for the first) and ``loss_mcse``, the two errors added as if independent, though steps
        share draws; ``words``.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta
    >>> from ra_bayes.planning.design_prior import Placebo, Sceptical, discounted, from_counts
    >>> prior = discounted(
    ...     from_counts(4, 6, source="Jamshidi 2024"),
    ...     against="threshold",
    ...     placebo=Placebo(beta(24, 76), "placebo arms"),
    ...     sceptical=Sceptical(0.5, 0.0, "as likely as not"),
    ... )
    >>> def chance_above_half(nodes, weights):
    ...     return float(weights @ (nodes["rate"] > 0.5)), 0.0
    >>> waterfall(prior, chance_above_half)[["value", "loss"]].round(2).values.tolist()
    [[0.77, nan], [0.77, 0.0], [0.39, 0.39]]
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    before: tuple[Step, float, float] | None = None
    for step in prior.steps:
        if before is not None and step.nodes is before[0].nodes:
            value, mcse, loss, loss_mcse = before[1], before[2], 0.0, 0.0
        else:
            value, mcse = evaluate(step.nodes, step.weights)
            loss = math.nan if before is None else before[1] - value
            loss_mcse = math.nan if before is None else math.hypot(before[2], mcse)
        rows.append(
            {
                "step": step.name,
                "value": value,
                "mcse": mcse,
                "loss": loss,
                "loss_mcse": loss_mcse,
                "words": step.words,
            }
        )
        before = (step, value, mcse)
    return pd.DataFrame(rows)
