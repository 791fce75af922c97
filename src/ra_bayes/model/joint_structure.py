"""A joint model and a cohort's records of several outcomes, laid out for one PyMC model.

Outcomes stand in one order throughout: the measured ones first, then those that are met or not, and within
them by kind. A *kind* is a trajectory whose parameters and constants have the same shapes, so that its
outcomes are one more dimension of the same equations: compiling takes as long as for one of them. Points and
cells of all outcomes are one vector each, with their places on the grid (outcome, patient, visit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from ra_bayes.cohort import Cohort
from ra_bayes.errors import FitError
from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_integrated import Cells, cells_of
from ra_bayes.model.joint_ties import lkj_shapes
from ra_bayes.model.likelihoods import CELL, MISSED, POINT, Likelihood
from ra_bayes.model.priors import Parameter
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.trajectories import STEP_SCALES, Trajectory

__all__ = ["JointRecords", "JointStructure", "Kind", "KindShape", "Ways", "make_joint_records"]

# Patients' levels are sampled as they are, or as scores; or patients are integrated out.
type Ways = Literal["centred", "non-centred", "integrated"]

# Likelihoods beside the normal one that a joint fit knows: of records on the link's scale, with an SD.
_NOISES = ("student_t",)

# Of every outcome's page, whatever its trajectory.
_COMMON = ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")


class KindShape(NamedTuple):
    """What a compiled model knows of outcomes of one kind."""

    trajectory: str
    parameters: tuple[str, ...]
    constants: tuple[tuple[str, tuple[int, ...]], ...]
    steps: int
    measured: bool
    outcomes: int
    walks: bool


class JointStructure(NamedTuple):
    """What a compiled joint model is specific to; everything else is data."""

    kinds: tuple[KindShape, ...]
    levels: str
    patients: int
    visits: int
    matrix: bool
    related: bool
    placebo: bool
    cells: int
    noises: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """Outcomes that one set of equations serves.

    Parameters
    ----------
    trajectory
        Of the first of them.
    parameters
        The trajectory's parameters.
    places
        Where the outcomes stand among all.
    steps
        Standard normal steps of each.
    constants
        The trajectory's data (outcome, ...).
    measured
        Whether they are measured, not met or not.
    """

    trajectory: Trajectory
    parameters: tuple[Parameter, ...]
    places: slice
    steps: int
    constants: dict[str, np.ndarray]
    measured: bool

    @property
    def outcomes(self) -> int:
        """How many."""
        return int(self.places.stop - self.places.start)

    @property
    def step_scale(self) -> tuple[str, ...]:
        """Name of the parameter that multiplies the steps and does nothing else, if there is one."""
        return tuple(each.name for each in self.parameters if each.name in STEP_SCALES)


class Noise(NamedTuple):
    """A likelihood other than the normal one: its parameters but residual_sd, and places of its outcomes."""

    likelihood: Likelihood
    parameters: tuple[Parameter, ...]
    places: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class JointRecords:
    """A joint model with records; made by :func:`make_joint_records`.

    Parameters
    ----------
    joint
        The joint model.
    pages
        Outcome pages, with the priors of effects as the joint model has them.
    grids
        Records of each outcome, on one grid of the cohort.
    kinds
        Outcomes by kind.
    """

    joint: JointModel
    pages: tuple[ModelSpec, ...]
    grids: tuple[Grid, ...]
    kinds: tuple[Kind, ...]

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients of the cohort."""
        return self.grids[0].patients

    @property
    def weeks(self) -> np.ndarray:
        """Weeks of the visits."""
        return self.grids[0].weeks

    @property
    def common(self) -> tuple[Parameter, ...]:
        """Parameters that every outcome has."""
        return tuple(self.pages[0].prior(name).parameter for name in _COMMON)

    @cached_property
    def noises(self) -> tuple[Noise, ...]:
        """Likelihoods that are not the normal one, each with its outcomes."""
        names = sorted({page.likelihood.name for page in self.pages} - {"normal"})
        found = []
        for name in names:
            places = tuple(k for k, page in enumerate(self.pages) if page.likelihood.name == name)
            page = self.pages[places[0]]
            own = page.likelihood.parameters(page.outcome)
            found.append(Noise(page.likelihood, tuple(e for e in own if e.name not in _COMMON), places))
        return tuple(found)

    @property
    def measured(self) -> int:
        """How many outcomes are measured; they are the first."""
        return sum(not page.binary for page in self.pages)

    @property
    def matrix(self) -> bool:
        """Whether an unstructured correlation matrix ties patients' outcomes, not factors."""
        return self.joint.patients is not None

    @cached_property
    def signs(self) -> dict[str, np.ndarray]:
        """Direction of benefit of what is tied, 0 where it is not.

        Keys are ``response``, ``level``, ``rate`` and ``effect``.
        """
        sign = np.array([page.benefit_sign for page in self.pages], dtype=float)
        tied = {
            "response": self.joint.loading is not None and not self.matrix,
            "level": self.joint.baseline_loading is not None and not self.matrix,
        }
        measured = self.measured
        return {
            "response": sign[:measured] * tied["response"],
            "level": sign[:measured] * tied["level"],
            "rate": sign[measured:] * tied["response"],
            "effect": sign,
        }

    def structure(self, levels: Ways) -> JointStructure:
        """Return the structure, with patients sampled, or integrated out, in one of the ways."""
        shapes = tuple(
            KindShape(
                kind.trajectory.name,
                tuple(each.name for each in kind.parameters),
                tuple((name, each.shape) for name, each in kind.constants.items()),
                kind.steps,
                kind.measured,
                kind.outcomes,
                self.walks_are_sampled(kind, levels),
            )
            for kind in self.kinds
        )
        patients, visits = self.grids[0].shape
        related, placebo = bool(self.joint.related), bool(self.placebo[:, 1].any())
        cells = self.cells.at.size if levels == "integrated" else 0
        noises = tuple((noise.likelihood.name, noise.places) for noise in self.noises)
        return JointStructure(shapes, levels, patients, visits, self.matrix, related, placebo, cells, noises)

    @cached_property
    def placebo(self) -> np.ndarray:
        """Median and SD of the placebo change under each outcome's mean change (outcome, 2)."""
        return np.array([self.joint.placebo(page.outcome.id) for page in self.pages])

    @property
    def common_weights(self) -> np.ndarray:
        """Weights of the common effect's steps in its score at the reference weeks (outcome, step)."""
        gaps = np.array([np.diff(np.minimum(self.weeks, page.reference_week)) for page in self.pages])
        return np.asarray(np.sqrt(gaps / gaps.sum(axis=1, keepdims=True)))

    def walks_are_sampled(self, kind: Kind, levels: Ways) -> bool:
        """Return whether a kind's walks are sampled, not their steps: large cohorts pin the mean's course."""
        if levels != "integrated" or self.joint.related or not kind.steps or not kind.step_scale:
            return False
        (scale,) = kind.step_scale
        return all(page.prior(scale).numbers[0] > 0.0 for page in self.pages[kind.places])

    def data(self, levels: Ways = "centred") -> dict[str, np.ndarray]:
        """Return every number of the model as the arrays that the PyMC model declares as data."""
        found = {
            f"prior_{parameter.name}": self._numbers(parameter, slice(None)) for parameter in self.common
        }
        for place, kind in enumerate(self.kinds):
            for parameter in kind.parameters:
                found[f"prior_{place}_{parameter.name}"] = self._numbers(parameter, kind.places)
            found |= {f"{name}_{place}": each for name, each in kind.constants.items()}
        for number, noise in enumerate(self.noises):
            for each in noise.parameters:
                numbers = [self.pages[k].prior(each.name).numbers for k in noise.places]
                found[f"prior_noise{number}_{each.name}"] = np.array(numbers, dtype=float)
        if self.joint.patients is not None:
            found["lkj_shape"] = lkj_shapes(2 * len(self.pages), self.joint.patients.numbers[0])
        else:
            for name, prior in (("loading", self.joint.loading), ("baseline", self.joint.baseline_loading)):
                found[f"prior_{name}"] = np.array((0.0, 1.0) if prior is None else prior.numbers)
            used = ("response", "level", "rate") if self.measured < len(self.pages) else ("response", "level")
            found |= {f"sign_{name}": self.signs[name] for name in used}
        if self.joint.related:
            found |= {"related": np.array(self.joint.related), "common_weight": self.common_weights}
            found["sign_effect"] = self.signs["effect"]
        if self.placebo[:, 1].any():
            found["placebo"] = self.placebo
        return found | (self.whole_data() if levels == "integrated" else self.record_data())

    def record_data(self) -> dict[str, np.ndarray]:
        """Return points and cells of all outcomes, each with its outcome and its place on the grids."""
        kind, low, high = (
            np.stack([getattr(each, name) for each in self.grids]).ravel() for name in ("kind", "low", "high")
        )
        size = self.grids[0].kind.size
        of = np.arange(kind.size) // size
        others = [k for noise in self.noises for k in noise.places]
        found: dict[str, np.ndarray] = {}
        for start, places in (
            ("", [k for k in range(len(self.pages)) if k not in others]),
            *((f"noise{number}_", noise.places) for number, noise in enumerate(self.noises)),
        ):
            own = np.isin(of, places)
            point, cell = (np.flatnonzero(own & (kind == each)) for each in (POINT, CELL))
            found |= {
                f"{start}point_at": point,
                f"{start}point_of": of[point],
                f"{start}point_value": low[point],
                f"{start}cell_at": cell,
                f"{start}cell_of": of[cell],
                f"{start}cell_low": low[cell],
                f"{start}cell_high": high[cell],
            }
        return found

    @cached_property
    def cells(self) -> Cells:
        """Records that are cells, where patients are integrated out."""
        low, high, kind = (
            np.stack([getattr(each, name) for each in self.grids]) for name in ("low", "high", "kind")
        )
        unit = np.array([page.prior("residual_sd").numbers[0] for page in self.pages])
        return cells_of(low, high, kind, unit)

    def whole_data(self) -> dict[str, np.ndarray]:
        """Return the records on their grids (outcome, patient, visit), and the cells among them."""
        low, kind = (np.stack([getattr(each, name) for each in self.grids]) for name in ("low", "kind"))
        return {
            "record": np.where(kind == POINT, low, 0.0),
            "seen": (kind != MISSED).astype(float),
            **{f"inside_{name}": each for name, each in self.cells._asdict().items()},
        }

    def _numbers(self, parameter: Parameter, places: slice) -> np.ndarray:
        return np.array([page.prior(parameter.name).numbers for page in self.pages[places]], dtype=float)


