"""A mixture of a few conjugate parts in place of a distribution on a grid, by weighted EM.

With v_i the weights of the nodes x_i, the fit minimises the Kullback-Leibler divergence of the mixture q
from the distribution p,

    KL(p, q) = sum_i v_i log p(x_i) - sum_i v_i log q(x_i)

by the EM algorithm (Dempster 1977): the share r_ik of part k in node i, then for each part the weight
sum_i v_i r_ik and the parameters most likely under the weights v_i r_ik. All three families are
exponential, so that these follow from the expectations of two statistics: (x, x^2) of a normal, (log x,
log(1 - x)) of a Beta, (log x, x) of a gamma; the latter two by Newton steps. EM creeps, so pairs of its
steps are extrapolated (SQUAREM; Varadhan and Roland 2008), and an extrapolation that is no better is
dropped. Nothing is sampled and no start is random: the same grid gives the same mixture.

Parts are kept bounded, a and b of a Beta and a of a gamma at least 1: a part that is infinite at an end
of its range has no effective sample size by elir, and on predictive distributions of counts the fit loses
next to nothing by it (RBesT keeps to the same bound).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures.beta import Beta, BetaMixture
from ra_bayes.mixtures.gamma import Gamma, GammaMixture
from ra_bayes.mixtures.gridded import Gridded
from ra_bayes.mixtures.mix import Mixture
from ra_bayes.mixtures.normal import Normal, NormalMixture

__all__ = ["MixtureFit", "fit_mixture"]

type Array = NDArray[np.float64]

_GAIN: Final = 3.0 / 4000.0
_MOST_PARTS: Final = 5
_TRIAL_CYCLES: Final = 15
_CYCLES: Final = 400
_TOLERANCE: Final = 1e-7
_LONGEST_LEAP: Final = 1000.0
# Each step of EM starts from the last one's parameters, so that few are enough.
_NEWTON_STEPS: Final = 2
_LEAST_LOG_WEIGHT: Final = -14.0
_MOST_LOST: Final = 1e-4


class MixtureFit[M: (BetaMixture, NormalMixture, GammaMixture)](NamedTuple):
    """A mixture and how far it is from what it was fitted to.

    Parameters
    ----------
    mixture
        The fitted mixture, heaviest part first.
    kl
        Its Kullback-Leibler divergence from the distribution, in nats. At 0.001 it takes a thousand draws
        before they speak against the mixture by one nat.
    """

    mixture: M
    kl: float


class _Family(NamedTuple):
    """A family with two parameters a part, on scales without bounds."""

    mixture: Callable[[Array], Mixture]
    statistics: Callable[[Array], Array]
    log_density: Callable[[Array, Array], Array]
    most_likely: Callable[[Array, Array], Array]
    moments: Callable[[float, float], tuple[float, float]]
    range: tuple[float, float]
    least: tuple[float, float]


def fit_mixture[M: (BetaMixture, NormalMixture, GammaMixture)](
    target: Gridded, family: type[M], *, parts: int | None = None
) -> MixtureFit[M]:
    """Return the mixture of a family nearest to a distribution on a grid.

    Parameters
    ----------
    target
        The distribution.
    family
        ``BetaMixture``, ``NormalMixture`` or ``GammaMixture``.
    parts
        Their number. By default the least of which one more would bring KL down by less than 3 / 4000: what
        Akaike's criterion asks for the three parameters of a part in a sample of 4000. Five at most.

    Raises
    ------
    RaBayesError
        If there is less than one part, or the distribution is all but outside the family's range.

    Examples
    --------
    >>> z = np.linspace(-8.0, 8.0, 161)
    >>> two = Gridded(z, 3 * np.exp(-((z + 1) ** 2)) + np.exp(-((z - 3) ** 2)))
    >>> fit_mixture(two, NormalMixture).mixture
    0.75 Normal(-1, 0.7071) + 0.25 Normal(3, 0.7071)
    """
    if parts is not None and parts < 1:
        raise RaBayesError(f"a mixture of {parts} parts cannot be; write 1 or more")
    made = _FAMILIES[family]
    # Nodes that round to an end of the range say nothing of how near to it they are.
    low, high = made.range
    known = (target.x > low) & (target.x < high)
    if (lost := float(target.weights[~known].sum())) > _MOST_LOST:
        raise RaBayesError(
            f"{lost:.2%} of the distribution lies within rounding of an end of its range, where nothing can "
            "be fitted; think of narrower priors"
        )
    known &= target.weights > 1e-13
    x, weight = target.x[known], target.weights[known]
    entropy = float(weight @ np.log(target.density[known]))

    def fit(number: int) -> MixtureFit[M]:
        trials = [_em(made, x, weight, start, _TRIAL_CYCLES) for start in _starts(made, target, number)]
        state, level = _em(made, x, weight, max(trials, key=lambda each: each[1])[0], _CYCLES)
        state = state[np.argsort(-state[:, 2])]
        mixture = made.mixture(state[state[:, 2] > _LEAST_LOG_WEIGHT])
        return MixtureFit(cast(M, mixture), max(entropy - level, 0.0))

    if parts is not None:
        return fit(parts)
    best = fit(1)
    for number in range(2, _MOST_PARTS + 1):
        if best.kl < _GAIN:
            break
        more = fit(number)
        if best.kl - more.kl < _GAIN:
            break
        best = more
    return best


def _starts(made: _Family, target: Gridded, number: int) -> list[Array]:
    """Parts about the mean, from narrow to wide; and parts side by side, of equal probability."""
    mean, variance = target.mean, target.sd**2
    about = [(mean, variance * 4.0 ** (k - number / 2.0)) for k in range(number)]
    edges = np.searchsorted(np.cumsum(target.weights), np.linspace(0.0, 1.0, number + 1)[1:-1])
    beside = []
    for x, w in zip(np.split(target.x, edges), np.split(target.weights, edges), strict=True):
        if w.sum() > 0.0:
            centre = float(w @ x / w.sum())
            beside.append((centre, float(w @ (x - centre) ** 2 / w.sum()) + 1e-4 * variance))
    starts = [about] if number == 1 else [about, beside]
    return [np.array([(*made.moments(*each), -math.log(len(start))) for each in start]) for start in starts]


def _em(made: _Family, x: Array, weight: Array, state: Array, cycles: int) -> tuple[Array, float]:
    """Parameters and log weight of each part (part, 3), and the expected log density they reach."""
    statistics = made.statistics(x)

    def step(state: Array) -> tuple[Array, float]:
        """One step of EM, and the level before it."""
        log = made.log_density(state, statistics) + state[:, 2]
        most = log.max(axis=1)
        share = np.exp(log - most[:, None])
        total = share.sum(axis=1)
        level = float(weight @ (most + np.log(total)))
        share *= (weight / total)[:, None]
        each = np.maximum(share.sum(axis=0), 1e-300)
        better = made.most_likely((share.T @ statistics) / each[:, None], state)
        return np.column_stack([better, np.log(each)]), level

    before = -math.inf
    for _ in range(cycles):
        first, _ = step(state)
        second, level = step(first)
        if level - before < _TOLERANCE:
            break
        before = level
        change = first - state
        bend = second - first - change
        length = float(np.linalg.norm(change)) / max(float(np.linalg.norm(bend)), 1e-300)
        length = min(max(length, 1.0), _LONGEST_LEAP)
        leap = state + 2.0 * length * change + length**2 * bend
        leap[:, :2] = np.maximum(leap[:, :2], made.least)
        leap[:, 2] -= special.logsumexp(leap[:, 2])
        with np.errstate(all="ignore"):
            landed, reached = step(leap) if np.abs(leap[:, :2]).max() < 1e6 else (second, -math.inf)
        state = landed if np.isfinite(landed).all() and reached >= level else second
    return second, step(second)[1]


def _beta_density(state: Array, statistics: Array) -> Array:
    ab = np.exp(np.minimum(state[:, :2], 30.0))
    return np.asarray(statistics @ (ab - 1.0).T - special.betaln(ab[:, 0], ab[:, 1]))


def _beta_most_likely(expected: Array, state: Array) -> Array:
    """Newton: digamma(a) - digamma(a + b) = E[log p], digamma(b) - digamma(a + b) = E[log(1 - p)]."""
    ab = np.exp(np.minimum(state[:, :2], 30.0))
    for _ in range(_NEWTON_STEPS):
        total = ab.sum(axis=1)
        gap = expected - special.digamma(ab) + special.digamma(total)[:, None]
        # The trigamma function is zeta(2, .).
        own, shared = special.zeta(2.0, ab), special.zeta(2.0, total)
        # The Hessian is -diag(own) + shared 1 1'; its inverse times the gap by Sherman and Morrison.
        ratio = gap / own
        pull = shared * ratio.sum(axis=1) / (1.0 - shared * (1.0 / own).sum(axis=1))
        move = ratio + pull[:, None] / own
        # On the log scale, where a step cannot leave what is possible.
        ab = ab * np.exp(np.clip(move / ab, -1.0, 1.0))
    # With a = 1 the most likely b is -1 / E[log(1 - p)], and the other way round.
    alone = np.maximum(-1.0 / expected, 1.0)
    a, b = ab.T
    low_a, low_b = (a < 1.0) & (a <= b), (b < 1.0) & (b < a)
    bounded = np.column_stack([np.where(low_b, alone[:, 0], a), np.where(low_a, alone[:, 1], b)])
    return np.asarray(np.log(np.maximum(bounded, 1.0)))


def _normal_density(state: Array, statistics: Array) -> Array:
    mean, log_sd = state[:, 0], state[:, 1]
    z = (statistics[:, :1] - mean) * np.exp(-log_sd)
    return np.asarray(-0.5 * z**2 - log_sd - 0.5 * math.log(2.0 * math.pi))


def _normal_most_likely(expected: Array, _: Array) -> Array:
    variance = np.maximum(expected[:, 1] - expected[:, 0] ** 2, 1e-300)
    return np.column_stack([expected[:, 0], 0.5 * np.log(variance)])


def _gamma_density(state: Array, statistics: Array) -> Array:
    a, b = np.exp(np.minimum(state[:, :2], 700.0)).T
    log = np.outer(statistics[:, 0], a - 1.0) - np.outer(statistics[:, 1], b)
    return np.asarray(log + a * np.log(b) - special.gammaln(a))


def _gamma_most_likely(expected: Array, state: Array) -> Array:
    """Newton steps for log a - digamma(a) = log E[rate] - E[log rate]; then b = a / E[rate]."""
    gap = np.log(expected[:, 1]) - expected[:, 0]
    a = np.exp(state[:, 0])
    for _ in range(_NEWTON_STEPS):
        excess = np.log(a) - special.digamma(a) - gap
        slope = 1.0 - a * special.zeta(2.0, a)
        a = a * np.exp(np.clip(-excess / slope, -1.0, 1.0))
    a = np.maximum(a, 1.0)
    return np.log(np.column_stack([a, a / expected[:, 1]]))


def _beta_moments(mean: float, variance: float) -> tuple[float, float]:
    size = max(mean * (1.0 - mean) / variance - 1.0, 0.2)
    return math.log(mean * size), math.log((1.0 - mean) * size)


_FAMILIES: dict[type, _Family] = {
    BetaMixture: _Family(
        mixture=lambda state: BetaMixture(tuple(Beta(*np.exp(row)) for row in state)),
        statistics=lambda x: np.column_stack([np.log(x), np.log1p(-x)]),
        log_density=_beta_density,
        most_likely=_beta_most_likely,
        moments=_beta_moments,
        range=(1e-300, 1.0 - 1e-12),
        least=(0.0, 0.0),
    ),
    NormalMixture: _Family(
        mixture=lambda state: NormalMixture(tuple(Normal(row[0], *np.exp(row[1:])) for row in state)),
        statistics=lambda x: np.column_stack([x, x**2]),
        log_density=_normal_density,
        most_likely=_normal_most_likely,
        moments=lambda mean, variance: (mean, 0.5 * math.log(variance)),
        range=(-math.inf, math.inf),
        least=(-math.inf, -math.inf),
    ),
    GammaMixture: _Family(
        mixture=lambda state: GammaMixture(tuple(Gamma(*np.exp(row)) for row in state)),
        statistics=lambda x: np.column_stack([np.log(x), x]),
        log_density=_gamma_density,
        most_likely=_gamma_most_likely,
        moments=lambda mean, variance: (math.log(mean**2 / variance), math.log(mean / variance)),
        range=(1e-300, 1e300),
        least=(0.0, -math.inf),
    ),
}
