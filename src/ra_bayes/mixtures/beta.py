"""A rate as a mixture of Beta distributions: updated by a count, summarised and predicted from exactly.

Every number here is a finite sum of Beta functions or the root of one. Nothing is sampled, so the Monte
Carlo error is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ra_bayes.errors import RaBayesError

__all__ = ["JEFFREYS", "UNIFORM", "Beta", "BetaMixture", "beta"]

type Array = NDArray[np.float64]


class Beta(NamedTuple):
    """One part of a mixture: Beta(a, b) with its weight.

    ``a`` counts like patients with the event, ``b`` like patients without it.
    """

    a: float
    b: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class BetaMixture:
    """What is believed of a rate p: the density is sum_k w_k Beta(p; a_k, b_k).

    Parameters
    ----------
    parts
        The Betas. Their weights are scaled to add up to 1.

    Examples
    --------
    >>> UNIFORM.update(4, 6)
    Beta(5, 3)
    >>> believed = BetaMixture((Beta(2, 8, 0.8), Beta(1, 1, 0.2)))
    >>> believed
    0.8 Beta(2, 8) + 0.2 Beta(1, 1)
    >>> believed.update(4, 6)
    0.5 Beta(6, 10) + 0.5 Beta(5, 3)
    >>> round(believed.update(4, 6).quantile(0.5), 3)
    0.478
    """

    parts: tuple[Beta, ...]

    def __post_init__(self) -> None:
        total = float(sum(part.weight for part in self.parts))
        possible = all(0.0 < a < np.inf and 0.0 < b < np.inf and weight >= 0.0 for a, b, weight in self.parts)
        if not total > 0.0 or not possible:
            raise RaBayesError(
                f"no distribution of a rate: {list(self.parts)}; a and b must be above 0 and finite, weights "
                "at least 0"
            )
        scaled = tuple(Beta(float(a), float(b), float(weight) / total) for a, b, weight in self.parts)
        object.__setattr__(self, "parts", scaled)

    def __repr__(self) -> str:
        if len(self.parts) > 4:
            return (
                f"a mixture of {len(self.parts)} Betas: mean {self.mean:.3f}, sd {self.sd:.3f}, "
                f"worth {self.ess:.1f} patients"
            )
        one = len(self.parts) == 1
        texts = (("" if one else f"{weight:.2g} ") + f"Beta({a:.4g}, {b:.4g})" for a, b, weight in self.parts)
        return " + ".join(texts)

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The a, b and weights of the parts."""
        a, b, weight = np.array(self.parts, dtype=float).T
        return a, b, weight

    @property
    def mean(self) -> float:
        """E[p] = sum_k w_k a_k / (a_k + b_k)."""
        a, b, weight = self.arrays
        return float(weight @ (a / (a + b)))

    @property
    def sd(self) -> float:
        """Standard deviation of p."""
        a, b, weight = self.arrays
        second = float(weight @ (a * (a + 1.0) / ((a + b) * (a + b + 1.0))))
        return float(np.sqrt(max(second - self.mean**2, 0.0)))

    @property
    def ess(self) -> float:
        """Effective sample size in patients, by moments: that of the one Beta with this mean and SD.

        mean (1 - mean) / sd^2 - 1; a + b for a single Beta. Other definitions of a mixture's give
        other numbers, higher ones where its tails are long.
        """
        return self.mean * (1.0 - self.mean) / self.sd**2 - 1.0 if self.sd > 0.0 else float("inf")

    def log_density(self, x: ArrayLike) -> Array:
        """Log of the density at each x between 0 and 1."""
        a, b, weight = self.arrays
        at = np.asarray(x, dtype=float)[..., None]
        log = special.xlogy(a - 1.0, at) + special.xlog1py(b - 1.0, -at) - special.betaln(a, b)
        return np.asarray(special.logsumexp(log, b=weight, axis=-1))

    def cdf(self, x: ArrayLike) -> Array:
        """P(p <= x) = sum_k w_k I_x(a_k, b_k), the regularised incomplete beta function."""
        a, b, weight = self.arrays
        at = np.clip(np.asarray(x, dtype=float), 0.0, 1.0)
        return np.asarray(special.betainc(a, b, at[..., None]) @ weight)

    def p_above(self, x: float) -> float:
        """P(p > x), as a sum of upper tails: no digits are lost near 1."""
        a, b, weight = self.arrays
        return float(special.betaincc(a, b, min(max(x, 0.0), 1.0)) @ weight)

    def quantile(self, prob: float) -> float:
        """The x with P(p <= x) = prob.

        The root is looked for on the logit scale, since a rate of zero events has most of its
        probability in a sliver beside 0. What lies below 1e-300 is 0.
        """
        if not 0.0 < prob < 1.0:
            raise RaBayesError(f"a quantile of {prob} cannot be; ask for a probability between 0 and 1")
        a, b, weight = self.arrays

        def excess(logit: float) -> float:
            # From the nearer end: beside 1, 1 - x carries the digits.
            if logit < 0.0:
                return float(special.betainc(a, b, special.expit(logit)) @ weight) - prob
            return (1.0 - prob) - float(special.betainc(b, a, special.expit(-logit)) @ weight)

        end = 690.0
        if excess(-end) >= 0.0:
            return 0.0
        if excess(end) <= 0.0:
            return 1.0
        return float(special.expit(optimize.brentq(excess, -end, end, xtol=1e-12, rtol=1e-14)))

    def interval(self, ci_prob: float) -> tuple[float, float]:
        """The equal-tailed interval that holds p with probability `ci_prob`."""
        tail = (1.0 - ci_prob) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    def log_evidences(self, r: float, n: float) -> Array:
        """Log marginal likelihood of r of n under each part: the beta-binomial probability mass.

        log[ C(n, r) B(a_k + r, b_k + n - r) / B(a_k, b_k) ]
        """
        if not 0 <= r <= n:
            raise RaBayesError(f"{r} of {n} patients cannot be; correct the count")
        a, b, _ = self.arrays
        choose = -special.betaln(n - r + 1.0, r + 1.0) - np.log(n + 1.0)
        return np.asarray(choose + special.betaln(a + r, b + n - r) - special.betaln(a, b))

    def evidence(self, r: float, n: float) -> float:
        """Marginal likelihood: the probability, before the trial, of exactly r events in n patients.

        sum_k w_k BetaBinomial(r; n, a_k, b_k)

        Examples
        --------
        >>> round(UNIFORM.evidence(4, 6), 4)  # every count from 0 to 6 was as likely
        0.1429
        """
        *_, weight = self.arrays
        return float(weight @ np.exp(self.log_evidences(r, n)))

    def update(self, r: float, n: float) -> BetaMixture:
        """The posterior after r events in n patients.

        Each part is conjugate, Beta(a_k + r, b_k + n - r); its weight is multiplied by how likely it
        held the count, w_k BetaBinomial(r; n, a_k, b_k), and the weights are scaled to 1.
        """
        a, b, weight = self.arrays
        with np.errstate(divide="ignore"):
            log = np.log(weight) + self.log_evidences(r, n)
        return BetaMixture(tuple(map(Beta, a + r, b + (n - r), np.exp(log - special.logsumexp(log)))))

    def predictive(self, m: int) -> Array:
        """Probability of 0, 1, ..., m events among m new patients: a mixture of beta-binomials.

        Examples
        --------
        >>> UNIFORM.update(0, 6).predictive(2).round(3).tolist()
        [0.778, 0.194, 0.028]
        """
        return np.array([self.evidence(count, m) for count in range(m + 1)])


def beta(a: float, b: float) -> BetaMixture:
    """Return Beta(a, b), the mixture of one.

    Parameters
    ----------
    a, b
        Counting like patients with the event and without it; the mean is a / (a + b).

    Raises
    ------
    RaBayesError
        If either is not above 0 and finite.

    Examples
    --------
    >>> beta(2, 8).mean, round(beta(2, 8).ess, 9)
    (0.2, 10.0)
    """
    return BetaMixture((Beta(a, b),))


UNIFORM = beta(1.0, 1.0)
"""Beta(1, 1), of a rate of which nothing is known: every count 0 to n is as likely (Bayes 1763), so its
evidence is 1 / (n + 1) and easily compared. Worth two patients. The default where the count is of harm: after
0 of 6 its 95% upper limit is 35%."""

JEFFREYS = beta(0.5, 0.5)
"""Beta(1/2, 1/2), Jeffreys' prior of a rate: worth one patient, but with its mass at the ends. After 0 of 6
its 95% upper limit is 26%."""
