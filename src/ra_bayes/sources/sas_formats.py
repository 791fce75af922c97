"""SAS numbers: which ones are dates, by their display format, and what each kind of missing value says.

SAS keeps a date as days and a datetime as seconds since 1960-01-01 ("About SAS Date, Time, and Datetime
Values", SAS 9.4 Formats and Informats).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from ra_bayes.sources.cells import number_text

__all__ = ["is_dated", "missing_note", "sas_number"]

_EPOCH = datetime(1960, 1, 1)
_DATETIME = re.compile(
    r"DATETIME|E8601D[TNXZ]|B8601D[TNXZ]|IS8601D[TNZ]|DATEAMPM|MDYAMPM|DTDATE|DTMONYY|NLDATM"
)
_DATE = re.compile(
    r"DATE|DAY|DDMMYY|MMDDYY|YYMMDD|MONYY|YYMON|YYMM|MMYY|WEEKDATE|WORDDATE|WORDDATX|E8601DA|B8601DA|IS8601DA|NLDATE|"
    r"JULIAN|YYQ|EURDFD"
)
_TIME = re.compile(r"TIME|HHMM|TOD|E8601T[MZX]|B8601T[MZX]|IS8601T[MZ]|MMSS|NLTIM")


def is_dated(display: str) -> bool:
    """Say whether a display format makes a date or a time of a number.

    Examples
    --------
    >>> is_dated("DATE9."), is_dated("8.2"), is_dated("")
    (True, False, False)
    """
    name = display.strip().upper()
    return any(kind.match(name) for kind in (_DATETIME, _DATE, _TIME))


def sas_number(number: float, display: str) -> str:
    """Write a SAS number as its format shows it, dates as ISO 8601.

    Examples
    --------
    >>> sas_number(19388.0, "DATE9."), sas_number(3.5, "8.2"), sas_number(90061.0, "DATETIME20.")
    ('2013-01-30', '3.5', '1960-01-02T01:01:01')
    """
    name = display.strip().upper()
    try:
        if _DATETIME.match(name):
            return (_EPOCH + timedelta(seconds=round(number, 6))).isoformat()
        if _DATE.match(name):
            return (_EPOCH + timedelta(days=int(number // 1))).date().isoformat()
        if _TIME.match(name):
            return (_EPOCH + timedelta(seconds=round(number, 6) % 86_400)).time().isoformat()
    except (OverflowError, ValueError):
        # Beyond the year 9999: the number is what there is to show.
        pass
    return number_text(number)


def missing_note(special: Mapping[str, Counter[str]]) -> tuple[str, ...]:
    """Tell SAS's special missing values (.A to .Z, ._), by column: each may have its reason.

    Examples
    --------
    >>> missing_note({"AVAL": Counter({".A": 2, ".B": 1})})
    ("column 'AVAL': special missing values .A (2) and .B (1) were read as missing",)
    """
    return tuple(
        f"column {name!r}: special missing values "
        f"{' and '.join(f'{code} ({count})' for code, count in sorted(codes.items()))} were read as missing"
        for name, codes in special.items()
        if codes
    )
