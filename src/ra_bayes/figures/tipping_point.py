"""Tipping point: what is said of a fit, against how much worse the unseen would be than expected."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.journals import column_mm, in_force, pen, pt, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.plan_marks import BAND, DASHED, probability_axis
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, QUIET, style
from ra_bayes.figures.trust_marks import estimand_label, estimand_scale, reference_lines, require
from ra_bayes.numbers import number, probability
from ra_bayes.tree import spec_of
from ra_bayes.trust.missing_text import tipping_words, two_arms

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["tipping_point"]

_MADE_BY = (
    "those of rb.missing_not_at_random(tree), or not_at_random.csv and tipping_points.csv as ra-bayes trust "
    "wrote them"
)
_TABLE = (
    "outcome", "estimand", "scheme", "delta", "week", "unit", "estimate", "lower", "upper", "p_benefit",
    "unseen", "patients", "ci_prob",
)  # fmt: skip
_TIPPING = (
    "estimand",
    "p_benefit",
    "cut_off",
    "tipping_point",
    "mcse",
    "in_mcids",
    "back_to_baseline",
    "unit",
)
_TITLES = MappingProxyType(
    {
        "mean_change_of_cohort": "Mean of these patients",
        "mean_change": "Typical patient of the population",
        "difference_of_cohort": "Difference of these patients",
        "difference_from_control": "Difference of typical patients",
    }
)
# Where the unseen go if they did as on placebo, or of two arms as on control.
JUMP = "jump to "
# A tipping point farther than this many times the largest shift is told, not drawn.
_FAR = 1.5
_LABEL_MM = 34.0


def tipping_point(
    tree: xr.DataTree, table: pd.DataFrame, tipping: pd.DataFrame, *, diagnosis: Diagnosis | None = None
) -> Canvas:
    """Draw the mean change and the probability of benefit against a shift of the unseen, and where it tips.

    Parameters
    ----------
    tree
        The fit.
    table, tipping
        Of :func:`~ra_bayes.missing_not_at_random`, or as ``ra-bayes trust`` stored them. A jump to the
        placebo response is drawn if the table has it.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If a table is not what it should be or not of this fit's outcome, or nobody is unseen.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.missing_not_at_random(tree)                                   # doctest: +SKIP
    >>> rb.figures.tipping_point(tree, found.table, found.tipping)               # doctest: +SKIP
    """
    require(table, _TABLE, _MADE_BY)
    require(tipping, _TIPPING, _MADE_BY)
    spec = spec_of(tree)
    if table["outcome"].iloc[0] != spec.outcome.id:
        raise RaBayesError(
            f"the table is of {table['outcome'].iloc[0]}, the fit of {spec.outcome.id}; give {_MADE_BY}"
        )
    if not table["unseen"].iloc[0] or not (table["scheme"] == "delta").any():
        raise RaBayesError(f"there is nothing to draw: {tipping_words(table, tipping)[0].rstrip('.')}")
    ratio = spec.link.change == "ratio"
    jump_at = _jump_at(_end(table, tipping), ratio=ratio)
    points = {row["estimand"]: dict(row) for _, row in tipping.iterrows()}
    with style():
        figure = Canvas(column_mm(100.0), 88.0, _notes(spec, table, tipping), warnings_of(tree, diagnosis))
        grid = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(1.15, 1.0))
        for column, estimand in enumerate(points):
            own = table[table["estimand"] == estimand]
            upper, lower = grid[:, column]
            _draw_change(upper, own, jump_at)
            _draw_chance(lower, own, points[estimand], jump_at, ratio=ratio)
            upper.set_title(_TITLES[estimand])
            if column == 0:
                upper.set_ylabel(
                    "\n".join(wrap(_label(spec, table), in_force().scale * _LABEL_MM, text_pt()))
                )
                lower.set_ylabel("Probability of benefit")
        told = str(table["estimand"].iloc[0])
        estimand_scale(grid[0, 0], spec, "y", [*table["lower"], *table["upper"]], told)
        for axes in grid[0]:
            reference_lines(axes, spec, "y", told, name=axes is grid[0, 1])
        grid[1, 0].set_ylim(-0.02 if table["p_benefit"].min() < 0.5 else 0.49, 1.02)
        _shift_axis(grid, spec, table, _end(table, tipping), jump_at)
        return figure.finish(_alt(spec, table, tipping))


def _label(spec: ModelSpec, table: pd.DataFrame) -> str:
    return estimand_label(spec, float(table["week"].iloc[0]), str(table["estimand"].iloc[0]))


def _jumps(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["scheme"].str.startswith(JUMP)]


def _aim(table: pd.DataFrame) -> str:
    """Return what the unseen jump to, if they do."""
    return str(_jumps(table)["scheme"].iloc[0]).removeprefix(JUMP)


def _end(table: pd.DataFrame, tipping: pd.DataFrame) -> float:
    """Return the largest shift that is drawn: of the table, or a tipping point not far from it."""
    shifts, tips = table["delta"].max(), tipping["tipping_point"]
    return float(max([shifts, *tips[np.isfinite(tips) & (tips <= _FAR * shifts)]]))


def _jump_at(end: float, *, ratio: bool) -> float:
    """Return where the jump is drawn: right of the largest shift, on a scale where it is none."""
    return 1.3 * end if ratio else 1.16 * end


def _shifted(own: pd.DataFrame) -> pd.DataFrame:
    return own[own["scheme"] == "delta"].sort_values("delta")


def _draw_change(axes: Axes, own: pd.DataFrame, jump_at: float) -> None:
    moved = _shifted(own)
    axes.fill_between(
        moved["delta"], moved["lower"], moved["upper"], color=POSTERIOR, alpha=0.22, linewidth=0.0, gid="band"
    )
    axes.plot(
        moved["delta"],
        moved["estimate"],
        "o-",
        color=POSTERIOR,
        linewidth=pen(1.2),
        markersize=pt(2.6),
        gid="median",
    )
    for _, row in _jumps(own).iterrows():
        ends = [row["lower"], row["upper"]]
        axes.plot([jump_at, jump_at], ends, color=INK, linewidth=pen(1.1), gid="jump interval")
        axes.plot([jump_at], [row["estimate"]], "s", color=INK, markersize=pt(3.4), gid="jump")


def _draw_chance(
    axes: Axes, own: pd.DataFrame, point: dict[str, Any], jump_at: float, *, ratio: bool
) -> None:
    moved = _shifted(own)
    shifts, chances = moved["delta"].to_numpy(), moved["p_benefit"].to_numpy()
    cut, tip, error = (float(point[each]) for each in ("cut_off", "tipping_point", "mcse"))
    axes.axhline(cut, color=QUIET, linewidth=pen(0.7), linestyle=DASHED, zorder=0, gid="cut-off")
    drawn = np.isfinite(tip) and tip <= _FAR * shifts.max()
    # There the probability is the cut-off by definition: a point of the curve like the rest.
    line = sorted([*zip(shifts, chances, strict=True), *([(tip, cut)] if drawn else [])])
    axes.plot(*zip(*line, strict=True), color=POSTERIOR, linewidth=pen(1.2), gid="benefit")
    axes.plot(shifts, chances, "o", color=POSTERIOR, markersize=pt(2.6), gid="benefit told")
    for _, row in _jumps(own).iterrows():
        axes.plot([jump_at], [row["p_benefit"]], "s", color=INK, markersize=pt(3.4), gid="jump")
    if drawn:
        axes.plot([tip, tip], [-0.1, cut], color=INK, linewidth=pen(0.6), linestyle=(0, (1, 1.5)), zorder=1)
        ends = [tip - BAND * error, tip + BAND * error]
        axes.plot(ends, [cut, cut], color=INK, linewidth=pen(1.4), zorder=4, gid="tipping error")
        axes.plot([tip], [cut], "D", color=INK, markersize=pt(4.0), zorder=5, gid="tipping point")
    axes.set_title(_told(point, ratio=ratio), fontsize=small_pt(), color=FOOTER)
    probability_axis(axes, "")


def _size(value: float, unit: str, *, ratio: bool) -> str:
    places = 2 if ratio else 1
    return f"× {number(value, places)}" if ratio else f"{number(value, places)} {unit}".rstrip()


def _told(point: dict[str, Any], *, ratio: bool) -> str:
    """Return the tipping point in a line, or why there is none."""
    cut, tip = float(point["cut_off"]), float(point["tipping_point"])
    if np.isnan(tip):
        return f"No conclusion to undo: P(benefit) is {probability(point['p_benefit'])}, not {cut:g}"
    mcids = float(point["in_mcids"])
    sized = "" if np.isnan(mcids) else f" ({mcids:.1f} MCIDs)"
    return f"Below {cut:g} from {_size(tip, point['unit'], ratio=ratio)}{sized}"


def _shift_axis(grid: Any, spec: ModelSpec, table: pd.DataFrame, end: float, jump_at: float) -> None:
    """Set the axis of shifts, with a place of its own for the jump."""
    ratio = spec.link.change == "ratio"
    jump = len(_jumps(table)) > 0
    farthest = jump_at if jump else end
    first = grid[1, 0]
    if ratio:
        first.set_xscale("log")
        first.set_xlim(0.96, 1.06 * farthest)
        log_axis(first.xaxis)
        ticks = [each for each in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0) if each <= end]
    else:
        pad = 0.04 * farthest
        first.set_xlim(-pad, farthest + pad)
        first.locator_params(axis="x", nbins=5)
        ticks = [each for each in first.get_xticks() if 0.0 <= each <= end]
    names = [f"{each:g}" for each in ticks]
    first.set_xticks([*ticks, jump_at] if jump else ticks, [*names, _aim(table)] if jump else names)
    first.xaxis.minorticks_off()
    unit = "" if ratio or not spec.outcome.unit else f" ({spec.outcome.unit})"
    for axes in grid[1]:
        axes.set_xlabel(f"Unseen visits worse by{' a factor of' if ratio else unit}")


def _notes(spec: ModelSpec, table: pd.DataFrame, tipping: pd.DataFrame) -> str:
    unseen, patients = int(table["unseen"].iloc[0]), int(table["patients"].iloc[0])
    whose = "treated patients" if two_arms(table) else "patients"
    ratio = spec.link.change == "ratio"
    needed = float(tipping["needed"].iloc[0])
    more = needed > (1.0 if ratio else 0.0)
    gain = f"a gain of more than {_size(needed, spec.outcome.unit, ratio=ratio)}" if more else "any gain"
    have = "has" if unseen == 1 else "have"
    notes = [
        f"{unseen} of {patients} {whose} {have} no record at week {table['week'].iloc[0]:g}: what happens if "
        "their unseen visits are worse than their records let one expect. Above: median with "
        f"{interval_name(float(table['ci_prob'].iloc[0]))}. Below: probability of {gain}; dashed, what is "
        "asked; diamond, tipping point with its 95% Monte Carlo interval."
    ]
    if two_arms(table):
        notes.append("The control arm's unseen visits stay as expected.")
    if len(_jumps(table)):
        notes.append(f"Square: the unseen as on {_aim(table)}.")
    return " ".join([*notes, "No record speaks for or against any shift."])


def _alt(spec: ModelSpec, table: pd.DataFrame, tipping: pd.DataFrame) -> str:
    first = table.iloc[0]
    head = (
        f"{_label(spec, table)} against a shift of the unseen visits of {int(first['unseen'])} of "
        f"{int(first['patients'])} {'treated ' * two_arms(table)}patients, median with "
        f"{interval_name(float(first['ci_prob']))}, and the probability of benefit."
    )
    words = " ".join(tipping_words(table, tipping))
    jumps = _jumps(table)
    told = [
        f"As on {_aim(table)}, {_TITLES[row['estimand']].lower()}: benefit {probability(row['p_benefit'])}."
        for _, row in jumps.iterrows()
    ]
    return " ".join([head, words, *told])
