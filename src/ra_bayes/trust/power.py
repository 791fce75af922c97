"""A prior or a likelihood to a power, sampled exactly with the compiled model as it is.

Power-scaling (Kallioinen et al. 2024) asks what the posterior would be under

    p(theta)^a p(y | theta)      or      p(theta) p(y | theta)^a.

**Prior.** What is scaled is the density of the variables that are sampled, which is what a tree's
``log_prior`` holds: N(0, 1)^a is, but for a constant, N(0, 1 / a). So

    level, shift     Normal(median, sd / sqrt(a))
    scale            LogNormal(log median, sdlog / sqrt(a)): the median stays
    correlation      Beta(c, c) becomes Beta(a (c - 1) + 1, the same)
    steps of a walk  N(0, 1 / a): as walk_sd times them is all that enters, walk_sd is divided by sqrt(a);
                     those of a Gaussian process and gp_sd likewise

**Likelihood.** A normal density to a power is one with another SD, times a power of the SD,

    N(y; mu, sigma)^a  ~  N(y; mu, sigma') sigma'^(1 - a),      sigma' = sigma / sqrt(a),

and n such powers tilt a LogNormal(log q, d) prior of the SD into LogNormal(log q + n (1 - a) d^2, d). So n
points to the power a are the same points under another prior of the residual SD, for any a. Cells are not;
but for a whole a any record may be counted a times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from ra_bayes.model.likelihoods import CELL, POINT
from ra_bayes.model.people import EFFECT
from ra_bayes.model.priors import Prior
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.trajectories import STEP_SCALES

__all__ = ["Scaled", "likelihood_to_power", "prior_to_power"]


class Scaled(NamedTuple):
    """A model whose posterior is the power-scaled one, but for variables to be multiplied afterwards.

    `repeat` is how often every record is to count.
    """

    model: ModelSpec
    repeat: int
    factors: dict[str, float]

    def undo(self, posterior: xr.Dataset) -> xr.Dataset:
        """Return draws of the scaled model as draws of the model it stands for."""
        return posterior.assign(
            {name: posterior[name] * by for name, by in self.factors.items() if name in posterior}
        )


def prior_to_power(model: ModelSpec, power: float) -> Scaled | None:
    """Return the model whose prior is that of `model` to a power; None if it is no probability density.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> prior_to_power(load_model("sdai"), 4.0).model.prior("baseline_mean").numbers
    (35.0, 4.0)
    """
    numbers = {prior.parameter.name: _to_power(prior, power) for prior in model.priors}
    if not numbers["correlation"][0] > 0.0:
        return None
    factors: dict[str, float] = {}
    for kind in ("", EFFECT):
        for name in {kind + each for each in STEP_SCALES} & set(numbers):
            median, sdlog = numbers[name]
            numbers[name] = median / power**0.5, sdlog
            factors |= {name: power**0.5, kind + "walk_step": power**-0.5}
    return Scaled(model.with_numbers(numbers), 1, factors)


def _to_power(prior: Prior, power: float) -> tuple[float, float]:
    first, second = prior.numbers
    if prior.parameter.family == "correlation":
        return power * (first - 1.0) + 1.0, second
    return first, second / power**0.5


def likelihood_to_power(model: ModelSpec, records: Grid, power: float) -> Scaled | None:
    """Return the model whose likelihood is that of `model` to a power.

    None where cells or another likelihood stand in the way, or residuals that are correlated.
    """
    if model.residuals is not None:
        return None
    if model.likelihood.name == "normal" and not (records.kind == CELL).any():
        median, sdlog = model.prior("residual_sd").numbers
        tilt = np.exp((records.kind == POINT).sum() * (1.0 - power) * sdlog**2)
        numbers = {"residual_sd": (float(median * tilt) / power**0.5, sdlog)}
        return Scaled(model.with_numbers(numbers), 1, {"residual_sd": power**0.5})
    if power != int(power):
        return None
    return Scaled(model, int(power), {})
