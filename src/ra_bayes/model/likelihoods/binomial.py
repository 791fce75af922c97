"""`binomial`: so many of a known total, such as swollen joints of 28, each as likely as the next.

    y_ij ~ Binomial(total, p_ij)        logit(p_ij) = mu_ij

The total is the outcome's upper bound. g is the logit between 0 and the total, so that g^-1(mu) = total p is
the expected count, and a change is told in counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["Binomial", "log_choose", "no_total", "total"]


def total(outcome: Outcome) -> dict[str, np.ndarray]:
    """Return how many there are to count."""
    return {"total": np.asarray(outcome.upper, dtype=float)}


def no_total(outcome: Outcome) -> tuple[str, str] | None:
    """Return why an outcome is no count of a total, and the mend; None if it is one."""
    if outcome.lower == 0.0 and outcome.step == 1.0 and outcome.upper is not None:
        return None
    mend = "write it of an outcome with lower = 0, step = 1 and upper, the total, such as sjc28"
    return f"counts of a total, which {outcome.id} is not", mend


def log_choose(value: Any, of: Any, ns: Namespace) -> Any:
    """Return the log of the number of ways to choose."""
    return ns.gammaln(of + 1.0) - ns.gammaln(value + 1.0) - ns.gammaln(of - value + 1.0)


class Binomial:
    """Independent yes or no of a known total."""

    name = "binomial"
    equation = "y_ij ~ Binomial(total, p_ij),  logit(p_ij) = mu_ij"
    on_link = False
    link = "logit"

    def parameters(self, _outcome: Outcome) -> tuple[Parameter, ...]:
        """Return none."""
        return ()

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
        of = values["total"]
        return log_choose(value, of, ns) + value * ns.log_expit(mu) + (of - value) * ns.log_expit(-mu)

    def log_cell(self, low: Any, high: Any, mu: Any, _values: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return the log of 1: every record is a point."""
        return 0.0 * (low + high + mu)

    def draw(
        self, mu: np.ndarray, _values: Mapping[str, np.ndarray], outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw counts, shape of `mu`."""
        return np.asarray(rng.binomial(int(total(outcome)["total"]), special.expit(mu)), dtype=float)

    def script(self, outcome: Outcome, _kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the counts as lines of a PyMC script."""
        return (
            "",
            f"""
# Counts out of {total(outcome)["total"]:g}, each of them yes or no on its own.
pm.Binomial(
    "count", n={total(outcome)["total"]:g}, logit_p=expected[points_at], observed=points_value.astype(int)
)
""",
        )
