"""REDCap's events: ``week_4_arm_1`` or ``Week 4 (Arm 2: Placebo)`` -> a visit and an arm."""

from __future__ import annotations

import re

from ra_bayes.cohort.layouts.visit_names import VisitName, read_visit

__all__ = ["event_arm", "event_visit", "without_arm"]

_RAW = re.compile(r"(.*?)_arm_(\d+)[a-z]?", re.IGNORECASE)
_LABEL = re.compile(r"(.*?)\s*\(Arm (\d+)(?:: *(.*))?\)", re.IGNORECASE)


def event_visit(event: str) -> VisitName | None:
    """Read the visit of an event.

    Examples
    --------
    >>> event_visit("week_4_arm_1"), event_visit("Baseline (Arm 1: Treated)")
    (VisitName(week=4.0, certain=True), VisitName(week=0.0, certain=True))
    """
    return read_visit(without_arm(event))


def without_arm(event: str) -> str:
    """Return the event without its arm and its instance: ``visit_1``."""
    event = event.rpartition(" #")[0] if re.search(r" #\d+$", event) else event
    match = _RAW.fullmatch(event.strip()) or _LABEL.fullmatch(event.strip())
    return match[1] if match else event


def event_arm(event: str) -> str:
    """Return the arm of an event as it is written: ``"1"``, or its name; empty if there is none.

    Examples
    --------
    >>> event_arm("week_4_arm_2"), event_arm("Week 4 (Arm 2: Placebo)"), event_arm("Week 4")
    ('2', 'Placebo', '')
    """
    if match := _RAW.fullmatch(event.strip()):
        return match[2]
    if match := _LABEL.fullmatch(event.strip()):
        return (match[3] or match[2]).strip()
    return ""
