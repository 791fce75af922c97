"""Prior and posterior: what the data added, for every parameter and for the change at the reference week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.arm_difference import difference
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.density import density
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import log_axis
from ra_bayes.figures.reading import band, band_words, population_curve
from ra_bayes.figures.style import INK, POSTERIOR, PRIOR, style
from ra_bayes.model.priors import Prior
from ra_bayes.numbers import how_many

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["prior_posterior"]

type Array = NDArray[np.float64]
# Where a density is estimated, so that it keeps to the quantity's own range.
type _Free = Literal["as it is", "log", "logit", "atanh"]

# A panel needs so much room, at the house's text size.
_PANEL_MM = 40.0
_GRID = 160


@dataclass(frozen=True, eq=False)
class _Panel:
    """A quantity under the prior and under the posterior, draws of shape (chain, draw)."""

    title: str
    label: str
    prior: Array
    posterior: Array
    free: _Free
    log_axis: bool = False


def prior_posterior(
    tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None
) -> Canvas:
    """Draw the density of every estimated quantity before and after the data.

    The first panel is the population's change at the reference week (a binary outcome: the response
    rate); then come the parameters. The number in a panel is the width of the posterior's interval
    relative to the prior's: near 1, the data said nothing.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the credible intervals below the densities.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure 183 mm wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.prior_posterior(tree).savefig("figure-s1.pdf")      # doctest: +SKIP
    """
    interval = interval_name(ci_prob)
    before, after = (read_posterior(tree, group, both_arms=True) for group in ("prior", "posterior"))
    panels = _panels(after.spec, before, after)
    width = column_mm(150.0)
    columns = int(house_mm(width) // _PANEL_MM)
    rows = -(-len(panels) // columns)
    # What is known from published counts has no patients.
    of = f", {patients_words(len(after.patients))}" if after.patients else ""
    notes = (
        f"{after.spec.outcome.label}{of}. Bars below: median and {interval}, prior above posterior. Number: "
        "width of the posterior's interval relative to the prior's."
    )
    with style():
        figure = Canvas(width, 8.0 + 36.0 * rows, notes, warnings_of(tree, diagnosis))
        grid = figure.add_gridspec(rows, columns)
        drawn = [figure.add_subplot(grid[divmod(i, columns)]) for i in range(len(panels))]
        for axes, panel in zip(drawn, panels, strict=True):
            _draw(axes, panel, ci_prob)
            axes.set_title("\n".join(wrap(panel.title, 0.95 * width / columns - 1.0)), fontsize=small_pt())
        for axes in drawn[::columns]:
            axes.set_ylabel("Density")
        handles = [drawn[0].lines[0], drawn[0].lines[1]]
        figure.legend(handles, ["prior", "posterior"], loc="outside upper left", ncols=2, fontsize=text_pt())
        return figure.finish(_alt(after, panels, ci_prob, interval))


def _panels(spec: ModelSpec, before: Posterior, after: Posterior) -> list[_Panel]:
    panels = [_headline(spec, before, after)]
    for prior in spec.priors:
        # The correlation has nothing to correlate where patients' own changes are pinned at zero.
        idle = prior.parameter.name == "correlation" and spec.prior("response_sd").numbers == (0.0, 0.0)
        if not prior.fixed and not idle:
            name = prior.parameter.name
            panels.append(_parameter(spec, prior, before.scalars[name], after.scalars[name]))
    return panels


def _headline(spec: ModelSpec, before: Posterior, after: Posterior) -> _Panel:
    """Return the population's change, or response rate, at the reference week."""
    week = f"week {spec.reference_week:g}"

    if spec.arm is not None and before.effect is not None:
        (_, first, unit), (_, second, _) = (difference(each, each.at_reference) for each in (before, after))
        free: _Free = "log" if unit == "ratio" else "as it is"
        return _Panel(
            f"Difference from {spec.arm.control}", f"At {week} ({unit})", first, second, free, unit == "ratio"
        )

    def at_reference(draws: Posterior) -> Array:
        if spec.binary:
            return population_curve(draws)[..., draws.at_reference]
        start = draws.scalars["baseline_mean"]
        return draws.contrast(start, start + draws.mean_change[..., draws.at_reference])

    quantity = at_reference(before), at_reference(after)
    if spec.binary:
        return _Panel("Response rate in the population", f"Probability at {week}", *quantity, "logit")
    title = "Change of the typical patient"
    if spec.link.change == "ratio":
        return _Panel(title, f"Ratio, {week} to week {spec.anchor_week:g}", *quantity, "log", log_axis=True)
    return _Panel(title, f"Change at {week} ({spec.outcome.unit or 'no unit'})", *quantity, "as it is")


