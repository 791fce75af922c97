"""A rate of events as a mixture of gammas: updated by a count over a known exposure, without sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ra_bayes.errors import RaBayesError, check_type

__all__ = ["Gamma", "GammaMixture", "gamma", "p_ratio_below"]

type Array = NDArray[np.float64]


class Gamma(NamedTuple):
    """One part of a mixture: Gamma(a, b) with its weight.

    ``a`` counts like events, ``b`` like the exposure in which they were seen; the mean is a / b.
    """

    a: float
    b: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class GammaMixture:
    """What is believed of events per unit of exposure: the density is sum_k w_k Gamma(rate; a_k, b_k).

    Parameters
    ----------
    parts
        The gammas, with shape a and rate b (1 / scale). Their weights are scaled to add up to 1.

    Examples
    --------
    Three flares in 12.5 patient-years:

    >>> gamma(2, 10).update(3, 12.5)
    Gamma(5, 22.5)
    >>> round(gamma(5, 22.5).mean, 3)
    0.222
    """

    parts: tuple[Gamma, ...]

    def __post_init__(self) -> None:
        total = float(sum(part.weight for part in self.parts))
        possible = all(
            0.0 < a < math.inf and 0.0 < b < math.inf and weight >= 0.0 for a, b, weight in self.parts
        )
        if not total > 0.0 or not possible:
            raise RaBayesError(
                f"no distribution of an event rate: {list(self.parts)}; a and b must be above 0 and finite, "
                "weights at least 0"
            )
        scaled = tuple(Gamma(float(a), float(b), float(weight) / total) for a, b, weight in self.parts)
        object.__setattr__(self, "parts", scaled)

    def __repr__(self) -> str:
        if len(self.parts) > 4:
            return (
                f"a mixture of {len(self.parts)} gammas: mean {self.mean:.4g}, sd {self.sd:.4g}, "
                f"worth {self.ess:.4g} units of exposure"
            )
        one = len(self.parts) == 1
        texts = (
            ("" if one else f"{weight:.2g} ") + f"Gamma({a:.4g}, {b:.4g})" for a, b, weight in self.parts
        )
        return " + ".join(texts)

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The a, b and weights of the parts."""
        a, b, weight = np.array(self.parts, dtype=float).T
        return a, b, weight

    @property
    def mean(self) -> float:
        """E[rate] = sum_k w_k a_k / b_k."""
        a, b, weight = self.arrays
        return float(weight @ (a / b))

    @property
    def sd(self) -> float:
        """Standard deviation of the rate."""
        a, b, weight = self.arrays
        mean = a / b
        return float(np.sqrt(weight @ (mean / b + (mean - weight @ mean) ** 2)))

    @property
    def ess(self) -> float:
        """Effective exposure, by moments: b of the one gamma with this mean and SD, mean / sd^2."""
        return self.mean / self.sd**2

    def log_density(self, x: ArrayLike) -> Array:
        """Log of the density at each x above 0."""
        a, b, weight = self.arrays
        at = np.asarray(x, dtype=float)[..., None]
        log = a * np.log(b) - special.gammaln(a) + special.xlogy(a - 1.0, at) - b * at
        return np.asarray(special.logsumexp(log, b=weight, axis=-1))

    def cdf(self, x: ArrayLike) -> Array:
        """P(rate <= x) = sum_k w_k P(a_k, b_k x), the regularised incomplete gamma function."""
        a, b, weight = self.arrays
        at = np.maximum(np.asarray(x, dtype=float), 0.0)[..., None]
        return np.asarray(special.gammainc(a, b * at) @ weight)

    def p_above(self, x: float) -> float:
        """P(rate > x), as a sum of upper tails."""
        a, b, weight = self.arrays
        return float(special.gammaincc(a, b * max(x, 0.0)) @ weight)

    def quantile(self, prob: float) -> float:
        """The x with P(rate <= x) = prob; between the least and the greatest quantile of the parts."""
        if not 0.0 < prob < 1.0:
            raise RaBayesError(f"a quantile of {prob} cannot be; ask for a probability between 0 and 1")
        a, b, _ = self.arrays
        each = special.gammaincinv(a, prob) / b
        low, high = float(each.min()), float(each.max())

        def excess(x: float) -> float:
            # From the nearer end: beyond the median the upper tail carries the digits.
            return float(self.cdf(x)) - prob if prob < 0.5 else (1.0 - prob) - self.p_above(x)

        if excess(low) >= 0.0:
            return low
        if excess(high) <= 0.0:
            return high
        return float(optimize.brentq(excess, low, high, xtol=1e-300, rtol=1e-14))

    def interval(self, ci_prob: float) -> tuple[float, float]:
        """The equal-tailed interval that holds the rate with probability `ci_prob`."""
        tail = (1.0 - ci_prob) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    def log_evidences(self, count: float, exposure: float) -> Array:
        """Log marginal likelihood of a count under each part: the negative binomial probability mass.

        log[ Gamma(a_k + r) / (Gamma(a_k) r!) (b_k / (b_k + e))^a_k (e / (b_k + e))^r ], e the exposure
        """
        if not (0.0 <= count < math.inf and 0.0 < exposure < math.inf):
            raise RaBayesError(
                f"{count} events in an exposure of {exposure} cannot be; give a count of at least 0 and an "
                "exposure above 0"
            )
        a, b, _ = self.arrays
        ways = special.gammaln(a + count) - special.gammaln(a) - special.gammaln(count + 1.0)
        return np.asarray(ways - a * np.log1p(exposure / b) - count * np.log1p(b / exposure))

    def evidence(self, count: float, exposure: float) -> float:
        """Marginal likelihood: the probability, before the trial, of exactly this count.

        Examples
        --------
        >>> gamma(1, 1).evidence(0, 1)
        0.5
        """
        *_, weight = self.arrays
        return float(weight @ np.exp(self.log_evidences(count, exposure)))

    def update(self, count: float, exposure: float) -> GammaMixture:
        """The posterior after a count of events in an exposure.

        Each part is conjugate, Gamma(a_k + count, b_k + exposure); its weight is multiplied by how likely
        it held the count.
        """
        a, b, weight = self.arrays
        with np.errstate(divide="ignore"):
            log = np.log(weight) + self.log_evidences(count, exposure)
        return GammaMixture(tuple(map(Gamma, a + count, b + exposure, np.exp(log - special.logsumexp(log)))))

    def predictive(self, exposure: float) -> Array:
        """Probability of 0, 1, ... events in a new exposure, up to where less than 1e-12 is left.

        Examples
        --------
        >>> gamma(1, 1).predictive(1)[:3].round(6).tolist()
        [0.5, 0.25, 0.125]
        """
        a, b, weight = self.arrays
        share = b / (b + exposure)

        def beyond(most: int) -> float:
            # P(count > most), a negative binomial's upper tail.
            return float(special.betainc(most + 1.0, a, 1.0 - share) @ weight)

        most = 8
        while beyond(most) > 1e-12:
            most *= 2
        counts = np.arange(most + 1.0)[:, None]
        log = special.gammaln(a + counts) - special.gammaln(a) - special.gammaln(counts + 1.0)
        return np.asarray(np.exp(log + a * np.log(share) + special.xlog1py(counts, -share)) @ weight)


