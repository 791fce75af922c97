"""Historical borrowing: other trials' arms, what they say of a new one, and how much of it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas, interval_name
from ra_bayes.figures.intervals import draw_interval
from ra_bayes.figures.journals import column_mm, house_mm, pen, pt, small_pt
from ra_bayes.figures.plan_marks import ASSURANCE
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, QUIET, style
from ra_bayes.historical import historical_arms, map_prior
from ra_bayes.mixtures import UNIFORM, BetaMixture
from ra_bayes.mixtures.ess import effective_sample_size
from ra_bayes.numbers import interval, number
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.planning.analysis import BinaryAnalysis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.historical import HistoricalArm, MapPrior
    from ra_bayes.planning.design import Design

__all__ = ["borrowing_of", "control_arms", "plan_borrowing"]

type Array = NDArray[np.float64]

# Room for the names of arms and for the columns of numbers, at the house's text size.
_NAMES_MM, _NUMBERS_MM = 43.0, 53.0
_ROW_MM = 4.4
_DENSITY_MM = 26.0
_HEAD = -1.1
_NAME = 34


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the forest: its name, its place from the top, its numbers; `arm` or a prior."""

    place: float
    name: str
    estimate: float
    lower: float
    upper: float
    told: str
    arm: bool


def plan_borrowing(
    arms: Sequence[HistoricalArm], prior: MapPrior, used: BetaMixture, *, ci_prob: float = 0.90
) -> Canvas:
    """Draw the historical arms, the prior of a new arm that they give, and the robust prior that is used.

    Parameters
    ----------
    arms
        The arms, with their counts.
    prior
        What :func:`~ra_bayes.historical.map_prior` made of them.
    used
        The mixture that the analysis uses, such as :func:`~ra_bayes.historical.robust` makes of
        ``prior.mixture()``.
    ci_prob
        Probability of the credible intervals.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the prior is not of a rate, or not of as many arms.

    Examples
    --------
    >>> from ra_bayes.historical import historical_arms, map_prior, robust
    >>> arms = historical_arms("acr20", "control", week=16).used
    >>> prior = map_prior([(arm.r, arm.n) for arm in arms])
    >>> figure = plan_borrowing(arms, prior, robust(prior.mixture()))
    >>> figure.alt.startswith("Historical arms and the prior of a new one")
    True
    """
    named = interval_name(ci_prob)
    if prior.family != "binary":
        raise RaBayesError(f"a {prior.family} prior is not of a rate; give one of family binary")
    if prior.arms != len(arms):
        raise RaBayesError(
            f"the prior was made of {prior.arms} arms and {len(arms)} were given to draw; give the same arms"
        )
    rows = [*_of_arms(arms, ci_prob), *_of_priors(prior, used, len(arms), ci_prob)]
    with style():
        forest_mm = _ROW_MM * (rows[-1].place + 2.2)
        width = column_mm(150.0)
        figure = Canvas(width, 14.0 + forest_mm + _DENSITY_MM, _notes(arms, named))
        drawn_mm = max(house_mm(width) - _NAMES_MM - _NUMBERS_MM, 0.4 * _NUMBERS_MM)
        grid = figure.add_gridspec(
            2, 2, width_ratios=(drawn_mm, _NUMBERS_MM), height_ratios=(forest_mm, _DENSITY_MM)
        )
        axes = figure.add_subplot(grid[0, 0])
        _forest(axes, rows)
        _numbers(figure.add_subplot(grid[0, 1], sharey=axes), rows, ci_prob)
        below = figure.add_subplot(grid[1, 0], sharex=axes)
        _densities(below, prior, used)
        axes.tick_params(axis="x", labelbottom=False)
        below.set_xlabel(f"Rate of {_label(arms)}")
        return figure.finish(_alt(arms, rows, prior, named))


def control_arms(design: Design) -> tuple[HistoricalArm, ...]:
    """Return the control arms on file that a design could borrow from; none of fewer than two.

    Parameters
    ----------
    design
        Of two arms with a binary outcome; any other has none.
    """
    if design.arms != 2 or not isinstance(design.analysis, BinaryAnalysis):
        return ()
    arms = historical_arms(design.endpoint.outcome, "control", week=design.endpoint.week).used
    return arms if len(arms) > 1 else ()


def borrowing_of(design: Design, *, ci_prob: float = 0.90) -> Canvas:
    """Draw what the control arms on file say of a design's control arm, and the prior of its analysis.

    Parameters
    ----------
    design
        Of two arms with a binary outcome.
    ci_prob
        Probability of the credible intervals.

    Raises
    ------
    RaBayesError
        If it has no control arm with a rate, or fewer than two arms are on file for it.
    """
    arms = control_arms(design)
    if not arms or not isinstance(design.analysis, BinaryAnalysis) or design.analysis.control_rate is None:
        raise RaBayesError(
            f"no two control arms are on file for {design.name}; give plan_borrowing arms and a prior"
        )
    prior = map_prior([(arm.r, arm.n) for arm in arms])
    return plan_borrowing(arms, prior, design.analysis.control_rate, ci_prob=ci_prob)


