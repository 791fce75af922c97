"""Columns of a table that say something of a patient rather than of a visit: age, sex, dose, centre."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ra_bayes.cohort.cohort import CovariateValue, LeftOut
from ra_bayes.cohort.layouts.codes import is_missing
from ra_bayes.cohort.value import Mistake, read_number
from ra_bayes.sources import Problems, Table

__all__ = ["take_covariates", "without_covariates"]


def take_covariates(
    columns: Mapping[str, str], table: Table, patient: str, missing: Sequence[str], problems: Problems
) -> tuple[CovariateValue, ...]:
    """Return what the columns say of every patient, in whichever of their rows; an empty cell says nothing.

    Parameters
    ----------
    columns
        Column of each covariate as the header has it, by the covariate's name.
    table
        The table as it was read.
    patient
        Column of the patient's identifier.
    missing
        Codes of a missing value.
    problems
        Where a column that is not there, or says two things of one patient, is noted.
    """
    header = list(table.header)
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for name, column in columns.items():
        if column not in header:
            have = ", ".join(repr(each) for each in header[:12])
            what = f"there is no column {column!r}, which is asked for as a covariate (found: {have})"
            problems.add(
                "covariate", what, "name a column as the header has it, under [covariates] of a mapping"
            )
            continue
        who, at = header.index(patient), header.index(column)
        for row, cells in table.rows:
            text, of = _with_point(cells[at].strip()), cells[who].strip()
            if not of or is_missing(text, missing):
                continue
            first, where = found.setdefault((of, name), (text, row))
            if first != text:
                what = f"patient {of!r} has {column} {first!r} (row {where}) and {text!r}"
                mend = "write one value in all rows of a patient; a value by visit is an outcome"
                problems.add("covariate", what, mend, row=row, column=column, value=text)
    return tuple(CovariateValue(of, name, text) for (of, name), (text, _) in found.items())


def _with_point(text: str) -> str:
    """Write a number that has a decimal comma with a point, as values are read; leave any other text."""
    read = read_number(text)
    return f"{read.number:f}" if not isinstance(read, Mistake) and read.comma else text


def without_covariates(left_out: Iterable[LeftOut], names: Iterable[str]) -> tuple[LeftOut, ...]:
    """Return what a table's layout left out, but for columns that were read as covariates."""
    taken = {f"column {name!r}" for name in names}
    return tuple(each for each in left_out if each.what not in taken)
