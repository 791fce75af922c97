"""`gp`: a Gaussian process over the weeks: a smooth course of no presumed shape. Matern 3/2.

    k(d) = (1 + lam d) exp(-lam d),    lam = sqrt(3) / lengthscale
    h    ~ GP(0, k), given that h(0) = 0:  Cov(h(t), h(u)) = k(t - u) - k(t) k(u)
    f(t) = gp_sd * (h(t) - h(anchor)) / sd(t_ref)        r(t) = sd(t) / sd(t_ref)

with sd(t) = sqrt(1 - k(t)^2) the SD of h. So `gp_sd` is the SD of the mean change at the reference week,
whatever the lengthscale, and patients deviate as the mean may. A lengthscale much longer than t_ref gives
straight lines, one much shorter a change that is new at every visit.

Nothing is inverted and no Cholesky factor is taken: together with its slope a Matern 3/2 process is Markov
(Hartikainen and Särkkä 2010, IEEE MLSP). With x = (h, h' / lam) and u lam times the weeks between two visits,

    x_j = e^-u [[1 + u, u], [-u, 1 - u]] x_(j-1) + n_j,    Cov(n) = [[q, p], [p, v]],
    q = 1 - e^-2u (1 + 2u + 2u^2),   p = 2 u^2 e^-2u,   v = 1 - e^-2u (1 - 2u + 2u^2),

and the product of two such matrices is the one of the weeks' sum, so that h is a sum over steps: of the slope
at week 0, h'(0) / lam ~ N(0, 1), and of the noise n_k of every earlier step, two standard normals a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter

__all__ = ["GaussianProcess"]

# Of a variance that rounding may leave at or below zero.
_TINY = 1e-30


class GaussianProcess:
    """Smooth random course, tied to zero at week 0."""

    name = "gp"
    equation = (
        "h ~ Gaussian process, Matern 3/2, given h(0) = 0, with SD sd(t),  "
        "f(t) = gp_sd h(t) / sd(t_ref),  r(t) = sd(t) / sd(t_ref)"
    )
    parameters = (
        Parameter("gp_sd", "scale", "SD of the population mean change at the reference week"),
        Parameter("lengthscale", "scale", "weeks over which the mean changes its course", own_unit="weeks"),
    )

    def steps(self, visits: int) -> int:
        """Return the number of standard normals: the first slope, and two a step."""
        return 2 * visits - 1

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return weeks of visits, of steps, and from each step's end to each visit (visit, step)."""
        since = weeks[:, None] - weeks[1:]
        return {
            "week": weeks,
            "gap": np.diff(weeks),
            "since_step": np.maximum(since, 0.0),
            "reached": (since >= 0.0).astype(float),
            "at_anchor": (weeks == anchor).astype(float),
            "reference": np.asarray(reference),
        }

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        rate = _rate(values)
        score = values["walk_step"]
        gap, since = rate * constants["gap"], rate[..., None] * constants["since_step"]
        own, slope = _noise(gap, score[..., 1::2], score[..., 2::2], ns)
        # Broadcast and sum: see `visits`.
        terms = constants["reached"] * ns.exp(-since)
        terms = terms * ((1.0 + since) * own[..., None, :] + since * slope[..., None, :])
        start = rate * constants["week"]
        course = start * ns.exp(-start) * score[..., 0][..., None] + terms.sum(axis=-1)
        at_anchor = (constants["at_anchor"] * course).sum(axis=-1)[..., None]
        return (
            values["gp_sd"][..., None]
            * (course - at_anchor)
            / self._sd(rate * constants["reference"][..., None], ns)
        )

    def response(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace) -> Any:
        """Return r at the visits, shape (..., visit)."""
        rate = _rate(values)
        return self._sd(rate * constants["week"], ns) / self._sd(rate * constants["reference"][..., None], ns)

    def script(self, _weeks: np.ndarray, _reference: float, _anchor: float) -> str:
        """Return f and r as lines of a PyMC script, from visit to visit."""
        return _SCRIPT

    def _sd(self, u: Any, ns: Namespace) -> Any:
        variance = -ns.expm1(-2.0 * u) - u * (2.0 + u) * ns.exp(-2.0 * u)
        # At week 0 it is zero, where a root has no gradient.
        there = variance > _TINY
        return ns.where(there, ns.where(there, variance, 1.0) ** 0.5, 0.0)


_SCRIPT = """
# The population's mean change: a Gaussian process, Matern 3/2, zero at week 0 and at the anchor. Its height
# and its slope (over rate) go on from visit to visit, each with noise of its own.
rate = np.sqrt(3.0) / lengthscale
first_slope = pm.Normal("first_slope", 0.0, 1.0)
course_noise = pm.Normal("course_noise", 0.0, 1.0, dims=("gap", "part"))
u = rate * week[0]
height, slope = u * pt.exp(-u) * first_slope, (1 - u) * pt.exp(-u) * first_slope
course = [height]
for k, between in enumerate(np.diff(week)):
    u = rate * between
    height_variance = -pt.expm1(-2 * u) - 2 * u * (1 + u) * pt.exp(-2 * u)
    slope_variance = -pt.expm1(-2 * u) + 2 * u * (1 - u) * pt.exp(-2 * u)
    shared = 2 * u**2 * pt.exp(-2 * u) / pt.sqrt(slope_variance)
    height, slope = (
        pt.exp(-u) * ((1 + u) * height + u * slope)
        + shared * course_noise[k, 1]
        + pt.sqrt(pt.maximum(height_variance - shared**2, 1e-30)) * course_noise[k, 0],
        pt.exp(-u) * ((1 - u) * slope - u * height) + pt.sqrt(slope_variance) * course_noise[k, 1],
    )
    course.append(height)
course = pt.stack(course)
spread = [
    pt.sqrt(pt.maximum(-pt.expm1(-2 * u) - u * (2 + u) * pt.exp(-2 * u), 1e-30))
    for u in (rate * week, rate * reference_week)
]
mean_change = pm.Deterministic("mean_change", gp_sd * (course - course[anchor]) / spread[1], dims="visit")
response_shape = spread[0] / spread[1]
"""


def _rate(values: Mapping[str, Any]) -> Any:
    return float(np.sqrt(3.0)) / values["lengthscale"][..., None]


def _noise(u: Any, first: Any, second: Any, ns: Namespace) -> tuple[Any, Any]:
    """Return a step's noise in h and in h' / lam, from two standard normals."""
    fade = ns.exp(-2.0 * u)
    q = -ns.expm1(-2.0 * u) - 2.0 * u * (1.0 + u) * fade
    v = -ns.expm1(-2.0 * u) + 2.0 * u * (1.0 - u) * fade
    shared = 2.0 * u**2 * fade / v**0.5
    left = q - shared**2
    return shared * second + ns.where(left > _TINY, left, _TINY) ** 0.5 * first, v**0.5 * second