def _parameter(spec: ModelSpec, prior: Prior, before: Array, after: Array) -> _Panel:
    """Return a parameter's panel: a level in the outcome's unit, all else on the link's scale."""
    family = prior.parameter.family
    meaning = prior.parameter.meaning.replace("the anchor week", f"week {spec.anchor_week:g}")
    meaning = meaning.replace("the reference week", f"week {spec.reference_week:g}")
    title = meaning[0].upper() + meaning[1:]
    unit = spec.unit_of(prior.parameter) or "no unit"
    match family:
        case "level":
            before, after = spec.link.inverse(before), spec.link.inverse(after)
            ratio = spec.link.change == "ratio"
            free: _Free = "logit" if spec.binary else "log" if ratio else "as it is"
            return _Panel(title, "probability" if spec.binary else unit, before, after, free, log_axis=ratio)
        case "scale":
            return _Panel(title, unit, before, after, "log")
        case "correlation":
            return _Panel(title, "correlation", before, after, "atanh")
        case "proportion":
            return _Panel(title, "share", before, after, "logit")
        case "shift":
            return _Panel(title, unit, before, after, "as it is")


def _to_free(free: _Free, value: Array) -> Array:
    match free:
        case "log":
            return np.log(value)
        case "logit":
            return np.asarray(special.logit(value))
        case "atanh":
            return np.arctanh(value)
        case "as it is":
            return value


def _from_free(free: _Free, value: Array) -> Array:
    match free:
        case "log":
            return np.exp(value)
        case "logit":
            return np.asarray(special.expit(value))
        case "atanh":
            return np.tanh(value)
        case "as it is":
            return value


def _densities(panel: _Panel) -> tuple[Array, Array, Array]:
    """Return places and the densities of prior and posterior there (per log unit on a log axis)."""
    free = [_to_free(panel.free, each.ravel()) for each in (panel.prior, panel.posterior)]
    free = [each[np.isfinite(each)] for each in free]
    # A prior's long tail would squeeze everything else into a corner.
    low = min(np.quantile(free[0], 0.003), np.quantile(free[1], 0.001))
    high = max(np.quantile(free[0], 0.985), np.quantile(free[1], 0.999))
    grid = np.linspace(low, high, _GRID)
    # Even steps on the axis that is drawn, where that axis is not the free one.
    if not panel.log_axis:
        ends = _from_free(panel.free, np.array([low, high]))
        places = np.linspace(ends[0], ends[1], _GRID)
        grid = _to_free(panel.free, places)
    else:
        places = _from_free(panel.free, grid)
    slope = np.ones(_GRID) if panel.log_axis else np.gradient(grid, places)
    prior, posterior = (density(each, grid) * slope for each in free)
    return places, prior, posterior


def _draw(axes: Axes, panel: _Panel, ci_prob: float) -> None:
    places, prior, posterior = _densities(panel)
    if panel.log_axis:
        axes.set_xscale("log")
        log_axis(axes.xaxis, wide=places[-1] / places[0] > 50.0)
    else:
        axes.locator_params(axis="x", nbins=5)
    top = float(max(prior.max(), posterior.max()))
    axes.plot(places, prior, color=PRIOR, linewidth=pen(1.0), linestyle=(0, (3.0, 1.5)), gid="prior")
    axes.plot(places, posterior, color=POSTERIOR, linewidth=pen(1.2), gid="posterior")
    axes.fill_between(places, posterior, color=POSTERIOR, alpha=0.18, linewidth=0.0)
    bars = [(panel.prior, PRIOR, -0.07), (panel.posterior, POSTERIOR, -0.15)]
    for draws, colour, place in bars:
        lower, median, upper = band(draws, ci_prob)
        axes.plot(
            [lower, upper],
            [place * top] * 2,
            color=colour,
            linewidth=pen(1.3),
            solid_capstyle="butt",
            gid="interval",
        )
        axes.plot([median], [place * top], "o", color=colour, markersize=pt(2.6), gid="median")
    axes.set_xlim(places[0], places[-1])
    axes.set_ylim(-0.22 * top, 1.12 * top)
    axes.set_yticks([])
    axes.text(
        1.0, 1.0, f"×{_narrowing(panel, ci_prob):.2f}", transform=axes.transAxes, ha="right", va="top",
        fontsize=small_pt(), color=INK, gid="narrowing",
    )  # fmt: skip
    axes.set_xlabel(panel.label)


def _narrowing(panel: _Panel, ci_prob: float) -> float:
    """Return the width of the posterior's interval relative to the prior's, on the axis that is drawn."""
    prior, posterior = (
        band(np.log(each) if panel.log_axis else each, ci_prob) for each in (panel.prior, panel.posterior)
    )
    return float((posterior[2] - posterior[0]) / (prior[2] - prior[0]))


def _alt(after: Posterior, panels: list[_Panel], ci_prob: float, interval: str) -> str:
    first = panels[0]
    told = [band_words(band(each, ci_prob), ratio=first.log_axis) for each in (first.prior, first.posterior)]
    patients = f" in {how_many(len(after.patients))}" if after.patients else ""
    widths = ", ".join(
        f"{panel.title[0].lower()}{panel.title[1:]} {_narrowing(panel, ci_prob):.2f}" for panel in panels[1:]
    )
    return (
        f"Prior and posterior densities for {after.spec.outcome.label}{patients}. {first.title}, "
        f"{first.label}: prior {told[0]}, posterior {told[1]}, median with {interval}. Width of the "
        f"posterior's interval relative to the prior's: {widths}."
    )
