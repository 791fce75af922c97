"""Probabilities and sizes of a plan as texts: as many digits as their Monte Carlo error leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.numbers import number

if TYPE_CHECKING:
    from ra_bayes.planning.design import Design

__all__ = ["error_text", "observed_sd", "probability_text", "size_text", "with_error"]

_PLACES = 3


def probability_text(value: float, mcse: float = 0.0) -> str:
    """Return a probability, to three places if exact, never rounded to certainty.

    Examples
    --------
    >>> probability_text(0.99991), probability_text(0.0499), probability_text(0.8123, 0.012)
    ('> 0.999', '0.050', '0.81')
    """
    if math.isnan(value):
        return "undefined"
    places = _places(mcse)
    least = 10.0**-places
    if value > 1.0 - least:
        return "1" if value == 1.0 and mcse == 0.0 else f"> {1.0 - least:.{places}f}"
    if value < least:
        return "0" if value == 0.0 and mcse == 0.0 else f"< {least:.{places}f}"
    return number(value, places)


def size_text(value: float, mcse: float = 0.0) -> str:
    """Return an expected number of patients to a tenth, or whole where its error is larger."""
    return number(value, 1 if mcse < 0.5 else 0)


def error_text(mcse: float) -> str:
    """Return a Monte Carlo standard error, empty where the number is exact.

    Examples
    --------
    >>> error_text(0.00421), error_text(0.00005), error_text(0.0)
    ('0.0042', '< 0.0001', '')
    """
    if mcse <= 0.0:
        return ""
    return f"{mcse:.2g}" if mcse >= 0.0001 else "< 0.0001"


def with_error(value: float, mcse: float = 0.0) -> str:
    """Return a probability in a sentence, with its Monte Carlo error if it has one.

    Examples
    --------
    >>> with_error(0.8123, 0.0042), with_error(0.05)
    ('0.812 (Monte Carlo error 0.0042)', '0.050')
    """
    error = error_text(mcse)
    return probability_text(value, mcse) + (f" (Monte Carlo error {error})" if error else "")


def observed_sd(design: Design, boundary: Mapping[str, Any]) -> str:
    """Return for which SD a boundary is told, as the end of a sentence; empty where none moves it."""
    sd = boundary.get("sd")
    if sd is None:
        return ""
    unit = " on the log scale" if design.endpoint.ratio else f" {design.endpoint.unit}".rstrip()
    return f"if the SD of a change is seen to be {sd:.3g}{unit}; it is estimated, and they move with it"


def _places(mcse: float) -> int:
    """Return how many places an error leaves: its first digit's place."""
    return min(max(-math.floor(math.log10(mcse)), 1), _PLACES) if mcse > 0.0 else _PLACES
