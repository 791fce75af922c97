"""Operating characteristics: what a design does if the truth is this or that."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.plan_marks import (
    DASHED,
    DOTTED,
    FUTILITY,
    Label,
    band,
    column,
    end_labels,
    error_words,
    errors_of,
    probability_axis,
    truth_label,
    value_text,
)
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, QUIET, style
from ra_bayes.numbers import number
from ra_bayes.outcomes import OUTCOMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["plan_characteristics"]

# Width of a letter of the names above, as a share of the axis in a figure of one mm at the house's text size.
_LETTER = 0.0185 * 89.0
_NEEDS_MM = 80.0


def plan_characteristics(plan: Plan) -> Canvas:
    """Draw success and stopping for futility against the truth, and the expected size below.

    Null and alternative are lines, and so is the important change of the outcome if it has one. A design with
    one analysis has no panel of sizes.

    Parameters
    ----------
    plan
        A plan with a curve over truths.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the plan has no curve over truths.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.plan_characteristics(plan).savefig("figure-5.pdf")  # doctest: +SKIP
    """
    if len(plan.truth_curve) < 2:
        raise RaBayesError(
            f"the plan of {plan.design.name} has no curve over truths to draw; make it with make_plan"
        )
    several = len(plan.design.looks) > 1
    with style():
        figure = Canvas(column_mm(_NEEDS_MM), 84.0 if several else 62.0, _notes(plan))
        if several:
            upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.0))
            _sizes(lower, plan)
        else:
            upper = lower = figure.subplots()
        _probabilities(upper, plan)
        _truth_axis(lower, plan.design)
        _marked(upper, lower, plan)
        return figure.finish(_alt(plan))


def important_change(design: Design) -> float | None:
    """Return the outcome's important change with the sign of benefit, where the estimand is such a change."""
    known = OUTCOMES.get(design.endpoint.outcome)
    mcid = None if known is None else known.mcid
    if mcid is None or design.endpoint.kind == "binary" or design.endpoint.ratio:
        return None
    return -mcid.change if design.endpoint.benefit == "below" else mcid.change


def _probabilities(axes: Axes, plan: Plan) -> None:
    rows = plan.truth_curve
    truth = column(rows, "truth")
    lines: list[tuple[str, str, str, Any]] = [("p_success", "Success", POSTERIOR, "-")]
    if plan.design.rule.futility:
        lines.append(("p_futility", "Stop for futility", FUTILITY, DASHED))
    labels = []
    for key, name, colour, stroke in lines:
        values = column(rows, key)
        band(axes, truth, values, errors_of(rows, key), colour)
        axes.plot(truth, values, color=colour, linewidth=pen(1.2), linestyle=stroke, gid=key)
        told = [(row["truth"], row[key]) for row in plan.characteristics]
        axes.plot(
            [x for x, _ in told],
            [y for _, y in told],
            linestyle="none",
            marker="o",
            markersize=pt(3.2),
            markerfacecolor=colour,
            markeredgecolor="white",
            markeredgewidth=pen(0.4),
            zorder=5,
            gid=f"{key} told",
        )
        right = values[-1] if truth[-1] >= truth[0] else values[0]
        labels.append(Label(float(right), name, colour))
    probability_axis(axes)
    end_labels(axes, labels, 0.08)


def _sizes(axes: Axes, plan: Plan) -> None:
    rows, n = plan.truth_curve, plan.design.n
    truth, sizes = column(rows, "truth"), column(rows, "expected_n")
    band(axes, truth, sizes, errors_of(rows, "expected_n"), INK)
    axes.plot(truth, sizes, color=INK, linewidth=pen(1.1), gid="expected_n")
    axes.axhline(n, color=QUIET, linewidth=pen(0.7), linestyle=DOTTED, gid="n")
    axes.set_ylim(0.0, 1.08 * n)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_ylabel("Patients")
    end_labels(axes, [Label(float(sizes[-1]), "Expected", INK), Label(n, f"All, n = {n}", FOOTER)], 0.2)


def _truth_axis(axes: Axes, design: Design) -> None:
    if design.endpoint.ratio:
        axes.set_xscale("log")
        log_axis(axes.xaxis)
    else:
        axes.locator_params(axis="x", nbins=7)
    axes.set_xlabel(truth_label(design))


