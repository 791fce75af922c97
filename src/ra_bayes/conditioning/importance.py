"""Adaptive importance sampling of a posterior whose prior is standard normal.

With x ~ N(0, I) a priori and likelihood L(x), points x_s drawn from a proposal q have weights

    w_s = N(x_s; 0, I) L(x_s) / q(x_s),        evidence = mean of w,        ESS = (sum w)^2 / sum w^2.

q is a mixture of the prior, so that no weight exceeds L / 0.1, a normal whose mean and covariance are the
weighted ones of the round before, and one half-way between the two; while the weights are too uneven to
estimate them they are tempered, L^t with the largest t that leaves a tenth of the points (Cappe et al.
2008, Stat Comput 18:447; Owen & Zhou 2000, JASA 95:135 for the defensive mixture). Coordinates that L
does not depend on are left to the prior. The rounds that adapt are thrown away, so that the final points
are independent and the evidence is unbiased.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

__all__ = ["Weighted", "importance_sample", "resample"]

type Array = NDArray[np.float64]

# Of the proposal: the prior, the adapted normal, and the one half-way between.
_SHARES = (0.1, 0.7, 0.2)
_ROUNDS = 12
# Times the mean, in estimating moments; the final weights are what they are.
_MOST_WEIGHT = 30.0
_LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, eq=False)
class Weighted:
    """Weighted draws of a posterior.

    Parameters
    ----------
    points
        Draws (chain, draw, coordinate).
    log_weights
        Log weights (chain, draw), unnormalised.
    log_likelihood
        Log likelihood of the draws (chain, draw).
    """

    points: Array
    log_weights: Array
    log_likelihood: Array

    @property
    def log_evidence(self) -> float:
        """Log probability of the data."""
        return float(special.logsumexp(self.log_weights) - np.log(self.log_weights.size))

    @property
    def log_evidence_mcse(self) -> float:
        """Monte Carlo standard error of it (delta method)."""
        relative = np.exp(self.log_weights - self.log_evidence)
        return float(relative.std() / np.sqrt(relative.size))

    @property
    def ess(self) -> float:
        """Effective sample size of Kish."""
        return _ess(self.log_weights)

    @property
    def pareto_k(self) -> float:
        """Shape of the weights' upper tail: above 0.7 no average of theirs can be trusted."""
        from arviz_stats.base import array_stats

        return float(array_stats.psislw(-self.log_weights.ravel())[1])


def _times(points: Array, matrix: Array) -> Array:
    # Not a matrix product: its idle threads spin, and hold up the threads of other cases.
    return np.asarray(np.einsum("nj,kj->nk", points, matrix))


@dataclass(frozen=True, eq=False)
class _Proposal:
    """Mixture of the standard normal and, in the coordinates that matter, of two others around one mean.

    Parameters
    ----------
    mean
        Their mean.
    roots
        Roots of their covariances: the posterior's as far as known, and one half-way to the prior's, for
        what of the posterior is not normal.
    matters
        Coordinates that change the likelihood.
    """

    mean: Array
    roots: tuple[Array, Array]
    matters: NDArray[np.intp]

    @cached_property
    def inverse_roots(self) -> tuple[Array, ...]:
        return tuple(np.linalg.inv(root) for root in self.roots)

    def draw(self, size: int, dimension: int, rng: np.random.Generator) -> Array:
        out = rng.normal(size=(size, dimension))
        kind = rng.choice(len(_SHARES), size, p=_SHARES)
        for k, root in enumerate(self.roots, 1):
            rows = np.ix_(np.flatnonzero(kind == k), self.matters)
            out[rows] = self.mean + _times(out[rows], root)
        return out

    def log_ratio(self, points: Array) -> Array:
        """Return log N(x; 0, I) - log q(x)."""
        x = points[:, self.matters]
        prior = -0.5 * (x**2).sum(axis=1)
        parts = [prior]
        for inverse in self.inverse_roots:
            z = _times(x - self.mean, inverse)
            parts.append(-0.5 * (z**2).sum(axis=1) + np.log(np.diag(inverse)).sum())
        return np.asarray(prior - special.logsumexp(np.stack(parts), axis=0, b=np.array(_SHARES)[:, None]))


def importance_sample(
    log_likelihood: Callable[[Array], Array],
    dimension: int,
    *,
    ess: float,
    chains: int,
    rng: np.random.Generator,
    most: int = 400_000,
) -> Weighted:
    """Sample the posterior until its effective sample size is reached, or `most` points have been tried.

    Parameters
    ----------
    log_likelihood
        Log likelihood of points (point, coordinate).
    dimension
        Number of coordinates.
    ess
        Effective sample size wanted.
    chains
        Independent batches of the final points, so that their agreement can be checked.
    rng
        Random numbers.
    most
        Most points in the final batches.
    """
    # The more draws are wanted, the more pains with the proposal pay.
    proposal = _adapt(log_likelihood, dimension, float(np.clip(ess / 1000.0, 8.0, 20.0)), rng)
    streams = rng.spawn(chains)
    batches: list[list[tuple[Array, Array, Array]]] = [[] for _ in streams]
    size = int(np.clip(4.0 * ess / chains, 250, 10_000))
    while True:
        for stream, batch in zip(streams, batches, strict=True):
            points = proposal.draw(size, dimension, stream)
            likelihood = log_likelihood(points)
            batch.append((points, proposal.log_ratio(points) + likelihood, likelihood))
        made = [[np.concatenate(parts) for parts in zip(*batch, strict=True)] for batch in batches]
        result = Weighted(*(np.stack([each[k] for each in made]) for k in range(3)))
        reached, tried = result.ess, result.log_weights.size
        if reached >= ess or tried >= most:
            return result
        # As many again as seem needed, in pieces that fit into memory.
        size = int(np.clip(1.1 * (ess / reached - 1.0) * tried / chains, 250, 10_000))


