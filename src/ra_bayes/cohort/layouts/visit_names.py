"""What a visit's label says: ``W4``, ``Week 12``, ``BL``, ``Month 3``, ``week_4_arm_1``."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

__all__ = ["WEEKS_PER_MONTH", "VisitName", "read_visit"]

WEEKS_PER_MONTH = 52 / 12

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_WEEK = r"(?:weeks?|wks?|w|wochen?|semaines?|semanas?|settimane?)"
_MONTH = r"(?:months?|mths?|mon|mo|m|monate?|mois|mes|mesi)"
_DAY = r"(?:days?|d|tage?|jours?)"
_BASELINE = frozenset({"baseline", "bl", "base line", "baseline visit", "visit baseline"})
_BEFORE = frozenset({"screening", "scr", "screen", "screening visit", "run in", "pre screening"})
_MINUS = re.compile(r"([\s_])?-\s*\d+\s*$")
_COUNTED = re.compile(rf"(?:visits?|visite|vis|v|time|t|session|timepoint|tp|no)?\s*{_NUMBER}")
_OTHER = re.compile(
    r"(?:(?:last|final|end|early|unscheduled|unplanned|follow ?up|fu|et|eos|eot|termination|discharge|"
    r"enrollment|enrolment|inclusion|randomi[sz]ation|post|pre|visit|infusion|dose)\b.*)"
)


class VisitName(NamedTuple):
    """What a label of a visit was taken for.

    `week` is NaN where it cannot be told, ``None`` where the visit is best left out (screening);
    `certain` is whether it can mean nothing else.
    """

    week: float | None
    certain: bool


def read_visit(label: str) -> VisitName | None:
    """Read the label of a visit; ``None`` if it is not one.

    Weeks and baseline are certain. Months are proposed as the nearest week (52/12 weeks a month), days as
    weeks counted from day 0, or from day 1 where only that gives a whole week: both are asked about.

    Examples
    --------
    >>> read_visit("wk_12"), read_visit("Month 3")
    (VisitName(week=12.0, certain=True), VisitName(week=13.0, certain=False))
    >>> read_visit("V2").certain, read_visit("sdai")
    (False, None)
    """
    found = _counted(_folded(label))
    match = _MINUS.search(label)
    if found is not None and found.certain and match:
        # "week -2" lies before baseline; "week-2" may be either.
        return VisitName(None if match[1] else found.week, False)
    return found


def _counted(text: str) -> VisitName | None:
    if text in _BASELINE:
        return VisitName(0.0, True)
    if text in _BEFORE:
        return VisitName(None, False)
    for unit, weeks in ((_WEEK, _of_weeks), (_MONTH, _of_months), (_DAY, _of_days)):
        if match := re.fullmatch(rf"(?:visit )?{unit}\s*{_NUMBER}|(?:visit )?{_NUMBER}\s*{unit}", text):
            return weeks(float((match[1] or match[2]).replace(",", ".")))
    if _COUNTED.fullmatch(text) or _OTHER.fullmatch(text):
        return VisitName(math.nan, False)
    return None


def _of_weeks(number: float) -> VisitName:
    return VisitName(number, True)


def _of_months(number: float) -> VisitName:
    return VisitName(float(round(number * WEEKS_PER_MONTH)), number == 0)


def _of_days(number: float) -> VisitName:
    if number % 7 and not (number - 1) % 7:
        return VisitName((number - 1) / 7, False)
    return VisitName(number / 7, number == 0)


def _folded(label: str) -> str:
    """Fold case and separators; a point between digits stays a decimal point."""
    return " ".join(re.sub(r"[_/:\-]+|(?<!\d)\.|\.(?!\d)", " ", label.casefold()).split())
