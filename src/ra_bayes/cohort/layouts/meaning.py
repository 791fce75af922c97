"""What a mapping says of single lines: rows left out, codes, arms, parameters, visits -> weeks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ra_bayes.cohort.layouts.codes import is_missing, with_point
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.layouts.visit_names import WEEKS_PER_MONTH
from ra_bayes.cohort.long_table import LongTable
from ra_bayes.cohort.mapping import LeaveOut, TableMapping
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.value import Mistake, is_empty, read_number, read_value
from ra_bayes.sources import Problems

__all__ = ["with_meaning"]

_NOT_SAID = 'write it under [visits] of a mapping, such as "V2" = 4, or "leave out"'


def with_meaning(long: LongTable, mapping: TableMapping, problems: Problems) -> LongTable:
    """Apply a mapping to the lines of a layout; a line ends as a line, as left out, or as a problem.

    Examples
    --------
    >>> line = Line(2, "A", "", "crp", "-99", visit="V2")
    >>> mapping = TableMapping(visits={"V2": 12.0}, missing=("-99",))
    >>> long = with_meaning(LongTable([line], {}), mapping, Problems("a.csv"))
    >>> long.lines[0].week, long.lines[0].value
    ('12.0', '')
    """
    return _Meaning(mapping, problems).of(long)


class _Meaning:
    """One mapping at work; what it did is counted for the notes."""

    def __init__(self, mapping: TableMapping, problems: Problems) -> None:
        self.mapping, self.problems = mapping, problems
        self.left = Left()
        self.codes: Counter[str] = Counter()
        self.commas = 0
        self.below = {text.strip().casefold() for text in mapping.below}
        self.used: set[LeaveOut] = set()

    def of(self, long: LongTable) -> LongTable:
        lines = [meant for line in long.lines if (meant := self._line(line)) is not None]
        for rule in self.mapping.leave_out:
            if rule not in self.used:
                given = {key: value for key, value in rule._asdict().items() if value and key != "why"}
                told = ", ".join(f"{key} {value}" for key, value in given.items())
                what = f"the mapping leaves out {told}, and there is no such value"
                self.problems.add("leave_out", what, "correct it, or remove it from the mapping")
        return replace(
            long,
            lines=lines,
            left_out=(*long.left_out, *self.left.all()),
            notes=(*long.notes, *self._notes()),
        )

    def _line(self, line: Line) -> Line | None:
        what = f"values of {line.outcome or 'no outcome'}"
        for rule in self.mapping.leave_out:
            if _applies(rule, line):
                self.used.add(rule)
                self.left.add(what, rule.why, line.row)
                return None
        if line.outcome in self.mapping.parameters:
            column = self.mapping.parameters[line.outcome]
            if not column.outcome:
                self.left.add(f"rows of {line.outcome!r}", "the mapping leaves it out", line.row)
                return None
            line = self._parameter(line)
        line = self._value(line)
        arm = self.mapping.arms.get(line.arm, line.arm)
        synthetic = line.synthetic
        if self.mapping.synthetic is not None:
            synthetic = "yes" if self.mapping.synthetic else "no"
        line = line._replace(arm=arm, synthetic=synthetic)
        if line.visit and not line.week and not line.date:
            return self._visit(line, what)
        if line.column and not (line.visit or line.week or line.date or line.value):
            # A row of a database's other form, of no visit and without any value.
            self.left.add(what, "empty, in a row that says no visit", line.row)
            return None
        return line

    def _parameter(self, line: Line) -> Line:
        column = self.mapping.parameters[line.outcome]
        numbers = {answer.casefold(): number for answer, number in column.answers}
        return line._replace(
            outcome=column.outcome,
            unit=column.unit or line.unit,
            lower_limit=column.lower_limit or line.lower_limit,
            upper_limit=column.upper_limit or line.upper_limit,
            value=numbers.get(line.value.casefold(), line.value),
        )

    def _value(self, line: Line) -> Line:
        if is_missing(line.value, self.mapping.missing):
            self.codes[line.value] += not is_empty(line.value)
            return line._replace(value="")
        if line.value.casefold() in self.below:
            self.codes[line.value] += 1
            return line._replace(value="<LLOQ")
        marked = with_point(line.value, self.mapping.decimal_mark)
        if isinstance(marked, Mistake) and not isinstance(read_value(line.value), Mistake):
            # What cannot be read in any way is told when it is measured.
            at = {"row": line.row, "column": line.column or "value", "value": line.value}
            self.problems.add("value", marked.what, marked.mend, **at)  # type: ignore[arg-type]
            return line
        if isinstance(marked, Mistake):
            return line
        self.commas += marked.comma
        return line._replace(value=marked.text)

    def _visit(self, line: Line, what: str) -> Line | None:
        """Give the week of a line that has a visit's label."""
        mapping = self.mapping
        if line.visit in mapping.visits:
            week = mapping.visits[line.visit]
            if week is None:
                self.left.add(what, f"visit {line.visit!r} is left out", line.row)
                return None
            if not math.isnan(week):
                return line._replace(week=repr(week))
        elif mapping.visit_unit != "labels":
            number = read_number(line.visit)
            if not isinstance(number, Mistake):
                per_week = {"weeks": 1.0, "days": 7.0, "months": 1 / WEEKS_PER_MONTH}[mapping.visit_unit]
                exact = float(number.number) / per_week
                week = float(round(exact)) if mapping.visit_unit == "months" else exact
                return line._replace(week=repr(week))
        if not line.value:
            self.left.add(what, f"empty, at visit {line.visit!r}, whose week is not said", line.row)
            return None
        what = "which week this visit is is not said"
        self.problems.add(
            "visit", what, _NOT_SAID, row=line.row, column=mapping.visit or line.column, value=line.visit
        )
        return None

    def _notes(self) -> Iterator[str]:
        for code, count in sorted((+self.codes).items()):
            meant = "below the limit of quantification" if code.casefold() in self.below else "missing"
            yield f"values written {code!r}, read as {meant}: {count}"
        if self.commas:
            yield f"values with a comma, read as the decimal mark: {self.commas}"


def _applies(rule: LeaveOut, line: Line) -> bool:
    return (
        rule.row in (None, line.row) and rule.patient in ("", line.patient) and rule.visit in ("", line.visit)
    )
