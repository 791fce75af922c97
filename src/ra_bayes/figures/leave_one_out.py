"""Each patient left out: what it does to the estimand and the decision, and how the others predict them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator

from ra_bayes.comparison.observed import observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.intervals import draw_interval
from ra_bayes.figures.journals import column_mm, house_mm, in_force, pen, pt, small_pt, text_pt
from ra_bayes.figures.left_out_patients import Panel, draw_panel, panels_of
from ra_bayes.figures.left_out_rows import Row, least_expected, rows_of
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.style import FOOTER, INK, patient_style, style
from ra_bayes.figures.trust_marks import (
    abreast,
    estimand_label,
    estimand_scale,
    fitting,
    reference_lines,
    require,
)
from ra_bayes.numbers import decimals, number, probability
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["leave_one_out"]

_MOST_ROWS, _MOST_PANELS = 24, 12
_ROW_MM, _PANEL_MM, _DEEP_MM = 4.4, 24.0, 29.0
# What the lower part, axes and footer need beside the rows.
_REST_MM = 64.0
_HEAD = -1.2
_LABEL_MM = 58.0
_MADE_BY = "those of rb.leave_one_out(tree), or left_out_*.csv as ra-bayes trust wrote them"
_PATIENTS = ("patient", "estimand", "week", "unit", "estimate", "lower", "upper", "elpd", "passed", "ci_prob")
_RECORDS = (
    "patient", "week", "value", "predicted", "lower", "upper", "pit", "pit_lower", "pit_upper", "ci_prob",
)  # fmt: skip
_DECISIONS = ("patient", "criterion", "probability", "success", "flips", "close")


def leave_one_out(
    tree: xr.DataTree,
    patients: pd.DataFrame,
    records: pd.DataFrame,
    decisions: pd.DataFrame | None = None,
    *,
    diagnosis: Diagnosis | None = None,
) -> Canvas:
    """Draw the estimand without each patient, whether the decision flips, and each as the others predict.

    Parameters
    ----------
    tree
        The fit.
    patients, records, decisions
        Tables of :func:`~ra_bayes.leave_one_out`, or as ``ra-bayes trust`` stored them; no decisions, or an
        empty table of them, where no rule was asked.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If a table is not what it should be, or is not of this fit.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.leave_one_out(tree)                                                     # doctest: +SKIP
    >>> rb.figures.leave_one_out(tree, found.patients, found.records, found.decisions)     # doctest: +SKIP
    """
    asked = decisions if decisions is not None and len(decisions) else None
    require(patients, _PATIENTS, _MADE_BY)
    require(records, _RECORDS, _MADE_BY)
    if asked is not None:
        require(asked, _DECISIONS, _MADE_BY)
    spec = spec_of(tree)
    seen = observed(tree, spec)
    unknown = [name for name in patients["patient"] if name and name not in seen.patients]
    if unknown or "" not in set(patients["patient"]):
        raise RaBayesError(
            f"the table of patients left out is not of this fit of {spec.name}; give {_MADE_BY}"
        )
    rows = rows_of(patients, asked, seen.patients, min(_MOST_ROWS, fitting(3.2, _REST_MM)))
    # A row of patients at both ends of the upper part, and its axis.
    upper_mm = _ROW_MM * (rows[-1].place + 2.6) + 7.0
    ci_prob = float(patients["ci_prob"].iloc[0])
    with style():
        width = column_mm(150.0)
        most = min(_MOST_PANELS, len(patients) - 1)
        columns = abreast(width, _PANEL_MM, most, 6.0)
        deep = min(-(-most // columns), fitting(_PANEL_MM, upper_mm + 25.0))
        panels = panels_of(spec, seen, records, least_expected(patients, min(most, deep * columns)))
        heights = [upper_mm, _DEEP_MM * deep]
        figure = Canvas(
            width,
            sum(heights) + 6.0,
            _notes(spec, patients, asked, len(rows) - 1, len(panels)),
            warnings_of(tree, diagnosis),
        )
        halves = figure.add_gridspec(2, 1, height_ratios=heights)
        # Numbers need more of a narrow figure, and less without a decision; of a yes or no there are no PITs.
        numbers = (1.15 if house_mm(width) >= 150.0 else 1.6) * (1.0 if asked is not None else 0.7)
        shares = (1.0, numbers) if spec.binary else (1.0, numbers, 0.8)
        split = halves[0].subgridspec(1, len(shares), width_ratios=shares)
        forest = figure.add_subplot(split[0, 0])
        _draw_forest(forest, spec, rows, float(patients["week"].iloc[0]), str(patients["estimand"].iloc[0]))
        _write_numbers(
            figure.add_subplot(split[0, 1], sharey=forest), rows, ci_prob, patients["unit"].iloc[0]
        )
        if not spec.binary:
            _draw_pits(figure.add_subplot(split[0, 2], sharey=forest), rows, records)
        grid = halves[1].subgridspec(deep, columns)
        first: Axes | None = None
        for place, panel in enumerate(panels):
            row, beside = divmod(place, columns)
            axes = figure.add_subplot(grid[row, beside], sharey=first)
            first = first or axes
            draw_panel(
                axes, spec, seen, panel, panels, first=beside == 0, bottom=place + columns >= len(panels)
            )
        return figure.finish(_alt(spec, patients, asked, panels))


def _draw_forest(axes: Axes, spec: ModelSpec, rows: list[Row], week: float, estimand: str) -> None:
    whole = rows[0]
    estimand_scale(axes, spec, "x", [end for row in rows for end in (row.lower, row.upper)], estimand)
    axes.set_ylim(rows[-1].place + 0.8, _HEAD - 0.7)
    axes.axvspan(whole.lower, whole.upper, color="#ececec", linewidth=0.0, zorder=-1, gid="everybody")
    axes.axvline(whole.estimate, color=FOOTER, linewidth=pen(0.6), linestyle=(0, (1, 1.5)), zorder=0)
    reference_lines(axes, spec, "x", estimand)
    for row in rows:
        look = (
            patient_style(row.index)
            if row.index >= 0
            else {"color": INK, "marker": "d", "markersize": pt(5.6)}
        )
        width = 1.1 if row.index >= 0 else 1.6
        draw_interval(axes, (row.lower, row.estimate, row.upper), row.place, look, width=width)
        if row.flips:
            axes.plot(
                [row.estimate],
                [row.place],
                "o",
                markersize=pt(7.6),
                markerfacecolor="none",
                markeredgecolor=INK,
                markeredgewidth=pen(0.9),
                zorder=4,
                gid="flip",
            )
    axes.set_yticks([row.place for row in rows], [row.name + ("" if row.passed else " †") for row in rows])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)
    label = estimand_label(spec, week, estimand)
    axes.set_xlabel("\n".join(wrap(label, _LABEL_MM * in_force().scale, text_pt())))


def _write_numbers(axes: Axes, rows: list[Row], ci_prob: float, unit: str) -> None:
    """Write the estimand, the probability asked for, what is decided and the elpd of every row."""
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)
    whole = rows[0]
    places = decimals(whole.lower, whole.upper, ratio=unit == "ratio")
    asked = bool(whole.chances)

    def write(place: float, *cells: str) -> None:
        for x, cell, side in zip(
            (0.0, 0.6, 0.775, 1.0), cells, ("left", "center", "center", "right"), strict=True
        ):
            axes.text(x, place, cell, ha=side, va="center", fontsize=small_pt())

    write(
        _HEAD,
        f"Median ({100.0 * ci_prob:g}% CrI)",
        "P" if asked else "",
        "decision" if asked else "",
        "elpd",
    )
    for row in rows:
        told = [number(each, places) for each in (row.estimate, row.lower, row.upper)]
        decided = ("flips" if row.flips else "same") + ("*" if row.close else "")
        write(
            row.place,
            f"{told[0]} ({told[1]} to {told[2]})",
            ", ".join(map(probability, row.chances)),
            decided if asked and row.index >= 0 else "",
            number(row.elpd, 1),
        )


def _draw_pits(axes: Axes, rows: list[Row], records: pd.DataFrame) -> None:
    """Draw the PIT of each record in its patient's row, visits from top to bottom."""
    tail = (1.0 - float(records["ci_prob"].iloc[0])) / 2.0
    for ends in ((0.0, tail), (1.0 - tail, 1.0)):
        axes.axvspan(*ends, color="#ececec", linewidth=0.0, zorder=-1, gid="tail")
    axes.axvline(0.5, color=FOOTER, linewidth=pen(0.5), linestyle=(0, (1, 1.5)), zorder=0)
    by_patient = dict(iter(records[records["pit"].notna()].groupby("patient")))
    for row in rows:
        own = by_patient.get(row.patient)
        if own is None:
            continue
        mark = patient_style(row.index)
        heights = row.place + np.linspace(-0.32, 0.32, len(own)) if len(own) > 1 else np.array([row.place])
        for y, low, high in zip(heights, own["pit_lower"], own["pit_upper"], strict=True):
            if high > low:
                axes.plot([low, high], [y, y], color=mark["color"], linewidth=pen(0.9), gid="pit interval")
        mark |= {"markersize": 0.75 * mark["markersize"], "markeredgewidth": 0.0}
        axes.plot(own["pit"], heights, linestyle="none", gid="pit", clip_on=False, zorder=3, **mark)
    axes.set_xlim(0.0, 1.0)
    axes.xaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0, labelleft=False)
    axes.set_xlabel("PIT of each record")


