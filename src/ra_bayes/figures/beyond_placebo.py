"""The mean change with and without the placebo response of other trials taken off, as distributions."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.comparison.observed import observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.style import INK, POSTERIOR, PRIOR, style
from ra_bayes.figures.trust_marks import estimand_label, estimand_scale, reference_lines, require
from ra_bayes.numbers import decimals, how_many, number, probability
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["beyond_placebo"]

_ROW_MM = 7.6
_HEAD = -0.75
_APART = 0.17
_MADE_BY = "what rb.change_beyond_placebo(tree) returned, or beyond_placebo.csv as ra-bayes trust wrote it"
_TABLE = (
    "outcome", "version", "week", "unit", "placebo", "placebo_lower", "placebo_upper", "estimate", "lower",
    "upper", "p_benefit", "p_mcid", "ci_prob", "arms", "note",
)  # fmt: skip
_NAMES = MappingProxyType(
    {
        "as seen": "As seen",
        "page": "Less placebo\nof the model page",
        "arms on file": "Less placebo of\nthe arms on file",
        "arms on file, robust": "Less placebo of\nthe arms, robust",
    }
)


def beyond_placebo(tree: xr.DataTree, table: pd.DataFrame, *, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw the mean change as seen and beyond the historical placebo change, with the placebo change itself.

    Parameters
    ----------
    tree
        The fit.
    table
        Of :func:`~ra_bayes.change_beyond_placebo`, or as ``ra-bayes trust`` stored it.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure between one column and two wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the table is not what it should be, not of this fit's outcome, or has no placebo change.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.beyond_placebo(tree, rb.change_beyond_placebo(tree))           # doctest: +SKIP
    """
    require(table, _TABLE, _MADE_BY)
    spec = spec_of(tree)
    if table["outcome"].iloc[0] != spec.outcome.id:
        raise RaBayesError(
            f"the table is of {table['outcome'].iloc[0]}, the fit of {spec.outcome.id}; give {_MADE_BY}"
        )
    rows = [dict(row) for _, row in table.iterrows() if np.isfinite(row["estimate"])]
    if len(rows) < 2:
        why = "; ".join(dict.fromkeys(filter(None, table["note"])))
        raise RaBayesError(f"there is no placebo change to take off: {why or 'the table has none'}")
    with style():
        figure = Canvas(
            column_mm(100.0),
            12.0 + _ROW_MM * (len(rows) + 0.4),
            _notes(table, rows, len(observed(tree, spec).patients)),
            warnings_of(tree, diagnosis),
        )
        grid = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.0))
        axes = figure.add_subplot(grid[0, 0])
        _draw(axes, spec, rows)
        _write(figure.add_subplot(grid[0, 1], sharey=axes), spec, rows)
        return figure.finish(_alt(tree, spec, rows))


def _draw(axes: Axes, spec: ModelSpec, rows: list[dict[str, Any]]) -> None:
    ends = [row[name] for row in rows for name in ("lower", "upper", "placebo_lower", "placebo_upper")]
    estimand_scale(axes, spec, "x", ends, ticks=4)
    axes.set_ylim(len(rows) - 0.45, _HEAD - 0.35)
    reference_lines(axes, spec, "x")
    for place, row in enumerate(rows):
        for names, shift, colour, marker, gid in (
            (("placebo_lower", "placebo", "placebo_upper"), -_APART, PRIOR, "s", "placebo"),
            (("lower", "estimate", "upper"), _APART, POSTERIOR, "o", "change"),
        ):
            lower, middle, upper = (float(row[name]) for name in names)
            if not np.isfinite(middle):
                continue
            y = place + (shift if np.isfinite(row["placebo"]) else 0.0)
            axes.plot(
                [lower, upper],
                [y, y],
                color=colour,
                linewidth=pen(1.2),
                solid_capstyle="butt",
                gid=f"{gid} interval",
            )
            axes.plot(
                [middle],
                [y],
                marker=marker,
                markersize=pt(4.0),
                markerfacecolor="white" if gid == "placebo" else colour,
                markeredgecolor=colour,
                markeredgewidth=pen(0.8),
                zorder=3,
                gid=gid,
            )
    axes.set_yticks(range(len(rows)), [_NAMES.get(row["version"], row["version"]) for row in rows])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)
    axes.set_xlabel(estimand_label(spec, float(rows[0]["week"])), wrap=True)


def _write(axes: Axes, spec: ModelSpec, rows: list[dict[str, Any]]) -> None:
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)
    with_mcid = any(np.isfinite(row["p_mcid"]) for row in rows)
    places = _places(spec, rows)

    def write(y: float, *cells: str, colour: str = INK) -> None:
        for x, cell, side in zip((0.0, 0.70, 1.0), cells, ("left", "right", "right"), strict=True):
            axes.text(x, y, cell, ha=side, va="center", fontsize=small_pt(), color=colour)

    write(
        _HEAD, f"Median ({100.0 * rows[0]['ci_prob']:g}% CrI)", "P(better)", "P(≥ MCID)" if with_mcid else ""
    )
    for place, row in enumerate(rows):
        taken = np.isfinite(row["placebo"])
        if taken:
            told = _told(row, ("placebo", "placebo_lower", "placebo_upper"), places)
            write(place - _APART, told, "", "", colour="#5c5c5c")
        chances = (probability(row[each]) for each in ("p_benefit", "p_mcid"))
        write(
            place + (_APART if taken else 0.0), _told(row, ("estimate", "lower", "upper"), places), *chances
        )


def _places(spec: ModelSpec, rows: list[dict[str, Any]]) -> int:
    return decimals(rows[0]["lower"], rows[0]["upper"], ratio=spec.link.change == "ratio")


def _told(row: dict[str, Any], names: tuple[str, str, str], places: int) -> str:
    return "{} ({} to {})".format(*(number(row[name], places) for name in names))


def _notes(table: pd.DataFrame, rows: list[dict[str, Any]], patients: int) -> str:
    interval = interval_name(float(rows[0]["ci_prob"]))
    notes = [
        f"Open squares: placebo change of other trials. Circles: the change ({patients_words(patients)}), "
        f"and what is left of it; median with {interval}, CrI. P(better): that it is for the better; P(≥ "
        "MCID): that the mean is at least the important change. Not a randomised comparison."
    ]
    # The robust version has the same arms.
    sources = {
        row["version"]: row["arms"]
        for row in rows
        if row["arms"] and row["version"] != "arms on file, robust"
    }
    names = {"page": "Model page", "arms on file": "Arms on file"}
    notes += [
        f"{names.get(version, version)}: {arms}.".replace(" -", " −") for version, arms in sources.items()
    ]
    without = table[~np.isfinite(table["estimate"])]
    notes += [f"{str(row['version']).capitalize()}: none, as {row['note']}." for _, row in without.iterrows()]
    return " ".join(notes)


def _alt(tree: xr.DataTree, spec: ModelSpec, rows: list[dict[str, Any]]) -> str:
    places = _places(spec, rows)
    names = {version: name.replace("\n", " ") for version, name in _NAMES.items()}
    told = "; ".join(
        f"{names.get(row['version'], row['version'])} {_told(row, ('estimate', 'lower', 'upper'), places)}"
        for row in rows
    )
    return (
        f"{estimand_label(spec, float(rows[0]['week']))}, in {how_many(len(observed(tree, spec).patients))}, "
        "with and without the placebo response of other trials, median with "
        f"{interval_name(float(rows[0]['ci_prob']))}: {told}."
    )
