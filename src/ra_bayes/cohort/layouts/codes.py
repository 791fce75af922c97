"""Texts in cells that stand for something else: missing codes, and decimal marks said by a mapping."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ra_bayes.cohort.value import Mistake, is_empty, read_number

__all__ = ["Marked", "is_missing", "with_point"]

# A unit may stand behind the number.
_SIGNED = re.compile(r"([<>≤≥]?=?\s*[+-]?)(\d+)([.,])(\d+)((?:\s*[^\W\d].*)?)", re.ASCII)


class Marked(NamedTuple):
    """A text whose decimal mark is a point; `comma` if it was a comma."""

    text: str
    comma: bool = False


def is_missing(text: str, codes: Sequence[str]) -> bool:
    """Say whether a cell is empty or holds one of the codes; ``-99`` is also ``-99.0``.

    Examples
    --------
    >>> is_missing("-99.0", ["-99"]), is_missing("nd", ["ND"]), is_missing("9", ["-99"])
    (True, True, False)
    """
    if is_empty(text):
        return True
    folded = text.strip().casefold()
    if folded in {code.strip().casefold() for code in codes}:
        return True
    number = read_number(text)
    if not codes or isinstance(number, Mistake):
        return False
    read = [read_number(code) for code in codes]
    return any(not isinstance(code, Mistake) and code.number == number.number for code in read)


def with_point(text: str, mark: str) -> Marked | Mistake:
    """Write a number with a decimal point, given what the decimal mark of the table is.

    Examples
    --------
    >>> with_point("<1,234", ",")
    Marked(text='<1.234', comma=True)
    >>> with_point("1,5", ".").what
    'there is a comma, and the decimal mark is said to be the point'
    """
    match = _SIGNED.fullmatch(text.strip())
    if match is None or mark == "both":
        return Marked(text)
    before, whole, found, part, unit = match.groups()
    if found == ",":
        if mark == ",":
            return Marked(f"{before}{whole}.{part}{unit}", comma=True)
        return Mistake(
            "there is a comma, and the decimal mark is said to be the point",
            f"write {whole}.{part}, or {whole}{part} if it marks thousands",
        )
    if mark == "," and len(part) == 3 and len(whole) <= 3 and not whole.startswith("0"):
        return Mistake(
            "the point could mark thousands, where the decimal mark is the comma",
            f"write {whole}{part} or {whole},{part}",
        )
    return Marked(text)
