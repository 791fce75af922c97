"""What is the prior's and what the data's: every estimand under other priors, and a verdict beside each."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.comparison.observed import observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.names import name_of
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import change_scale, patients_words
from ra_bayes.figures.journals import column_mm, in_force, pen, pt, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, style
from ra_bayes.figures.trust_marks import abreast, fitting, is_difference, require, title_of
from ra_bayes.numbers import decimals, how_many, number, probability
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["sensitivity"]

_PANEL_MM, _NAMES_MM, _ROW_MM = 37.0, 20.0, 2.5
# Least height of a row of panels, and of what stands under them.
_LEAST_MM, _FOOT_MM = 31.0, 20.0
_MADE_BY = "those of rb.sensitivity(tree), or sensitivity.csv and variants.csv as ra-bayes trust wrote them"
_TABLE = (
    "estimand", "week", "unit", "estimate", "lower", "upper", "share", "psense_prior", "psense_likelihood",
    "verdict", "ci_prob",
)  # fmt: skip
_VARIANTS = ("estimand", "week", "variant", "estimate", "lower", "upper", "route", "passed")
# As the axis calls them, from top to bottom: place, name.
_PLACES = MappingProxyType(
    {
        "as fitted": (0.0, "As fitted"),
        "prior scales halved": (1.2, "Prior scales × ½"),
        "prior scales doubled": (2.2, "Prior scales × 2"),
        "prior to the power 0.5": (3.4, "Prior, power ½"),
        "prior to the power 2": (4.4, "Prior, power 2"),
        "likelihood to the power 0.5": (5.6, "Data, power ½"),
        "likelihood to the power 2": (6.6, "Data, power 2"),
    }
)
# A verdict is told apart in grey, and by its word.
_CHIPS = MappingProxyType(
    {"data-led": ("white", INK), "shared": ("#d4d4d4", INK), "prior-led": ("#404040", "white")}
)


def sensitivity(
    tree: xr.DataTree, table: pd.DataFrame, variants: pd.DataFrame, *, diagnosis: Diagnosis | None = None
) -> Canvas:
    """Draw each estimand as fitted, under other prior scales, and with prior and data raised to a power.

    Parameters
    ----------
    tree
        The fit.
    table, variants
        Of :func:`~ra_bayes.sensitivity`, or as ``ra-bayes trust`` stored them.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If a table is not what it should be, or the two are not of the same estimands.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.sensitivity(tree)                                            # doctest: +SKIP
    >>> rb.figures.sensitivity(tree, found.table, found.variants)               # doctest: +SKIP
    """
    require(table, _TABLE, _MADE_BY)
    require(variants, _VARIANTS, _MADE_BY)
    by_key = dict(iter(variants.groupby(_keys(variants), sort=False)))
    entries = [dict(row) for _, row in table.iterrows()]
    keys = [*_keys(table)]
    lost = [key for key in keys if key not in by_key]
    if lost:
        raise RaBayesError(
            f"the table of variants has nothing of {lost[0].partition('|')[0]}; give {_MADE_BY}"
        )
    with style():
        width = column_mm(150.0)
        columns = abreast(width, _PANEL_MM, len(entries), _NAMES_MM)
        rows = min(-(-len(entries) // columns), fitting(_LEAST_MM, _FOOT_MM))
        shown = entries[: rows * columns]
        figure = Canvas(
            width,
            rows * (_ROW_MM * 7.8 + 15.0),
            _notes(tree, table, variants, len(shown)),
            warnings_of(tree, diagnosis),
        )
        grid = figure.add_gridspec(rows, columns)
        room = 0.92 * (width - in_force().scale * _NAMES_MM) / columns
        spec = spec_of(tree)
        for place, (key, entry) in enumerate(zip(keys, shown, strict=False)):
            axes = figure.add_subplot(grid[divmod(place, columns)])
            _draw(axes, spec, entry, by_key[key], room, named=place % columns == 0)
        return figure.finish(_alt(tree, entries))


def _keys(table: pd.DataFrame) -> pd.Series:
    """Return estimand and week as a text, since no week (NaN) equals nothing."""
    return table["estimand"] + "|" + table["week"].map("{:g}".format)


def _draw(
    axes: Axes, spec: ModelSpec, entry: dict[str, Any], variants: pd.DataFrame, room_mm: float, *, named: bool
) -> None:
    event = not np.isfinite(entry["lower"])
    fitted = {**entry, "variant": "as fitted", "route": "re-fit", "passed": True}
    rows = [fitted, *(dict(row) for _, row in variants.iterrows())]
    if not event:
        axes.axvspan(entry["lower"], entry["upper"], color="#ececec", linewidth=0.0, zorder=-1, gid="fitted")
    axes.axvline(entry["estimate"], color=FOOTER, linewidth=pen(0.5), linestyle=(0, (1, 1.5)), zorder=0)
    for row in rows:
        if row["variant"] in _PLACES:
            _mark(axes, row, _PLACES[row["variant"]][0], event=event)
    axes.set_ylim(7.2, -0.6)
    axes.set_yticks([place for place, _ in _PLACES.values()])
    axes.set_yticklabels([name for _, name in _PLACES.values()] if named else [])
    axes.tick_params(axis="y", length=0.0)
    axes.spines["left"].set_visible(False)
    _scale(axes, spec, entry, rows, event=event)
    title = wrap(_title(entry), room_mm, text_pt())
    # Room for the line of the verdict.
    axes.set_title("\n".join(title), pad=pt(14.0))
    _verdict(axes, entry, event=event)


def _mark(axes: Axes, row: dict[str, Any], place: float, *, event: bool) -> None:
    """Draw a variant: filled where it was sampled, open where draws were weighted; words if not at all."""
    if not np.isfinite(row["estimate"]):
        axes.text(
            0.02,
            place,
            "not known",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=small_pt(),
            color=FOOTER,
        )
        return
    as_fitted = row["variant"] == "as fitted"
    colour = INK if as_fitted else POSTERIOR
    if not event:
        axes.plot(
            [row["lower"], row["upper"]],
            [place, place],
            color=colour,
            linewidth=pen(1.4 if as_fitted else 0.9),
            linestyle="-" if row["passed"] else (0, (1, 1)),
            solid_capstyle="butt",
            gid="interval",
        )
    axes.plot(
        [row["estimate"]],
        [place],
        marker="d" if as_fitted else "o",
        markersize=pt(4.6 if as_fitted else 3.2),
        markerfacecolor=colour if row["route"] == "re-fit" else "white",
        markeredgecolor=colour,
        markeredgewidth=pen(0.7),
        zorder=3,
        gid="estimate",
    )


def _scale(
    axes: Axes, spec: ModelSpec, entry: dict[str, Any], rows: list[dict[str, Any]], *, event: bool
) -> None:
    ends = np.array([[row["lower"], row["estimate"], row["upper"]] for row in rows], dtype=float)
    ends = ends[np.isfinite(ends)]
    if entry["unit"] == "ratio":
        change_scale(axes, "x", spec, ends)
        return
    if is_difference(entry["estimand"]) and entry["unit"] == "share of patients":
        ends = np.append(ends, 0.0)
    elif event or entry["unit"] == "share of patients":
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0.0, 0.5, 1.0])
        return
    pad = 0.05 * float(np.ptp(ends)) or 0.1
    axes.set_xlim(ends.min() - pad, ends.max() + pad)
    axes.locator_params(axis="x", nbins=4)


def _title(entry: dict[str, Any]) -> str:
    unit = entry["unit"]
    told = f" ({unit})" if unit and unit not in ("probability", "share of patients", "patients") else ""
    return f"{title_of(entry['estimand'])}{told}"


def _verdict(axes: Axes, entry: dict[str, Any], *, event: bool) -> None:
    """Write the verdict and the prior's share in a line above the panel."""
    face, ink = _CHIPS[entry["verdict"]]
    axes.annotate(
        entry["verdict"],
        (0.0, 1.0),
        xycoords="axes fraction",
        xytext=(pt(2.0), pt(4.0)),
        textcoords="offset points",
        fontsize=small_pt(),
        color=ink,
        va="bottom",
        bbox={"boxstyle": "square,pad=0.2", "facecolor": face, "edgecolor": INK, "linewidth": pen(0.4)},
        gid="verdict",
    )
    share = "" if event else f"prior {min(entry['share'], 9.99):.0%}"
    axes.annotate(
        share,
        (1.0, 1.0),
        xycoords="axes fraction",
        xytext=(0.0, pt(4.0)),
        textcoords="offset points",
        fontsize=small_pt(),
        ha="right",
        va="bottom",
        gid="share",
    )
    psense = [entry[f"psense_{each}"] for each in ("prior", "likelihood")]
    told = ["–" if not np.isfinite(each) else f"{each:.2f}" for each in psense]
    axes.set_xlabel(f"psense {told[0]}, {told[1]}", fontsize=small_pt(), color=FOOTER, labelpad=pt(1.0))


