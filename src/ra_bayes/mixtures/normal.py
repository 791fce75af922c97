"""A mean as a mixture of normals: updated by an estimate with a known standard error, without sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ra_bayes.errors import RaBayesError, check_type

__all__ = ["Normal", "NormalMixture", "difference_of_means", "normal"]

type Array = NDArray[np.float64]

_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


class Normal(NamedTuple):
    """One part of a mixture: Normal(mean, sd^2) with its weight."""

    mean: float
    sd: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class NormalMixture:
    """What is believed of a mean theta: the density is sum_k w_k Normal(theta; m_k, s_k^2).

    Parameters
    ----------
    parts
        The normals. Their weights are scaled to add up to 1.

    Examples
    --------
    A mean of 12 over 16 patients whose SD is known to be 20, so with a standard error of 20 / sqrt(16) = 5:

    >>> believed = normal(0, 5)
    >>> believed.update(12.0, 5.0)
    Normal(6, 3.536)
    >>> NormalMixture((Normal(0, 5, 0.8), Normal(0, 20, 0.2))).update(12.0, 5.0)
    0.77 Normal(6, 3.536) + 0.23 Normal(11.29, 4.851)
    """

    parts: tuple[Normal, ...]

    def __post_init__(self) -> None:
        total = float(sum(part.weight for part in self.parts))
        possible = all(
            math.isfinite(mean) and 0.0 < sd < math.inf and weight >= 0.0 for mean, sd, weight in self.parts
        )
        if not total > 0.0 or not possible:
            raise RaBayesError(
                f"no distribution of a mean: {list(self.parts)}; give finite means, SDs above 0 and weights "
                "of at least 0"
            )
        scaled = tuple(
            Normal(float(mean), float(sd), float(weight) / total) for mean, sd, weight in self.parts
        )
        object.__setattr__(self, "parts", scaled)

    def __repr__(self) -> str:
        if len(self.parts) > 4:
            return f"a mixture of {len(self.parts)} normals: mean {self.mean:.4g}, sd {self.sd:.4g}"
        one = len(self.parts) == 1
        texts = (
            ("" if one else f"{weight:.2g} ") + f"Normal({m:.4g}, {sd:.4g})" for m, sd, weight in self.parts
        )
        return " + ".join(texts)

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The means, SDs and weights of the parts."""
        mean, sd, weight = np.array(self.parts, dtype=float).T
        return mean, sd, weight

    @property
    def mean(self) -> float:
        """E[theta] = sum_k w_k m_k."""
        mean, _, weight = self.arrays
        return float(weight @ mean)

    @property
    def sd(self) -> float:
        """Standard deviation of theta: sqrt( sum_k w_k (s_k^2 + (m_k - E[theta])^2) )."""
        mean, sd, weight = self.arrays
        return float(np.sqrt(weight @ (sd**2 + (mean - weight @ mean) ** 2)))

    def log_density(self, x: ArrayLike) -> Array:
        """Log of the density at each x."""
        mean, sd, weight = self.arrays
        z = (np.asarray(x, dtype=float)[..., None] - mean) / sd
        log = -0.5 * z**2 - np.log(sd) - _LOG_ROOT_2PI
        return np.asarray(special.logsumexp(log, b=weight, axis=-1))

    def cdf(self, x: ArrayLike) -> Array:
        """P(theta <= x) = sum_k w_k Phi((x - m_k) / s_k)."""
        mean, sd, weight = self.arrays
        return np.asarray(special.ndtr((np.asarray(x, dtype=float)[..., None] - mean) / sd) @ weight)

    def p_above(self, x: float) -> float:
        """P(theta > x), as a sum of upper tails."""
        mean, sd, weight = self.arrays
        return float(special.ndtr((mean - x) / sd) @ weight)

    def quantile(self, prob: float) -> float:
        """The x with P(theta <= x) = prob; between the least and the greatest quantile of the parts."""
        if not 0.0 < prob < 1.0:
            raise RaBayesError(f"a quantile of {prob} cannot be; ask for a probability between 0 and 1")
        mean, sd, _ = self.arrays
        each = mean + sd * special.ndtri(prob)
        low, high = float(each.min()), float(each.max())
        if high - low <= 1e-12 * float(sd.min()):
            return low

        def excess(x: float) -> float:
            # From the nearer end: beyond the median the upper tail carries the digits.
            return float(self.cdf(x)) - prob if prob < 0.5 else (1.0 - prob) - self.p_above(x)

        if excess(low) >= 0.0:
            return low
        if excess(high) <= 0.0:
            return high
        return float(optimize.brentq(excess, low, high, xtol=1e-12 * float(sd.min()), rtol=1e-14))

    def interval(self, ci_prob: float) -> tuple[float, float]:
        """The equal-tailed interval that holds theta with probability `ci_prob`."""
        tail = (1.0 - ci_prob) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    def log_evidences(self, estimate: float, se: float) -> Array:
        """Log marginal density of an estimate under each part: log Normal(estimate; m_k, s_k^2 + se^2)."""
        if not math.isfinite(estimate) or not 0.0 < se < math.inf:
            raise RaBayesError(
                f"an estimate of {estimate} with standard error {se} cannot be; give finite numbers, the "
                "standard error above 0"
            )
        mean, sd, _ = self.arrays
        spread = np.hypot(sd, se)
        return np.asarray(-0.5 * ((estimate - mean) / spread) ** 2 - np.log(spread) - _LOG_ROOT_2PI)

    def evidence(self, estimate: float, se: float) -> float:
        """Marginal likelihood: the density, before the trial, of the estimate."""
        *_, weight = self.arrays
        return float(weight @ np.exp(self.log_evidences(estimate, se)))

    def update(self, estimate: float, se: float) -> NormalMixture:
        """The posterior after an estimate of theta with standard error `se`.

        Each part is conjugate: its precision becomes 1/s_k^2 + 1/se^2 and its mean the average of m_k and
        the estimate by precision. Its weight is multiplied by Normal(estimate; m_k, s_k^2 + se^2).
        """
        mean, sd, weight = self.arrays
        with np.errstate(divide="ignore"):
            log = np.log(weight) + self.log_evidences(estimate, se)
        share = sd**2 / (sd**2 + se**2)
        means, sds = mean + share * (estimate - mean), np.sqrt(share) * se
        return NormalMixture(tuple(map(Normal, means, sds, np.exp(log - special.logsumexp(log)))))

    def predictive(self, se: float) -> NormalMixture:
        """The distribution, before the trial, of an estimate with standard error `se`.

        Examples
        --------
        >>> normal(0, 3).predictive(4)
        Normal(0, 5)
        """
        mean, sd, weight = self.arrays
        return NormalMixture(tuple(map(Normal, mean, np.hypot(sd, se), weight)))


