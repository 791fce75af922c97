"""Composite scores computed from their components, where a table has these and not the score itself.

SDAI, CDAI, DAS28-CRP and DAS28-ESR (:mod:`ra_bayes.scores`), then the responses made of them or of the core
set (:mod:`ra_bayes.cohort.computed_responses`). A score that the table gives stays as it is; where it can be
computed too and differs, both are told. All these scores rise with each component, so a CRP below its limit
(0 to the limit) gives the two ends between which the score lies: the record is their middle, with the width.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ra_bayes.cohort.cohort import Computed, Disagreement, LeftOut, Record
from ra_bayes.cohort.computed_responses import STARTS, Attempt, Measured, responses
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.rows import Found, Visit
from ra_bayes.scores import cdai, das28_crp, das28_esr, sdai

__all__ = ["MOST_RECORDS", "Composed", "add_composites"]

_JOINTS = ("tjc28", "sjc28")
_ARGUMENT = {
    "tjc28": "tjc28",
    "sjc28": "sjc28",
    "patient_global": "patient_global_mm",
    "physician_global": "physician_global_mm",
    "crp": "crp_mg_l",
    "esr": "esr_mm_h",
}
_SCORES: Mapping[str, tuple[Callable[..., float], tuple[str, ...]]] = {
    "cdai": (cdai, (*_JOINTS, "patient_global", "physician_global")),
    "sdai": (sdai, (*_JOINTS, "patient_global", "physician_global", "crp")),
    "das28_crp": (das28_crp, (*_JOINTS, "patient_global", "crp")),
    "das28_esr": (das28_esr, (*_JOINTS, "patient_global", "esr")),
}
MOST_RECORDS = 100_000
"""Above this nothing is computed, since the scores would take more memory than the table."""

# Scores are given with at most two decimals, and differ by rounding beyond.
_MOST_DECIMALS = 2
_ROUNDING = 1e-9


class Composed(NamedTuple):
    """What was computed, where it differs from what the table says, and what could not be computed."""

    computed: tuple[Computed, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    not_computed: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def add_composites(found: Found) -> Composed:
    """Compute every composite whose components the table has, and add its records to `found`.

    A composite is tried where joints were counted, since that makes a visit one of scores. Where a
    component is missing it is missing too, and where a patient's score has no baseline it is left out, both
    named.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> from ra_bayes.sources import Problems
    >>> parts = {"tjc28": 4, "sjc28": 5, "patient_global": 50, "physician_global": 60}
    >>> records = [Record("A", 0.0, part, value, "", 2) for part, value in parts.items()]
    >>> found = Found(OUTCOMES, Problems("a.csv"), records=records)
    >>> add_composites(found).notes
    ('cdai: computed from tjc28, sjc28, patient_global and physician_global: 1',)
    >>> found.records[-1].outcome, found.records[-1].value
    ('cdai', 20.0)
    """
    if not any(record.outcome in STARTS for record in found.records):
        return Composed()
    if len(found.records) > MOST_RECORDS:
        told = f"scores are computed for tables of at most {MOST_RECORDS:,} records, and here are more"
        return Composed(notes=(f"{told}: none was computed",))
    writer = _Writer(found)
    writer.take(list(_scores(Measured(found.records))))
    writer.take(list(responses(Measured(found.records))))
    return writer.composed()


def _scores(measured: Measured) -> Iterator[Attempt]:
    for score, (formula, parts) in _SCORES.items():
        if not measured.outcomes.issuperset(parts):
            continue
        for patient, week, row in measured.visits(_JOINTS):
            found = {part: measured.interval(patient, week, part) for part in parts}
            known = {part: interval for part, interval in found.items() if interval is not None}
            why = _lacking(measured, patient, week, found)
            if score == "das28_esr" and not why and known["esr"][0] < 1:
                why = "esr is under 1 mm/h or below a limit, and its logarithm is taken"
            if why:
                yield Attempt(score, patient, week, row, parts, why=why)
                continue
            low, high = (
                round(formula(**{_ARGUMENT[part]: interval[end] for part, interval in known.items()}), 10)
                for end in (0, 1)
            )
            yield Attempt(score, patient, week, row, parts, (low, high))


def _lacking(measured: Measured, patient: str, week: float, found: Mapping[str, object]) -> str:
    """Say which components of a visit cannot be used, and why; nothing if all can."""
    lacking = [part for part, interval in found.items() if interval is None]
    above = [part for part in lacking if measured.has(patient, week, part)]
    missing = [part for part in lacking if part not in above]
    said = [f"{_and(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
    return _and([*said, *(f"{part} is above a limit" for part in above)]) if lacking else ""


class _Writer:
    """Adds what was computed to the records, or compares it with what is there."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.given = {(r.outcome, r.patient, r.week): r for r in found.records}
        self.computed: list[Computed] = []
        self.disagreements: list[Disagreement] = []
        self.left = Left()
        self.compared: Counter[str] = Counter()
        self.wide: dict[str, list[float]] = defaultdict(list)
        self.parts: dict[str, tuple[str, ...]] = {}

    def take(self, attempts: Sequence[Attempt]) -> None:
        """Take the attempts at some composites, all of a composite at once."""
        tolerance = {
            outcome: _tolerance(r.value for r in self.found.records if r.outcome == outcome)
            for outcome in {attempt.outcome for attempt in attempts}
        }
        new: list[Attempt] = []
        for attempt in attempts:
            supplied = self.given.get((attempt.outcome, attempt.patient, attempt.week))
            if supplied is not None and attempt.ends is not None:
                self._compare(attempt, supplied, attempt.ends, tolerance[attempt.outcome])
            elif supplied is None and attempt.ends is None:
                self.left.add(attempt.outcome, attempt.why, attempt.row, "scores")
            elif supplied is None:
                new.append(attempt)
        started = {(outcome, patient) for outcome, patient, week in self.given if week == 0}
        started |= {(each.outcome, each.patient) for each in new if each.week == 0}
        for attempt in new:
            binary = self.found.known[attempt.outcome].kind == "binary"
            if binary or (attempt.outcome, attempt.patient) in started:
                self._add(attempt)
            else:
                why = "there is none at baseline, so no change can be told"
                self.left.add(attempt.outcome, why, attempt.row, "scores")

    def _compare(
        self, attempt: Attempt, supplied: Record, ends: tuple[float, float], tolerance: float
    ) -> None:
        self.compared[attempt.outcome] += 1
        if not ends[0] - tolerance <= supplied.value <= ends[1] + tolerance:
            self.disagreements.append(
                Disagreement(
                    attempt.patient, attempt.week, attempt.outcome, supplied.value, *ends, supplied.row
                )
            )

    def _add(self, attempt: Attempt) -> None:
        low, high = attempt.ends or (0.0, 0.0)
        middle, width = round((low + high) / 2, 10), round(high - low, 10)
        record = Record(attempt.patient, attempt.week, attempt.outcome, middle, "", attempt.row, width)
        self.found.records.append(record)
        self.found.visits[Visit(attempt.patient, attempt.week, attempt.outcome)] = attempt.row
        self.computed.append(Computed(attempt.patient, attempt.week, attempt.outcome, attempt.parts))
        self.parts[attempt.outcome] = attempt.parts
        if width:
            self.wide[attempt.outcome].append(width)

    def composed(self) -> Composed:
        return Composed(
            tuple(self.computed), tuple(self.disagreements), self.left.all(), tuple(self._notes())
        )

    def _notes(self) -> Iterator[str]:
        differing = Counter(each.outcome for each in self.disagreements)
        counts = Counter(each.outcome for each in self.computed)
        for outcome, count in counts.items():
            told = f"{outcome}: computed from {_and(self.parts[outcome])}: {count}"
            if wide := self.wide[outcome]:
                told += f", {len(wide)} of them between two ends at most {max(wide):.3g} apart"
                told += ", since a component lies below its limit"
            yield told
        for outcome, count in self.compared.items():
            told = f"{outcome}: given by the table and computed too: {count}, "
            differs = differing[outcome]
            yield told + (f"of which {differs} differ; those given are used" if differs else "all agree")


def _tolerance(given: Iterator[float]) -> float:
    """Return half a unit of the last decimal that the table's own scores are written with."""
    decimals = max((len(f"{value:.10g}".partition(".")[2]) for value in given), default=0)
    return 0.5 / 10.0 ** min(decimals, _MOST_DECIMALS) + _ROUNDING


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
