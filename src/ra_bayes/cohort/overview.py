"""A cohort at a glance: what was measured, what is missing, what the reader did. No heavy imports."""

from __future__ import annotations

from typing import Any

from ra_bayes.cohort.cohort import Cohort

__all__ = ["overview", "overview_text"]


def overview(cohort: Cohort) -> dict[str, Any]:
    """Return the picture of a cohort as plain data, ready for JSON.

    ``missing`` counts patient-visits at which the outcome was not recorded though another patient's
    was; ``limited`` counts records below or above a limit.
    """
    return {
        "name": cohort.name,
        "source": cohort.source,
        "synthetic": cohort.synthetic,
        "hash": cohort.hash,
        "patients": list(cohort.patients),
        "arms": {arm: list(cohort.patients_of(arm)) for _, arm in cohort.arms},
        "weeks": list(cohort.weeks),
        "infusion_weeks": list(cohort.infusion_weeks),
        "outcomes": [_outcome(cohort, outcome) for outcome in cohort.outcomes],
        "converted": [
            {"outcome": each.outcome, "from": each.from_unit, "to": each.to_unit, "count": each.count}
            for each in cohort.conversions
        ],
        "left_out": [{"what": each.what, "count": each.count, "why": each.why} for each in cohort.left_out],
        "notes": list(cohort.notes),
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
        f"{found['name']}, read from {found['source']}: no problem found",
        f"patients  {len(cohort.patients)}: {_listed(cohort.patients)}",
        *(f"arm       {arm}, {len(who)}: {_listed(tuple(who))}" for arm, who in found["arms"].items()),
        f"visits    weeks {_numbers(cohort.weeks)}",
        f"infusions weeks {_numbers(cohort.infusion_weeks)}"
        if cohort.infusions
        else "infusions none recorded",
        "",
    ]
    head = ("outcome", "unit", "records", "missing", "beyond a limit")
    rows = [
        (each["outcome"], each["unit"] or "-", *(str(each[key]) for key in ("records", "missing", "limited")))
        for each in found["outcomes"]
    ]
    lines += _table(head, rows)
    for title, entries in (
        (
            "converted",
            [f"{e['count']} of {e['outcome']} from {e['from']} to {e['to']}" for e in found["converted"]],
        ),
        ("left out", [f"{e['count']} {e['what']}: {e['why']}" for e in found["left_out"]]),
        ("noted", found["notes"]),
    ):
        if entries:
            lines += ["", f"{title}:", *(f"  {entry}" for entry in entries)]
    return "\n".join(lines)


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
