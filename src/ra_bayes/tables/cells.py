"""Cells of posterior quantities: rounded by interval and Monte Carlo error, the numbers kept beside them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.errors import FitError
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.results.fits import Result
from ra_bayes.tables.table import Cell
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ROUNDED",
    "abbreviations",
    "chance_cell",
    "error_cell",
    "estimate_cell",
    "interval_cell",
    "told_by",
    "week_cell",
    "words",
]

ROUNDED = (
    "Numbers are rounded to the place of the first digit of their Monte Carlo error, or sooner where the "
    "interval is wide."
)


def told_by(result: Result) -> pd.DataFrame:
    """Return the estimands of a result.

    Raises
    ------
    FitError
        If it has none, because its gate failed.
    """
    if result.table is None:
        name = provenance(result.tree)["model"]["name"]
        raise FitError(f"the fit of {name} did not pass its gate: its numbers are withheld\n{result.gate}")
    return result.table


def abbreviations(*texts: str) -> tuple[str, ...]:
    """Return a note on what is abbreviated in some texts, if anything is."""
    told = any("MCID" in text for text in texts)
    return ("MCID: minimal clinically important difference, as the model page has it.",) if told else ()


def words(text: object) -> Cell:
    """Return a cell of words."""
    return Cell(str(text))


def week_cell(week: float) -> Cell:
    """Return a week, blank for what is of no one week."""
    return Cell("" if math.isnan(week) else f"{week:g}", (week,))


def estimate_cell(row: Mapping[Hashable, Any], key: str = "estimate") -> Cell:
    """Return an estimate of a row of estimands: a number, or the probability of an event."""
    value = float(row[key])
    if _is_event(row):
        return chance_cell(value)
    # The expected number of patients may be a fraction; what it may turn out to be is whole.
    places = min(_places(row), 1) if row["unit"] == "patients" else _places(row)
    return Cell(number(value, places), (value,))


def interval_cell(row: Mapping[Hashable, Any], lower: str = "lower", upper: str = "upper") -> Cell:
    """Return the interval of a row of estimands; blank for the probability of an event, which has none."""
    ends = float(row[lower]), float(row[upper])
    places = 0 if row["unit"] == "patients" else _places(row)
    return Cell(interval(*ends, places), ends)


def chance_cell(value: float) -> Cell:
    """Return a probability, never rounded to certainty."""
    return Cell(probability(value), (value,))


def error_cell(value: float) -> Cell:
    """Return a Monte Carlo standard error, to two digits."""
    if 0.0 < value < 0.0001:
        return Cell("< 0.0001", (value,))
    return Cell("" if math.isnan(value) else f"{value:.2g}", (value,))


def _is_event(row: Mapping[Hashable, Any]) -> bool:
    return bool(row["unit"] in ("probability", "share of patients") and math.isnan(row["lower"]))


def _places(row: Mapping[Hashable, Any]) -> int:
    return decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio", mcse=row["mcse"])
