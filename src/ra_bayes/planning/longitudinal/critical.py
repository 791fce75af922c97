"""The estimate integrated out of a simulated trial: the chances of its ends given everything else.

Let m be the generalised least squares estimate at the true SDs and m_k that at the lattice's SDs k. By the
Gauss-Markov theorem m has the least variance among unbiased linear estimates, so it is uncorrelated with the
difference of any two of them: the m_k - m, like the residual cross-products, are independent of m, whose
distribution is Normal(effect, v). Given them,

    P(m) = sum_k w_k Phi( (m + (m_k - m) - c) / sqrt(v_k) )

rises with m and crosses the cut-off once, at q, and the chance of success is Phi((effect - q) / sqrt(v)). Its
mean over simulated trials is the power; it varies much less than success itself, which is 0 or 1
(Rao-Blackwell), and serves every effect at once.

Over several looks the estimates are a Brownian motion (:mod:`.known`) between the looks' own q. That is exact
where all patients at a look are complete. With patients partly followed the m_k - m of a later look depend a
little on the estimate of an earlier one, which is left out: simulation finds the chances right to 0.001.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.longitudinal.analyses import Look
from ra_bayes.planning.longitudinal.known import Limits, direction, limits, side_of
from ra_bayes.planning.longitudinal.posterior import EffectPosterior, with_prior
from ra_bayes.planning.longitudinal.predictive import predictive_probability
from ra_bayes.planning.rule import Criterion

__all__ = ["critical_limits"]

type Array = NDArray[np.float64]
type Criteria = tuple[Criterion, ...]
type Effect = tuple[float, float] | None

_STEPS = 60
_CLOSE = 1e-6


def _critical_estimate(look: Look, criterion: Criterion, effect: Effect, final: Criteria) -> Array:
    """Return the estimate q at which a criterion's probability is its cut-off (trial).

    Where nobody's records tell of the effect nothing crosses: infinite.

    Parameters
    ----------
    look
        Analyses of trials.
    criterion
        The criterion, its threshold on the link's scale.
    effect
        Prior of the effect, None for flat.
    final
        Success criteria of the final analysis, which a predictive criterion asks for.
    """
    side = direction(final) if criterion.basis == "predictive" else side_of(criterion)
    wanted = criterion.probability if side > 0.0 else 1.0 - criterion.probability
    none = ~np.isfinite(look.variance)
    variance = np.where(none[:, None, None], 1.0, look.posterior.variance)
    weight, mean = look.posterior.weight, look.posterior.mean - look.estimate[:, None]
    sd = np.sqrt((weight * variance[:, 0]).sum(axis=-1))
    if criterion.basis == "predictive":
        start = look.estimate

        def rising(q: Array) -> Array:
            moved = EffectPosterior(weight, mean + q[:, None], variance)
            chance = predictive_probability(moved, final, look.coming, effect)
            return chance if side > 0.0 else 1.0 - chance
    else:
        rest = mean - criterion.threshold
        start = float(special.ndtri(wanted)) * sd - (weight * rest).sum(axis=-1)

        def rising(q: Array) -> Array:
            w, m, v = weight, rest + q[:, None], variance[:, 0]
            if effect is not None:
                w, m, v = with_prior(w, m, v, (effect[0] - criterion.threshold, effect[1]))
            return np.asarray((w * special.ndtr(m / np.sqrt(v))).sum(axis=-1))

    return np.where(none, side * np.inf, _crossing(rising, wanted, start, sd, none))


def _crossing(
    rising: Callable[[Array], Array], wanted: float, q: Array, sd: Array, skipped: NDArray[np.bool_]
) -> Array:
    """Return where a rising function crosses a probability: secants of its probit, which is nearly a line."""
    goal = float(special.ndtri(wanted))
    low, high = np.full_like(q, -np.inf), np.full_like(q, np.inf)
    before: tuple[Array, Array] | None = None
    for _ in range(_STEPS):
        value = rising(q)
        done = (np.abs(value - wanted) < _CLOSE) | skipped
        if done.all():
            break
        ahead = special.ndtri(np.clip(value, 1e-15, 1.0 - 1e-15)) - goal
        low, high = np.where(ahead < 0.0, q, low), np.where(ahead >= 0.0, q, high)
        slope = 1.0 / sd
        if before is not None:
            run = q - before[0]
            secant = (ahead - before[1]) / np.where(run == 0.0, 1.0, run)
            slope = np.where((secant > 0.2 / sd) & (secant < 5.0 / sd), secant, slope)
        before = q, ahead
        step = q - np.clip(ahead / slope, -4.0 * sd, 4.0 * sd)
        inside = (step > low) & (step < high)
        with np.errstate(invalid="ignore"):
            better = np.where(inside, step, 0.5 * (low + high))
        q = np.where(done, q, better)
    return q


def critical_limits(
    look: Look, success: Criteria, futility: Criteria, effect: Effect, final: Criteria
) -> Limits:
    """Return which estimates are a success and which no futility, of each trial."""

    def found(criteria: Criteria) -> list[tuple[float, Array]]:
        return [
            (
                direction(final) if each.basis == "predictive" else side_of(each),
                _critical_estimate(look, each, effect, final),
            )
            for each in criteria
        ]

    return limits(found(success), found(futility), look.estimate)
