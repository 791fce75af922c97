"""A sheet whose columns are outcomes, or outcomes at visits -> one line per cell."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ra_bayes.cohort.cohort import LeftOut
from ra_bayes.cohort.layouts.absent import refuse_absent
from ra_bayes.cohort.layouts.codes import is_missing
from ra_bayes.cohort.layouts.column_names import alphanumeric
from ra_bayes.cohort.layouts.dates import column_of_first_infusion
from ra_bayes.cohort.layouts.events import event_arm
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.layouts.roles import repeat_columns
from ra_bayes.cohort.long_table import LongTable, refuse_decimal_ids
from ra_bayes.cohort.mapping import BY_ROW, Column, TableMapping, beside
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.rows import INFUSION
from ra_bayes.cohort.value import is_empty, read_yes_no
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table
from ra_bayes.sources.table import MOST_ROWS

__all__ = ["from_sheet"]


def from_sheet(
    table: Table, mapping: TableMapping, known: Mapping[str, Outcome], problems: Problems
) -> LongTable:
    """Make a line of every cell that holds an outcome; count all others.

    Parameters
    ----------
    table
        A sheet of layout ``visits``, ``outcomes`` or ``redcap``.
    mapping
        Complete: guessed and given.
    known
        Outcomes that may occur, by identifier.
    problems
        Where what is wrong is noted.
    """
    where = _places(table, mapping, known, problems)
    refuse_decimal_ids(table, where[mapping.patient], problems)
    held = len(table.rows) * sum(bool(column.outcome) for column in mapping.columns.values())
    if held > MOST_ROWS:
        what = f"the sheet holds {held} values, and at most {MOST_ROWS} are read"
        problems.stop("size", what, "keep only the rows and columns of your patients and outcomes")
    left = Left()
    lines = list(_Reader(table, mapping, where, left, problems).lines())
    # REDCap's events say the arm where no column does.
    arm = mapping.arm or (mapping.visit if mapping.layout == "redcap" else "")
    written_as = {"patient": mapping.patient, "week": mapping.visit, "arm": arm, "outcome": mapping.outcome}
    written_as = {role: name for role, name in written_as.items() if name}
    return LongTable(lines, written_as, (*_unread(table, mapping, where), *left.all()))


def _places(
    table: Table, mapping: TableMapping, known: Mapping[str, Outcome], problems: Problems
) -> Mapping[str, int]:
    """Find every column that the mapping names; refuse one that is not there, and outcomes not known."""
    where = {name: position for position, name in reversed([*enumerate(table.header)])}
    named = [mapping.patient, mapping.visit, mapping.arm, mapping.outcome, mapping.batch, *mapping.columns]
    if mapping.dates is not None:
        named += [mapping.dates.column, column_of_first_infusion(mapping.dates.first_infusion)]
    wrong = False
    for name, column in mapping.columns.items():
        named += beside(column)
        if column.outcome and column.outcome not in (*known, INFUSION, BY_ROW):
            near = difflib.get_close_matches(column.outcome, known, 1)
            mend = f"did you mean {near[0]}?" if near else "define it as one of [[outcomes]] in the mapping"
            problems.add("outcome", "this outcome is not known", mend, column=name, value=column.outcome)
            wrong = True
        if column.outcome and table.header.count(name) > 1:
            problems.add("duplicate column", "two columns have this name", "rename one", column=name)
            wrong = True
    if wrong:
        problems.raise_if_any()
    refuse_absent(named, table, problems)
    return where


def _unread(table: Table, mapping: TableMapping, where: Mapping[str, int]) -> Iterator[LeftOut]:
    """Name and count the columns that nothing was read from."""
    read = {mapping.patient, mapping.visit, mapping.arm, mapping.outcome, mapping.batch, _synthetic(table)}
    if mapping.layout == "redcap":
        read |= {*repeat_columns(table.header)}
    if mapping.dates is not None:
        read |= {mapping.dates.column, mapping.dates.first_infusion}
    for name, column in mapping.columns.items():
        read |= {name, *beside(column)} if column.outcome else set()
    # A role that no column has is no name: columns without one are told like any other.
    read -= {""}
    filled: Counter[int] = Counter()
    unread = [
        position for position, name in enumerate(table.header) if name not in read or where[name] != position
    ]
    for _, cells in table.rows:
        for position in unread:
            filled[position] += bool(cells[position].strip())
    for position in unread:
        name = table.header[position]
        if name or filled[position]:
            what = f"column {name!r}" if name else f"column {position + 1}, without a name"
            asked = name in mapping.columns
            why = "the mapping leaves it out" if asked else "no outcome is recognised in its name"
            yield LeftOut(what, filled[position], why, "cells")


def _synthetic(table: Table) -> str:
    return next((name for name in table.header if alphanumeric(name) == "synthetic"), "")


class _Reader:
    """Reads the rows of one sheet; what it takes to do so is looked up once."""

    def __init__(
        self, table: Table, mapping: TableMapping, where: Mapping[str, int], left: Left, problems: Problems
    ) -> None:
        self.table, self.mapping, self.where = table, mapping, where
        self.left, self.problems = left, problems
        self.columns = [(name, column) for name, column in mapping.columns.items() if column.outcome]
        self.date = mapping.dates.column if mapping.dates is not None else ""
        self.synthetic = _synthetic(table)
        redcap = mapping.layout == "redcap"
        self.instrument, self.instance = repeat_columns(table.header) if redcap else ("", "")
        self.arms = redcap and not mapping.arm and self._several_arms()
        # In an export of forms an empty cell is a missing value only where its form is filled in at all.
        self.filled = self._filled() if redcap else None
        # A database's form of randomisation is filled in once, in one row of the patient.
        self.arm_of = self._said_once(mapping.arm) if redcap and mapping.arm else {}
        self.once: dict[tuple[str, str], tuple[str, int]] = {}

    def lines(self) -> Iterator[Line]:
        """Yield a line per cell; what yields none is counted as left out."""
        for row, cells in self.table.rows:
            if not self._cell(cells, self.mapping.patient):
                mend = "give the identifier, or remove the row"
                self.problems.add(
                    "patient", "the patient is blank", mend, row=row, column=self.mapping.patient
                )
                continue
            for name, column in self.columns:
                line = self._line(row, cells, name, column)
                if line is not None:
                    yield line

    def _line(self, row: int, cells: Sequence[str], name: str, column: Column) -> Line | None:
        text = self._cell(cells, name)
        outcome = self._cell(cells, self.mapping.outcome) if column.outcome == BY_ROW else column.outcome
        visit = column.visit or ("" if column.week is not None else self._visit(cells))
        if self._is_not_asked(cells, name, text, visit):
            why = "empty at a visit or in a form where nobody has it"
            self.left.add(f"cells of {name!r}", why, row)
            return None
        if self._is_repeated(row, cells, name, column, text):
            self.left.add(
                f"values of {name!r}", "the same value stands in an earlier row of the patient", row
            )
            return None
        value = self._answer(row, name, column, text)
        if value is None:
            return None
        if outcome == INFUSION and read_yes_no(value) is False:
            self.left.add(f"infusions in {name!r}", "the cell says that none was given", row)
            return None
        week = column.week if column.week is not None else self.mapping.week
        unit = self._cell(cells, column.unit_column)
        return Line(
            row=row,
            patient=self._cell(cells, self.mapping.patient),
            week=repr(week) if week is not None and not visit else "",
            outcome=outcome,
            value=value,
            unit="" if is_empty(unit) and not column.unit else column.unit or unit,
            lower_limit=self._limit(cells, outcome, column.lower_limit, column.lower_limit_column),
            upper_limit=self._limit(cells, outcome, column.upper_limit, column.upper_limit_column),
            batch=self._cell(cells, self.mapping.batch),
            synthetic=self._cell(cells, self.synthetic),
            arm=self._arm(cells),
            column=name,
            visit=visit,
            date=self._cell(cells, self.date) if column.week is None and not column.visit else "",
        )

    def _cell(self, cells: Sequence[str], name: str) -> str:
        return cells[self.where[name]].strip() if name else ""

    def _limit(self, cells: Sequence[str], outcome: str, given: str, column: str) -> str:
        """Return a limit of quantification: the column's own, or what stands beside the cell."""
        text = self._cell(cells, column)
        return "" if outcome == INFUSION or (not given and is_empty(text)) else given or text

    def _visit(self, cells: Sequence[str]) -> str:
        """Return the label of a row's visit; a repeated form has its instance in it, if the mapping does."""
        if self.mapping.week is not None:
            return ""
        label = self._cell(cells, self.mapping.visit)
        instance = self._cell(cells, self.instance)
        numbered = f"{label} #{instance}"
        return numbered if instance and numbered in self.mapping.visits else label

    def _arm(self, cells: Sequence[str]) -> str:
        if self.arms:
            return event_arm(self._cell(cells, self.mapping.visit))
        arm = self._cell(cells, self.mapping.arm)
        return arm or self.arm_of.get(self._cell(cells, self.mapping.patient), "")

    def _said_once(self, name: str) -> dict[str, str]:
        """Return what a column says of each patient, in whichever row; two things of one are a problem."""
        found: dict[str, tuple[str, int]] = {}
        for row, cells in self.table.rows:
            patient, text = self._cell(cells, self.mapping.patient), self._cell(cells, name)
            first, at = found.setdefault(patient, (text, row)) if text else (text, row)
            if first != text:
                what = f"patient {patient!r} is in arm {first!r} (row {at}) and in arm {text!r}"
                self.problems.add("arm", what, "write one arm", row=row, column=name)
        return {patient: text for patient, (text, _) in found.items()}

    def _several_arms(self) -> bool:
        position = self.where.get(self.mapping.visit)
        return position is not None and len({event_arm(cells[position]) for _, cells in self.table.rows}) > 1

    def _answer(self, row: int, name: str, column: Column, text: str) -> str | None:
        """Return what an answer stands for: None may be one, and is then no missing value."""
        numbers = {answer.casefold(): number for answer, number in column.answers}
        if text.casefold() in numbers:
            return numbers[text.casefold()]
        if numbers and not is_missing(text, self.mapping.missing):
            told = ", ".join(answer for answer, _ in column.answers)
            what, mend = f"this is none of the answers {told}", "add it to answers in the mapping"
            self.problems.add("answer", what, mend, row=row, column=name, value=text)
            return None
        return "" if is_empty(text) else text

    def _is_repeated(self, row: int, cells: Sequence[str], name: str, column: Column, text: str) -> bool:
        """Say whether a value of the patient, written in each of their rows, was read already."""
        if column.week is None or self.mapping.layout == "visits" or is_missing(text, self.mapping.missing):
            return False
        first, at = self.once.setdefault((self._cell(cells, self.mapping.patient), name), (text, row))
        if text != first:
            what = f"this belongs to one week, and row {at} of the same patient says {first!r}"
            self.problems.add("value", what, "correct one of the two", row=row, column=name, value=text)
        return at != row

    def _filled(self) -> frozenset[tuple[str, str, str]]:
        return frozenset(
            (name, self._visit(cells), self._cell(cells, self.instrument))
            for _, cells in self.table.rows
            for name, _ in self.columns
            if self._cell(cells, name)
        )

    def _is_not_asked(self, cells: Sequence[str], name: str, text: str, visit: str) -> bool:
        if self.filled is None or text:
            return False
        return (name, self._visit(cells) or visit, self._cell(cells, self.instrument)) not in self.filled
