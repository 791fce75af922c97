"""A joint model: the outcome pages of one trial, tied together. Pages: ``models/joint/*.toml``.

Each outcome k keeps its own page, link, trajectory and priors. Three things tie outcomes together, each
leaving every outcome's own model as its page has it:

- *patients*: the response score of patient i (:mod:`~ra_bayes.model.predictor`) is

      v_ik = s_k loading f_i + sqrt(1 - loading^2) w_ik          f_i, w_ik ~ N(0, 1)

  with s_k the direction of benefit and f_i the patient's responder factor. A binary outcome has no response
  of its own: there the level score z_ik is so composed.
- *effects*: with ``[related] correlation`` rho, the standard normal scores of the mean change are
  s_k sqrt(rho) g + sqrt(1 - rho) z_k, g common to all outcomes of an arm.
- *shared components*: every score of the second outcome of ``[[shared]]`` is c times the first one's plus
  sqrt(1 - c^2) its own, the residuals' too.

So it is for published counts. Records tell more: fitted to them (:mod:`~ra_bayes.model.joint_ties`) each
outcome has a loading of its own under the prior of the one, baselines may be tied by a second factor, or both
factors give way to an unstructured correlation matrix of all levels and responses.

The page also says what the mean change is expected to be before any data: ``[change]`` widens or narrows
the outcome pages' prior of it, and centres it on no change or on the historical placebo response.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.model.priors import Parameter, Prior
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.trajectories import STEP_SCALES

__all__ = [
    "BASELINE_LOADING",
    "EFFECTS",
    "LOADING",
    "PATIENTS",
    "Centre",
    "JointModel",
    "Shared",
    "effect_names",
]

LOADING = Parameter("loading", "level", "how far a patient's responses go with the responder factor, 0 to 1")

BASELINE_LOADING = Parameter(
    "baseline_loading", "level", "how far a patient's levels go with the baseline factor, 0 to 1"
)
PATIENTS = Parameter("patients", "correlation", "correlations of patients' levels and responses, LKJ")

# Parameters of a mean change that a joint page may widen or narrow.
EFFECTS = frozenset({*STEP_SCALES, "change"})

# Of the quadrature over a scale's prior: exact to nine digits for sdlog 0.4.
_NODES = 20

type Anchor = Literal["no change", "page", "placebo"]


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the prior of a mean change (or of a rate) lies, and how wide it is.

    Parameters
    ----------
    centre
        ``"no change"`` (for a rate ``"page"``) or ``"placebo"``.
    width
        Times the outcome page's prior SD.
    why
        The reason.
    """

    centre: Anchor
    width: float
    why: str


@dataclass(frozen=True, slots=True)
class Shared:
    """Two outcomes of which the second is mostly made of the first's components.

    Parameters
    ----------
    first, second
        Outcomes.
    correlation
        Of their scores.
    why
        The reason.
    """

    first: str
    second: str
    correlation: float
    why: str


@dataclass(frozen=True)
class JointModel:
    """A joint model, as its page says; made by :func:`~ra_bayes.model.joint_reader.load_joint_model`.

    Parameters
    ----------
    name, title, about
        What it is called and what it is for.
    change, rate
        Prior of the mean change of continuous outcomes, and of the rate of binary ones.
    loading
        Prior of the loading of patients' responses on the responder factor, probit; ``None`` if it is 0.
    baseline_loading
        Prior of the loadings of patients' levels on the baseline factor, probit; ``None`` if they are 0. For
        records only.
    patients
        Prior of all correlations of patients' levels and responses, in place of the factors; ``None`` if they
        are by the factors. For records only.
    related
        Correlation of treatment effects on different outcomes, counted towards benefit.
    related_why
        The reason.
    shared
        Outcomes with components in common.
    pages
        Outcome pages, by outcome.
    toml
        The page itself.
    """

    name: str
    title: str
    about: str
    change: Centre
    rate: Centre
    loading: Prior | None
    baseline_loading: Prior | None
    patients: Prior | None
    related: float
    related_why: str
    shared: tuple[Shared, ...]
    pages: dict[str, ModelSpec] = field(repr=False)
    toml: str = field(repr=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content of this page and of the outcome pages."""
        own = json.dumps(tomllib.loads(self.toml), sort_keys=True, separators=(",", ":"))
        pages = [page.hash for _, page in sorted(self.pages.items())]
        return hashlib.sha256("\n".join([own, f"{self.related:g}", *pages]).encode()).hexdigest()

    def page(self, outcome: str) -> ModelSpec:
        """Return an outcome's page with the prior of its effect as this page has it.

        Raises
        ------
        RaBayesError
            If no page of that outcome is known.
        """
        spec = self.pages.get(outcome)
        if spec is None:
            raise RaBayesError(
                f"joint model {self.name!r} has no outcome page for {outcome!r}; it has "
                f"{', '.join(sorted(self.pages))}; add one under pages = [...]"
            )
        if not spec.binary:
            return spec.with_numbers({each: self._widened(spec, each) for each in effect_names(spec)})
        middle, sd = spec.prior("baseline_mean").numbers
        sd *= self.rate.width
        if self.rate.centre == "placebo" and spec.placebo is not None:
            spread = _spread(spec)
            middle, sd = spread * spec.placebo.median, float(np.hypot(spread * spec.placebo.sd, sd))
        return spec.with_numbers({"baseline_mean": (middle, sd)})

    def placebo(self, outcome: str) -> tuple[float, float]:
        """Return median and SD of the historical placebo change put under an outcome's mean change."""
        spec = self.pages[outcome]
        if spec.binary or spec.placebo is None or self.change.centre != "placebo":
            return 0.0, 0.0
        return spec.placebo.median, spec.placebo.sd

    def _widened(self, spec: ModelSpec, name: str) -> tuple[float, float]:
        prior = spec.prior(name)
        first, second = prior.numbers
        # A scale of steps is itself the SD; a shift has one.
        return (
            (first * self.change.width, second)
            if prior.parameter.family == "scale"
            else (first, second * self.change.width)
        )

    def share(self, outcomes: Iterable[str]) -> dict[str, tuple[str, float]]:
        """Return for each of the outcomes that has a first partner among them: that one, and how much."""
        here = set(outcomes)
        return {
            each.second: (each.first, each.correlation)
            for each in self.shared
            if {each.first, each.second} <= here
        }


def _spread(spec: ModelSpec) -> float:
    """Return how much further from one half a typical patient's probit is than that of the rate.

    A paper's rate is over patients, baseline_mean is the typical one's. Patients differ by baseline_sd, so

        rate = Phi(baseline_mean / sqrt(1 + baseline_sd^2)),

    and a rate's probit is baseline_mean over the root. Returned is the root's prior mean, by quadrature.
    """
    median, sdlog = spec.prior("baseline_sd").numbers
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return float(weights @ np.hypot(1.0, median * np.exp(sdlog * nodes)) / weights.sum())


def effect_names(spec: ModelSpec) -> tuple[str, ...]:
    """Return the parameters of a page that say how far the mean may change."""
    return tuple(prior.parameter.name for prior in spec.priors if prior.parameter.name in EFFECTS)
