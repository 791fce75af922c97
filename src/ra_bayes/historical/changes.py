"""The control arms on file whose mean change may serve as a historical prior, and why the others may not.

They are the rows of ``data/historical_controls.csv`` that give a mean change from baseline (model-based, an
LS mean, or plain) with its standard error, or with the SD between patients and their number.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from ra_bayes.historical.arms import is_of, rows_on_file

__all__ = ["ChangesOnFile", "HistoricalChange", "historical_changes"]


class HistoricalChange(NamedTuple):
    """One control arm of another trial: the mean change of `n` patients by `week`, and how sure it is.

    `se` is the standard error of the mean, `sd` the SD between patients' changes; one of them may be computed
    from the other, se = sd / sqrt(n).
    """

    study: str
    population: str
    arm: str
    outcome: str
    week: float
    n: int
    change: float
    se: float
    sd: float
    unit: str
    source: str
    note: str

    def __str__(self) -> str:
        return f"{self.study}, week {self.week:g}: {self.change:g} (SE {self.se:g}, n {self.n})"


class ChangesOnFile(NamedTuple):
    """The arms that are used, and which are not and why."""

    used: tuple[HistoricalChange, ...]
    left_out: tuple[tuple[str, str], ...]


def historical_changes(
    outcome: str,
    *,
    week: float,
    weeks: tuple[float, float] | None = None,
    leave_out: Collection[str] = (),
    citation: str = "",
) -> ChangesOnFile:
    """Return the control arms with a mean change of an outcome, each once, at its week nearest to `week`.

    Parameters
    ----------
    outcome
        Identifier, such as ``"vas"``.
    week
        The week of the change that the arms are to be compared with.
    weeks
        First and last week that will do; by default from half to twice `week`.
    leave_out
        Studies, named as on file, that will not do.
    citation
        The paper under analysis, doi included. Its own rows are left out.

    Examples
    --------
    >>> found = historical_changes("vas", week=24)
    >>> print(*found.used, sep="\\n")
    TARGET, week 24: -21.3 (SE 2.3, n 98)
    MOBILITY A, week 12: -22.28 (SE 3.46, n 52)
    MOBILITY B, week 24: -15.4 (SE 1.4, n 253)
    >>> for arm, why in found.left_out:
    ...     print(f"{arm}: {why}")
    Vollert 2020 pooled placebo (5 RCT), week 12: pools trials that may be listed here
    """
    first, last = weeks or (week / 2.0, 2.0 * week)
    used: dict[tuple[str, str], HistoricalChange] = {}
    left_out: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows_on_file("mean change", "LS mean change"):
        if row["role"] != "control" or row["outcome"] != outcome:
            continue
        key = (row["study"], row["arm"])
        name = f"{row['study']}, week {row['week']}"
        spread = _spread(row)
        if is_of(row["study"], citation):
            left_out[key] = (name, "of the trial itself")
        elif row["study"] in leave_out:
            left_out[key] = (name, "as asked")
        elif "may pool" in row["overlap"]:
            left_out[key] = (name, "pools trials that may be listed here")
        elif spread is None:
            left_out[key] = (name, "neither standard error nor SD on file")
        elif not first <= float(row["week"]) <= last:
            left_out[key] = (name, f"not from week {first:g} to {last:g}")
        else:
            arm = _arm(row, *spread)
            if key not in used or abs(arm.week - week) < abs(used[key].week - week):
                used[key] = arm
    return ChangesOnFile(tuple(used.values()), tuple(why for key, why in left_out.items() if key not in used))


def _spread(row: dict[str, str]) -> tuple[float, float] | None:
    """The standard error of the mean and the SD between patients: printed, or one from the other and n."""
    n = float(row["n"] or "nan")
    se, sd = float(row["se"] or "nan"), float(row["sd"] or "nan")
    se = sd / math.sqrt(n) if math.isnan(se) else se
    sd = se * math.sqrt(n) if math.isnan(sd) else sd
    return (se, sd) if se > 0.0 and sd > 0.0 else None


def _arm(row: dict[str, str], se: float, sd: float) -> HistoricalChange:
    return HistoricalChange(
        study=row["study"],
        population=row["population"],
        arm=row["arm"],
        outcome=row["outcome"],
        week=float(row["week"]),
        n=int(row["n"]),
        change=float(row["value"]),
        se=se,
        sd=sd,
        unit=row["unit"],
        source=row["source"],
        note=row["note"],
    )
