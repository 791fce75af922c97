"""What simulated trials end in, beside what they would end in for someone who knows the SDs.

The estimate is integrated out (:mod:`.critical`): each trial has chances of its ends. Where that cannot be
done, with many looks or criteria to both sides, a trial ends where it ends; beside it stands then, of the
same data, the decision of who knows the SDs. Given how many patients were seen the chance of that decision is
known (:mod:`.known`): the decision less its chance has mean 0, goes along with what is wanted, and is a
control variate (Glasserman 2004, section 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.longitudinal.analyses import Look
from ra_bayes.planning.longitudinal.critical import critical_limits
from ra_bayes.planning.longitudinal.known import (
    Limits,
    boundary,
    crossing_probabilities,
    direction,
    end_probabilities,
    limits,
    side_of,
)
from ra_bayes.planning.longitudinal.predictive import predictive_probability
from ra_bayes.planning.rule import Criterion

__all__ = ["Effect", "Rules", "controls", "integrated", "known_chances", "outcomes", "sides"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Criteria = tuple[Criterion, ...]
type Effect = tuple[float, float] | None
# With more looks the recursion over each trial's own limits takes longer than simulating more trials.
_MOST_LOOKS = 6
_MOST_CONTROLLED = 12
type Rules = Sequence[tuple[Criteria, Criteria]]


def integrated(criteria: Rules) -> bool:
    """Return whether the estimate can be integrated out under these criteria."""
    return len(criteria) == 1 or (len(criteria) <= _MOST_LOOKS and len(sides(criteria)) == 1)


def outcomes(looks: list[Look], criteria: Rules, prior: Effect) -> Callable[[ArrayLike], Array]:
    """Return what trials end in as a function of the true effect, one number or one for each trial.

    The function returns chances of success, then of futility, by look (trial, 2 looks); indicators where the
    estimate cannot be integrated out.

    Parameters
    ----------
    looks
        Analyses of trials with no effect.
    criteria
        Success and futility criteria of each look.
    prior
        Of the effect.
    """
    if not integrated(criteria):
        return lambda effect: _ended(*_decisions(looks, effect, criteria, prior))
    final = criteria[-1][0]
    at = [critical_limits(look, *rule, prior, final) for look, rule in zip(looks, criteria, strict=True)]
    if len(looks) == 1:
        return lambda effect: np.stack(end_probabilities(at[0], effect, looks[0].variance), axis=-1)
    below = sides(criteria) == {"below"}
    upper = np.stack([-each.success[1] if below else each.success[0] for each in at], axis=1)
    lower = np.stack([-each.going_on[1] if below else each.going_on[0] for each in at], axis=1)
    # No success at a look without criteria of it.
    for k, (wanted, _) in enumerate(criteria):
        if not wanted:
            upper[:, k] = np.inf
    variance = np.stack([look.variance for look in looks], axis=1)
    usable = _gaining(variance)

    def chances(effect: ArrayLike) -> Array:
        truth = np.broadcast_to(np.asarray(effect, dtype=float), usable.shape)
        out = np.empty((usable.size, 2 * len(looks)))
        mirrored = -truth if below else truth
        out[usable] = np.concatenate(
            crossing_probabilities(mirrored[usable], variance[usable], lower[usable], upper[usable]), axis=1
        )
        if not usable.all():
            out[~usable] = _ended(*_decisions(looks, truth, criteria, prior))[~usable]
        return out

    return chances


def _gaining(variance: Array) -> Flags:
    """Return which trials learn something at every look; others have no density to integrate (trial)."""
    gaining = variance[:, 1:] < 0.99 * variance[:, :-1]
    return np.asarray(np.isfinite(variance).all(axis=1) & gaining.all(axis=1))


def _decisions(looks: list[Look], effect: ArrayLike, criteria: Rules, prior: Effect) -> tuple[Flags, Flags]:
    """Return whether each look's criteria of success and of futility hold (trial, look)."""
    success, futility = [], []
    for look, (wanted, unwanted) in zip(looks, criteria, strict=True):
        posterior = replace(look.posterior, mean=look.posterior.mean + np.asarray(effect)[..., None])
        found = {}
        for each in {*wanted, *unwanted}:
            if each.basis == "predictive":
                found[each] = predictive_probability(posterior, criteria[-1][0], look.coming, prior)
            else:
                above = posterior.probability(each.threshold, prior)
                found[each] = above if each.direction == "above" else 1.0 - above
        none, known = np.zeros(look.estimate.size, dtype=bool), np.isfinite(look.variance)
        holds = [found[each] >= each.probability for each in wanted]
        fails = [found[each] < each.probability for each in unwanted]
        success.append(np.logical_and.reduce(holds) & known if holds else none)
        futility.append(np.logical_or.reduce(fails) & known if fails else none)
    return np.stack(success, axis=1), np.stack(futility, axis=1)


