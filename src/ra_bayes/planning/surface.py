"""Assurance over what could be believed: its mean and its SD, whatever the design prior of the page is.

    assurance(m, s) = int power(theta) p(theta; m, s) d theta

with p a Beta (rates) or a normal (effects and differences) of that mean and SD, taken at quantiles of equally
likely parts; power comes from the design's engine on a grid and is smooth between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.design import Design
from ra_bayes.planning.engines import Settings, stopping

__all__ = ["surface"]

type Array = NDArray[np.float64]

_POWER_POINTS = 161
_PARTS = 200
_MEANS, _SDS = 33, 17


def surface(design: Design, *, seed: int, settings: Settings | None = None) -> dict[str, Any]:
    """Return assurance by mean and SD of a belief in the estimand, on the scale of the analysis.

    Parameters
    ----------
    design
        The design. A control arm's rate and patients' SDs are as its page has them.
    seed, settings
        As for :func:`~ra_bayes.planning.assurance`.

    Returns
    -------
    dict
        ``x`` (mean), ``y`` (SD), ``assurance`` (y by x), ``x_label``, ``y_label``, ``engine``.
    """
    truth = design.truth
    null, alternative = design.on_scale(truth.null), design.on_scale(truth.alternative)
    reach = abs(alternative - null)
    low, high = min(null, alternative) - 0.25 * reach, max(null, alternative) + 0.5 * reach
    ends = (low - 4.0 * reach, high + 4.0 * reach)
    rate = design.endpoint.kind == "binary"
    if rate:
        control = truth.control or 0.0
        ends = (-control, 1.0 - control)
        low, high = max(low, ends[0] + 0.02), min(high, ends[1] - 0.02)
    at = np.linspace(*ends, _POWER_POINTS)
    found = stopping(design, _truths(design, at), seed=seed, settings=settings)
    means, sds = np.linspace(low, high, _MEANS), np.linspace(0.0, reach, _SDS)
    place = (np.arange(_PARTS) + 0.5) / _PARTS
    power = [
        [float(np.interp(_parts(mean, sd, place, ends, rate), at, found.p_success).mean()) for mean in means]
        for sd in sds
    ]
    unit = f", {design.endpoint.unit}" if design.endpoint.unit else ""
    name = design.endpoint.name(design.arms) + (" (log)" if design.endpoint.ratio else "")
    return {
        "x": means.tolist(),
        "y": sds.tolist(),
        "assurance": power,
        "x_label": f"mean of what is believed: {name}{unit}",
        "y_label": f"SD of what is believed{unit}",
        "engine": found.engine,
    }


def _truths(design: Design, at: Array) -> dict[str, Array]:
    if design.endpoint.kind == "binary":
        if design.arms == 1:
            return {"rate": at}
        control = np.full(at.shape, design.truth.control)
        return {"rate": np.clip(control + at, 0.0, 1.0), "control_rate": control}
    same = {name: np.full(at.shape, value) for name, value in design.truth.scales.items()}
    return {"effect": at, **same}


def _parts(mean: float, sd: float, place: Array, ends: tuple[float, float], rate: bool) -> Array:
    """Return quantiles of the belief; a Beta on the possible differences if it is of rates."""
    if sd == 0.0:
        return np.array([mean])
    if not rate:
        return np.asarray(mean + sd * special.ndtri(place))
    width = ends[1] - ends[0]
    share, spread = (mean - ends[0]) / width, sd / width
    # A rate cannot be less sure than yes or no.
    worth = max(share * (1.0 - share) / spread**2 - 1.0, 0.05)
    return np.asarray(ends[0] + width * special.betaincinv(share * worth, (1.0 - share) * worth, place))