def _notes(
    spec: ModelSpec, patients: pd.DataFrame, decisions: pd.DataFrame | None, shown: int, panels: int
) -> str:
    ci_prob = float(patients["ci_prob"].iloc[0])
    left = len(patients) - 1
    notes = [
        f"Each of {left} patients left out, the model fitted again to the others: median with "
        f"{interval_name(ci_prob)}, CrI; grey and dotted, those of everybody. elpd: log density of the "
        "patient's records under that fit."
    ]
    if decisions is not None:
        rule = " and ".join(decisions["criterion"].drop_duplicates())
        close = " *: within two Monte Carlo errors." if decisions["close"].any() else ""
        notes.append(f"Decision: {rule}; P, that probability; ringed, where the decision flips.{close}")
    if not spec.binary:
        notes.append(
            "PIT (probability integral transform): where a record falls in what the others predict, visits "
            f"from top to bottom; uniform where the model is right, grey beyond {100.0 * ci_prob:g}%; a "
            "line, where the record is an interval."
        )
    said = (
        "chance of a response; marks, response (1) or none (0)"
        if spec.binary
        else f"a new patient's record, median with {100.0 * ci_prob:g}% predictive interval (equal-tailed); "
        "marks, what was seen"
    )
    notes.append(f"Lower panels: {said}.")
    if panels < left:
        notes.append(f"Drawn are the {panels} of lowest elpd.")
    if shown < left:
        notes.append(f"Listed are the {shown} who change the estimate most.")
    if not patients["passed"].all():
        notes.append("†: that fit did not pass its gate.")
    return " ".join(notes)


