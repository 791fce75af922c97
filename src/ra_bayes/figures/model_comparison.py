"""Models compared: how much worse each predicts, which patients say so, and their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.style import INK, POSTERIOR, QUIET, patient_style, style
from ra_bayes.numbers import interval, listed, number
from ra_bayes.outcomes import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ra_bayes.comparison.comparison import Comparison

__all__ = ["model_comparison"]

_ROW_MM, _REST_MM = 8.0, 20.0
# Beyond as many, patients are dots of one kind.
_NAMED = 12


def model_comparison(comparison: Comparison) -> Canvas:
    """Draw the differences of models in what they predict, patient by patient, and their weights.

    Left, each model's difference in elpd to the best with its interval, by patient and by record; in the
    middle, what each patient contributes to the difference by patient; right, the stacking weights with their
    range as each patient is left out of the weighing.

    Parameters
    ----------
    comparison
        From :func:`~ra_bayes.compare`.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.model_comparison(rb.compare(trees)).savefig("figure-s5.pdf")    # doctest: +SKIP
    """
    models, patients = comparison.models, comparison.patients
    with style():
        width = column_mm(150.0)
        warnings = ("Synthetic data: no patient was measured.",) if models["synthetic"].iloc[0] else ()
        figure = Canvas(width, _ROW_MM * len(models) + _REST_MM, _notes(comparison), warnings)
        # Names of models stand left of the first panel; where text is large the numbers get less room.
        shares = (1.3, 1.15, 0.75) if house_mm(width) >= 150.0 else (1.2, 1.1, 0.8)
        grid = figure.add_gridspec(1, 3, width_ratios=shares)
        first = figure.add_subplot(grid[0, 0])
        _draw_differences(first, models)
        _draw_patients(figure.add_subplot(grid[0, 1], sharey=first), models, patients)
        _draw_weights(figure.add_subplot(grid[0, 2], sharey=first), models)
        return figure.finish(_alt(comparison))


def _draw_differences(axes: Axes, models: pd.DataFrame) -> None:
    """Draw sums of differences with their intervals: filled by patient, open by record."""
    for k, row in enumerate(models.to_dict("records")):
        for prefix, shift, face, gid in (
            ("", -0.14, INK, "by-patient"),
            ("record_", 0.14, "white", "by-record"),
        ):
            y = k + shift
            if k:
                ends = row[f"{prefix}lower"], row[f"{prefix}upper"]
                axes.hlines(y, *ends, color=INK, linewidth=pen(0.9), gid=f"{gid}-interval")
            axes.plot(
                row[f"{prefix}diff"],
                y,
                "o",
                color=INK,
                markerfacecolor=face,
                markersize=pt(3.4),
                markeredgewidth=pen(0.6),
                gid=gid,
            )
    axes.axvline(0.0, color=QUIET, linewidth=pen(0.6), zorder=0)
    axes.set_ylim(len(models) - 0.45, -0.55)
    axes.set_yticks(range(len(models)), [_name(each) for each in models["model"]])
    axes.tick_params(axis="y", length=0.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_title("Difference to the best")
    axes.set_xlabel("Difference in elpd")


def _draw_patients(axes: Axes, models: pd.DataFrame, patients: pd.DataFrame) -> None:
    """Draw each patient's part of the difference, spread over the row in the cohort's order."""
    names = list(dict.fromkeys(patients["patient"]))
    named = len(names) <= _NAMED
    for k, model in enumerate(models["model"]):
        if not k:
            continue
        own = patients[patients["model"] == model].set_index("patient")["diff"]
        for i, name in enumerate(names):
            look = patient_style(i) if named else {"color": INK, "marker": "o", "markersize": pt(2.4)}
            y = k + 0.56 * ((i + 0.5) / len(names) - 0.5)
            shown = short_name(name) if named and k == 1 else None
            axes.plot(float(own[name]), y, linestyle="none", label=shown, gid="patient", **look)
    # Not through the key, which stands where the best model has nothing to show.
    axes.vlines(0.0, 0.5, len(models) - 0.45, color=QUIET, linewidth=pen(0.6), zorder=0)
    axes.tick_params(axis="y", length=0.0, labelleft=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_title("Each patient's part")
    axes.set_xlabel("Difference in elpd")
    if named:
        axes.legend(
            loc="upper left",
            ncols=3,
            borderpad=0.1,
            columnspacing=0.6,
            handletextpad=0.1,
            labelspacing=0.15,
            bbox_to_anchor=(0.0, 1.0),
        )


def _draw_weights(axes: Axes, models: pd.DataFrame) -> None:
    """Draw stacking weights as bars, with their range as each patient is left out of the weighing."""
    for k, row in enumerate(models.to_dict("records")):
        axes.barh(k, row["weight"], 0.44, color=POSTERIOR, alpha=0.35, linewidth=0.0, gid="weight")
        axes.hlines(
            k, row["weight_least"], row["weight_most"], color=INK, linewidth=pen(0.9), gid="weight-range"
        )
        axes.annotate(
            f"{row['weight']:.2f}",
            (1.0, k),
            xytext=(pt(3.0), 0.0),
            textcoords="offset points",
            va="center",
            fontsize=small_pt(),
            annotation_clip=False,
        )
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.5, 1.0])
    axes.tick_params(axis="y", length=0.0, labelleft=False)
    axes.set_title("Stacking weight")
    axes.set_xlabel("Share of the mixture")


def _name(model: str) -> str:
    return model if len(model) <= 18 else f"{model[:17]}…"


def _ci(models: pd.DataFrame) -> str:
    return f"{100.0 * models['ci_prob'].iloc[0]:g}% t interval (equal-tailed)"


def _label(comparison: Comparison) -> str:
    known = OUTCOMES.get(comparison.outcome)
    return known.label if known else comparison.outcome


def _notes(comparison: Comparison) -> str:
    count = comparison.patients["patient"].nunique()
    unsure = f"{100.0 / np.sqrt(2.0 * (count - 1)):.0f}%"
    return (
        f"{_label(comparison)}, n = {count} patients. elpd: log predictive density. Filled: all records of a "
        "patient, told by a fit to the others; open: each record, told by all others. Lines: "
        f"{_ci(comparison.models)} of the difference over patients, whose SE is itself unsure by about "
        f"{unsure}. Weights: bars, with everybody; lines, range as each patient is left out of the weighing."
    )


def _alt(comparison: Comparison) -> str:
    models, count = comparison.models, comparison.patients["patient"].nunique()
    best, *others = models.to_dict("records")
    told = [
        f"{row['model']}, {number(row['diff'], 1)} ({_ci(models)} {interval(row['lower'], row['upper'], 1)})"
        for row in others
    ]
    shares = [f"{row['model']} {row['weight']:.2f}" for row in models.to_dict("records")]
    return (
        f"{len(models)} models of {_label(comparison)} compared by what they predict of {count} patients. "
        f"{best['model']} predicts best, with an elpd of {number(best['elpd'], 1)}; differences to it: "
        f"{'; '.join(told)}. Stacking weights: {listed(shares)}."
    )
