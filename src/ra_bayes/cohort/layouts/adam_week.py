"""The week of ADaM records: from the analysis visit, the analysis day or the date, whichever the dataset has.

CDISC counts days without a zero: the first day of treatment is day 1 and the day before it day -1 (ADaM
Implementation Guide 1.3, ADY). So the week of day d is (d - 1) / 7. The baseline record is
week 0 wherever it lies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.cohort.value import Mistake, read_number

__all__ = ["Basis", "When", "basis_of", "day_of", "week_of_visit"]

type Basis = Literal["visit", "day", "date"]

_DAY = re.compile(r"(?:study )?day\s*(\d+)", re.IGNORECASE)
_WEEK_SAID = re.compile(r"\b(?:week|wk)\s*(\d+(?:\.\d+)?)\b", re.IGNORECASE)
_NOT_PLANNED = re.compile(r"unsch|unplan|post|end|last|max|min|worst|follow|[lbw]ocf", re.IGNORECASE)
_PLANNED = re.compile(
    r"(?:month|visit|cycle|period|year|quarter)\b.*\d.*|v\s*\d+|\d+\s*(?:months?|years?)", re.IGNORECASE
)
_BASELINE = re.compile(r"baseline\s*[(/,\-].*", re.IGNORECASE)


class When(NamedTuple):
    """A record's week; or, where it has none, why it is left out, or that it has to be asked for."""

    week: float | None
    why: str = ""
    ask: bool = False


def week_of_visit(label: str, given: Mapping[str, float | None]) -> When:
    """Read an analysis visit; what a mapping gives counts first.

    Examples
    --------
    >>> week_of_visit("Week 4", {}), week_of_visit("Day 15", {}).week
    (When(week=4.0, why='', ask=False), 2.0)
    >>> week_of_visit("Unscheduled 5.1", {}).why, week_of_visit("Month 3", {}).ask
    ("the analysis visit 'Unscheduled 5.1' is no planned week", True)
    """
    if label in given:
        week = given[label]
        if week is None:
            return When(None, f"visit {label!r} is left out")
        return When(None, ask=True) if math.isnan(week) else When(week)
    text = " ".join(label.split())
    if match := _DAY.fullmatch(text):
        return _of_day(int(match[1]))
    read = read_visit(text)
    if read is not None and read.certain:
        return When(read.week)
    if read is not None and read.week is None:
        return When(None, f"the analysis visit {label!r} lies before baseline")
    said = _WEEK_SAID.findall(text)
    if len(said) == 1 and not _NOT_PLANNED.search(text):
        return When(float(said[0]))
    if not said and _BASELINE.fullmatch(text) and not _NOT_PLANNED.search(text):
        return When(0.0)
    if _PLANNED.fullmatch(text):
        return When(None, ask=True)
    return When(
        None, f"the analysis visit {label!r} is no planned week" if text else "it has no analysis visit"
    )


def basis_of(
    labels: Sequence[str], given: Mapping[str, float | None], filled: Container[str]
) -> Basis | None:
    """Choose what tells the weeks: visits that name a week, else the analysis day, else the date.

    `filled` are the roles of the variables that any record has.
    """
    weeks = {when.week for label in labels if (when := week_of_visit(label, given)).week is not None}
    if any(weeks) or (weeks and "day" not in filled and "date" not in filled):
        return "visit"
    if "day" in filled:
        return "day"
    if "date" in filled and "baseline" in filled:
        return "date"
    return "visit" if any(label.strip() for label in labels) else None


def day_of(text: str, basis: Basis, zero: date | None) -> float | None:
    """Return days since treatment began (day 1 is 0), or since the baseline's date; ``None`` if not said."""
    if basis == "day":
        read = read_number(text)
        if isinstance(read, Mistake):
            return None
        day = float(read.number)
        return day - 1 if day > 0 else day
    try:
        return float((date.fromisoformat(text[:10]) - zero).days) if zero is not None else None
    except ValueError:
        return None


def _of_day(day: int) -> When:
    if day == 0:
        return When(None, "there is no day 0 in ADaM", ask=True)
    return When((day - 1) / 7)
