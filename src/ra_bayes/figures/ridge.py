"""Ridge: the posterior of the change, visit below visit.

arviz_plots.plot_ridge has no place for our lines, intervals and columns of numbers, so this is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from ra_bayes.comparison.observed import observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import (
    better_words,
    chance,
    chance_words,
    change_label,
    change_scale,
    draw_mcid,
    draw_zero,
    mcid_words,
    patients_words,
    signed_mcid,
)
from ra_bayes.figures.density import density
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.reading import band, band_words, patient_curves, population_curve
from ra_bayes.figures.style import INK, POSTERIOR, style
from ra_bayes.numbers import how_many, probability

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["ridge"]

type Array = NDArray[np.float64]

_ROW_MM = 8.5
# Height of the highest ridge in rows, so that it reaches over the next one.
_HEIGHT = 1.35
_GRID = 400
# Share of the draws that the axis leaves out at either end.
_TAIL = 0.002


@dataclass(frozen=True, eq=False)
class _Ridge:
    """The change at one visit, with lower end, median and upper end."""

    week: float
    draws: Array
    ends: Array
    chance: str


def ridge(
    tree: xr.DataTree,
    *,
    patient: str | None = None,
    ci_prob: float = 0.90,
    diagnosis: Diagnosis | None = None,
) -> Canvas:
    """Draw the posterior of the change from baseline as a density for every visit, one below the other.

    All densities have one scale, so that a lower ridge is a less certain one. The interval is darker, the
    median a line; beside it stands the probability that the change is at least the important one (that it is
    for the better, where none is known). A binary outcome is drawn as the response rate.

    Parameters
    ----------
    tree
        A fit.
    patient
        Whose change; the typical patient's of the population if none is named.
    ci_prob
        Probability of the credible intervals.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, one column wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If there is no such patient, `ci_prob` is not a probability, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.ridge(tree).savefig("figure-3.pdf")          # doctest: +SKIP
    >>> rb.figures.ridge(tree, patient="SYN-1")                 # doctest: +SKIP
    """
    interval = interval_name(ci_prob)
    posterior = read_posterior(tree)
    spec, number = posterior.spec, len(observed(tree, posterior.spec).patients)
    ridges = _ridges(posterior, _draws(posterior, patient), ci_prob)
    with style():
        figure = Canvas(
            column_mm(80.0),
            17.0 + _ROW_MM * (len(ridges) + 0.4),
            _notes(spec, interval, number, patient),
            warnings_of(tree, diagnosis),
        )
        axes = figure.subplots()
        _scale(axes, spec, ridges)
        heights = [_heights(axes, spec, each) for each in ridges]
        top = max(float(height.max()) for _, height in heights)
        for place, (each, (places, height)) in enumerate(zip(ridges, heights, strict=True)):
            _draw(axes, each, place, places, _HEIGHT * height / top)
        _words(axes, spec, ridges)
        return figure.finish(_alt(spec, ridges, interval, number, patient))


def _draws(posterior: Posterior, patient: str | None) -> Array:
    """Return the population's or a patient's change, or rate, by visit (chain, draw, visit)."""
    binary = posterior.spec.binary
    if patient is None:
        return population_curve(posterior) if binary else posterior.population_change
    if patient not in posterior.patients:
        raise RaBayesError(
            f"there is no patient {patient!r} with records of {posterior.spec.outcome.label}; write one of "
            f"{', '.join(posterior.patients)}"
        )
    curves = patient_curves(posterior) if binary else posterior.patient_change
    return np.asarray(curves[..., posterior.patients.index(patient), :])


def _ridges(posterior: Posterior, draws: Array, ci_prob: float) -> list[_Ridge]:
    spec = posterior.spec
    found = []
    for j in np.flatnonzero(posterior.seen):
        if not spec.binary and posterior.weeks[j] <= spec.anchor_week:
            continue
        at = draws[..., j]
        told = "" if spec.binary or not spec.benefit_sign else probability(float(chance(posterior, at)))
        found.append(_Ridge(float(posterior.weeks[j]), at, band(at, ci_prob), told))
    return found


def _scale(axes: Axes, spec: ModelSpec, ridges: list[_Ridge]) -> None:
    ends = np.concatenate([np.quantile(each.draws, [_TAIL, 1.0 - _TAIL]) for each in ridges])
    if spec.binary:
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel(f"Rate of {spec.outcome.label}")
    else:
        mcid = signed_mcid(spec)
        change_scale(axes, "x", spec, [*ends, *([] if mcid is None else [mcid])])
        draw_zero(axes, "x", spec)
        draw_mcid(axes, "x", spec)
        axes.set_xlabel(change_label(spec))
    axes.set_ylim(len(ridges) - 0.7, -_HEIGHT - 0.05)
    axes.yaxis.set_major_locator(FixedLocator(range(len(ridges))))
    axes.set_yticklabels([f"{each.week:g}" for each in ridges])
    axes.set_ylabel("Week")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)


def _heights(axes: Axes, spec: ModelSpec, each: _Ridge) -> tuple[Array, Array]:
    """Return places on the axis and the density there, per step of the axis as it is drawn."""
    left, right = axes.get_xlim()
    draws = each.draws.ravel()
    if spec.link.change == "ratio":
        at = np.linspace(np.log(left), np.log(right), _GRID)
        return np.exp(at), density(np.log(draws), at)
    at = np.linspace(left, right, _GRID)
    if not spec.binary:
        return at, density(draws, at)
    # What the kernels put below 0 or above 1 is folded back.
    return at, density(draws, at) + density(-draws, at) + density(2.0 - draws, at)


def _draw(axes: Axes, each: _Ridge, place: int, places: Array, height: Array) -> None:
    """Draw one ridge; those below lie over those above."""
    lower, median, upper = each.ends
    edge = place - height
    order = 2.0 + 0.1 * place
    axes.fill_between(places, place, edge, color="white", linewidth=0.0, zorder=order)
    axes.fill_between(
        places, place, edge, color=POSTERIOR, alpha=0.22, linewidth=0.0, zorder=order, gid="ridge"
    )
    inside = np.concatenate([[lower], places[(places > lower) & (places < upper)], [upper]])
    axes.fill_between(
        inside,
        place,
        np.interp(inside, places, edge),
        color=POSTERIOR,
        alpha=0.40,
        linewidth=0.0,
        zorder=order,
        gid="interval",
    )
    axes.plot(places, edge, color=POSTERIOR, linewidth=pen(0.8), zorder=order + 0.02)
    axes.plot([places[0], places[-1]], [place] * 2, color=INK, linewidth=pen(0.3), zorder=order + 0.02)
    at_median = float(np.interp(median, places, edge))
    axes.plot(
        [median] * 2, [place, at_median], color=INK, linewidth=pen(1.0), zorder=order + 0.03, gid="median"
    )


def _words(axes: Axes, spec: ModelSpec, ridges: list[_Ridge]) -> None:
    """Write probabilities at the right."""
    if not any(each.chance for each in ridges):
        return
    for place, text in [(-_HEIGHT, chance_words(spec)), *((i, each.chance) for i, each in enumerate(ridges))]:
        axes.annotate(
            text,
            (1.0, place),
            xycoords=axes.get_yaxis_transform(),
            xytext=(pt(2.0), 0.0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=small_pt(),
        )


def _whose(spec: ModelSpec, patient: str | None) -> str:
    if patient is not None:
        return f"patient {short_name(patient)}"
    return "the population" if spec.binary else "the typical patient of the population"


def _notes(spec: ModelSpec, interval: str, number: int, patient: str | None) -> str:
    what = f"{'Rate of response' if spec.binary else 'Change from baseline'} of {_whose(spec, patient)}"
    notes = [
        f"{what}: posterior density by visit, on one scale; line, median; darker, {interval} "
        f"({patients_words(number)})."
    ]
    if not spec.binary and spec.benefit_sign:
        meaning = "improvement of at least the MCID" if mcid_words(spec) else "change for the better"
        notes.append(f"{chance_words(spec)}: probability of {_article(meaning)}. {mcid_words(spec)}".strip())
        notes.append(better_words(spec))
    return " ".join(notes)


def _article(text: str) -> str:
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def _alt(spec: ModelSpec, ridges: list[_Ridge], interval: str, number: int, patient: str | None) -> str:
    told = "; ".join(
        f"week {each.week:g}, {band_words(each.ends, ratio=spec.link.change == 'ratio')}"
        + (f", {chance_words(spec).replace('≥', 'at least')} {each.chance}" if each.chance else "")
        for each in ridges
    )
    what = f"Rate of {spec.outcome.label}" if spec.binary else change_label(spec)
    return (
        f"{what} of {_whose(spec, patient)}, from a fit to {how_many(number)}: a density for every visit, "
        f"posterior median with {interval}: {told}."
    )
