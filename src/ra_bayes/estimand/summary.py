"""From draws of one quantity to one row: estimate, interval, probability of benefit, Monte Carlo error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Quantity", "summarise"]

type Array = NDArray[np.float64]


class Quantity(NamedTuple):
    """A named quantity and its draws (chain, draw).

    `is_event` quantities are probabilities that something holds: their draws are 0 or 1 and they have
    no interval. `benefit` says for each draw whether it is on the side of benefit; None where the
    question makes no sense.
    """

    name: str
    draws: Array | NDArray[np.bool_]
    unit: str
    definition: str
    patient: str = ""
    week: float = float("nan")
    benefit: NDArray[np.bool_] | None = None
    is_event: bool = False


def summarise(quantity: Quantity, ci_prob: float) -> dict[str, object]:
    """Return the row of a quantity: posterior median with an equal-tailed interval, or a probability.

    The Monte Carlo standard error is of the estimate shown. ESS is the smallest of bulk and tail, or
    of the mean for a probability; NaN where the draws do not vary.
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

    if quantity.is_event:
        # All draws alike do not make a probability certain: its error is of the order of one draw.
        estimate, lower, upper = float(draws.mean()), nan, nan
        error, size = max(mcse("mean"), 1.0 / draws.size), ess("mean")
    else:
        lower, estimate, upper = (float(each) for each in np.quantile(draws, [tail, 0.5, 1.0 - tail]))
        error, size = mcse("median"), min(ess("bulk"), ess("tail", (tail, 1.0 - tail)))
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
    }
