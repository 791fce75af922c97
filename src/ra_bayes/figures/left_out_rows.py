"""The lines of leaving one out: everybody, then each patient left out, read off the stored tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ra_bayes.figures.marks import short_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Row", "least_expected", "rows_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """Everybody (`index` -1) or one patient left out: the estimand, and what would be decided."""

    patient: str
    index: int
    place: float
    lower: float
    estimate: float
    upper: float
    elpd: float
    passed: bool
    chances: tuple[float, ...] = ()
    flips: bool = False
    close: bool = False

    @property
    def name(self) -> str:
        """What the row is called."""
        return f"without {short_name(self.patient)}" if self.patient else "Everybody"


def least_expected(patients: pd.DataFrame, most: int) -> list[str]:
    """Return whose trajectories are drawn: all, or of many those whose records the others expect least."""
    left = patients[patients["patient"] != ""]
    worst = set(left.nsmallest(most, "elpd")["patient"])
    return [name for name in left["patient"] if name in worst]


def rows_of(
    patients: pd.DataFrame, decisions: pd.DataFrame | None, names: tuple[str, ...], most: int
) -> list[Row]:
    """Return everybody, then each patient left out; of many those who change the estimate most."""
    whole = patients[patients["patient"] == ""].iloc[0]
    left = patients[patients["patient"] != ""]
    if len(left) > most:
        moved = (left["estimate"] - whole["estimate"]).abs().nlargest(most).index
        left = left.loc[sorted(moved)]
    rows = [_row(dict(whole), -1, 0.0, decisions)]
    for place, (_, entry) in enumerate(left.iterrows()):
        rows.append(_row(dict(entry), names.index(entry["patient"]), place + 1.4, decisions))
    return rows


def _row(entry: dict[Any, Any], index: int, place: float, decisions: pd.DataFrame | None) -> Row:
    lower, estimate, upper, elpd = (float(entry[name]) for name in ("lower", "estimate", "upper", "elpd"))
    common = (entry["patient"], index, place, lower, estimate, upper, elpd, bool(entry["passed"]))
    if decisions is None:
        return Row(*common)
    own = decisions[decisions["patient"] == entry["patient"]]
    chances = tuple(float(each) for each in own["probability"])
    return Row(*common, chances, bool(own["flips"].any()), bool(own["close"].any()))
