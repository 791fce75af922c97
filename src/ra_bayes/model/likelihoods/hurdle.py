"""`hurdle`: a score that is often exactly 0, and LogNormal where it is not.

    Pr(y_ij = 0) = Phi( (zero_at - mu_ij) / zero_spread )
    log(y*_ij) ~ Normal(mu_ij, residual_sd)                where y_ij > 0

So zero grows likelier as what is expected of a patient falls. `zero_at` is the expected score at which half
of the records are 0, and `zero_spread` says how gradually that changes: from 84% to 16% over two of it. This
differs from a record below a limit of quantification, which is a small value; a 0 here is none at all. A
record known only to be small (``<0.5``) is either. Mullahy 1986, J Econometrics 33:341.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.likelihoods.normal import RESIDUAL_SD, UNBOUNDED, log_cell, log_point, scatter_script
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["Hurdle"]


class Hurdle:
    """Zero or LogNormal."""

    name = "hurdle"
    equation = (
        "Pr(y_ij = 0) = Phi((zero_at - mu_ij) / zero_spread),  "
        "log(y*_ij) ~ Normal(mu_ij, residual_sd) above 0"
    )
    on_link = True
    link = "log"

    def parameters(self, _outcome: Outcome) -> tuple[Parameter, ...]:
        """Return the SD of a record above 0, and where records become 0."""
        return (
            RESIDUAL_SD,
            Parameter("zero_at", "level", "expected score at which half of the records are 0"),
            Parameter("zero_spread", "scale", "how gradually records become 0 as the expected score falls"),
        )

    def misfit(self, outcome: Outcome) -> tuple[str, str] | None:
        """Return why an outcome has no 0 to be at."""
        if outcome.lower == 0.0:
            return None
        return f"is of scores that end at 0, which {outcome.id} does not", "use normal"

    def constants(self, _outcome: Outcome) -> dict[str, np.ndarray]:
        """Return none."""
        return {}

    def ends(self, value: float, _outcome: Outcome) -> tuple[float, float] | None:
        """Return the cell that holds 0 and nothing above it; None for other records."""
        return (-UNBOUNDED, -UNBOUNDED / 2.0) if value == 0.0 else None

    def log_zero(self, mu: Any, values: Mapping[str, Any], ns: Namespace) -> tuple[Any, Any]:
        """Return the log probabilities of 0 and of more."""
        z = (values["zero_at"] - mu) / values["zero_spread"]
        return ns.log_ndtr(z), ns.log_ndtr(-z)

    def log_point(self, value: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log density of records above 0."""
        return self.log_zero(mu, values, ns)[1] + log_point(value, mu, values["residual_sd"], ns)

    def log_cell(self, low: Any, high: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log probability of cells; one that is open below holds 0 as well."""
        zero, more = self.log_zero(mu, values, ns)
        more = more + log_cell(low, high, mu, values["residual_sd"], ns)
        most = -ns.minimum(-zero, -more)
        either = most + ns.log1p(ns.exp(ns.minimum(zero, more) - most))
        return ns.where(low <= -UNBOUNDED, either, more)

    def script(self, _outcome: Outcome, kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the records as lines of a PyMC script, and the function they need."""
        functions, scatter = scatter_script(kinds - {"below"}, "pm.Normal")
        parts = "".join(lines for kind, lines in _SCRIPT.items() if kind in kinds)
        return functions, _ZERO + parts + scatter

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], _outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw g(y*), -inf for 0, shape of `mu`."""
        latent = mu + values["residual_sd"] * rng.normal(size=mu.shape)
        zero = mu + values["zero_spread"] * rng.normal(size=mu.shape) < values["zero_at"]
        return np.where(zero, -np.inf, latent)


_ZERO = """
# A record is 0 with a probability that rises as what is expected falls; above 0 it scatters around that.
standard = pm.Normal.dist(0.0, 1.0)
log_zero = pm.logcdf(standard, (zero_at - expected) / zero_spread)
log_more = pm.logcdf(standard, (expected - zero_at) / zero_spread)
"""

_MORE = """
pm.Potential("more_than_0_{kind}", log_more[{kind}_at])
"""

_SCRIPT = {
    "zeros": """
pm.Potential("record_zero", log_zero[zeros_at])
""",
    "points": _MORE.format(kind="points"),
    "above": _MORE.format(kind="above"),
    "between": _MORE.format(kind="between"),
    "below": """
# Below a limit: 0, or more but there.
pm.Potential(
    "record_below",
    pt.logaddexp(
        log_zero[below_at],
        log_more[below_at] + pm.logcdf(pm.Normal.dist(expected[below_at], residual_sd), below_value),
    ),
)
""",
}
