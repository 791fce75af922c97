"""Limits of quantification that rows do not carry themselves: a mapping's, or those of their assay batch."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from ra_bayes.cohort.limits import can_be_censored
from ra_bayes.cohort.long_table import LongTable
from ra_bayes.cohort.mapping import AssayLimit
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.value import Mistake, read_number, read_value, split_unit
from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems

__all__ = ["with_batch_limits"]

_SIDES = ("lower", "upper")


class _Said(NamedTuple):
    """A limit of a batch in the canonical unit, and the row that says it."""

    limit: Decimal
    row: int


def with_batch_limits(
    long: LongTable, given: tuple[AssayLimit, ...], known: Mapping[str, Outcome], problems: Problems
) -> LongTable:
    """Give each line the limits that the mapping, or else the other rows of its assay batch, say.

    A batch has one limit: rows that say none take that of the others; ``<0.5`` says its own. A
    row that says another one than the mapping is refused, and so is a value below the limit of a batch whose
    rows say several.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> lines = [
    ...     Line(2, "A", "0", "il10", "7", "pg/mL", "0.5", batch="K1"),
    ...     Line(3, "A", "4", "il10", "BLQ", "ng/mL", batch="K1"),
    ... ]
    >>> with_batch_limits(LongTable(lines, {}), (), OUTCOMES, Problems("a.csv")).lines[1].lower_limit
    '0.0005'
    """
    if not given and not any(line.batch for line in long.lines):
        return long
    return _Limits(long, given, known, problems).applied()


class _Limits:
    """The limits of all batches, looked up once."""

    def __init__(
        self, long: LongTable, given: tuple[AssayLimit, ...], known: Mapping[str, Outcome], problems: Problems
    ) -> None:
        self.long, self.known, self.problems = long, known, problems
        self.given = {(limit.outcome, limit.batch): limit for limit in given}
        self.used: set[AssayLimit] = set()
        self.taken: Counter[tuple[str, str]] = Counter()
        self.said: dict[tuple[str, str, str], list[_Said]] = defaultdict(list)
        for line in long.lines:
            outcome = self._outcome(line)
            factor = _factor(line, outcome) if outcome and line.batch else None
            for side in _SIDES:
                number = _number(getattr(line, f"{side}_limit"))
                if outcome and factor is not None and number is not None:
                    self.said[outcome.id, line.batch, side].append(_Said(number * factor, line.row))

    def applied(self) -> LongTable:
        lines = [self._line(line) for line in self.long.lines]
        for limit in self.given.values():
            if limit not in self.used:
                of = f"{limit.outcome} in batch {limit.batch!r}" if limit.batch else limit.outcome
                mend = "correct it, or remove it from the mapping"
                outcome = self.known.get(limit.outcome)
                none = outcome is not None and not can_be_censored(outcome)
                why = "it is a bounded scale" if none else "there is no such value"
                self.problems.add("limits", f"the mapping has limits of {of}, and {why}", mend)
        notes = (
            f"{outcome}: values whose limits are those {how}: {count}"
            for (outcome, how), count in sorted((+self.taken).items())
        )
        return replace(self.long, lines=lines, notes=(*self.long.notes, *notes))

    def _outcome(self, line: Line) -> Outcome | None:
        outcome = self.known.get(line.outcome) or self.known.get(line.outcome.casefold())
        return outcome if outcome is not None and can_be_censored(outcome) else None

    def _line(self, line: Line) -> Line:
        outcome = self._outcome(line)
        factor = _factor(line, outcome) if outcome else None
        if outcome is None or factor is None or not (line.value or line.limit):
            return line
        limit = self.given.get((outcome.id, line.batch)) or self.given.get((outcome.id, ""))
        if limit is not None:
            self.used.add(limit)
            return self._of_mapping(line, outcome, limit, factor)
        return self._of_batch(line, outcome, factor) if line.batch else line

    def _of_mapping(self, line: Line, outcome: Outcome, limit: AssayLimit, factor: Decimal) -> Line:
        its = factor if not limit.unit else _to_own(outcome, limit.unit)
        if its is None:
            what = f"the mapping has limits of {outcome.id} in {limit.unit!r}, which is no unit of it"
            self.problems.stop("limits", what, f"write one of {', '.join(filter(None, outcome.units))}")
        for side, sign in zip(_SIDES, "<>", strict=True):
            text: str = getattr(limit, side)
            if not text or _says(line, sign):
                continue
            number = Decimal(text) * its / factor
            own = _number(getattr(line, f"{side}_limit"))
            if own is not None and not math.isclose(own, number, rel_tol=1e-9):
                what = f"this contradicts the {side} limit {number.normalize():f} of the mapping"
                self.problems.add(
                    "limits",
                    what,
                    "correct one of the two",
                    row=line.row,
                    column=f"{side}_limit",
                    value=f"{own}",
                )
            elif own is None:
                line = _with_limit(line, side, number)
                self.taken[outcome.id, "of the mapping"] += side == "lower" or not limit.lower
        return line

    def _of_batch(self, line: Line, outcome: Outcome, factor: Decimal) -> Line:
        before = line
        for side, sign in zip(_SIDES, "<>", strict=True):
            said = self.said.get((outcome.id, line.batch, side), [])
            if getattr(line, f"{side}_limit") or not said or _says(line, sign):
                continue
            other = next((each for each in said if each.limit != said[0].limit), None)
            if other is None:
                line = _with_limit(line, side, said[0].limit / factor)
            elif _asks_for(line, sign):
                limits = f"{said[0].limit.normalize():f} (row {said[0].row})"
                limits += f" and {other.limit.normalize():f} (row {other.row})"
                what = f"batch {line.batch!r} has several {side} limits of {outcome.id}, {limits}"
                self.problems.add(
                    "limits",
                    f"{what}, and this row says none",
                    "write the limit of this row",
                    row=line.row,
                    column="value",
                    value=line.value,
                )
                # It is told; a limit that is not said would be told a second time.
                line = _with_limit(line, side, said[0].limit / factor)
        self.taken[outcome.id, "of other rows of their batch"] += line != before
        return line


def _with_limit(line: Line, side: str, limit: Decimal) -> Line:
    text = f"{limit.normalize():f}"
    return line._replace(lower_limit=text) if side == "lower" else line._replace(upper_limit=text)


def _number(text: str) -> Decimal | None:
    parts = split_unit(text) if text else None
    read = read_number(parts[0] if parts else text) if text else None
    return None if read is None or isinstance(read, Mistake) or read.number <= 0 else read.number


def _factor(line: Line, outcome: Outcome) -> Decimal | None:
    """Return the factor of the row's unit, maybe in the cell of its value; ``None`` if it is not known."""
    parts = split_unit(line.value)
    return _to_own(outcome, line.unit or (parts[1] if parts else ""))


def _to_own(outcome: Outcome, unit: str) -> Decimal | None:
    try:
        return Decimal(repr(outcome.factor(unit) if unit else 1.0))
    except RaBayesError:
        return None


def _asks_for(line: Line, sign: str) -> bool:
    """Say whether a value lies beyond a limit that it does not name."""
    read = read_value(line.limit + line.value)
    return not isinstance(read, Mistake) and read.number is None and read.limit == sign


def _says(line: Line, sign: str) -> bool:
    """Say whether a value names the limit itself, as ``<0.5`` does; that is its record."""
    parts = split_unit(line.value)
    read = read_value(line.limit + (parts[0] if parts else line.value))
    return not isinstance(read, Mistake) and read.number is not None and read.limit == sign
