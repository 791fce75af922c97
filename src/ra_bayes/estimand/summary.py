"""From draws of one quantity to one row: estimate, interval, probability of benefit, Monte Carlo error."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Quantity", "summarise"]

type Array = NDArray[np.float64]


class Quantity(NamedTuple):
    """A named quantity and its draws (chain, draw).

    An ``"effect"`` is estimated by its median. An ``"event"`` is the probability that something holds:
    its draws are 0 or 1, and it has no interval. A ``"count"`` of patients is estimated by its mean, the
    number expected. `benefit` says for each draw whether it is on the side of benefit; None where the
    question makes no sense. `note` is what a reader must know of this row alone, `arm` whose
    it is where a fit is of two.
    """

    name: str
    draws: Array | NDArray[np.bool_]
    unit: str
    definition: str
    patient: str = ""
    week: float = float("nan")
    benefit: NDArray[np.bool_] | None = None
    kind: Literal["effect", "event", "count"] = "effect"
    note: str = ""
    arm: str = ""


def summarise(quantity: Quantity, ci_prob: float) -> dict[str, object]:
    """Return the row of a quantity: estimate with an equal-tailed interval, or a probability.

    The Monte Carlo standard error is of the estimate shown. ESS is the smallest of bulk and tail, or
    of the mean for a probability or a count; NaN where the draws do not vary.
    """
    from arviz_stats.base import array_stats

    draws = np.asarray(quantity.draws, dtype=float)
    varies = float(draws.max()) > float(draws.min())
    nan = float("nan")

    tail = (1.0 - ci_prob) / 2.0

    def ess(method: str, prob: tuple[float, float] | None = None) -> float:
        if not varies:
            return nan
        return float(array_stats.ess(draws, chain_axis=0, draw_axis=1, method=method, prob=prob))

    def mcse(method: str) -> float:
        return float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method=method)) if varies else 0.0

    lower, median, upper = (float(each) for each in np.quantile(draws, [tail, 0.5, 1.0 - tail]))
    estimate, error = float(draws.mean()), mcse("mean")
    match quantity.kind:
        case "effect":
            estimate, error, size = median, mcse("median"), min(ess("bulk"), ess("tail", (tail, 1.0 - tail)))
        case "event":
            # All draws alike do not make a probability certain: its error is of the order of one draw.
            lower, upper, error, size = nan, nan, max(error, 1.0 / draws.size), ess("mean")
        case "count":
            size = ess("mean")
    return {
        "estimand": quantity.name,
        "patient": quantity.patient,
        "week": quantity.week,
        "unit": quantity.unit,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "p_benefit": float(np.mean(quantity.benefit)) if quantity.benefit is not None else nan,
        "mcse": error,
        "ess": size,
        "definition": quantity.definition,
        "note": quantity.note,
    }
