"""The historical prior: what the counts of other trials' arms say of the rate of a new arm.

Arm j had r_j events among n_j patients. Its own rate p_j differs from that of the other arms by as much as
the counts show:

    r_j ~ Binomial(n_j, p_j)       p_j ~ Beta(m s, (1 - m) s)
    m ~ Uniform(0, 1)              s = 2 + s0 u / (1 - u),  u ~ Uniform(0, 1)

m is the mean rate over arms and s how alike arms are, in patients: of a new arm's rate the others tell at
most what s of its own patients would. s is at least 2, the worth of the uniform prior, which knows nothing.
Beyond, every weight u of the others against an arm of s0 patients is as likely beforehand (a uniform
shrinkage prior; Daniels 1999). The median of s is 2 + s0. With s0 = 25 it is 27, and a rate around 25% varies
between arms with an SD of 0.5 on the log-odds; its 90% interval, s from 3 to 477, is an SD from 1.6 to 0.1:
from trials with little in common to arms of one trial.

Given m and s the rates p_j integrate out to beta-binomials, and a new arm's rate is Beta(m s, (1 - m) s). So

    p_new | counts  =  sum_k w_k Beta(m_k s_k, (1 - m_k) s_k)
    w_k  proportional to  v_k prod_j BetaBinomial(r_j; n_j, m_k s_k, (1 - m_k) s_k)

over the nodes k of a Gauss-Legendre rule with weights v_k: a mixture of Betas, without sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, Beta, BetaMixture, mix

__all__ = ["STRENGTH", "VAGUE_WEIGHT", "historical_prior", "robust"]

type Array = NDArray[np.float64]

# The least and, beyond it, the median of s: 2 is the uniform prior, 25 about an arm of an early trial.
FLOOR: Final = 2.0
STRENGTH: Final = 25.0
# One chance in five that the new arm is unlike those on file: the weight in the vignette of the R package
# RBesT (Getting started, binary), where the vague part is uniform as ours is.
VAGUE_WEIGHT: Final = 0.2

_NODES: Final = (48, 32)


def historical_prior(
    counts: Sequence[tuple[int, int]], *, strength: float = STRENGTH, nodes: tuple[int, int] = _NODES
) -> BetaMixture:
    """Return the predictive distribution of the rate of a new arm.

    Parameters
    ----------
    counts
        Events and patients (r, n) of each arm, two at least: one arm says nothing of how arms differ.
    strength
        s0, how alike arms are beforehand: the other arms are worth `strength` + 2 patients, by the median.
    nodes
        Nodes of the quadrature for m and for s.

    Raises
    ------
    RaBayesError
        If there are fewer than two arms or a count cannot be.

    Examples
    --------
    >>> prior = historical_prior([(2, 10), (5, 20), (3, 15)])
    >>> round(prior.mean, 2), round(prior.ess)
    (0.25, 14)
    """
    if len(counts) < 2:
        raise RaBayesError(
            f"a historical prior cannot learn from {len(counts)} arms how arms differ; "
            "give the counts of two or more, or use a vague prior"
        )
    if wrong := [f"{r} of {n}" for r, n in counts if not 0 <= r <= n]:
        raise RaBayesError(f"these counts cannot be: {', '.join(wrong)}; correct them")
    shares, share_weights = _legendre(nodes[1], 0.0, 1.0)
    s = FLOOR + strength * shares / (1.0 - shares)
    # Many patients narrow m down to a sliver of (0, 1): look where it is, then put the nodes there.
    look = np.linspace(0.00125, 0.99875, 400)
    log = _log_likelihood(counts, look, s)
    found = np.flatnonzero(log.max(axis=1) > log.max() - 30.0)
    low, high = look[max(found[0] - 1, 0)], look[min(found[-1] + 1, look.size - 1)]
    m, m_weights = _legendre(
        nodes[0], 0.0 if found[0] == 0 else float(low), 1.0 if found[-1] == look.size - 1 else float(high)
    )
    log = _log_likelihood(counts, m, s)
    weight = np.exp(log - log.max()) * m_weights[:, None] * share_weights
    weight /= weight.sum()
    # Six patients shift weights by a factor of thousands, never by 1e12.
    kept = weight > 1e-12
    a, b = m[:, None] * s, (1.0 - m)[:, None] * s
    return BetaMixture(tuple(map(Beta, a[kept], b[kept], weight[kept])))


def robust(prior: BetaMixture, *, weight: float = VAGUE_WEIGHT, vague: BetaMixture = UNIFORM) -> BetaMixture:
    """Return the prior with a vague part: weight · vague + (1 − weight) · prior (Schmidli 2014).

    If the trial's count is unlike the others, the vague part gains the weight and the others are let go.

    Examples
    --------
    >>> from ra_bayes.mixtures.beta import beta
    >>> round(robust(beta(20, 80)).update(9, 10).mean, 2), round(beta(20, 80).update(9, 10).mean, 2)
    (0.83, 0.26)
    """
    if not 0.0 <= weight <= 1.0:
        raise RaBayesError(f"the weight of the vague part is {weight}; it must lie between 0 and 1")
    return mix((1.0 - weight, prior), (weight, vague))


def _legendre(number: int, low: float, high: float) -> tuple[Array, Array]:
    """Nodes and weights of the Gauss-Legendre rule on (low, high)."""
    x, weight = special.roots_legendre(number)
    return np.asarray(low + (high - low) * (x + 1.0) / 2.0), np.asarray(weight * (high - low) / 2.0)


def _log_likelihood(counts: Sequence[tuple[int, int]], m: Array, s: Array) -> Array:
    """log prod_j BetaBinomial(r_j; n_j, m s, (1 - m) s), without the binomial coefficients: (m, s)."""
    a, b = m[:, None] * s, (1.0 - m)[:, None] * s
    return np.asarray(sum(special.betaln(a + r, b + (n - r)) - special.betaln(a, b) for r, n in counts))
