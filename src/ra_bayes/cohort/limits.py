"""Limits of quantification: what a row gives, whether its value fits, and what people put in their place."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Literal, NamedTuple

from ra_bayes.cohort.value import Mistake, Value, read_number
from ra_bayes.outcome import Outcome

__all__ = [
    "Bounds",
    "Imputed",
    "beyond",
    "can_be_censored",
    "contradiction",
    "imputed_as",
    "no_limit",
    "read_bounds",
]

type Imputed = Literal["", "half", "root"]


class Bounds(NamedTuple):
    """The limits of quantification of one row, in the row's unit; ``None`` where it gives none."""

    lower: Decimal | None = None
    upper: Decimal | None = None


def can_be_censored(outcome: Outcome) -> bool:
    """Say whether an assay's limits can apply: to concentrations, not to scores with two ends."""
    return outcome.kind == "continuous" and (outcome.positive or outcome.upper is None)


def read_bounds(lower: str, upper: str, outcome: Outcome) -> Bounds | tuple[str, str, Mistake]:
    """Read the limits of a row; of the first that is wrong its column, its text and the mistake.

    Examples
    --------
    >>> from ra_bayes.outcomes import get
    >>> read_bounds("0.5", "200", get("il10"))
    Bounds(lower=Decimal('0.5'), upper=Decimal('200'))
    >>> read_bounds("5", "2", get("il10"))[2].what
    'the upper limit is not above the lower limit 5'
    """
    found: dict[str, Decimal | None] = {}
    for key, text in (("lower", lower), ("upper", upper)):
        name = f"{key} limit of quantification"
        read = read_number(text) if text else None
        found[key] = None
        if isinstance(read, Mistake):
            return (
                f"{key}_limit",
                text,
                Mistake(read.what, f"write the {name} as a number, or leave it empty"),
            )
        if read is not None and read.number <= 0:
            a = "a" if key == "lower" else "an"
            return f"{key}_limit", text, Mistake(f"{a} {name} is above 0", "correct it, or leave it empty")
        if read is not None and not can_be_censored(outcome):
            what = f"{outcome.id} has no limit of quantification"
            return f"{key}_limit", text, Mistake(what, "leave the cell empty")
        if read is not None:
            found[key] = read.number
    bounds = Bounds(found["lower"], found["upper"])
    if bounds.lower is not None and bounds.upper is not None and bounds.upper <= bounds.lower:
        what = f"the upper limit is not above the lower limit {bounds.lower}"
        return "upper_limit", upper, Mistake(what, "correct one of the two")
    return bounds


def contradiction(read: Value, bounds: Bounds, outcome: Outcome) -> Mistake | None:
    """Say what is wrong with a value below or above a limit, given the limits of its row."""
    if not read.limit:
        return None
    if not can_be_censored(outcome):
        mend = "write the value that was recorded, or leave it empty if it is missing"
        return Mistake(f"{outcome.id} is a bounded scale, so a limit says nothing about it", mend)
    for name, limit, own, fits in (
        ("lower_limit", bounds.lower, "<", read.limit == ">"),
        ("upper_limit", bounds.upper, ">", read.limit == "<"),
    ):
        if read.number is None or limit is None:
            continue
        # Below the lower limit means below that limit; above it may be any number that is not below it.
        right_side = read.number >= limit if own == "<" else read.number <= limit
        if not (right_side if fits else read.number == limit):
            return Mistake(f"this contradicts the {name} {limit} of the row", "correct one of the two")
    return None


def no_limit(read: Value, batch: str) -> Mistake:
    """Say that a text such as BLQ or ALQ has no limit that it could stand for."""
    side, key, sign = (
        ("below", "lower_limit", "<0.5") if read.limit == "<" else ("above", "upper_limit", ">200")
    )
    of = f" for batch {batch!r}" if batch else ""
    mend = f"write the limit, such as {sign}, or give it in a column {key} or as [[limits]] in a mapping"
    return Mistake(f"this says {side} the limit, and no limit is given{of}", mend)


def beyond(number: Decimal, bounds: Bounds) -> tuple[Decimal, Literal["", "<", ">"]]:
    """Return the limit that a number lies beyond, and the side; else the number itself.

    An assay cannot tell values below its lower limit from each other, so a number there stands for
    "below" (whether it was read off, or put in the place of what could not be).
    """
    if bounds.lower is not None and 0 <= number < bounds.lower:
        return bounds.lower, "<"
    if bounds.upper is not None and number > bounds.upper:
        return bounds.upper, ">"
    return number, ""


def imputed_as(number: Decimal, lower: Decimal) -> Imputed:
    """Say whether a number is what people put in the place of a value below `lower`.

    Half of the limit, or the limit divided by the square root of 2 to as many decimals as the number has
    (Hornung and Reed 1990 Appl Occup Environ Hyg 5:46 compare the two).

    Examples
    --------
    >>> imputed_as(Decimal("0.25"), Decimal("0.5")), imputed_as(Decimal("0.354"), Decimal("0.5"))
    ('half', 'root')
    >>> imputed_as(Decimal("0.3"), Decimal("0.5"))
    ''
    """
    if 2 * number == lower:
        return "half"
    exponent = number.as_tuple().exponent
    digits = len(number.as_tuple().digits)
    if number > 0 and isinstance(exponent, int) and exponent < 0 and digits >= 2:
        return "root" if number == round(lower / Decimal(math.sqrt(2)), -exponent) else ""
    return ""
