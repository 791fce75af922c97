"""The posterior of the effect, with fixed and patient effects integrated out, given monotone data.

Given the SDs, V = L D L' and A = L^-1 (:mod:`.covariance`). The means are free by arm and visit after
baseline (flat priors, one common baseline mean), so each visit's regression has a mean of its own for each
arm, and integrating them out leaves

    log p(data | SDs) = -1/2 sum_j [ df_j log d_j + a_j S_j a_j' / d_j ] + constant,
    effect | SDs, data ~ Normal(m, v),
    m = sum_j L_Jj a_j c_j,        v = sum_j L_Jj^2 d_j (1/n_1j + 1/n_2j),

a_j the row of A up to j, c_j the difference of the arms' means among those seen at j, j from 1 to J: baseline
cancels, and at the last visit L_JJ = 1. With one arm c_j is its mean, 1/n_1j stands alone, and baseline
enters with L_J0 - 1. The SDs have LogNormal priors and (rho + 1) / 2 ~ Beta(c, c). Their posterior is
integrated on a lattice (:mod:`.checkerboard`) in (log level_sd, log response_sd, atanh rho, log
residual_sd), centred on the mode of each trial, stretched by the curvature there. The effect's posterior is
then a mixture of normals, and Pr(effect > c | data) = sum_k w_k Phi((m_k - c) / sqrt(v_k)).

A Normal(m0, s^2) prior on the effect multiplies w_k by Normal(m_k; m0, v_k + s^2) and updates each part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.checkerboard import RADIUS, SPACING, lattice
from ra_bayes.planning.longitudinal.covariance import check_visits
from ra_bayes.planning.longitudinal.statistics import Statistics, inverse_sum

__all__ = ["EffectPosterior", "effect_posterior", "scale_prior"]

type Array = NDArray[np.float64]

# An SD that is fixed at 0, as a log.
_ZERO = -60.0


@dataclass(frozen=True, eq=False)
class EffectPosterior:
    """The posterior of the effect under a flat prior on it: a mixture of normals over the SDs.

    Parameters
    ----------
    weight, mean
        (trial, node).
    variance
        (trial, analysis, node): analysis 0 is of the data; others are of the sizes asked for in advance.
    """

    weight: Array
    mean: Array
    variance: Array

    def updated(self, effect: tuple[float, float] | None) -> tuple[Array, Array, Array]:
        """Return weights, means and variances under a Normal(mean, sd) prior on the effect, None for flat."""
        variance = self.variance[:, 0]
        if effect is None:
            return self.weight, self.mean, variance
        return with_prior(self.weight, self.mean, variance, effect)

    def probability(self, threshold: ArrayLike, effect: tuple[float, float] | None = None) -> Array:
        """Return Pr(effect > threshold | data) (trial, ...), for thresholds (...).

        An effect that nobody's records tell of has its prior's probability; 0.5 under a flat prior, the limit
        of ever vaguer ones.
        """
        weight, mean, variance = self.updated(effect)
        at = np.asarray(threshold, dtype=float)
        sd = np.sqrt(variance)
        found = [
            np.einsum("tk,tk->t", weight, special.ndtr((mean - each) / sd))
            for each in np.atleast_1d(at).ravel()
        ]
        return np.stack(found, axis=-1).reshape(mean.shape[0], *at.shape)


def with_prior(
    weight: Array, mean: Array, variance: Array, effect: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """Return a mixture under a Normal(mean, sd) prior instead of a flat one."""
    m0, s2 = effect[0], effect[1] ** 2
    precision = 1.0 / variance
    # v is infinite where no record tells of the effect; it is so at all nodes, and the weights stay.
    total = variance + s2
    log = -0.5 * (mean - m0) ** 2 / total - 0.5 * np.log(np.where(np.isinf(total), 1.0, total))
    w = weight * np.exp(log - log.max(axis=-1, keepdims=True))
    updated = 1.0 / (precision + 1.0 / s2)
    return w / w.sum(axis=-1, keepdims=True), updated * (precision * mean + m0 / s2), updated


def scale_prior(analysis: LongitudinalAnalysis) -> Array:
    """Return the SDs' prior as numbers (4, 2): middle and SD of three logs, then concentration and 1.

    A second number of 0 says that the parameter is fixed at the first. Without responses of their own
    patients have no correlation to estimate.
    """
    numbers = np.zeros((4, 2))
    for row, name in enumerate(("level_sd", "response_sd", "residual_sd")):
        if name not in analysis.scales:
            raise RaBayesError(
                f"the analysis has no prior of {name}; write its median and sdlog under [scales]"
            )
        median, sdlog = analysis.scales[name]
        if median < 0.0 or sdlog < 0.0 or (median == 0.0 and (sdlog > 0.0 or name == "residual_sd")):
            raise RaBayesError(
                f"the prior of {name} has median {median:g} and sdlog {sdlog:g}; write a median above 0 and "
                "an sdlog of at least 0"
            )
        numbers[row] = (np.log(median) if median > 0.0 else _ZERO, sdlog)
    concentration = analysis.scales.get("correlation", (0.0, 0.0))[0]
    patients_differ = min(numbers[0, 0], numbers[1, 0]) > _ZERO
    if concentration > 0.0 and patients_differ:
        numbers[3] = (concentration, 1.0)
    return numbers


def start_point(prior: Array) -> Array:
    """Return the prior's middle in the lattice's coordinates."""
    return np.array([prior[0, 0], prior[1, 0], 0.0, prior[2, 0]])


def effect_posterior(
    data: Statistics,
    shape: Array,
    analysis: LongitudinalAnalysis,
    *,
    later: Array | None = None,
    start: Array | None = None,
    spacing: float = SPACING,
    radius: float = RADIUS,
) -> EffectPosterior:
    """Return the posterior of the effect of every trial.

    Parameters
    ----------
    data
        Their statistics.
    shape
        r at the visits (visit): 0 at baseline, 1 at the design's week.
    analysis
        Priors of the SDs; the effect's own is put in by the posterior's methods.
    later
        Patients by arm and visit of other analyses, (analysis, arm, visit) or (trial, analysis, arm,
        visit): the variances that the estimate would have there are returned beside those of the data.
    start
        Where the search for the mode starts (4) or (trial, 4), the prior's middle if not given.
    spacing, radius
        Of the lattice, in posterior SDs.

    Examples
    --------
    >>> from ra_bayes.planning.longitudinal.statistics import statistics
    >>> analysis = LongitudinalAnalysis(None, {"level_sd": (17, 0.35), "response_sd": (20, 0.4),
    ...                                        "residual_sd": (10, 0.45), "correlation": (4, 0)})
    >>> y = 60 + np.random.default_rng(1).normal(0, 10, (1, 12, 3)) - np.array([0, 10, 20])
    >>> data = statistics(y, np.full(12, 3), np.zeros(12, dtype=int))
    >>> posterior = effect_posterior(data, np.array([0.0, 0.7, 1.0]), analysis)
    >>> posterior.probability(-10.0).round(2).tolist()
    [0.07]
    """
    from ra_bayes.planning.longitudinal.kernels import mixtures

    shape = check_visits(shape)
    if shape.size != data.visits:
        raise RaBayesError(
            f"the shape has {shape.size} visits and the data {data.visits}; give one value a visit"
        )
    prior = scale_prior(analysis)
    fixed = prior[[0, 1, 3, 2], 1] == 0.0
    active = np.flatnonzero(~fixed)
    first = start_point(prior)
    begin = np.where(fixed, first, first if start is None else start)
    begin = np.ascontiguousarray(np.broadcast_to(begin, (data.trials, 4)))
    inverse_n = data.inverse_n[:, None]
    if later is not None:
        more = inverse_sum(np.broadcast_to(later, (data.trials, *later.shape[-3:])))
        inverse_n = np.concatenate([inverse_n, more], axis=1)
    z = lattice(active.size, spacing, radius)
    found = EffectPosterior(
        np.empty((data.trials, z.shape[1])),
        np.empty((data.trials, z.shape[1])),
        np.empty((data.trials, inverse_n.shape[1], z.shape[1])),
    )
    mixtures(
        data.degrees, data.products, np.ascontiguousarray(data.contrast), inverse_n, data.arms == 1, shape,
        prior, begin, active, z, found.weight, found.mean, found.variance,
    )  # fmt: skip
    return found
