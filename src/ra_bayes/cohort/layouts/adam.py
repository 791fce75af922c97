"""CDISC datasets -> long: an ADaM basic data structure (USUBJID, PARAMCD, AVAL) or an SDTM findings domain.

An ADaM dataset repeats measurements: rows with a DTYPE are derived from other rows (the last observation, a
maximum, an average, one carried forward). They are left out, counted and named. What was put in the place of
a value below a limit is turned back into the limit that was reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ra_bayes.cohort.cohort import LeftOut
from ra_bayes.cohort.layouts.adam_columns import cdisc_columns, outcome_of
from ra_bayes.cohort.layouts.adam_timing import CdiscRecord, from_baseline, once, timed_records
from ra_bayes.cohort.layouts.adam_value import adam_unit, adam_value, imputed_limit, is_beyond_limit
from ra_bayes.cohort.layouts.adam_week import basis_of
from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.long_table import LongTable, refuse_decimal_ids
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.cohort.measure import Line
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table

__all__ = ["from_adam"]

_WRITE = "ra-bayes check FILE --fix-template mapping.toml writes that"
_MAP = 'say which outcome it is under [parameters] of a mapping, such as "{}" = {{ outcome = "crp" }}'
_WRITTEN = {
    "code": "outcome",
    "patient": "patient",
    "value": "value",
    "lower_limit": "lower_limit",
    "arm": "arm",
}
_BASIS = {
    "visit": "weeks come from the visit ({}: 'Week 4' is week 4)",
    "day": "weeks come from the day ({}): (day - 1) / 7, as no visit names a week",
    "date": "weeks come from the date ({}): days since the baseline record's / 7, as there is no day",
}
_NAMED = "AVISIT ('Week 4'), ADY, or ADT with ABLFL"
_HOW = {
    "imputed": "numbers put in the place of values beyond a limit were read as the limit reported",
    "derived": "limits and half limits (DTYPE) without a reported text were read as values beyond the limit",
}


def from_adam(
    table: Table, known: Mapping[str, Outcome], mapping: TableMapping, problems: Problems
) -> LongTable:
    """Make lines of an ADaM basic data structure, or of an SDTM findings domain (the mapping's layout says).

    Raises
    ------
    CohortError
        If the table is no such dataset, no parameter is an outcome that is known, or nothing tells the week.
    """
    columns = cdisc_columns(table, mapping, problems)
    written_as = {role: table.header[columns[name]] for name, role in _WRITTEN.items() if name in columns}
    if "text" in columns and "value" in columns:
        written_as["value"] = f"{table.header[columns['value']]} or {table.header[columns['text']]}"
    if said := [columns[role] for role in ("unit", "parameter") if role in columns]:
        written_as["unit"] = " or ".join(table.header[position] for position in said)
    refuse_decimal_ids(table, columns["patient"], problems)
    _refuse_absent_timepoint(table, columns, mapping, problems)
    left = Left()
    records = list(_measured(table, columns, known, mapping, left, problems))
    filled = {role for role in columns if any(each.cells[role] for each in records)}
    basis = basis_of([each.cells.get("visit", "") for each in records], mapping.visits, filled)
    if basis is None and records:
        named = "VISIT ('WEEK 4'), --DY, or --DTC with --LOBXFL"
        mend = f"give {named if mapping.layout == 'sdtm' else _NAMED}"
        problems.stop("week", "nothing tells the week of a record", mend, row=table.header_row)
    basis = basis or "visit"
    written_as["week"] = table.header[columns[basis]] if basis in columns else "AVISIT"
    problems.written_as = written_as
    timed = once(list(timed_records(records, basis, mapping, left, problems)), left, problems)
    timed = from_baseline(timed, left, problems)
    how: Counter[str] = Counter()
    lines = [_line(record, week, mapping, how) for record, week in timed]
    notes = [
        _BASIS[basis].format(written_as["week"]),
        *(f"{_HOW[each]}: {how[each]}" for each in _HOW if how[each]),
    ]
    return LongTable(
        lines,
        written_as,
        (*left.all(), *_unused(table, {*columns.values()}, mapping)),
        rows_left_out=frozenset(row for row, _ in table.rows) - {line.row for line in lines},
        notes=tuple(notes),
    )


def _measured(
    table: Table,
    columns: Mapping[str, int],
    known: Mapping[str, Outcome],
    mapping: TableMapping,
    left: Left,
    problems: Problems,
) -> Iterator[CdiscRecord]:
    """Yield the rows that measured a known outcome; name the others."""
    outcomes: dict[str, Outcome | None] = {}
    names = names_of(known)
    for row, all_cells in table.rows:
        cells = {role: all_cells[position].strip() for role, position in columns.items()}
        code = cells["code"]
        if code not in outcomes:
            outcomes[code] = outcome_of(code, names, known, mapping)
        outcome = outcomes[code]
        if outcome is None:
            parameter = f" ({cells['parameter']})" if cells.get("parameter") else ""
            said = code in mapping.parameters
            doubt = names.read(code).why
            why = f"{doubt}: [parameters] of a mapping says" if doubt else "not an outcome that is known"
            why = "the mapping leaves it out" if said else why
            left.add(f"rows of {code or 'no PARAMCD'}{parameter}", why, row)
        elif cells.get("derived") and not imputed_limit(cells["derived"]):
            beyond = ", beyond a limit" if is_beyond_limit(cells) else ""
            derived = table.header[columns["derived"]]
            what = f"derived rows of {outcome.id}, {derived} {cells['derived']}{beyond}"
            left.add(what, "derived from other rows", row)
        elif not _is_at(cells.get("timepoint", ""), mapping.timepoint):
            why = f"at another timepoint, {cells['timepoint']!r}"
            left.add(f"rows of {outcome.id}", why, row)
        else:
            yield CdiscRecord(row, cells, outcome)
    if table.rows and not any(outcomes.values()):
        found = ", ".join(sorted(outcomes)[:12]) + (", ..." if len(outcomes) > 12 else "")
        mend = f"{_MAP.format(next(iter(outcomes)))}, or define it as one of [[outcomes]] in it: {_WRITE}"
        code = table.header[columns["code"]]
        problems.stop("outcome", f"no {code} is an outcome that is known (found: {found})", mend)


def _is_at(timepoint: str, wanted: str) -> bool:
    """Say whether a row is of the timepoint that is read; most rows name none."""
    return not (timepoint and wanted) or _folded(timepoint) == _folded(wanted)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _refuse_absent_timepoint(
    table: Table, columns: Mapping[str, int], mapping: TableMapping, problems: Problems
) -> None:
    """Refuse a timepoint that no row has: all rows would be left out, or none."""
    if not mapping.timepoint:
        return
    at = columns.get("timepoint")
    found = dict.fromkeys(cells[at].strip() for _, cells in table.rows) if at is not None else {}
    if _folded(mapping.timepoint) not in map(_folded, found):
        named = ", ".join(repr(each) for each in [*filter(None, found)][:8]) or "none"
        what = f"no row is of the timepoint {mapping.timepoint!r} (found: {named})"
        problems.stop("timepoint", what, "correct timepoint in the mapping")


def _line(record: CdiscRecord, week: float, mapping: TableMapping, how: Counter[str]) -> Line:
    cells, outcome = record.cells, record.outcome
    unit = adam_unit(cells.get("unit", ""), cells.get("parameter", ""), outcome)
    read = adam_value(cells, outcome, unit)
    how[read.how] += 1
    return Line(
        row=record.row,
        patient=cells["patient"],
        week=repr(week),
        # A code that the mapping knows keeps its name: its unit and answers are still to be looked up.
        outcome=cells["code"] if cells["code"] in mapping.parameters else outcome.id,
        value=read.text,
        unit=unit,
        lower_limit=read.lower_limit,
        arm=cells.get("arm", ""),
    )


def _unused(table: Table, read: set[int], mapping: TableMapping) -> Iterator[LeftOut]:
    """Name the variables that are not read, all in one."""
    asked = {*mapping.covariates.values()}
    others = [i for i, name in enumerate(table.header) if i not in read and name not in asked]
    if others:
        names = ", ".join(table.header[i] for i in others[:8]) + (", ..." if len(others) > 8 else "")
        count = sum(bool(cells[i].strip()) for _, cells in table.rows for i in others)
        yield LeftOut(f"columns {names}", count, "not read of a CDISC dataset", "cells")
