"""Concordance: do several outcomes change for the better at once: in the mean, in a patient, in a new one?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.change import gain
from ra_bayes.estimand.concordance import (
    Concordance,
    all_at_once,
    new_patient_improves,
    new_patient_improves_in_all,
)
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.figures.canvas import Canvas, interval_name
from ra_bayes.figures.change_axis import Way, change_scale, draw_zero, patients_words, zero
from ra_bayes.figures.density import density, highest_level, joint_density
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.reading import band, band_words
from ra_bayes.figures.several import (
    common_week,
    of_one_fit,
    one_cohort,
    posteriors_of,
    tied_responses,
    warnings_of_all,
)
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, patient_style, style
from ra_bayes.numbers import listed, probability

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["concordance"]

type Array = NDArray[np.float64]

_MOST_OUTCOMES, _MOST_NAMED = 4, 12
_PANEL_MM = 50.0
_GRID, _SMOOTHING = 160, 1.4
_INNER = 0.5


@dataclass(frozen=True, eq=False)
class _Outcome:
    """Changes of one outcome at the week: the population's (chain, draw) and each common patient's."""

    posterior: Posterior
    population: Array
    patients: Array

    @property
    def name(self) -> str:
        """The outcome, and where it changes for the better."""
        spec = self.posterior.spec
        return f"{spec.outcome.label} {'down' if spec.benefit_sign < 0 else 'up'}"

    @property
    def label(self) -> str:
        """What its axis is called."""
        spec = self.posterior.spec
        ratio = spec.link.change == "ratio"
        return f"{spec.outcome.label} ({'ratio' if ratio else f'change, {spec.outcome.unit}'})"

    def free(self, value: ArrayLike) -> Array:
        """Return changes on the scale that is drawn evenly."""
        return np.asarray(np.log(value) if self.posterior.spec.link.change == "ratio" else value, dtype=float)


def concordance(
    trees: Mapping[str, xr.DataTree],
    *,
    ci_prob: float = 0.90,
    together: bool | None = None,
    diagnoses: Mapping[str, Diagnosis] | None = None,
) -> Canvas:
    """Draw whether outcomes change for the better together: pair by pair, and the probability of all.

    For every pair, the regions that hold most of the posterior of the typical patient's change, and each
    patient's median with 50% intervals; the quarter in which both change for the better is shaded. Beside
    them the probability that all change for the better at once: for the population's mean, for each patient
    and for a new patient.

    Parameters
    ----------
    trees
        Fits of 2 to 4 outcomes of one cohort by name, such as ``il10``, ``tnf_alpha`` and ``il17``.
    ci_prob
        Probability of the outer regions; the inner ones hold 50%.
    together
        Whether the trees' draws are those of one joint posterior, draw by draw; if not given, whether they
        are of one joint fit. Those of separate fits are not: the probability is then given as of independent
        outcomes, with the bounds that hold whatever ties them together.
    diagnoses
        What :func:`~ra_bayes.diagnose` said of the fits, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, up to two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If there are fewer than 2 or more than 4 fits, of several cohorts or weeks, of a response of yes or
        no, or `ci_prob` is not a probability.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.concordance({"il10": a, "tnf_alpha": b, "il17": c})          # doctest: +SKIP
    """
    interval_name(ci_prob)
    one_cohort(trees, "concordance")
    if len(trees) > _MOST_OUTCOMES:
        raise RaBayesError(
            f"concordance has room for {_MOST_OUTCOMES} outcomes, and was given {len(trees)}; give those "
            "that matter"
        )
    posteriors = posteriors_of(trees, "concordance")
    week = common_week(posteriors, "concordance")
    names = _common_patients(posteriors)
    outcomes = [_outcome(each, names) for each in posteriors.values()]
    together = of_one_fit(trees) if together is None else together
    tied = tied_responses(trees) if together else None
    chances = _chances(outcomes, names, tied, together=together)
    with style():
        side = len(outcomes) - 1
        figure = Canvas(
            column_mm(115.0 if side <= 2 else 150.0),
            4.0 + _PANEL_MM * max(side, 1),
            _notes(outcomes, week, len(names), ci_prob, together=together, tied=tied is not None),
            warnings_of_all(trees, diagnoses),
        )
        grid = figure.add_gridspec(max(side, 1), max(side, 2))
        for column, row in combinations(range(len(outcomes)), 2):
            axes = figure.add_subplot(grid[row - 1, column])
            _pair(axes, outcomes[column], outcomes[row], ci_prob, together=together)
        _probabilities(figure.add_subplot(grid[0, 1:]), chances, together=together)
        return figure.finish(_alt(outcomes, names, chances, week, ci_prob, together=together))


def _common_patients(posteriors: Mapping[str, Posterior]) -> tuple[str, ...]:
    first, *others = posteriors.values()
    return tuple(each for each in first.patients if all(each in other.patients for other in others))


def _outcome(posterior: Posterior, names: tuple[str, ...]) -> _Outcome:
    at = posterior.at_reference
    places = [posterior.patients.index(name) for name in names]
    return _Outcome(
        posterior, posterior.population_change[..., at], posterior.patient_change[..., places, at]
    )


def _chances(
    outcomes: list[_Outcome], names: tuple[str, ...], tied: Array | None, *, together: bool
) -> dict[str, Concordance]:
    """Return the probability that all change for the better: of the mean, of each patient, of a new one."""
    found = {
        "Typical patient": all_at_once(
            [gain(each.posterior, each.population) > 0.0 for each in outcomes], together=together
        )
    }
    for i, name in enumerate(names[:_MOST_NAMED]):
        events = [gain(each.posterior, each.patients[..., i]) > 0.0 for each in outcomes]
        found[short_name(name)] = all_at_once(events, together=together)
    new = (
        [new_patient_improves(each.posterior)[..., each.posterior.at_reference] for each in outcomes]
        if tied is None
        else [new_patient_improves_in_all([each.posterior for each in outcomes], tied)]
    )
    return {**found, "New patient": all_at_once(new, together=together)}


def _pair(axes: Axes, across: _Outcome, up: _Outcome, ci_prob: float, *, together: bool) -> None:
    """Draw the posterior of two changes."""
    ways: tuple[tuple[Way, _Outcome], ...] = (("x", across), ("y", up))
    for way, each in ways:
        ends = np.concatenate(
            [np.quantile(each.population, [0.005, 0.995]), band(each.patients, _INNER).ravel()]
        )
        change_scale(axes, way, each.posterior.spec, ends)
        draw_zero(axes, way, each.posterior.spec)
    _quarter(axes, across, up)
    x, y = (
        np.linspace(float(each.free(limits[0])), float(each.free(limits[1])), _GRID)
        for each, limits in ((across, axes.get_xlim()), (up, axes.get_ylim()))
    )
    draws_x, draws_y = (each.free(each.population).ravel() for each in (across, up))
    heights = (
        joint_density(draws_x, draws_y, x, y)
        if together
        else np.outer(
            *(density(draws, at, smoothing=_SMOOTHING) for draws, at in ((draws_y, y), (draws_x, x)))
        )
    )
    levels = [highest_level(heights, prob) for prob in (ci_prob, _INNER)]
    shown = [
        np.exp(each) if outcome.posterior.spec.link.change == "ratio" else each
        for outcome, each in ((across, x), (up, y))
    ]
    axes.contourf(*shown, heights, [*levels, heights.max()], colors=[POSTERIOR] * 2, alpha=0.18, zorder=1.5)
    axes.contour(
        *shown, heights, levels, colors=[POSTERIOR], linewidths=[pen(0.6), pen(1.1)], zorder=2
    ).set_gid("region")
    axes.plot(
        [np.median(across.population)],
        [np.median(up.population)],
        marker="d",
        markersize=pt(5.0),
        color=INK,
        markeredgecolor="white",
        markeredgewidth=pen(0.4),
        linestyle="none",
        zorder=5,
        gid="mean",
    )
    _patients(axes, across, up)
    axes.set_xlabel(across.label)
    axes.set_ylabel(up.label)


def _quarter(axes: Axes, across: _Outcome, up: _Outcome) -> None:
    """Shade the quarter in which both change for the better."""

    def side(each: _Outcome, limits: tuple[float, float]) -> tuple[float, float]:
        spec = each.posterior.spec
        return (limits[0], zero(spec)) if spec.benefit_sign < 0 else (zero(spec), limits[1])

    x, y = side(across, axes.get_xlim()), side(up, axes.get_ylim())
    axes.fill_between(x, y[0], y[1], color="#d9d9d9", alpha=0.55, linewidth=0.0, zorder=0, gid="quarter")


def _patients(axes: Axes, across: _Outcome, up: _Outcome) -> None:
    x, y = band(across.patients, _INNER), band(up.patients, _INNER)
    number = x.shape[1]
    for i in range(number):
        mark: dict[str, Any] = (
            patient_style(i)
            if number <= _MOST_NAMED
            else {"color": FOOTER, "marker": ".", "markersize": pt(2.5)}
        )
        look: dict[str, Any] = {
            "color": mark["color"],
            "linewidth": pen(0.7),
            "solid_capstyle": "butt",
            "zorder": 3,
            "gid": "cross",
        }
        axes.plot([x[0, i], x[2, i]], [y[1, i]] * 2, **look)
        axes.plot([x[1, i]] * 2, [y[0, i], y[2, i]], **look)
        axes.plot(
            [x[1, i]],
            [y[1, i]],
            linestyle="none",
            markeredgecolor="white",
            markeredgewidth=pen(0.3),
            zorder=4,
            gid="patient",
            **mark,
        )


def _probabilities(axes: Axes, chances: Mapping[str, Concordance], *, together: bool) -> None:
    """Draw the probability that all change for the better, with its bounds, row by row."""
    last = len(chances) - 1
    for place, each in enumerate(chances.values()):
        own = (
            {"marker": "d", "markersize": pt(5.0), "color": INK}
            if place in (0, last)
            else patient_style(place - 1)
        )
        axes.plot(
            [each.lower, each.upper],
            [place] * 2,
            color=own["color"],
            linewidth=pen(1.0),
            solid_capstyle="butt",
            gid="bounds",
        )
        axes.plot(
            [each.probability],
            [place],
            linestyle="none",
            markeredgecolor="white",
            markeredgewidth=pen(0.4),
            zorder=3,
            clip_on=False,
            gid="probability",
            **own,
        )
        text = probability(each.probability)
        if not together:
            text += f" ({probability(each.lower)} to {probability(each.upper)})"
        _beside(axes, place, text)
    _beside(axes, -1.0, "P(all better)" if together else "independent (bounds)", color=FOOTER)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(last + 0.6, -1.4)
    axes.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    axes.set_yticks(range(last + 1), list(chances))
    axes.tick_params(axis="y", length=0.0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("P(all change for the better)")


def _beside(axes: Axes, place: float, text: str, **look: Any) -> None:
    axes.annotate(
        text,
        (1.0, place),
        xycoords=axes.get_yaxis_transform(),
        xytext=(pt(5.0), 0.0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=small_pt(),
        **look,
    )


def _notes(
    outcomes: list[_Outcome], week: float, number: int, ci_prob: float, *, together: bool, tied: bool
) -> str:
    notes = [
        f"Change from baseline at week {week:g}. Shading: typical patient of the population, "
        f"{100 * _INNER:g}% and {100 * ci_prob:g}% highest-density regions; diamond, median. Marks and "
        f"crosses: each patient's median with {interval_name(_INNER)} ({patients_words(number)}). Grey "
        f"quarter: both for the better. All better: {listed([each.name for each in outcomes])}."
    ]
    if together:
        notes.append(
            "One joint posterior; a new patient's outcomes are tied as it says."
            if tied
            else "One joint posterior; given its parameters, a new patient's outcomes are taken as "
            "independent."
        )
    else:
        notes.append(
            "The outcomes were fitted separately: the probability of all at once takes them as independent; "
            "the line is what it can be whatever ties them together (Fréchet bounds)."
        )
    return " ".join(notes)


def _alt(
    outcomes: list[_Outcome],
    names: tuple[str, ...],
    chances: Mapping[str, Concordance],
    week: float,
    ci_prob: float,
    *,
    together: bool,
) -> str:
    def estimate(each: _Outcome) -> str:
        ratio = each.posterior.spec.link.change == "ratio"
        return band_words(band(each.population, ci_prob), ratio=ratio)

    alone = "; ".join(
        f"{each.name}, {estimate(each)}, probability "
        f"{probability(float((gain(each.posterior, each.population) > 0.0).mean()))}"
        for each in outcomes
    )

    def told(name: str, each: Concordance) -> str:
        bounds = "" if together else f" (between {probability(each.lower)} and {probability(each.upper)})"
        return f"{name}, {probability(each.probability)}{bounds}"

    how = "of a joint posterior" if together else "were they independent, with the bounds whatever ties them"
    return (
        f"Concordance of {listed([each.name for each in outcomes])} at week {week:g} in {len(names)} "
        f"patients. The typical patient's change, median with {interval_name(ci_prob)}, and the probability "
        f"that it is for the better: {alone}. Probability that all change for the better, {how}: "
        f"{'; '.join(told(name, each) for name, each in chances.items())}."
    )