def _notes(tree: xr.DataTree, table: pd.DataFrame, variants: pd.DataFrame, shown: int) -> str:
    interval = interval_name(float(table["ci_prob"].iloc[0]))
    spec = spec_of(tree)
    week = spec.reference_week
    notes = [
        f"{spec.outcome.label}, {patients_words(_patients(tree))}. Estimands at week {week:g} or of all "
        f"weeks, and the model's SDs: posterior median with {interval}; a probability by itself. Grey: as "
        "fitted. Filled: sampled anew. Open: draws weighted. Data: the likelihood. Above a panel: who leads, "
        "and the prior's share of the posterior's precision. psense: power-scaling sensitivity to the prior, "
        "to the likelihood (0.05 or more: sensitive)."
    ]
    if shown < len(table):
        notes.append(f"Drawn are the first {shown} of {len(table)} estimands.")
    if variants["estimate"].isna().any():
        notes.append("Not known: neither weights nor an exact re-fit will do.")
    if not variants.loc[variants["route"] == "re-fit", "passed"].all():
        notes.append("Dotted: that re-fit did not pass its gate.")
    return " ".join(notes)


def _patients(tree: xr.DataTree) -> int:
    return len(observed(tree, spec_of(tree)).patients)


def _name(entry: dict[str, Any]) -> str:
    return name_of(entry["estimand"]).replace(" sd", " SD")


def _alt(tree: xr.DataTree, entries: list[dict[str, Any]]) -> str:
    def told(entry: dict[str, Any]) -> str:
        places = decimals(entry["lower"], entry["upper"], ratio=entry["unit"] == "ratio")
        if not np.isfinite(entry["lower"]):
            return f"{_name(entry)} {probability(entry['estimate'])}, {entry['verdict']}"
        ends = (number(entry[each], places) for each in ("estimate", "lower", "upper"))
        return "{} {} ({} to {}), {}".format(_name(entry), *ends, entry["verdict"])

    interval = interval_name(float(entries[0]["ci_prob"]))
    return (
        f"Estimands of {spec_of(tree).outcome.label} in {how_many(_patients(tree))} as fitted and under "
        f"other priors, with {interval} and who leads: {'; '.join(map(told, entries))}."
    )
