"""A long table whose columns have other names, as a mapping gives them."""

from __future__ import annotations

from dataclasses import replace

from ra_bayes.cohort.header import role_of
from ra_bayes.cohort.layouts.absent import refuse_absent
from ra_bayes.cohort.layouts.dates import column_of_first_infusion
from ra_bayes.cohort.long_table import LongTable, from_long
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.sources import Problems, Table

__all__ = ["from_long_by_name"]


def from_long_by_name(table: Table, mapping: TableMapping, problems: Problems) -> LongTable:
    """Read a long table with its columns renamed; visits and dates are left to be looked up.

    Where no column says the week or the outcome, the mapping's own holds for all rows.
    """
    given = {
        "patient": mapping.patient,
        "week": mapping.visit or (mapping.dates.column if mapping.dates is not None else ""),
        "outcome": mapping.outcome,
        "value": mapping.value,
        "unit": mapping.unit,
        "limit": mapping.limit,
        "lower_limit": mapping.lower_limit,
        "upper_limit": mapping.upper_limit,
        "batch": mapping.batch,
        "arm": mapping.arm,
    }
    given = {role: name for role, name in given.items() if name}
    first = column_of_first_infusion(mapping.dates.first_infusion) if mapping.dates is not None else ""
    refuse_absent((*given.values(), first), table, problems)
    roles = {name: role for role, name in given.items()}
    header = [roles.get(name) or (f"({name})" if role_of(name) in given else name) for name in table.header]
    constant = {
        "week": repr(mapping.week) if mapping.week is not None else "",
        "outcome": mapping.measure,
    }
    added = {key: text for key, text in constant.items() if text and key not in map(role_of, header)}
    renamed = replace(
        table,
        header=(*header, *added),
        rows=[(row, [*cells, *added.values()]) for row, cells in table.rows] if added else table.rows,
    )
    long = from_long(renamed, problems)
    original = dict(zip(header, table.header, strict=True))
    lines = long.lines
    if mapping.dates is not None:
        lines = [line._replace(week="", date=line.week) for line in lines]
    elif mapping.visit and "week" not in added:
        lines = [line._replace(week="", visit=line.week) for line in lines]
    written_as = {role: original[name] for role, name in long.written_as.items() if name in original}
    return replace(long, lines=lines, written_as=written_as)
