"""A cohort's records as lines of a PyMC script: a dictionary by patient and week for each kind of record."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.model.likelihoods import MISSED, UNBOUNDED
from ra_bayes.model.records import Grid
from ra_bayes.model.script_text import listed, number
from ra_bayes.model.spec import ModelSpec

__all__ = ["PLACES", "Kind", "grid_lines", "link_function", "placed", "record_tables", "week_lines"]

type Kind = Literal["points", "below", "above", "between", "zeros"]

_KINDS: dict[Kind, str] = {
    "points": "Records as they were written down, by patient and week.",
    "below": "Records that say only that the value lies below this limit.",
    "above": "Records that say only that the value lies above this limit.",
    "between": "Records that say only that the value lies between two ends.",
    "zeros": "Records of 0: none at all.",
}

# A patient's records, on the line of the identifier.
_LINE = 80

PLACES = '''
def places(records):
    """Return where records stand in the grid (patient, visit), and their values."""
    at = [(patient, t) for patient, own in records.items() for t in own]
    who, when = zip(*((patients.index(patient), weeks.index(t)) for patient, t in at))
    values = np.array([records[patient][t] for patient, t in at], dtype=float)
    return (np.array(who), np.array(when)), values
'''


def grid_lines(records: Grid) -> str:
    """Return patients and weeks."""
    return "\n".join(
        [
            f"patients = [\n{listed(map(repr, records.patients), '    ')}\n]",
            f"weeks = [{', '.join(map(number, records.weeks))}]",
            "week = np.array(weeks, dtype=float)",
        ]
    )


def week_lines(model: ModelSpec) -> str:
    """Return the weeks that the model refers to."""
    return "\n".join(
        [
            f"reference_week = {number(model.reference_week)}  # whose change the scales refer to",
            f"anchor = weeks.index({number(model.anchor_week)})  # where the mean change is zero",
        ]
    )


def record_tables(model: ModelSpec, records: Grid) -> dict[Kind, str]:
    """Return the records of each kind that there is, as lines that name them."""
    found: dict[Kind, dict[int, list[str]]] = {}
    for i, j in np.argwhere(records.kind != MISSED).tolist():
        kind, text = _record(model, records, i, j)
        if kind is not None:
            found.setdefault(kind, {}).setdefault(i, []).append(f"{number(records.weeks[j])}: {text}")
    return {kind: _table(kind, found[kind], records) for kind in _KINDS if kind in found}


def _table(kind: Kind, found: dict[int, list[str]], records: Grid) -> str:
    rows = "".join(f"    {records.patients[i]!r}: {_row(own)},\n" for i, own in found.items())
    return f"# {_KINDS[kind]}\n{kind} = {{\n{rows}}}"


def _row(records: list[str]) -> str:
    line = ", ".join(records)
    return f"{{{line}}}" if len(line) < _LINE else f"{{\n{listed(records, ' ' * 8)}\n    }}"


def _record(model: ModelSpec, records: Grid, i: int, j: int) -> tuple[Kind | None, str]:
    """Return of what kind a record is, and its text in the outcome's unit."""
    value, low, high = (float(each[i, j]) for each in (records.value, records.low, records.high))
    if model.binary or not model.likelihood.on_link or low == high:
        return "points", number(value)
    if high < 0.0 and high == -UNBOUNDED / 2.0:
        return "zeros", number(value)
    first, last = (None if abs(each) == UNBOUNDED else _in_unit(model, value, each) for each in (low, high))
    if first is None or last is None:
        if last is not None:
            return "below", number(last)
        # From one open end to the other it says nothing.
        return (None, "") if first is None else ("above", number(first))
    return "between", f"({number(first)}, {number(last)})"


def _in_unit(model: ModelSpec, value: float, end: float) -> float:
    """Return an end of a record in the outcome's unit: the record, or half a recording step beside it."""
    half = model.rounding / 2.0
    return next(each for each in (value, value - half, value + half) if model.link.forward(each) == end)


def link_function(model: ModelSpec) -> str:
    """Return the function that takes a value to the scale on which the model is additive; empty if none."""
    outcome = model.outcome
    match model.link.name:
        case "identity" | "latent":
            return ""
        case "log":
            body = "np.log(value)"
        case "sqrt":
            body = "np.sqrt(value)"
        case "probit":
            body = "ndtri(value)"
        case "logit" if outcome.lower is not None and outcome.upper is not None:
            lower, upper = number(outcome.lower), number(outcome.upper)
            body = f"np.log((value - {lower}) / ({upper} - value))"
        case other:
            raise RaBayesError(
                f"model {model.name!r} cannot be written as a script yet: no script knows the link {other}; "
                "write the page with another link"
            )
    said = f'"""Return a value on the scale of the model ({model.link.name})."""'
    return f"def g(value):\n    {said}\n    return {body}"


def placed(model: ModelSpec, kind: Kind) -> str:
    """Return lines that put records of a kind into the grid, on the scale of the model."""
    # A record of yes or no is what it is: it is its probability that has a scale.
    plain = model.link.name == "identity" or model.binary or not model.likelihood.on_link
    lines = [f"{kind}_at, {kind}_value = places({kind})"]
    if not plain and kind != "zeros":
        lines.append(f"{kind}_value = g({kind}_value)")
    if kind == "between":
        lines.append("between_low, between_high = between_value.T")
    return "\n".join(lines)
