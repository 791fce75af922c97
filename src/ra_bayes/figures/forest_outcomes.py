"""Forest over outcomes: what the treatment did to each, in important changes where one is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.figures.canvas import Canvas, interval_name
from ra_bayes.figures.change_axis import (
    change_label,
    change_scale,
    patients_words,
    signed_mcid,
    unit_words,
    zero,
)
from ra_bayes.figures.intervals import draw_interval
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt
from ra_bayes.figures.several import of_one_fit, one_cohort, warnings_of_all
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, QUIET, style
from ra_bayes.numbers import decimals, how_many, interval, number, probability
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["forest_outcomes"]

type _Kind = Literal["mcid", "ratio", "rate", "own"]

_ROW_MM, _AXIS_MM, _HEAD_MM = 4.4, 10.5, 6.0
# Width of a letter, and of the columns of numbers, at the house's text size.
_LETTER_MM, _NUMBERS_MM = 1.3, 61.0
_KINDS: tuple[_Kind, ...] = ("mcid", "own", "ratio", "rate")


@dataclass(frozen=True, eq=False)
class _Row:
    """An outcome: its median and interval in its own unit, and two probabilities."""

    spec: ModelSpec
    kind: _Kind
    ends: tuple[float, float, float]
    better: float
    beats: float

    @property
    def drawn(self) -> tuple[float, float, float]:
        """Lower end, median and upper end on the axis: improvement in important changes, or as they are."""
        mcid = signed_mcid(self.spec)
        if mcid is None:
            return self.ends
        lower, median, upper = sorted(each / mcid for each in self.ends)
        return lower, median, upper


def forest_outcomes(
    trees: Mapping[str, xr.DataTree],
    *,
    ci_prob: float = 0.90,
    tables: Mapping[str, pd.DataFrame] | None = None,
    diagnoses: Mapping[str, Diagnosis] | None = None,
) -> Canvas:
    """Draw the change of the typical patient at the reference week, outcome by outcome.

    Outcomes with a known important change are drawn together as improvements in multiples of it, ratios
    together as ratios, responses as rates, and any other in a panel of its own in its own unit. Beside each
    stand the estimate in the outcome's unit, the probability of a change for the better, and that of one of
    at least the important change.

    Parameters
    ----------
    trees
        Fits of one cohort by name.
    ci_prob
        Probability of the credible intervals.
    tables
        What :func:`~ra_bayes.estimands` said of the fits at this `ci_prob`, to save asking again.
    diagnoses
        What :func:`~ra_bayes.diagnose` said of them, likewise.

    Returns
    -------
    Canvas
        A matplotlib Figure, up to two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If there are fewer than two fits or of several cohorts, `ci_prob` is not a probability or not the
        tables', or a tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.forest_outcomes({"sdai": tree, "haq": other}).savefig("figure-5.pdf")   # doctest: +SKIP
    """
    named = interval_name(ci_prob)
    one_cohort(trees, "forest_outcomes")
    verdicts = {name: (diagnoses or {}).get(name) or diagnose(tree) for name, tree in trees.items()}
    rows = [_row(tree, (tables or {}).get(name), ci_prob, verdicts[name]) for name, tree in trees.items()]
    panels = _panels(rows)
    with style():
        height = _HEAD_MM + sum(_AXIS_MM + _ROW_MM * len(each) for each in panels)
        patients = len(next(iter(trees.values()))["posterior"]["patient"])
        width = column_mm(130.0)
        notes = _notes(rows, named, patients, together=of_one_fit(trees))
        figure = Canvas(width, height, notes, warnings_of_all(trees, verdicts))
        names_mm = _LETTER_MM * max(len(_name(row, {0.0})) for row in rows)
        drawn_mm = max(house_mm(width) - names_mm - _NUMBERS_MM, 0.5 * _NUMBERS_MM)
        grid = figure.add_gridspec(
            len(panels),
            2,
            width_ratios=(drawn_mm, _NUMBERS_MM),
            height_ratios=[0.8 + len(each) for each in panels],
        )
        for number, panel in enumerate(panels):
            axes = figure.add_subplot(grid[number, 0])
            _draw(axes, panel)
            _numbers(figure.add_subplot(grid[number, 1], sharey=axes), panel, ci_prob, head=number == 0)
        return figure.finish(_alt(rows, named, patients))


def _row(tree: xr.DataTree, table: pd.DataFrame | None, ci_prob: float, verdict: Diagnosis) -> _Row:
    spec = spec_of(tree)
    if table is None:
        table = estimands(tree, ci_prob=ci_prob, despite_gate=not verdict.passed)
    elif not np.allclose(table["ci_prob"], ci_prob):
        raise RaBayesError(
            f"the intervals in the table of {spec.name} hold {table['ci_prob'].iloc[0]:g}, not "
            f"ci_prob={ci_prob:g}; "
            f"give tables made by estimands(tree, ci_prob={ci_prob:g})"
        )
    at = table[table["week"] == spec.reference_week]
    (main,) = at[at["estimand"] == ("response_rate" if spec.binary else "mean_change")].to_dict("records")
    kind: _Kind = "own"
    if spec.binary:
        kind = "rate"
    elif spec.link.change == "ratio":
        kind = "ratio"
    elif signed_mcid(spec) is not None:
        kind = "mcid"
    beaten = at.loc[at["estimand"] == "mean_change_beats_mcid", "estimate"]
    beats = float(beaten.iloc[0]) if kind == "mcid" else float("nan")
    lower, median, upper, better = (float(main[each]) for each in ("lower", "estimate", "upper", "p_benefit"))
    return _Row(spec, kind, (lower, median, upper), better, beats)


def _panels(rows: list[_Row]) -> list[list[_Row]]:
    """Return rows that share an axis: by kind, in the order given; those in their own units alone."""
    found: list[list[_Row]] = []
    for kind, same in groupby(sorted(rows, key=lambda row: _KINDS.index(row.kind)), lambda row: row.kind):
        members = list(same)
        found += [[each] for each in members] if kind == "own" else [members]
    return found


def _draw(axes: Axes, panel: list[_Row]) -> None:
    kind, spec = panel[0].kind, panel[0].spec
    shown = [end for row in panel for end in row.drawn if np.isfinite(end)]
    weeks = {row.spec.reference_week for row in panel}
    at = f" at week {next(iter(weeks)):g}" if len(weeks) == 1 else " at its week"
    if kind == "rate":
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel(f"Rate of response{at}")
    elif kind == "mcid":
        lowest, highest = min(*shown, 0.0), max(*shown, 1.0)
        pad = 0.08 * (highest - lowest)
        axes.set_xlim(lowest - pad, highest + pad)
        axes.set_xlabel(f"Improvement{at} (in MCIDs)")
        axes.axvline(0.0, color=INK, linewidth=pen(0.6), zorder=0, gid="zero")
        axes.axvline(1.0, color=QUIET, linewidth=pen(0.7), linestyle=(0, (4.0, 2.0)), zorder=0, gid="mcid")
    else:
        change_scale(axes, "x", spec, shown)
        axes.axvline(zero(spec), color=INK, linewidth=pen(0.6), zorder=0, gid="zero")
        week = f"week {spec.anchor_week:g}"
        label = (
            f"Value{at} relative to {week} (ratio)"
            if kind == "ratio"
            else change_label(spec, spec.reference_week)
        )
        axes.set_xlabel(label)
    for place, row in enumerate(panel):
        if np.isfinite(row.drawn[1]):
            mark = {"marker": "d", "markersize": pt(5.2), "color": POSTERIOR}
            draw_interval(axes, row.drawn, place, mark, width=1.3)
    axes.set_ylim(len(panel) - 0.4, -0.6)
    axes.set_yticks(range(len(panel)), [_name(row, weeks) for row in panel])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)


def _name(row: _Row, weeks: set[float]) -> str:
    """Name an outcome; of ratios, to which side it is better; its week, where the panel has several."""
    name = row.spec.outcome.label
    if row.kind in ("ratio", "own") and row.spec.benefit_sign:
        name += " (lower better)" if row.spec.benefit_sign < 0 else " (higher better)"
    return name if len(weeks) == 1 else f"{name}, week {row.spec.reference_week:g}"


def _numbers(axes: Axes, panel: list[_Row], ci_prob: float, *, head: bool) -> None:
    """Write estimate with interval and unit, and both probabilities, of every outcome."""
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)
    small: dict[str, Any] = {"va": "center", "fontsize": small_pt()}

    def write(place: float, estimate: str, better: str, beats: str, **look: Any) -> None:
        axes.text(0.0, place, estimate, **small, **look)
        axes.text(0.77, place, better, ha="right", **small, **look)
        axes.text(1.0, place, beats, ha="right", **small, **look)

    if head:
        write(-1.0, f"Median ({100.0 * ci_prob:g}% CrI)", "P(better)", "P(≥ MCID)", color=FOOTER)
    for place, row in enumerate(panel):
        chances = ("–" if np.isnan(each) else probability(each) for each in (row.better, row.beats))
        write(place, _estimate(row), *chances)


def _estimate(row: _Row) -> str:
    lower, median, upper = row.ends
    if not np.isfinite(median):
        return "withheld"
    places = decimals(lower, upper, ratio=row.kind in ("ratio", "rate"))
    unit = row.spec.outcome.unit if row.kind in ("mcid", "own") else ""
    return f"{number(median, places)} ({interval(lower, upper, places)}) {unit}".rstrip()


def _notes(rows: list[_Row], named: str, patients: int, *, together: bool) -> str:
    fitted = "all outcomes fitted together" if together else "each outcome fitted on its own"
    notes = [
        f"Change of the typical patient of the population, posterior median with {named}, CrI; "
        f"{patients_words(patients)}; {fitted}."
    ]
    kinds = {row.kind for row in rows}
    if "mcid" in kinds:
        sizes = "; ".join(
            f"{spec.outcome.label} {spec.mcid:g} {unit_words(spec.outcome.unit, spec.mcid)}".rstrip()
            for spec in (row.spec for row in rows if row.kind == "mcid")
            if spec.mcid is not None
        )
        notes.append(f"MCID (dashed): {sizes}; sources on the model pages.")
    notes.append("P(better): probability of a change for the better.")
    if "mcid" in kinds:
        notes.append("P(≥ MCID): of an improvement of at least the MCID.")
    if "rate" in kinds:
        notes.append("Rates: chance that a new patient responds.")
    return " ".join(notes)


def _alt(rows: list[_Row], named: str, patients: int) -> str:
    def told(row: _Row) -> str:
        better = "" if np.isnan(row.better) else f", P(better) {probability(row.better)}"
        beats = "" if np.isnan(row.beats) else f", P(at least the MCID) {probability(row.beats)}"
        what = {"ratio": "ratio ", "rate": "rate "}.get(row.kind, "")
        week = f"{row.spec.outcome.label} at week {row.spec.reference_week:g}"
        return f"{week}, {what}{_estimate(row)}{better}{beats}"

    return (
        f"Change of the typical patient in {len(rows)} outcomes of {how_many(patients)}, posterior median "
        f"with {named}: {'; '.join(map(told, rows))}."
    )
