"""Which outcomes of a joint model one set of equations serves: by trajectory, by likelihood, by residuals.

A *kind* is a trajectory whose parameters and constants have the same shapes, of the mean and, where there are
two arms, of their difference, so that its outcomes are one more dimension of the same equations: compiling
takes as long as for one of them. A *noise* is a likelihood other than the normal one, with its outcomes; a
*chain* are outcomes whose residuals follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ra_bayes.model.likelihoods import CELL, Likelihood
from ra_bayes.model.likelihoods.normal import RESIDUAL_SD
from ra_bayes.model.people import Arm, effect_constants
from ra_bayes.model.predictor import PATIENT_PARAMETERS
from ra_bayes.model.priors import Parameter, Prior
from ra_bayes.model.records import Grid
from ra_bayes.model.residuals import AUTOCORRELATION, sequence
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.trajectories import STEP_SCALES, Trajectory
from ra_bayes.outcome import Outcome

__all__ = [
    "COMMON",
    "Chain",
    "Kind",
    "KindShape",
    "Noise",
    "chain_data",
    "chains_of",
    "common_prior",
    "kinds_of",
    "noises_of",
]

# Of every outcome, whatever its trajectory.
COMMON = (*PATIENT_PARAMETERS, RESIDUAL_SD)


class KindShape(NamedTuple):
    """What a compiled model knows of outcomes of one kind."""

    trajectory: str
    parameters: tuple[str, ...]
    constants: tuple[tuple[str, tuple[int, ...]], ...]
    steps: int
    measured: bool
    outcomes: int
    walks: bool
    effect: str = ""
    effect_steps: int = 0


@dataclass(frozen=True, eq=False)
class Kind:
    """Outcomes that one set of equations serves.

    Parameters
    ----------
    trajectory
        Of the first of them.
    parameters
        The trajectory's parameters, and those of the difference between arms.
    places
        Where the outcomes stand among all.
    steps
        Standard normal steps of each.
    constants
        The trajectory's data, and those of the difference between arms (outcome, ...).
    measured
        Whether they are measured, not met or not.
    arm
        The arms, of the first of them; None if there is one.
    effect_steps
        Standard normal steps of each difference between arms.
    """

    trajectory: Trajectory
    parameters: tuple[Parameter, ...]
    places: slice
    steps: int
    constants: dict[str, np.ndarray]
    measured: bool
    arm: Arm | None = None
    effect_steps: int = 0

    @property
    def outcomes(self) -> int:
        """How many."""
        return int(self.places.stop - self.places.start)

    @property
    def step_scale(self) -> tuple[str, ...]:
        """Name of the parameter that multiplies the steps and does nothing else, if there is one."""
        return tuple(each.name for each in self.parameters if each.name in STEP_SCALES)

    def shape(self, walks: bool) -> KindShape:
        """Return what a compiled model knows, its walks being sampled themselves or not."""
        return KindShape(
            self.trajectory.name,
            tuple(each.name for each in self.parameters),
            tuple((name, each.shape) for name, each in self.constants.items()),
            self.steps,
            self.measured,
            self.outcomes,
            walks,
            "" if self.arm is None else self.arm.trajectory.name,
            self.effect_steps,
        )


class Noise(NamedTuple):
    """A likelihood other than the normal one, and places of its outcomes.

    Its parameters are without residual_sd, which every outcome has in some place; whether it is one of them
    says `scatters`. Which constants it has, the first of its outcomes tells.
    """

    likelihood: Likelihood
    parameters: tuple[Parameter, ...]
    places: tuple[int, ...]
    scatters: bool
    outcome: Outcome


class Chain(NamedTuple):
    """Outcomes whose residuals follow each other: their places, and whether records of theirs are cells."""

    places: tuple[int, ...]
    cells: bool

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The correlation of neighbouring residuals."""
        return (AUTOCORRELATION,)


def kinds_of(pages: Sequence[ModelSpec], weeks: np.ndarray) -> tuple[tuple[ModelSpec, ...], tuple[Kind, ...]]:
    """Return the pages kind by kind, the measured ones first, and the kinds."""
    by_kind: dict[tuple[object, ...], list[ModelSpec]] = {}
    for page in sorted(pages, key=lambda page: page.binary):
        shapes = tuple((name, each.shape) for name, each in _constants(page, weeks).items())
        arms = "" if page.arm is None else page.arm.trajectory.name
        key = page.binary, page.trajectory.name, page.trajectory.steps(weeks.size), shapes, arms
        by_kind.setdefault(key, []).append(page)
    kinds, start = [], 0
    for several in by_kind.values():
        kinds.append(_kind(several, weeks, start))
        start += len(several)
    return tuple(page for several in by_kind.values() for page in several), tuple(kinds)


