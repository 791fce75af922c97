"""What decides a trial, what happens until it does, and the truths it is judged at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ra_bayes.planning.rule import Direction

__all__ = ["Conduct", "Endpoint", "Kind", "Truth"]

type Kind = Literal["binary", "continuous", "longitudinal"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What decides the trial.

    Parameters
    ----------
    kind
        ``"binary"`` (a response at one week), ``"continuous"`` (the change at one week) or
        ``"longitudinal"`` (the change at that week, estimated from all visits).
    outcome, label
        Identifier and name of what is measured.
    unit
        Of a change; empty for a rate and for a ratio.
    week
        The week it is told at.
    visits
        Weeks of the visits from 0 to `week`, of a longitudinal endpoint.
    ratio
        Whether the change is a ratio to baseline (log link); thresholds and truths are then ratios.
    benefit
        The side of benefit.
    shape
        Trajectory whose r(t) spreads a patient's own response over the visits.
    """

    kind: Kind
    outcome: str
    label: str
    unit: str
    week: float
    visits: tuple[float, ...]
    ratio: bool
    benefit: Direction
    shape: str = "visits"

    def name(self, arms: int) -> str:
        """Return a short name of the estimand: ``"rate"``, ``"difference in mean change"``."""
        if self.kind == "binary":
            return "rate" if arms == 1 else "difference in rate"
        mean = "mean ratio" if self.ratio else "mean change"
        if arms == 1:
            return mean
        return f"ratio of {mean}s" if self.ratio else f"difference in {mean}"

    def estimand(self, arms: int) -> str:
        """Return what is estimated, in words."""
        what = "to baseline in" if self.ratio else "in" if self.kind != "binary" else "of"
        sides = "" if arms == 1 else f", treated {'over' if self.ratio else 'minus'} control"
        return f"{self.name(arms)} {what} {self.label} at week {self.week:g}{sides}"


@dataclass(frozen=True, slots=True)
class Conduct:
    """What happens between entry and endpoint.

    Parameters
    ----------
    dropout
        Share of patients who have left by the endpoint's week, the hazard being constant.
    missed
        Chance that a patient who is still in misses a visit (longitudinal).
    accrual
        Patients who enter in a month; ``None`` if not told.
    nonresponse
        Whether a patient without an outcome counts as a non-responder (binary). Otherwise, and for a
        continuous endpoint, looks count patients who have an outcome, and more are entered.
    """

    dropout: float = 0.0
    missed: float = 0.0
    accrual: float | None = None
    nonresponse: bool = True


@dataclass(frozen=True, slots=True)
class Truth:
    """Truths at which operating characteristics are told, as values of the estimand.

    Parameters
    ----------
    null, alternative
        Where success is an error, and where it is wanted.
    also
        Others to tell.
    control
        True rate of the control arm (binary, two arms).
    scales
        True SDs and correlation by name (continuous, longitudinal), on the link's scale.
    """

    null: float
    alternative: float
    also: tuple[float, ...] = ()
    control: float | None = None
    scales: dict[str, float] = field(default_factory=dict)
