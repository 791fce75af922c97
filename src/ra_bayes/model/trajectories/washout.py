"""`washout`: each infusion's response sets in and is lost again; those of all infusions add up.

    B(t) = (2^(-t / loss_half_time) - 2^(-t / half_time)) / (a - l)     for t > 0, else 0
    s(t) = sum over infusions w of B(t - w)
    f(t) = change * (s(t) - s(anchor)) / s(t_ref)        r(t) = s(t) / s(t_ref)

with rates a = log(2) / half_time and l = log(2) / loss_half_time. B is the response of one infusion under
first-order onset and first-order loss (Bateman 1910, Proc Camb Philos Soc 15:423); its own size does not
matter, as `change` is the change at the reference week. Computed is

    B(t) = t * exp(-min(a, l) t) * phi(|a - l| t),        phi(x) = (1 - exp(-x)) / x,  phi(0) = 1,

the same, and a number also where the two half-times meet. Nothing is lost (an infinite loss_half_time): the
`onset` curves of the infusions, one on top of the other.

B is the same with the half-times exchanged, so priors must say which is which: keep them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.toml_page import TomlTable

__all__ = ["Washout"]


@dataclass(frozen=True)
class Washout:
    """Onset and loss after repeated infusions.

    Parameters
    ----------
    infusions
        Weeks of the infusions, rising, before the reference week.
    """

    infusions: tuple[float, ...] = (0.0,)

    name = "washout"
    keys = ("infusions",)
    parameters = (
        Parameter("change", "shift", "population mean change at the reference week"),
        Parameter("half_time", "scale", "weeks to half of what one infusion brings on", own_unit="weeks"),
        Parameter("loss_half_time", "scale", "weeks until half of it is lost again", own_unit="weeks"),
    )

    @property
    def equation(self) -> str:
        """Return f and r, for people."""
        weeks = ", ".join(f"{week:g}" for week in self.infusions)
        return (
            "B(t) ~ 2^(-t / loss_half_time) - 2^(-t / half_time) for t > 0,  s(t) = sum_w B(t - w),  "
            f"f(t) = change s(t) / s(t_ref),  r(t) = s(t) / s(t_ref),  infusions w in week {weeks}"
        )

    def on_page(self, table: TomlTable, reference: float) -> Washout:
        """Return it with the infusions that a page gives."""
        mend = "list the weeks of the infusions, e.g. [0, 4, 8]"
        infusions = table.rising("infusions", mend)
        if infusions and infusions[-1] >= reference:
            table.problem(
                "infusions", "are not all before the reference week, at which the change is told", mend,
                list(infusions),
            )  # fmt: skip
        return Washout(infusions or self.infusions)

    def steps(self, _visits: int) -> int:
        """Return 0: the curve has no steps."""
        return 0

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return weeks since each infusion: of the visits (visit, infusion), of two weeks (infusion)."""
        given = np.array(self.infusions)
        return {
            "since": np.maximum(weeks[:, None] - given, 0.0),
            "since_at_reference": np.maximum(reference - given, 0.0),
            "since_at_anchor": np.maximum(anchor - given, 0.0),
        }

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        shape = self._shape(values, constants["since"], ns)
        start = self._shape(values, constants["since_at_anchor"][..., None, :], ns)
        end = self._shape(values, constants["since_at_reference"][..., None, :], ns)
        return values["change"][..., None] * (shape - start) / end

    def response(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
        """Return r at the visits, shape (..., visit)."""
        end = self._shape(values, constants["since_at_reference"][..., None, :], ns)
        return self._shape(values, constants["since"], ns) / end

    def script(self, _weeks: np.ndarray, _reference: float, _anchor: float) -> str:
        """Return f and r as lines of a PyMC script."""
        return f"""
# The population's mean change: the responses to all infusions, each setting in and lost again.
infusions = np.array([{", ".join(f"{each!r}" for each in self.infusions)}])
since = np.maximum(week[:, None] - infusions, 0.0)  # weeks since each infusion, by visit
since_at_reference = np.maximum(reference_week - infusions, 0.0)
course = (2 ** (-since / loss_half_time) - 2 ** (-since / half_time)).sum(axis=-1)
course_at_reference = (
    2 ** (-since_at_reference / loss_half_time) - 2 ** (-since_at_reference / half_time)
).sum()
mean_change = pm.Deterministic(
    "mean_change", change * (course - course[anchor]) / course_at_reference, dims="visit"
)
response_shape = course / course_at_reference
"""

    def _shape(self, values: Mapping[str, Any], since: Any, ns: Namespace) -> Any:
        rise, loss = (
            float(np.log(2.0)) / values[name][..., None, None] for name in ("half_time", "loss_half_time")
        )
        apart = abs(rise - loss) * since
        # Below it phi is 1 to more digits than there are; the other branch must not divide by 0.
        near = apart < 1e-15
        wide = ns.where(near, 1.0, apart)
        phi = ns.where(near, 1.0, -ns.expm1(-wide) / wide)
        return (since * ns.exp(-ns.minimum(rise, loss) * since) * phi).sum(axis=-1)