def _kind(pages: Sequence[ModelSpec], weeks: np.ndarray, start: int) -> Kind:
    first, constants = pages[0], [_constants(page, weeks) for page in pages]
    stacked = {name: np.stack([each[name] for each in constants]) for name in constants[0]}
    own = () if first.arm is None else first.arm.parameters
    return Kind(
        first.trajectory,
        (*first.trajectory.parameters, *own),
        slice(start, start + len(pages)),
        first.trajectory.steps(weeks.size),
        stacked,
        not first.binary,
        first.arm,
        0 if first.arm is None else first.arm.trajectory.steps(weeks.size),
    )


def _constants(page: ModelSpec, weeks: np.ndarray) -> dict[str, np.ndarray]:
    found = page.trajectory.constants(weeks, page.reference_week, page.anchor_week)
    return found if page.arm is None else found | effect_constants(page.arm, weeks, page.reference_week)


def _has_residual_sd(page: ModelSpec) -> bool:
    """Return whether an outcome's records scatter by a residual SD; counts and categories do not."""
    return any(prior.parameter.name == RESIDUAL_SD.name for prior in page.priors)


def common_prior(page: ModelSpec, parameter: Parameter) -> Prior:
    """Return the prior of a parameter of :data:`COMMON`; of a residual SD that a page does not have, 1."""
    if parameter.name == RESIDUAL_SD.name and not _has_residual_sd(page):
        return Prior(RESIDUAL_SD, (1.0, 0.0), "")
    return page.prior(parameter.name)


def noises_of(pages: Sequence[ModelSpec]) -> tuple[Noise, ...]:
    """Return the likelihoods that are not the normal one, each with its outcomes."""
    by_noise: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for k, page in enumerate(pages):
        if page.likelihood.name != "normal":
            names = tuple(each.name for each in page.likelihood.parameters(page.outcome))
            by_noise.setdefault((page.likelihood.name, names), []).append(k)
    found = []
    for _, places in sorted(by_noise.items()):
        page = pages[places[0]]
        own = page.likelihood.parameters(page.outcome)
        free = tuple(each for each in own if each.name != RESIDUAL_SD.name)
        found.append(Noise(page.likelihood, free, tuple(places), len(free) < len(own), page.outcome))
    return tuple(found)


def chains_of(pages: Sequence[ModelSpec], grids: Sequence[Grid]) -> tuple[Chain, ...]:
    """Return the outcomes whose residuals follow each other, those without cells first."""
    by_cells: dict[bool, list[int]] = {}
    for k, (page, records) in enumerate(zip(pages, grids, strict=True)):
        if page.residuals is not None:
            by_cells.setdefault(bool((records.kind == CELL).any()), []).append(k)
    return tuple(Chain(tuple(places), cells) for cells, places in sorted(by_cells.items()))


def chain_data(chain: Chain, pages: Sequence[ModelSpec], grids: Sequence[Grid]) -> dict[str, np.ndarray]:
    """Return a chain's records outcome by outcome, each with the patient's record before it.

    Beside what :func:`~ra_bayes.model.residuals.sequence` says: ``record_of``, the outcome among all,
    ``record_own``, that among the chain's, and, where records are cells, ``record_score``, the place of the
    record among the chain's own grids.
    """
    parts: list[dict[str, Any]] = []
    start = 0
    for own, place in enumerate(chain.places):
        page, records = pages[place], grids[place]
        assert page.residuals is not None
        made = sequence(records.kind, records.low, records.high, records.weeks, page.residuals.gap)
        at = made["record_at"]
        made["record_before"] = made["record_before"] + start
        start += at.size
        made |= {"record_of": np.full(at.size, place), "record_own": np.full(at.size, own)}
        made["record_at"] = at + place * records.kind.size
        made["record_score"] = at + own * records.kind.size
        parts.append(made)
    # A model uses all of its data: of cells nothing is said where there are none.
    of_cells = () if chain.cells else ("record_high", "record_cell", "record_score")
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name not in of_cells}
