"""Where a design with a known SD decides: the means that are a success, futile, or neither, at each look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ra_bayes.planning.continuous.known import KnownSd, posterior_bound
from ra_bayes.planning.continuous.predictive import predictive_bound
from ra_bayes.planning.rule import Criterion

__all__ = ["bounds"]

type Array = NDArray[np.float64]


def bounds(design: KnownSd, k: int, control: Array) -> tuple[Array, Array]:
    """Return the treated means at or below which look k is futile and above which it is a success.

    Mirrored scale; both of shape (control). Success has precedence, so the first is never above the second.
    """
    at = k + 1
    success = [each for each in design.rule.success if each.at(at, design.last)]
    futility = [each for each in design.rule.futility if each.at(at, design.last)]
    upper = [_critical(design, k, each, control) for each in success]
    lower = [_critical(design, k, each, control) for each in futility]
    high = np.max(upper, axis=0) if upper else np.full(control.shape, np.inf)
    low = np.max(lower, axis=0) if lower else np.full(control.shape, -np.inf)
    return np.minimum(low, high), high


def _critical(design: KnownSd, k: int, criterion: Criterion, control: Array) -> Array:
    if criterion.basis == "predictive":
        return predictive_bound(design, k, criterion.probability, control)
    return posterior_bound(design, k, criterion, control)
