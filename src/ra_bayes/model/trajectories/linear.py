"""`linear`: a straight line on the link's scale.

f(t) = change * (t - anchor) / t_ref        r(t) = t / t_ref
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter

__all__ = ["Linear"]


class Linear:
    """Straight line through zero at the anchor week."""

    name = "linear"
    equation = "f(t) = change t / t_ref,  r(t) = t / t_ref"
    parameters = (Parameter("change", "shift", "population mean change at the reference week"),)

    def steps(self, _visits: int) -> int:
        """Return 0: a line has no steps."""
        return 0

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return the line's shape for the mean and for the patients, both by visit."""
        return {"mean_shape": (weeks - anchor) / reference, "response_shape": weeks / reference}

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        return values["change"][..., None] * constants["mean_shape"]

    def response(self, _values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return r at the visits, shape (visit)."""
        return constants["response_shape"]

    def script(self, _weeks: np.ndarray, _reference: float, _anchor: float) -> str:
        """Return f and r as lines of a PyMC script."""
        return """
# The population's mean change: a straight line.
mean_change = pm.Deterministic(
    "mean_change", change * (week - week[anchor]) / reference_week, dims="visit"
)
response_shape = week / reference_week
"""
