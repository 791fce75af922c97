"""The lines of a forest: patients, their mean and the population, read off the table of estimands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.figures.marks import short_name
from ra_bayes.numbers import decimals

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.model.spec import ModelSpec

__all__ = ["CROWD_HEIGHT", "MOST_NAMED", "Row", "digits_of", "rows_of"]

# More patients are drawn, but not named.
MOST_NAMED = 40
# Room for them all together, in rows.
CROWD_HEIGHT = 16.0


@dataclass(frozen=True, eq=False)
class Row:
    """One line of the forest; `patient` is its index among the patients, -1 for a summary."""

    name: str
    place: float
    lower: float
    estimate: float
    upper: float
    p_benefit: float
    patient: int


def rows_of(spec: ModelSpec, table: pd.DataFrame) -> list[Row]:
    """Return the lines from top to bottom: patients, then their mean and the population."""
    at = table[table["week"] == spec.reference_week]
    own = at[at["estimand"] == ("patient_response_probability" if spec.binary else "patient_change")]
    mean, population = (
        ("response_rate_of_cohort", "response_rate")
        if spec.binary
        else ("mean_change_of_cohort", "mean_change")
    )
    number = len(own)
    # More patients than can be named are sorted, so that they read as one curve.
    order = np.arange(number) if number <= MOST_NAMED else np.argsort(own["estimate"].to_numpy())
    step = 1.0 if number <= MOST_NAMED else CROWD_HEIGHT / number
    rows = [
        _line(own.iloc[int(i)], short_name(str(own["patient"].iloc[int(i)])), step * place, int(i))
        for place, i in enumerate(order)
    ]
    below = step * (number - 1) + 1.5
    label = "Population" if spec.binary else "Typical patient"
    of_these = f"Mean of these {number}" if number > 1 else "Mean of this one"
    for place, (name, shown) in enumerate(((mean, of_these), (population, label))):
        rows.append(_line(at[at["estimand"] == name].iloc[0], shown, below + place, -1))
    return rows


def _line(entry: pd.Series, name: str, place: float, patient: int) -> Row:
    lower, estimate, upper, p_benefit = (
        float(entry[column]) for column in ("lower", "estimate", "upper", "p_benefit")
    )
    return Row(name, place, lower, estimate, upper, p_benefit, patient)


def digits_of(rows: list[Row], spec: ModelSpec) -> int:
    """Return how many decimals all rows are written with: those of the median interval."""
    told = [row for row in rows if np.isfinite(row.upper)]
    if not told:
        return 0
    ratio = spec.link.change == "ratio"
    return int(np.median([decimals(row.lower, row.upper, ratio=ratio or spec.binary) for row in told]))
