"""Shapes of the mean change over time, one a file.

A trajectory gives the population mean change ``f(t)``, zero at the anchor week, and the shape ``r(t)``
of a patient's own deviation, 1 at the reference week. To add one: a file with a class like the
others, a line in :data:`TRAJECTORIES`, a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.model.trajectories.linear import Linear
from ra_bayes.model.trajectories.onset import Onset
from ra_bayes.model.trajectories.visits import Visits

__all__ = ["TRAJECTORIES", "Trajectory"]


class Trajectory(Protocol):
    """What a shape of change over time provides; `values` are parameters with any leading dimensions."""

    @property
    def name(self) -> str:
        """Name in a model page."""

    @property
    def equation(self) -> str:
        """f and r, for people."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it needs priors for."""

    def steps(self, visits: int, /) -> int:
        """Return how many standard normal steps (``walk_step``) it needs over `visits` visits."""

    def constants(self, weeks: np.ndarray, reference: float, anchor: float) -> dict[str, np.ndarray]:
        """Return its data for these visits; shapes depend on the number of visits only."""

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace, /) -> Any:
        """Return f at the visits, shape (..., visit)."""

    def response(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace, /) -> Any:
        """Return r at the visits, shape (visit) or (..., visit)."""


TRAJECTORIES: Mapping[str, Trajectory] = MappingProxyType(
    {shape.name: shape for shape in (Visits(), Linear(), Onset())}
)
