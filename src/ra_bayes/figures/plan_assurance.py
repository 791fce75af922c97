"""Power, type I error and assurance against the number of patients, with the smallest sizes that will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, pen, pt
from ra_bayes.figures.plan_marks import (
    ASSURANCE,
    BAND,
    DOTTED,
    Label,
    band,
    column,
    end_labels,
    error_words,
    errors_of,
    probability_axis,
    truth_words,
    value_text,
)
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, QUIET, style
from ra_bayes.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["plan_assurance"]

type Array = NDArray[np.float64]

_MARKERS = ("o", "D", "s", "P", "X")
_LINE_MM = 3.1


def plan_assurance(plan: Plan) -> Canvas:
    """Draw what a design promises by size: power, assurance with its ceiling, and below the type I error.

    Parameters
    ----------
    plan
        A plan with a curve over sizes.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the plan has no curve over sizes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.plan_assurance(plan).savefig("figure-4.pdf")        # doctest: +SKIP
    """
    if len(plan.size_curve) < 2:
        raise RaBayesError(
            f"the plan of {plan.design.name} has no curve over sizes to draw; "
            "write [sizes] on the design's page"
        )
    answers = _answers(plan)
    with style():
        figure = Canvas(column_mm(80.0), 74.0 + _LINE_MM * len(answers), _notes(plan))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.0, 1.0))
        _promises(upper, plan, answers)
        _errors(lower, plan)
        return figure.finish(_alt(plan))


def _answers(plan: Plan) -> list[str]:
    """Return the smallest sizes in a few words each."""
    return [
        f"n = {each.n}: {each.quantity} {number(each.value)} (wanted {each.target:g})"
        if each.n is not None
        else f"no size reaches {each.quantity} {each.target:g}"
        if each.limited
        else f"no size up to {each.rows[-1]['n']} reaches {each.quantity} {each.target:g}"
        for each in plan.answers
    ]


def _promises(axes: Axes, plan: Plan, answers: list[str]) -> None:
    rows, design = plan.size_curve, plan.design
    n = column(rows, "n")
    labels = []
    power = column(rows, "power")
    band(axes, n, power, errors_of(rows, "power"), POSTERIOR)
    axes.plot(n, power, color=POSTERIOR, linewidth=pen(0.9), gid="power")
    labels.append(Label(power[-1], f"Power at {value_text(design, design.truth.alternative)}", POSTERIOR))
    if _has_assurance(plan):
        assured = column(rows, "assurance")
        band(axes, n, assured, errors_of(rows, "assurance"), ASSURANCE)
        # Thicker, not dashed: a rate's curves are saws, whose teeth dashes would hide.
        axes.plot(n, assured, color=ASSURANCE, linewidth=pen(1.8), gid="assurance")
        labels.append(Label(assured[-1], "Assurance", ASSURANCE))
        if plan.ceiling is not None:
            axes.axhline(plan.ceiling, color=ASSURANCE, linewidth=pen(0.7), linestyle=DOTTED, gid="ceiling")
            labels.append(Label(plan.ceiling, f"Its ceiling, {number(plan.ceiling)}", ASSURANCE))
    _size_axis(axes, n)
    probability_axis(axes, "Probability of success")
    for index, (answer, text) in enumerate(zip(plan.answers, answers, strict=True)):
        colour = ASSURANCE if answer.quantity == "assurance" else POSTERIOR
        marker = _MARKERS[index % len(_MARKERS)] if answer.n is not None else "none"
        line = axes.plot(
            [] if answer.n is None else [answer.n],
            [] if answer.n is None else [answer.value],
            linestyle="none",
            marker=marker,
            markersize=pt(4.0),
            markerfacecolor=colour,
            markeredgecolor="white",
            markeredgewidth=pen(0.5),
            zorder=5,
            clip_on=False,
            gid="answer",
            label=text,
        )
        if answer.n is not None:
            bottom = axes.get_ylim()[0]
            axes.plot(
                [answer.n, answer.n],
                [bottom, answer.value],
                color=line[0].get_markerfacecolor(),
                linewidth=pen(0.6),
                linestyle=DOTTED,
                zorder=1,
                gid="answer size",
            )
    if answers:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.03), handlelength=1.0, labelspacing=0.25)
    end_labels(axes, labels, 0.075)


def _errors(axes: Axes, plan: Plan) -> None:
    """Draw the type I error, on a scale of its own, against what the cut-off might be taken to promise."""
    rows, design = plan.size_curve, plan.design
    n, alpha = column(rows, "n"), column(rows, "alpha")
    errors = errors_of(rows, "alpha")
    band(axes, n, alpha, errors, INK)
    axes.plot(n, alpha, color=INK, linewidth=pen(0.9), gid="alpha")
    labels = [Label(alpha[-1], f"If truth is {value_text(design, design.truth.null)}", INK)]
    top = float((alpha + BAND * errors).max())
    cutoff = nominal(design)
    if cutoff is not None:
        axes.axhline(cutoff, color=QUIET, linewidth=pen(0.7), linestyle=DOTTED, gid="nominal")
        labels.append(Label(cutoff, f"1 − cut-off = {cutoff:.3g}", FOOTER))
        top = max(top, cutoff)
    axes.set_ylim(0.0, 1.1 * top if top > 0.0 else 0.01)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_ylabel("Type I error")
    axes.set_xlabel("Patients in all" if design.arms == 2 else "Patients")
    end_labels(axes, labels, 0.26)


def nominal(design: Design) -> float | None:
    """Return 1 less the cut-off, if success at the end asks one question and asks it at the null.

    With a flat prior and one look it is about the type I error of a large trial, and of a small one not.
    """
    final = design.criteria(len(design.looks))[0]
    if len(final) != 1 or final[0].basis != "posterior" or final[0].threshold != design.truth.null:
        return None
    return 1.0 - final[0].probability


def _size_axis(axes: Axes, n: Array) -> None:
    pad = 0.03 * float(n[-1] - n[0]) or 1.0
    axes.set_xlim(float(n[0]) - pad, float(n[-1]) + pad)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _has_assurance(plan: Plan) -> bool:
    return bool(np.isfinite(column(plan.size_curve, "assurance")).any())


def _largest(plan: Plan) -> dict[str, float]:
    names = {"power": "power", "alpha": "type I error"}
    if _has_assurance(plan):
        names["assurance"] = "assurance"
    return {name: float(errors_of(plan.size_curve, key).max()) for key, name in names.items()}


def _notes(plan: Plan) -> str:
    design, largest = plan.design, _largest(plan)
    notes = [
        f"Probability of success with {plan.size_curve[0]['n']} to {plan.size_curve[-1]['n']} patients. "
        f"Power: if {truth_words(design, design.truth.alternative)}; type I error: if it is "
        f"{value_text(design, design.truth.null)}."
    ]
    if _has_assurance(plan):
        notes.append(
            "Assurance: power averaged over the design prior; its ceiling is its limit as n grows, false "
            "successes apart."
        )
    if plan.answers:
        notes.append("Marks: the smallest n from which on every larger size drawn reaches what was wanted.")
    if any(largest.values()):
        notes.append("Bands: 95% Monte Carlo intervals.")
    return " ".join([*notes, error_words(largest)])


def _alt(plan: Plan) -> str:
    design, rows = plan.design, plan.size_curve
    first, last = rows[0], rows[-1]
    said = [
        f"Probability of success of {design.title} for {first['n']} to {last['n']} patients.",
        f"Power at {value_text(design, design.truth.alternative)} goes from {number(first['power'])} to "
        f"{number(last['power'])}.",
    ]
    if _has_assurance(plan):
        ceiling = "" if plan.ceiling is None else f"; its ceiling is {number(plan.ceiling)}"
        said.append(
            f"Assurance goes from {number(first['assurance'])} to {number(last['assurance'])}{ceiling}."
        )
    alpha = column(rows, "alpha")
    said.append(
        f"The type I error at {value_text(design, design.truth.null)} lies between {number(alpha.min(), 3)} "
        f"and {number(alpha.max(), 3)}."
    )
    said += [str(answer) for answer in plan.answers]
    return " ".join([*said, error_words(_largest(plan))])
