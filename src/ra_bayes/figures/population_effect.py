"""Population effect: the mean change from baseline over the weeks, with nested intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.observed import Records, observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.rate import population_rate
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
    number_row,
    patients_words,
    signed_mcid,
    with_room,
)
from ra_bayes.figures.intervals import draw_band
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt
from ra_bayes.figures.marks import mark_infusions, value_axis, week_axis
from ra_bayes.figures.reading import band, path_words
from ra_bayes.figures.style import POSTERIOR, style
from ra_bayes.numbers import how_many, probability

if TYPE_CHECKING:
    import xarray as xr

    from ra_bayes.model.spec import ModelSpec

__all__ = ["population_effect"]

type Array = NDArray[np.float64]

# Inside the outermost one.
_INNER = (0.5, 0.8)
# From the outermost inwards; each lies over the one before.
_ALPHAS = (0.16, 0.22, 0.34)
# Width of a figure and of the space between numbers at the house's text size; the axis' share of the column.
_LETTER_MM, _BETWEEN_MM, _AXIS_SHARE = 1.25, 0.7, 0.80


def population_effect(
    tree: xr.DataTree, *, ci_prob: float = 0.95, diagnosis: Diagnosis | None = None
) -> Canvas:
    """Draw the change of the typical patient from baseline over the weeks, with nested intervals.

    Above it stand, by visit, the probability that the change is at least the important one (that it is for
    the better, where none is known) and how many patients were recorded. A binary outcome is drawn as the
    response rate, without a probability.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the outermost credible interval; those inside hold 50% and 80%.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, one column wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If `ci_prob` is not a probability, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.population_effect(tree).savefig("figure-2.pdf")          # doctest: +SKIP
    """
    interval_name(ci_prob)
    probs = (*(each for each in _INNER if each < ci_prob), ci_prob)
    posterior = read_posterior(tree)
    spec, records = posterior.spec, observed(tree, posterior.spec)
    weeks, change = _curve(posterior)
    bands = [band(change, each) for each in reversed(probs)]
    with style():
        figure = Canvas(column_mm(80.0), 68.0, _notes(spec, records, probs), warnings_of(tree, diagnosis))
        axes = figure.subplots()
        if spec.binary:
            value_axis(axes, spec, 0.0, 1.0)
            axes.set_ylabel(f"Rate of {spec.outcome.label}")
        else:
            mcid = signed_mcid(spec)
            change_scale(axes, "y", spec, [*bands[0].ravel(), *([] if mcid is None else [mcid])])
            draw_zero(axes, "y", spec)
            draw_mcid(axes, "y", spec)
            axes.set_ylabel(change_label(spec))
        for ends, alpha in zip(bands, _ALPHAS[-len(bands) :], strict=True):
            draw_band(axes, weeks, ends, POSTERIOR, alpha=alpha)
        axes.plot(
            weeks,
            bands[0][1],
            color=POSTERIOR,
            linewidth=pen(1.4),
            marker="o",
            markersize=pt(2.4),
            gid="median",
        )
        mark_infusions(axes, records.infusions, label=True)
        week_axis(axes, records.weeks)
        told = _rows(posterior, records, weeks, change)
        axis_mm = _AXIS_SHARE * house_mm(figure.get_figwidth() * 25.4)
        week_mm = axis_mm / float(np.ptp(axes.get_xlim()))
        for row, (head, texts) in enumerate(told.items()):
            letters = max(map(len, texts))
            kept = with_room(weeks, (_LETTER_MM * letters + _BETWEEN_MM) / week_mm)
            places = [i for i in kept if texts[i]]
            number_row(axes, weeks[places], [texts[i] for i in places], head, row)
        return figure.finish(_alt(spec, records, weeks, bands[0], told, ci_prob))


def _curve(posterior: Posterior) -> tuple[Array, Array]:
    """Return weeks and the change, or the response rate, at them (chain, draw, week)."""
    at = posterior.seen.copy()
    if not posterior.spec.binary:
        at |= posterior.weeks == posterior.spec.anchor_week
    change = population_rate(posterior) if posterior.spec.binary else posterior.population_change
    return posterior.weeks[at], change[..., at]


def _rows(posterior: Posterior, records: Records, weeks: Array, change: Array) -> dict[str, list[str]]:
    """Return what stands above the panel, from the lowest row: its heading and a text for each week."""
    spec = posterior.spec
    made = records.made.sum(axis=0)[np.isin(records.weeks, weeks)]
    rows = {"n": [str(each) for each in made]}
    if not spec.binary and spec.benefit_sign:
        chances = chance(posterior, change)
        rows[chance_words(spec)] = [
            "" if week == spec.anchor_week else probability(float(each))
            for week, each in zip(weeks, chances, strict=True)
        ]
    return rows


def _notes(spec: ModelSpec, records: Records, probs: tuple[float, ...]) -> str:
    what = "Response rate in the population" if spec.binary else "Change of the typical patient"
    notes = [
        f"{what}: posterior median with {interval_name(*probs)}; straight lines between visits "
        f"({patients_words(len(records.patients))}; n above: recorded at the visit)."
    ]
    if not spec.binary:
        if mcid_words(spec):
            notes.append(f"P(≥ MCID): probability that it improves by at least the MCID. {mcid_words(spec)}")
        elif spec.benefit_sign:
            notes.append("P(better): probability that it changes for the better.")
        notes.append(better_words(spec))
    return " ".join(filter(None, notes))


def _alt(
    spec: ModelSpec,
    records: Records,
    weeks: Array,
    outer: Array,
    told: dict[str, list[str]],
    ci_prob: float,
) -> str:
    number = len(records.patients)
    what = f"Rate of {spec.outcome.label}" if spec.binary else f"Mean {_lower_first(change_label(spec))}"
    told_of = (weeks != spec.anchor_week) | spec.binary
    path = path_words(weeks[told_of], outer[:, told_of], ratio=spec.link.change == "ratio")
    chances = "; ".join(
        f"{head.replace('≥', 'at least')} by visit: {', '.join(text for text in texts if text)}"
        for head, texts in told.items()
        if head != "n"
    )
    return (
        f"{what} over {records.weeks[-1]:g} weeks in {how_many(number)}, posterior median with "
        f"{interval_name(ci_prob)}: {path}." + (f" {chances}." if chances else "")
    )


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:] if text.startswith("Change") else text
