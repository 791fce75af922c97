"""Two arms: what each arm's typical patient does over the weeks, and the difference between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ra_bayes.comparison.observed import observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.arm_difference import difference
from ra_bayes.estimand.arms import arm_names
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.change_axis import better_words
from ra_bayes.figures.intervals import draw_band
from ra_bayes.figures.journals import column_mm, pen, pt
from ra_bayes.figures.keys import key_above
from ra_bayes.figures.marks import mark_infusions, value_axis, value_label, week_axis
from ra_bayes.figures.reading import band, path_words, population_curve
from ra_bayes.figures.style import INK, POSTERIOR, style
from ra_bayes.numbers import how_many

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["arms"]

type Array = NDArray[np.float64]

_DASHES = (0, (4.0, 2.0))


def arms(tree: xr.DataTree, *, ci_prob: float = 0.90, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw both arms' typical patient over the weeks, and below it the treated arm less the control arm.

    A binary outcome is drawn as the response rate, ordered categories as the mean of their numbers.

    Parameters
    ----------
    tree
        A fit of two arms.
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
        If `ci_prob` is not a probability, or the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.arms(tree).savefig("figure-1.pdf")          # doctest: +SKIP
    """
    interval = interval_name(ci_prob)
    posterior = read_posterior(tree, both_arms=True)
    control, treated = arm_names(tree)
    spec, records = posterior.spec, observed(tree, posterior.spec)
    assert posterior.effect is not None
    assert posterior.treated is not None
    at = np.flatnonzero(posterior.seen)
    weeks = posterior.weeks[at]
    both = {
        control: population_curve(posterior),
        treated: population_curve(replace(posterior, mean_change=posterior.mean_change + posterior.effect)),
    }
    bands = {name: band(curve[..., at], ci_prob) for name, curve in both.items()}
    apart, unit = _apart(posterior, at)
    gap = band(apart, ci_prob)
    numbers = {control: int((posterior.treated == 0.0).sum()), treated: int(posterior.treated.sum())}
    people = " and ".join(f"{how_many(number)} in {name}" for name, number in numbers.items())
    between = f"{treated} {'over' if unit == 'ratio' else 'less'} {control}"
    with style():
        notes = _notes(spec, interval, people, between, infused=bool(records.infusions))
        figure = Canvas(column_mm(80.0), 100.0, notes, warnings_of(tree, diagnosis))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.0, 2.0))
        ends = np.concatenate([each.ravel() for each in bands.values()])
        value_axis(above, spec, float(ends.min()), float(ends.max()))
        _control(above, weeks, bands[control])
        _treated(above, weeks, bands[treated])
        above.set_ylabel(f"Rate of {spec.outcome.label}" if spec.binary else value_label(spec))
        key_above(figure, above, _key(control, treated), 0.8 * column_mm(80.0))
        below.axhline(1.0 if unit == "ratio" else 0.0, color=INK, linewidth=pen(0.6), gid="zero")
        _treated(below, weeks, gap)
        below.set_ylabel("Ratio" if unit == "ratio" else f"Difference ({unit})")
        mark_infusions(below, records.infusions)
        week_axis(below, records.weeks)
        after = weeks > spec.anchor_week
        return figure.finish(
            f"{spec.outcome.label} in {people}. Difference, {between}, posterior median with {interval}: "
            f"{path_words(weeks[after], gap[:, after], ratio=unit == 'ratio')}."
        )


def _control(axes: Axes, weeks: Array, ends: Array) -> None:
    """Draw the control arm in outline, so that both are told apart where they overlap and in grey."""
    lower, median, upper = ends
    for end in (lower, upper):
        axes.plot(weeks, end, color=INK, linewidth=pen(0.6), linestyle=_DASHES, zorder=3, gid="control band")
    axes.plot(weeks, median, zorder=4, gid="control", **_control_mark())


def _treated(axes: Axes, weeks: Array, ends: Array) -> None:
    """Draw the treated arm, or the difference, as a line in a shaded band."""
    draw_band(axes, weeks, ends, POSTERIOR, alpha=0.22)
    axes.plot(weeks, ends[1], zorder=5, gid="median", **_treated_mark())


def _control_mark() -> dict[str, Any]:
    return {
        "color": INK,
        "linewidth": pen(1.0),
        "linestyle": _DASHES,
        "marker": "s",
        "markersize": pt(3.0),
        "markerfacecolor": "white",
        "markeredgewidth": pen(0.8),
    }


def _treated_mark() -> dict[str, Any]:
    return {"color": POSTERIOR, "linewidth": pen(1.4), "marker": "o", "markersize": pt(3.0)}


def _key(control: str, treated: str) -> list[Line2D]:
    looks = ((control, _control_mark()), (treated, _treated_mark()))
    return [Line2D([], [], label=name, **look) for name, look in looks]


def _notes(spec: ModelSpec, interval: str, people: str, between: str, *, infused: bool) -> str:
    who = "response rate in the population" if spec.binary else "typical patient"
    notes = [
        f"Above: {who}, posterior median with {interval} (shaded; of the control arm "
        f"dashed), straight lines between visits; {people}.",
        f"Below: {between}, with the same interval.",
        better_words(spec),
        "Triangles: infusions." if infused else "",
    ]
    return " ".join(filter(None, notes))


def _apart(posterior: Posterior, at: NDArray[np.int_]) -> tuple[Array, str]:
    """Return the difference at some visits (chain, draw, visit), and its unit."""
    found = [difference(posterior, int(j)) for j in at]
    return np.stack([draws for _, draws, _ in found], axis=-1), found[0][2]
