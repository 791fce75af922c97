"""What figures of trust share: tables checked, the axis of the main estimand, how many panels have room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.names import name_of
from ra_bayes.figures.change_axis import Way, change_label, change_scale, draw_zero, signed, signed_mcid
from ra_bayes.figures.journals import house_mm, in_force, pen, pt, small_pt
from ra_bayes.figures.style import FOOTER, QUIET

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = [
    "abreast",
    "estimand_label",
    "estimand_scale",
    "fitting",
    "is_difference",
    "reference_lines",
    "require",
    "title_of",
]


def require(table: pd.DataFrame, columns: Sequence[str], made_by: str) -> None:
    """Refuse a table that is not what a figure draws.

    Parameters
    ----------
    table
        What the user gave.
    columns
        Those that the figure reads.
    made_by
        What makes such a table, for the sentence.

    Raises
    ------
    RaBayesError
        If a column is missing, or there is no row.
    """
    missing = [name for name in columns if name not in table]
    if missing:
        raise RaBayesError(f"the table has no column {missing[0]!r}; give {made_by}")
    if not len(table):
        raise RaBayesError(f"the table has no rows; give {made_by}")


def abreast(width_mm: float, panel_mm: float, number: int, names_mm: float = 0.0) -> int:
    """Return how many panels stand side by side, in rows as even as can be.

    Parameters
    ----------
    width_mm
        Of the figure.
    panel_mm
        What a panel needs at the house's text size.
    number
        How many panels there are.
    names_mm
        What is left of them needs, likewise.

    Examples
    --------
    >>> abreast(183.0, 40.0, 12), abreast(183.0, 40.0, 5)
    (4, 3)
    """
    most = max(1, int((house_mm(width_mm) - names_mm) // panel_mm))
    rows = -(-number // most)
    return -(-number // rows)


def fitting(row_mm: float, rest_mm: float) -> int:
    """Return how many rows of a least height fit above one another into the journal's greatest height.

    Examples
    --------
    >>> fitting(4.0, 47.0)
    50
    """
    return max(1, int((house_mm(in_force().tallest_mm) - rest_mm) // row_mm))


def title_of(estimand: str) -> str:
    """Return an estimand's or parameter's name as the title of a panel.

    Examples
    --------
    >>> title_of("mean_change"), title_of("baseline_sd")
    ('Change of the typical patient', 'Baseline SD')
    """
    name = name_of(estimand)
    return f"{name[0].upper()}{name[1:]}".replace(" sd", " SD")


def is_difference(estimand: str) -> bool:
    """Return whether an estimand is of two arms, the treated less the control.

    Examples
    --------
    >>> is_difference("difference_from_control"), is_difference("mean_change")
    (True, False)
    """
    return estimand.startswith("difference_")


def estimand_label(spec: ModelSpec, week: float, estimand: str = "mean_change") -> str:
    """Return what a population's main estimand is, as an axis says it.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> estimand_label(load_model("vas"), 24.0), estimand_label(load_model("acr20"), 16.0)
    ('Mean change in Pain (VAS) at week 24 (mm)', 'Rate of ACR20 response at week 16')
    >>> estimand_label(load_model("vas"), 24.0, "difference_from_control")
    'Difference from the control arm in Pain (VAS) at week 24 (mm)'
    """
    if is_difference(estimand):
        unit = "" if spec.binary or not spec.outcome.unit else f" ({spec.outcome.unit})"
        if spec.link.change == "ratio" and not spec.binary:
            return f"{spec.outcome.label}, week {week:g}, relative to the control arm (ratio)"
        what = "Difference in rates of" if spec.binary else "Difference from the control arm in"
        return f"{what} {spec.outcome.label} at week {week:g}{unit}"
    if spec.binary:
        return f"Rate of {spec.outcome.label} at week {week:g}"
    label = change_label(spec, week)
    return label if spec.link.change == "ratio" else f"Mean {label[0].lower()}{label[1:]}"


def estimand_scale(
    axes: Axes,
    spec: ModelSpec,
    way: Way,
    values: Sequence[float],
    estimand: str = "mean_change",
    *,
    ticks: int = 5,
) -> None:
    """Set an axis of the main estimand so that it holds these values, and no change where it is one."""
    if not spec.binary:
        change_scale(axes, way, spec, values)
        if spec.link.change == "difference":
            axes.locator_params(axis=way, nbins=ticks)
        return
    pad = 0.06 * (max(values) - min(values))
    limits = axes.set_xlim if way == "x" else axes.set_ylim
    if is_difference(estimand):
        limits(max(min(*values, 0.0) - pad, -1.02), min(max(*values, 0.0) + pad, 1.02))
    else:
        limits(max(min(values) - pad, -0.02), min(max(values) + pad, 1.02))
    axes.locator_params(axis=way, nbins=ticks)


def reference_lines(
    axes: Axes, spec: ModelSpec, way: Way, estimand: str = "mean_change", *, name: bool = True
) -> None:
    """Draw no change or difference, and the important one with its name where it lies within the axis."""
    mcid = signed_mcid(spec)
    if not spec.binary or is_difference(estimand):
        draw_zero(axes, way, spec)
    lowest, highest = axes.get_xlim() if way == "x" else axes.get_ylim()
    if mcid is None or not lowest < mcid < highest:
        return
    line = axes.axvline if way == "x" else axes.axhline
    line(mcid, color=QUIET, linewidth=pen(0.6), linestyle=(0, (4.0, 2.0)), zorder=0, gid="mcid")
    if not name:
        return
    across = way == "x"
    axes.annotate(
        f"MCID {signed(mcid)}" if across else f"MCID\n{signed(mcid)}",
        (mcid, 1.0) if across else (1.0, mcid),
        xycoords=axes.get_xaxis_transform() if across else axes.get_yaxis_transform(),
        xytext=(0.0, pt(1.0)) if across else (pt(2.0), 0.0),
        textcoords="offset points",
        ha="center" if across else "left",
        va="bottom" if across else "center",
        fontsize=small_pt(),
        color=FOOTER,
        gid="mcid name",
    )
