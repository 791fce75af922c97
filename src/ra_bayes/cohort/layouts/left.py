"""Counts what a layout does not pass on: what, why, how many cells and in which rows."""

from __future__ import annotations

from typing import Literal

from ra_bayes.cohort.cohort import LeftOut

__all__ = ["Left", "some_rows"]

_SHOWN = 8


class Left:
    """What is left out of a table, gathered by what it is and why.

    Examples
    --------
    >>> left = Left()
    >>> left.add("crp", "the visit is left out", 3)
    >>> left.add("crp", "the visit is left out", 5)
    >>> left.all()
    (LeftOut(what='crp', count=2, why='the visit is left out (rows 3, 5)', of='values'),)
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, Literal["values", "cells", "scores"]], list[int]] = {}

    def add(self, what: str, why: str, row: int, of: Literal["values", "cells", "scores"] = "values") -> None:
        """Note one cell of `what`, in `row`."""
        self._found.setdefault((what, why, of), []).append(row)

    def all(self) -> tuple[LeftOut, ...]:
        """Return all that was noted, in the order in which it was first met."""
        return tuple(
            LeftOut(what, len(rows), f"{why} ({some_rows(rows)})", of)
            for (what, why, of), rows in self._found.items()
        )


def some_rows(rows: list[int]) -> str:
    """Name the first rows of a list.

    Examples
    --------
    >>> some_rows([3]), some_rows([3, 3, 5])
    ('row 3', 'rows 3, 5')
    """
    once = [*dict.fromkeys(rows)]
    numbers = ", ".join(map(str, once[:_SHOWN])) + (", ..." if len(once) > _SHOWN else "")
    return f"row {numbers}" if len(once) == 1 else f"rows {numbers}"