def normal(mean: float, sd: float) -> NormalMixture:
    """Return Normal(mean, sd^2), the mixture of one.

    Parameters
    ----------
    mean, sd
        In the unit of whatever it is of; the SD, not the variance.

    Raises
    ------
    RaBayesError
        If the mean is not finite, or the SD not above 0 and finite.

    Examples
    --------
    >>> round(normal(0, 1).quantile(0.975), 6)
    1.959964
    """
    return NormalMixture((Normal(mean, sd),))


def difference_of_means(x: NormalMixture, y: NormalMixture) -> NormalMixture:
    """Return the distribution of X - Y of two independent means: a normal for each pair of parts.

    Parameters
    ----------
    x, y
        Means in one unit, such as of a treated and of a control arm.

    Raises
    ------
    RaBayesError
        If either is no mean.

    Examples
    --------
    >>> difference_of_means(normal(10, 3), normal(4, 4))
    Normal(6, 5)
    """
    for each in (x, y):
        check_type(each, NormalMixture, "a mean", "make one with rb.mixtures.normal(mean, sd)")
    mean, sd, weight = x.arrays
    other_mean, other_sd, other = y.arrays
    means, sds = np.subtract.outer(mean, other_mean), np.hypot.outer(sd, other_sd)
    return NormalMixture(tuple(map(Normal, means.ravel(), sds.ravel(), np.outer(weight, other).ravel())))
