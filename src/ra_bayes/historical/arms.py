"""The arms of other trials on file whose counts may serve as a historical prior, and why the others may not.

They are the rows of ``data/historical_controls.csv`` and ``data/msc_arms.csv`` that give a proportion.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from ra_bayes.resources import data_dir

__all__ = [
    "ArmsOnFile",
    "HistoricalArm",
    "Role",
    "events_on_file",
    "historical_arms",
    "is_of",
    "rows_on_file",
]

type Role = Literal["control", "msc"]

_FILES = ("historical_controls.csv", "msc_arms.csv")


class HistoricalArm(NamedTuple):
    """One arm of another trial: `r` of `n` patients by `week`.

    `computed` where the source prints a percentage and the count was computed from it.
    """

    study: str
    population: str
    arm: str
    role: str
    outcome: str
    week: float
    r: int
    n: int
    computed: bool
    source: str
    overlap: str

    def __str__(self) -> str:
        return f"{self.study}, {self.arm}, week {self.week:g}: {self.r} of {self.n}"

    @property
    def short(self) -> str:
        """The arm in a list of its study; a star marks a computed count."""
        arm = "" if self.arm.startswith("placebo") else f"{self.arm.partition(':')[0]} "
        return f"{arm}{self.r}/{self.n}{'*' * self.computed} wk {self.week:g}"


class ArmsOnFile(NamedTuple):
    """The arms that are used, and which are not and why."""

    used: tuple[HistoricalArm, ...]
    left_out: tuple[tuple[str, str], ...]


def historical_arms(
    outcome: str,
    role: Role,
    *,
    week: float,
    weeks: tuple[float, float] | None = None,
    leave_out: Collection[str] = (),
    citation: str = "",
) -> ArmsOnFile:
    """Return the arms on file with a count of an outcome, each once, at its week nearest to `week`.

    Parameters
    ----------
    outcome
        Identifier, such as ``"acr20"`` or ``"serious_adverse_event"``.
    role
        ``"control"`` (placebo or continued treatment) or ``"msc"``.
    week
        The week of the count that the arms are to be compared with.
    weeks
        First and last week that will do. By default from half to twice `week`; of adverse events, which
        add up, without an end: a later count can only be higher.
    leave_out
        Studies or arms, named as on file, that will not do.
    citation
        The paper under analysis, doi included. Its own rows, and those that may hold the same patients, are
        left out.

    Examples
    --------
    >>> found = historical_arms("serious_adverse_event", "msc", week=24)
    >>> print(*found.used, sep="\\n")
    Yang 2018, UC-MSC single IV, week 48: 0 of 52
    Vij 2022, auto adMSC 2e8 single IV, week 52: 0 of 15
    >>> for arm, why in found.left_out:
    ...     print(f"{arm}: {why}")
    Alvaro-Gracia 2017 (Cx611), A+B+C (1 of 46): counts only related grade 3 serious adverse events
    Wang 2013, UC-MSC 4e7 + DMARD: number of patients not on file
    """
    first, last = weeks or (week / 2.0, math.inf if outcome.endswith("adverse_event") else 2.0 * week)
    own = {study for study in _studies() if is_of(study, citation)}
    used: dict[tuple[str, str], HistoricalArm] = {}
    left_out: dict[tuple[str, str], tuple[str, str]] = {}
    for row in _proportions():
        if row["role"] != role or not row["outcome"].endswith(outcome):
            continue
        key = (row["study"], row["arm"])
        name = ", ".join(key)
        if row["outcome"] != outcome:
            # Of only some kinds of the event: at least so many, and no one knows how many more.
            count = f" ({row['r']} of {row['n']})" if row["r"] and row["n"] else ""
            some = f"counts only {row['outcome'].replace('_', ' ')}s"
            left_out.setdefault(key, (f"{name}{count}", some))
        elif row["study"] in own or any(study in row["overlap"] for study in own):
            left_out[key] = (name, "of the trial itself")
        elif not {row["study"], row["arm"]}.isdisjoint(leave_out):
            left_out[key] = (name, "as asked")
        elif not row["n"]:
            left_out[key] = (name, "number of patients not on file")
        elif not row["week"] or not first <= float(row["week"]) <= last:
            when = f"week {row['week']}" if row["week"] else "no week"
            left_out[key] = (f"{name}, {when}", f"not from week {first:g} to {last:g}")
        else:
            arm = _arm(row)
            if key not in used or abs(arm.week - week) < abs(used[key].week - week):
                used[key] = arm
    left_out = {key: why for key, why in left_out.items() if key not in used}
    for key in sorted(used, key=lambda each: -abs(used[each].week - week)):
        others = [arm for other, arm in used.items() if other != key]
        if twice := _same_patients(used[key], others):
            left_out[key] = (", ".join(key), f"may hold the patients of {twice}")
            del used[key]
    return ArmsOnFile(tuple(used.values()), tuple(left_out.values()))


def events_on_file() -> frozenset[str]:
    """Return the outcomes of which any arm on file has a proportion."""
    return frozenset(row["outcome"] for row in _proportions())


def _arm(row: dict[str, str]) -> HistoricalArm:
    n = int(row["n"])
    return HistoricalArm(
        study=row["study"],
        population=row["population"],
        arm=row["arm"],
        role=row["role"],
        outcome=row["outcome"],
        week=float(row["week"]),
        r=int(row["r"]) if row["r"] else round(float(row["value"]) * n),
        n=n,
        computed=not row["r"] or "r" in row["derived"].split(),
        source=row["source"],
        overlap=row["overlap"],
    )


def _same_patients(arm: HistoricalArm, others: list[HistoricalArm]) -> str:
    """Name the study among the others that may hold this arm's patients; empty if none does."""
    for other in others:
        pooled = arm.overlap.startswith("pools arms") and arm.study == other.study
        if pooled or (arm.study != other.study and other.study in arm.overlap):
            return other.study
    return ""


def is_of(study: str, citation: str) -> bool:
    """Return whether a study on file is the cited one: its first author and year, or its trial's name."""
    dated = re.fullmatch(r"(\S+)\D*(\d{4}).*", study)
    if dated is None:
        return bool(re.search(rf"(?<!\w){re.escape(study)}(?!\w)", citation))
    surname, year = dated.groups()
    return bool(re.match(rf"{re.escape(_plain(surname))}(?!\w)", _plain(citation))) and year in citation


def _plain(text: str) -> str:
    """Without accents and capitals."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _studies() -> Iterator[str]:
    yield from dict.fromkeys(row["study"] for row in _proportions())


def _proportions() -> tuple[dict[str, str], ...]:
    return rows_on_file("proportion")


@lru_cache(maxsize=4)
def rows_on_file(*statistics: str) -> tuple[dict[str, str], ...]:
    """Return the rows of both files that give one of these statistics."""
    found = []
    for name in _FILES:
        with (data_dir() / name).open(encoding="utf-8", newline="") as file:
            found += [row for row in csv.DictReader(file) if row["statistic"] in statistics]
    return tuple(found)
