"""Dates as people write them; one that can be read two ways is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from ra_bayes.cohort.mapping import FIRST_DATE
from ra_bayes.cohort.value import Mistake

__all__ = ["Order", "column_of_first_infusion", "is_date", "order_of", "read_date"]

type Order = str
"""``"d/m/Y"``, ``"m/d/Y"``, or empty while it is not known."""

_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d.*)?", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})(?: \d.*)?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?: \d.*)?", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[- ]?([A-Za-z]{3})[a-z]*[- ]?(\d{4})(?:[: ]\d.*)?", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2}", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MEND = "write it as 2024-01-31"


def read_date(text: str, order: Order = "") -> date | Mistake:
    """Read a date; `order` says what ``03/04/2024`` is.

    Always read: ``2024-01-31`` (also with a time), ``31.01.2024``, ``31-Jan-2024`` and ``31JAN2024``.

    Examples
    --------
    >>> read_date("31.01.2024"), read_date("03/04/2024", "m/d/Y")
    (datetime.date(2024, 1, 31), datetime.date(2024, 3, 4))
    >>> read_date("03/04/2024").what
    'this date may be 3 April or 4 March'
    """
    text = text.strip()
    if match := _ISO.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DOTTED.fullmatch(text):
        return _date(int(match[3]), int(match[2]), int(match[1]))
    if match := _NAMED.fullmatch(text):
        if match[2].casefold() in _MONTHS:
            return _date(int(match[3]), _MONTHS.index(match[2].casefold()) + 1, int(match[1]))
        return Mistake("this month is not known", _MEND)
    if match := _SLASHED.fullmatch(text):
        return _slashed(int(match[1]), int(match[3]), int(match[4]), order)
    if _SHORT_YEAR.fullmatch(text):
        return Mistake("the year has two digits", "write all four")
    if text.isdigit() and len(text) == 5:
        return Mistake(
            "this is a spreadsheet's number of a day", "format the column as a date, such as 2024-01-31"
        )
    return Mistake("this is not a date", _MEND)


def _slashed(first: int, second: int, year: int, order: Order) -> date | Mistake:
    if order:
        day, month = (first, second) if order == "d/m/Y" else (second, first)
        return _date(year, month, day)
    if first == second or first > 12:
        return _date(year, second, first)
    if second > 12:
        return _date(year, first, second)
    if not (first and second):
        return Mistake("there is no such day", _MEND)
    names = [f"{day} {date(2000, month, 1):%B}" for day, month in ((first, second), (second, first))]
    mend = 'write it as 2024-01-31, or say format = "d/m/Y" or "m/d/Y" under [dates] of a mapping'
    return Mistake(f"this date may be {names[0]} or {names[1]}", mend)


def order_of(texts: Iterable[str]) -> Order:
    """Tell which of day and month comes first, where one date of a column shows it and none contradicts.

    Examples
    --------
    >>> order_of(["03/04/2024", "31/01/2024"]), order_of(["03/04/2024"])
    ('d/m/Y', '')
    """
    found = set()
    for text in texts:
        if match := _SLASHED.fullmatch(text.strip()):
            if int(match[1]) > 12:
                found.add("d/m/Y")
            if int(match[3]) > 12:
                found.add("m/d/Y")
    return found.pop() if len(found) == 1 else ""


def is_date(text: str) -> bool:
    """Say whether a text is a date rather than the name of a column."""
    return bool(text) and isinstance(read_date(text), date)


def column_of_first_infusion(text: str) -> str:
    """Return the column that a mapping's `first_infusion` names; empty where it is a date.

    Examples
    --------
    >>> column_of_first_infusion("infused"), column_of_first_infusion("2024-01-31")
    ('infused', '')
    """
    return "" if text == FIRST_DATE or is_date(text) else text


def _date(year: int, month: int, day: int) -> date | Mistake:
    try:
        return date(year, month, day)
    except ValueError:
        return Mistake("there is no such day", _MEND)
