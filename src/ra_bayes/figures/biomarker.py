"""Biomarker against clinical response: each patient's two changes, uncertain both ways, and their tie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.correlation import correlation_over_patients, paired_at_random
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.figures.canvas import Canvas, interval_name
from ra_bayes.figures.change_axis import (
    Way,
    change_label,
    change_scale,
    draw_mcid,
    draw_zero,
    mcid_words,
    patients_words,
    signed_mcid,
)
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.keys import key_above, patient_marks
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.reading import band
from ra_bayes.figures.several import common_week, of_one_fit, one_cohort, posteriors_of, warnings_of_all
from ra_bayes.figures.style import FOOTER, patient_style, style
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["biomarker"]

type Array = NDArray[np.float64]

_LEAST, _MOST_NAMED = 3, 12
_INNER = 0.5


@dataclass(frozen=True, eq=False)
class _Correlation:
    """Correlation over patients: ends of its interval, and the probability that better goes with better."""

    lower: float
    median: float
    upper: float
    along: float


def biomarker(
    marker: xr.DataTree,
    outcome: xr.DataTree,
    *,
    ci_prob: float = 0.90,
    diagnoses: Mapping[str, Diagnosis] | None = None,
) -> Canvas:
    """Draw each patient's change in a biomarker against that in a clinical outcome, with both intervals.

    Written in is the correlation over the patients of the true changes, draw by draw, with its interval. Of
    two separate fits it leaves out what ties a patient's two changes together, and says so; of the two trees
    of one joint fit it is whole.

    Parameters
    ----------
    marker, outcome
        Fits of a biomarker and of a clinical outcome of one cohort; both change.
    ci_prob
        Probability of the outer credible intervals and of the correlation's; the inner ones hold 50%.
    diagnoses
        What :func:`~ra_bayes.diagnose` said of the fits, by their models' names, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure, one column wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the fits are of several cohorts or weeks, of one outcome, of a response of yes or no, of fewer than
        3 patients with records of both or of patients who do not differ, or `ci_prob` is not a probability.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.biomarker(il10, sdai).savefig("figure-8.pdf")          # doctest: +SKIP
    """
    named = interval_name(_INNER, ci_prob)
    trees = {spec_of(each).name: each for each in (marker, outcome)}
    if len(trees) < 2:
        raise RaBayesError(f"biomarker was given {next(iter(trees))} twice; give the fits of two outcomes")
    one_cohort(trees, "biomarker")
    across, up = posteriors_of(trees, "biomarker").values()
    week = common_week({each.spec.name: each for each in (across, up)}, "biomarker")
    names = tuple(each for each in across.patients if each in up.patients)
    if len(names) < _LEAST:
        raise RaBayesError(
            f"{len(names)} patients have records of both {across.spec.outcome.label} and "
            f"{up.spec.outcome.label}, and a "
            f"correlation needs {_LEAST}; give outcomes that more patients have"
        )
    x, y = (_changes(each, names) for each in (across, up))
    together = of_one_fit(trees)
    seed = None if together else provenance(marker)["seed"]
    found = _correlation(across.spec, up.spec, x, y, ci_prob, seed)
    with style():
        width = column_mm(80.0)
        figure = Canvas(
            width,
            78.0,
            _notes(across.spec, up.spec, named, len(names), together=together),
            warnings_of_all(trees, diagnoses),
        )
        axes = figure.subplots()
        _scales(axes, across.spec, up.spec, x, y, ci_prob)
        _patients(axes, x, y, ci_prob)
        # An important change of the marker is named above the panel too.
        lift = 0.0 if signed_mcid(across.spec) is None else 8.0
        _written(axes, found, ci_prob, lift)
        axes.set_xlabel(change_label(across.spec, week))
        axes.set_ylabel(change_label(up.spec, week))
        if len(names) <= _MOST_NAMED:
            key_above(figure, axes, patient_marks(names), 0.84 * width, lift=9.0 + lift)
        return figure.finish(_alt(across.spec, up.spec, names, x, y, found, ci_prob, together=together))


def _changes(posterior: Posterior, names: tuple[str, ...]) -> Array:
    places = [posterior.patients.index(name) for name in names]
    return posterior.patient_change[..., places, posterior.at_reference]


def _correlation(
    across: ModelSpec, up: ModelSpec, x: Array, y: Array, ci_prob: float, seed: int | None
) -> _Correlation:
    """Return the correlation; draws of separate fits are paired at random, by a seed."""
    x, y = (
        np.log(change) if spec.link.change == "ratio" else change for spec, change in ((across, x), (up, y))
    )
    if seed is not None:
        size = min(x.shape[0] * x.shape[1], y.shape[0] * y.shape[1])
        x, y = (paired_at_random(each, seed + place)[:size] for place, each in enumerate((x, y)))
    draws = correlation_over_patients(x, y).ravel()
    if not np.isfinite(draws).all():
        raise RaBayesError(
            f"the patients' changes in {across.outcome.label} or {up.outcome.label} do not differ, and "
            "have no correlation; give response_sd a prior that is not fixed"
        )
    lower, median, upper = (float(each) for each in band(draws[None], ci_prob))
    along = float((across.benefit_sign * up.benefit_sign * draws > 0.0).mean())
    return _Correlation(lower, median, upper, along)


def _scales(axes: Axes, across: ModelSpec, up: ModelSpec, x: Array, y: Array, ci_prob: float) -> None:
    ways: tuple[tuple[Way, ModelSpec, Array], ...] = (("x", across, x), ("y", up, y))
    for way, spec, change in ways:
        mcid = signed_mcid(spec)
        shown = [*band(change, ci_prob).ravel(), *([] if mcid is None else [mcid])]
        change_scale(axes, way, spec, shown)
        draw_zero(axes, way, spec)
        draw_mcid(axes, way, spec)


def _patients(axes: Axes, x: Array, y: Array, ci_prob: float) -> None:
    """Draw a cross for each patient: both intervals of both changes, and the medians."""
    number = x.shape[-1]
    outer, inner = ((band(x, prob), band(y, prob)) for prob in (ci_prob, _INNER))
    for i in range(number):
        mark: dict[str, Any] = (
            patient_style(i)
            if number <= _MOST_NAMED
            else {"color": FOOTER, "marker": ".", "markersize": pt(3.0)}
        )
        for (across, up), line, gid in ((outer, 0.6, "outer"), (inner, 1.8, "inner")):
            look: dict[str, Any] = {
                "color": mark["color"],
                "linewidth": pen(line),
                "solid_capstyle": "butt",
                "zorder": 3,
                "gid": gid,
            }
            axes.plot([across[0, i], across[2, i]], [up[1, i]] * 2, **look)
            axes.plot([across[1, i]] * 2, [up[0, i], up[2, i]], **look)
        axes.plot(
            [outer[0][1, i]],
            [outer[1][1, i]],
            linestyle="none",
            markeredgecolor="white",
            markeredgewidth=pen(0.5),
            zorder=4,
            gid="patient",
            **{**mark, "markersize": 1.25 * mark["markersize"]},
        )


def _written(axes: Axes, found: _Correlation, ci_prob: float, lift: float) -> None:
    """Write the correlation above the panel."""
    axes.annotate(
        f"r = {number(found.median)} ({100 * ci_prob:g}% CrI {interval(found.lower, found.upper, 2)}), "
        f"P(better with better) {probability(found.along)}",
        (0.0, 1.0),
        xycoords="axes fraction",
        xytext=(0.0, pt(3.0 + lift)),
        textcoords="offset points",
        va="bottom",
        fontsize=small_pt(),
        gid="correlation",
    )


def _notes(across: ModelSpec, up: ModelSpec, named: str, patients: int, *, together: bool) -> str:
    better = {1: "higher", -1: "lower"}
    notes = [
        f"Crosses: each patient's true changes, medians with {named} ({patients_words(patients)}); "
        f"{across.outcome.label}: {better[across.benefit_sign]} is better, {up.outcome.label}: "
        f"{better[up.benefit_sign]}.",
        "r: correlation over these patients of their true changes"
        + (" (of ratios: their logs)" if "ratio" in (across.link.change, up.link.change) else "")
        + ", draw by draw; P(better with better): probability that its sign is the one of improving in both.",
        "The outcomes were fitted together, draw by draw."
        if together
        else "The outcomes were fitted separately, which leaves out what ties a patient's two changes "
        "together and pulls the correlation towards 0; a joint fit would tell it.",
        mcid_words(across),
        mcid_words(up),
    ]
    return " ".join(filter(None, notes))


def _alt(
    across: ModelSpec,
    up: ModelSpec,
    names: tuple[str, ...],
    x: Array,
    y: Array,
    found: _Correlation,
    ci_prob: float,
    *,
    together: bool,
) -> str:
    shown = range(len(names)) if len(names) <= _MOST_NAMED else range(0)
    told = "; ".join(
        f"{short_name(names[i])}, {_median(across, x[..., i], ci_prob)} and {_median(up, y[..., i], ci_prob)}"
        for i in shown
    )
    fits = "one joint fit" if together else "separate fits, which pull it towards 0"
    return (
        f"{change_label(across, across.reference_week)} against {change_label(up, up.reference_week)} in "
        f"{len(names)} patients. Correlation over patients {number(found.median)} "
        f"({interval(found.lower, found.upper, 2)}), posterior median with {interval_name(ci_prob)}, from "
        f"{fits}; probability that better goes with better {probability(found.along)}."
        + (f" Medians by patient: {told}." if told else "")
    )


def _median(spec: ModelSpec, change: Array, ci_prob: float) -> str:
    lower, median, upper = band(change, ci_prob)
    return number(float(median), decimals(lower, upper, ratio=spec.link.change == "ratio"))
