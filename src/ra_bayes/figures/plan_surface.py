"""Assurance over what could be believed of the truth: how much of the promise is the design prior's."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.plan_marks import estimand_words
from ra_bayes.figures.style import INK, style
from ra_bayes.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.planning.plan import Plan

__all__ = ["plan_surface"]

type Array = NDArray[np.float64]

# From light to dark, and never so dark that black numbers on it could not be read.
_SHADES = LinearSegmentedColormap.from_list("assurance", ["#fbfcfe", "#c3d5f0", "#7fa3dc"])
_HALO_PT = 1.4


def plan_surface(plan: Plan) -> Canvas:
    """Draw assurance as a landscape over the design prior, in labelled steps.

    Parameters
    ----------
    plan
        A plan with a surface: ``x`` and ``y`` with their labels, and ``assurance`` (y, x).

    Returns
    -------
    Canvas
        A matplotlib Figure 89 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the plan has no surface, since it has no design prior.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.plan_surface(plan).savefig("figure-6.pdf")          # doctest: +SKIP
    """
    surface = plan.surface
    if surface is None:
        raise RaBayesError(
            f"the plan of {plan.design.name} has no surface to draw, since it has no design prior; "
            "write [design_prior] on the design's page"
        )
    x, y, height = (np.asarray(surface[key], dtype=float) for key in ("x", "y", "assurance"))
    with style():
        figure = Canvas(column_mm(80.0), 70.0, _notes(plan, x, y))
        axes = figure.subplots()
        _landscape(axes, x, y, height)
        if _on_map(plan, x, y):
            _here(axes, plan)
        # As many ticks before the layout as after it, so that their names have the room they were given.
        axes.locator_params(nbins=6)
        axes.set_xlabel(textwrap.fill(_capital(surface["x_label"]), 56))
        axes.set_ylabel(textwrap.fill(_capital(surface["y_label"]), 48))
        return figure.finish(_alt(plan, surface, x, y, height))


def _landscape(axes: Axes, x: Array, y: Array, height: Array) -> None:
    step = _step(height)
    levels = np.arange(0.0, 1.0 + step / 2.0, step)
    filled = axes.contourf(x, y, height, levels=levels, cmap=_SHADES, vmin=0.0, vmax=1.0)
    # Else a viewer draws hairlines between the steps.
    filled.set_edgecolor("face")
    filled.set_gid("surface")
    between = [level for level in levels if height.min() < level < height.max()]
    if between:
        lines = axes.contour(x, y, height, levels=between, colors=INK, linewidths=pen(0.6))
        lines.set_gid("level")
        named = axes.clabel(
            lines, fmt=lambda level: f"{level:.2g}", fontsize=small_pt(), inline_spacing=pt(2.0)
        )
        for text in named:
            text.set_path_effects([withStroke(linewidth=pt(_HALO_PT), foreground="white", alpha=0.7)])
    else:
        axes.set_title(f"{number(float(height.min()))} everywhere" if height.min() == height.max() else "")
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def _here(axes: Axes, plan: Plan) -> None:
    """Mark mean and SD of the plan's own design prior."""
    assert plan.prior is not None
    believed = plan.prior.last.summary()
    axes.plot(
        [believed.mean],
        [believed.sd],
        linestyle="none",
        marker="D",
        markersize=pt(4.5),
        markerfacecolor="white",
        markeredgecolor=INK,
        markeredgewidth=pen(0.9),
        zorder=5,
        clip_on=False,
        gid="design prior",
    )


def _on_map(plan: Plan, x: Array, y: Array) -> bool:
    if plan.prior is None or plan.decisions is None:
        return False
    believed = plan.prior.last.summary()
    return bool(x.min() <= believed.mean <= x.max() and y.min() <= believed.sd <= y.max())


def _step(height: Array) -> float:
    """Return the distance of the levels: some eight lines."""
    span = float(height.max() - height.min())
    return 0.1 if span > 0.35 else 0.05 if span > 0.15 else 0.02 if span > 0.05 else 0.01


def _notes(plan: Plan, x: Array, y: Array) -> str:
    design = plan.design
    said = (
        f"Lines: assurance, the probability of success with {design.n} patients averaged over what the "
        f"{estimand_words(design)} may be, by its mean and SD; darker is higher."
    )
    if plan.decisions is None or not _on_map(plan, x, y):
        return said
    return (
        f"{said} Diamond: mean and SD of the plan's own design prior, which has another shape; its "
        f"assurance is {number(plan.decisions['assurance'])}."
    )


def _alt(plan: Plan, surface: dict[str, Any], x: Array, y: Array, height: Array) -> str:
    design = plan.design
    low, high = (
        np.unravel_index(height.argmin(), height.shape),
        np.unravel_index(height.argmax(), height.shape),
    )
    corners = (
        f"lowest, {number(float(height[low]))}, at {_at(x[low[1]], y[low[0]])}; "
        f"highest, {number(float(height[high]))}, at {_at(x[high[1]], y[high[0]])}"
    )
    return (
        f"Assurance of {design.title} with {design.n} patients over {surface['x_label']} "
        f"({_ends(x)}) and {surface['y_label']} ({_ends(y)}): {corners}."
    )


def _capital(label: str) -> str:
    return f"{label[0].upper()}{label[1:]}"


def _at(x: float, y: float) -> str:
    return f"{x:.3g} and {y:.3g}".replace("-", "−")


def _ends(values: Array) -> str:
    return f"{values.min():.3g} to {values.max():.3g}".replace("-", "−")
