"""What only the whole table shows: unknown outcomes, no baseline, units left open, mixed flags."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import median

from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.rows import INFUSION, Found, Visit
from ra_bayes.outcome import Outcome

__all__ = ["check_whole"]

_DEFINE = "define it as one of [[outcomes]] in a mapping (in Python: outcomes=)"


def check_whole(found: Found) -> None:
    """Note the problems of the table as a whole."""
    _check_empty(found)
    _check_outcomes(found)
    _check_baselines(found)
    _check_synthetic(found)
    _check_arms(found)
    written: dict[str, set[tuple[str, float]]] = defaultdict(set)
    for outcome, unit, factor in found.units:
        written[outcome].add((unit, factor))
    for outcome, units in written.items():
        _check_units(found.known[outcome], units, found)
        if ("", 1.0) in units:
            _check_batches(found.known[outcome], found)


def _check_empty(found: Found) -> None:
    mend = "give one row per patient, week and outcome"
    if found.problems or found.unknown:
        return
    if not found.rows:
        found.problems.add("empty", "there is no row below the header", mend)
    elif not found.records:
        found.problems.add("empty", "no row holds a measured value", mend)


def _check_outcomes(found: Found) -> None:
    """Name each unknown outcome once, however many rows it has."""
    for text, rows in found.unknown.items():
        what = "this outcome is not known" if text else "the outcome is blank"
        if len(set(rows)) > 1:
            what += f" (in {len(set(rows))} rows up to row {rows[-1]})"
        mend = _likely_outcome(text, found.known)
        found.problems.add("outcome", what, mend, row=rows[0], column="outcome", value=text or None)


def _likely_outcome(text: str, known: Mapping[str, Outcome]) -> str:
    """Suggest the identifiers, or the outcomes with a label, that are spelt like `text`."""
    names = {_folded(outcome.label): id for id, outcome in known.items()}
    names |= {_folded(id): id for id in (*known, INFUSION)}
    if _folded(text) in names:
        return f"write {names[_folded(text)]}"
    read = names_of(known).read(text)
    if read.certain and len(read.outcomes) == 1 and not read.visit:
        id = read.outcomes[0]
        return f'write {id}, or {text!r} = "{id}" under [parameters] of a mapping (--fix-template writes it)'
    if close := [names[name] for name in difflib.get_close_matches(_folded(text), names, n=3, cutoff=0.7)]:
        return f"did you mean {' or '.join(dict.fromkeys(close))}? Or {_DEFINE}"
    return f"write one of {', '.join(known)}, or {_DEFINE}"


def _folded(name: str) -> str:
    """Fold spaces, hyphens and case: ``IL-10`` is ``il10``."""
    return "".join(char for char in name.casefold() if char.isalnum())


def _check_baselines(found: Found) -> None:
    first: dict[tuple[str, str], int] = {}
    for visit, row in found.visits.items():
        first.setdefault((visit.outcome, visit.patient), row)
    empty = {(gap.outcome, gap.patient): gap.row for gap in found.missing if gap.week == 0}
    begun = {visit.outcome for visit in found.visits if visit.week == 0} | {each for each, _ in found.undated}
    patients = Counter(outcome for outcome, _ in first)
    never = {each for each, count in patients.items() if count > 1 and each not in begun}
    for outcome in sorted(each for each in never if found.known[each].kind != "binary"):
        what = f"nobody has a baseline (week 0) of {outcome}, of {patients[outcome]} patients"
        mend = "add it; only yes/no outcomes are read without one"
        row = min(row for (each, _), row in first.items() if each == outcome)
        found.problems.add("no baseline", what, mend, row=row)
    for (outcome, patient), row in first.items():
        if outcome in never:
            continue
        if found.known[outcome].kind == "binary" or (outcome, patient) in found.undated:
            continue
        if patient not in found.look_alikes.values():
            # Told as the misspelt name of another patient, who has the baseline.
            continue
        if Visit(patient, 0.0, outcome) not in found.visits:
            what = f"patient {patient!r} has no baseline (week 0) of {outcome}"
            mend = "add it, or remove the patient's rows of this outcome"
            if (outcome, patient) in empty:
                what += f": its value in row {empty[outcome, patient]} is empty"
                mend = "fill it in, or remove the patient's rows of this outcome"
            found.problems.add("no baseline", what, mend, row=row)


def _check_arms(found: Found) -> None:
    named = {arm for arm, _ in found.arms.values() if arm}
    for patient, (arm, row) in found.arms.items():
        if named and not arm:
            what = f"patient {patient!r} is in no arm, and others are in {' and '.join(sorted(named))}"
            found.problems.add("arm", what, "write the arm in every row", row=row, column="arm")


def _check_synthetic(found: Found) -> None:
    if len(found.synthetic) > 1:
        says = {True: "yes", False: "no", None: "nothing"}
        told = ", ".join(f"row {row} says {says[answer]}" for answer, row in found.synthetic.items())
        what = f"rows disagree on whether the cohort is synthetic: {told}"
        mend = "write the same in every row; real and made-up patients do not mix"
        found.problems.add("synthetic", what, mend, row=max(found.synthetic.values()), column="synthetic")


def _check_units(outcome: Outcome, units: set[tuple[str, float]], found: Found) -> None:
    """Ask for a unit where some rows leave it open and another one is possible."""
    open_rows = ("", 1.0) in units
    if not open_rows:
        return
    others = [unit for unit, factor in units if unit and factor != 1.0]
    if others:
        what = f"some rows of {outcome.id} are in {others[0]} and others give no unit"
        _ask_for_unit(what, f"write {outcome.unit} or {others[0]} in every row", outcome, found)
        return
    hint = outcome.suspicious
    if hint is not None and len(units) > 1:
        # The rows without a unit may be in the other one, and values of both kinds look plausible together.
        what = f"some rows of {outcome.id} are in {outcome.unit} and others give no unit"
        mend = f"write {outcome.unit} or {hint.other_unit} in every row"
        _ask_for_unit(what, mend, outcome, found)
        return
    records = [record for record in found.records if record.outcome == outcome.id]
    if hint is None or any(record.value > hint.max_below for record in records):
        return
    top = max(record.value for record in records)
    what = (
        f"no unit is given for {outcome.id} and no value is above {top:.10g}, which looks like "
        f"{hint.other_unit} rather than {outcome.unit} ({hint.why})"
    )
    mend = f"write {hint.other_unit} or {outcome.unit} in a column unit"
    _ask_for_unit(what, mend, outcome, found, row=min(record.row for record in records))


# Kits of one cytokine differ up to 200-fold in scale (Chin J Rheumatol 2010:182 beside PMID 24128872), and
# batches of one kit by far less: what is further apart is in two units.
_MOST_BETWEEN_BATCHES = 200.0


def _check_batches(outcome: Outcome, found: Found) -> None:
    """Ask for a unit where assay batches lie so far apart that they must be in two."""
    values: dict[str, list[float]] = defaultdict(list)
    for record in found.records:
        batch = found.batches.get(Visit(record.patient, record.week, record.outcome))
        if record.outcome == outcome.id and batch is not None and outcome.positive:
            values[batch].append(record.value)
    if len(values) < 2:
        return
    typical = sorted((median(each), batch) for batch, each in values.items())
    (low, first), (high, last) = typical[0], typical[-1]
    if high <= _MOST_BETWEEN_BATCHES * low:
        return
    what = (
        f"no unit is given for {outcome.id}, and half of its values in batch {first!r} are up to {low:.10g} "
        f"and in batch {last!r} up to {high:.10g}, as in two units"
    )
    names = " or ".join(dict.fromkeys(filter(None, outcome.units)))
    _ask_for_unit(what, f"write the unit of each row ({names}) in a column unit", outcome, found)


def _ask_for_unit(what: str, mend: str, outcome: Outcome, found: Found, row: int | None = None) -> None:
    """Say where to write the unit: a sheet has no column for it, but the names of its columns."""
    if not found.sheet:
        found.problems.add("unit", what, mend, row=row, column="unit")
        return
    unit = outcome.suspicious.other_unit if outcome.suspicious is not None else outcome.unit
    name = f"{outcome.id} ({unit})"
    mend = f"write the unit into the columns' names, {name!r}, or as unit under [columns] of a mapping"
    found.problems.add("unit", what, mend, row=row)
