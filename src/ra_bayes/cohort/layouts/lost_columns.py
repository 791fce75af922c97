"""Columns that are not read and hold units or signs: without them the values beside them would be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table

__all__ = ["refuse_lost_columns"]

_SIGNS = frozenset({"<", ">", "<=", ">=", "≤", "≥"})
_MOST_UNITS = 12


def refuse_lost_columns(
    table: Table,
    unread: Sequence[int],
    outcomes: Iterable[Outcome],
    mends: tuple[str, str],
    problems: Problems,
) -> None:
    """Note every unread column whose cells are all signs, or all units one of which would change a value.

    Parameters
    ----------
    table
        The table.
    unread
        Positions of the columns that are not read.
    outcomes
        Those that are read and whose unit nothing else says.
    mends
        How to have units read, and signs.
    problems
        Where it is noted.

    Examples
    --------
    >>> from ra_bayes.outcomes import get
    >>> table = Table("a.csv", "CSV", ("patient", "vas", "Einheit"), [(2, ["A", "6", "cm"])])
    >>> problems = Problems("a.csv")
    >>> refuse_lost_columns(table, [2], [get("vas")], ("name it unit", "name it limit"), problems)
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    ...
    ra_bayes.errors.CohortError: a.csv: 1 problem
      row 1, column 'Einheit': its cells are units (cm), and it would not be read; name it unit
    """
    outcomes = tuple(outcomes)
    for position in unread:
        texts = {cells[position].strip() for _, cells in table.rows} - {""}
        kind = _kind(texts, outcomes)
        if not kind:
            continue
        name = table.header[position]
        its = "its cells" if name else f"the cells of column {position + 1}, which has no name,"
        what = f"{its} are {kind} ({', '.join(sorted(texts)[:4])}), and it would not be read"
        mend = mends[kind == "signs"]
        problems.add("column name", what, mend, row=table.header_row, column=name or None)


def _kind(texts: set[str], outcomes: Iterable[Outcome]) -> str:
    if not texts or len(texts) > _MOST_UNITS:
        return ""
    if texts <= _SIGNS:
        return "signs"
    factors = [{*_factors(text, outcomes)} for text in texts]
    return "units" if all(factors) and set().union(*factors) - {1.0} else ""


def _factors(text: str, outcomes: Iterable[Outcome]) -> Iterable[float]:
    for outcome in outcomes:
        try:
            yield outcome.factor(text)
        except RaBayesError:
            continue
