"""Responses computed from a patient's visits: ACR20/50/70, EULAR, Boolean remission.

The definitions are those of :mod:`ra_bayes.responses`. Each response can only be gained by a lower value now
or a higher one at baseline, so where a component is known to lie between two ends only, the response is
computed at the best and at the worst of them: it is known if both are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ra_bayes.cohort.cohort import Record
from ra_bayes.outcomes import get
from ra_bayes.responses import AcrCoreSet, acr_response, boolean_remission, eular_response

__all__ = ["STARTS", "Attempt", "Interval", "Measured", "responses"]

STARTS = frozenset({"tjc28", "sjc28", "tjc68", "sjc66", "das28_esr", "das28_crp"})
"""Without one of these no composite is made of a table."""

type Interval = tuple[float, float]

_ACR = {
    "pain_mm": "vas",
    "patient_global_mm": "patient_global",
    "physician_global_mm": "physician_global",
    "haq": "haq",
}
_BOOLEAN = {
    "tjc28": "tjc28",
    "sjc28": "sjc28",
    "patient_global_mm": "patient_global",
    "crp_mg_l": "crp",
}
_FEWEST_OF_FIVE = 3
_BELOW = "it depends on where below its limit a component lies"


class Attempt(NamedTuple):
    """A composite at one visit: its ends where it could be computed, and why not where it could not."""

    outcome: str
    patient: str
    week: float
    row: int
    parts: tuple[str, ...]
    ends: Interval | None = None
    why: str = ""


class Measured:
    """The records of a table by patient, week and outcome."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = {(r.patient, r.week, r.outcome): r for r in records}
        self.outcomes = frozenset(r.outcome for r in records)

    def interval(self, patient: str, week: float, outcome: str) -> Interval | None:
        """Return the ends between which a value lies; ``None`` if it is missing or has no upper end."""
        record = self._records.get((patient, week, outcome))
        if record is None or record.limit == ">":
            return None
        if record.limit == "<":
            return get(outcome).lower or 0.0, record.value
        return record.value - record.width / 2, record.value + record.width / 2

    def has(self, patient: str, week: float, outcome: str) -> bool:
        """Say whether there is a record, whether or not it has an upper end."""
        return (patient, week, outcome) in self._records

    def visits(
        self, outcomes: Sequence[str], *, after_baseline: bool = False
    ) -> list[tuple[str, float, int]]:
        """List patient, week and first row of the visits at which any of some outcomes was measured."""
        found: dict[tuple[str, float], int] = {}
        for (patient, week, outcome), record in self._records.items():
            if outcome in outcomes and not (after_baseline and week == 0):
                row = found.setdefault((patient, week), record.row)
                found[patient, week] = min(row, record.row)
        return [(*visit, row) for visit, row in found.items()]


def responses(measured: Measured) -> Iterator[Attempt]:
    """Try every response whose components the table has, at each visit where they may be told."""
    yield from _acr(measured)
    yield from _eular(measured)
    yield from _boolean(measured)


def _acr(measured: Measured) -> Iterator[Attempt]:
    """ACR20, 50 and 70 against each patient's own baseline, with one choice of measures for all.

    Joints of 68 and 66 where the table has both, else of 28; CRP where it has any, else ESR.
    """
    joints = next(
        (each for each in (("tjc68", "sjc66"), ("tjc28", "sjc28")) if measured.outcomes >= {*each}), None
    )
    acute = next((each for each in ("crp", "esr") if each in measured.outcomes), None)
    five = [part for part in (*_ACR.values(), acute) if part in measured.outcomes]
    if joints is None or len(five) < _FEWEST_OF_FIVE:
        return
    names = {"tjc": joints[0], "sjc": joints[1], **_ACR, **({"acute_phase": acute} if acute else {})}
    parts = tuple(part for part in names.values() if part in measured.outcomes)
    never = [part for part in _ACR.values() if part not in parts] + ([] if acute else ["crp or esr"])
    for patient, week, row in measured.visits(joints, after_baseline=True):
        before, now = ({p: measured.interval(patient, at, p) for p in parts} for at in (0.0, week))
        for percent in (20, 50, 70):
            best, worst = (
                acr_response(_core(names, before, 1 - end), _core(names, now, end), percent=percent)
                for end in (0, 1)
            )
            outcome = f"acr{percent}"
            if best is None or worst is None:
                why = _depends_on(before, now, never)
                yield Attempt(outcome, patient, week, row, parts, why=why)
            elif best is not worst:
                yield Attempt(outcome, patient, week, row, parts, why=_BELOW)
            else:
                yield Attempt(outcome, patient, week, row, parts, (float(best), float(best)))


def _core(names: Mapping[str, str], found: Mapping[str, Interval | None], end: int) -> AcrCoreSet:
    intervals = {name: found.get(part) for name, part in names.items()}
    given = {name: None if each is None else each[end] for name, each in intervals.items()}
    return AcrCoreSet(**{"acute_phase": None, **given})


def _depends_on(
    before: Mapping[str, Interval | None], now: Mapping[str, Interval | None], never: Sequence[str] = ()
) -> str:
    """Say what is missing where it decides: at a visit, or because the table does not have it."""
    missing = [f"{part} at baseline" for part, interval in before.items() if interval is None]
    missing += [part for part, interval in now.items() if interval is None]
    told = [", ".join(missing)] if missing else []
    told += [f"{', '.join(never)}, which the table does not have"] if never else []
    return f"it depends on what is missing: {'; '.join(told)}"


def _eular(measured: Measured) -> Iterator[Attempt]:
    """EULAR response, with one DAS28 for all patients: with ESR where the table has any, else with CRP."""
    das28 = next((each for each in ("das28_esr", "das28_crp") if each in measured.outcomes), None)
    if das28 is None:
        return
    for patient, week, row in measured.visits((das28,), after_baseline=True):
        before, now = (measured.interval(patient, at, das28) for at in (0.0, week))
        if before is None or now is None:
            continue
        best, worst = (eular_response(baseline=before[1 - end], now=now[end]) for end in (0, 1))
        for outcome, wanted in (("eular_response", ("good", "moderate")), ("eular_good", ("good",))):
            if (best in wanted) is not (worst in wanted):
                yield Attempt(outcome, patient, week, row, (das28,), why=_BELOW)
            else:
                answer = float(best in wanted)
                yield Attempt(outcome, patient, week, row, (das28,), (answer, answer))


def _boolean(measured: Measured) -> Iterator[Attempt]:
    """Boolean remission: a component over its threshold decides, whatever else is missing."""
    parts = tuple(_BOOLEAN.values())
    if not measured.outcomes.issuperset(parts):
        return
    for patient, week, row in measured.visits(parts[:2]):
        found = {name: measured.interval(patient, week, part) for name, part in _BOOLEAN.items()}
        best, worst = (
            boolean_remission(
                **{
                    name: _range(_BOOLEAN[name])[end] if each is None else each[end]
                    for name, each in found.items()
                }  # type: ignore[arg-type]
            )
            for end in (0, 1)
        )
        if best is not worst:
            seen = {_BOOLEAN[name]: each for name, each in found.items()}
            why = _depends_on({}, seen) if None in seen.values() else _BELOW
            yield Attempt("boolean_remission", patient, week, row, parts, why=why)
        else:
            yield Attempt("boolean_remission", patient, week, row, parts, (float(best), float(best)))


def _range(outcome: str) -> Interval:
    """Return all that an outcome can be."""
    definition = get(outcome)
    return definition.lower or 0.0, definition.upper or 0.0
