"""Checks of what every named design is asked for: two rates and two error rates."""

from __future__ import annotations

from ra_bayes.errors import RaBayesError

__all__ = ["check_errors", "check_rates"]


def check_rates(*rates: float, theta: float | None = None) -> None:
    """Raise if rates are not between 0 and 1, or a probability asked for is not."""
    for rate in rates:
        if not 0.0 < rate < 1.0:
            raise RaBayesError(f"a response rate of {rate:g} cannot be; write a rate between 0 and 1")
    if theta is not None and not 0.0 < theta < 1.0:
        raise RaBayesError(f"theta = {theta:g} cannot be; write a probability between 0 and 1")


def check_errors(p0: float, p1: float, alpha: float, power: float) -> None:
    """Raise if the rates or the error rates of a design do not fit together."""
    if not 0.0 < p0 < p1 < 1.0:
        raise RaBayesError(f"rates p0 = {p0:g} and p1 = {p1:g} do not fit; write 0 < p0 < p1 < 1")
    if not 0.0 < alpha < 1.0:
        raise RaBayesError(f"alpha = {alpha:g} cannot be; write a probability between 0 and 1")
    if not alpha < power < 1.0:
        raise RaBayesError(
            f"power = {power:g} cannot be; write a probability between alpha = {alpha:g} and 1"
        )
