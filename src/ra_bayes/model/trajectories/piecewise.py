"""`piecewise`: straight lines that meet at the knots of the page.

    f(t) = change * (t - anchor) / t_ref + sum over knots k of bend_k * (h_k(t) - h_k(anchor))
    r(t) = t / t_ref

h_k is 1 at knot k, 0 at week 0, at the other knots and at t_ref, and straight in between. After t_ref the
last slope goes on. `change` is the change at the reference week, and `bend_k` how much more has changed at
knot k than a straight line from week 0 to t_ref would have: both told at a week, both in clinical units. No
bends, one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.toml_page import TomlTable

__all__ = ["Piecewise"]


@dataclass(frozen=True)
class Piecewise:
    """Line with knots.

    Parameters
    ----------
    knots
        Weeks at which the slope may change, rising, between 0 and the reference week.
    """

    knots: tuple[float, ...] = (4.0,)

    name = "piecewise"
    keys = ("knots",)

    @property
    def equation(self) -> str:
        """Return f and r, for people."""
        weeks = ", ".join(f"{knot:g}" for knot in self.knots)
        return (
            "f(t) = change t / t_ref + sum_k bend_k h_k(t),  r(t) = t / t_ref,  h_k(t) straight between 1 at "
            f"knot k and 0 at week 0, other knots and t_ref,  knots at week {weeks}"
        )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Return the change, and a bend for each knot."""
        bends = (
            Parameter(f"bend_{k}", "shift", f"change at week {knot:g} beyond that of a straight line")
            for k, knot in enumerate(self.knots, start=1)
        )
        return Parameter("change", "shift", "population mean change at the reference week"), *bends

    def on_page(self, table: TomlTable, reference: float) -> Piecewise:
        """Return it with the knots that a page gives."""
        mend = "list the weeks at which the slope may change, e.g. [4]"
        knots = table.rising("knots", mend)
        if knots and (knots[0] <= 0.0 or knots[-1] >= reference):
            table.problem("knots", "are not all between week 0 and the reference week", mend, list(knots))
        return Piecewise(knots or self.knots)

    def steps(self, _visits: int) -> int:
        """Return 0: lines have no steps."""
        return 0

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return the shapes of the line and of the bends (knot, visit), and of the patients, by visit."""
        bends = self._hats(weeks, reference) - self._hats(np.array([anchor]), reference)
        return {
            "mean_shape": (weeks - anchor) / reference,
            "bend_shape": bends,
            "response_shape": weeks / reference,
        }

    def _hats(self, weeks: np.ndarray, reference: float) -> np.ndarray:
        ends = np.array([0.0, *self.knots, reference])
        rows = np.eye(ends.size)[1:-1]
        hats = np.array([np.interp(weeks, ends, row) for row in rows])
        hats[-1] += np.minimum(0.0, (reference - weeks) / (reference - ends[-2]))  # the last slope goes on
        return hats

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        line = values["change"][..., None] * constants["mean_shape"]
        return line + sum(
            values[f"bend_{k + 1}"][..., None] * constants["bend_shape"][..., k, :]
            for k in range(len(self.knots))
        )

    def response(self, _values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return r at the visits, shape (visit)."""
        return constants["response_shape"]

    def script(self, weeks: np.ndarray, reference: float, anchor: float) -> str:
        """Return f and r as lines of a PyMC script."""
        bends = self.constants(weeks, reference, anchor)["bend_shape"]
        rows = ",\n".join(f"        [{', '.join(map(repr, row))}]" for row in bends.tolist())
        names = ", ".join(f"bend_{k + 1}" for k in range(len(self.knots)))
        return f"""
# The population's mean change: a line that may bend at weeks {", ".join(f"{knot:g}" for knot in self.knots)}.
# How much of a bend there is at each visit: all at its knot, none at week 0, other knots, the reference week.
bend_shape = np.array(
    [
{rows},
    ]
)
bends = pt.stack([{names}])
line = change * (week - week[anchor]) / reference_week
mean_change = pm.Deterministic(
    "mean_change", line + (bends[:, None] * bend_shape).sum(axis=0), dims="visit"
)
response_shape = week / reference_week
"""
