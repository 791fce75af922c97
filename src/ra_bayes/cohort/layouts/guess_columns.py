"""The columns of a sheet whose names say an outcome, and those that have to be asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ra_bayes.cohort.layouts.column_names import ColumnName, Names, alphanumeric, names_of
from ra_bayes.cohort.layouts.roles import is_form
from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.cohort.mapping import BY_ROW, OPEN, Column, TableMapping
from ra_bayes.errors import Problem
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Table

__all__ = ["ask_about_alone", "ask_about_twice", "guess_columns", "is_label"]

_COMPANIONS = {
    "unit_column": ("units", "unit", "uom"),
    "lower_limit_column": ("lloq", "loq", "lod", "lowerlimit"),
    "upper_limit_column": ("uloq", "upperlimit"),
}
_ALONE = {
    "unit": "units unit uom",
    "lower limit": "lloq loq lod lowerlimit",
    "upper limit": "uloq upperlimit",
    "limit": "limit qualifier",
}
_OUTCOME = ("outcome", "outcomes", "parameter", "param", "paramcd", "measure", "variable", "analyte")
# What such a column holds is said of a visit, and is none of its values.
_ABOUT_A_VISIT = frozenset(
    ["date", "time", "timestamp", "reason", "notes", "comment", "comments", "summary", "status", "complete"]
)
_SAY = 'under [columns] of a mapping, or "leave out"'


def is_label(name: str) -> bool:
    """Say whether a column is named by a visit alone.

    Examples
    --------
    >>> [is_label(name) for name in ("BL", "W4", "V1", "4", "time")]
    [True, True, True, False, False]
    """
    visit = read_visit(name)
    about = _ABOUT_A_VISIT & {*name.casefold().replace("_", " ").split()}
    if visit is None or name.strip().isdigit() or about:
        return False
    return visit.certain or any(char.isdigit() for char in name)


def guess_columns(
    table: Table, own: set[str], mapping: TableMapping, known: Mapping[str, Outcome], doubts: list[Problem]
) -> TableMapping:
    """Add the columns whose names say an outcome, and ask about those that may.

    `own` are the columns that say who, when and in which arm.
    """
    names = names_of(known)
    header = [name for name in table.header if name and name not in own]
    companions = _companions(header, names)
    beside = {column for pair in companions.values() for column in pair.values()}
    by_row = _outcome_column(header, mapping) if mapping.layout == "visits" else ""
    columns: dict[str, Column] = {}
    for name in header:
        if name in beside or name == by_row or is_form(name):
            continue
        read = names.read(name)
        if not read.outcomes and mapping.layout == "visits" and is_label(name):
            read = _of_sheet(read, mapping, by_row)
        if read.outcomes or read.why:
            _ask(read, mapping, table, doubts)
            columns[name] = _column(read, companions.get(name, {}))
    if not columns:
        what = "no column is recognised as an outcome"
        mend = f"say under [columns] of a mapping which hold one of {', '.join(known)}, or one of your own"
        doubts.append(Problem(what, mend, row=table.header_row))
    return replace(mapping, columns=columns, outcome=by_row or mapping.outcome)


def _outcome_column(header: Sequence[str], mapping: TableMapping) -> str:
    """Find the column that names the outcome of a row whose other columns are visits."""
    return mapping.outcome or next((name for name in header if alphanumeric(name) in _OUTCOME), "")


def _of_sheet(read: ColumnName, mapping: TableMapping, by_row: str) -> ColumnName:
    """Take a column that names a visit only for the outcome of its row, or of the whole sheet."""
    outcome = BY_ROW if by_row else mapping.measure
    why = "" if outcome else "its name is a visit's, and no outcome is named"
    outcomes = (outcome,) if outcome else ()
    return ColumnName(read.name, outcomes, bool(outcome), "", read.name, read_visit(read.name), why)


def _ask(read: ColumnName, mapping: TableMapping, table: Table, doubts: list[Problem]) -> None:
    at = {"row": table.header_row, "column": read.name}
    if table.header.count(read.name) > 1:
        doubts.append(Problem("two columns have this name", "rename one of them", **at))  # type: ignore[arg-type]
    if read.why:
        doubts.append(Problem(read.why, f"write its outcome {_SAY}", **at))  # type: ignore[arg-type]
    elif mapping.layout == "visits" and not read.visit:
        what = f"this is {read.outcomes[0]} of no visit, beside columns of visits"
        doubts.append(Problem(what, f"write its week {_SAY}", **at))  # type: ignore[arg-type]


def _column(read: ColumnName, companions: Mapping[str, str]) -> Column:
    certain = read.week is not None and read.week.certain
    return Column(
        outcome=read.outcomes[0] if read.certain or len(read.outcomes) == 1 else OPEN,
        unit=read.unit,
        unit_column="" if read.unit else companions.get("unit_column", ""),
        week=read.week.week if read.week is not None and certain else None,
        visit="" if certain else read.visit,
        lower_limit_column=companions.get("lower_limit_column", ""),
        upper_limit_column=companions.get("upper_limit_column", ""),
    )


def _companions(header: Sequence[str], names: Names) -> Mapping[str, dict[str, str]]:
    """Find ``crp_unit`` and ``crp_lloq`` beside ``crp``, ``CRP (mg/L)`` or all of ``crp_w0``, ``crp_w4``."""
    by_name = {alphanumeric(name): name for name in header}
    found: dict[str, dict[str, str]] = {}
    for key, endings in _COMPANIONS.items():
        for ending in endings:
            for folded, name in by_name.items():
                if folded.endswith(ending):
                    for of in _companions_of(folded.removesuffix(ending), name, header, names):
                        found.setdefault(of, {}).setdefault(key, name)
    return found


def _companions_of(stem: str, name: str, header: Sequence[str], names: Names) -> list[str]:
    """Return the columns that ``name`` goes with: the one called `stem`, else all of its outcome."""
    others = [each for each in header if each != name and names.read(each).outcomes]
    if same := [each for each in others if alphanumeric(each) == stem]:
        return same
    meant = names.read(stem)
    whole = meant.certain and len(meant.outcomes) == 1 and not meant.visit
    return [each for each in others if whole and names.read(each).outcomes == meant.outcomes]


def ask_about_alone(table: Table, used: set[str], doubts: list[Problem]) -> None:
    """Refuse a unit or a limit that belongs to no column: leaving it out would change the values."""
    for role, names in _ALONE.items():
        for name in table.header:
            if name not in used and alphanumeric(name) in names.split():
                what = f"this looks like a {role}, and of which outcome is not said"
                mend = "name it after its column (crp_unit), or give it under [columns] of a mapping"
                doubts.append(Problem(what, mend, row=table.header_row, column=name))


def ask_about_twice(table: Table, mapping: TableMapping, doubts: list[Problem]) -> None:
    """Ask about two columns with the same outcome of the same visit."""
    seen: dict[tuple[str, float | None, str], str] = {}
    for name, column in mapping.columns.items():
        place = (column.outcome, column.week, column.visit)
        # In REDCap an outcome may have a field for each event, and a page may name a column left out.
        if not column.outcome or column.outcome == OPEN or mapping.layout == "redcap":
            continue
        first = seen.setdefault(place, name)
        if first != name:
            what = f"{first!r} and {name!r} both hold {column.outcome} of the same visit"
            mend = 'keep one, or write "leave out" for one under [columns] of a mapping'
            doubts.append(Problem(what, mend, row=table.header_row, column=name))
