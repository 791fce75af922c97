"""Shapes of the mean change over time, one a file.

A trajectory gives the population mean change ``f(t)``, zero at the anchor week, and the shape ``r(t)``
of a patient's own deviation, 1 at the reference week. To add one: a file with a class like the
others, a line in :data:`TRAJECTORIES`, a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.model.trajectories.gp import GaussianProcess
from ra_bayes.model.trajectories.linear import Linear
from ra_bayes.model.trajectories.onset import Onset
from ra_bayes.model.trajectories.piecewise import Piecewise
from ra_bayes.model.trajectories.step import Step
from ra_bayes.model.trajectories.visits import Visits
from ra_bayes.model.trajectories.washout import Washout
from ra_bayes.toml_page import TomlTable

__all__ = ["STEP_SCALES", "TRAJECTORIES", "Trajectory", "read_trajectory"]

# Parameters that multiply a trajectory's standard normal steps and do nothing else: the SD of the mean change
# at the reference week.
STEP_SCALES = ("walk_sd", "gp_sd")


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
        """Return its data for these visits; the number of dimensions does not depend on them."""

    def mean(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace, /) -> Any:
        """Return f at the visits, shape (..., visit)."""

    def response(self, values: Mapping[str, Any], constants: Mapping[str, Any], ns: Namespace, /) -> Any:
        """Return r at the visits, shape (visit) or (..., visit)."""

    def script(self, weeks: np.ndarray, reference: float, anchor: float, /) -> str:
        """Return lines of a PyMC script that define ``mean_change`` (by visit) and ``response_shape``.

        Which names they may use stands in :mod:`ra_bayes.model.script_outcome`; steps between visits have
        the dim ``gap``.
        """


@runtime_checkable
class OfThePage(Protocol):
    """A trajectory with weeks of its own, which a page gives."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the page."""

    def on_page(self, table: TomlTable, reference: float) -> Trajectory:
        """Return the trajectory with what the page gives; problems are noted in the table."""


TRAJECTORIES: Mapping[str, Trajectory] = MappingProxyType(
    {
        shape.name: shape
        for shape in (Visits(), Linear(), Onset(), Washout(), Piecewise(), GaussianProcess(), Step())
    }
)


def read_trajectory(table: TomlTable, key: str, default: str, reference: float) -> Trajectory:
    """Return the trajectory that a table of a page names, with the weeks of its own that it gives.

    Parameters
    ----------
    table
        The page, or a table of it; what is wrong is noted in it.
    key
        Where the trajectory is named.
    default
        Name if the key is not there.
    reference
        The page's reference week.
    """
    chosen = TRAJECTORIES[table.choice(key, TRAJECTORIES, default)]
    for other in TRAJECTORIES.values():
        if isinstance(other, OfThePage) and other is not chosen:
            for own in other.keys:
                if own in table:
                    table.problem(
                        own,
                        f"is a key of the trajectory {other.name}, and {key} is {chosen.name}",
                        f'leave it out, or write {key} = "{other.name}"',
                        table.raw(own),
                    )
    return chosen.on_page(table, reference) if isinstance(chosen, OfThePage) else chosen
