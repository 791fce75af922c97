"""`normal`, the default: a record is an interval of a latent y* that is Normal on the link's scale.

    y*_ij ~ Normal(mu_ij, residual_sd) on the link's scale, and the record says  low <= y*_ij <= high

- a point (low = high): the normal density, times the link's slope so that likelihoods of one record
  under two links can be compared;
- a cell: Phi((high - mu) / sd) - Phi((low - mu) / sd): below a limit of quantification, at a bound of
  the scale (a VAS of exactly 100), within a rounding step (HAQ-DI), or one side of zero (a binary record);
- a visit that was missed carries no term.

Of these four kinds the records of every likelihood are; most have no cells.

Cells follow Tobin 1958 (limits) and Heitjan 1989, Stat Sci 4:164 (rounded data).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = [
    "CELL",
    "MISSED",
    "POINT",
    "RESIDUAL_SD",
    "UNBOUNDED",
    "Normal",
    "log_cell",
    "log_point",
    "scatter_script",
]

MISSED, POINT, CELL = 0, 1, 2

# An open end, on the link's scale. Finite, since an infinite one has no gradient; far enough to be
# infinite for any unit, near enough that its square is a number.
UNBOUNDED = 1e12

RESIDUAL_SD = Parameter("residual_sd", "scale", "SD of one record around its patient's trajectory")

_LOG_SQRT_2PI = 0.5 * float(np.log(2.0 * np.pi))


def log_point(value: Any, mu: Any, residual_sd: Any, ns: Namespace) -> Any:
    """Return the log density of points on the link's scale, without the link's slope.

    Parameters
    ----------
    value
        Records on the link's scale.
    mu, residual_sd
        Expected values and SD, broadcastable against `value`.
    ns
        NumPy's or PyTensor's functions.
    """
    return -0.5 * ((value - mu) / residual_sd) ** 2 - ns.log(residual_sd) - _LOG_SQRT_2PI


def log_cell(low: Any, high: Any, mu: Any, residual_sd: Any, ns: Namespace) -> Any:
    """Return the log probability of cells, accurate in both tails.

    Parameters
    ----------
    low, high
        Ends of the records on the link's scale, low < high.
    mu, residual_sd
        Expected values and SD, broadcastable against the ends.
    ns
        NumPy's or PyTensor's functions.
    """
    z_low, z_high = (low - mu) / residual_sd, (high - mu) / residual_sd
    # Mirror a cell in the right tail into the left one, where log Phi keeps its digits.
    right = z_low + z_high > 0.0
    far, near = ns.where(right, -z_high, z_low), ns.where(right, -z_low, z_high)
    log_near = ns.log_ndtr(near)
    # The cap keeps the narrowest cell, whose ends differ by rounding only, from log(0).
    return log_near + ns.log1mexp(ns.minimum(ns.log_ndtr(far) - log_near, -1e-15))


class Normal:
    """Normal noise on the link's scale."""

    name = "normal"
    equation = "g(y*_ij) ~ Normal(mu_ij, residual_sd)"
    on_link = True
    link = None

    def parameters(self, _outcome: Outcome) -> tuple[Parameter, ...]:
        """Return the SD of a record."""
        return (RESIDUAL_SD,)

    def misfit(self, _outcome: Outcome) -> tuple[str, str] | None:
        """Return None: any continuous outcome can have it."""
        return None

    def constants(self, _outcome: Outcome) -> dict[str, np.ndarray]:
        """Return none: it needs no numbers but its parameters'."""
        return {}

    def ends(self, _value: float, _outcome: Outcome) -> tuple[float, float] | None:
        """Return None: a record is an interval on the link's scale."""
        return None

    def log_point(self, value: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log density of points."""
        return log_point(value, mu, values["residual_sd"], ns)

    def log_cell(self, low: Any, high: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log probability of cells."""
        return log_cell(low, high, mu, values["residual_sd"], ns)

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], _outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw g(y*), shape of `mu`."""
        return np.asarray(mu + values["residual_sd"] * rng.normal(size=mu.shape))

    def script(self, outcome: Outcome, kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the records as lines of a PyMC script, and the function they need."""
        if outcome.kind == "binary":
            return "", _BERNOULLI
        return scatter_script(kinds, "pm.Normal")


def scatter_script(kinds: frozenset[Any], family: str, own: str = "") -> tuple[str, str]:
    """Return function and lines of a PyMC script for records that scatter around mu on the link's scale.

    Parameters
    ----------
    kinds
        Of records.
    family
        PyMC's distribution of the scatter, with ``mu`` and ``sigma``.
    own
        Its other arguments, ended by a comma.
    """
    lines = "".join(lines for kind, lines in _SCRIPT.items() if kind in kinds)
    return _LOG_BETWEEN if "between" in kinds else "", lines.format(family=family, own=own)


_BERNOULLI = """
# A response: yes with probability Phi(expected).
pm.Bernoulli("response", p=pm.math.invprobit(expected[points_at]), observed=points_value)
"""

_SCRIPT = {
    "points": """
# Records scatter around what is expected of their patient.
{family}("record", {own}mu=expected[points_at], sigma=residual_sd, observed=points_value)
""",
    "below": """
# Below a limit: the probability of lying there.
pm.Censored(
    "record_below",
    {family}.dist({own}mu=expected[below_at], sigma=residual_sd),
    lower=below_value,
    upper=None,
    observed=below_value,
)
""",
    "above": """
# Above a limit: the probability of lying there.
pm.Censored(
    "record_above",
    {family}.dist({own}mu=expected[above_at], sigma=residual_sd),
    lower=None,
    upper=above_value,
    observed=above_value,
)
""",
    "between": """
# Between two ends: the probability of lying there.
noise = {family}.dist({own}mu=0.0, sigma=1.0)
pm.Potential(
    "record_between",
    log_between(noise, between_low, between_high, expected[between_at], residual_sd),
)
""",
}

_LOG_BETWEEN = '''
def log_between(noise, low, high, mu, sd):
    """Return the log probability of lying between two ends, of noise around mu."""
    low, high = (low - mu) / sd, (high - mu) / sd
    # Mirrored into the left tail, where it keeps its digits.
    right = low + high > 0
    far, near = pt.switch(right, -high, low), pt.switch(right, -low, high)
    return pm.math.logdiffexp(pm.logcdf(noise, near), pm.logcdf(noise, far))
'''