def make_joint_records(joint: JointModel, cohort: Cohort, outcomes: Sequence[str]) -> JointRecords:
    """Lay out a joint model and a cohort's records.

    Parameters
    ----------
    joint
        The joint model.
    cohort
        The records.
    outcomes
        At least two; what is shown of the fit follows the order described in the module.

    Raises
    ------
    FitError
        If there are fewer than two outcomes, one twice, none that is measured, two that the page says share
        components, or an outcome's page asks for what joint models of records do not do.
    RaBayesError
        If there is no page of an outcome, or the cohort lacks records of it.
    """
    _check(joint, outcomes)
    chosen = [joint.page(outcome) for outcome in outcomes]
    for page in chosen:
        _check_page(joint, page)
    if all(page.binary for page in chosen):
        raise FitError(
            f"joint model {joint.name!r}: {', '.join(outcomes)} are all met or not; add an outcome that is "
            "measured"
        )
    grids = {page.outcome.id: grid(page, cohort) for page in chosen}
    weeks = next(iter(grids.values())).weeks
    by_kind: dict[tuple[object, ...], list[ModelSpec]] = {}
    for page in sorted(chosen, key=lambda page: page.binary):
        shapes = tuple((name, each.shape) for name, each in _constants(page, weeks).items())
        key = page.binary, page.trajectory.name, page.trajectory.steps(weeks.size), shapes
        by_kind.setdefault(key, []).append(page)
    kinds, start = [], 0
    for several in by_kind.values():
        kinds.append(_kind(several, weeks, start))
        start += len(several)
    pages = tuple(page for several in by_kind.values() for page in several)
    made = JointRecords(joint, pages, tuple(grids[page.outcome.id] for page in pages), tuple(kinds))
    if joint.related and any(kind.steps not in (0, weeks.size - 1) for kind in kinds):
        raise FitError(
            f"joint model {joint.name!r} relates effects by the steps of a random walk, and a page has "
            'another trajectory with steps; give the page trajectory = "visits", or write correlation = 0.0 '
            "under [related]"
        )
    return made