def gamma(a: float, b: float) -> GammaMixture:
    """Return Gamma(a, b) with rate b, the mixture of one.

    Parameters
    ----------
    a, b
        Counting like events and the exposure in which they were seen (1 / scale), in the unit of time that
        rates are told in; the mean is a / b.

    Raises
    ------
    RaBayesError
        If either is not above 0 and finite.

    Examples
    --------
    >>> gamma(3, 10).mean, round(gamma(3, 10).ess, 9)
    (0.3, 10.0)
    """
    return GammaMixture((Gamma(a, b),))


def p_ratio_below(x: GammaMixture, y: GammaMixture, ratio: float) -> float:
    """Return P(X / Y <= ratio) of two independent event rates.

    For two gammas b X / (b X + d Y) is Beta(a, c), so that the probability is I_u(a, c) at
    u = b ratio / (b ratio + d); of mixtures it is the sum over all pairs of parts.

    Parameters
    ----------
    x, y
        The rates, per the same unit of exposure.
    ratio
        Above 0.

    Raises
    ------
    RaBayesError
        If the ratio is not above 0, or either is no event rate.

    Examples
    --------
    >>> p_ratio_below(gamma(1, 1), gamma(1, 1), 3.0)
    0.75
    """
    for each in (x, y):
        check_type(each, GammaMixture, "an event rate", "make one with rb.mixtures.gamma(a, b)")
    if not ratio > 0.0:
        raise RaBayesError(f"a rate ratio of {ratio} cannot be; give one above 0")
    a, b, weight = x.arrays
    c, d, other = y.arrays
    scaled = b[:, None] * ratio
    return float(weight @ special.betainc(a[:, None], c, scaled / (scaled + d)) @ other)
