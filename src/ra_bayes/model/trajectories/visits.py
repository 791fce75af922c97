"""`visits`: a random walk over the visits; it presumes no shape. The default.

    f(t_j) = walk_sd * sum over steps k between the anchor and j of sqrt(gap_k / t_ref) * z_k,  z_k ~ N(0, 1)
    r(t)   = sqrt(t / t_ref)

A step's variance grows with the weeks it spans, so `walk_sd` is the SD of the mean change over
`t_ref` weeks, whatever the visits. The variance of the patients' deviations b_i r(t) grows like the
walk's own, response_sd^2 * t / t_ref; but a patient's deviation is one number, not a walk: it does not
turn round between visits.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter

__all__ = ["Visits", "bridge"]


class Visits:
    """Random walk over the visits, tied to zero at the anchor week."""

    name = "visits"
    equation = "f(t_j) = f(t_j-1) + Normal(0, walk_sd sqrt((t_j - t_j-1) / t_ref)),  r(t) = sqrt(t / t_ref)"
    parameters = (
        Parameter(
            "walk_sd", "scale", "SD of the population mean change that accrues by the reference week", True
        ),
    )

    def steps(self, visits: int) -> int:
        """Return the number of standard normal steps over `visits` visits."""
        return visits - 1

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return the arrays that turn steps into the mean at each visit (visit, step) and r (visit)."""
        scale = np.sqrt(np.diff(weeks) / reference)
        at = int(np.flatnonzero(weeks == anchor)[0])
        walk = np.tril(np.ones((weeks.size, weeks.size - 1)), -1)
        return {"step_weight": (walk - walk[at]) * scale, "response_shape": np.sqrt(weeks / reference)}

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return f at the visits, shape (..., visit)."""
        # Broadcast and sum: a matrix product would double the time PyTensor takes to compile the model.
        walk = (constants["step_weight"] * values["walk_step"][..., None, :]).sum(axis=-1)
        return values["walk_sd"][..., None] * walk

    def response(self, _values: Mapping[str, Any], constants: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return r at the visits, shape (visit)."""
        return constants["response_shape"]

    def script(self, _weeks: np.ndarray, _reference: float, _anchor: float) -> str:
        """Return f and r as lines of a PyMC script."""
        return """
# The population's mean change: a random walk over the visits, zero at the anchor.
step = pm.Normal("step", 0.0, walk_sd * np.sqrt(np.diff(week) / reference_week), dims="gap")
walk = pt.concatenate([[0.0], pt.cumsum(step)])
mean_change = pm.Deterministic("mean_change", walk - walk[anchor], dims="visit")
response_shape = np.sqrt(week / reference_week)
"""


def bridge(steps: np.ndarray, weeks: np.ndarray, finer: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal steps over more visits, given those over fewer: a Brownian bridge.

    Over a gap that finer visits divide into parts of share p_k,

        z_k = sqrt(p_k) z + (u_k - sqrt(p_k) sum_m sqrt(p_m) u_m),        u_k ~ N(0, 1),

    so that the z_k are independent standard normals whose walk passes through the coarser one.

    Parameters
    ----------
    steps
        Steps between `weeks` (..., step).
    weeks, finer
        Visits, rising; `finer` begins with the first of `weeks` and holds them all.
    rng
        Random numbers.

    Returns
    -------
    ndarray
        Steps between `finer` (..., step). After the last of `weeks` they are free.
    """
    free = rng.normal(size=(*steps.shape[:-1], finer.size - 1))
    for k, (start, end) in enumerate(itertools.pairwise(weeks)):
        within = np.flatnonzero((finer[:-1] >= start) & (finer[1:] <= end))
        share = np.sqrt(np.diff(finer)[within] / (end - start))
        total = (free[..., within] * share).sum(axis=-1)
        free[..., within] += share * (steps[..., k] - total)[..., None]
    return free
