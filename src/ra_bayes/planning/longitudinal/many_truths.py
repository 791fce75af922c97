"""Thousands of truths at once: what who knows the SDs would do at each, and a correction for not knowing
them.

At truth i and with known SDs the chance K_i of an end (success or futility at a look) is closed, with as many
patients as are expected. Trials are simulated at truths drawn from among them, x being what they ended in
(:mod:`.trials`), and x - K_i is regressed on two shapes of K,

    phi(u_i)  and  u_i phi(u_i),        u_i = Phi^-1(K_i):

not knowing the SDs shifts and stretches the probit of the chance, and leaves 0 and 1 where they are. The
regression corrects each truth. Averaged over all truths it also has the mean of its residuals added, which
takes out what the shapes miss: the average has no bias but that of the least squares, of the order 1 /
trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.analyses import FollowUp, Scales, analyses
from ra_bayes.planning.longitudinal.conduct import expected_n, remaining
from ra_bayes.planning.longitudinal.covariance import Factors, covariance, factors
from ra_bayes.planning.longitudinal.known import estimate_variance
from ra_bayes.planning.longitudinal.trials import Effect, Rules, controls, integrated, known_chances, outcomes

__all__ = ["assurance_curve", "corrected"]

type Array = NDArray[np.float64]

# Powers of 1 / n that not knowing the SDs costs.
_POWERS = 3


def corrected(
    truths: Mapping[str, Array],
    weights: Array | None,
    follow_up: FollowUp,
    criteria: Rules,
    analysis: LongitudinalAnalysis,
    *,
    trials: int,
    seed: int,
) -> tuple[Array, Array]:
    """Return chances of success, then of futility, by look at each truth, and their errors (truth, 2 looks).

    Parameters
    ----------
    truths, follow_up, criteria, analysis
        As in :func:`~ra_bayes.planning.longitudinal.characteristics.simulated_stopping`.
    weights
        Of the truths; None for equal ones.
    trials, seed
        Simulated trials in all, and the seed of the random numbers.
    """
    known = _known(truths, follow_up, criteria, analysis.effect)
    shapes = _shapes(known)
    which, ended = _simulated(truths, weights, known, follow_up, criteria, analysis, trials, seed)
    mean, mcse = np.empty_like(known), np.empty_like(known)
    for end in range(known.shape[1]):
        x, y = shapes[which, end], ended[:, end] - known[which, end]
        slope, spread = _regressed(x, y)
        mean[:, end] = np.clip(known[:, end] + shapes[:, end] @ slope, 0.0, 1.0)
        mcse[:, end] = np.sqrt(np.einsum("ia,ab,ib->i", shapes[:, end], spread, shapes[:, end]))
    return mean, mcse


def assurance_curve(
    truths: Mapping[str, Array],
    weights: Array,
    plans: Sequence[tuple[FollowUp, Rules]],
    analysis: LongitudinalAnalysis,
    *,
    trials: int = 100,
    seed: int,
) -> tuple[Array, Array]:
    """Return the chance of success averaged over weighted truths, and its error by simulation, by size.

    The average of the known chance is exact for these truths. What not knowing the SDs takes from it is
    simulated at each size and smoothed over the sizes by least squares on 1/n, 1/n^2 and 1/n^3.

    Parameters
    ----------
    truths, weights
        Nodes of a design prior, and their weights, which add up to 1.
    plans
        FollowUp and criteria at each size.
    analysis
        Analysis prior.
    trials
        Simulated at the middle size; at smaller sizes more, at larger ones fewer.
    seed
        Of the random numbers.

    Examples
    --------
    >>> from ra_bayes.planning.longitudinal.conduct import followed, in_order
    >>> from ra_bayes.planning.rule import Criterion
    >>> weeks = np.array([0.0, 12.0, 24.0])
    >>> rule = ((Criterion("difference", "below", 0.0, 0.9),), ())
    >>> plans = []
    >>> for n in (20, 40, 80, 160):
    ...     able = followed(n, (n,), weeks, None)
    ...     plans.append((FollowUp(weeks, np.sqrt(weeks / 24), in_order((n // 2, n // 2)), able), [rule]))
    >>> analysis = LongitudinalAnalysis(None, {"level_sd": (17, 0.35), "response_sd": (20, 0.4),
    ...                                        "residual_sd": (10, 0.45), "correlation": (4, 0)})
    >>> rng = np.random.default_rng(1)
    >>> truths = {"effect": rng.normal(-10, 8, 500), "level_sd": np.full(500, 17.0),
    ...           "response_sd": 20 * np.exp(rng.normal(0, 0.2, 500)), "correlation": np.zeros(500),
    ...           "residual_sd": np.full(500, 10.0)}
    >>> found, mcse = assurance_curve(truths, np.full(500, 1 / 500), plans, analysis, seed=2)
    >>> bool(np.all(np.diff(found) > 0)), bool(mcse.max() < 0.01)
    (True, True)
    """
    weights = np.asarray(weights, dtype=float)
    if not np.isclose(weights.sum(), 1.0):
        raise RaBayesError(f"the weights of the truths add up to {weights.sum():g}; let them add up to 1")
    of = _factors(truths, plans[0][0])
    n = np.array([follow_up.arm.size for follow_up, _ in plans], dtype=float)
    # The smaller the trial the more it costs not to know the SDs, and the less to simulate it.
    runs = np.ceil(trials * np.clip((np.median(n) / n) ** 1.5, 0.25, 12.0)).astype(int)
    exact, cost, error = np.empty((3, len(plans)))
    for at, (follow_up, criteria) in enumerate(plans):
        known = _known(truths, follow_up, criteria, analysis.effect, of)
        shapes = _shapes(known)
        which, ended = _simulated(
            truths, weights, known, follow_up, criteria, analysis, int(runs[at]), seed + at
        )
        looks = len(criteria)
        exact[at] = weights @ known[:, :looks].sum(axis=1)
        total, variance = 0.0, 0.0
        for end in range(looks):
            x, y = shapes[which, end], ended[:, end] - known[which, end]
            slope, _ = _regressed(x, y)
            rest = y - x @ slope
            total += weights @ (shapes[:, end] @ slope) + rest.mean()
            variance += rest.var() / max(runs[at] - 2, 1)
        cost[at], error[at] = total, np.sqrt(variance)
    smooth, mcse = _smoothed(n, cost, error)
    return np.clip(exact + smooth, 0.0, 1.0), mcse


def _smoothed(n: Array, cost: Array, error: Array) -> tuple[Array, Array]:
    """Return the cost by powers of 1 / n, and its error; as it is where there are no more sizes than
    powers."""
    if np.unique(n).size <= _POWERS + 1:
        return cost, error
    error = np.maximum(error, 1e-6)
    x = (n.min() / n)[:, None] ** np.arange(1, _POWERS + 1)
    scaled = x / error[:, None]
    spread = np.linalg.pinv(scaled.T @ scaled)
    slope = spread @ (scaled.T @ (cost / error))
    # More scatter than the errors explain is told as error.
    excess = max(1.0, float((((cost - x @ slope) / error) ** 2).sum()) / (n.size - _POWERS))
    return x @ slope, np.sqrt(excess * np.einsum("ia,ab,ib->i", x, spread, x))


def _factors(truths: Mapping[str, Array], follow_up: FollowUp) -> Factors:
    return factors(covariance(follow_up.shape, *(truths[name] for name in Scales._fields)))


def _known(
    truths: Mapping[str, Array],
    follow_up: FollowUp,
    criteria: Rules,
    prior: Effect,
    of: Factors | None = None,
) -> Array:
    """Return the chances of each end with known SDs, with as many patients as are expected (truth, 2
    looks)."""
    of = _factors(truths, follow_up) if of is None else of
    stay = remaining(follow_up.weeks, follow_up.dropout)
    visit = np.arange(follow_up.shape.size)
    arms = int(follow_up.arm.max()) + 1
    variance, final = [], []
    for able in follow_up.able:
        there = np.where(visit < able[:, None], stay, 0.0)
        n = np.stack([there[follow_up.arm == g].sum(axis=0) for g in range(arms)])
        variance.append(estimate_variance(of, n))
        final.append(
            estimate_variance(of, expected_n(follow_up.arm, np.zeros_like(able), np.zeros_like(able), stay))
        )
    return known_chances(
        np.stack(variance, axis=1), np.stack(final, axis=1), truths["effect"], criteria, prior
    )


def _shapes(known: Array) -> Array:
    """Return phi(u) and u phi(u) (truth, end, shape)."""
    u = special.ndtri(np.clip(known, 1e-12, 1.0 - 1e-12))
    density = np.exp(-0.5 * u**2)
    return np.stack([density, u * density], axis=-1)


def _simulated(
    truths: Mapping[str, Array],
    weights: Array | None,
    known: Array,
    follow_up: FollowUp,
    criteria: Rules,
    analysis: LongitudinalAnalysis,
    trials: int,
    seed: int,
) -> tuple[NDArray[np.int64], Array]:
    """Return at which truths trials were simulated, and what they ended in, known decisions taken out."""
    looks = len(criteria)
    total = known.shape[0]
    share = np.full(total, 1.0 / total) if weights is None else weights
    # Systematic draws along the known chance of success: each part of it has its share of the trials.
    order = np.argsort(known[:, :looks].sum(axis=1), kind="stable")
    rng = np.random.default_rng([seed, 1])
    points = (np.arange(trials) + rng.random(trials)) / trials
    at = np.searchsorted(np.cumsum(share[order]), points * share.sum())
    which = rng.permutation(order[np.minimum(at, total - 1)])
    effect = truths["effect"][which]
    scales = Scales(*(truths[name][which] for name in Scales._fields))
    ended = np.empty((trials, 2 * looks))
    for part, batch in analyses(follow_up, scales, analysis, trials, seed):
        ended[part] = outcomes(batch, criteria, analysis.effect)(effect[part])
        if not integrated(criteria):
            decided, chance = controls(batch, effect[part], criteria, analysis.effect)
            ended[part] -= decided - chance
    return which, ended


def _regressed(x: Array, y: Array) -> tuple[Array, Array]:
    """Return least squares coefficients and their covariance."""
    spread = np.linalg.pinv(x.T @ x)
    slope = spread @ (x.T @ y)
    rest = y - x @ slope
    return slope, spread * float(rest @ rest) / max(len(y) - x.shape[1], 1)
