"""Rows of text -> records, infusions and missing values, row by row, noting every problem."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ra_bayes.cohort.cohort import Infusion, Record
from ra_bayes.cohort.limits import Imputed
from ra_bayes.cohort.measure import Line, Measured, measure, read_week
from ra_bayes.cohort.value import Limit, Mistake, read_yes_no
from ra_bayes.outcome import Outcome
from ra_bayes.sources.problems import Problems

__all__ = ["INFUSION", "Found", "Missing", "Visit", "take"]

INFUSION = "infusion"

# What people write below a table, and call no patient. SD, Max and N are not here: they may be initials.
_SUMMARIES = frozenset(
    {"mean", "means", "average", "median", "total", "subtotal", "standard deviation", "mean (sd)"}
    | {"mean ± sd", "median (iqr)", "range", "mittelwert", "moyenne", "media", "gesamt", "summe"}
    | {"durchschnitt", "standardabweichung"}
)  # fmt: skip


class Visit(NamedTuple):
    """What may occur once: one patient's value of one outcome in one week."""

    patient: str
    week: float
    outcome: str


class Missing(NamedTuple):
    """A row with an empty value; `patient` and `week` are ``None`` if they could not be read."""

    outcome: str
    patient: str | None
    week: float | None
    row: int
    column: str = ""


@dataclass(slots=True)
class Found:
    """What the rows read so far amount to.

    Parameters
    ----------
    known
        Outcomes that may occur, by identifier.
    problems
        Where problems are noted.
    visits
        Row of every visit with a value, whether or not the value could be read.
    undated
        Outcome and patient of the rows whose week could not be read.
    patients
        First row of every patient.
    synthetic
        First row that says yes, no or nothing (``None``) to "synthetic".
    arms
        Each patient's arm and the first row that says so.
    units
        Values per outcome, unit as written and factor to the canonical unit.
    beyond
        Values per outcome that were numbers beyond a limit of their row: the side, and how imputed.
    batches
        Batch of each record's row, where the table has batches.
    unknown
        Rows of every outcome that is not known.
    sheet
        Whether values have columns of their own, so that the table has no column of units.
    """

    known: Mapping[str, Outcome]
    problems: Problems
    rows: int = 0
    records: list[Record] = field(default_factory=list)
    infusions: dict[Infusion, int] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    visits: dict[Visit, int] = field(default_factory=dict)
    undated: set[tuple[str, str]] = field(default_factory=set)
    patients: dict[str, int] = field(default_factory=dict)
    look_alikes: dict[str, str] = field(default_factory=dict)
    synthetic: dict[bool | None, int] = field(default_factory=dict)
    arms: dict[str, tuple[str, int]] = field(default_factory=dict)
    units: Counter[tuple[str, str, float]] = field(default_factory=Counter)
    lower_limits: set[tuple[str, float]] = field(default_factory=set)
    beyond: Counter[tuple[str, Limit, Imputed]] = field(default_factory=Counter)
    batches: dict[Visit, str] = field(default_factory=dict)
    decimal_commas: int = 0
    decimal_points: int = 0
    sheet: bool = False
    unknown: dict[str, list[int]] = field(default_factory=dict)


def take(line: Line, found: Found) -> None:
    """Read one row into `found`.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> found = Found(OUTCOMES, Problems("cohort.csv"))
    >>> take(Line(2, "001", "0", "crp", "12,5", "mg/L"), found)
    >>> found.records[0].patient, found.records[0].value
    ('001', 12.5)
    """
    found.rows += 1
    if line.column:
        # In a sheet each value has a column of its own, which messages have to name.
        found.sheet = True
        own = dict.fromkeys(("value", "unit", "lower_limit", "upper_limit"), line.column)
        found.problems.written_as = {**found.problems.written_as, **own}
    _flag(line, found)
    patient = _patient(line, found)
    _arm(line, patient, found)
    week = read_week(line, found.problems)
    if line.outcome.casefold() == INFUSION:
        _infusion(line, patient, week, found)
        return
    outcome = _outcome(line, found)
    if outcome is None:
        return
    if not (line.value or line.limit):
        found.missing.append(Missing(outcome.id, patient, week, line.row, line.column))
        return
    measured = measure(line, outcome, found.problems)
    if patient is None:
        return
    if week is None:
        found.undated.add((outcome.id, patient))
    elif _is_new(Visit(patient, week, outcome.id), line, found) and measured is not None:
        found.records.append(Record(patient, week, outcome.id, measured.value, measured.limit, line.row))
        if line.batch:
            found.batches[Visit(patient, week, outcome.id)] = line.batch
        _count(line, outcome, measured, found)


