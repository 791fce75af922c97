"""Simulated trials, and what is analysed at each of their looks.

All trials have the effect 0: under any other the estimate is that much larger and nothing else changes,
because the means are free. One simulation so serves every effect at the same SDs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.conduct import Coming, coming, expected_n, remaining
from ra_bayes.planning.longitudinal.covariance import covariance, factors
from ra_bayes.planning.longitudinal.known import estimate, estimate_variance
from ra_bayes.planning.longitudinal.patterns import pattern_estimate, pattern_posterior
from ra_bayes.planning.longitudinal.posterior import EffectPosterior, effect_posterior
from ra_bayes.planning.longitudinal.statistics import statistics

__all__ = ["FollowUp", "Look", "Scales", "analyses"]

type Array = NDArray[np.float64]
type Ints = NDArray[np.int64]

# Trials simulated at once: what is kept of them fits into memory whatever their number.
_CHUNK = 500


class Scales(NamedTuple):
    """True SDs and correlations, arrays of one length: one truth for all trials (1), or one each (trial)."""

    level_sd: Array
    response_sd: Array
    correlation: Array
    residual_sd: Array

    def part(self, which: slice) -> Scales:
        """Return some trials' truths."""
        return self if self.level_sd.size == 1 else Scales(*(each[which] for each in self))


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Who is in the trial, and what is seen of them.

    Parameters
    ----------
    weeks, shape
        Of the visits: when, and r.
    arm
        Of each patient in the order of entry, 0 for treated.
    able
        Visits that each patient can have had at each look (look, patient), from :func:`.conduct.followed`.
    dropout
        Share of patients who have left by the last visit, the hazard being constant.
    missed
        Chance that a visit after baseline is missed by a patient who is still in.
    """

    weeks: Array
    shape: Array
    arm: Ints
    able: Ints
    dropout: float = 0.0
    missed: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.missed < 1.0:
            raise RaBayesError(
                f"a chance of {self.missed:g} to miss a visit cannot be; write one of at least 0 and below 1"
            )


class Look(NamedTuple):
    """One look at some simulated trials.

    Parameters
    ----------
    posterior
        Of the effect; its analysis 1 is the final one as expected now.
    estimate, variance, final
        Generalised least squares at the true SDs: the estimate, its variance now and as expected at the final
        analysis (trial).
    coming
        Records expected still at the last visit (trial).
    """

    posterior: EffectPosterior
    estimate: Array
    variance: Array
    final: Array
    coming: Coming


def analyses(
    follow_up: FollowUp, truths: Scales, analysis: LongitudinalAnalysis, trials: int, seed: int
) -> Iterator[tuple[slice, list[Look]]]:
    """Simulate trials with no effect and yield their analyses by look, some hundred trials at a time.

    Parameters
    ----------
    follow_up, truths, analysis
        What is done, what is true, and the analysis prior.
    trials
        How many.
    seed
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    stay = remaining(follow_up.weeks, follow_up.dropout)
    visits, patients = follow_up.shape.size, follow_up.arm.size
    for first in range(0, trials, _CHUNK):
        which = slice(first, min(first + _CHUNK, trials))
        size = which.stop - first
        truth = truths.part(which)
        root = np.linalg.cholesky(covariance(follow_up.shape, *truth))
        y = rng.standard_normal((size, patients, visits)) @ np.swapaxes(root, -1, -2)
        had = np.full((size, patients), visits)
        if follow_up.dropout:
            had = (stay > rng.random((size, patients, 1))).sum(axis=-1)
        if follow_up.missed:
            lost = rng.random((size, patients, visits)) < follow_up.missed
            lost[..., 0] = False
            y[lost] = np.nan
            looks = [_patchy(follow_up, truth, analysis, y, np.minimum(had, able)) for able in follow_up.able]
        else:
            looks = [
                _monotone(follow_up, truth, analysis, y, np.minimum(had, able), able)
                for able in follow_up.able
            ]
        yield which, looks


def start_of(truth: Scales) -> Array:
    """Return where the search for the mode starts (truth, 4)."""
    # Where the truth is 0 it starts from a small number.
    least = 0.1 * truth.residual_sd
    level, response = np.maximum(truth.level_sd, least), np.maximum(truth.response_sd, least)
    rest = np.arctanh(truth.correlation), np.log(truth.residual_sd)
    return np.stack([np.log(level), np.log(response), *rest], axis=-1)


def _monotone(
    follow_up: FollowUp, truth: Scales, analysis: LongitudinalAnalysis, y: Array, had: Ints, able: Ints
) -> Look:
    data = statistics(y, had, follow_up.arm)
    of = factors(covariance(follow_up.shape, *truth))
    final, rest = data.n, Coming(np.zeros(data.trials), np.zeros(data.trials))
    if able.min() < follow_up.shape.size:
        stay = remaining(follow_up.weeks, follow_up.dropout)
        final, rest = expected_n(follow_up.arm, had, able, stay), coming(had, able, stay)
    posterior = effect_posterior(data, follow_up.shape, analysis, later=final[:, None], start=start_of(truth))
    return Look(
        posterior,
        estimate(data, of),
        estimate_variance(of, data.n),
        estimate_variance(of, final),
        rest,
    )


def _patchy(follow_up: FollowUp, truth: Scales, analysis: LongitudinalAnalysis, y: Array, had: Ints) -> Look:
    """Analyse one trial after the other; what the final analysis will be is not worked out."""
    seen = np.where(np.arange(follow_up.shape.size) < had[..., None], y, np.nan)
    own = np.broadcast_to(np.stack(truth, axis=-1), (len(seen), 4))
    starts = np.broadcast_to(start_of(truth), (len(seen), 4))
    arm, shape = follow_up.arm, follow_up.shape
    known = [pattern_estimate(each, arm, shape, *sds) for each, sds in zip(seen, own, strict=True)]
    posteriors = [
        pattern_posterior(each, arm, shape, analysis, start=at) for each, at in zip(seen, starts, strict=True)
    ]
    nothing = np.full(len(seen), np.nan)
    return Look(
        EffectPosterior(
            np.concatenate([each.weight for each in posteriors]),
            np.concatenate([each.mean for each in posteriors]),
            np.concatenate([each.variance for each in posteriors]),
        ),
        np.array([mean for mean, _ in known]),
        np.array([variance for _, variance in known]),
        nothing,
        Coming(nothing, nothing),
    )
