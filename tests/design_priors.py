"""What tests of design priors ask of a step."""

from __future__ import annotations

import math

from scipy import stats

from ra_bayes.planning.design_prior import Step


def moments(step: Step, name: str) -> tuple[float, float]:
    """Mean and SD of a name at the nodes, whatever closed form stands beside them."""
    mean = float(step.weights @ step.nodes[name])
    return mean, math.sqrt(float(step.weights @ (step.nodes[name] - mean) ** 2))


def power(step: Step) -> float:
    """Success if the estimate, of standard error 6, is below -5: a closed form under normal priors."""
    return step.expect(stats.norm.cdf((-5.0 - step.nodes["effect"]) / 6.0))[0]
