"""`beta_binomial`: so many of a known total, which go together: where one joint is swollen, others are.

    y_ij ~ Binomial(total, q_ij),  q_ij ~ Beta(p_ij precision, (1 - p_ij) precision),  logit(p_ij) = mu_ij

Any two of the total are then correlated by 1 / (precision + 1), and the variance of a count is that of the
binomial times 1 + (total - 1) / (precision + 1) (Skellam 1948, J R Stat Soc B 10:257). A large precision is
the binomial.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from ra_bayes.model.likelihoods.binomial import log_choose, no_total, total
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["BetaBinomial"]

# An expected share never leaves (0, 1): its Beta needs two positive numbers.
_LEAST = 1e-9


class BetaBinomial:
    """Correlated yes or no of a known total."""

    name = "beta_binomial"
    equation = "y_ij ~ BetaBinomial(total, p_ij precision, (1 - p_ij) precision),  logit(p_ij) = mu_ij"
    on_link = False
    link = "logit"

    def parameters(self, _outcome: Outcome) -> tuple[Parameter, ...]:
        """Return what says how far counts go together."""
        meaning = "any two of the total are correlated by 1 / (precision + 1)"
        return (Parameter("precision", "scale", meaning, own_unit=""),)

    def misfit(self, outcome: Outcome) -> tuple[str, str] | None:
        """Return why an outcome has no total."""
        return no_total(outcome)

    def constants(self, outcome: Outcome) -> dict[str, np.ndarray]:
        """Return the total."""
        return total(outcome)

    def ends(self, value: float, _outcome: Outcome) -> tuple[float, float] | None:
        """Return the count, which is a point."""
        return value, value

    def log_point(self, value: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log probability of counts."""
        of, precision = values["total"], values["precision"]
        yes = precision * (_LEAST + (1.0 - 2.0 * _LEAST) * ns.exp(ns.log_expit(mu)))
        no = precision - yes
        found = ns.gammaln(value + yes) - ns.gammaln(yes) + ns.gammaln(of - value + no) - ns.gammaln(no)
        return log_choose(value, of, ns) + found + ns.gammaln(precision) - ns.gammaln(of + precision)

    def log_cell(self, low: Any, high: Any, mu: Any, _values: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return the log of 1: every record is a point."""
        return 0.0 * (low + high + mu)

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw counts, shape of `mu`."""
        share = _LEAST + (1.0 - 2.0 * _LEAST) * special.expit(mu)
        chance = rng.beta(share * values["precision"], (1.0 - share) * values["precision"])
        return np.asarray(rng.binomial(int(total(outcome)["total"]), chance), dtype=float)

    def script(self, outcome: Outcome, _kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the counts as lines of a PyMC script."""
        return (
            "",
            f"""
# Counts out of {total(outcome)["total"]:g} that go together: any two are correlated by 1 / (precision + 1).
share = pm.math.invlogit(expected[points_at])
pm.BetaBinomial(
    "count",
    n={total(outcome)["total"]:g},
    alpha=share * precision,
    beta=(1 - share) * precision,
    observed=points_value.astype(int),
)
""",
        )
