"""When CDISC records were measured: each in its week, once, and from a baseline on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ra_bayes.cohort.layouts.adam_value import adam_value
from ra_bayes.cohort.layouts.adam_week import Basis, When, day_of, week_of_visit
from ra_bayes.cohort.layouts.left import Left
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems

__all__ = ["SAY_TIMEPOINT", "SAY_WEEK", "CdiscRecord", "from_baseline", "once", "timed_records"]

SAY_WEEK = 'write it under [visits] of a mapping, such as "Month 3" = 13, or "leave out"'
SAY_TIMEPOINT = "say in a mapping which is read"


class CdiscRecord(NamedTuple):
    """One row that measured an outcome."""

    row: int
    cells: Mapping[str, str]
    outcome: Outcome


def timed_records(
    records: Sequence[CdiscRecord], basis: Basis, mapping: TableMapping, left: Left, problems: Problems
) -> Iterator[tuple[CdiscRecord, float]]:
    """Give each record its week; the baseline is week 0, and what lies before it is left out."""
    zero = _baseline_dates(records)
    flagged = {_key(each) for each in records if _is_baseline(each)}
    last = _last_before(records, basis, mapping) if not flagged else {}
    for record in records:
        key = _key(record)
        if _is_baseline(record) or last.get(key) == record.row:
            yield record, 0.0
            continue
        if basis == "visit":
            when = week_of_visit(record.cells.get("visit", ""), mapping.visits)
        else:
            when = _when(record.cells.get(basis, ""), basis, zero.get(key), key in flagged)
        if when.week is not None:
            yield record, when.week
        elif when.ask:
            text, what = record.cells.get("visit", ""), "which week this analysis visit is is not said"
            problems.add("visit", what, SAY_WEEK, row=record.row, column="week", value=text)
        else:
            left.add(f"rows of {record.outcome.id}", when.why, record.row)


def _when(text: str, basis: Basis, zero: date | None, flagged: bool) -> When:
    days = day_of(text, basis, zero)
    if days is None:
        return When(None, f"their {'ADY' if basis == 'day' else 'ADT'} is not said")
    if days < 0 or (days == 0 and flagged):
        return When(None, "before treatment or on its first day, and not the baseline record")
    return When(days / 7)


def _is_baseline(record: CdiscRecord) -> bool:
    return record.cells.get("baseline", "").casefold() == "y"


def _baseline_dates(records: Sequence[CdiscRecord]) -> dict[tuple[str, str], date]:
    found = {}
    for record in records:
        if _is_baseline(record):
            try:
                day = date.fromisoformat(record.cells.get("date", "")[:10])
            except ValueError:
                continue
            found[_key(record)] = day
    return found


def _last_before(
    records: Sequence[CdiscRecord], basis: Basis, mapping: TableMapping
) -> dict[tuple[str, str], int]:
    """Return the row of the last record up to day 1, where no record is flagged and no visit is week 0."""
    if basis == "date":
        return {}
    best: dict[tuple[str, str], tuple[float, int]] = {}
    begun = set()
    for record in records:
        days, key = day_of(record.cells.get("day", ""), "day", None), _key(record)
        visit = record.cells.get("visit", "")
        if basis == "visit" and week_of_visit(visit, mapping.visits).week == 0:
            begun.add(key)
        left_out = mapping.visits.get(visit, 0.0) is None
        if days is not None and days <= 0 and not left_out and days >= best.get(key, (-float("inf"), 0))[0]:
            best[key] = days, record.row
    return {key: row for key, (_, row) in best.items() if key not in begun}


def once(
    timed: list[tuple[CdiscRecord, float]], left: Left, problems: Problems
) -> list[tuple[CdiscRecord, float]]:
    """Keep one record of each visit where a flag says which; else all, to be reported as duplicates."""
    visits: dict[tuple[str, str, float], list[CdiscRecord]] = defaultdict(list)
    for record, week in timed:
        visits[record.cells["patient"], record.outcome.id, week].append(record)
    gone: set[int] = set()
    for (patient, outcome, week), same in visits.items():
        times = {record.cells.get("timepoint", "") for record in same}
        if len(times) > 1 and sum(map(_is_baseline if week == 0 else _is_analysed, same)) != 1:
            named = ", ".join(map(repr, sorted(times)))
            what = f"patient {patient!r} has {outcome} at {len(times)} timepoints of week {week:g}: {named}"
            mend = f"{SAY_TIMEPOINT}, such as timepoint = {max(times)!r}"
            problems.stop("timepoint", what, mend, row=same[-1].row)
        for flag, is_flagged in (("ABLFL", _is_baseline), ("ANL01FL", _is_analysed)):
            if len(same) > 1 and sum(map(is_flagged, same)) == 1:
                for record in same:
                    if not is_flagged(record):
                        gone.add(record.row)
                        why = f"another row of the same visit has {flag} = Y"
                        left.add(f"rows of {record.outcome.id}", why, record.row)
                break
    return [(record, week) for record, week in timed if record.row not in gone]


def from_baseline(
    timed: list[tuple[CdiscRecord, float]], left: Left, problems: Problems
) -> list[tuple[CdiscRecord, float]]:
    """Leave out whom a change cannot be told of, and what has no baseline in anybody; refuse if that is all.

    A dataset made by a standard is seldom the user's to correct, as a sheet is.
    """
    known = {_key(record) for record, week in timed if week == 0 and _has_value(record)}
    begun = {outcome for _, outcome in known}
    without = [record for record, _ in timed if record.outcome.kind != "binary" and _key(record) not in known]
    if without and len(without) == len(timed):
        named = ", ".join(dict.fromkeys(record.outcome.id for record in without))
        what = f"nobody has a baseline value of {named}, so no change can be told"
        problems.stop("no baseline", what, "give records of week 0 with a value, flagged or up to day 1")
    for record in without:
        patient, outcome = _key(record)
        of = f" of patient {patient!r}" if outcome in begun else ""
        left.add(
            f"rows of {outcome}{of}", f"there is no baseline value{'' if of else ' of anybody'}", record.row
        )
    gone = {record.row for record in without}
    return [(record, week) for record, week in timed if record.row not in gone]


def _key(record: CdiscRecord) -> tuple[str, str]:
    return record.cells["patient"], record.outcome.id


def _has_value(record: CdiscRecord) -> bool:
    return bool(adam_value(record.cells, record.outcome, "").text)


def _is_analysed(record: CdiscRecord) -> bool:
    return record.cells.get("analysed", "").casefold() == "y"
