"""Predictive probability: how likely the trial is to end in success, given the data so far.

At SDs k of the lattice the effect is Normal(m_k, u_k) now and will have the variance u'_k at the final
analysis, so that the final posterior mean is Normal(m_k, u_k - u'_k) given the data so far. The final
analysis will have learned only part of which SDs are true. With h = half the records still to come at the
last visit, the information that they hold on a log variance, and V = Var(log u') over the lattice, that
part is taken to be

    l = h V / (1 + h V).

Of the differences between the m_k, which come from arms that are unlike at baseline and from visits still
to be made, it keeps a share s,
0.15 to 0.5. The final posterior then has, should k be true, the mean
Normal(M_k, u_k - u'_k) and the variance F_k^2,

    M_k = m + sqrt(1 - s) (m_k - m),        F_k^2 = l u'_k + (1 - l) E[u'] + s Var(m_k),

m the mean of the m_k: the variance of the posterior now is that of the final mean plus the expected F^2, as
it must be. What is left unknown of the variance makes the final posterior a little heavier in its tails
than a normal, its quantile z + (1 - l) V (z^3 - 3 z) / 8 (Cornish and Fisher 1938). Success is the mean at
least that many F_k above the threshold. This is an approximation; tests and benchmarks compare it with
brute force.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.longitudinal.conduct import Coming
from ra_bayes.planning.longitudinal.known import direction
from ra_bayes.planning.longitudinal.posterior import EffectPosterior
from ra_bayes.planning.rule import Criterion

__all__ = ["predictive_probability"]

type Array = NDArray[np.float64]

# Share s of the estimate's dependence on the SDs that the final analysis keeps: with nobody partly followed,
# and what is added with the share of coming records that are of patients already begun. With half of the
# patients still to come, brute force came nearest at 0.05 to 0.2 without such patients, at 0.35 to 0.5 with.
_KEPT = (0.15, 0.35)


def predictive_probability(
    now: EffectPosterior,
    success: tuple[Criterion, ...],
    coming: Coming,
    effect: tuple[float, float] | None = None,
) -> Array:
    """Return the predictive probability of success at the final analysis (trial).

    Parameters
    ----------
    now
        The posterior so far, its analysis 1 the final one.
    success
        The success criteria of the final analysis.
    coming
        Records expected still at the last visit, numbers or arrays (trial).
    effect
        Prior of the effect, None for flat.
    """
    side = direction(success)
    precision = 0.0 if effect is None else effect[1] ** -2.0
    weight, means, u = now.updated(effect)
    last = 1.0 / (1.0 / now.variance[:, 1] + precision)

    def over_nodes(x: Array) -> Array:
        return np.asarray((weight * x).sum(axis=-1, keepdims=True))

    mean = over_nodes(means)
    log = np.log(last)
    unknown = over_nodes((log - over_nodes(log)) ** 2)
    total, begun = (np.broadcast_to(each, mean.shape[:1])[:, None] for each in coming)
    half = 0.5 * total
    learned = half * unknown / (1.0 + half * unknown)
    kept = _KEPT[0] + _KEPT[1] * begun / np.maximum(total, 1e-9)
    unsettled = kept * over_nodes((means - mean) ** 2)
    final_sd = np.sqrt(learned * last + (1.0 - learned) * over_nodes(last) + unsettled)
    centre = mean + np.sqrt(1.0 - kept) * (means - mean)
    ahead = np.full(means.shape, np.inf)
    for each in success:
        if each.basis == "posterior":
            normal = float(special.ndtri(each.probability))
            z = normal + (1.0 - learned) * unknown * (normal**3 - 3.0 * normal) / 8.0
            ahead = np.minimum(ahead, side * (centre - each.threshold) - z * final_sd)
    gain = np.sqrt(np.maximum(u - last, 0.0))
    # Where nothing more is to come, the trial is decided.
    scaled = np.where(gain > 0.0, ahead / np.where(gain > 0.0, gain, 1.0), np.copysign(np.inf, ahead))
    return np.asarray((weight * special.ndtr(scaled)).sum(axis=-1))
