"""Every random number of a joint model in one vector, and what it means.

All parameters but the correlations are standard normal a priori (:mod:`~ra_bayes.model.priors`), so that a
joint model is a vector x ~ N(0, I) with the correlations' (rho + 1) / 2 ~ Beta beside it. A sampler needs to
know no more; `expand` gives the vector's entries their names and ties the outcomes together as
:mod:`~ra_bayes.model.joint` says. All arms have the same patients' and noise parameters; each arm has its own
mean change (and, for a binary outcome, its own rate), under the same prior.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.model.joint import EFFECTS, JointModel
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Prior, from_raw, raw_name
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.trajectories.visits import bridge
from ra_bayes.published import Arm

__all__ = ["MOST_TIED", "Draws", "Layout", "make_layout"]

type Array = NDArray[np.float64]

# Patients of an arm whose responder factors are followed.
MOST_TIED = 20
type Values = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Draws:
    """A joint model's parameters by name, any leading dimensions.

    Parameters
    ----------
    values
        By arm and outcome: the page's parameters, ``mean_change`` (..., visit), ``response_shape``
        (visit) and ``placebo_response``, all on the link's scale.
    loading
        Loading of responses on the responder factor; ``None`` if patients' outcomes are not tied.
    factor
        By arm, each patient's responder factor (..., patient); empty if not tied.
    """

    values: Mapping[tuple[str, str], Values]
    loading: Any
    factor: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where each number of a joint model stands in the vectors; see :func:`make_layout`.

    Parameters
    ----------
    joint
        The joint model.
    pages
        Pages of the outcomes, with the priors of effects as the joint model has them.
    arms
        Arms of the trial.
    weeks
        Weeks of the visits.
    slots
        By name, the place in the vector of standard normals.
    units
        By outcome, the place of its correlation's (rho + 1) / 2.
    bases
        By outcome, the rotation from coordinates to steps of its walk: the first coordinates hold all that
        its mean has to do with at the weeks that facts speak of, so that the others can be left alone.
    """

    joint: JointModel
    pages: Mapping[str, ModelSpec]
    arms: tuple[Arm, ...]
    weeks: Array
    slots: Mapping[str, slice]
    units: Mapping[str, int]
    bases: Mapping[str, Array]

    @property
    def size(self) -> int:
        """Length of the vector of standard normals."""
        return int(max(slot.stop for slot in self.slots.values()))

    @property
    def concentrations(self) -> Array:
        """Beta(c, c)'s c for each correlation."""
        return np.array([self.pages[outcome].prior("correlation").numbers[0] for outcome in self.units])

    def expand(self, normal: Any, unit: Any, ns: Namespace) -> Draws:
        """Return the parameters that the vectors stand for.

        Parameters
        ----------
        normal
            Standard normals (..., size).
        unit
            (rho + 1) / 2 of each correlation (..., correlation).
        ns
            NumPy's or PyTensor's functions.
        """
        share = self.joint.share(self.pages)
        own = {name: self._steps(name, normal[..., slot]) for name, slot in self.slots.items()}
        values = {}
        for arm in self.arms:
            common = own.get(f"{arm.id}.related")
            for outcome, page in self.pages.items():
                raw = _Scores(own, arm.id, outcome, page, share.get(outcome), common, self)
                values[arm.id, outcome] = self._values(page, raw, normal, unit, ns)
        loading = self.joint.loading
        if loading is None or "loading" not in own:
            return Draws(values, None, {})
        tied = ns.ndtr(from_raw(loading.parameter, own["loading"][..., 0], *loading.numbers, ns))
        return Draws(
            values, tied, {arm.id: _ordered(own[f"{arm.id}.factor"], arm.n, ns) for arm in self.arms}
        )

    def _steps(self, name: str, coordinates: Any) -> Any:
        """Return a slot's own numbers: of a walk the steps, of all else the coordinates."""
        if not name.endswith(".walk_step"):
            return coordinates
        basis = self.bases[name.split(".")[-2]]
        # Broadcast and sum: see the trajectories.
        return (basis * coordinates[..., None, :]).sum(axis=-1)

    def _values(self, page: ModelSpec, raw: _Scores, normal: Any, unit: Any, ns: Namespace) -> Values:
        zero = 0.0 * normal[..., 0]
        values: Values = {}
        for prior in page.priors:
            name = prior.parameter.name
            if prior.fixed:
                values[name] = prior.numbers[0] + zero
            elif name == "correlation":
                place = self.units.get(page.outcome.id)
                values[name] = (
                    zero if place is None else from_raw(prior.parameter, unit[..., place], 0, 0, ns)
                )
            else:
                values[name] = from_raw(prior.parameter, raw.scalar(prior), *prior.numbers, ns)
        if page.trajectory.steps(self.weeks.size):
            values["walk_step"] = raw.steps()
        trajectory = page.trajectory
        constants = trajectory.constants(self.weeks, page.reference_week, page.anchor_week)
        shape = trajectory.response(values, constants, ns)
        middle, sd = self.joint.placebo(page.outcome.id)
        placebo = middle + sd * raw.placebo() if sd else zero
        values["mean_change"] = trajectory.mean(values, constants, ns) + placebo[..., None] * shape
        return values | {"response_shape": shape, "placebo_response": placebo}

    def refine(self, normal: Array, fine: Layout, rng: np.random.Generator) -> Array:
        """Return the vector of a layout with more visits, given this one's: walks are bridged.

        Parameters
        ----------
        normal
            Standard normals of this layout (..., size).
        fine
            The same layout made without `seen`, whose weeks hold all of this one's.
        rng
            Random numbers for what happens between the visits.
        """
        out = np.empty((*normal.shape[:-1], fine.size))
        for name, slot in self.slots.items():
            piece = normal[..., slot]
            if name.endswith((".walk_step", ".related")):
                # A layout with every visit has steps as coordinates.
                piece = bridge(self._steps(name, piece), self.weeks, fine.weeks, rng)
            out[..., fine.slots[name]] = piece
        return out


