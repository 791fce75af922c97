"""The validated cohort: what was measured, in whom, when; and what the reader did to get there."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

from ra_bayes.cohort.value import Limit
from ra_bayes.errors import CohortError, Problem, RaBayesError, check_type
from ra_bayes.outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Assigned",
    "Cohort",
    "Computed",
    "Conversion",
    "CovariateValue",
    "Disagreement",
    "Infusion",
    "LeftOut",
    "Record",
    "check_cohort",
]


class Record(NamedTuple):
    """One measurement, in the outcome's canonical unit.

    `limit` is ``"<"`` where the true value lies below `value` (left-censored: below the limit of
    quantification), ``">"`` where it lies above, and blank where `value` is what was recorded.
    `week` counts from baseline; `row` is the spreadsheet row it was read from (the header is row 1).
    `width` is not 0 where a score was computed from a component below its limit: the true value lies within
    half of it around `value`.
    """

    patient: str
    week: float
    outcome: str
    value: float
    limit: Limit
    row: int
    width: float = 0.0


class CovariateValue(NamedTuple):
    """What a column of the table says of a patient, the same in all their rows, as written."""

    patient: str
    name: str
    value: str


class Infusion(NamedTuple):
    """One infusion: who, and in which week."""

    patient: str
    week: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in the table that the cohort does not hold: what, how many cells, and why.

    `of` says what is counted: ``"values"`` and ``"empty"`` ones (nothing was measured), which together with
    records and infusions are all values (rows of a long table) that there were; ``"cells"`` of columns that
    hold no values; ``"patients"``, which the values counted elsewhere belong to; ``"scores"`` that could not
    be computed, which are under `not_computed` of a cohort. Records that were computed are no values of the
    table.
    """

    what: str
    count: int
    why: str
    of: Literal["values", "empty", "cells", "patients", "scores"] = field(default="values", compare=False)


class Assigned(NamedTuple):
    """A dated row and the planned week that it was taken for.

    `day` counts from the first infusion; `week` is ``None`` where the day is in no window; `values` are
    those kept.
    """

    patient: str
    date: str
    day: int
    week: float | None
    values: int
    row: int


class Computed(NamedTuple):
    """A record that was computed, and the outcomes that it was computed from."""

    patient: str
    week: float
    outcome: str
    parts: tuple[str, ...]


