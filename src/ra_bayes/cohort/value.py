"""One cell's text -> a number, or a censored one, or the reason why it is neither."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, NamedTuple

__all__ = [
    "COMMA_IS_OPEN",
    "LIMIT_NAMES",
    "Limit",
    "Mistake",
    "Number",
    "Value",
    "is_empty",
    "read_number",
    "read_value",
    "read_yes_no",
    "split_unit",
]

type Limit = Literal["", "<", ">"]


class Number(NamedTuple):
    """A number as written; `comma` if its decimal mark was a comma."""

    number: Decimal
    comma: bool = False


class Value(NamedTuple):
    """A number, or a limit ("<" or ">"); a text such as ``BLQ`` has a limit and no number."""

    number: Decimal | None
    limit: Limit = ""
    comma: bool = False


class Mistake(NamedTuple):
    """Why a text cannot be read, and what to write instead."""

    what: str
    mend: str


LIMIT_NAMES = ("lloq", "loq", "llod", "lod")
"""How lower limits of quantification and of detection are called."""

_EMPTY = frozenset({"", "na", "n/a", "."})
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"([+-]?)(\d+),(\d+)", re.ASCII)
_SPACED = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3})+(?:[.,]\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3})+,\d+", re.ASCII)
# A number, then what begins like a unit and not like an exponent.
_WITH_UNIT = re.compile(
    r"((?:<=|>=|[<>≤≥])?\s*[+-]?[\d.,]*\d(?:[eE][+-]?\d{1,3})?)\s*(?![eE][+-]?\d)([A-Za-z%µμ(\[].*)",
    re.DOTALL,
)
_SIGN = re.compile(r"\s*(<=|>=|[<>≤≥])\s*(.*)", re.DOTALL)
_LOWER_LIMIT = frozenset({*LIMIT_NAMES, "limit", "limit of detection", "limit of quantification"})
_UPPER_LIMIT = frozenset({"uloq", "uoq", "limit", "upper limit of quantification"})
_BELOW = frozenset(
    {"blq", "bloq", "blloq", "bql", "blod", "below lloq", "below loq", "below lod", "below limit"}
    | {"below detection", "below detection limit", "below limit of detection"}
    | {"below limit of quantification", "below quantification limit", "below the limit of quantification"}
    | {"not detected", "not detectable", "undetected", "undetectable"}
)
_ABOVE = frozenset(
    {"alq", "aloq", "auloq", "aql", "above uloq", "above limit", "above limit of quantification"}
    | {"above quantification limit", "above upper limit", "above range"}
)
_DONE_OR_DETECTED = frozenset({"nd", "n.d.", "n.d", "n. d."})
_YES_NO = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
COMMA_IS_OPEN = "the comma could mark thousands or decimals"
_EMPTY_IF_MISSING = "leave the cell empty if the value is missing"
_NOT_A_NUMBER = Mistake(
    "this is not a number",
    f"write a number such as 12.5, or {_EMPTY_IF_MISSING}, or list such a code as missing in a mapping",
)


def is_empty(text: str) -> bool:
    """Say whether a cell stands for a missing value: blank, ``NA``, ``N/A`` or ``.`` (R, SAS).

    Examples
    --------
    >>> is_empty(" "), is_empty("NA"), is_empty("nan")
    (True, True, False)
    """
    return text.strip().casefold() in _EMPTY


def read_number(text: str) -> Number | Mistake:
    """Read a number, with a decimal comma where it can mean nothing else.

    Three digits after the only comma could be thousands, so ``1,234`` is refused; ``12,5``,
    ``0,125`` and ``1234,567`` cannot.

    Examples
    --------
    >>> read_number("12,5").number
    Decimal('12.5')
    >>> read_number("1,234").what
    'the comma could mark thousands or decimals'
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _finite(Decimal(text), comma=False)
    if match := _COMMA.fullmatch(text):
        sign, whole, part = match.groups()
        if len(part) == 3 and len(whole) <= 3 and not whole.startswith("0"):
            return Mistake(COMMA_IS_OPEN, f"write {sign}{whole}{part} or {sign}{whole}.{part}")
        return _finite(Decimal(f"{sign}{whole}.{part}"), comma=True)
    if _NOT_FINITE.fullmatch(text.casefold()):
        return Mistake("this is not a finite number", _EMPTY_IF_MISSING)
    if _GROUPED.fullmatch(text):
        mark = max(",.", key=text.rfind)
        plain = text.replace("," if mark == "." else ".", "").replace(mark, ".")
        plain = plain if text.count(mark) == 1 else text.replace(",", "")
        return Mistake("thousands are marked", f"write {plain}")
    if _SPACED.fullmatch(text):
        plain = re.sub(r"[^\d.,+-]", "", text).replace(",", ".")
        return Mistake("thousands are marked", f"write {plain}")
    return _NOT_A_NUMBER


