"""A trial design as one printable value: endpoint, arms, looks, conduct, analysis prior and decision rule.

See ``models/designs/*.toml`` for the shipped pages; ``docs/designs.md`` documents every key.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture, NormalMixture
from ra_bayes.planning.continuous.unknown import MeanPrior
from ra_bayes.planning.rule import Criterion, Direction, Rule

__all__ = [
    "BinaryAnalysis",
    "Conduct",
    "Design",
    "Endpoint",
    "Kind",
    "LongitudinalAnalysis",
    "NormalAnalysis",
    "Truth",
]

type Array = NDArray[np.float64]
type Kind = Literal["binary", "continuous", "longitudinal"]

WEEKS_A_MONTH = 365.25 / 12.0 / 7.0


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
class BinaryAnalysis:
    """What the analysis believes of the rates beforehand; independent between arms."""

    rate: BetaMixture
    control_rate: BetaMixture | None = None


@dataclass(frozen=True, slots=True)
class NormalAnalysis:
    """What the analysis believes of the arms' mean changes, on the link's scale; ``None`` is flat.

    ``sd`` is the SD of a patient's change if taken as known; ``None`` estimates it, and a prior of a mean
    is then worth so many patients, which keeps it conjugate.
    """

    mean: NormalMixture | MeanPrior | None = None
    control_mean: NormalMixture | MeanPrior | None = None
    sd: float | None = None


@dataclass(frozen=True, slots=True)
class LongitudinalAnalysis:
    """What the analysis believes of the effect (mean and SD, ``None`` is flat) and of the SDs.

    ``scales`` has median and SD of the log for ``level_sd``, ``response_sd`` and ``residual_sd``, and the
    concentration c of the correlation, (rho + 1) / 2 ~ Beta(c, c).
    """

    effect: tuple[float, float] | None
    scales: dict[str, tuple[float, float]]


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


@dataclass(frozen=True)
class Design:
    """A trial that could be run; made by :func:`~ra_bayes.planning.load_design`, printed in words.

    Parameters
    ----------
    name, title, about
        Of the page, and what the design is for.
    endpoint, conduct, analysis, truth, rule
        As their own pages say.
    allocation
        Patients by arm in lowest terms: ``(1,)``, or treated and control, ``(2, 1)``.
    n
        Patients in all.
    shares
        The looks as shares of `n`, rising, the last 1.
    sizes
        Sizes among which :func:`~ra_bayes.planning.sample_size` looks.
    toml
        The page itself.
    """

    name: str
    title: str
    about: str
    endpoint: Endpoint
    allocation: tuple[int, ...]
    n: int
    shares: tuple[float, ...]
    conduct: Conduct
    analysis: BinaryAnalysis | NormalAnalysis | LongitudinalAnalysis
    rule: Rule
    truth: Truth
    sizes: tuple[int, ...] = ()
    toml: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.words()

    @property
    def arms(self) -> int:
        """One or two."""
        return len(self.allocation)

    @property
    def estimand(self) -> str:
        """What is estimated, in words."""
        return self.endpoint.estimand(self.arms)

    @property
    def looks(self) -> tuple[int, ...]:
        """Patients in all at each look, rising; shares that round to the same number are one look."""
        least = self.arms
        return tuple(sorted({max(least, math.floor(share * self.n + 0.5)) for share in self.shares}))

    def per_arm(self, n: int) -> tuple[int, ...]:
        """Return how `n` patients in all divide over the arms, each having one at least.

        Examples
        --------
        >>> load_design("acr20_randomised").per_arm(31)  # doctest: +SKIP
        (21, 10)
        """
        if self.arms == 1:
            return (n,)
        treated, control = self.allocation
        second = min(max(math.floor(n * control / (treated + control) + 0.5), 1), n - 1)
        return (n - second, second)

    def at(self, n: int) -> Design:
        """Return the same design with `n` patients in all, its looks at the same shares of them."""
        if n < self.arms:
            raise RaBayesError(f"a design of {n} patients in {self.arms} arms cannot be; give each arm one")
        return replace(self, n=n)

    @property
    def entered(self) -> int:
        """Patients to enter, so that `n` have what the looks count."""
        if self.endpoint.kind == "longitudinal" or self._counts_all or not self.conduct.dropout:
            return self.n
        return math.ceil(self.n / (1.0 - self.conduct.dropout))

    @property
    def _counts_all(self) -> bool:
        return self.endpoint.kind == "binary" and self.conduct.nonresponse

    def on_scale(self, value: float) -> float:
        """Return a threshold or a truth on the scale of the analysis: the log of a ratio, else itself."""
        return math.log(value) if self.endpoint.ratio else value

    def criteria(self, look: int) -> tuple[tuple[Criterion, ...], tuple[Criterion, ...]]:
        """Return the success and the futility criteria of a look, numbered from 1."""
        last = len(self.looks)
        return (
            tuple(each for each in self.rule.success if each.at(look, last)),
            tuple(each for each in self.rule.futility if each.at(look, last)),
        )

    @property
    def final_rule(self) -> Rule:
        """The rule of the final analysis alone, as that of a design with one look."""
        success, futility = self.criteria(len(self.looks))
        asked = [tuple(replace(each, looks="final") for each in some) for some in (success, futility)]
        return Rule(*(tuple(each for each in some if each.basis == "posterior") for some in asked))

    def truths(self, values: Sequence[float]) -> dict[str, Array]:
        """Return true values of the estimand as the engines want them, with what else is true beside them.

        Raises
        ------
        RaBayesError
            If a rate would leave 0 to 1.
        """
        points = np.array([self.on_scale(value) for value in values], dtype=float)
        if self.endpoint.kind != "binary":
            same = {name: np.full(points.shape, value) for name, value in self.truth.scales.items()}
            return {"effect": points, **same}
        if self.arms == 1:
            found = {"rate": points}
        else:
            control = np.full(points.shape, self.truth.control)
            found = {"rate": control + points, "control_rate": control}
        if outside := [f"{rate:g}" for rate in found["rate"] if not 0.0 <= rate <= 1.0]:
            raise RaBayesError(
                f"{self.name}: a true rate of {', '.join(outside)} cannot be; change the truths "
                "or [truth] control"
            )
        return found

    @property
    def hash(self) -> str:
        """SHA-256 of the page's content and of the size, blind to comments and the order of keys."""
        content = json.dumps([tomllib.loads(self.toml), self.n, self.shares], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def words(self) -> str:
        """Return the design in sentences fit for a protocol."""
        from ra_bayes.planning.words import design_words

        return design_words(self)

    def entry(self) -> dict[str, Any]:
        """Return what a result says of its design."""
        return {
            "name": self.name,
            "hash": self.hash,
            "n": self.n,
            "looks": list(self.looks),
            "toml": self.toml,
        }
