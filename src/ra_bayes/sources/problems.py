"""Collects everything that is wrong with a table, so that one read reports all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NoReturn

from ra_bayes.errors import CohortError, Problem

__all__ = ["Problems"]

SHOWN_PER_KIND = 20
# A file that is wrong in every one of a million rows is one mistake, and its problems fill the memory.
MOST = 10_000
LONGEST_VALUE = 60


class Problems:
    """The problems found so far in one table.

    Parameters
    ----------
    source
        What the table is called in the message: the file's name.

    Examples
    --------
    >>> problems = Problems("cohort.csv")
    >>> problems.add("week", "weeks are not negative", "correct it", row=3, column="week", value="-1")
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    ...
    ra_bayes.errors.CohortError: cohort.csv: 1 problem
      row 3, column 'week', value '-1': weeks are not negative; correct it
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.written_as: Mapping[str, str] = {}
        """The header's own spelling of each column, once it is known."""
        self._found: list[tuple[str, Problem]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(
        self,
        kind: str,
        what: str,
        mend: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """Note one problem; `kind` is the heading under which many like it are counted."""
        if column is not None:
            column = self.written_as.get(column, column)
        if value is not None:
            value = _shown(value)
        self._found.append((kind, Problem(what, mend, row=row, column=column, value=value)))
        if len(self._found) == MOST:
            where = f" at row {row}" if row is not None else ""
            stopped = Problem(f"reading stopped{where} after {MOST} problems", "correct these first")
            self._found.append(("too many", stopped))
            raise self._error()

    def stop(
        self, kind: str, what: str, mend: str, *, row: int | None = None, value: str | None = None
    ) -> NoReturn:
        """Note a problem that makes reading on pointless, and raise all there are."""
        self.add(kind, what, mend, row=row, value=value)
        raise self._error()

    def raise_if_any(self) -> None:
        """Raise one :class:`~ra_bayes.errors.CohortError` with all problems, if there are any."""
        if self._found:
            raise self._error()

    def _error(self) -> CohortError:
        found = sorted(self._found, key=lambda item: (item[1].row is not None, item[1].row or 0))
        error = CohortError(self.source, [problem for _, problem in found])
        # `.problems` keeps every one of them; a message of thousands of lines helps nobody.
        error.args = ("\n".join([str(error).partition("\n")[0], *_lines(found)]),)
        return error


def _lines(found: list[tuple[str, Problem]]) -> Iterator[str]:
    """Write the first problems of each kind in full, then count the rest."""
    so_far: Counter[str] = Counter()
    for kind, problem in found:
        so_far[kind] += 1
        if so_far[kind] <= SHOWN_PER_KIND:
            yield f"  {problem}"
    for kind, count in so_far.items():
        if count > SHOWN_PER_KIND:
            last = next(problem.row for each, problem in reversed(found) if each == kind)
            yield f"  and {count - SHOWN_PER_KIND} more of this kind: {kind} (the last in row {last})"


def _shown(value: str) -> str:
    """Shorten a long text, and mark what is no character (a byte that was not UTF-8)."""
    if len(value) > LONGEST_VALUE:
        value = value[: LONGEST_VALUE - 1] + "…"
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