def _of_arms(arms: Sequence[HistoricalArm], ci_prob: float) -> list[_Row]:
    found = []
    for place, arm in enumerate(arms):
        seen = UNIFORM.update(arm.r, arm.n)
        found.append(
            _Row(
                float(place),
                shorten(f"{arm.study}, {arm.arm}", _NAME, placeholder="…"),
                seen.quantile(0.5),
                *seen.interval(ci_prob),
                f"{arm.r}/{arm.n}{'*' * arm.computed}, wk {arm.week:g}",
                arm=True,
            )
        )
    return found


def _of_priors(prior: MapPrior, used: BetaMixture, first: int, ci_prob: float) -> list[_Row]:
    mixture, new = prior.mixture(), prior.predictive
    assert isinstance(mixture, BetaMixture)
    return [
        _Row(
            first + 0.5,
            "New arm (MAP)",
            new.quantile(0.5),
            *new.interval(ci_prob),
            _worth(mixture),
            arm=False,
        ),
        _Row(
            first + 1.5,
            "Prior that is used",
            used.quantile(0.5),
            *used.interval(ci_prob),
            _worth(used),
            arm=False,
        ),
    ]


def _worth(mixture: BetaMixture) -> str:
    """Return an effective sample size with the name of its definition; elir where it exists."""
    try:
        return f"ESS {effective_sample_size(mixture):.0f} (elir)"
    except RaBayesError:
        return f"ESS {effective_sample_size(mixture, method='moment'):.0f} (moments)"


def _forest(axes: Axes, rows: list[_Row]) -> None:
    for row, colour in zip(rows, [*[INK] * (len(rows) - 2), ASSURANCE, POSTERIOR], strict=True):
        ends = row.lower, row.estimate, row.upper
        if row.arm:
            mark = {"marker": "s", "markersize": pt(3.2), "color": colour}
            draw_interval(axes, ends, row.place, mark, width=1.0)
        else:
            mark = {"marker": "d", "markersize": pt(5.6), "color": colour}
            gid = ("prior interval", "prior estimate")
            draw_interval(axes, ends, row.place, mark, width=1.7, gid=gid)
    axes.axhline(rows[-2].place - 0.75, color=QUIET, linewidth=pen(0.5))
    axes.set_yticks([row.place for row in rows], [row.name for row in rows])
    axes.set_ylim(rows[-1].place + 0.6, _HEAD - 0.4)
    axes.set_xlim(0.0, min(1.0, 1.08 * max(row.upper for row in rows)))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)


def _numbers(axes: Axes, rows: list[_Row], ci_prob: float) -> None:
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)

    def write(place: float, told: str, numbers: str, colour: str = INK) -> None:
        axes.text(0.0, place, told, va="center", fontsize=small_pt(), color=colour)
        axes.text(1.0, place, numbers, ha="right", va="center", fontsize=small_pt(), color=colour)

    write(_HEAD, "Patients", f"Rate ({100.0 * ci_prob:g}% CrI)", FOOTER)
    for row in rows:
        write(row.place, row.told, f"{number(row.estimate)} ({interval(row.lower, row.upper, 2)})")


def _densities(axes: Axes, prior: MapPrior, used: BetaMixture) -> None:
    """Draw the densities of the prior of a new arm and of the one that is used."""
    new = prior.predictive
    kept = (new.x > 0.001) & (new.x < 0.999)
    axes.plot(
        new.x[kept],
        new.density[kept],
        color=ASSURANCE,
        linewidth=pen(1.0),
        linestyle=(0, (5.0, 1.6)),
        gid="map",
    )
    at = np.linspace(0.001, 0.999, 400)
    axes.plot(at, np.exp(used.log_density(at)), color=POSTERIOR, linewidth=pen(1.2), gid="used")
    axes.set_ylim(bottom=0.0)
    axes.set_yticks([])
    axes.set_ylabel("Density")
    for line, name in ((axes.lines[0], "New arm (MAP)"), (axes.lines[1], "Prior that is used")):
        line.set_label(name)
    # Beside the panel, where the numbers above leave room.
    axes.legend(loc="upper left", bbox_to_anchor=(1.04, 1.0)).set_in_layout(False)


def _label(arms: Sequence[HistoricalArm]) -> str:
    outcome = arms[0].outcome
    return OUTCOMES[outcome].label if outcome in OUTCOMES else outcome.replace("_", " ")


def _notes(arms: Sequence[HistoricalArm], named: str) -> str:
    label = _label(arms)
    notes = [
        f"{label[0].upper()}{label[1:]}: r of n patients by week ({sum(arm.n for arm in arms):,} patients in "
        f"{len(arms)} arms); squares and lines: median with {named} under a uniform prior. "
        "Diamonds: the same of the rate of a new arm like these (meta-analytic-predictive, MAP), and of the "
        "mixture that is used. ESS: effective sample size, in patients. Integrated numerically: no "
        "Monte Carlo error."
    ]
    if any(arm.computed for arm in arms):
        notes.append("*: count computed from a percentage.")
    return " ".join(notes)


def _alt(arms: Sequence[HistoricalArm], rows: list[_Row], prior: MapPrior, named: str) -> str:
    told = [
        f"{row.name}, {row.told}, {number(row.estimate)} ({interval(row.lower, row.upper, 2)})"
        for row in rows
    ]
    return (
        f"Historical arms and the prior of a new one, rate of {_label(arms)} in "
        f"{sum(arm.n for arm in arms):,} patients, medians with {named}: {'; '.join(told)}. SD between arms "
        f"on the log-odds scale, median {number(prior.tau.quantile(0.5))}."
    )
