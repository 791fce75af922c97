"""Rows of a table of estimands as texts, rounded by what their intervals leave."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.estimand.names import name_of
from ra_bayes.numbers import decimals, interval, number, probability

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rounded", "rows"]


def rounded(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """Round a row by the width of its interval, or show it as a probability."""
    if row["unit"] == "probability" and math.isnan(row["lower"]):
        shown = {"estimate": probability(row["estimate"]), "interval": ""}
    elif row["unit"] == "patients":
        # The expected number may be a fraction; what it may turn out to be is whole.
        shown = {"estimate": number(row["estimate"], 1), "interval": interval(row["lower"], row["upper"], 0)}
    else:
        places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio", mcse=row["mcse"])
        shown = {
            "estimate": number(row["estimate"], places),
            "interval": interval(row["lower"], row["upper"], places),
        }
    return shown | {"better": probability(row["p_benefit"]), "mcse": f"{row['mcse']:.2g}"}


_OF_BOTH_ARMS = (
    "difference_from_control",
    "odds_ratio_of_arm",
    "difference_all_better",
    "new_patient_all_better_difference",
)


def rows(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return rows with name, arm, week, unit, definition and note beside their numbers."""
    return [
        rounded(row)
        | {
            "name": name_of(row["estimand"]),
            "arm": _arm(row),
            "week": "" if math.isnan(row["week"]) else f"{row['week']:g}",
            "unit": str(row["unit"]),
            "definition": str(row["definition"]),
            "note": str(row["note"]),
        }
        for row in table.to_dict("records")
    ]


def _arm(row: Mapping[Hashable, Any]) -> str:
    """Return the arm that a row is of; a difference is of both."""
    return "" if row["estimand"] in _OF_BOTH_ARMS else str(row.get("arm", ""))
