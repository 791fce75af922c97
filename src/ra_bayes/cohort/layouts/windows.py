"""Dates -> weeks since the first infusion; each record in a window of a planned week, or left out by name.

Day 0 is the day of the first infusion. A record belongs to the planned week whose day, 7 times the week, is
nearest, if it lies within the window. Baseline is what was measured before treatment: week 0 takes only
records of day 0 or before, and of several the last. Of several records in another window the nearest one
with a value is kept, of two equally near ones the earlier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from ra_bayes.cohort.cohort import Assigned
from ra_bayes.cohort.layouts.dates import is_date, order_of, read_date
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.long_table import LongTable
from ra_bayes.cohort.mapping import FIRST_DATE, Dates
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.rows import INFUSION
from ra_bayes.cohort.value import Mistake, is_empty
from ra_bayes.sources import Problems, Table

__all__ = ["in_windows"]


def in_windows(
    long: LongTable, table: Table, patient_column: str, dates: Dates, problems: Problems
) -> LongTable:
    """Give every line with a date its week.

    Parameters
    ----------
    long
        Lines of a layout; those with a week of their own stay as they are.
    table
        Where the column of first infusions is looked up.
    patient_column
        Name of the table's column of patients.
    dates
        What the mapping says.
    problems
        Where dates that cannot be read are noted.
    """
    lines = [line for line in long.lines if not line.week]
    order = dates.format if dates.format in ("d/m/Y", "m/d/Y") else order_of(line.date for line in lines)
    days = _dates_of(lines, dates, order, problems)
    first = _first_infusions(lines, days, table, patient_column, dates, problems)
    left = Left()
    weeks: dict[int, float] = {}
    assigned: list[Assigned] = []
    since = {
        index: (day - first[lines[index].patient]).days
        for index, day in days.items()
        if lines[index].patient in first
    }
    if dates.weeks:
        weeks, assigned = _assign(lines, since, days, dates, left)
    else:
        weeks = {index: day / 7 for index, day in since.items()}
    dated = iter(range(len(lines)))
    kept: list[Line] = []
    for line in long.lines:
        if line.week:
            kept.append(line)
        elif (index := next(dated)) in weeks:
            kept.append(line._replace(week=repr(weeks[index])))
    # A day before the first one is told as a week that is negative, in the column that says it.
    problems.written_as = {**problems.written_as, "week": dates.column}
    return replace(
        long,
        lines=kept,
        left_out=(*long.left_out, *left.all()),
        notes=(*long.notes, *_notes(lines, since, dates, order)),
        assigned=tuple(assigned),
    )


def _notes(lines: Sequence[Line], since: Mapping[int, int], dates: Dates, order: str) -> list[str]:
    """Say how the dates were read, and what a reader who said no more than that would not expect."""
    notes = [f"dates such as 03/04/2024 were read as {order}"] if order else []
    if dates.first_infusion == FIRST_DATE:
        notes.append("day 0 is each patient's first date: the mapping names no first infusion")
    visits: defaultdict[str, set[int]] = defaultdict(set)
    for index, day in since.items():
        visits[lines[index].patient].add(day)
    days: set[int] = set().union(*visits.values())
    if not dates.weeks and len(days) > max(map(len, visits.values()), default=0):
        notes.append(
            f"no planned weeks are given, so that each of {len(days)} days is a visit of its own; write "
            "weeks, such as [0, 4, 8], and window_days under [dates] of a mapping"
        )
    return notes


def _dates_of(lines: Sequence[Line], dates: Dates, order: str, problems: Problems) -> Mapping[int, date]:
    """Read the dates; one that cannot be read is told once for its row."""
    read: dict[int, date] = {}
    told: set[int] = set()
    for index, line in enumerate(lines):
        found = (
            read_date(line.date, order)
            if line.date
            else Mistake("the date is missing", "fill it in, or leave the row out")
        )
        if not isinstance(found, Mistake):
            read[index] = found
        elif line.row not in told:
            told.add(line.row)
            problems.add(
                "date", found.what, found.mend, row=line.row, column=dates.column, value=line.date or None
            )
    return read


def _first_infusions(
    lines: Sequence[Line],
    days: Mapping[int, date],
    table: Table,
    patient_column: str,
    dates: Dates,
    problems: Problems,
) -> Mapping[str, date]:
    """Find first infusions: one date for all, a column, the first date, or the first row of an infusion."""
    patients = dict.fromkeys(line.patient for line in lines)
    if is_date(dates.first_infusion):
        found = read_date(dates.first_infusion)
        return {} if isinstance(found, Mistake) else dict.fromkeys(patients, found)
    first: dict[str, date] = {}
    told: set[str] = set()
    if dates.first_infusion not in ("", FIRST_DATE):
        first, told = _from_column(table, patient_column, dates, problems)
    else:
        for index, day in days.items():
            if dates.first_infusion or (lines[index].outcome == INFUSION and lines[index].value):
                first[lines[index].patient] = min(day, first.get(lines[index].patient, day))
    for patient in patients:
        if patient not in first and patient not in told and patient:
            row = next(line.row for line in lines if line.patient == patient)
            what = f"patient {patient!r} has no date of a first infusion"
            mend = "fill it in, or say first_infusion under [dates] of a mapping"
            problems.add("date", what, mend, row=row)
    return first


def _from_column(
    table: Table, patient_column: str, dates: Dates, problems: Problems
) -> tuple[dict[str, date], set[str]]:
    """Return each patient's first infusion, and the patients for whom a date cannot be read."""
    where = {name: position for position, name in reversed([*enumerate(table.header)])}
    patient, column = where[patient_column], where[dates.first_infusion]
    texts = [(row, cells[patient].strip(), cells[column].strip()) for row, cells in table.rows]
    order = dates.format if "/" in dates.format else order_of(text for _, _, text in texts)
    first: dict[str, tuple[date, int]] = {}
    told: set[str] = set()
    for row, who, text in texts:
        if is_empty(text):
            continue
        found = read_date(text, order)
        at = {"row": row, "column": dates.first_infusion, "value": text}
        if isinstance(found, Mistake):
            told.add(who)
            problems.add("date", found.what, found.mend, **at)  # type: ignore[arg-type]
        elif first.setdefault(who, (found, row))[0] != found:
            what = f"patient {who!r} has another first infusion in row {first[who][1]}"
            problems.add("date", what, "correct one of the two", **at)  # type: ignore[arg-type]
    return {who: day for who, (day, _) in first.items()}, told