def read_value(text: str) -> Value | Mistake:
    """Read a measured value: a number, ``<0.5``, ``>200``, or a text such as ``BLQ``, ``<LLOQ``, ``ALQ``.

    Examples
    --------
    >>> read_value("< 0.5")
    Value(number=Decimal('0.5'), limit='<', comma=False)
    >>> read_value("BLQ"), read_value(">ULOQ")
    (Value(number=None, limit='<', comma=False), Value(number=None, limit='>', comma=False))
    """
    text = text.strip()
    folded = " ".join(text.casefold().split())
    if folded in _BELOW:
        return Value(None, "<")
    if folded in _ABOVE:
        return Value(None, ">")
    if folded in _DONE_OR_DETECTED:
        mend = "write <LLOQ, or leave the cell empty; or list it under below or missing in a mapping"
        return Mistake("this could mean not detected or not done", mend)
    limit: Limit = ""
    number_text = text
    if match := _SIGN.fullmatch(text):
        limit = "<" if match[1] in ("<", "<=", "≤") else ">"
        number_text = match[2]
        if number_text.casefold() in (_LOWER_LIMIT | _BELOW if limit == "<" else _UPPER_LIMIT | _ABOVE):
            return Value(None, limit)
    read = read_number(number_text)
    if not isinstance(read, Mistake):
        return Value(read.number, limit, read.comma)
    if read is _NOT_A_NUMBER and (parts := split_unit(text)) is not None:
        return Mistake(
            "there is text after the number", f"write {parts[0]} here and {parts[1]} in a column unit"
        )
    return read


def split_unit(text: str) -> tuple[str, str] | None:
    """Split a number (with its limit, if any) from the unit written after it; ``None`` if there is none.

    Examples
    --------
    >>> split_unit("< 0,5 pg/mL"), split_unit("12 (mm/h)"), split_unit("1e5"), split_unit("BLQ")
    (('< 0,5', 'pg/mL'), ('12', '(mm/h)'), None, None)
    """
    match = _WITH_UNIT.fullmatch(text.strip())
    return (match[1].strip(), match[2].strip()) if match else None


def read_yes_no(text: str) -> bool | Mistake:
    """Read ``yes``/``no``, ``true``/``false`` or ``1``/``0``, in any case.

    Examples
    --------
    >>> read_yes_no("Yes"), read_yes_no("0")
    (True, False)
    """
    folded = text.strip().casefold()
    # 1.0 and 0.0 are what a DataFrame makes of 1 and 0 when another row holds a decimal.
    folded = folded[:-2] if folded in ("0.0", "1.0") else folded
    if folded in _YES_NO:
        return _YES_NO[folded]
    return Mistake("this is neither yes nor no", "write yes or no (or 1 or 0)")


def _finite(number: Decimal, *, comma: bool) -> Number | Mistake:
    if abs(number) > Decimal("1e300"):
        return Mistake("the number is too large", _EMPTY_IF_MISSING)
    return Number(number, comma)
