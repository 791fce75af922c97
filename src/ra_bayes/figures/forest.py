"""Forest: the change of every patient and of the population at the reference week."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import (
    better_words,
    mcid_words,
    patients_words,
    signed,
    signed_mcid,
    zero,
)
from ra_bayes.figures.forest_rows import (
    CROWD_HEIGHT,
    MOST_NAMED,
    Row,
    digits_of,
    rows_of,
)
from ra_bayes.figures.intervals import draw_interval
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.style import FOOTER, INK, QUIET, patient_style, style
from ra_bayes.numbers import how_many, interval, number, probability
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["forest"]

type Array = NDArray[np.float64]

_ROW_MM = 4.2
# Width of the names, and of the numbers without and with a probability of benefit, at the house's text size.
_NAMES_MM, _NUMBERS_MM = 18.0, (27.0, 37.0)
# Place of the line of headings, in rows; the first patient's is 0.
_HEAD = -1.1


def forest(
    tree: xr.DataTree,
    *,
    ci_prob: float = 0.90,
    table: pd.DataFrame | None = None,
    diagnosis: Diagnosis | None = None,
) -> Canvas:
    """Draw the true change at the reference week: each patient, their mean, and the population.

    Zero (one, for a ratio) and the important change are lines, and the sides are named better and
    worse. A binary outcome is drawn as probabilities of response.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the credible intervals.
    table
        What :func:`~ra_bayes.estimands` said of the fit at this `ci_prob`, to save asking again.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, likewise.

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability or not the table's, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.forest(tree, ci_prob=0.90).savefig("figure-2.pdf")  # doctest: +SKIP
    """
    named = interval_name(ci_prob)
    spec = spec_of(tree)
    verdict = diagnosis if diagnosis is not None else diagnose(tree)
    if table is None:
        table = estimands(tree, ci_prob=ci_prob, despite_gate=not verdict.passed)
    elif not np.allclose(table["ci_prob"], ci_prob):
        raise RaBayesError(
            f"the table's intervals hold {table['ci_prob'].iloc[0]:g}, not ci_prob={ci_prob:g}; write the "
            "table's, or make it with estimands(tree, ci_prob=...)"
        )
    rows = rows_of(spec, table)
    patients = sum(row.patient >= 0 for row in rows)
    with style():
        width = column_mm(80.0)
        figure = Canvas(
            width,
            13.0 + _ROW_MM * (rows[-1].place + 2.3),
            _notes(spec, named, patients),
            warnings_of(tree, verdict),
        )
        numbers_mm = _NUMBERS_MM[not spec.binary]
        grid = figure.add_gridspec(1, 2, width_ratios=(house_mm(width) - _NAMES_MM - numbers_mm, numbers_mm))
        axes = figure.add_subplot(grid[0, 0])
        _scales(axes, spec, rows)
        _references(axes, spec)
        for row in rows:
            _draw(axes, row, named=row.patient < 0 or patients <= MOST_NAMED)
        _names(axes, rows, patients)
        _numbers(figure.add_subplot(grid[0, 1], sharey=axes), spec, rows, ci_prob, patients)
        return figure.finish(_alt(spec, rows, named, patients))


def _scales(axes: Axes, spec: ModelSpec, rows: list[Row]) -> None:
    ends = np.array([[row.lower, row.upper] for row in rows])
    shown = [*ends[np.isfinite(ends)], zero(spec)]
    mcid = signed_mcid(spec)
    shown += [] if mcid is None else [mcid]
    lowest, highest = min(shown), max(shown)
    week = f"week {spec.reference_week:g}"
    if spec.binary:
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(f"Probability of {spec.outcome.label} at {week}")
    elif spec.link.change == "ratio":
        axes.set_xscale("log")
        # Both sides are shown, so that better and worse have room.
        axes.set_xlim(min(lowest, 1.0 / 1.3) / 1.1, max(highest, 1.3) * 1.1)
        log_axis(axes.xaxis, wide=highest / lowest > 50.0)
        axes.set_xlabel(f"{spec.outcome.label}, {week} relative to week {spec.anchor_week:g} (ratio)")
    else:
        pad = 0.06 * (highest - lowest)
        axes.set_xlim(lowest - pad, highest + pad)
        axes.locator_params(axis="x", nbins=4)
        unit = f" ({spec.outcome.unit})" if spec.outcome.unit else ""
        label = f"Change in {spec.outcome.label} at {week}{unit}"
        # It stands below this panel and the names beside it.
        axes.set_xlabel("\n".join(wrap(label, 0.62 * column_mm(80.0), text_pt())))
    axes.set_ylim(rows[-1].place + 0.7, _HEAD - 0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)


def _references(axes: Axes, spec: ModelSpec) -> None:
    """Draw no change, the important change, and which side is better."""

    def line(at: float, gid: str, name: str = "") -> None:
        look = {"color": QUIET, "linestyle": (0, (4.0, 2.0))} if name else {"color": INK}
        axes.plot([at, at], [axes.get_ylim()[0], _HEAD + 0.5], linewidth=pen(0.6), zorder=0, gid=gid, **look)
        if name:
            axes.annotate(name, (at, _HEAD), ha="center", va="center", fontsize=small_pt(), color=FOOTER)

    mcid = signed_mcid(spec)
    if spec.binary:
        if spec.placebo is not None:
            rate = float(spec.link.inverse(spec.placebo.median))
            line(rate, "placebo", f"historical placebo {rate:.2f}")
        return
    line(zero(spec), "zero")
    if mcid is not None:
        line(mcid, "mcid", f"MCID {signed(mcid)}")
    if spec.benefit_sign:
        left, right = ("better", "worse") if spec.benefit_sign < 0 else ("worse", "better")
        for x, side, text in ((0.0, "left", f"← {left}"), (1.0, "right", f"{right} →")):
            axes.text(
                x, 1.01, text, transform=axes.transAxes, ha=side, va="bottom", fontsize=small_pt(), gid="side"
            )


def _draw(axes: Axes, row: Row, *, named: bool) -> None:
    if not np.isfinite(row.estimate):
        return
    summary = row.patient < 0
    mark = {"marker": "d", "markersize": pt(5.6), "color": INK} if summary else patient_style(row.patient)
    if not named:
        mark = {"marker": ".", "markersize": pt(1.5), "color": QUIET}
    width = (1.6 if summary else 1.1) if named else 0.4
    draw_interval(axes, (row.lower, row.estimate, row.upper), row.place, mark, width=width)


def _names(axes: Axes, rows: list[Row], patients: int) -> None:
    named = [row for row in rows if row.patient < 0 or patients <= MOST_NAMED]
    axes.set_yticks([row.place for row in named], [row.name for row in named])
    if patients > MOST_NAMED:
        axes.text(
            -0.02,
            CROWD_HEIGHT / 2.0,
            f"{patients} patients,\nsorted",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=small_pt(),
        )


def _numbers(axes: Axes, spec: ModelSpec, rows: list[Row], ci_prob: float, patients: int) -> None:
    """Write estimate, interval and probability of benefit of every named row."""
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)
    named = [row for row in rows if row.patient < 0 or patients <= MOST_NAMED]
    digits = digits_of(rows, spec)

    def write(place: float, text: str, chance: str) -> None:
        axes.text(0.0, place, text, va="center", fontsize=small_pt())
        axes.text(1.0, place, chance, ha="right", va="center", fontsize=small_pt())

    with_chance = any(np.isfinite(row.p_benefit) for row in named)
    write(_HEAD, f"Median ({100.0 * ci_prob:g}% CrI)", "P(better)" if with_chance else "")
    for row in named:
        if not np.isfinite(row.estimate):
            write(row.place, "withheld", "")
            continue
        write(row.place, _told(row, digits), probability(row.p_benefit))


def _told(row: Row, digits: int) -> str:
    return f"{number(row.estimate, digits)} ({interval(row.lower, row.upper, digits)})"


def _notes(spec: ModelSpec, named: str, patients: int) -> str:
    notes = [f"Mark and line: posterior median with {named}, CrI; {patients_words(patients)}."]
    if spec.binary:
        notes.append("Population: chance that a new patient responds.")
    else:
        notes.append("Typical patient: of the population.")
        if spec.link.change == "ratio":
            notes.append("Mean: geometric.")
        if spec.benefit_sign:
            notes.append("P(better): probability of a change for the better.")
        notes.append(mcid_words(spec))
    if patients > MOST_NAMED:
        notes.append(f"Patients are sorted and not named, since they are more than {MOST_NAMED}.")
    return " ".join(filter(None, notes))


def _alt(spec: ModelSpec, rows: list[Row], named: str, patients: int) -> str:
    digits = digits_of(rows, spec)

    def told(row: Row) -> str:
        if not np.isfinite(row.estimate):
            return f"{row.name}, withheld"
        return f"{row.name}, {_told(row, digits)}"

    unit = "ratio" if spec.link.change == "ratio" else spec.outcome.unit
    kind = (
        f"Probability of {spec.outcome.label}" if spec.binary else f"Change in {spec.outcome.label} ({unit})"
    )
    shown = [row for row in rows if row.patient < 0 or len(rows) <= MOST_NAMED]
    numbers = "; ".join(map(told, shown))
    return (
        f"{kind} at week {spec.reference_week:g} in {how_many(patients)}, posterior median with {named}: "
        f"{numbers}. {better_words(spec)}".strip()
    )
