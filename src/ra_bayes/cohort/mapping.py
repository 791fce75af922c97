"""What the columns, visits and codes of somebody's table mean: given on a page of TOML, or guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ra_bayes.outcome import Outcome

__all__ = [
    "BY_ROW",
    "CDISC",
    "FIRST_DATE",
    "LAYOUTS",
    "OPEN",
    "AssayLimit",
    "Column",
    "Dates",
    "LeaveOut",
    "TableMapping",
    "VisitUnit",
    "beside",
]

type VisitUnit = Literal["labels", "weeks", "days", "months"]

LAYOUTS: Mapping[str, str] = {
    "long": "a row per patient, week and outcome",
    "visits": "a row per patient and a column per outcome and visit",
    "outcomes": "a row per patient and visit and a column per outcome",
    "redcap": "a REDCap export: a row per record and event",
    "adam": "CDISC ADaM basic data structure: a row per subject, parameter and analysis visit",
    "sdtm": "CDISC SDTM findings domain (LB, VS, QS): a row per subject, test and visit",
}
"""The layouts that are read, each with what a row is."""

CDISC = ("adam", "sdtm")
"""The layouts whose variables CDISC names."""

OPEN = "?"
"""Stands on a page for what could not be guessed; a page that still has one is refused."""

FIRST_DATE = "first date"
"""As ``first_infusion``: each patient's own earliest date is day 0."""

BY_ROW = "row"
"""The outcome of a column that names a visit, in a sheet whose rows name the outcome."""


class Column(NamedTuple):
    """What the cells of a column (or the rows of a parameter) are.

    Parameters
    ----------
    outcome
        Identifier of the outcome; ``"infusion"`` for infusions; ``"row"``: the row names it; empty: the
        column is left out.
    unit
        Unit of the numbers; empty if the table or the outcome says it.
    unit_column
        Column that holds the unit.
    week
        Week of every cell; ``None`` where the row says its visit.
    visit
        Label of a visit, looked up under ``[visits]``, where `week` is not given.
    lower_limit
        Lower limit of quantification, as text, in that unit.
    lower_limit_column
        Column that holds it.
    upper_limit, upper_limit_column
        The same of the upper limit of quantification.
    answers
        Text in a cell and the number that it stands for, as (text, number) pairs.
    """

    outcome: str
    unit: str = ""
    unit_column: str = ""
    week: float | None = None
    visit: str = ""
    lower_limit: str = ""
    lower_limit_column: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    upper_limit: str = ""
    upper_limit_column: str = ""


def beside(column: Column) -> tuple[str, ...]:
    """Return the columns that say more of a column's cells; a name may be empty."""
    return column.unit_column, column.lower_limit_column, column.upper_limit_column


class AssayLimit(NamedTuple):
    """Limits of quantification of one outcome, as texts, in one assay batch or (empty) in all rows.

    `unit` is theirs; empty: that of the row.
    """

    outcome: str
    batch: str = ""
    lower: str = ""
    upper: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates become weeks since the first infusion.

    Parameters
    ----------
    column
        Column with the date of the row.
    first_infusion
        Column with the date of the patient's first infusion, one date for all, or ``"first date"``: the
        earliest of the patient's dates; empty: the date of the first infusion among the patient's rows.
    format
        ``"Y-m-d"``, ``"d.m.Y"``, ``"d/m/Y"`` or ``"m/d/Y"``; empty: told from the column.
    weeks
        Planned weeks; empty: days divided by seven, as they are.
    window_days
        Most days that a record may lie from the planned week it is assigned to.
    """

    column: str
    first_infusion: str = ""
    format: str = ""
    weeks: tuple[float, ...] = ()
    window_days: float = 3.0


class LeaveOut(NamedTuple):
    """Rows that the user leaves out: those in which all that is given here holds, and why."""

    why: str
    row: int | None = None
    patient: str = ""
    visit: str = ""


@dataclass(frozen=True, slots=True)
class TableMapping:
    """What a table means. What is empty is guessed, or refused where a guess would not be certain.

    Parameters
    ----------
    layout
        One of :data:`LAYOUTS`.
    patient, visit, arm, outcome, value, unit, limit, lower_limit, upper_limit, batch
        Names of columns.
    visit_unit
        What numbers in the visit column count; ``"labels"``: they are looked up in `visits`.
    week
        Week of all rows, where no column says it.
    measure
        Outcome of columns (or of a sheet) that name visits only.
    synthetic
        Whether the table says that no patient stands behind it; ``None``: its own column does.
    missing
        Texts that stand for a missing value, besides blank, ``NA``, ``N/A`` and ``.``.
    below
        Texts that stand for a value below the limit of quantification, such as ``n.d.``.
    decimal_mark
        ``","`` or ``"."`` where a number could be read two ways; ``"both"``: told from each cell.
    visits
        Week of each visit label; ``None``: its rows or columns are left out; NaN: not known yet.
    columns
        What each column holds.
    parameters
        What each entry of the outcome (PARAMCD, --TESTCD) column means.
    timepoint
        The one of several timepoints of a visit (ATPT, --TPT) that is read.
    covariates
        Column of each covariate, by the name that a model page calls it.
    limits
        Limits of quantification, by outcome and assay batch.
    units
        Units of the table that an outcome does not know, each with its factor to the outcome's own.
    arms
        Name of each arm as the table writes it.
    dates
        How dates become weeks, if they do.
    leave_out
        Rows that are left out.
    outcomes
        Outcomes of the user's own.
    """

    layout: str = ""
    patient: str = ""
    visit: str = ""
    visit_unit: VisitUnit = "labels"
    week: float | None = None
    arm: str = ""
    outcome: str = ""
    value: str = ""
    unit: str = ""
    limit: str = ""
    lower_limit: str = ""
    upper_limit: str = ""
    batch: str = ""
    measure: str = ""
    timepoint: str = ""
    synthetic: bool | None = None
    missing: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    decimal_mark: Literal["both", ".", ","] = "both"
    visits: Mapping[str, float | None] = field(default_factory=dict, hash=False)
    columns: Mapping[str, Column] = field(default_factory=dict, hash=False)
    parameters: Mapping[str, Column] = field(default_factory=dict, hash=False)
    covariates: Mapping[str, str] = field(default_factory=dict, hash=False)
    limits: tuple[AssayLimit, ...] = ()
    units: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)
    arms: Mapping[str, str] = field(default_factory=dict, hash=False)
    dates: Dates | None = None
    leave_out: tuple[LeaveOut, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