def _count(line: Line, outcome: Outcome, measured: Measured, found: Found) -> None:
    found.units[outcome.id, measured.unit, measured.factor] += 1
    if measured.beyond:
        found.beyond[outcome.id, measured.beyond, measured.imputed] += 1
    found.decimal_commas += measured.comma
    found.decimal_points += "." in line.value
    if measured.lower_limit is not None:
        found.lower_limits.add((outcome.id, measured.lower_limit))
    elif measured.limit == "<":
        found.lower_limits.add((outcome.id, measured.value))


def _is_new(visit: Visit, line: Line, found: Found) -> bool:
    if visit not in found.visits:
        found.visits[visit] = line.row
        return True
    first = found.visits[visit]
    rows = f"rows {first} and {line.row}" if first != line.row else "in two columns"
    what = f"patient {visit.patient!r} has {visit.outcome} in week {visit.week:g} twice, {rows}"
    at = {"column": line.column} if line.column else {}
    found.problems.add("duplicate visit", what, "keep one of the two", row=line.row, **at)
    return False


def _patient(line: Line, found: Found) -> str | None:
    if not line.patient:
        found.problems.add(
            "patient", "the patient is blank", "give the identifier", row=line.row, column="patient"
        )
        return None
    if line.patient not in found.patients:
        found.patients[line.patient] = line.row
        if " ".join(line.patient.casefold().split()) in _SUMMARIES:
            what = "this names a summary of the rows above, and no patient"
            mend = f"remove the row, or leave it out under [[leave_out]] of a mapping, row = {line.row}"
            found.problems.add("patient", what, mend, row=line.row, column="patient", value=line.patient)
        # Two spellings of one patient would be analysed as two patients, which matters at n = 6.
        folded = " ".join(unicodedata.normalize("NFKC", line.patient).casefold().split())
        twin = found.look_alikes.setdefault(folded, line.patient)
        if twin != line.patient:
            what = f"this differs from {twin!r} (row {found.patients[twin]}) in case, spaces or encoding only"
            mend = "write one patient one way, and two patients so that they can be told apart"
            found.problems.add("patient", what, mend, row=line.row, column="patient", value=line.patient)
    return line.patient


def _arm(line: Line, patient: str | None, found: Found) -> None:
    """Note the patient's arm; a patient is in one, and in none if the table has no such column."""
    if patient is None:
        return
    arm, row = found.arms.setdefault(patient, (line.arm, line.row))
    if arm != line.arm:
        first, here = (f"in arm {each!r}" if each else "in no arm" for each in (arm, line.arm))
        what = f"patient {patient!r} is {first} (row {row}) and {here}"
        found.problems.add("arm", what, "write one arm in all rows", row=line.row, column="arm")


def _outcome(line: Line, found: Found) -> Outcome | None:
    outcome = found.known.get(line.outcome) or found.known.get(line.outcome.casefold())
    if outcome is None:
        found.unknown.setdefault(line.outcome, []).append(line.row)
    return outcome


def _infusion(line: Line, patient: str | None, week: float | None, found: Found) -> None:
    if not line.value:
        found.missing.append(Missing(INFUSION, patient, week, line.row, line.column))
        return
    if read_yes_no(line.value) is not True:
        mend = "write 1 if it was given; remove the row if it was not"
        found.problems.add(
            "infusion", "an infusion row says 1", mend, row=line.row, column="value", value=line.value
        )
        return
    if patient is None or week is None:
        return
    infusion = Infusion(patient, week)
    if infusion in found.infusions:
        rows = f"rows {found.infusions[infusion]} and {line.row}"
        what = f"patient {patient!r} has the infusion of week {week:g} twice, {rows}"
        found.problems.add("duplicate visit", what, "keep one of the two", row=line.row)
        return
    found.infusions[infusion] = line.row


def _flag(line: Line, found: Found) -> None:
    """Note whether the row calls itself synthetic."""
    answer = read_yes_no(line.synthetic) if line.synthetic else None
    if isinstance(answer, Mistake):
        found.problems.add(
            "synthetic", answer.what, answer.mend, row=line.row, column="synthetic", value=line.synthetic
        )
        return
    found.synthetic.setdefault(answer, line.row)
