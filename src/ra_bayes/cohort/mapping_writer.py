"""A mapping as a page of TOML that says what each line means; reading it gives the same mapping back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from ra_bayes.cohort.layouts.roles import is_form
from ra_bayes.cohort.mapping import LAYOUTS, OPEN, Column, Dates, TableMapping
from ra_bayes.errors import Problem
from ra_bayes.outcome import Outcome

__all__ = ["write_mapping"]

# Each key of the page's top with the comment above it.
_TOP = {
    "layout": f"the layout of the table, one of {', '.join(LAYOUTS)}; here:",
    "patient": "column with the patient's identifier",
    "visit": "column that says the visit of a row",
    "visit_unit": "what numbers in the visit column count: labels (see [visits]), weeks, days or months",
    "week": "week of all rows, where no column says it; baseline is 0",
    "arm": "column with the patient's arm",
    "outcome": "column that names the outcome of a row",
    "value": "column with the value of a row",
    "unit": "column with the unit of a row",
    "limit": "column with < or > where the value was below or above a limit",
    "lower_limit": "column with the lower limit of quantification of a row",
    "upper_limit": "column with the upper limit of quantification of a row",
    "batch": "column with the assay batch of a row",
    "measure": "outcome of the columns that name visits only",
    "timepoint": "the timepoint (ATPT, --TPT) that is read, of several at one visit",
    "synthetic": "whether the data are made up",
    "missing": "texts that stand for a missing value, besides blank, NA, N/A and .",
    "below": "texts that stand for a value below the limit of quantification",
    "decimal_mark": "decimal mark where a number could be read two ways: both (told from each cell), . or ,",
}
_LEAVE_OUT = "leave out"
_OWN = (
    "# An outcome of your own is named above, and defined here, without the #:",
    "# [[outcomes]]",
    '# id = "weight"',
    '# label = "Body weight"',
    '# unit = "kg"',
    '# benefit = "none"  # or decrease, or increase',
)


def write_mapping(
    mapping: TableMapping, *, source: str, doubts: Sequence[Problem] = (), unread: Sequence[str] = ()
) -> str:
    """Return the page of `mapping`, to be read back by :func:`ra_bayes.cohort.mapping_reader.read_mapping`.

    Parameters
    ----------
    mapping
        What is known or guessed; what is not known yet is written as ``"?"``.
    source
        Name of the table it is of.
    doubts
        What has to be decided, written as comments at the top.
    unread
        Columns of the table that the mapping does not use, named in a comment.

    Examples
    --------
    >>> print(write_mapping(TableMapping(layout="visits", patient="ID"), source="a.csv").splitlines()[-1])
    patient = "ID"
    """
    lines = [
        f"# What the table {_one_line(source)} means. Edit it, then: ra-bayes check FILE --mapping THIS_FILE"
    ]
    if doubts:
        lines += ["#", "# To decide (each ? below is one of these):"]
        lines += [f"# - {_one_line(str(doubt))}" for doubt in doubts]
    lines += ["", "schema = 1", *_top(mapping)]
    for section in (
        _visits(mapping),
        _columns(mapping, unread),
        _parameters(mapping),
        _covariates(mapping),
        _arms(mapping),
    ):
        lines += section
    if mapping.dates is not None:
        lines += _dates(mapping.dates)
    for outcome_id, factors in mapping.units.items():
        lines += ["", "# What a value in each unit is multiplied by.", f"[units.{_key(outcome_id)}]"]
        lines += [f"{_key(unit)} = {_toml(factor)}" for unit, factor in factors.items()]
    for limit in mapping.limits:
        lines += ["", "[[limits]]  # limits of quantification"]
        lines += [f"{key} = {_limit(key, text)}" for key, text in limit._asdict().items() if text]
    for rule in mapping.leave_out:
        lines += ["", "[[leave_out]]  # rows that are left out, and why"]
        given = rule._asdict()
        lines += [f"{key} = {_toml(given[key])}" for key in ("row", "patient", "visit", "why") if given[key]]
    for outcome in mapping.outcomes:
        lines += _outcome(outcome)
    columns = (*mapping.columns.values(), *mapping.parameters.values())
    if doubts and (not columns or any(column.outcome == OPEN for column in columns)):
        lines += ["", *_OWN]
    return "\n".join(lines) + "\n"


def _top(mapping: TableMapping) -> Iterator[str]:
    default = TableMapping()
    for key, comment in _TOP.items():
        value = getattr(mapping, key)
        if value != getattr(default, key):
            yield f"# {comment}" + (f" {LAYOUTS[value]}" if key == "layout" else "")
            yield f"{key} = {_toml(value)}"


def _visits(mapping: TableMapping) -> list[str]:
    if not mapping.visits:
        return []
    head = [
        "",
        f'# Each visit and its week; baseline is 0. "{_LEAVE_OUT}" leaves its values out.',
        "[visits]",
    ]
    return head + [f"{_key(label)} = {_week(week)}" for label, week in mapping.visits.items()]


def _week(week: float | None) -> str:
    if week is None:
        return _toml(_LEAVE_OUT)
    return _toml(OPEN) if math.isnan(week) else _toml(week)


def _columns(mapping: TableMapping, unread: Sequence[str]) -> list[str]:
    fields = [name for name in dict.fromkeys(unread) if not is_form(name)]
    if not mapping.columns and not fields:
        return []
    head = [
        "",
        "# Each column that holds an outcome: which, in which unit, of which week or visit.",
        "[columns]",
    ]
    lines = head + [f"{_key(name)} = {_entry(column)}" for name, column in mapping.columns.items()]
    if not fields:
        return lines
    # A column is put to use by taking its # away; its cells are not shown, since they may name a person.
    lines += ["# Not read, unless the # is taken away and the outcome written, such as"]
    lines += ['# NAME = "sdai"', '# NAME = { outcome = "crp", unit = "mg/dL", week = 0 }']
    lines += ['# Age, sex, dose or centre go under [covariates], such as age = "NAME".']
    return lines + [f"# {_one_line(_key(name))} = {_toml(OPEN)}" for name in fields]


def _parameters(mapping: TableMapping) -> list[str]:
    if not mapping.parameters:
        return []
    head = ["", "# What each entry of the outcome column means.", "[parameters]"]
    lines = head + [f"{_key(name)} = {_entry(column)}" for name, column in mapping.parameters.items()]
    if not all(column.outcome for column in mapping.parameters.values()):
        lines += ["# What is left out may be an outcome of your own: named here, defined under [[outcomes]]."]
    return lines


def _entry(column: Column) -> str:
    """Write a column: a text where there is nothing but the outcome."""
    if not column.outcome:
        return _toml(_LEAVE_OUT)
    given = {key: value for key, value in column._asdict().items() if value not in ("", None, ())}
    if [*given] == ["outcome"]:
        return _toml(column.outcome)
    for key in ("lower_limit", "upper_limit"):
        if key in given:
            given[key] = float(given[key])
    if column.answers:
        pairs = ", ".join(f"{_key(text)} = {number}" for text, number in column.answers)
        given["answers"] = ""
    parts = [
        f"{key} = {{ {pairs} }}" if key == "answers" else f"{key} = {_toml(value)}"
        for key, value in given.items()
    ]
    return "{ " + ", ".join(parts) + " }"


def _limit(key: str, text: str) -> str:
    return _toml(float(text) if key in ("lower", "upper") else text)


def _covariates(mapping: TableMapping) -> list[str]:
    if not mapping.covariates:
        return []
    head = [
        "",
        "# What is known of patients beforehand: the name on a model page, and the column.",
        "[covariates]",
    ]
    return head + [f"{_key(name)} = {_toml(column)}" for name, column in mapping.covariates.items()]


def _arms(mapping: TableMapping) -> list[str]:
    if not mapping.arms:
        return []
    lines = [f"{_key(name)} = {_toml(arm)}" for name, arm in mapping.arms.items()]
    return ["", "# Each arm as the table writes it, and its name.", "[arms]", *lines]


def _dates(dates: Dates) -> list[str]:
    lines = [
        "",
        "# How dates become weeks since the first infusion.",
        "[dates]",
        f"column = {_toml(dates.column)}",
    ]
    if dates.first_infusion:
        told = 'column with the first infusions, one date for all, or "first date": each patient\'s earliest'
        lines += [f"# {told}"]
        lines += [f"first_infusion = {_toml(dates.first_infusion)}"]
    if dates.format:
        lines += [f"format = {_toml(dates.format)}"]
    lines += ["# planned weeks, and how many days a visit may lie from its planned day"]
    if dates.weeks:
        lines += [f"weeks = {_toml(dates.weeks)}", f"window_days = {_toml(dates.window_days)}"]
    else:
        lines += ["# (without them each day is a visit of its own; take the # away, and write your own)"]
        lines += ["# weeks = [0, 4, 8, 12]", "# window_days = 7"]
    return lines


def _outcome(outcome: Outcome) -> list[str]:
    given: Mapping[str, object] = {
        "id": outcome.id,
        "label": outcome.label,
        "unit": outcome.unit,
        "kind": outcome.kind,
        "lower": outcome.lower if outcome.kind == "continuous" else None,
        "upper": outcome.upper if outcome.kind == "continuous" else None,
        "step": outcome.step,
        "benefit": outcome.benefit or "none",
        "positive": "yes" if outcome.positive else "no",
        "source": outcome.source,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in given.items() if value is not None]
    return ["", "[[outcomes]]  # an outcome of your own", *lines]


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _toml(name)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        short = f"{value:.15g}"
        return short if float(short) == value else repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    """Fold a text for a comment, where TOML allows no control character."""
    return "".join(" " if ord(char) < 32 or ord(char) == 127 else char for char in text)
