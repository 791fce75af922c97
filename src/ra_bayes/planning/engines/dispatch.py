"""Which engine answers for a design, and what it answers: one interface over all of them.

- binary: exact, by counting paths (:mod:`~ra_bayes.planning.binary`);
- continuous: exact integration over the arms' sums, or simulation of them where that would take long
  (:mod:`~ra_bayes.planning.continuous`);
- longitudinal: the integrated Gaussian model (:mod:`~ra_bayes.planning.longitudinal`), or the package's own
  PyMC model of the design, sampled trial by trial.

The result names the engine. What an engine cannot do is refused, never approximated in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.planning.design import Design
from ra_bayes.planning.design_prior import Step
from ra_bayes.planning.engines import binary, continuous, longitudinal
from ra_bayes.planning.engines.data import SoFar
from ra_bayes.planning.engines.settings import Point, Settings
from ra_bayes.planning.stopping import Stopping

__all__ = ["boundary_rows", "curve", "curve_at", "interim_of", "precision", "stopping"]

type Array = NDArray[np.float64]


class _Engine(Protocol):
    """What an engine's module has."""

    def stopping(
        self, design: Design, truths: Mapping[str, Array], seed: int, settings: Settings, /
    ) -> Stopping: ...

    def curve(
        self, design: Design, step: Step, sizes: Sequence[int], seed: int, settings: Settings, /
    ) -> list[Point]: ...

    def widths(
        self, design: Design, truths: Mapping[str, Array], ci_prob: float, seed: int, settings: Settings, /
    ) -> tuple[Array, Array]: ...

    def boundary_rows(self, design: Design, /) -> list[dict[str, Any]]: ...

    def interim(
        self,
        design: Design,
        cohort: Cohort,
        sides: tuple[tuple[str, ...], ...],
        seed: int,
        settings: Settings,
        /,
    ) -> SoFar: ...


_ENGINES: Mapping[str, _Engine] = {
    "binary": binary,
    "continuous": continuous,
    "longitudinal": longitudinal,
}


def stopping(
    design: Design, truths: Mapping[str, Array], *, seed: int, settings: Settings | None = None
) -> Stopping:
    """Return the probabilities of stopping of a design under given truths.

    Parameters
    ----------
    design
        The design.
    truths
        Values by name, all of one length: what :meth:`Design.truths` or a design prior gives.
    seed
        Of every random number; exact engines use none.
    settings
        Of engines that simulate.
    """
    settings = settings or Settings()
    if settings.engine == "nuts" and design.endpoint.kind != "longitudinal":
        raise RaBayesError(
            f"the design {design.name} is {design.endpoint.kind} and needs no sampler; leave the engine out"
        )
    return _ENGINES[design.endpoint.kind].stopping(design, truths, seed, settings)


def curve(
    design: Design, step: Step, sizes: Sequence[int], *, seed: int, settings: Settings | None = None
) -> list[Point]:
    """Return the assurance under one step of a design prior, by size."""
    settings = settings or Settings()
    return _ENGINES[design.endpoint.kind].curve(design, step, sizes, seed, settings)


def curve_at(
    design: Design,
    truths: Mapping[str, Array],
    sizes: Sequence[int],
    *,
    seed: int,
    settings: Settings | None = None,
) -> list[Point]:
    """Return the probability of success at one truth, by size."""
    step = Step("one truth", "", dict(truths), np.ones(1))
    return curve(design, step, sizes, seed=seed, settings=settings)


def boundary_rows(design: Design) -> list[dict[str, Any]]:
    """Return what is needed to stop at each look, a row for each; none where no one number says so."""
    return _ENGINES[design.endpoint.kind].boundary_rows(design)


def interim_of(
    design: Design,
    cohort: Cohort,
    sides: tuple[tuple[str, ...], ...],
    *,
    seed: int,
    settings: Settings | None = None,
) -> SoFar:
    """Return what the data so far say; `sides` are the patients of each arm, treated first."""
    return _ENGINES[design.endpoint.kind].interim(design, cohort, sides, seed, settings or Settings())


def precision(
    design: Design,
    truths: Mapping[str, Array],
    *,
    ci_prob: float,
    seed: int,
    settings: Settings | None = None,
) -> tuple[Array, Array]:
    """Return the expected width of the interval at full size, and its Monte Carlo error (truth).

    Of a ratio it is the width of the interval's logarithm.
    """
    if not 0.0 < ci_prob < 1.0:
        raise RaBayesError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    return _ENGINES[design.endpoint.kind].widths(design, truths, ci_prob, seed, settings or Settings())