def _adapt(
    log_likelihood: Callable[[Array], Array], dimension: int, trusted: float, rng: np.random.Generator
) -> _Proposal:
    """Return a proposal whose moments rest on `trusted` effective points for each coordinate that matters."""
    matters = _matters(log_likelihood, dimension, rng)
    unit = np.eye(matters.size)
    proposal = _Proposal(np.zeros(matters.size), (unit, unit), matters)
    if not matters.size:
        return proposal
    size, power = 60 * matters.size, 0.02
    for _ in range(_ROUNDS):
        points = proposal.draw(size, dimension, rng)
        ratio, likelihood = proposal.log_ratio(points), log_likelihood(points)
        power = _temper(ratio, likelihood, size / 10.0, power)
        proposal = _moments(points[:, matters], ratio + power * likelihood, matters)
        if power == 1.0 and _ess(ratio + likelihood) >= trusted * matters.size:
            break
        size = int((15.0 * trusted if power > 0.8 else 80.0) * matters.size)
    return proposal


def _moments(points: Array, log_weights: Array, matters: NDArray[np.intp]) -> _Proposal:
    """Return the proposal with the moments of weighted points, as far as they differ from the prior's.

    Of d coordinates and N effective points, a mean within 1 / sqrt(N) of 0 and an eigenvalue of the
    covariance within (1 -+ sqrt(d / N))^2 (Marchenko & Pastur 1967) may be noise: most of a posterior given a
    few counts is prior, and what is not known to have moved is left there.
    """
    # One point of a great weight says little of where the others belong.
    most = special.logsumexp(log_weights) - np.log(log_weights.size) + np.log(_MOST_WEIGHT)
    log_weights = np.minimum(log_weights, most)
    weights = special.softmax(log_weights)
    size, dimension = _ess(log_weights), points.shape[1]
    mean = np.einsum("n,nj->j", weights, points)
    spread = np.einsum("nj,nk->jk", points - mean, (points - mean) * weights[:, None])
    mean *= np.maximum(0.0, 1.0 - 1.0 / (size * mean**2 + 1e-12))
    values, vectors = np.linalg.eigh(spread)
    band = np.sqrt(dimension / size)
    # Of fewer points than coordinates any eigenvalue from 0 up may be noise.
    noise = (values > max(1.0 - band, 0.0) ** 2 - 1e-9) & (values < (1.0 + band) ** 2)
    values = np.where(noise, 1.0, np.maximum(values, 1e-6))
    roots = [
        linalg.cholesky((vectors * each) @ vectors.T, lower=True)
        for each in (np.where(noise, 1.0, 1.1 * values), np.sqrt(values))
    ]
    return _Proposal(mean, (roots[0], roots[1]), matters)


def _matters(
    log_likelihood: Callable[[Array], Array], dimension: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the coordinates that change the likelihood."""
    base = rng.normal(size=(4, dimension))
    moved = np.repeat(base[None], dimension, axis=0)
    moved[np.arange(dimension), :, np.arange(dimension)] += 1.0
    values = log_likelihood(moved.reshape(-1, dimension)).reshape(dimension, 4)
    return np.flatnonzero((values != log_likelihood(base)).any(axis=1))


def _temper(ratio: Array, likelihood: Array, wanted: float, least: float) -> float:
    """Return the largest power of the likelihood that leaves the effective size wanted, or nearly the most.

    From `least` up, the power that the proposal was made for: further down the prior's share would do.
    """
    powers = np.linspace(1.0, least, 51)
    sizes = np.array([_ess(ratio + power * likelihood) for power in powers])
    return float(powers[np.argmax(sizes >= min(wanted, 0.8 * sizes.max()))])


def _ess(log_weights: Array) -> float:
    flat = np.asarray(log_weights).ravel()
    return float(np.exp(2.0 * special.logsumexp(flat) - special.logsumexp(2.0 * flat)))


def resample(weighted: Weighted, draws: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return indices of equally weighted draws (chain, draw), in random order: systematic resampling."""
    out = []
    for log_weights in weighted.log_weights:
        share = special.softmax(log_weights).cumsum()
        places = (rng.random() + np.arange(draws)) / draws
        out.append(rng.permutation(np.minimum(np.searchsorted(share, places * share[-1]), share.size - 1)))
    return np.stack(out)