@dataclass(frozen=True, eq=False)
class _Scores:
    """The standard normals of one outcome in one arm, tied to those of other outcomes."""

    own: Mapping[str, Any]
    arm: str
    outcome: str
    page: ModelSpec
    shared: tuple[str, float] | None
    common: Any
    layout: Layout

    def scalar(self, prior: Prior) -> Any:
        name = raw_name(prior.parameter)
        if not _is_effect(prior, self.page):
            return self._tied(f"{{}}.{name}")[..., 0]
        # The common effect is on the whole change (or the rate), not on the course that leads to it.
        whole = self.page.binary or prior.parameter.name in EFFECTS
        score = self._tied(f"{self.arm}.{{}}.{name}", self._common_score() if whole else None)
        return score[..., 0]

    def steps(self) -> Any:
        # The steps of a rate are changes from the week it is told at, not the effect itself.
        common = None if self.page.binary else self.common
        return self._tied(f"{self.arm}.{{}}.walk_step", common)

    def placebo(self) -> Any:
        return self._tied("{}.placebo_z")[..., 0]

    def _tied(self, name: str, common: Any = None) -> Any:
        score = self._related(self.own[name.format(self.outcome)], self.page, common)
        if self.shared is None or name.format(self.shared[0]) not in self.own:
            return score
        first, correlation = self.shared
        elder = self._related(self.own[name.format(first)], self.layout.pages[first], common)
        return correlation * elder + (1.0 - correlation**2) ** 0.5 * self.own[name.format(self.outcome)]

    def _related(self, score: Any, page: ModelSpec, common: Any) -> Any:
        related = self.layout.joint.related
        if common is None or not page.benefit_sign:
            return score
        return page.benefit_sign * related**0.5 * common + (1.0 - related) ** 0.5 * score

    def _common_score(self) -> Any:
        """Return the common effect at the reference week, with SD 1."""
        if self.common is None:
            return None
        gaps = np.diff(np.minimum(self.layout.weeks, self.page.reference_week))
        return (self.common * np.sqrt(gaps / gaps.sum())).sum(axis=-1)[..., None]


