"""The meta-analytic predictive (MAP) prior: what other trials' arms say of a new one.

Arm j has its parameter theta_j on the link's scale (log odds, a mean, a log event rate; see
:mod:`~ra_bayes.historical.likelihood`), the new arm another one of the same kind
(Neuenschwander 2010; Schmidli 2014):

    theta_1, ..., theta_J, theta_new ~ Normal(mu, tau^2)
    mu ~ Normal(m, s^2)        tau ~ HalfNormal(scale)

With L_j(mu, tau) the likelihood of arm j without its own theta_j,

    p(mu, tau | arms)    proportional to  Normal(mu; m, s^2) HalfNormal(tau) prod_j L_j(mu, tau)
    p(theta_new | arms)  =  int int Normal(theta_new; mu, tau^2) p(mu, tau | arms) dmu dtau

Both integrals are trapezoidal sums. Over tau the integrand is even, so that the rule stops at tau = 0
with half the weight there; nodes are evenly spaced in asinh(tau / t), t the narrowest arm's standard
error. For each tau mu has nodes of its own, evenly spaced where its density is not negligible: that
density is log-concave, so there is one such place. Nothing is sampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.likelihood import Arm, Family, arms_of, log_marginal, out_of_reach
from ra_bayes.mixtures import (
    BetaMixture,
    GammaMixture,
    Gridded,
    Mixture,
    MixtureFit,
    NormalMixture,
    fit_mixture,
)

__all__ = ["MapPrior", "map_prior"]

type Array = NDArray[np.float64]

_MU_NODES, _THETA_NODES = 97, 401
# Of asinh(tau / t), finer where many arms leave tau little room.
_TAU_SPACING = 0.12
# A half-normal of scale 1 hardly reaches farther, unless arms that differ more draw it there.
_TAU_REACH, _TAU_MOST = 7.0, 1000.0
# What is so many units of log density below the best does not count.
_NEGLIGIBLE = 38.0
# Kullback-Leibler divergence of a mixture that no longer stands for its prior.
_FAR = 0.05


@dataclass(frozen=True, eq=False)
class MapPrior:
    """The posterior of the arms' mean and heterogeneity, and the prior they give for a new arm.

    Parameters
    ----------
    family
        What the arms are: binary, gaussian or poisson.
    arms
        Their number.
    mu, tau
        Mean and SD between arms on the link's scale.
    theta
        The new arm's parameter on the link's scale.
    """

    family: Family
    arms: int
    mu: Gridded
    tau: Gridded
    theta: Gridded

    @property
    def predictive(self) -> Gridded:
        """The new arm's parameter as it is measured: a rate, a mean, events per unit of exposure."""
        scale = _FAMILIES[self.family]
        return self.theta.map(scale.inverse_link, scale.slope)

    def mixture(self, parts: int | None = None) -> Mixture:
        """The prior of the new arm as a mixture of Betas, normals or gammas, to be updated by its data.

        :func:`~ra_bayes.mixtures.fit_mixture` has what `parts` means, and tells how near the fit is.

        Raises
        ------
        RaBayesError
            If no mixture comes near: a KL of 0.05 and more, of rates spread over many orders of magnitude.
        """
        found = _FAMILIES[self.family].fit(self.predictive, parts)
        if parts is None and found.kl > _FAR:
            raise RaBayesError(
                f"the nearest mixture is still far from this prior, KL {found.kl:.2g}; think of narrower "
                "priors, or give its parts"
            )
        return cast(Mixture, found.mixture)

    def __str__(self) -> str:
        new = self.predictive
        lower, upper = new.interval(0.95)
        low, high = self.tau.interval(0.95)
        others = "another arm" if self.arms == 1 else f"{self.arms} others"
        return (
            f"{_FAMILIES[self.family].parameter} of a new arm like {others}: {new.quantile(0.5):.3g} "
            f"({lower:.3g} to {upper:.3g}); SD between arms, on the link's scale: "
            f"{self.tau.quantile(0.5):.3g} ({low:.3g} to {high:.3g}); medians and equal-tailed 95% intervals"
        )


class _Scale(NamedTuple):
    """The inverse link and its slope, the fit of the conjugate mixture, the parameter's name."""

    inverse_link: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    fit: Callable[[Gridded, int | None], MixtureFit[Any]]
    parameter: str


