"""A decision rule asked of a posterior's main estimand: the mean change, or the response rate, at one week.

Of two arms it is the treated arm's less (under the log link: over) the control arm's. The estimand is in
clinical units, as a criterion's threshold is: a difference in the outcome's unit, a ratio under the log link,
a share of patients.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import Posterior, main_quantity
from ra_bayes.model.spec import ModelSpec
from ra_bayes.planning.rule import Criterion, Direction, Rule

__all__ = ["ask", "criteria_of", "default_rule"]

# What a rule asks for where the user names none.
CONFIDENCE = 0.95


def default_rule(spec: ModelSpec, week: float) -> Rule | None:
    """Return the rule that a change, or difference, in the direction of benefit has a probability of 0.95.

    None for the rate of one arm, of which no value is that of no effect, and without a direction of benefit.
    """
    if (spec.binary and spec.arm is None) or not spec.benefit_sign:
        return None
    ratio = spec.link.change == "ratio" and not spec.binary
    direction: Direction = "above" if spec.benefit_sign > 0 else "below"
    unit = "" if ratio or spec.binary else spec.outcome.unit
    name = f"mean {'ratio to baseline' if ratio else 'change'} at week {week:g}"
    if spec.arm is not None:
        what = "ratio to" if ratio else "difference in rates from" if spec.binary else "difference from"
        name = f"{what} {spec.arm.control} at week {week:g}"
    return Rule((Criterion(name, direction, 1.0 if ratio else 0.0, CONFIDENCE, unit=unit),))


def criteria_of(rule: Rule | Criterion) -> tuple[Criterion, ...]:
    """Return the success criteria of the final analysis.

    Raises
    ------
    RaBayesError
        If one asks for a predictive probability, which a posterior does not have.
    """
    asked = (rule,) if isinstance(rule, Criterion) else rule.success
    final = tuple(each for each in asked if each.looks in ("final", "all"))
    if not final:
        raise RaBayesError("the rule asks for nothing at the final analysis; give a criterion looks='final'")
    if any(each.basis == "predictive" for each in final):
        raise RaBayesError(
            "a criterion asks for a predictive probability, of a trial that goes on; give one with "
            "basis='posterior'"
        )
    return final


def ask(criteria: tuple[Criterion, ...], posterior: Posterior, week: float) -> list[dict[str, Any]]:
    """Return a row a criterion: ``criterion``, ``probability``, ``mcse``, ``asked``, ``holds``."""
    from arviz_stats.base import array_stats

    _, draws, _ = main_quantity(posterior, week)
    rows = []
    for each in criteria:
        beyond = (draws > each.threshold if each.direction == "above" else draws < each.threshold).astype(
            float
        )
        probability = float(beyond.mean())
        # All draws alike do not make a probability certain: its error is of the order of one draw.
        error = float(array_stats.mcse(beyond, chain_axis=0, draw_axis=1)) if np.ptp(beyond) > 0.0 else 0.0
        rows.append(
            {
                "criterion": each.words("success"),
                "probability": probability,
                "mcse": max(error, 1.0 / beyond.size),
                "asked": each.probability,
                "holds": probability >= each.probability,
            }
        )
    return rows