def _kind(pages: Sequence[ModelSpec], weeks: np.ndarray, start: int) -> Kind:
    first, constants = pages[0], [_constants(page, weeks) for page in pages]
    stacked = {name: np.stack([each[name] for each in constants]) for name in constants[0]}
    return Kind(
        first.trajectory,
        tuple(first.trajectory.parameters),
        slice(start, start + len(pages)),
        first.trajectory.steps(weeks.size),
        stacked,
        not first.binary,
    )


def _constants(page: ModelSpec, weeks: np.ndarray) -> dict[str, np.ndarray]:
    return page.trajectory.constants(weeks, page.reference_week, page.anchor_week)


def _check(joint: JointModel, outcomes: Sequence[str]) -> None:
    if isinstance(outcomes, str) or len(outcomes) < 2:
        raise FitError(
            f"a joint fit needs at least two outcomes, and was given {outcomes!r}; write e.g. "
            'outcomes=("vas", "il10")'
        )
    if twice := [each for each in outcomes if list(outcomes).count(each) > 1]:
        raise FitError(f"outcome {twice[0]!r} is named twice; name each once")
    for second, (first, _) in joint.share(outcomes).items():
        raise FitError(
            f"joint model {joint.name!r} says that {second} is mostly made of {first}, whose records would "
            "count twice; leave one of the two out of outcomes"
        )


def _check_page(joint: JointModel, page: ModelSpec) -> None:
    known = {*_COMMON, *(each.name for each in page.trajectory.parameters)}
    if page.likelihood.name in _NOISES:
        known |= {each.name for each in page.likelihood.parameters(page.outcome)}
    have = {prior.parameter.name for prior in page.priors}
    if known != have:
        raise FitError(
            f"joint model {joint.name!r}: page {page.name!r} has parameters that a joint fit of records does "
            f"not have ({', '.join(sorted(known ^ have))}); fit it alone, or take a page with the normal "
            "or student_t likelihood, one arm and no covariates"
        )