def _assign(
    lines: Sequence[Line],
    since: Mapping[int, int],
    days: Mapping[int, date],
    dates: Dates,
    left: Left,
) -> tuple[dict[int, float], list[Assigned]]:
    """Give each line the planned week of its window, and keep one value per patient, outcome and week."""
    planned = {index: _planned(day, dates) for index, day in since.items()}
    rivals: defaultdict[tuple[str, str, float], list[int]] = defaultdict(list)
    for index, week in planned.items():
        if week is not None:
            rivals[lines[index].patient, lines[index].outcome, week].append(index)
    kept: dict[int, float] = {}
    for (_, _, week), indices in rivals.items():
        _, best = min((_rank(lines[index], since[index], week), index) for index in indices)
        kept[best] = week
        for index in indices:
            if index != best:
                nearer = _better(lines[best], week)
                why = f"row {lines[best].row} lies in the same window, week {week:g}, and is {nearer}"
                left.add(f"values of {lines[index].outcome}", why, lines[index].row)
    for index, week in planned.items():
        if week is None:
            why = f"no planned week is within {dates.window_days:g} days, the window_days of [dates]"
            left.add(f"values of {lines[index].outcome}", why, lines[index].row)
    return kept, _table(lines, since, days, planned, kept)


def _planned(day: int, dates: Dates) -> float | None:
    """Return the planned week nearest to a day and within its window; week 0 only up to day 0."""
    weeks = [week for week in dates.weeks if week > 0 or day <= 0]
    near = min(weeks, key=lambda week: (abs(day - 7 * week), week), default=None)
    return near if near is not None and abs(day - 7 * near) <= dates.window_days else None


def _rank(line: Line, day: int, week: float) -> tuple[bool, float, int, int]:
    # At baseline the nearest on or before day 0 is the last: the same rule.
    return (not line.value, abs(day - 7 * week), day, line.row)


def _better(line: Line, week: float) -> str:
    if not line.value:
        return "as empty"
    return "the last before treatment" if week == 0 else "nearer to it or earlier"


def _table(
    lines: Sequence[Line],
    since: Mapping[int, int],
    days: Mapping[int, date],
    planned: Mapping[int, float | None],
    kept: Mapping[int, float],
) -> list[Assigned]:
    rows: dict[tuple[int, str], list[int]] = defaultdict(list)
    for index in planned:
        rows[lines[index].row, lines[index].patient].append(index)
    return [
        Assigned(
            patient=patient,
            date=days[indices[0]].isoformat(),
            day=since[indices[0]],
            week=planned[indices[0]],
            values=sum(index in kept and bool(lines[index].value) for index in indices),
            row=row,
        )
        for (row, patient), indices in rows.items()
    ]
