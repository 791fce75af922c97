"""Where a design with a known SD decides: the means that are a success, futile, or neither, at each look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.known import KnownSd, posterior_bound
from ra_bayes.planning.continuous.predictive import predictive_bound
from ra_bayes.planning.rule import Criterion

__all__ = ["bounds", "critical_mean"]

type Array = NDArray[np.float64]


def critical_mean(design: KnownSd, look: int, control: Array | float | None = None) -> Array:
    """Return the mean, or difference, that is needed for success at a look.

    Parameters
    ----------
    design
        The design.
    look
        Number of the look, from 1.
    control
        Means of the control arm (control), for priors by arm; the treated mean is then returned.

    Returns
    -------
    Array
        The least mean (the greatest, where lower is better) with success; infinite where the look has no
        criterion of success. One for each control.

    Examples
    --------
    The prior of 20 patients at -49 shifts what the treated need, but not one for one with ten controls:

    >>> from ra_bayes.mixtures import normal
    >>> from ra_bayes.planning.rule import Rule
    >>> rule = Rule((Criterion("difference", "below", 0, 0.95),))
    >>> design = KnownSd(rule, 88.0, (20,), (10,), control_mean=normal(-49, 88 / 20**0.5))
    >>> critical_mean(design, 1, control=np.array([-49.0, -19.0])).round(1)
    array([-90.8, -80.8])
    """
    if not 1 <= look <= design.last:
        raise RaBayesError(f"a design of {design.last} looks has no look {look}; they are numbered from 1")
    if design.by_arm and control is None:
        raise RaBayesError("what the treated need depends on the control's mean; give it as `control`")
    at = np.zeros(1) if control is None or not design.by_arm else np.atleast_1d(np.asarray(control, float))
    return np.asarray(design.sign * bounds(design, look - 1, design.sign * at)[1])


def bounds(design: KnownSd, k: int, control: Array) -> tuple[Array, Array]:
    """Return the treated means at or below which look k is futile and above which it is a success.

    Mirrored scale; both of shape (control). Success has precedence, so the first is never above the second.
    """
    at = k + 1
    success = [each for each in design.rule.success if each.at(at, design.last)]
    futility = [each for each in design.rule.futility if each.at(at, design.last)]
    upper = [_critical(design, k, each, control) for each in success]
    lower = [_critical(design, k, each, control) for each in futility]
    high = np.max(upper, axis=0) if upper else np.full(control.shape, np.inf)
    low = np.max(lower, axis=0) if lower else np.full(control.shape, -np.inf)
    return np.minimum(low, high), high


def _critical(design: KnownSd, k: int, criterion: Criterion, control: Array) -> Array:
    if criterion.basis == "predictive":
        return predictive_bound(design, k, criterion.probability, control)
    return posterior_bound(design, k, criterion, control)
