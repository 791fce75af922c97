"""A model page: one TOML file that says everything about a model of one outcome.

See ``models/outcomes/*.toml`` for the shipped pages; ``docs/model-pages.md`` documents every key.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ra_bayes.model.builder import Builder
from ra_bayes.model.likelihoods import LIKELIHOODS, Likelihood
from ra_bayes.model.links import Link
from ra_bayes.model.people import Arm, Covariate
from ra_bayes.model.predictor import PATIENT_PARAMETERS
from ra_bayes.model.priors import Parameter, Prior
from ra_bayes.model.residuals import AUTOCORRELATION, Autoregressive
from ra_bayes.model.trajectories import Trajectory
from ra_bayes.outcome import Outcome

__all__ = ["ModelSpec", "Placebo", "parameters"]


@dataclass(frozen=True, slots=True)
class Placebo:
    """What a placebo arm would have done by the reference week: Normal on the link's scale.

    Parameters
    ----------
    median
        Change (continuous outcomes) or rate (binary ones), on the link's scale.
    sd
        SD between placebo arms of comparable trials, on the link's scale.
    why
        How the numbers were reached.
    source
        The trials.
    """

    median: float
    sd: float
    why: str
    source: str


@dataclass(frozen=True)
class ModelSpec:
    """A model of one outcome, as its page says; made by :func:`~ra_bayes.model.spec_reader.load_model`.

    Parameters
    ----------
    name
        Stem of the page's file.
    title, about
        What the model is for.
    outcome
        What is measured.
    link
        Scale on which the model is additive.
    trajectory
        The shape of change over time.
    reference_week
        Week whose change the scales refer to and the estimands are told at.
    anchor_week
        Week at which the mean change is zero: baseline, or for a binary outcome the reference week.
    sustained_from
        First week of the stretch over which a sustained response must hold.
    rounding
        Width of the cell a recorded value stands for; 0 if records are as fine as the measurement.
    open_below, open_above
        Whether a record at the outcome's lower or upper bound is open beyond it.
    mcid
        Change that matters, positive, in the outcome's unit.
    mcid_source
        Where that was seen.
    placebo
        Historical placebo response, if the page gives one.
    priors
        A prior for every parameter.
    toml
        The page itself.
    likelihood
        How records scatter around what is expected.
    arm
        The two arms, if the page is of a trial with a control arm.
    covariates
        What is known of patients beforehand and moves their level or change.
    residuals
        How a patient's residuals go with each other; None if they are independent.
    builder
        The user's own function that builds the model, if the page names one.
    """

    name: str
    title: str
    about: str
    outcome: Outcome
    link: Link
    trajectory: Trajectory
    reference_week: float
    anchor_week: float
    sustained_from: float
    rounding: float
    open_below: bool
    open_above: bool
    mcid: float | None
    mcid_source: str
    placebo: Placebo | None
    priors: tuple[Prior, ...]
    toml: str = field(repr=False)
    likelihood: Likelihood = LIKELIHOODS["normal"]
    arm: Arm | None = None
    covariates: tuple[Covariate, ...] = ()
    residuals: Autoregressive | None = None
    builder: Builder | None = None

    @property
    def shape(self) -> str:
        """Name of the trajectory."""
        return self.trajectory.name

    @property
    def binary(self) -> bool:
        """Whether the outcome is 0 or 1."""
        return self.outcome.kind == "binary"

    @property
    def ordinal(self) -> bool:
        """Whether the outcome is one of a few ordered categories."""
        return self.outcome.kind == "ordinal"

    @property
    def on_log(self) -> bool:
        """Whether records are told and drawn on the log: changes are ratios, and no record is 0."""
        return self.link.change == "ratio" and self.likelihood.ends(0.0, self.outcome) is None

    @property
    def plain(self) -> bool:
        """Whether there is one arm, no covariate, and normal noise."""
        return self.arm is None and not self.covariates and self.likelihood.name == "normal"

    @property
    def benefit_sign(self) -> int:
        """-1 where lower is better, +1 where higher is, 0 where no direction is agreed on."""
        return {"decrease": -1, "increase": 1, None: 0}[self.outcome.benefit]

    @property
    def link_unit(self) -> str:
        """Unit of what is told on the link's scale: that of the outcome under the identity link."""
        return self.outcome.unit if self.link.name == "identity" else f"{self.link.name} scale"

    def unit_of(self, parameter: Parameter) -> str:
        """Unit of a parameter: a level is told as records are, all else on the link's scale."""
        if parameter.own_unit is not None:
            return parameter.own_unit
        if parameter.family in ("correlation", "proportion"):
            return ""
        if parameter.family == "level" and not self.ordinal:
            return "rate" if self.binary else self.outcome.unit
        return self.link_unit

    def prior(self, name: str) -> Prior:
        """Return the prior of one parameter."""
        return next(prior for prior in self.priors if prior.parameter.name == name)

    def with_numbers(self, numbers: Mapping[str, tuple[float, float]]) -> ModelSpec:
        """Return the same model with other prior numbers for some parameters.

        Parameters
        ----------
        numbers
            By parameter, the two numbers of its :class:`~ra_bayes.model.priors.Prior`.
        """
        return replace(
            self,
            priors=tuple(
                replace(prior, numbers=numbers.get(prior.parameter.name, prior.numbers))
                for prior in self.priors
            ),
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the page's content, blind to comments, spacing and the order of keys."""
        content = json.dumps(tomllib.loads(self.toml), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


def parameters(
    trajectory: Trajectory,
    likelihood: Likelihood,
    outcome: Outcome,
    arm: Arm | None = None,
    residuals: Autoregressive | None = None,
) -> tuple[Parameter, ...]:
    """Return every parameter that needs a prior under ``[priors]``, in the order of a model's priors."""
    effect = () if arm is None else arm.parameters
    noise = (*likelihood.parameters(outcome), *(() if residuals is None else (AUTOCORRELATION,)))
    return (*PATIENT_PARAMETERS, *noise, *trajectory.parameters, *effect)
