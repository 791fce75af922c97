"""The data of a trial so far, as the engines want them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ra_bayes.planning.rule import Criterion

__all__ = ["SoFar"]


@dataclass(frozen=True, eq=False)
class SoFar:
    """What an engine makes of the data so far.

    Parameters
    ----------
    n
        Patients with an outcome by arm, treated first.
    data
        A row for each arm with what was seen, and ``words``.
    posterior
        Pr(estimand beyond the criterion's threshold | data).
    predictive, predictive_mcse
        Chance of success at the final analysis.
    engine
        What computed it.
    """

    n: tuple[int, ...]
    data: list[dict[str, Any]]
    posterior: Callable[[Criterion], float]
    predictive: float
    predictive_mcse: float
    engine: str
