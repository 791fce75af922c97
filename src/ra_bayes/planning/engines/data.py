"""The data of a trial so far, as the engines want them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.design import Design
from ra_bayes.planning.rule import Criterion

__all__ = ["SoFar", "final_only"]


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


def final_only(design: Design, there: Sequence[int]) -> Design:
    """Return a design with its final analysis alone, its arms as large as those that are there make them.

    Chance, or who left, gives an arm more than its share; the other then gets what is left.

    Parameters
    ----------
    design
        Its sizes by allocation are kept while no arm is past its own.
    there
        Patients so far by arm, treated first.

    Raises
    ------
    RaBayesError
        If there are more patients than the design has.

    Examples
    --------
    >>> from ra_bayes.planning.design_reader import load_design
    >>> design = load_design("sdai_randomised")
    >>> [final_only(design, there).per_arm(40) for there in ((9, 11), (21, 15), (21, 19))]
    [(20, 20), (21, 19), (21, 19)]
    """
    if sum(there) > design.n:
        raise RaBayesError(
            f"there are {sum(there)} patients so far, and {design.name} is of {design.n}; raise n on the "
            "page, or leave patients out"
        )
    sizes = design.per_arm(design.n)
    for arm, planned in enumerate(sizes):
        if there[arm] > planned:
            sizes = tuple(there[arm] if each == arm else design.n - there[arm] for each in range(len(sizes)))
            break
    return replace(design, shares=(1.0,), rule=design.final_rule, arms_at_end=sizes)
