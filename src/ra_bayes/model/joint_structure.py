"""A joint model and a cohort's records of several outcomes, laid out for one PyMC model.

Outcomes stand in one order throughout: the measured ones first, then those that are met or not, and within
them by kind (:mod:`~ra_bayes.model.joint_kinds`). Points and cells of outcomes under one likelihood are one
vector each, with their places on the grid (outcome, patient, visit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from ra_bayes.cohort import Cohort
from ra_bayes.errors import check_type
from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_checks import check_arms, check_outcomes, check_related
from ra_bayes.model.joint_integrated import Cells, cells_of
from ra_bayes.model.joint_kinds import (
    COMMON,
    Chain,
    Kind,
    KindShape,
    Noise,
    chain_data,
    chains_of,
    common_prior,
    kinds_of,
    noises_of,
)
from ra_bayes.model.joint_people import OfOutcome, covariates_of, people_data
from ra_bayes.model.joint_ties import lkj_shapes
from ra_bayes.model.joint_unstructured import patterns
from ra_bayes.model.likelihoods import CELL, MISSED, POINT
from ra_bayes.model.priors import Parameter, Prior
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["JointRecords", "JointStructure", "Ways", "make_joint_records"]

# Patients' levels are sampled as they are, or as scores; or patients are integrated out.
type Ways = Literal["centred", "non-centred", "integrated"]


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
    chains: tuple[Chain, ...] = ()


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
        return COMMON

    def common_priors(self, parameter: Parameter) -> list[Prior]:
        """Return the prior of such a parameter on every page; a residual SD that a page has not is 1."""
        return [common_prior(page, parameter) for page in self.pages]

    @cached_property
    def noises(self) -> tuple[Noise, ...]:
        """Likelihoods that are not the normal one, each with its outcomes."""
        return noises_of(self.pages)

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """Outcomes whose residuals follow each other."""
        return chains_of(self.pages, self.grids)

    @property
    def own_parameters(self) -> tuple[tuple[str, tuple[Parameter, ...], tuple[int, ...]], ...]:
        """Parameters of some outcomes' records: how their names begin, the parameters, the outcomes."""
        noises = (
            (f"noise{number}_", noise.parameters, noise.places) for number, noise in enumerate(self.noises)
        )
        chains = (
            (f"chain{number}_", chain.parameters, chain.places) for number, chain in enumerate(self.chains)
        )
        return (*noises, *chains)

    @cached_property
    def covariates(self) -> tuple[OfOutcome, ...]:
        """Every outcome's covariates, outcome by outcome."""
        return covariates_of(self.pages)

    @property
    def arms(self) -> bool:
        """Whether there are two arms."""
        return any(page.arm is not None for page in self.pages)

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
        shapes = tuple(kind.shape(self.walks_are_sampled(kind, levels)) for kind in self.kinds)
        patients, visits = self.grids[0].shape
        related, placebo = bool(self.joint.related), bool(self.placebo[:, 1].any())
        cells = self.cells.at.size if levels == "integrated" else 0
        noises = tuple((noise.likelihood.name, noise.places) for noise in self.noises)
        return JointStructure(
            shapes, levels, patients, visits, self.matrix, related, placebo, cells, noises, self.chains
        )

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
            f"prior_{each.name}": np.array([own.numbers for own in self.common_priors(each)], dtype=float)
            for each in self.common
        }
        for place, kind in enumerate(self.kinds):
            for parameter in kind.parameters:
                found[f"prior_{place}_{parameter.name}"] = self._numbers(parameter, kind.places)
            found |= {f"{name}_{place}": each for name, each in kind.constants.items()}
        for start, parameters, places in self.own_parameters:
            for each in parameters:
                numbers = [self.pages[k].prior(each.name).numbers for k in places]
                found[f"prior_{start}{each.name}"] = np.array(numbers, dtype=float)
        for number, noise in enumerate(self.noises):
            constants = [self.pages[k].likelihood.constants(self.pages[k].outcome) for k in noise.places]
            for name in constants[0]:
                found[f"noise{number}_{name}"] = np.array([each[name] for each in constants])
        found |= people_data(self.pages, self.grids)
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
        others = [k for _, _, places in self.own_parameters for k in places]
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
        for number, chain in enumerate(self.chains):
            made = chain_data(chain, self.pages, self.grids)
            found |= {f"chain{number}_{name}": each for name, each in made.items()}
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
        seen = (kind != MISSED).astype(float)
        return {
            "record": np.where(kind == POINT, low, 0.0),
            "seen": seen,
            **{f"inside_{name}": each for name, each in self.cells._asdict().items()},
            **(patterns(seen) if self.matrix else {}),
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
        If there are fewer than two outcomes, one twice, two that the page says share components, pages of one
        arm and of two, or effects to relate that have no steps from visit to visit in common.
    RaBayesError
        If there is no page of an outcome, or the cohort lacks records of it.
    """
    check_type(joint, JointModel, "model", 'read one with rb.load_joint_model("records")')
    check_outcomes(joint, outcomes)
    chosen = [joint.page(outcome) for outcome in outcomes]
    check_arms(joint, chosen)
    grids = {page.outcome.id: grid(page, cohort) for page in chosen}
    weeks = next(iter(grids.values())).weeks
    pages, kinds = kinds_of(chosen, weeks)
    check_related(joint, kinds, weeks)
    return JointRecords(joint, pages, tuple(grids[page.outcome.id] for page in pages), kinds)
