"""The pattern of a cohort without its values: who is seen when, and how much lies below a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model.people import People
from ra_bayes.model.records import Grid, empty, grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["CohortDesign", "design_of", "empty_grid", "simulated_people"]


@dataclass(frozen=True, slots=True)
class CohortDesign:
    """What simulated cohorts have in common with a real one.

    Parameters
    ----------
    name
        Where the pattern is from, e.g. the cohort's name.
    weeks
        Weeks of the visits, rising.
    seen
        For each patient, for each visit, whether the outcome is recorded.
    below
        Share of records below the limit of quantification, 0 to 1.

    Examples
    --------
    >>> CohortDesign("complete", (0.0, 24.0), ((True, True),) * 6).missing
    0.0
    """

    name: str
    weeks: tuple[float, ...]
    seen: tuple[tuple[bool, ...], ...]
    below: float = 0.0

    def __post_init__(self) -> None:
        if not self.seen or any(len(row) != len(self.weeks) for row in self.seen):
            raise RaBayesError(
                f"cohort design {self.name!r}: seen has rows of other lengths than {len(self.weeks)} visits; "
                "write True or False for every visit of every patient"
            )
        if not 0.0 <= self.below < 1.0:
            raise RaBayesError(
                f"cohort design {self.name!r}: below={self.below:g} is no share of records; "
                "write a number from 0 to less than 1"
            )

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.seen)

    @property
    def missing(self) -> float:
        """Share of visits without a record, of visits at which anybody has one."""
        seen = np.array(self.seen)
        return float(1.0 - seen[:, seen.any(axis=0)].mean())

    def __str__(self) -> str:
        """Return the pattern in words."""
        weeks = ", ".join(f"{week:g}" for week in self.weeks)
        below = f", {self.below:.0%} of records below a limit" if self.below else ""
        return f"{self.patients} patients, weeks {weeks}, {self.missing:.0%} of visits missing{below}"


def design_of(model: ModelSpec, cohort: Cohort) -> CohortDesign:
    """Return the pattern of a cohort's records of the model's outcome.

    Raises
    ------
    FitError
        If the model cannot be fitted to the cohort.
    """
    records = grid(model, cohort)
    seen = ~np.isnan(records.value)
    return CohortDesign(
        cohort.name,
        tuple(map(float, records.weeks)),
        tuple(tuple(map(bool, row)) for row in seen),
        float((records.limit[seen] < 0).mean()),
    )


def empty_grid(model: ModelSpec, design: CohortDesign) -> tuple[Grid, NDArray[np.bool_]]:
    """Return a grid of the design's shape without records, and where they will be (patient, visit)."""
    patients = tuple(f"P{number}" for number in range(1, design.patients + 1))
    return empty(patients, np.array(design.weeks), simulated_people(model, design)), np.array(design.seen)


def simulated_people(model: ModelSpec, design: CohortDesign) -> People | None:
    """Return arms and covariates of simulated patients; None if the model has neither.

    Arms take turns. Covariates are one scale above their centre or below it, the first in turns of two, the
    next in turns of four, and so on.
    """
    if model.arm is None and not model.covariates:
        return None
    number = np.arange(design.patients)
    columns = [1.0 - 2.0 * (number // 2 ** (k + 1) % 2) for k in range(len(model.covariates))]
    x = np.array(columns).T.reshape(design.patients, len(columns))
    treated = np.zeros(design.patients) if model.arm is None else (number % 2).astype(float)
    arms = () if model.arm is None else tuple(("treated" if each else model.arm.control) for each in treated)
    return People(arms, treated, x)
