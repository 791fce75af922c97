"""Which layout a table has, told by its header; and the long table that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ra_bayes.cohort.header import recognised
from ra_bayes.cohort.long_table import LongTable, from_long
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table

__all__ = ["fits", "to_long"]


def fits(header: Sequence[str]) -> int:
    """Say how well a header fits a layout that can be read; 0 if not at all.

    Examples
    --------
    >>> fits(["patient", "week", "outcome", "value"]), fits(["legend"])
    (4, 0)
    """
    return recognised(header)


def to_long(table: Table, known: Mapping[str, Outcome], problems: Problems) -> LongTable:
    """Make lines of a table, whichever layout it has."""
    return from_long(table, tuple(known), problems)
