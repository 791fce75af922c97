"""Which fits can be compared: of the same records, each of them the same event for all.

A record has a density (a point) or a probability (a cell). Densities are on the outcome's own scale whatever
the link, since the link's slope is in them; probabilities need no slope. But a density of one model and a
probability of another are not on one scale, nor are the probabilities of two intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError
from ra_bayes.inference.refit import records_of
from ra_bayes.model.likelihoods import CELL, UNBOUNDED
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["refuse_other_events", "same_records"]

type Array = NDArray[np.float64]


def same_records(trees: Mapping[str, xr.DataTree]) -> Grid:
    """Return the records that all fits are of, on the first one's scale.

    Raises
    ------
    FitError
        If they are not of one outcome of one cohort, if one takes a record for another event than the first
        does, or if a fit did not pass its gate.
    """
    if len(trees) < 2:
        raise FitError('there is nothing to compare one fit with; give two or more, {"name": tree, ...}')
    grids = {name: records_of(tree) for name, tree in trees.items()}
    specs = {name: spec_of(tree) for name, tree in trees.items()}
    (first, grid), *others = grids.items()
    for name, other in others:
        _refuse_other_data(trees, specs, first, name)
        if grid.shape != other.shape or not _alike(grid, other):
            raise FitError(
                f"{first!r} and {name!r} are fits of other records of {specs[name].outcome.id}; "
                "compare fits of one and the same cohort"
            )
        refuse_other_events((first, specs[first], grid), (name, specs[name], other))
    for name, tree in trees.items():
        if "log_likelihood" not in tree.children:
            raise FitError(f"{name!r} holds no log likelihood of its records; fit it with ra_bayes.fit")
        checked = diagnose(tree)
        if not checked.passed:
            raise FitError(
                f"{name!r} did not pass its gate; fit it with more draws first, or compare without it\n"
                f"{checked}"
            )
    return grid


def _refuse_other_data(
    trees: Mapping[str, xr.DataTree], specs: Mapping[str, ModelSpec], first: str, name: str
) -> None:
    outcomes = [(specs[each].outcome.id, specs[each].outcome.unit) for each in (first, name)]
    if outcomes[0] != outcomes[1]:
        told = [" in ".join(filter(None, each)) for each in outcomes]
        raise FitError(
            f"{first!r} is of {told[0]} and {name!r} of {told[1]}; compare fits of one outcome in one unit"
        )
    cohorts = [provenance(trees[each])["cohort"] for each in (first, name)]
    if cohorts[0]["hash"] != cohorts[1]["hash"]:
        raise FitError(
            f"{first!r} is of the cohort {cohorts[0]['name']} and {name!r} of another, "
            f"{cohorts[1]['name']}, whose records differ; fit all models to one file"
        )


def _alike(grid: Grid, other: Grid) -> bool:
    return (
        grid.patients == other.patients
        and np.array_equal(grid.weeks, other.weeks)
        and np.array_equal(grid.value, other.value, equal_nan=True)
        and np.array_equal(grid.limit, other.limit)
    )


def refuse_other_events(first: tuple[str, ModelSpec, Grid], other: tuple[str, ModelSpec, Grid]) -> None:
    """Refuse two models, each with its name and grid, that take a record of one cohort for other events.

    Raises
    ------
    FitError
        If a record is a point for one and an interval for the other, or two intervals.
    """
    (name, spec, grid), (other_name, _, other_grid) = first, other
    odd = grid.kind != other_grid.kind
    both = (grid.kind == CELL) & (other_grid.kind == CELL)
    ends = [_interval(*each[1:]) for each in (first, other)]
    for side in (0, 1):
        odd |= both & ~_same_end(ends[0][side], ends[1][side], spec, side)
    if odd.any():
        i, j = np.argwhere(odd)[0]
        one, two = (
            "a point" if each.kind[i, j] != CELL else f"the interval {low[i, j]:g} to {high[i, j]:g}"
            for each, (low, high) in zip((grid, other_grid), ends, strict=True)
        )
        raise FitError(
            f"the record {grid.value[i, j]:g} of patient {grid.patients[i]} at week {grid.weeks[j]:g} is "
            f"{one} for {name!r} and {two} for {other_name!r}, whose likelihoods are not on one scale; give "
            "the model pages the same rounding and bounds"
        )


def _interval(spec: ModelSpec, grid: Grid) -> tuple[Array, Array]:
    """Return the ends of the records in the outcome's unit, infinite where open."""
    low, high = (
        np.where(np.abs(end) >= UNBOUNDED, np.copysign(np.inf, end), spec.link.inverse(end))
        for end in (grid.low, grid.high)
    )
    return low, high


def _same_end(end: Array, other: Array, spec: ModelSpec, side: int) -> NDArray[np.bool_]:
    """Return whether two ends are one: equal, or both beyond what the outcome can be."""
    bound = (spec.outcome.lower, spec.outcome.upper)[side]
    sign = (-1.0, 1.0)[side]
    beyond = np.zeros(end.shape, dtype=bool)
    if bound is not None:
        beyond = (sign * end >= sign * bound) & (sign * other >= sign * bound)
    return np.asarray((end == other) | beyond | np.isclose(end, other, rtol=1e-9, atol=1e-12))
