"""A cohort at a glance: what was measured, what is missing, what the reader did. No heavy imports."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ra_bayes.cohort.cohort import Assigned, Cohort, LeftOut
from ra_bayes.cohort.pattern import pattern, pattern_text
from ra_bayes.numbers import how_many

__all__ = ["overview", "overview_text"]

_MOST_WINDOWS = 60
_MOST_DIFFERENCES = 40


def overview(cohort: Cohort) -> dict[str, Any]:
    """Return the picture of a cohort as plain data, ready for JSON.

    ``missing`` counts patient-visits at which the outcome was not recorded though another patient's
    was; ``limited`` counts records below or above a limit. ``pattern`` is that of
    :func:`ra_bayes.cohort.pattern.pattern`; ``assigned`` says of every dated row which planned week it was
    taken for; ``covariates`` counts the patients of whom each is known; ``mapping`` is the page of TOML that
    says what the table was taken to mean.
    """
    return {
        "name": cohort.name,
        "source": cohort.source,
        "synthetic": cohort.synthetic,
        "hash": cohort.hash,
        "patients": list(cohort.patients),
        "arms": {arm: list(cohort.patients_of(arm)) for _, arm in cohort.arms},
        "covariates": dict(Counter(each.name for each in cohort.covariates)),
        "weeks": list(cohort.weeks),
        "infusion_weeks": list(cohort.infusion_weeks),
        "outcomes": [_outcome(cohort, outcome) for outcome in cohort.outcomes],
        "converted": [
            {"outcome": each.outcome, "from": each.from_unit, "to": each.to_unit, "count": each.count}
            for each in cohort.conversions
        ],
        "computed": _computed(cohort),
        "not_computed": [
            {"outcome": each.what, "count": each.count, "why": each.why} for each in cohort.not_computed
        ],
        "disagreements": [each._asdict() for each in cohort.disagreements],
        "left_out": [{"what": each.what, "count": each.count, "why": each.why} for each in cohort.left_out],
        "notes": list(cohort.notes),
        "pattern": {outcome: list(rows) for outcome, rows in pattern(cohort).items()},
        "assigned": [_assigned(each) for each in cohort.assigned],
        "mapping": cohort.mapping,
    }


def _outcome(cohort: Cohort, outcome: str) -> dict[str, Any]:
    records = cohort.of(outcome)
    weeks = {record.week for record in records}
    return {
        "outcome": outcome,
        "label": cohort.definitions[outcome].label,
        "unit": cohort.definitions[outcome].unit,
        "patients": len({record.patient for record in records}),
        "records": len(records),
        "missing": len(cohort.patients) * len(weeks) - len(records),
        "limited": sum(bool(record.limit) for record in records),
        "lower_limits": list(cohort.limits(outcome)),
    }


def _computed(cohort: Cohort) -> list[dict[str, Any]]:
    """Return each outcome of which records were computed, how many, and from what."""
    counts = Counter(each.outcome for each in cohort.computed)
    parts = {each.outcome: list(each.parts) for each in cohort.computed}
    return [{"outcome": outcome, "count": counts[outcome], "from": parts[outcome]} for outcome in counts]


def _assigned(each: Assigned) -> dict[str, Any]:
    difference = None if each.week is None else each.day - 7 * each.week
    return {**each._asdict(), "difference": difference}


def overview_text(cohort: Cohort) -> str:
    """Return the picture of a cohort for a terminal.

    Examples
    --------
    >>> from ra_bayes.cohort import read_cohort
    >>> from ra_bayes.resources import data_dir
    >>> print(overview_text(read_cohort(data_dir() / "synthetic_cohort.csv")).splitlines()[1])
    patients  6: SYN-1, SYN-2, SYN-3, SYN-4, SYN-5, SYN-6
    """
    found = overview(cohort)
    lines = [
        f"{found['name']}, read from {found['source']}: {_verdict(cohort)}",
        f"patients  {len(cohort.patients)}: {_listed(cohort.patients)}",
        *(f"arm       {arm}, {len(who)}: {_listed(tuple(who))}" for arm, who in found["arms"].items()),
        *(
            f"covariate {name}, of {count} of {len(cohort.patients)} patients"
            for name, count in found["covariates"].items()
        ),
        f"visits    weeks {_numbers(cohort.weeks)}",
        f"infusions weeks {_numbers(cohort.infusion_weeks)}"
        if cohort.infusions
        else "infusions none recorded",
        "",
    ]
    head = ("outcome", "unit", "records", "missing", "beyond a limit")
    rows: list[tuple[str, ...]] = [
        (each["outcome"], each["unit"] or "-", str(each["records"]), str(each["missing"]), _share(each))
        for each in found["outcomes"]
    ]
    lines += _table(head, rows)
    lines += ["", *pattern_text(cohort)]
    if cohort.assigned:
        lines += ["", *_windows(found["assigned"])]
    for title, entries in (
        (
            "converted",
            [f"{e['count']} of {e['outcome']} from {e['from']} to {e['to']}" for e in found["converted"]],
        ),
        ("not computed", [f"{e['count']} {e['outcome']}: {e['why']}" for e in found["not_computed"]]),
        ("given and computed differ; what is given is used", _differences(cohort)),
        ("left out", [_left_out(each) for each in cohort.left_out]),
        ("noted", found["notes"]),
    ):
        if entries:
            lines += ["", f"{title}:", *(f"  {entry}" for entry in entries)]
    if cohort.mapping:
        lines += ["", "read as (to change it: --fix-template FILE, edit, --mapping FILE):"]
        lines += [f"  {line}" for line in cohort.mapping.splitlines() if line and not line.startswith("#")]
    return "\n".join(lines)


def _verdict(cohort: Cohort) -> str:
    """Say in a few words what there is to look at: nobody reads on after 'no problem found'."""
    left = sum(each.count for each in cohort.left_out if each.of == "values")
    differ = len(cohort.disagreements)
    told = [
        f"{how_many(left, 'value')} left out" if left else "",
        f"{how_many(differ, 'score')} not as computed" if differ else "",
    ]
    return (
        f"no error, but {' and '.join(each for each in told if each)}: see below"
        if any(told)
        else "no problem found"
    )


def _differences(cohort: Cohort) -> list[str]:
    lines = []
    for each in cohort.disagreements[:_MOST_DIFFERENCES]:
        ends = [f"{end:.10g}" if end in (0, 1) else f"{end:.2f}" for end in (each.low, each.high)]
        told = ends[0] if each.low == each.high else f"{ends[0]} to {ends[1]}"
        at = f"{each.outcome} of patient {each.patient!r} in week {each.week:g} (row {each.row})"
        lines.append(f"{at}: given {each.given:.10g}, computed {told}")
    more = len(cohort.disagreements) - len(lines)
    return [*lines, *([f"and {more} more"] if more else [])]


def _left_out(each: LeftOut) -> str:
    if each.of == "cells":
        return f"{each.what}, {how_many(each.count, 'cell')}: {each.why}"
    what = each.what
    if each.count == 1:
        what = what.replace("values of", "value of", 1).replace("rows of", "row of", 1)
    return f"{each.count} {what}: {each.why}"


def _share(outcome: dict[str, Any]) -> str:
    """Return how many records lie beyond a limit, and which part of them."""
    limited, records = outcome["limited"], outcome["records"]
    return f"{limited} ({100 * limited / records:.0f}%)" if limited else "0"


def _windows(assigned: list[dict[str, Any]]) -> list[str]:
    """Return the table of visit windows: every patient's day, and the planned week that it was taken for."""
    kept: Counter[tuple[str, ...]] = Counter()
    for each in assigned:
        day = (
            each["patient"],
            each["date"],
            str(each["day"]),
            "none" if each["week"] is None else f"{each['week']:g}",
            "-" if each["difference"] is None else f"{each['difference']:+g}",
        )
        kept[day] += each["values"]
    rows = [(*day, str(values)) for day, values in kept.items()][:_MOST_WINDOWS]
    head = ("patient", "date", "day", "planned week", "days off", "values kept")
    more = len(kept) - len(rows)
    title = "visit windows, days since the first infusion:"
    return [title, *(f"  {row}" for row in _table(head, rows)), *([f"  and {more} more"] if more else [])]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if k < 2 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def _numbers(weeks: tuple[float, ...]) -> str:
    return ", ".join(f"{week:g}" for week in weeks)


def _listed(names: tuple[str, ...], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