def make_layout(
    joint: JointModel,
    outcomes: Iterable[str],
    arms: tuple[Arm, ...],
    weeks: Iterable[float],
    seen: Mapping[str, Collection[float]] | None = None,
) -> Layout:
    """Lay out a joint model's random numbers.

    Parameters
    ----------
    joint
        The joint model.
    outcomes
        Outcomes that it is to have.
    arms
        Arms of the trial.
    weeks
        Weeks of the visits; 0 and the pages' anchor and reference weeks are added.
    seen
        By outcome, the weeks that facts speak of, if coordinates are to be rotated towards them.

    Raises
    ------
    RaBayesError
        If an outcome's page has the trajectory ``gp``, AR(1) residuals, arms, covariates or no normal noise.
    """
    pages = {outcome: joint.page(outcome) for outcome in outcomes}
    for outcome, page in pages.items():
        if not page.plain:
            raise RaBayesError(
                f"the page of {outcome} in joint model {joint.name!r} has two arms, covariates or another "
                "likelihood than the normal one, which counts are not read with; leave them out there"
            )
        if page.residuals is not None:
            raise RaBayesError(
                f"the page of {outcome} in joint model {joint.name!r} has AR(1) residuals, and counts are "
                "read with independent ones; leave residuals out there"
            )
        if page.shape == "gp":
            raise RaBayesError(
                f"the page of {outcome} in joint model {joint.name!r} has the trajectory gp, whose course "
                "cannot be continued between the visits that counts are of; write another trajectory there"
            )
    needed = {0.0, *weeks}
    for page in pages.values():
        needed |= {page.anchor_week, page.reference_week}
    grid = np.array(sorted(needed))
    tied = joint.loading is not None and _may_be_tied(joint, pages, arms)
    slots: dict[str, slice] = {}
    units: dict[str, int] = {}

    def place(name: str, size: int = 1) -> None:
        start = max((slot.stop for slot in slots.values()), default=0)
        slots.setdefault(name, slice(start, start + size))

    for outcome, page in pages.items():
        for prior in page.priors:
            if prior.parameter.name == "correlation":
                if page.prior("response_sd").numbers != (0.0, 0.0):
                    units[outcome] = len(units)
            elif not prior.fixed:
                for name in _names(prior, page, arms):
                    place(name)
        if joint.placebo(outcome)[1]:
            place(f"{outcome}.placebo_z")
        for arm in arms:
            if page.trajectory.steps(grid.size):
                place(f"{arm.id}.{outcome}.walk_step", page.trajectory.steps(grid.size))
    for arm in arms:
        if joint.related:
            place(f"{arm.id}.related", grid.size - 1)
        if tied:
            place(f"{arm.id}.factor", arm.n)
    if tied:
        place("loading")
    bases = {
        outcome: _basis(page, grid, (seen or {}).get(outcome, ()))
        for outcome, page in pages.items()
        if page.trajectory.steps(grid.size)
    }
    return Layout(joint, pages, arms, grid, slots, units, bases)


def _may_be_tied(joint: JointModel, outcomes: Collection[str], arms: tuple[Arm, ...]) -> bool:
    """Say whether there is more than one outcome to tie, in arms small enough.

    Factors matter by their mean over an arm's patients, whose SD is 1 / sqrt(n); a coordinate for each
    patient of a large arm would cost far more than it tells.
    """
    share = joint.share(outcomes)
    apart = {share.get(each, (each,))[0] for each in outcomes}
    return len(apart) > 1 and max(arm.n for arm in arms) <= MOST_TIED


def _basis(page: ModelSpec, weeks: Array, seen: Collection[float]) -> Array:
    """Return an orthogonal matrix whose first columns span the walk's weights at the weeks seen."""
    steps = page.trajectory.steps(weeks.size)
    if not seen:
        return np.eye(steps)
    weights = page.trajectory.constants(weeks, page.reference_week, page.anchor_week)["step_weight"]
    rows = weights[np.isin(weeks, list(seen))]
    rows = rows[rows.any(axis=1)]
    return np.linalg.qr(np.concatenate([rows, np.eye(steps)]).T)[0]


def _is_effect(prior: Prior, page: ModelSpec) -> bool:
    """Say whether an arm has a parameter for itself: how far its mean changes, or its rate."""
    if page.binary:
        return prior.parameter.name == "baseline_mean"
    return prior.parameter.family == "shift"


def _names(prior: Prior, page: ModelSpec, arms: tuple[Arm, ...]) -> list[str]:
    name = f"{page.outcome.id}.{raw_name(prior.parameter)}"
    return [f"{arm.id}.{name}" for arm in arms] if _is_effect(prior, page) else [name]


def _ordered(normal: Any, patients: int, ns: Namespace) -> Any:
    """Return so many standard normals in rising order, as a smooth function of as many independent ones.

    With v_k = Phi(x_k), log(1 - U_(k)) = sum_{j<=k} log(1 - v_j) / (n - j + 1) are the order statistics of n
    uniforms. Counts do not say which patient is which; in order, their factors have one mode instead of n!.
    """
    survival = (ns.log_ndtr(-normal) / (patients - np.arange(patients))).cumsum(axis=-1)
    return -ns.ndtri(ns.exp(survival))
