"""Arms and covariates of the patients of a joint model: what they add to each outcome's expected values.

    mu_kij += [i treated] d_k(t_j)        A_ki += sum of x_ci beta_c        b_ki += sum of x_ci beta_c

Every outcome has the difference between arms, the covariates and the priors of its own page
(:mod:`~ra_bayes.model.people`). Covariates of all outcomes are one vector; which outcome each is of, and
whether it moves the level or the change there, say two matrices of 0 and 1 (outcome, covariate).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ra_bayes.model.namespace import Namespace
from ra_bayes.model.people import Covariate
from ra_bayes.model.priors import from_raw
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["OfOutcome", "covariates_of", "moved_by_people", "people_data", "shifts"]


class OfOutcome(NamedTuple):
    """A covariate of one outcome: its place among the outcomes, and its place on that outcome's page."""

    place: int
    number: int
    covariate: Covariate


def covariates_of(pages: Sequence[ModelSpec]) -> tuple[OfOutcome, ...]:
    """Return every outcome's covariates, outcome by outcome."""
    return tuple(
        OfOutcome(place, number, covariate)
        for place, page in enumerate(pages)
        for number, covariate in enumerate(page.covariates)
    )


def people_data(pages: Sequence[ModelSpec], grids: Sequence[Grid]) -> dict[str, np.ndarray]:
    """Return arms and covariates as data; nothing where there are none."""
    found: dict[str, np.ndarray] = {}
    people = grids[0].people
    if people is not None and people.arms:
        found["treated"] = people.treated
    covariates = covariates_of(pages)
    if not covariates:
        return found
    numbers = [pages[each.place].prior(each.covariate.parameter.name).numbers for each in covariates]
    found["prior_covariate"] = np.array(numbers, dtype=float)
    found["covariate_x"] = np.array([_x(grids[each.place], each.number) for each in covariates])
    of = np.array([each.place for each in covariates]) == np.arange(len(pages))[:, None]
    for moves in ("level", "change"):
        which = np.array([each.covariate.moves == moves for each in covariates])
        if which.any():
            found[f"covariate_{moves}"] = (of & which).astype(float)
    return found


def _x(records: Grid, number: int) -> np.ndarray:
    assert records.people is not None
    return records.people.covariates[:, number]


def shifts(
    raw: Mapping[str, Any], numbers: Mapping[str, Any], pages: Sequence[ModelSpec], ns: Namespace
) -> Any:
    """Return coefficients, and what covariates add to levels and to changes.

    Returns
    -------
    dict
        ``covariate`` (..., covariate); ``level_shift`` and ``change_shift`` (..., outcome, patient), each
        only if a covariate moves it.
    """
    if "covariate_z" not in raw:
        return {}
    prior, parameter = numbers["prior_covariate"], covariates_of(pages)[0].covariate.parameter
    own = from_raw(parameter, raw["covariate_z"], prior[:, 0], prior[:, 1], ns)
    found = {"covariate": own}
    for moves in ("level", "change"):
        if f"covariate_{moves}" in numbers:
            found[f"{moves}_shift"] = (numbers[f"covariate_{moves}"] * own[..., None, :]) @ numbers[
                "covariate_x"
            ]
    return found


def moved_by_people(values: Mapping[str, Any], numbers: Mapping[str, Any]) -> Any | None:
    """Return what arms and covariates add to expected records (..., outcome, patient, visit), if anything."""
    terms = []
    if "effect" in values:
        terms.append(numbers["treated"][:, None] * values["effect"][..., None, :])
    if "level_shift" in values:
        terms.append(values["level_shift"][..., None])
    if "change_shift" in values:
        terms.append(values["change_shift"][..., None] * values["response_shape"][..., None, :])
    return sum(terms[1:], terms[0]) if terms else None