def _marked(upper: Axes, lower: Axes, plan: Plan) -> None:
    """Draw the truths that have names, each name in a line of its own above where names would meet."""
    design = plan.design
    truth = column(plan.truth_curve, "truth")
    lowest, highest = float(truth.min()), float(truth.max())
    pad = 1.0 if design.endpoint.ratio else 0.02 * (highest - lowest)
    upper.set_xlim(lowest * 0.98, highest * 1.02) if design.endpoint.ratio else upper.set_xlim(
        lowest - pad, highest + pad
    )
    marks = [(design.truth.null, "null"), (design.truth.alternative, "alternative")]
    mcid = important_change(design)
    if mcid is not None and lowest <= mcid <= highest:
        same = [name for value, name in marks if value == mcid]
        marks = [(value, f"{name}, MCID" if name in same else name) for value, name in marks]
        marks += [] if same else [(mcid, "MCID")]
    marks.sort()
    letter = _LETTER / house_mm(column_mm(_NEEDS_MM))
    level, before, width = 0, -math.inf, 0.0
    for value, name in marks:
        share = _share(design, value, lowest, highest)
        text = f"{name} {value_text(design, value)}"
        # Names that would meet stand above each other.
        needed = letter * (len(text) + width) / 2.0
        level = level + 1 if share - before < needed else 0
        width = len(text) + 2.0
        before = share
        for axes in dict.fromkeys((upper, lower)):
            axes.axvline(value, color=QUIET, linewidth=pen(0.6), linestyle=DASHED, zorder=0, gid=name)
        upper.annotate(
            text,
            (value, 1.0),
            xycoords=upper.get_xaxis_transform(),
            xytext=(0.0, pt(2.0 + 7.0 * level)),
            textcoords="offset points",
            ha="left" if share < 0.15 else "right" if share > 0.85 else "center",
            va="bottom",
            fontsize=small_pt(),
            color=FOOTER,
            gid="truth name",
        )


def _share(design: Design, value: float, lowest: float, highest: float) -> float:
    if design.endpoint.ratio:
        value, lowest, highest = math.log(value), math.log(lowest), math.log(highest)
    return (value - lowest) / (highest - lowest)


def _largest(plan: Plan) -> dict[str, float]:
    names = {"p_success": "success"}
    if plan.design.rule.futility:
        names["p_futility"] = "stopping for futility"
    if len(plan.design.looks) > 1:
        names["expected_n"] = "expected patients"
    return {name: float(errors_of(plan.truth_curve, key).max()) for key, name in names.items()}


def _notes(plan: Plan) -> str:
    design, largest = plan.design, _largest(plan)
    looks = (
        f"{len(design.looks)} looks, the last at {design.n} patients"
        if len(design.looks) > 1
        else f"one analysis of {design.n} patients"
    )
    side = "higher" if design.endpoint.benefit == "above" else "lower"
    notes = [f"What the design does by the true {design.estimand}; {side} is better. {looks.capitalize()}."]
    if design.arms == 2 and design.truth.control is not None:
        notes.append(f"True control rate {design.truth.control:g}.")
    notes.append("Marks: truths of the table.")
    if important_change(design) is not None:
        notes.append("MCID: minimal clinically important difference of one patient, drawn for orientation.")
    if any(largest.values()):
        notes.append("Bands: 95% Monte Carlo intervals.")
    return " ".join([*notes, error_words(largest)])


def _alt(plan: Plan) -> str:
    design = plan.design
    several = len(design.looks) > 1
    told = []
    for row in plan.characteristics:
        role = f" ({row['role']})" if row["role"] else ""
        text = f"at {value_text(design, row['truth'])}{role} success {number(row['p_success'], 3)}"
        if design.rule.futility:
            text += f", futility {number(row['p_futility'], 3)}"
        told.append(text + (f", expected patients {number(row['expected_n'], 1)}" if several else ""))
    return (
        f"Operating characteristics of {design.title} with {design.n} patients by the true "
        f"{design.estimand}: {'; '.join(told)}. {error_words(_largest(plan))}"
    )