def _ended(success: Flags, futility: Flags) -> Array:
    stop = success | futility
    before = np.concatenate([np.zeros_like(stop[:, :1]), np.cumsum(stop, axis=1)[:, :-1] > 0], axis=1)
    return np.concatenate([success & ~before, futility & ~success & ~before], axis=1).astype(float)


def sides(criteria: Rules) -> set[str]:
    """Return the directions that the posterior criteria look in."""
    return {
        each.direction for rule in criteria for part in rule for each in part if each.basis == "posterior"
    }


def _known_limits(
    variance: Array, final: Array, criteria: Rules, prior: Effect
) -> tuple[float, list[Limits]]:
    """Return -1 or 1, and the limits of the estimate times it at each look, for who knows the SDs.

    It is -1 where all criteria look below, so that success is above either way.
    """
    mirror = -1.0 if sides(criteria) == {"below"} else 1.0

    def ends(part: Criteria, look: int) -> list[tuple[float, Array]]:
        last = (final[:, look], criteria[-1][0])
        return [
            (
                mirror * (direction(last[1]) if each.basis == "predictive" else side_of(each)),
                mirror * boundary(each, variance[:, look], prior, last),
            )
            for each in part
        ]

    return mirror, [
        limits(ends(wanted, look), ends(unwanted, look), variance[:, look])
        for look, (wanted, unwanted) in enumerate(criteria)
    ]


def known_chances(variance: Array, final: Array, effect: Array, criteria: Rules, prior: Effect) -> Array:
    """Return the chances of success, then of futility, by look for who knows the SDs (trial, 2 looks).

    Parameters
    ----------
    variance, final
        Of the estimate at each look, and what it is expected to be at the final analysis (trial, look).
    effect
        The truth (trial).
    criteria, prior
        As in :func:`outcomes`; with several looks all posterior criteria look to one side.
    """
    if len(criteria) > 1 and len(sides(criteria)) != 1:
        raise RaBayesError(
            "criteria of a design with interim looks look both above and below, so that thousands of truths "
            "cannot be told at once; let them look to one side, or ask for fewer truths"
        )
    mirror, at = _known_limits(variance, final, criteria, prior)
    effect = np.broadcast_to(mirror * np.asarray(effect, dtype=float), variance.shape[:1])
    if len(at) == 1:
        return np.stack(end_probabilities(at[0], effect, variance[:, 0]), axis=-1)
    lower = np.stack([look.going_on[0] for look in at], axis=1)
    upper = np.stack([look.success[0] for look in at], axis=1)
    return np.concatenate(crossing_probabilities(effect, variance, lower, upper), axis=1)


def controls(looks: list[Look], effect: ArrayLike, criteria: Rules, prior: Effect) -> tuple[Array, Array]:
    """Return what who knows the SDs decided, and its chance given who was seen (trial, 2 looks), of several
    looks.

    Both are 0 where criteria look to both sides or looks are many, and for trials that gained nothing
    between two looks, of which there is no density to integrate.
    """
    variance = np.stack([look.variance for look in looks], axis=1)
    decided, chance = np.zeros((2, variance.shape[0], 2 * len(looks)))
    usable = _gaining(variance)
    if len(sides(criteria)) > 1 or len(looks) > _MOST_CONTROLLED or not usable.any():
        return decided, chance
    final = np.stack([look.final for look in looks], axis=1)
    # Without missed visits known, who knows the SDs has no better idea of the final analysis than of this
    # one.
    final = np.where(np.isfinite(final), final, variance)
    mirror, at = _known_limits(variance, final, criteria, prior)
    effect = np.broadcast_to(np.asarray(effect, dtype=float), variance.shape[:1])
    estimate = mirror * (np.stack([look.estimate for look in looks], axis=1) + effect[:, None])
    success = np.stack([estimate[:, k] >= look.success[0] for k, look in enumerate(at)], axis=1)
    futility = np.stack([estimate[:, k] < look.going_on[0] for k, look in enumerate(at)], axis=1)
    decided[usable] = _ended(success, futility)[usable]
    cases, which = np.unique(
        np.concatenate([variance, final, effect[:, None]], axis=1)[usable], axis=0, return_inverse=True
    )
    v, last, truth = np.split(cases, [len(looks), 2 * len(looks)], axis=1)
    chance[usable] = known_chances(v, last, truth[:, 0], criteria, prior)[which]
    return decided, chance
