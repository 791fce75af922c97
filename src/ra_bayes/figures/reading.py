"""What figures read off a tree: trajectories in the outcome's unit, bands of them, and bands in words."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import population_rate
from ra_bayes.numbers import decimals, interval, number

__all__ = ["band", "band_words", "level_words", "levels", "path_words", "patient_curves", "population_curve"]

type Array = NDArray[np.float64]


def patient_curves(posterior: Posterior) -> Array:
    """Return each patient's true value, or chance of a response, per draw (..., patient, visit)."""
    if posterior.spec.binary:
        return np.asarray(
            special.ndtr(posterior.patient_mean / posterior.scalars["residual_sd"][..., None, None])
        )
    return posterior.told(posterior.patient_mean)


def population_curve(posterior: Posterior) -> Array:
    """Return the typical patient's value, or the population's response rate, per draw (..., visit)."""
    if posterior.spec.binary:
        return population_rate(posterior)
    return posterior.told(posterior.scalars["baseline_mean"][..., None] + posterior.mean_change)


def band(draws: Array, ci_prob: float) -> Array:
    """Return lower end, median and upper end of an equal-tailed interval over the draws (3, ...).

    Examples
    --------
    >>> band(np.arange(101.0)[None, :], 0.5).tolist()
    [25.0, 50.0, 75.0]
    """
    tail = (1.0 - ci_prob) / 2.0
    return np.asarray(np.quantile(draws, [tail, 0.5, 1.0 - tail], axis=(0, 1)))


def band_words(ends: Iterable[float], *, ratio: bool = False) -> str:
    """Return an estimate with its interval, in as many digits as the interval leaves.

    Parameters
    ----------
    ends
        Lower end, estimate and upper end: what :func:`band` returns of one quantity.
    ratio
        Whether it is read against 1.

    Examples
    --------
    >>> band_words((-24.3, -6.71, 5.92)), band_words((0.446, 0.978, 2.21), ratio=True)
    ('−7 (−24 to 6)', '0.98 (0.45 to 2.21)')
    """
    lower, estimate, upper = ends
    places = decimals(lower, upper, ratio=ratio)
    return f"{number(estimate, places)} ({interval(lower, upper, places)})"


def levels(values: Iterable[float], *, log: bool) -> list[str]:
    """Return levels of an outcome as texts: in as many digits as their spread leaves, in two each if `log`.

    Examples
    --------
    >>> levels((48.2, 67.6, 87.2), log=False), levels((0.187, 4.68, 123.4), log=True)
    (['48', '68', '87'], ['0.19', '4.7', '123'])
    """
    values = [*values]
    if log and min(values) > 0.0:
        return [number(each, max(0, 1 - math.floor(math.log10(each)))) for each in values]
    places = decimals(min(values), max(values))
    return [number(each, places) for each in values]


def level_words(ends: Iterable[float], *, log: bool) -> str:
    """Return a level with its interval, of lower end, estimate and upper end.

    Examples
    --------
    >>> level_words((48.2, 67.6, 87.2), log=False)
    '68 (48 to 87)'
    """
    lower, estimate, upper = levels(ends, log=log)
    return f"{estimate} ({lower} to {upper})"


def path_words(weeks: Iterable[float], bands: Array, *, ratio: bool = False) -> str:
    """Return a band over the weeks as a list: ``week 4, −3.1 (−7.9 to 1.8); week 8, ...``.

    Parameters
    ----------
    weeks
        The weeks.
    bands
        Lower ends, estimates and upper ends (3, week).
    ratio
        Whether it is read against 1.
    """
    told = zip(weeks, bands.T, strict=True)
    return "; ".join(f"week {week:g}, {band_words(ends, ratio=ratio)}" for week, ends in told)
