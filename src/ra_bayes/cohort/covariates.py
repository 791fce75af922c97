"""Columns of a table that say something of a patient rather than of a visit: age, sex, dose, centre."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ra_bayes.cohort.cohort import CovariateValue, LeftOut
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.value import is_empty
from ra_bayes.sources import Problems, Table

__all__ = ["take_covariates", "without_covariates"]


def take_covariates(
    names: Iterable[str], table: Table, lines: Sequence[Line], problems: Problems
) -> tuple[CovariateValue, ...]:
    """Return what the columns say of every patient; an empty cell says nothing.

    Parameters
    ----------
    names
        Columns, as the header has them.
    table
        The table as it was read.
    lines
        Its lines, which say whose each row is.
    problems
        Where a column that is not there, or says two things of one patient, is noted.
    """
    who = {line.row: line.patient for line in lines if line.patient}
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for name in names:
        if name not in table.header:
            have = ", ".join(repr(each) for each in table.header[:12])
            what = f"there is no column {name!r}, which is asked for as a covariate (found: {have})"
            problems.add("covariate", what, "name a column as the header has it")
            continue
        at = list(table.header).index(name)
        for row, cells in table.rows:
            text = cells[at].strip()
            if row not in who or is_empty(text):
                continue
            first, where = found.setdefault((who[row], name), (text, row))
            if first != text:
                what = f"patient {who[row]!r} has {name} {first!r} (row {where}) and {text!r}"
                mend = "write one value in all rows of a patient; a value by visit is an outcome"
                problems.add("covariate", what, mend, row=row, column=name, value=text)
    return tuple(CovariateValue(patient, name, text) for (patient, name), (text, _) in found.items())


def without_covariates(left_out: Iterable[LeftOut], names: Iterable[str]) -> tuple[LeftOut, ...]:
    """Return what a table's layout left out, but for columns that were read as covariates."""
    taken = {f"column {name!r}" for name in names}
    return tuple(each for each in left_out if each.what not in taken)
