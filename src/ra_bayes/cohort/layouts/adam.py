"""CDISC datasets -> long: an ADaM basic data structure (USUBJID, PARAMCD, AVAL) or an SDTM findings domain.

An ADaM dataset repeats measurements: rows with a DTYPE are derived from other rows (the last observation, a
maximum, an average, one carried forward). They are left out, counted and named. What was put in the place of
a value below a limit is turned back into the limit that was reported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ra_bayes.cohort.cohort import LeftOut
from ra_bayes.cohort.layouts.adam_columns import cdisc_columns, outcome_of
from ra_bayes.cohort.layouts.adam_value import adam_unit, adam_value, imputed_limit, is_beyond_limit
from ra_bayes.cohort.layouts.adam_week import Basis, When, basis_of, day_of, week_of_visit
from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.long_table import LongTable, refuse_decimal_ids
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.cohort.measure import Line
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table

__all__ = ["SAY_TIMEPOINT", "SAY_WEEK", "from_adam"]

_WRITE = "ra-bayes check FILE --fix-template mapping.toml writes that"
_MAP = 'say which outcome it is under [parameters] of a mapping, such as "{}" = {{ outcome = "crp" }}'
SAY_WEEK = 'write it under [visits] of a mapping, such as "Month 3" = 13, or "leave out"'
SAY_TIMEPOINT = "say in a mapping which is read"
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


class _Record(NamedTuple):
    """One row that measured an outcome."""

    row: int
    cells: Mapping[str, str]
    outcome: Outcome


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
    timed = _once(list(_timed(records, basis, mapping, left, problems)), left, problems)
    timed = _from_baseline(timed, left)
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
) -> Iterator[_Record]:
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
            why = "the mapping leaves it out" if said else "not an outcome that is known"
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
            yield _Record(row, cells, outcome)
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


def _timed(
    records: Sequence[_Record], basis: Basis, mapping: TableMapping, left: Left, problems: Problems
) -> Iterator[tuple[_Record, float]]:
    """Give each record its week; the baseline is week 0, and what lies before it is left out."""
    zero = _baseline_dates(records)
    flagged = {_key(each) for each in records if _is_baseline(each)}
    last = _last_before(records, basis) if not flagged else {}
    for record in records:
        key = _key(record)
        if _is_baseline(record) or last.get(key) == record.row:
            yield record, 0.0
            continue
        if basis == "visit":
            when = week_of_visit(record.cells.get("visit", ""), mapping.visits)
        else:
            when = _when(record.cells.get(basis, ""), basis, zero.get(key), key in flagged)
        if when.week is not None:
            yield record, when.week
        elif when.ask:
            text, what = record.cells.get("visit", ""), "which week this analysis visit is is not said"
            problems.add("visit", what, SAY_WEEK, row=record.row, column="week", value=text)
        else:
            left.add(f"rows of {record.outcome.id}", when.why, record.row)


def _when(text: str, basis: Basis, zero: date | None, flagged: bool) -> When:
    days = day_of(text, basis, zero)
    if days is None:
        return When(None, f"their {'ADY' if basis == 'day' else 'ADT'} is not said")
    if days < 0 or (days == 0 and flagged):
        return When(None, "before treatment or on its first day, and not the baseline record")
    return When(days / 7)


def _is_baseline(record: _Record) -> bool:
    return record.cells.get("baseline", "").casefold() == "y"


def _baseline_dates(records: Sequence[_Record]) -> dict[tuple[str, str], date]:
    found = {}
    for record in records:
        if _is_baseline(record):
            try:
                day = date.fromisoformat(record.cells.get("date", "")[:10])
            except ValueError:
                continue
            found[_key(record)] = day
    return found


def _last_before(records: Sequence[_Record], basis: Basis) -> dict[tuple[str, str], int]:
    """Return the row of the last record up to day 1, where no record is flagged as baseline."""
    if basis != "day":
        return {}
    best: dict[tuple[str, str], tuple[float, int]] = {}
    for record in records:
        days = day_of(record.cells.get("day", ""), "day", None)
        key = _key(record)
        if days is not None and days <= 0 and days >= best.get(key, (-float("inf"), 0))[0]:
            best[key] = days, record.row
    return {key: row for key, (_, row) in best.items()}


def _once(timed: list[tuple[_Record, float]], left: Left, problems: Problems) -> list[tuple[_Record, float]]:
    """Keep one record of each visit where a flag says which; else all, to be reported as duplicates."""
    visits: dict[tuple[str, str, float], list[_Record]] = defaultdict(list)
    for record, week in timed:
        visits[record.cells["patient"], record.outcome.id, week].append(record)
    gone: set[int] = set()
    for (patient, outcome, week), same in visits.items():
        times = {record.cells.get("timepoint", "") for record in same}
        if len(times) > 1 and sum(map(_is_baseline if week == 0 else _is_analysed, same)) != 1:
            named = ", ".join(map(repr, sorted(times)))
            what = f"patient {patient!r} has {outcome} at {len(times)} timepoints of week {week:g}: {named}"
            mend = f"{SAY_TIMEPOINT}, such as timepoint = {max(times)!r}"
            problems.stop("timepoint", what, mend, row=same[-1].row)
        for flag, is_flagged in (("ABLFL", _is_baseline), ("ANL01FL", _is_analysed)):
            if len(same) > 1 and sum(map(is_flagged, same)) == 1:
                for record in same:
                    if not is_flagged(record):
                        gone.add(record.row)
                        why = f"another row of the same visit has {flag} = Y"
                        left.add(f"rows of {record.outcome.id}", why, record.row)
                break
    return [(record, week) for record, week in timed if record.row not in gone]


def _from_baseline(timed: list[tuple[_Record, float]], left: Left) -> list[tuple[_Record, float]]:
    """Leave out whom a change cannot be told of; all are kept if that is everybody, to be refused.

    A dataset made by a standard is seldom the user's to correct, as a sheet is.
    """
    known = {_key(record) for record, week in timed if week == 0 and _has_value(record)}
    without = [record for record, _ in timed if record.outcome.kind != "binary" and _key(record) not in known]
    if len(without) == len(timed):
        return timed
    for record in without:
        patient, outcome = _key(record)
        left.add(f"rows of {outcome} of patient {patient!r}", "there is no baseline value", record.row)
    gone = {record.row for record in without}
    return [(record, week) for record, week in timed if record.row not in gone]


def _key(record: _Record) -> tuple[str, str]:
    return record.cells["patient"], record.outcome.id


def _has_value(record: _Record) -> bool:
    return bool(adam_value(record.cells, record.outcome, "").text)


def _is_analysed(record: _Record) -> bool:
    return record.cells.get("analysed", "").casefold() == "y"


def _line(record: _Record, week: float, mapping: TableMapping, how: Counter[str]) -> Line:
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
