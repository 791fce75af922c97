"""`negative_binomial`: a count without a total, such as flares, that varies more than a Poisson count.

    y_ij ~ Poisson(m_ij u_ij),   u_ij ~ Gamma with mean 1 and variance overdispersion,   log(m_ij) = mu_ij

so that Var(y) = m + overdispersion m^2 (Greenwood and Yule 1920, J R Stat Soc 83:255). With
r = 1 / overdispersion

    Pr(y) = Gamma(y + r) / (Gamma(r) y!) (r / (r + m))^r (m / (r + m))^y

A small overdispersion is Poisson's. Every count is over the same time: the same weeks before each visit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["NegativeBinomial"]

# Beyond any count, and below what NumPy draws a Poisson of.
_MOST = 1e12


class NegativeBinomial:
    """Counts without a total."""

    name = "negative_binomial"
    equation = "y_ij ~ NegativeBinomial(mean m_ij, variance m_ij + overdispersion m_ij^2),  log(m_ij) = mu_ij"
    on_link = False
    link = "log"

    def parameters(self, _outcome: Outcome) -> tuple[Parameter, ...]:
        """Return what says how far counts vary beyond Poisson's."""
        meaning = "the variance of a count is m + overdispersion m^2, m the one expected"
        return (Parameter("overdispersion", "scale", meaning, own_unit=""),)

    def misfit(self, outcome: Outcome) -> tuple[str, str] | None:
        """Return why an outcome is no count without a total."""
        if outcome.lower == 0.0 and outcome.step == 1.0 and outcome.upper is None:
            return None
        mend = (
            "write it of an outcome with lower = 0, step = 1 and no upper; out of a total, use beta_binomial"
        )
        return f"counts without a total, which {outcome.id} is not", mend

    def constants(self, _outcome: Outcome) -> dict[str, np.ndarray]:
        """Return none."""
        return {}

    def ends(self, value: float, _outcome: Outcome) -> tuple[float, float] | None:
        """Return the count, which is a point."""
        return value, value

    def log_point(self, value: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log probability of counts."""
        r = 1.0 / values["overdispersion"]
        odds = mu - ns.log(r)
        found = ns.gammaln(value + r) - ns.gammaln(r) - ns.gammaln(value + 1.0)
        return found + r * ns.log_expit(-odds) + value * ns.log_expit(odds)

    def log_cell(self, low: Any, high: Any, mu: Any, _values: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return the log of 1: every record is a point."""
        return 0.0 * (low + high + mu)

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], _outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw counts, shape of `mu`."""
        r = 1.0 / values["overdispersion"]
        rate = np.exp(np.minimum(mu, np.log(_MOST))) * rng.gamma(r, 1.0 / r, size=mu.shape)
        return np.asarray(rng.poisson(np.minimum(rate, _MOST)), dtype=float)

    def script(self, _outcome: Outcome, _kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the counts as lines of a PyMC script."""
        return (
            "",
            """
# Counts without a total: their variance is m + overdispersion m^2, m the one expected.
pm.NegativeBinomial(
    "count",
    mu=pm.math.exp(expected[points_at]),
    alpha=1.0 / overdispersion,
    observed=points_value.astype(int),
)
""",
        )
