"""The double exponential rule on (0, 1) (Takahasi and Mori 1974), whose nodes crowd at both ends.

    u = expit(pi sinh t)        du = pi cosh(t) u (1 - u) dt

and the trapezoidal rule over t: a density that is infinite at an end does no harm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["unit_interval_nodes"]

type Array = NDArray[np.float64]

# exp(-pi sinh 6) is 1e-275: what lies nearer to an end than that is counted with the end.
_REACH = 6.0


def unit_interval_nodes(step: float) -> tuple[Array, Array, Array]:
    """Nodes of the rule as distances from 0 and from 1, and their weights.

    Examples
    --------
    >>> near, far, weight = unit_interval_nodes(0.1)
    >>> float(weight @ near**-0.5).__round__(9)  # 1 / sqrt(u) from 0 to 1
    2.0
    """
    t = np.arange(-_REACH, _REACH + step / 2.0, step)
    near, far = special.expit(np.pi * np.sinh(t)), special.expit(-np.pi * np.sinh(t))
    return near, far, step * np.pi * np.cosh(t) * near * far
