"""What a sheet means, as far as its names and labels say; what is not certain is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.layouts.guess_columns import ask_about_alone, ask_about_twice, guess_columns, is_label
from ra_bayes.cohort.layouts.guess_parameters import with_parameters
from ra_bayes.cohort.layouts.guess_visits import with_labels, with_visits
from ra_bayes.cohort.layouts.roles import Roles, event_column, find_roles, repeat_columns, visits_are_repeats
from ra_bayes.cohort.mapping import BY_ROW, OPEN, TableMapping, beside
from ra_bayes.errors import Problem
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Table

__all__ = ["Guess", "ask_about_roles", "guess", "sheet_layouts"]


@dataclass(frozen=True, slots=True)
class Guess:
    """A mapping as complete as it can be guessed.

    Parameters
    ----------
    mapping
        What was given, and what was guessed.
    doubts
        What was not certain; none: the table can be read.
    unread
        Columns that hold no outcome and say nothing of the row.
    """

    mapping: TableMapping
    doubts: tuple[Problem, ...]
    unread: tuple[str, ...]


def sheet_layouts(header: Sequence[str], known: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Name the layouts of sheets that a header fits: ``redcap``, ``visits``, ``outcomes``.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> sheet_layouts(["ID", "sdai_w0", "sdai_w4"], OUTCOMES), sheet_layouts(["ID", "week", "sdai"], OUTCOMES)
    (('visits',), ('outcomes',))
    """
    if event_column(header):
        return ("redcap",)
    roles = find_roles(header)
    own = {roles.patient, roles.visit, roles.arm, roles.batch, roles.date, roles.first_infusion}
    names = names_of(known)
    read = [names.read(name) for name in header if name not in own]
    dated = [each for each in read if each.outcomes and each.visit]
    plain = [each for each in read if each.outcomes and not each.visit and "infusion" not in each.outcomes]
    labels = [name for name in header if name not in own and is_label(name)]
    found = []
    if dated or (len(labels) > 1 and not roles.visit):
        found.append("visits")
    if plain and (roles.visit or roles.date or not found):
        # A repeated form tells its visits apart, where nothing else does.
        found.append("redcap" if visits_are_repeats(header) and not found else "outcomes")
    return tuple(found)


def guess(table: Table, given: TableMapping, known: Mapping[str, Outcome]) -> Guess:
    """Complete the mapping of a sheet; what is given is taken as it is.

    Parameters
    ----------
    table
        The sheet; only labels of visits are looked up in its rows.
    given
        What is known; its layout is.
    known
        Outcomes that may occur, by identifier.
    """
    doubts: list[Problem] = []
    roles = ask_about_roles(table, given, doubts)
    has_visits = given.layout != "visits" and given.week is None and given.dates is None
    mapping = replace(
        given,
        patient=given.patient or roles.patient,
        visit=given.visit or (roles.visit if has_visits and not _is_of_some_rows(table, roles) else ""),
        arm=given.arm or roles.arm,
        batch=given.batch or roles.batch,
    )
    own = {mapping.patient, mapping.visit, mapping.arm, mapping.batch, roles.date, roles.first_infusion}
    own |= {"synthetic", *given.covariates.values()}
    if given.dates is not None:
        own |= {given.dates.column, given.dates.first_infusion}
    if not given.columns:
        mapping = guess_columns(table, own, mapping, known, doubts)
    if any(column.outcome == BY_ROW for column in mapping.columns.values()):
        mapping = with_parameters(table, mapping, mapping.outcome, known, doubts)
    ask_about_twice(table, mapping, doubts)
    if mapping.layout != "visits":
        mapping = with_visits(table, mapping, given, roles, doubts)
    mapping = with_labels(table, mapping, doubts)
    used = own | {mapping.outcome, *mapping.columns}
    for column in mapping.columns.values():
        used |= {*beside(column)}
    ask_about_alone(table, used, doubts)
    unread = tuple(name for name in table.header if name and name not in used)
    # A page that leaves who is who open says so in its place.
    return Guess(replace(mapping, patient=mapping.patient or OPEN), tuple(doubts), unread)


def _is_of_some_rows(table: Table, roles: Roles) -> bool:
    """Say whether the column taken for visits is empty in rows that a date tells apart: a note, no visit."""
    if not (roles.visit and roles.date):
        return False
    visit, date = table.header.index(roles.visit), table.header.index(roles.date)
    return any(cells[date].strip() and not cells[visit].strip() for _, cells in table.rows)


def ask_about_roles(table: Table, given: TableMapping, doubts: list[Problem]) -> Roles:
    """Find who, when and in which arm, and ask about what is not certain and not given."""
    roles = find_roles(table.header)
    if given.layout == "redcap":
        # REDCap writes the record's identifier first, whatever it is called.
        visit = event_column(table.header) or roles.visit or repeat_columns(table.header)[1]
        asked = {role: names for role, names in roles.unsure.items() if role == "arm"}
        first = next(iter(table.header), "")
        roles = replace(roles, patient=first, visit=visit, visit_unit="labels", unsure=asked, date="")
    if roles.arm in given.columns or roles.arm in given.covariates.values():
        unsure = {role: names for role, names in roles.unsure.items() if role != "arm"}
        roles = replace(roles, arm="", unsure=unsure)
    mend = 'name it patient, or write patient = "COLUMN" in a mapping'
    if not (roles.patient or given.patient):
        what = "no column is recognised as the patient's identifier"
        doubts.append(Problem(what, mend, row=table.header_row))
    if "patient" in roles.unsure and not given.patient:
        told = " or ".join(map(repr, roles.unsure["patient"]))
        what = f"the patient may be {told}, and identifiers may begin anew at every site"
        doubts.append(Problem(what, mend, row=table.header_row))
    if "arm" in roles.unsure and not given.arm:
        what = "this may be the patients' arm, and would not be read"
        mend = (
            'name it arm, or remove it, or write arm = "COLUMN" in a mapping, or "leave out" under [columns]'
        )
        doubts.append(Problem(what, mend, row=table.header_row, column=roles.unsure["arm"][0]))
    return roles
