"""The entries of a column that names the outcome of a row: what each is taken for, or asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.mapping import OPEN, Column, TableMapping
from ra_bayes.cohort.rows import INFUSION
from ra_bayes.errors import Problem
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Table

__all__ = ["with_parameters"]

_MEND = (
    "write its outcome, known or one of your own [[outcomes]], "
    'under [parameters] of a mapping, or "leave out"'
)


def with_parameters(
    table: Table, mapping: TableMapping, column: str, known: Mapping[str, Outcome], doubts: list[Problem]
) -> TableMapping:
    """Say what the entries of `column` are that are no outcome's identifier; ask where that is not certain.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> table = Table("a.csv", "CSV", ("test",), [(2, ["CRP mg/L"]), (3, ["sdai"])])
    >>> with_parameters(table, TableMapping(), "test", OUTCOMES, []).parameters["CRP mg/L"].unit
    'mg/L'
    """
    if column not in table.header:
        return mapping
    at, names = table.header.index(column), names_of(known)
    parameters = dict(mapping.parameters)
    for row, cells in table.rows:
        text = cells[at].strip()
        if not text or text in parameters or text.casefold() in {*known, INFUSION}:
            continue
        read = names.read(text)
        certain = read.certain and len(read.outcomes) == 1 and not read.visit
        parameters[text] = Column(read.outcomes[0], read.unit) if certain else Column(OPEN)
        if not certain:
            why = read.why or "this outcome is not known"
            doubts.append(Problem(why, _MEND, row=row, column=column, value=text))
    return replace(mapping, parameters=parameters)