class Disagreement(NamedTuple):
    """A score that the table gives (`given`, which is used) and that its components make something else.

    They make what lies from `low` to `high`: the same number, unless a component lies below its limit.
    """

    patient: str
    week: float
    outcome: str
    given: float
    low: float
    high: float
    row: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """`count` values of `outcome` multiplied by `factor`, from one unit to another."""

    outcome: str
    from_unit: str
    to_unit: str
    factor: float
    count: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """A small cohort, validated and frozen; made by :func:`ra_bayes.cohort.read_cohort`.

    Parameters
    ----------
    name
        Name for titles; holds the word "synthetic" if the cohort is.
    source
        Name of the file it came from, without the folder.
    synthetic
        Whether the table says that no patient stands behind it.
    records
        Every measurement, sorted by outcome, patient and week.
    infusions
        Who was infused when, sorted by week and patient.
    used
        Definitions of the outcomes measured.
    lower_limits
        Lower limits of quantification seen, as (outcome, limit in the canonical unit).
    left_out
        What the table held and the cohort does not.
    conversions
        Values that were converted to the canonical unit.
    notes
        What else the reader took the table to mean, one sentence each.
    arms
        Each patient's arm, as (patient, arm); empty if the table has no arms.
    assigned
        Dated rows and the planned weeks they were taken for; empty if the table gives weeks.
    computed
        Which records were computed, and from what; the others were read.
    not_computed
        Scores that could not be computed at a visit where joints were counted, and why.
    disagreements
        Scores that the table gives and that its components make something else.
    mapping
        What the table's columns and visits were taken to mean, as a page of TOML; empty for a long table
        that was read without one.
    covariates
        What columns that were asked for say of each patient.
    """

    name: str
    source: str
    synthetic: bool
    records: tuple[Record, ...]
    infusions: tuple[Infusion, ...] = ()
    used: tuple[Outcome, ...] = ()
    lower_limits: tuple[tuple[str, float], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    notes: tuple[str, ...] = ()
    arms: tuple[tuple[str, str], ...] = ()
    assigned: tuple[Assigned, ...] = ()
    computed: tuple[Computed, ...] = ()
    not_computed: tuple[LeftOut, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    mapping: str = ""
    covariates: tuple[CovariateValue, ...] = ()

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients in the order in which the table first names them."""
        return tuple(dict.fromkeys(record.patient for record in sorted(self.records, key=lambda r: r.row)))

    @property
    def weeks(self) -> tuple[float, ...]:
        """All weeks with a measurement, rising."""
        return tuple(sorted({record.week for record in self.records}))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Identifiers of the outcomes measured, in the order of `used`."""
        return tuple(outcome.id for outcome in self.used)

    @property
    def definitions(self) -> Mapping[str, Outcome]:
        """The definition of each outcome measured, by identifier."""
        return {outcome.id: outcome for outcome in self.used}

    @property
    def infusion_weeks(self) -> tuple[float, ...]:
        """Weeks in which any patient was infused, rising."""
        return tuple(sorted({infusion.week for infusion in self.infusions}))

    @property
    def hash(self) -> str:
        """SHA-256 of the content: records, infusions, outcomes; not of row order, file name or title.

        A value counts as the number it is in the canonical unit, so ``3.5 cm`` and ``35 mm`` agree.
        """
        content = {
            "format": "ra_bayes cohort 1",
            "outcomes": sorted(self.outcomes),
            "records": [[*record[:5], *([record.width] if record.width else [])] for record in self.records],
            "infusions": [[*infusion] for infusion in self.infusions],
        }
        if self.arms:
            content["arms"] = sorted(map(list, self.arms))
        if self.covariates:
            content["covariates"] = sorted(map(list, self.covariates))
        return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()

    def patients_of(self, arm: str) -> tuple[str, ...]:
        """Return the patients of one arm, in the order in which the table first names them."""
        return tuple(patient for patient, own in self.arms if own == arm)

    def of(self, outcome: str) -> tuple[Record, ...]:
        """Return the records of one outcome, by patient and week; none if it was not measured."""
        return tuple(record for record in self.records if record.outcome == outcome)

    def baseline(self, outcome: str, patient: str) -> Record:
        """Return the record of week 0.

        Raises
        ------
        RaBayesError
            If there is none, which the reader allows for binary outcomes only.
        """
        for record in self.of(outcome):
            if record.patient == patient and record.week == 0:
                return record
        raise RaBayesError(
            f"patient {patient!r} of {self.name} has no {outcome} at week 0; cohort.of({outcome!r}) has what "
            "there is"
        )

    def limits(self, outcome: str) -> tuple[float, ...]:
        """Return the lower limits of quantification seen for one outcome, rising, canonical unit."""
        return tuple(limit for each, limit in self.lower_limits if each == outcome)

    def only(self, *, patients: Iterable[str]) -> Cohort:
        """Return the cohort of some patients; what is left out is added to `left_out`.

        Raises
        ------
        CohortError
            If a patient is not in the cohort, or none is asked for.
        """
        wanted = {patients} if isinstance(patients, str) else set(patients)
        problems = [
            _unknown_patient(patient, self.patients) for patient in sorted(wanted - {*self.patients}, key=str)
        ]
        if not wanted:
            problems.append(Problem("no patient is asked for", "name at least one"))
        if problems:
            raise CohortError(self.name, problems)
        gone = [patient for patient in self.patients if patient not in wanted]
        records = tuple(record for record in self.records if record.patient in wanted)
        measured = {record.outcome for record in records}
        counts = Counter(record.patient for record in self.records)
        counts.subtract(each.patient for each in self.computed)
        return replace(
            self,
            records=records,
            infusions=tuple(infusion for infusion in self.infusions if infusion.patient in wanted),
            computed=tuple(each for each in self.computed if each.patient in wanted),
            disagreements=tuple(each for each in self.disagreements if each.patient in wanted),
            arms=tuple(pair for pair in self.arms if pair[0] in wanted),
            covariates=tuple(each for each in self.covariates if each.patient in wanted),
            used=tuple(outcome for outcome in self.used if outcome.id in measured),
            lower_limits=tuple(limit for limit in self.lower_limits if limit[0] in measured),
            left_out=(
                *self.left_out,
                *(LeftOut(f"patient {patient!r}", counts[patient], "not asked for") for patient in gone),
            ),
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return the measurements as a tidy long DataFrame.

        Columns: patient, week, outcome, value (canonical unit), unit, limit, synthetic, and arm if
        there are any; read_cohort reads it back to the same records. Infusions are in `infusions`. A
        score known to lie between two ends is not in it: it is computed again from its components.
        """
        import pandas as pd

        units = {outcome.id: outcome.unit for outcome in self.used}
        rows = [
            (*record[:4], units[record.outcome], record.limit) for record in self.records if not record.width
        ]
        columns = ["patient", "week", "outcome", "value", "unit", "limit"]
        table = pd.DataFrame(rows, columns=columns).assign(synthetic="yes" if self.synthetic else "no")
        return table.assign(arm=table["patient"].map(dict(self.arms))) if self.arms else table


def _unknown_patient(patient: str, known: tuple[str, ...]) -> Problem:
    close = difflib.get_close_matches(str(patient), known, n=1) or [", ".join(known[:12])]
    return Problem("there is no such patient in the cohort", f"write {close[0]}", value=str(patient))


def check_cohort(cohort: Cohort) -> None:
    """Refuse what is no cohort, such as the path of its table."""
    check_type(cohort, Cohort, "cohort", 'read one with rb.read_cohort("table.csv")')
