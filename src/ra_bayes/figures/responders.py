"""Responders: rates of response over the weeks from measurements, beside counts of the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.responders import responders as rates_of
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import number_row, patients_words, with_room
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import week_axis
from ra_bayes.figures.style import INK, POSTERIOR, style
from ra_bayes.numbers import how_many, percent
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["responders"]

_ROW_MM, _PANEL_MM = 44.0, 52.0
# Width of a figure and of the space between numbers at the house's text size; the axis' share of a panel.
_LETTER_MM, _BETWEEN_MM, _AXIS_SHARE = 1.25, 1.1, 0.80
# Counts stand beside the curve, in shares of the weeks' span.
_BESIDE = 0.014


def responders(
    tree: xr.DataTree,
    *,
    improvements: Sequence[float] | None = None,
    ci_prob: float = 0.90,
    diagnosis: Diagnosis | None = None,
) -> Canvas:
    """Draw rates of response over the weeks, from the model of measurements and from counting responders.

    A panel for each criterion of :func:`ra_bayes.responders`. The curve is the share of new patients who
    would be recorded as responders, the bar beside it what the count of these patients, written above, says.

    Parameters
    ----------
    tree
        A fit.
    improvements
        Shares of one's own baseline, 0.5 for 50%; those in use for the outcome if not given.
    ci_prob
        Probability of the credible intervals.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability, or the outcome has no criterion of response.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.responders(tree).savefig("figure-4.pdf")          # doctest: +SKIP
    """
    interval_name(ci_prob)
    spec = spec_of(tree)
    table = rates_of(tree, improvements=improvements, ci_prob=ci_prob, despite_gate=True)
    patients = int(table.loc[table["who"] != "new patient", "who"].nunique())
    table = table[table["who"] == "new patient"]
    criteria = list(dict.fromkeys(table["criterion"]))
    with style():
        width = column_mm(80.0 if len(criteria) == 1 else 150.0)
        columns = min(len(criteria), max(1, int(house_mm(width) // _PANEL_MM)))
        rows = -(-len(criteria) // columns)
        figure = Canvas(width, _ROW_MM * rows, _notes(spec, patients, ci_prob), warnings_of(tree, diagnosis))
        grid = figure.add_gridspec(rows, columns)
        for k, criterion in enumerate(criteria):
            axes = figure.add_subplot(grid[divmod(k, columns)])
            own = table[table["criterion"] == criterion]
            _draw(axes, own, width / columns)
            if k + columns < len(criteria):
                axes.set_xlabel("")
            if k % columns == 0:
                axes.set_ylabel("Share of patients")
        return figure.finish(_alt(spec, table, patients, ci_prob))


def _draw(axes: Axes, own: pd.DataFrame, room_mm: float) -> None:
    """Draw one criterion: the rate's curve, the bars of the counts, and the counts above."""
    recorded, true = (own[own["value"] == value] for value in ("recorded", "true"))
    weeks = recorded["week"].to_numpy(dtype=float)
    title = str(recorded["definition"].iloc[0]).partition(": ")[2]
    axes.set_title("\n".join(wrap(title, 0.88 * room_mm, text_pt())), pad=pt(12.0))
    axes.fill_between(
        weeks, recorded["lower"], recorded["upper"], color=POSTERIOR, alpha=0.25, linewidth=0.0, gid="band"
    )
    axes.plot(
        weeks,
        recorded["estimate"],
        color=POSTERIOR,
        linewidth=pen(1.3),
        marker="o",
        markersize=pt(2.2),
        gid="recorded",
    )
    if len(true):
        axes.plot(
            true["week"],
            true["estimate"],
            color=POSTERIOR,
            linewidth=pen(0.9),
            linestyle=(0, (2.5, 1.5)),
            gid="true",
        )
    span = float(np.ptp(weeks)) or 1.0
    counted = recorded[recorded["recorded"] > 0]
    beside = counted["week"].to_numpy(dtype=float) + _BESIDE * span
    axes.vlines(
        beside,
        counted["counted_lower"],
        counted["counted_upper"],
        color=INK,
        linewidth=pen(0.8),
        gid="counted-interval",
    )
    axes.plot(
        beside,
        counted["counted_estimate"],
        linestyle="none",
        marker="s",
        markersize=pt(2.6),
        color=INK,
        markerfacecolor="white",
        markeredgewidth=pen(0.7),
        gid="counted",
    )
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:g}%"))
    week_axis(axes, weeks)
    texts = [
        f"{row['responders']:.0f}/{row['recorded']:.0f}" if row["recorded"] else ""
        for row in recorded.to_dict("records")
    ]
    week_mm = _AXIS_SHARE * house_mm(room_mm) / float(np.ptp(axes.get_xlim()))
    kept = with_room(weeks, (_LETTER_MM * max(map(len, texts)) + _BETWEEN_MM) / week_mm)
    places = [i for i in kept if texts[i]]
    number_row(axes, weeks[places], [texts[i] for i in places], "r/n", 0)


def _notes(spec: ModelSpec, patients: int, ci_prob: float) -> str:
    notes = [
        f"Line and band: share of new patients recorded as responders, from the model of all records "
        f"({patients_words(patients)}): posterior median with {interval_name(ci_prob)}."
    ]
    if not spec.binary:
        notes.append("Dashes: of true values, noise taken out.")
    notes.append(
        "Squares and bars: from the responders counted at the visit (r of n, above) under a uniform prior, "
        "with the same interval. The band also holds what the model's priors know of patients, and rests on "
        "its shape."
    )
    return " ".join(notes)


def _alt(spec: ModelSpec, table: pd.DataFrame, patients: int, ci_prob: float) -> str:
    recorded = table[table["value"] == "recorded"]
    last = float(recorded.loc[recorded["recorded"] > 0, "week"].max())
    told = []
    for row in recorded[recorded["week"] == last].to_dict("records"):
        what = str(row["definition"]).partition(": ")[2].replace("≤", "at most").replace("<", "below")
        told.append(
            f"{what}: {_rate(row, '')} from the measurements, {_rate(row, 'counted_')} from "
            f"{row['responders']:.0f} of {row['recorded']:.0f} counted"
        )
    return (
        f"Response rates of {spec.outcome.label} over the weeks in {how_many(patients)}, posterior medians "
        f"with {interval_name(ci_prob)}. At week {last:g}, {'; '.join(told)}."
    )


def _rate(row: dict[object, float], kind: str) -> str:
    middle, low, high = (percent(float(row[f"{kind}{each}"])) for each in ("estimate", "lower", "upper"))
    return f"{middle}% ({low} to {high}%)".replace("<", "below").replace(">", "above")
