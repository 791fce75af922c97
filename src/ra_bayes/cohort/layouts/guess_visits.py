"""The weeks of a sheet's visits, told by their labels; those that cannot be told are asked about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ra_bayes.cohort.header import role_of
from ra_bayes.cohort.layouts.events import event_visit
from ra_bayes.cohort.layouts.roles import Roles, repeat_columns
from ra_bayes.cohort.layouts.visit_names import WEEKS_PER_MONTH, VisitName, read_visit
from ra_bayes.cohort.mapping import OPEN, Dates, TableMapping, VisitUnit
from ra_bayes.cohort.value import Mistake, is_empty, read_number
from ra_bayes.errors import Problem
from ra_bayes.sources import Table

__all__ = ["with_labels", "with_visits"]

_TIMES = " #"
_MEND = 'write it under [visits] of a mapping, such as "V2" = 4, or "leave out"'


def with_visits(
    table: Table, mapping: TableMapping, given: TableMapping, roles: Roles, doubts: list[Problem]
) -> TableMapping:
    """Say what the visit column means: numbers of weeks, or labels, each with its week."""
    if mapping.week is not None or given.dates is not None:
        return mapping
    if not mapping.visit:
        return _without_column(table, mapping, roles, doubts)
    labels = _labels(table, mapping)
    numeric = all(not isinstance(read_number(label), Mistake) for label in labels)
    if given.visit_unit != "labels" or given.visits:
        unit: VisitUnit = given.visit_unit
    else:
        unit = roles.visit_unit if mapping.visit == roles.visit and numeric else "labels"
    if unit == "weeks" or (given.visit_unit != "labels" and numeric):
        return replace(mapping, visit_unit=unit)
    visits = dict(given.visits)
    for label, row in labels.items():
        if label not in visits:
            found = _week(label, unit, mapping)
            visits[label] = found.week
            if not found.certain:
                what = "which week this visit is cannot be told for certain"
                doubts.append(Problem(what, _MEND, row=row, column=mapping.visit, value=label))
    return replace(mapping, visits=visits)


def _without_column(table: Table, mapping: TableMapping, roles: Roles, doubts: list[Problem]) -> TableMapping:
    """Ask when the rows are of, unless every column says its own week."""
    if mapping.columns and all(
        column.week is not None or column.visit for column in mapping.columns.values()
    ):
        return mapping
    if roles.date:
        what = f"no column says the week, and {roles.date!r} says the date"
        mend = (
            "say under [dates] of a mapping when the first infusion was, first_infusion = COLUMN, a date or "
            '"first date", and which weeks were planned, weeks = [0, 4, 8]; or say visit = COLUMN in it'
        )
        doubts.append(Problem(what, mend, row=table.header_row))
        return replace(mapping, dates=Dates(roles.date, roles.first_infusion or OPEN))
    what = "no column says the week"
    mend = 'add a column week (baseline is 0), or write visit = "COLUMN" or week = 0 in a mapping'
    doubts.append(Problem(what, mend, row=table.header_row))
    return mapping


def _week(label: str, unit: str, mapping: TableMapping) -> VisitName:
    """Tell the week of a label, or propose one."""
    if mapping.layout == "redcap" and _TIMES in label:
        return VisitName(math.nan, False)
    number = read_number(label)
    if unit in ("months", "days") and not isinstance(number, Mistake):
        counted = float(number.number)
        week = float(round(counted * WEEKS_PER_MONTH)) if unit == "months" else counted / 7
        return VisitName(week, counted == 0)
    found = event_visit(label) if mapping.layout == "redcap" else read_visit(label)
    return found or VisitName(math.nan, False)


def _labels(table: Table, mapping: TableMapping) -> Mapping[str, int]:
    """List the visits at which some outcome has a value, each with its first row.

    In REDCap a form that is repeated within an event is a visit of its own from the second time on.
    """
    where = {name: position for position, name in reversed([*enumerate(table.header)])}
    labels: dict[str, int] = {}
    if mapping.visit not in where:
        return labels
    visit = where[mapping.visit]
    instance = repeat_columns(table.header)[1] if mapping.layout == "redcap" else ""
    repeated = where[instance] if instance and instance != mapping.visit else None
    seen: set[tuple[str, str, int]] = set()
    columns = [
        where[name] for name, column in mapping.columns.items() if name in where and column.week is None
    ]
    if mapping.layout == "long":
        columns = [at for name, at in where.items() if name == mapping.value or role_of(name) == "value"]
    for row, cells in table.rows:
        label, patient = (
            cells[visit].strip(),
            cells[where[mapping.patient]] if mapping.patient in where else "",
        )
        filled = {(patient, label, each) for each in columns if not is_empty(cells[each])}
        if label and filled and repeated is not None and filled & seen and cells[repeated].strip():
            label = f"{label}{_TIMES}{cells[repeated].strip()}"
        seen |= filled
        if label and filled:
            labels.setdefault(label, row)
    return labels


def with_labels(table: Table, mapping: TableMapping, doubts: list[Problem]) -> TableMapping:
    """Give the labels in the names of columns a place under ``[visits]``; ask about each once."""
    visits = dict(mapping.visits)
    for name, column in mapping.columns.items():
        if column.visit and column.visit not in visits:
            found = read_visit(column.visit) or VisitName(math.nan, False)
            visits[column.visit] = found.week
            if not found.certain:
                what = f"which week {column.visit!r} is cannot be told for certain"
                doubts.append(Problem(what, _MEND, row=table.header_row, column=name))
    return replace(mapping, visits=visits)
