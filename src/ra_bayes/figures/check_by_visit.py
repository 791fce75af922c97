"""Predictive check by visit and patient: what a group's records add up to, over replicates' intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from ra_bayes.comparison.predictive_checks import predictive_checks
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt
from ra_bayes.figures.marks import log_axis, short_name
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, style
from ra_bayes.numbers import how_many
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["check_by_visit"]

_PANEL_MM, _DEEP_MM = 31.0, 34.0
_MOST_PATIENTS = 24
_IN_ITS_UNIT = ("Mean", "SD", "Geometric mean", "Lowest record", "Highest record")
_MOST_NAMES = 14
# Beyond these a dot is open.
_FAR = 0.05


def check_by_visit(tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw mean, spread and extremes of the records of each visit and patient over replicates' intervals.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the posterior predictive intervals.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability, or the tree holds no replicates.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.check_by_visit(tree).savefig("figure-s3.pdf")     # doctest: +SKIP
    """
    interval_name(ci_prob)
    spec, table = spec_of(tree), predictive_checks(tree, ci_prob=ci_prob)
    patients = table.loc[table["by"] == "patient", "patient"].nunique()
    rows = ["visit", "patient"] if patients <= _MOST_PATIENTS else ["visit"]
    table = table[table["by"].isin(rows)]
    with style():
        width = column_mm(150.0)
        columns = max(2, min(int(house_mm(width) // _PANEL_MM), 5))
        statistics = list(dict.fromkeys(table["statistic"]))[:columns]
        # A single statistic's two panels stand side by side.
        deep = len(rows) if len(statistics) > 1 else 1
        left_out = [*dict.fromkeys(table["statistic"])][columns:]
        notes = _notes(spec, rows, ci_prob, patients, left_out)
        figure = Canvas(width, _DEEP_MM * deep, notes, warnings_of(tree, diagnosis))
        grid = figure.add_gridspec(deep, len(statistics) * len(rows) // deep)
        for r, by in enumerate(rows):
            for c, statistic in enumerate(statistics):
                own = table[(table["by"] == by) & (table["statistic"] == statistic)]
                axes = figure.add_subplot(grid[(r, c) if deep > 1 else (0, r + c)])
                _draw(axes, spec, own, by)
                if r == 0 or deep == 1:
                    axes.set_title(_title(statistic, spec))
        return figure.finish(_alt(spec, table, patients, ci_prob))


def _draw(axes: Axes, spec: ModelSpec, own: pd.DataFrame, by: str) -> None:
    """Draw one statistic of every group: recorded over the interval of replicated ones."""
    if own.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "Not of one\nrecord", ha="center", va="center", fontsize=small_pt(), color=FOOTER)
        return
    place = np.arange(len(own))
    axes.vlines(
        place, own["lower"], own["upper"], color=POSTERIOR, alpha=0.35, linewidth=pen(3.2), gid="interval"
    )
    far = ((own["p"] < _FAR) | (own["p"] > 1.0 - _FAR)).to_numpy()
    for kept, face, gid in ((~far, INK, "recorded"), (far, "white", "far")):
        axes.plot(
            place[kept],
            own["recorded"].to_numpy()[kept],
            "o",
            color=INK,
            markerfacecolor=face,
            markersize=pt(3.0),
            markeredgewidth=pen(0.7),
            gid=gid,
        )
    names = (
        [f"{week:g}" for week in own["week"]]
        if by == "visit"
        else [short_name(each) for each in own["patient"]]
    )
    turned = by == "patient" and sum(map(len, names)) > 18
    # Side by side no more turned names can be read than this.
    step = -(-len(names) // _MOST_NAMES) if turned else 1
    names = [name if k % step == 0 else "" for k, name in enumerate(names)]
    axes.set_xticks(place, names, rotation=90.0 if turned else 0.0)
    axes.set_xlim(-0.6, max(len(own) - 0.4, 0.6))
    if spec.on_log and not spec.rounding and own["unit"].eq(spec.outcome.unit).all():
        axes.set_yscale("log")
        log_axis(axes.yaxis)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    if own["unit"].eq("share of records").all():
        top = max(float(own[["upper", "recorded"]].to_numpy().max()), 0.2)
        axes.set_ylim(-0.06 * top, 1.06 * top)
    axes.set_xlabel("Week" if by == "visit" else "Patient")


def _title(statistic: str, spec: ModelSpec) -> str:
    words = statistic[0].upper() + statistic[1:]
    short = {
        "Share below the limit of quantification": "Share below limit",
        "Share above the limit of quantification": "Share above limit",
    }
    if statistic.startswith("share at "):
        return words.split(",")[0]
    unit = f", {spec.outcome.unit}" if spec.outcome.unit and words in _IN_ITS_UNIT else ""
    return short.get(words, words) + unit


def _interval(ci_prob: float) -> str:
    return interval_name(ci_prob).replace("credible", "posterior predictive")


def _notes(spec: ModelSpec, rows: list[str], ci_prob: float, patients: int, left_out: list[str]) -> str:
    groups = "a visit or a patient" if len(rows) > 1 else "a visit"
    notes = [
        f"{spec.outcome.label}, {patients_words(patients)}.",
        f"Dots: the records of {groups}; bars: {_interval(ci_prob)} of replicates of the same patients.",
        f"Open dots: Pr(replicate lower), ties halved, below {_FAR:g} or above {1.0 - _FAR:g}.",
        "Levels were learned from these records, so that dots lie nearer to the middle than others' would.",
    ]
    if not spec.binary:
        notes.append("What lies beyond a limit of quantification stands at the limit.")
    if left_out:
        notes.append(f"No room for: {', '.join(left_out)}.")
    return " ".join(notes)


def _alt(spec: ModelSpec, table: pd.DataFrame, patients: int, ci_prob: float) -> str:
    far = table[(table["p"] < _FAR) | (table["p"] > 1.0 - _FAR)].to_dict("records")
    told = [
        f"{row['statistic']} {_where(row)} ({'lower' if row['p'] < _FAR else 'higher'})" for row in far[:6]
    ]
    unit = f" ({spec.outcome.unit})" if spec.outcome.unit else ""
    rest = f" and {len(far) - 6} more" if len(far) > 6 else ""
    said = f"Unlike the replicates: {', '.join(told)}{rest}." if told else "All are like their replicates."
    return (
        f"Posterior predictive check of {spec.outcome.label}{unit} by visit and by patient, in "
        f"{how_many(patients)}: {len(table)} statistics over their {_interval(ci_prob)}. {said}"
    )


def _where(row: dict[Any, Any]) -> str:
    return f"at week {row['week']:g}" if row["by"] == "visit" else f"of {row['patient']}"
