"""What a long table means whose columns, visits or dates have names of their own: a page to edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ra_bayes.cohort.header import meant_columns, role_of
from ra_bayes.cohort.layouts.dates import is_date
from ra_bayes.cohort.layouts.guess import Guess, ask_about_roles
from ra_bayes.cohort.layouts.guess_parameters import with_parameters
from ra_bayes.cohort.layouts.guess_visits import with_visits
from ra_bayes.cohort.layouts.roles import Roles
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.cohort.value import Mistake, read_number
from ra_bayes.errors import Problem
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Table

__all__ = ["guess_long", "is_nearly_long"]

_BY_NAME = ("outcome", "value", "unit", "limit", "lower_limit", "upper_limit", "batch")


def is_nearly_long(header: Sequence[str]) -> bool:
    """Say whether a header has a long table's columns under names that others use.

    Examples
    --------
    >>> is_nearly_long(["PatientID", "Collected", "Analyte", "Result"]), is_nearly_long(["ID", "legend"])
    (True, False)
    """
    return {"patient", "outcome", "value"} <= meant_columns(header).keys()


def guess_long(table: Table, given: TableMapping, known: Mapping[str, Outcome]) -> Guess:
    """Complete the mapping of a long table; what is given is taken as it is."""
    doubts: list[Problem] = []
    roles = ask_about_roles(table, given, doubts)
    meant = meant_columns(table.header)
    named = {role: meant[role] for role in _BY_NAME if role in meant and role_of(meant[role]) != role}
    if not any(role_of(name) == "patient" for name in table.header):
        named["patient"] = roles.patient or meant.get("patient", "")
    if roles.arm and role_of(roles.arm) != "arm":
        named["arm"] = roles.arm
    named = {role: name for role, name in named.items() if name and not getattr(given, role)}
    mapping = replace(given, **named)  # type: ignore[arg-type]
    if named:
        told = ", ".join(f"{name!r} for {role}" for role, name in named.items())
        what = f"the columns have names of their own; taken were {told}"
        doubts.append(Problem(what, "correct it below where that is wrong", row=table.header_row))
    column = mapping.outcome or meant.get("outcome", "")
    mapping = with_parameters(table, mapping, column, known, doubts)
    return Guess(_with_weeks(table, mapping, given, roles, doubts), tuple(doubts), ())


def _with_weeks(
    table: Table, mapping: TableMapping, given: TableMapping, roles: Roles, doubts: list[Problem]
) -> TableMapping:
    """Say which week a row is of: by numbers, which need no word, by labels of visits, or by dates."""
    if mapping.visit or mapping.week is not None or mapping.dates is not None:
        return mapping
    week = next((name for name in table.header if role_of(name) == "week"), "")
    if not week:
        return with_visits(table, replace(mapping, visit=roles.visit), given, roles, doubts)
    at = table.header.index(week)
    texts = {cells[at].strip() for _, cells in table.rows} - {""}
    if all(not isinstance(read_number(text), Mistake) for text in texts):
        return mapping
    if all(is_date(text) for text in texts):
        return with_visits(table, mapping, given, replace(roles, visit="", date=week), doubts)
    return with_visits(table, replace(mapping, visit=week), given, replace(roles, visit=""), doubts)