def _alt(spec: ModelSpec, patients: pd.DataFrame, decisions: pd.DataFrame | None, panels: list[Panel]) -> str:
    whole = patients[patients["patient"] == ""].iloc[0]
    left = patients[patients["patient"] != ""]
    places = decimals(whole["lower"], whole["upper"], ratio=whole["unit"] == "ratio")

    def told(row: pd.Series) -> str:
        return "{} ({} to {})".format(*(number(row[each], places) for each in ("estimate", "lower", "upper")))

    low, high = (left.loc[getattr(left["estimate"], f"idx{each}")()] for each in ("min", "max"))
    text = (
        f"{estimand_label(spec, whole['week'], whole['estimand'])}, median with "
        f"{interval_name(whole['ci_prob'])}: in all "
        f"{len(left)} patients {told(whole)}; from {told(low)} without {short_name(low['patient'])} to "
        f"{told(high)} without {short_name(high['patient'])}."
    )
    if decisions is not None:
        flips = [short_name(each) for each in decisions.loc[decisions["flips"], "patient"].drop_duplicates()]
        text += (
            f" The decision flips without {', '.join(flips)}."
            if flips
            else " The decision is the same whoever is left out."
        )
    if spec.binary:
        return text
    inside = sum(panel.inside for panel in panels)
    total = sum(int(panel.made.sum()) for panel in panels)
    return f"{text} {inside} of {total} records shown lie within what the other patients predict."
