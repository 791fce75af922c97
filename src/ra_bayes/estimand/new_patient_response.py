"""The chance that a new patient responds at a week, given the parameters: no simulation.

With W, D and s as in :mod:`ra_bayes.estimand.over_starts` and c = 1 - share (1 + share where higher is
better), who starts at W > g(0) has improved by the share if s D >= s q(W), with

    q(W) = g(c g^-1(W)) - W        (log link: the constant log c).

A state y_t <= cut-off depends on the end alone:

    Pr(state) = Phi( (g(cut-off) - baseline_mean - f(t)) / SD(A + b r(t) + e_t) ).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.criteria import Criterion
from ra_bayes.estimand.over_starts import share_reaching, value_bounds
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import population_rate, variance_of_patients
from ra_bayes.model.spec import ModelSpec

__all__ = ["recorded_cutoff", "share_responding"]

type Array = NDArray[np.float64]


def share_responding(posterior: Posterior, criterion: Criterion, *, measured: bool) -> Array:
    """Return the share of new patients who respond, per draw and visit.

    Parameters
    ----------
    posterior
        Draws of a fit.
    criterion
        What counts as a response.
    measured
        Whether of recorded values, noise in both, within the outcome's bounds; otherwise of true ones. Of an
        improvement the recording step is not taken into account, of a state it is.

    Returns
    -------
    ndarray
        Shape (..., visit), between 0 and 1.
    """
    if posterior.spec.binary:
        return population_rate(posterior)
    if criterion.share is None:
        return _share_in_state(posterior, criterion, measured=measured)
    return _share_improved(posterior, criterion.share, measured=measured)


def recorded_cutoff(spec: ModelSpec, criterion: Criterion) -> float:
    """Return the value below which a latent one is written down as in the state.

    Examples
    --------
    The HAQ-DI is written down in steps of 0.125, so that 1.06 is still a 1:

    >>> from ra_bayes.estimand.criteria import criteria_of
    >>> from ra_bayes.model import load_model
    >>> haq = load_model("haq")
    >>> [recorded_cutoff(haq, each) for each in criteria_of(haq)]
    [1.0625, 0.0625]
    """
    edge, step = criterion.edge, spec.rounding
    if not step:
        return edge
    # A hair's breadth, since 2.6 / 0.1 is not 26.
    highest = math.floor(edge / step + 1e-9) if criterion.inclusive else math.ceil(edge / step - 1e-9) - 1
    return (highest + 0.5) * step


def _share_in_state(posterior: Posterior, criterion: Criterion, *, measured: bool) -> Array:
    variance = variance_of_patients(posterior)
    if measured:
        variance = variance + posterior.scalars["residual_sd"][..., None] ** 2
    mean = posterior.scalars["baseline_mean"][..., None] + posterior.mean_change
    edge = recorded_cutoff(posterior.spec, criterion) if measured else criterion.edge
    return np.asarray(special.ndtr((posterior.spec.link.forward(edge) - mean) / np.sqrt(variance)))


def _share_improved(posterior: Posterior, share: float, *, measured: bool) -> Array:
    sign = posterior.spec.benefit_sign
    kept = 1.0 + sign * share
    _, highest = value_bounds(posterior, measured=measured)
    # Not from zero, which cannot improve; nor, where higher is better, from where the scale has no room.
    starts = (0.0, highest / kept if sign > 0 else np.inf)
    return share_reaching(posterior, lambda value: kept * np.maximum(value, 0.0), starts, measured=measured)
