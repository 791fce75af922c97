"""The chance that a new patient responds at a week, given the parameters: no simulation.

Let W be where the patient starts and D the change, on the link's scale, jointly normal as in
:mod:`ra_bayes.estimand.new_patient`, and c = 1 - share (1 + share where higher is better). Who starts at
W > g(0) has improved by the share if s D >= s q(W), s the sign of benefit, with

    q(W) = g(c g^-1(W)) - W        (log link: the constant log c),

so that

    Pr(improved) = E_W[ 1{g^-1(W) > 0} Phi( s (E[D | W] - q(W)) / SD(D | W) ) ].

The expectation is by Gauss-Legendre quadrature. Where the patient's own change hardly varies, Phi is all but
a step at the start z* at which the expected change is the one needed, of width SD(D | W) / slope: it has a
panel of its own, and so has what lies beyond a bound of the scale, where recorded starts stop.

A state y_t <= cut-off depends on the end alone:

    Pr(state) = Phi( (g(cut-off) - baseline_mean - f(t)) / SD(A + b r(t) + e_t) ).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.criteria import Criterion
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import population_rate
from ra_bayes.model.spec import ModelSpec

__all__ = ["recorded_cutoff", "share_responding"]

type Array = NDArray[np.float64]

_NODES = 48
# Standard normal mass beyond is 1e-15.
_TAIL = 8.0
# Widths of the step on each side of it that its panel holds.
_STEP = 6.0


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


def _scalars(posterior: Posterior, *, measured: bool) -> tuple[Array, Array, Array, Array, Array]:
    mean, between, own, rho, noise = (
        posterior.scalars[name][..., None]
        for name in ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
    )
    return mean, between, own, rho, noise if measured else 0.0 * noise


def _share_in_state(posterior: Posterior, criterion: Criterion, *, measured: bool) -> Array:
    mean, between, own, rho, noise = _scalars(posterior, measured=measured)
    own = own * posterior.shape
    sd = np.sqrt(between**2 + 2.0 * rho * between * own + own**2 + noise**2)
    edge = recorded_cutoff(posterior.spec, criterion) if measured else criterion.edge
    return np.asarray(special.ndtr((posterior.spec.link.forward(edge) - mean - posterior.mean_change) / sd))


def _share_improved(posterior: Posterior, share: float, *, measured: bool) -> Array:
    spec = posterior.spec
    sign, link = spec.benefit_sign, spec.link
    kept = 1.0 + sign * share
    mean, between, own, rho, noise = _scalars(posterior, measured=measured)
    own = own * posterior.shape
    sd = np.sqrt(between**2 + noise**2)
    apart = noise**2 * (1.0 - posterior.residual_correlation)
    covariance = rho * between * own - apart
    slope = covariance / sd**2
    # Rounding may leave a variance of zero a hair below it.
    left = np.sqrt(np.maximum(own**2 + 2.0 * apart - slope * covariance, 1e-24))
    highest = float(link.inverse(np.inf))
    if measured and spec.outcome.upper is not None:
        highest = min(highest, spec.outcome.upper)

    def spare(z: Array) -> Array:
        """How far the expected change goes beyond the one needed, counted towards benefit."""
        start = mean + z * sd
        value = np.clip(link.inverse(start), 0.0, highest)
        return np.asarray(
            sign * (posterior.mean_change + slope * z * sd - link.forward(kept * value) + start)
        )

    def place(value: float) -> Array:
        on_link = (float(link.forward(value)) - mean) / sd
        return np.clip(on_link, -_TAIL, _TAIL)

    # Not from zero, which cannot improve; nor, where higher is better, from where the scale has no room.
    first = place(0.0)
    last = place(highest / kept) if sign > 0 and math.isfinite(highest) else np.full_like(first, _TAIL)
    bend = place(highest) if math.isfinite(highest) else last
    edges = [*_around_step(spare, left, first, last), np.clip(bend, first, last)]
    shape = np.broadcast_shapes(mean.shape, posterior.mean_change.shape)
    cuts = np.sort(np.stack([np.broadcast_to(each, shape) for each in (first, last, *edges)]), axis=0)
    total = np.zeros(shape)
    for node, weight in zip(*np.polynomial.legendre.leggauss(_NODES), strict=True):
        for low, high in itertools.pairwise(cuts):
            z = low + (high - low) * (node + 1.0) / 2.0
            density = weight * (high - low) / 2.0 * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
            total += density * special.ndtr(spare(z) / left)
    return np.clip(total, 0.0, 1.0)


def _around_step(
    spare: Callable[[Array], Array], left: Array, first: Array, last: Array
) -> tuple[Array, Array]:
    """Return the ends of the panel that holds the step of Phi, by bisection."""
    shape = np.broadcast_shapes(first.shape, left.shape)
    low, high = np.broadcast_to(first, shape), np.broadcast_to(last, shape)
    rises = spare(high) > spare(low)
    for _ in range(48):
        middle = 0.5 * (low + high)
        over = (spare(middle) > 0.0) == rises
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        steep = np.abs(spare(np.minimum(low + 1e-4, last)) - spare(np.maximum(low - 1e-4, first))) / 2e-4
        width = np.where(steep > 0.0, _STEP * left / steep, 2.0 * _TAIL)
    return np.clip(low - width, first, last), np.clip(low + width, first, last)
