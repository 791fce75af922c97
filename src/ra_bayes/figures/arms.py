"""Two arms: what each arm's typical patient does over the weeks, and the difference between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.observed import observed
from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.arm_difference import difference
from ra_bayes.estimand.arms import arm_names
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.figures.canvas import Canvas, interval_name, warnings_of
from ra_bayes.figures.journals import column_mm, pen, pt, text_pt
from ra_bayes.figures.marks import week_axis
from ra_bayes.figures.reading import band, population_curve
from ra_bayes.figures.style import POSTERIOR, PRIOR, style

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["arms"]

type Array = NDArray[np.float64]


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
    who = "population's response rate" if spec.binary else "typical patient"
    people = " and ".join(f"{number} patients in {name}" for name, number in numbers.items())
    notes = f"Posterior median of the {who} with {interval}, straight lines between visits; {people}."
    with style():
        figure = Canvas(column_mm(80.0), 95.0, notes, warnings_of(tree, diagnosis))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.0, 2.0))
        for (name, (lower, median, upper)), colour, marker in zip(
            bands.items(), (PRIOR, POSTERIOR), ("s", "o"), strict=True
        ):
            above.fill_between(weeks, lower, upper, color=colour, alpha=0.25, linewidth=0.0, gid="band")
            above.plot(
                weeks, median, color=colour, linewidth=pen(1.4), marker=marker, markersize=pt(2.6), label=name
            )
        above.set_ylabel(f"Rate of {spec.outcome.label}" if spec.binary else spec.outcome.label)
        above.legend(loc="best", fontsize=text_pt())
        none = 1.0 if unit == "ratio" else 0.0
        below.axhline(none, color="black", linewidth=pen(0.6))
        below.fill_between(weeks, gap[0], gap[2], color=POSTERIOR, alpha=0.25, linewidth=0.0, gid="band")
        below.plot(weeks, gap[1], color=POSTERIOR, linewidth=pen(1.4), marker="o", markersize=pt(2.6))
        below.set_ylabel(
            f"{'Ratio' if unit == 'ratio' else 'Difference'}" + ("" if unit == "ratio" else f" ({unit})")
        )
        week_axis(below, records.weeks)
        path = "; ".join(
            f"week {week:g}, {median:.3g} (from {lower:.3g} to {upper:.3g})"
            for week, lower, median, upper in zip(weeks, *gap, strict=True)
            if week > 0.0
        )
        return figure.finish(
            f"{spec.outcome.label} in {people}. {treated} {'over' if unit == 'ratio' else 'less'} {control}, "
            f"posterior median with {interval}: {path}."
        )


def _apart(posterior: Posterior, at: NDArray[np.int_]) -> tuple[Array, str]:
    """Return the difference at some visits (chain, draw, visit), and its unit."""
    found = [difference(posterior, int(j)) for j in at]
    return np.stack([draws for _, draws, _ in found], axis=-1), found[0][2]
