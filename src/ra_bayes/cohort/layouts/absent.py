"""Columns that a mapping names and a table does not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ra_bayes.sources import Problems, Table

__all__ = ["refuse_absent"]


def refuse_absent(names: Iterable[str], table: Table, problems: Problems) -> None:
    """Raise at once if a name is no column of the table, with the nearest one that is."""
    absent = [name for name in dict.fromkeys(names) if name and name not in table.header]
    for name in absent:
        folded = {each.casefold(): each for each in table.header}
        near = difflib.get_close_matches(name.casefold(), folded, 1, 0.6)
        mend = (
            f"did you mean {folded[near[0]]!r}?" if near else f"write one of {', '.join(table.header[:20])}"
        )
        problems.add("column", "the mapping names this column, and the table has none", mend, column=name)
    if absent:
        problems.raise_if_any()