_FAMILIES: dict[str, _Scale] = {
    "binary": _Scale(
        special.expit,
        lambda theta: special.expit(theta) * special.expit(-theta),
        lambda p, k: fit_mixture(p, BetaMixture, parts=k),
        "rate",
    ),
    "gaussian": _Scale(np.asarray, np.ones_like, lambda p, k: fit_mixture(p, NormalMixture, parts=k), "mean"),
    "poisson": _Scale(np.exp, np.exp, lambda p, k: fit_mixture(p, GammaMixture, parts=k), "event rate"),
}


def map_prior(
    arms: Sequence[tuple[float, float]],
    *,
    family: Family = "binary",
    mean: tuple[float, float] | None = None,
    tau: float | None = None,
) -> MapPrior:
    """Return the MAP prior of a new arm given those of other trials.

    Parameters
    ----------
    arms
        Two numbers of each arm: events and patients (binary), an estimate and its standard error (gaussian),
        events and exposure (poisson). One arm is enough, but says nothing of how arms differ: then `tau` is
        all that stands between that arm and the new one.
    family
        Which of these.
    mean
        Mean m and SD s of the normal prior of mu, on the link's scale. By default 0 and 2 for log odds,
        nearly uniform on a rate. Otherwise it must be given; (m, sigma), sigma the SD of one patient, is
        worth one.
    tau
        Scale of the half-normal prior of the SD between arms, on the link's scale. By default 1 for log odds,
        the careful choice of RBesT. Otherwise it must be given; half the SD of one patient is as careful.

    Raises
    ------
    RaBayesError
        If an arm or a prior cannot be, a prior is missing, or the arms differ far more than `tau` allows.

    Examples
    --------
    >>> found = map_prior([(2, 10), (5, 20), (3, 15)])
    >>> round(found.predictive.quantile(0.5), 3), round(found.tau.quantile(0.5), 3)
    (0.224, 0.369)
    >>> round(found.mixture().mean, 3)
    0.246
    """
    each = arms_of(family, arms)
    if family != "binary" and (mean is None or tau is None):
        raise RaBayesError(
            f"a MAP prior of {family} arms needs priors on the scale of its outcome; give mean=(m, s) and tau"
        )
    m, s = mean or (0.0, 2.0)
    tau = 1.0 if tau is None else tau
    if not (math.isfinite(m) and 0.0 < s < math.inf):
        raise RaBayesError(f"the prior of the arms' mean is Normal({m:g}, {s:g}); give an SD above 0")
    if not 0.0 < tau < math.inf:
        raise RaBayesError(f"the scale of the SD between arms is {tau:g}; write a number above 0")
    narrowest = min(tau, *(arm.width for arm in each))
    u, slices = _slices(each, (m, s), narrowest, tau)
    evidence = np.array([one.log_mass for one in slices])
    weights = _heterogeneity(u, evidence, narrowest, tau).weights
    best = slices[int(weights.argmax())]
    if any(out_of_reach(arm, best.mean, best.tau) for arm in each):
        raise RaBayesError(
            f"arms differ far more than a scale of {tau:g} of the SD between them allows; write a larger tau"
        )
    x, step = _theta_nodes(slices, weights)
    kept = [(one, weight) for one, weight in zip(slices, weights, strict=True) if weight > 1e-14]
    of_mu = sum(weight * one.density(x) for one, weight in kept)
    of_theta = sum(weight * one.predictive(x) for one, weight in kept)
    # Even about 0, so the spline is level there; odd moments and quantiles need the nodes in between.
    between = np.linspace(0.0, u[-1], 8 * (u.size - 1) + 1)
    smooth = interpolate.CubicSpline(u, evidence, bc_type=("clamped", "not-a-knot"))
    return MapPrior(
        family=family,
        arms=len(each),
        mu=Gridded(x, np.asarray(of_mu) * step, step),
        tau=_heterogeneity(between, smooth(between), narrowest, tau),
        theta=Gridded(x, np.asarray(of_theta) * step, step),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Slice:
    """The arms' mean at one tau: its evidence and its density at evenly spaced nodes."""

    tau: float
    log_mass: float
    x: Array
    log_density: Array
    mean: float
    sd: float

    @classmethod
    def at(cls, arms: list[Arm], tau: float, m: float, s: float) -> _Slice:
        def log_joint(mu: Array) -> Array:
            prior = -0.5 * ((mu - m) / s) ** 2
            return np.asarray(prior + sum(log_marginal(arm, mu, tau) for arm in arms))

        # Where to look: as if every likelihood were normal, and far beyond.
        precision = np.array([1.0 / s**2, *(1.0 / (arm.width**2 + tau**2) for arm in arms)])
        centre = float(precision @ np.array([m, *(arm.centre for arm in arms)]) / precision.sum())
        look = centre + np.sinh(np.linspace(-6.0, 6.0, 61)) / math.sqrt(precision.sum())
        log = log_joint(look)
        found = np.flatnonzero(log > log.max() - _NEGLIGIBLE)
        low, high = look[max(found[0] - 1, 0)], look[min(found[-1] + 1, look.size - 1)]
        x = np.linspace(low, high, _MU_NODES)
        log = log_joint(x)
        log_mass = float(special.logsumexp(log) + math.log(x[1] - x[0]))
        weight = np.exp(log - special.logsumexp(log))
        mean = float(weight @ x)
        return cls(tau, log_mass, x, log - log_mass, mean, math.sqrt(float(weight @ (x - mean) ** 2)))

    def density(self, at: Array) -> Array:
        """Density of mu: a cubic spline through its logarithm, which is nearly a parabola."""
        spline = interpolate.CubicSpline(self.x, np.maximum(self.log_density, -700.0))
        inside = (at >= self.x[0]) & (at <= self.x[-1])
        return np.where(inside, np.exp(spline(np.clip(at, self.x[0], self.x[-1]))), 0.0)

    def predictive(self, at: Array) -> Array:
        """Density of theta_new = mu + tau z, summed over whichever of mu and z is the narrower."""
        if self.tau <= self.sd:
            z = np.arange(-8.5, 8.75, 0.5)
            shifted = self.density(at[:, None] - self.tau * z)
            return np.asarray(shifted @ (0.5 * np.exp(-0.5 * z**2)) / math.sqrt(2.0 * math.pi))
        weight = np.exp(self.log_density) * (self.x[1] - self.x[0])
        z = (at[:, None] - self.x) / self.tau
        return np.asarray(np.exp(-0.5 * z**2) @ weight / (self.tau * math.sqrt(2.0 * math.pi)))


def _slices(
    arms: list[Arm], mean: tuple[float, float], narrowest: float, scale: float
) -> tuple[Array, list[_Slice]]:
    """Slices at evenly spaced u = asinh(tau / narrowest), from 0 to where the posterior of tau has ended."""
    # The posterior of log tau from J arms has an SD of about 1 / sqrt(2 J).
    spacing = min(_TAU_SPACING, 1.0 / math.sqrt(2.0 * len(arms)))
    slices: list[_Slice] = []
    best = -math.inf
    while True:
        u = spacing * len(slices)
        tau = narrowest * math.sinh(u)
        slices.append(_Slice.at(arms, tau, *mean))
        log = slices[-1].log_mass - 0.5 * (tau / scale) ** 2 + u
        best = max(best, log)
        if tau > _TAU_REACH * scale and (log < best - _NEGLIGIBLE or tau > _TAU_MOST * scale):
            return np.linspace(0.0, u, len(slices)), slices


def _heterogeneity(u: Array, evidence: Array, narrowest: float, scale: float) -> Gridded:
    """The posterior of tau from the arms' log evidence at each u and its half-normal prior."""
    tau = narrowest * np.sinh(u)
    log = evidence - 0.5 * (tau / scale) ** 2 + np.log(np.cosh(u))
    return Gridded(tau, np.exp(log - log.max()))


def _theta_nodes(slices: list[_Slice], weights: Array) -> tuple[Array, Array]:
    """Nodes dense where the narrowest slices are and reaching as far as the widest; their derivative."""
    means = np.array([one.mean for one in slices])
    spreads = np.array([math.hypot(one.sd, one.tau) for one in slices])
    centre = float(weights @ means)
    scale = 1.0 / math.sqrt(float(weights @ spreads**-2.0))
    reach = math.asinh(float((np.abs(means - centre) + 8.5 * spreads).max()) / scale)
    u = np.linspace(-reach, reach, _THETA_NODES)
    return centre + scale * np.sinh(u), scale * np.cosh(u) * (u[1] - u[0])
