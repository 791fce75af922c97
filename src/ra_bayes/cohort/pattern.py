"""Who was measured when, and who was not: patients by visits, for every outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ra_bayes.cohort.cohort import Cohort
from ra_bayes.plain import plain

__all__ = ["LEGEND", "pattern", "pattern_text"]

LEGEND = "x recorded, < or > beyond a limit, . missing, blank: nobody was measured then"
_MOST_ROWS = 30
_WIDTH = 100
_LONGEST = 24


def pattern(cohort: Cohort) -> dict[str, tuple[str, ...]]:
    """Return for every outcome one text per patient, a character per visit.

    Patients are in the order of `cohort.patients`, visits in that of `cohort.weeks`: ``x`` recorded, ``<`` or
    ``>`` beyond a limit, ``.`` missing though others were measured in that week, blank if nobody was.

    Examples
    --------
    >>> from ra_bayes.cohort import read_cohort
    >>> from ra_bayes.resources import data_dir
    >>> pattern(read_cohort(data_dir() / "synthetic_cohort.csv"))["tnf_alpha"][:2]
    ('xxxxxxx', 'xx<<x<<')
    """
    found: dict[str, tuple[str, ...]] = {}
    # Each is a pass over all records, of which an analysis dataset has tens of thousands.
    patients, weeks = cohort.patients, cohort.weeks
    for outcome in cohort.outcomes:
        records = {(each.patient, each.week): each.limit or "x" for each in cohort.of(outcome)}
        measured = {week for _, week in records}
        found[outcome] = tuple(
            "".join(records.get((patient, week), ".") if week in measured else " " for week in weeks)
            for patient in patients
        )
    return found


def pattern_text(cohort: Cohort) -> list[str]:
    """Return the pattern as lines for a terminal; of many patients, how many share each row."""
    found = pattern(cohort)
    texts = [*zip(*(found[outcome] for outcome in cohort.outcomes), strict=True)]
    rows: Sequence[tuple[str, tuple[str, ...]]] = [*zip(map(_short, cohort.patients), texts, strict=True)]
    more = 0
    if len(rows) > _MOST_ROWS:
        shared = Counter(texts).most_common()
        more = len(shared) - _MOST_ROWS
        rows = [(f"{count} patient{'s' * (count > 1)}", text) for text, count in shared[:_MOST_ROWS]]
    weeks = ", ".join(f"{week:g}" for week in cohort.weeks)
    lines = [f"missing pattern, a character per visit (weeks {weeks}):", f"  {LEGEND}"]
    for outcomes in _blocks(cohort.outcomes, len(cohort.weeks), max(len(name) for name, _ in rows)):
        lines += _block(cohort.outcomes, outcomes, rows, len(cohort.weeks))
    return [*lines, *([f"  and {more} more rows"] if more > 0 else [])]


def _short(patient: str) -> str:
    """Return an identifier on one line, with room for the pattern beside it."""
    shown = plain(patient)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _blocks(outcomes: Sequence[str], visits: int, label: int) -> list[list[str]]:
    """Split the outcomes into blocks that fit beside each other."""
    blocks: list[list[str]] = [[]]
    width = label + 2
    for outcome in outcomes:
        column = max(len(outcome), visits) + 2
        if blocks[-1] and width + column > _WIDTH:
            blocks.append([])
            width = label + 2
        blocks[-1].append(outcome)
        width += column
    return blocks


def _block(
    all_outcomes: Sequence[str],
    outcomes: Sequence[str],
    rows: Sequence[tuple[str, tuple[str, ...]]],
    visits: int,
) -> list[str]:
    label = max(len(name) for name, _ in rows)
    at: Mapping[str, int] = {outcome: position for position, outcome in enumerate(all_outcomes)}
    head = "  ".join([" " * label, *(outcome.ljust(visits) for outcome in outcomes)])
    lines = [f"  {head}".rstrip()]
    for name, texts in rows:
        cells = [texts[at[outcome]].ljust(max(len(outcome), visits)) for outcome in outcomes]
        lines.append(f"  {'  '.join([name.ljust(label), *cells])}".rstrip())
    return lines
