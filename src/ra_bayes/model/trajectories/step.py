"""`step`: nothing until the anchor week, and one and the same change at every week after week 0.

    s(t) = [t > 0]
    f(t) = change * (s(t) - s(anchor))        r(t) = s(t)

The shape of a difference between arms that presumes no course: baseline is alike, every later visit differs
by as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter

__all__ = ["Step"]


class Step:
    """The whole change at the first visit after baseline."""

    name = "step"
    equation = "f(t) = change,  r(t) = 1  after week 0"
    parameters = (Parameter("change", "shift", "population mean change at the reference week"),)

    def steps(self, _visits: int) -> int:
        """Return 0: the one step is no random one."""
        return 0

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return the shape for the mean and for the patients, both by visit."""
        del reference
        after = (weeks > 0.0).astype(float)
        return {"mean_shape": after - float(anchor > 0.0), "response_shape": after}

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        return values["change"][..., None] * constants["mean_shape"]

    def response(self, _values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return r at the visits, shape (visit)."""
        return constants["response_shape"]

    def script(self, _weeks: np.ndarray, _reference: float, _anchor: float) -> str:
        """Return f and r as lines of a PyMC script."""
        return """
# The population's mean change: the same at every week after week 0.
after = (week > 0).astype(float)
mean_change = pm.Deterministic("mean_change", change * (after - after[anchor]), dims="visit")
response_shape = after
"""
