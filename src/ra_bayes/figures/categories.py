"""Categories: how many new patients are in each of an outcome's ordered categories, visit by visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ra_bayes.comparison.observed import Records, observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.posterior import read_posterior
from ra_bayes.estimand.shares import shares_beyond
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.journals import column_mm, pen, pt, text_pt
from ra_bayes.figures.keys import key_above
from ra_bayes.figures.marks import mark_infusions, week_axis
from ra_bayes.figures.reading import band
from ra_bayes.figures.style import INK, style
from ra_bayes.numbers import how_many

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["categories"]

type Array = NDArray[np.float64]

# Best to worst; one hue, so that neighbours are apart in grey print too.
_SCALE = LinearSegmentedColormap.from_list("categories", ["#f3f7fb", "#c4daef", "#8fb4dc", "#5a87bd"])


def categories(tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw the shares of new patients in each category over the visits, beside those of the records.

    Categories are stacked, the lowest at the bottom: the height of a colour is the share of new patients who
    are recorded in it (posterior median). A bar where two meet is the credible interval of the share below
    it, a dot the share of these patients' records.

    Parameters
    ----------
    tree
        A fit of an outcome of ordered categories.
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
        If the outcome has no ordered categories, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.categories(tree).savefig("figure-7.pdf")          # doctest: +SKIP
    """
    named = interval_name(ci_prob)
    posterior = read_posterior(tree)
    spec, records = posterior.spec, observed(tree, posterior.spec)
    if not spec.ordinal:
        raise RaBayesError(
            f"{spec.outcome.id} has no ordered categories to draw; draw rb.figures.trajectories instead"
        )
    weeks = posterior.weeks[posterior.seen]
    # Of the shares up to a category, (cut, low to high, visit).
    ends = np.array([band(1.0 - cut[..., posterior.seen], ci_prob) for cut in shares_beyond(posterior)])
    names = [spec.outcome.level_name(k) for k in range(len(spec.outcome.levels))]
    with style():
        width = column_mm(80.0)
        figure = Canvas(width, 74.0, _notes(records, named), warnings_of(tree, diagnosis))
        axes = figure.subplots()
        colours = _colours(spec)
        _stack(axes, weeks, ends, colours)
        _records(axes, spec, records)
        axes.set_ylim(0.0, 1.0)
        axes.set_ylabel("Share of new patients")
        week_axis(axes, records.weeks)
        mark_infusions(axes, records.infusions)
        handles = [
            Patch(facecolor=colour, edgecolor=INK, linewidth=pen(0.4), label=name)
            for colour, name in zip(colours, names, strict=True)
        ]
        key_above(figure, axes, handles, 0.86 * width)
        figure.suptitle(spec.outcome.label, x=0.01, ha="left", fontsize=text_pt())
        return figure.finish(_alt(spec, names, weeks, ends, len(records.patients), named))


def _colours(spec: ModelSpec) -> list[str]:
    number = len(spec.outcome.levels)
    found = [to_hex(_SCALE(k / (number - 1))) for k in range(number)]
    return found[::-1] if spec.benefit_sign > 0 else found


def _stack(axes: Axes, weeks: Array, ends: Array, colours: list[str]) -> None:
    """Fill each category between the medians that part it from its neighbours, with their intervals."""
    median = np.vstack([np.zeros(weeks.size), ends[:, 1], np.ones(weeks.size)])
    for k, colour in enumerate(colours):
        axes.fill_between(weeks, median[k], median[k + 1], color=colour, linewidth=0.0, gid="category")
    for cut, (low, middle, high) in enumerate(ends):
        axes.plot(weeks, middle, color="white", linewidth=pen(0.8), gid="median")
        # Side by side where the intervals of several cuts overlap.
        place = weeks + 0.35 * (cut - (len(ends) - 1) / 2.0)
        for colour, wide in (("white", 1.8), (INK, 0.8)):
            axes.vlines(place, low, high, color=colour, linewidth=pen(wide), gid="interval")


def _records(axes: Axes, spec: ModelSpec, records: Records) -> None:
    """Draw the shares of the records up to each category but the last."""
    made = records.made.sum(axis=0)
    there, levels = made > 0, spec.outcome.levels
    for cut, level in enumerate(levels[:-1]):
        share = (records.made & (records.value <= level)).sum(axis=0)[there] / made[there]
        axes.plot(
            records.weeks[there] + 0.35 * (cut - (len(levels) - 2) / 2.0),
            share,
            "o",
            color=INK,
            markersize=pt(3.0),
            markeredgewidth=pen(0.5),
            markeredgecolor="white",
            clip_on=False,
            zorder=5,
            gid="share",
        )


def _notes(records: Records, named: str) -> str:
    return (
        "Height of a colour: share of new patients in the category, posterior median. Bars, where two "
        f"categories meet: {named} of the share up to there; dots, share of the records "
        f"({patients_words(len(records.patients))})."
    )


def _alt(spec: ModelSpec, names: list[str], weeks: Array, ends: Array, patients: int, named: str) -> str:
    at = int(np.flatnonzero(weeks == spec.reference_week)[0])
    told = "; ".join(
        f"{name} or lower {100.0 * middle:.0f}% ({100.0 * low:.0f}% to {100.0 * high:.0f}%)"
        for name, (low, middle, high) in zip(names, ends[:, :, at], strict=False)
    )
    return (
        f"{spec.outcome.label}: shares of new patients in {len(names)} ordered categories over "
        f"{weeks[-1]:g} weeks, from {how_many(patients)}. At week {weeks[at]:g}, posterior median with "
        f"{named}: {told}."
    )
