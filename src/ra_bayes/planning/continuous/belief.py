"""What is believed of one arm's mean, before and after its data, for many data at once.

With a known SD sigma and n patients the arm's mean ybar has the precision h = n / sigma^2. Each part
Normal(m_i, 1/p_i) of the prior is conjugate:

    variance  v_i = 1 / (p_i + h),      mean  v_i (p_i m_i + h ybar) = a_i + b_i ybar,
    weight    proportional to w_i Normal(ybar; m_i, 1/p_i + 1/h).

A flat prior is the limit p = 0. `NormalMixture.update` says the same for one estimate; here the estimates
are an axis, because a boundary asks for thousands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.mixtures.normal import NormalMixture

__all__ = ["POINT", "Belief", "Line", "believed"]

type Array = NDArray[np.float64]


class Line(NamedTuple):
    """Posterior mean a + b ybar and variance v of each part."""

    a: Array
    b: Array
    v: Array


class Belief(NamedTuple):
    """A mixture of normals by weight, mean and precision (part); precision 0 is flat."""

    weight: Array
    mean: Array
    precision: Array

    def line(self, information: float) -> Line:
        """The posterior of each part after data with precision `information`."""
        v = 1.0 / (self.precision + information)
        return Line(v * self.precision * self.mean, v * information, v)

    def weights(self, information: float, ybar: Array) -> Array:
        """The posterior weights (..., part) given the arm's mean (...)."""
        if self.weight.size == 1 or information == 0.0:
            return np.broadcast_to(self.weight, (*ybar.shape, self.weight.size))
        variance = 1.0 / self.precision + 1.0 / information
        log = np.log(self.weight) - 0.5 * np.log(variance)
        log = log - 0.5 * (ybar[..., None] - self.mean) ** 2 / variance
        likely = np.exp(log - log.max(axis=-1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=-1, keepdims=True))


# A mean that is known to be 0: what the effect is measured from when there is no control arm.
POINT = Belief(np.ones(1), np.zeros(1), np.full(1, np.inf))


def believed(prior: NormalMixture | None, sign: float) -> Belief:
    """Return a prior as arrays, mirrored at 0 where `sign` is -1; None is flat."""
    if prior is None:
        return Belief(np.ones(1), np.zeros(1), np.zeros(1))
    mean, sd, weight = prior.arrays
    some = weight > 0.0
    return Belief(weight[some], sign * mean[some], sd[some] ** -2.0)
