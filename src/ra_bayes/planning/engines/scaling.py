"""Thresholds on the scale of the analysis: the log of a ratio, else themselves."""

from __future__ import annotations

from dataclasses import replace

from ra_bayes.planning.design import Design
from ra_bayes.planning.rule import Criterion, Rule

__all__ = ["scaled", "scaled_rule"]


def scaled(design: Design, criterion: Criterion) -> Criterion:
    """Return a criterion with its threshold on the scale of the analysis."""
    if criterion.basis == "predictive":
        return criterion
    return replace(criterion, threshold=design.on_scale(criterion.threshold))


def scaled_rule(design: Design) -> Rule:
    """Return the rule with its thresholds on the scale of the analysis."""
    return Rule(
        tuple(scaled(design, each) for each in design.rule.success),
        tuple(scaled(design, each) for each in design.rule.futility),
    )
