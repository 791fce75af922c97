"""`onset`: a change that sets in at once and halves its distance to a plateau every `half_time` weeks.

    s(t) = 1 - 2^(-t / half_time)
    f(t) = change * (s(t) - s(anchor)) / s(t_ref)        r(t) = s(t) / s(t_ref)

`change` is the change at the reference week, not the plateau: a plateau is not seen when the half-time
is long, and its prior could not be written in clinical units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter

__all__ = ["Onset"]


class Onset:
    """Exponential approach to a plateau, zero at the anchor week."""

    name = "onset"
    equation = "s(t) = 1 - 2^(-t / half_time),  f(t) = change s(t) / s(t_ref),  r(t) = s(t) / s(t_ref)"
    parameters = (
        Parameter("change", "shift", "population mean change at the reference week"),
        Parameter("half_time", "scale", "weeks to half of the full change", own_unit="weeks"),
    )

    def steps(self, _visits: int) -> int:
        """Return 0: the curve has no steps."""
        return 0

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return the weeks that the curve needs."""
        return {"week": weeks, "reference": np.asarray(reference), "anchor": np.asarray(anchor)}

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        shape = self._shape(values, constants["week"], ns)
        at_reference = self._shape(values, constants["reference"][..., None], ns)
        start = self._shape(values, constants["anchor"][..., None], ns)
        return values["change"][..., None] * (shape - start) / at_reference

    def response(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
        """Return r at the visits, shape (..., visit)."""
        at_reference = self._shape(values, constants["reference"][..., None], ns)
        return self._shape(values, constants["week"], ns) / at_reference

    def _shape(self, values: Mapping[str, Any], weeks: Any, ns: Namespace) -> Any:
        return 1.0 - ns.exp(-np.log(2.0) * weeks / values["half_time"][..., None])

    def script(self, _weeks: np.ndarray, _reference: float, _anchor: float) -> str:
        """Return f and r as lines of a PyMC script."""
        return """
# The population's mean change: its distance to a plateau is halved every half_time weeks.
reached = 1 - 2 ** (-week / half_time)
reached_at_reference = 1 - 2 ** (-reference_week / half_time)
mean_change = pm.Deterministic(
    "mean_change", change * (reached - reached[anchor]) / reached_at_reference, dims="visit"
)
response_shape = reached / reached_at_reference
"""
