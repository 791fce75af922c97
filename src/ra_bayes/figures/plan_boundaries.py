"""Decision boundaries of a plan: a rate's by counts, a mean change's in its unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.boundaries import COUNTED, MOST_IN_WORDS, End, Look, Values, draw, regions
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.plan_marks import evenly, value_text
from ra_bayes.planning.plan_numbers import observed_sd

if TYPE_CHECKING:
    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["boundary_words", "plan_boundaries"]


def plan_boundaries(plan: Plan) -> Canvas:
    """Draw at each look the results that end the trial in success, stop it for futility, or let it go on.

    A few looks are columns with words and numbers beside them; many are regions with a key.

    Parameters
    ----------
    plan
        A plan whose rule comes to one number a look.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the rule has no such boundaries.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.plan_boundaries(plan).savefig("figure-8.pdf")       # doctest: +SKIP
    """
    design = plan.design
    if not plan.boundaries:
        raise RaBayesError(
            f"the rule of {design.name} has no boundary in one number at each look, so there is none to "
            "draw; see its operating characteristics instead"
        )
    lowest, highest = _span(plan)
    looks = [_look(plan, index, lowest, highest) for index in range(len(plan.boundaries))]
    kind: Literal["count", "change", "ratio"] = "ratio" if design.endpoint.ratio else "change"
    values = Values(lowest, highest, _value_label(design), "count" if _counts(design) else kind)
    return draw(looks, values, title=design.title, notes=_notes(plan))


def boundary_words(design: Design, row: Mapping[str, Any], key: Literal["futility", "success"]) -> str:
    """Return what ends the trial at a look, such as ``≥ 15`` responders; empty where nothing does."""
    value = _end(row, key)
    if value is None:
        return ""
    upward = (key == "success") == (design.endpoint.benefit == "above")
    # To a place that its use does not miss.
    text = f"{value:g}" if _counts(design) else value_text(design, float(f"{value:.3g}"))
    return f"{'≥' if upward else '≤'} {text}"


def _counts(design: Design) -> bool:
    return design.endpoint.kind == "binary"


def _end(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    return None if value is None or not math.isfinite(value) else float(value)


def _span(plan: Plan) -> tuple[float, float]:
    """Return the ends of the axis: all counts that can be, or the boundaries and truths with room around."""
    design = plan.design
    if _counts(design):
        return -0.5, max(row["treated"] for row in plan.boundaries) + 0.5
    ends = [_end(row, key) for row in plan.boundaries for key in ("futility", "success")]
    shown = [each for each in (*ends, design.truth.null, design.truth.alternative) if each is not None]
    if design.endpoint.ratio:
        return min(shown) / 1.4, max(shown) * 1.4
    pad = 0.3 * (max(shown) - min(shown)) or 1.0
    return min(shown) - pad, max(shown) + pad


def _look(plan: Plan, index: int, lowest: float, highest: float) -> Look:
    """Divide the results of a look into regions, the worst first."""
    design, row = plan.design, plan.boundaries[index]
    low, high = (-0.5, row["treated"] + 0.5) if _counts(design) else (lowest, highest)
    return Look(
        int(row["n"]),
        _name(row),
        regions(
            _boundary(design, row, "futility"),
            _boundary(design, row, "success"),
            (low, high) if design.endpoint.benefit == "above" else (high, low),
            counts=_counts(design),
            last=index == len(plan.boundaries) - 1,
        ),
    )


def _boundary(design: Design, row: Mapping[str, Any], key: Literal["futility", "success"]) -> End | None:
    value = _end(row, key)
    return None if value is None else End(value, boundary_words(design, row, key))


def _name(row: Mapping[str, Any]) -> str:
    """Return a look's patients, and of two arms what the boundary takes the control to have shown."""
    if row.get("control_responders") is not None:
        return f"{row['n']}\n(control {row['control_responders']} of {row['control']})"
    return f"{row['n']}\n({row['treated']} + {row['control']})" if row["control"] else f"{row['n']}"


def _value_label(design: Design) -> str:
    end = design.endpoint
    if _counts(design):
        who = COUNTED[end.benefit]
        return who if design.arms == 1 else f"{who}, treated"
    unit = f" ({end.unit})" if end.unit and end.kind != "binary" and not end.ratio else ""
    joint = "of" if end.kind == "binary" else "to baseline in" if end.ratio else "in"
    return evenly(f"Observed {end.name(design.arms)} {joint} {end.label}{unit}", 44)


def _notes(plan: Plan) -> str:
    design, end = plan.design, plan.design.endpoint
    results = "Results" if _counts(design) else f"Observed {end.name(design.arms)}"
    said = [
        f"{results} at which the trial of {design.n} patients ends or goes on, by look ({end.label}, "
        f"week {end.week:g})."
    ]
    if any(_end(row, "futility") is not None for row in plan.boundaries[:-1]):
        said.append("Stop: for futility.")
    if _counts(design) and design.arms == 2:
        said.append(
            "What the treated need depends on the control; drawn for a control rate of "
            f"{design.truth.control:g}."
        )
    elif design.arms == 2 and len(plan.boundaries) <= MOST_IN_WORDS:
        said.append("In brackets: treated and control.")
    if of_sd := observed_sd(design, plan.boundaries[0]):
        said.append(f"Drawn {of_sd}.")
    return " ".join(said)
