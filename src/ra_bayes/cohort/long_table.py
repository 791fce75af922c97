"""What every layout makes of a table, one line per patient, week and outcome; and the layout that is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ra_bayes.cohort.cohort import Assigned, CovariateValue, LeftOut
from ra_bayes.cohort.header import OPTIONAL, Header, read_header
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.value import is_empty
from ra_bayes.sources import Problems, Table

__all__ = ["LongTable", "from_long", "refuse_decimal_ids"]

_MAY_BE_EMPTY = ("value", *OPTIONAL)


@dataclass(frozen=True, slots=True)
class LongTable:
    """The lines of a long table, and what became of everything else.

    Parameters
    ----------
    lines
        One per patient, week and outcome, not validated yet; their rows are those of the file.
    written_as
        Which column of the file each part of a line comes from, for messages.
    left_out
        What no line holds: columns, rows, each counted and with its reason.
    rows_left_out
        The file's rows in `left_out`. Every row of the table is in a line or here, never in both.
    notes
        What the layout was taken to mean, one sentence each.
    assigned
        Dated rows and the planned weeks they were taken for.
    mapping
        What the table was taken to mean, as a page of TOML; empty where its own names say it.
    covariates
        What the columns of covariates say of each patient.
    """

    lines: Sequence[Line]
    written_as: Mapping[str, str]
    left_out: tuple[LeftOut, ...] = ()
    rows_left_out: frozenset[int] = field(default=frozenset())
    notes: tuple[str, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    mapping: str = ""
    covariates: tuple[CovariateValue, ...] = ()


def from_long(table: Table, problems: Problems) -> LongTable:
    """Pick the columns patient, week, outcome, value and those that go with them; count the others."""
    header = read_header(table.header, problems, row=table.header_row)
    refuse_decimal_ids(table, header.where["patient"], problems)
    unused: Counter[int] = Counter()
    lines = list(_lines(table, header, unused))
    written_as = {role: header.names[position] for role, position in header.where.items()}
    return LongTable(lines, written_as, tuple(_unused_columns(header, unused)))


def refuse_decimal_ids(table: Table, patient: int, problems: Problems) -> None:
    """Refuse identifiers that were numbers with decimals before they came here."""
    if patient in table.decimal_columns:
        what = "patients came as decimal numbers (1.0), so what the file said (1, 01, 1E0) is lost"
        mend = "write them as text"
        if table.kind == "DataFrame":
            mend = "read the file with dtype=str, or give read_cohort its path"
        problems.add("patient", what, mend, column=table.header[patient])


def _lines(table: Table, header: Header, unused: Counter[int]) -> Iterator[Line]:
    for row, cells in table.rows:
        for position in header.unused:
            if cells[position].strip():
                unused[position] += 1
        texts = {role: cells[position].strip() for role, position in header.where.items()}
        # An identifier may well be NA; a value, a unit or a limit that says NA is missing.
        blank = {role: "" for role in _MAY_BE_EMPTY if is_empty(texts.get(role, ""))}
        yield Line(row=row, **(texts | blank))


def _unused_columns(header: Header, unused: Counter[int]) -> Iterator[LeftOut]:
    """Name the columns that were not read; a nameless one without any cell is only a trailing comma."""
    for position in header.unused:
        name = header.names[position]
        if name or unused[position]:
            what = f"column {name!r}" if name else f"column {position + 1}, without a name"
            yield LeftOut(what, unused[position], "not a column of a long table", "cells")
