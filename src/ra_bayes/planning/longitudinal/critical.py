"""A single look with the estimate integrated out: the chance of success given everything else, in closed
form.

Let m be the generalised least squares estimate at the true SDs and m_k that at the lattice's SDs k. By the
Gauss-Markov theorem m has the least variance among unbiased linear estimates, so it is uncorrelated with the
difference of any two of them: the m_k - m, like the residual cross-products, are independent of m, whose
distribution is Normal(effect, v). Given them,

    P(m) = sum_k w_k Phi( (m + (m_k - m) - c) / sqrt(v_k) )

rises with m and crosses the cut-off once, at q, and the chance of success is Phi((effect - q) / sqrt(v)).
Its mean over simulated trials is the power; it varies much less than success itself, which is 0 or 1
(Rao-Blackwell), and serves every effect at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.longitudinal.analyses import Look
from ra_bayes.planning.longitudinal.known import Limits, limits, side_of
from ra_bayes.planning.longitudinal.posterior import EffectPosterior, with_prior
from ra_bayes.planning.rule import Criterion

__all__ = ["critical_estimate", "critical_limits"]

type Array = NDArray[np.float64]

_STEPS = 60
_CLOSE = 1e-6


def critical_estimate(
    posterior: EffectPosterior,
    estimate: Array,
    criterion: Criterion,
    effect: tuple[float, float] | None,
) -> Array:
    """Return the estimate q at which a posterior criterion's probability is its cut-off (trial).

    Newton's method within a bracket that halves. Where the effect's records are missing nothing crosses:
    infinite.
    """
    above = criterion.direction == "above"
    wanted = criterion.probability if above else 1.0 - criterion.probability
    z = float(special.ndtri(wanted))
    variance = posterior.variance[:, 0]
    none = ~np.isfinite(variance).all(axis=-1)
    variance = np.where(none[:, None], 1.0, variance)
    rest = posterior.mean - estimate[:, None] - criterion.threshold
    mean_sd = np.sqrt((posterior.weight * variance).sum(axis=-1))
    q = z * mean_sd - (posterior.weight * rest).sum(axis=-1)
    low, high = np.full_like(q, -np.inf), np.full_like(q, np.inf)
    for _ in range(_STEPS):
        weight, mean, spread = posterior.weight, rest + q[:, None], variance
        if effect is not None:
            prior = (effect[0] - criterion.threshold, effect[1])
            weight, mean, spread = with_prior(weight, mean, variance, prior)
        sd = np.sqrt(spread)
        standard = mean / sd
        value = (weight * special.ndtr(standard)).sum(axis=-1) - wanted
        if np.all((np.abs(value) < _CLOSE) | none):
            break
        low, high = np.where(value < 0.0, q, low), np.where(value >= 0.0, q, high)
        slope = (weight * np.exp(-0.5 * standard**2) / sd).sum(axis=-1) / np.sqrt(2.0 * np.pi)
        step = q - np.clip(value / np.maximum(slope, 1e-300), -3.0 * mean_sd, 3.0 * mean_sd)
        inside = (step > low) & (step < high)
        with np.errstate(invalid="ignore"):
            better = np.where(inside, step, 0.5 * (low + high))
        q = np.where(np.abs(value) < _CLOSE, q, better)
    return np.where(none, np.inf if above else -np.inf, q)


def critical_limits(
    look: Look,
    success: tuple[Criterion, ...],
    futility: tuple[Criterion, ...],
    effect: tuple[float, float] | None,
) -> Limits:
    """Return which estimates are a success and which no futility, of each trial."""

    def found(criteria: tuple[Criterion, ...]) -> list[tuple[float, Array]]:
        return [
            (
                side_of(each),
                critical_estimate(look.posterior, look.estimate, each, effect),
            )
            for each in criteria
        ]

    return limits(found(success), found(futility), look.estimate)
