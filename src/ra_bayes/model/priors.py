"""Priors by clinical label: a family each, each with the two numbers a page must give.

A parameter's family follows from what it is, so a page only gives numbers and a reason:

- a *level* (a mean) is Normal on the link's scale, given by its median in the outcome's own unit
  and its SD on the link's scale; a *shift* (a change) likewise, its median on the link's scale too;
- a *scale* (a standard deviation, a half-time) is LogNormal, given by median and SD of the log.
  LogNormal keeps scales off zero, where six patients cannot hold the sampler (HalfNormal priors
  diverge in most six-patient fits). ``fixed`` pins it, at 0 too;
- a *correlation* rho has ``(rho + 1) / 2 ~ Beta(c, c)``, the two-dimensional LKJ(c);
- a *proportion*, between 0 and 1, has a Normal probit, given by its own median and the probit's SD.

All but the correlation are sampled as standard normals ``z``: ``level = median + sd * z``, ``scale =
median * exp(sdlog * z)``, ``proportion = Phi(probit of the median + sd * z)``. Prior numbers can then enter a
compiled model as data, every outcome starts the sampler in the same place, and ``sdlog = 0`` fixes a scale
without another compilation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from ra_bayes.model.namespace import Namespace

__all__ = ["Family", "Parameter", "Prior", "family_keys", "from_raw", "raw_name"]

type Family = Literal["level", "shift", "scale", "correlation", "proportion"]

_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "level": (("median", "sd"),),
    "shift": (("median", "sd"),),
    "scale": (("median", "sdlog"), ("fixed",)),
    "correlation": (("concentration",),),
    "proportion": (("median", "sd"),),
}


def family_keys(family: Family) -> tuple[tuple[str, ...], ...]:
    """Return the alternative sets of keys by which a page may give a prior of this family."""
    return _KEYS[family]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that needs a prior: its name, its family and what it means to a clinician.

    Parameters
    ----------
    name
        Key in a page's ``[priors]`` and variable in the posterior.
    family
        Which family of prior it takes.
    meaning
        One line for the model page and the report.
    may_be_zero
        Whether a scale may be fixed at 0; the others are divided by.
    own_unit
        Its unit, where that is neither the outcome's nor of the link's scale; ``""`` of a bare number.
    """

    name: str
    family: Family
    meaning: str
    may_be_zero: bool = False
    own_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """A prior as a page gives it, on the link's scale.

    Parameters
    ----------
    parameter
        What it is the prior of.
    numbers
        ``(median, sd)``, ``(median, sdlog)`` or ``(concentration, 0)``; for a fixed scale
        ``(value, 0)``, for a proportion its probit's.
    why
        The page's one-line reason.
    """

    parameter: Parameter
    numbers: tuple[float, float]
    why: str

    @property
    def fixed(self) -> bool:
        """Whether the parameter is pinned rather than estimated."""
        return self.parameter.family == "scale" and self.numbers[1] == 0.0

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` values of the *raw* variable the sampler sees."""
        if self.parameter.family == "correlation":
            return rng.beta(self.numbers[0], self.numbers[0], size)
        return rng.normal(size=size)

    def log_density(self, raw: np.ndarray) -> np.ndarray:
        """Return the log density of the raw variable, as the sampler's own prior term."""
        if self.parameter.family == "correlation":
            shape = self.numbers[0]
            inside = special.xlogy(shape - 1.0, raw) + special.xlog1py(shape - 1.0, -raw)
            return np.asarray(inside - special.betaln(shape, shape))
        return np.asarray(-0.5 * np.square(raw) - 0.5 * np.log(2.0 * np.pi))

    def quantile(self, probability: float) -> float:
        """Return a quantile of the parameter itself, on the link's scale.

        Examples
        --------
        >>> scale = Parameter("residual_sd", "scale", "visit-to-visit SD")
        >>> round(Prior(scale, (10.0, 0.4), "test-retest").quantile(0.95), 1)
        19.3
        """
        first, second = self.numbers
        match self.parameter.family:
            case "level" | "shift":
                return float(first + second * special.ndtri(probability))
            case "scale":
                return float(first * np.exp(second * special.ndtri(probability)))
            case "correlation":
                return float(2.0 * special.betaincinv(first, first, probability) - 1.0)
            case "proportion":
                return float(special.ndtr(first + second * special.ndtri(probability)))


def raw_name(parameter: Parameter) -> str:
    """Return the name of the variable that is sampled for `parameter`."""
    return parameter.name + ("_u" if parameter.family == "correlation" else "_z")


def from_raw(parameter: Parameter, raw: Any, first: Any, second: Any, ns: Namespace) -> Any:
    """Return the parameter from the raw variable and the prior's two numbers."""
    match parameter.family:
        case "level" | "shift":
            return first + second * raw
        case "scale":
            return first * ns.exp(second * raw)
        case "correlation":
            return 2.0 * raw - 1.0
        case "proportion":
            return ns.ndtr(first + second * raw)
