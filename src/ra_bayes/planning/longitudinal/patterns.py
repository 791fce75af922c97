"""The posterior of the effect of one trial, whatever visits were missed: slower, and exact all the same.

Patients with the same visits form a pattern p, with their rows V_p of the covariance and X_pg of the means'
design (baseline mean; change by arm and visit, flat priors). Given the SDs all is Gaussian:

    H = sum_pg n_pg X_pg' V_p^-1 X_pg,        h = sum_pg X_pg' V_p^-1 (sum of y),
    log p(data | SDs) = -1/2 [ sum_p n_p log|V_p| + sum_p tr(V_p^-1 Y_p) - h' H^-1 h + log|H| ] + constant,

Y_p the patients' cross-products, and the effect, one of the means, is Normal with that entry of H^-1 h and
of H^-1. The SDs are integrated on the lattice of :mod:`.posterior`. For monotone data this is the same
posterior by another route, so that each checks the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.checkerboard import RADIUS, SPACING, lattice
from ra_bayes.planning.longitudinal.covariance import check_visits, covariance
from ra_bayes.planning.longitudinal.posterior import EffectPosterior, scale_prior, start_point

__all__ = ["pattern_estimate", "pattern_posterior"]

type Array = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Density = Callable[[Array], tuple[Array, Array, Array]]

_STEP = 0.04
# What is known of a mean that no record tells of, so that H can be inverted: nothing, to any visible digit.
_NOTHING = 1e-12


class _Pattern(NamedTuple):
    """Patients with records at the same visits: their cross-products, and by arm their number and sum."""

    visits: Ints
    products: Array
    number: list[int]
    total: list[Array]


def pattern_posterior(
    y: Array,
    arm: Ints,
    shape: Array,
    analysis: LongitudinalAnalysis,
    *,
    later: Sequence[tuple[Array, int, float]] = (),
    start: Array | None = None,
    spacing: float = SPACING,
    radius: float = RADIUS,
) -> EffectPosterior:
    """Return the posterior of the effect of one trial with any visits missing.

    Parameters
    ----------
    y
        Records on the link's scale, NaN where there is none (patient, visit).
    arm
        0 for treated, 1 for control (patient).
    shape, analysis, spacing, radius
        As in :func:`~ra_bayes.planning.longitudinal.posterior.effect_posterior`.
    later
        The final analysis as it is expected: visits (visit, true or false), arm, and how many patients.
    start
        Where the search for the mode starts (4).

    Examples
    --------
    >>> analysis = LongitudinalAnalysis(None, {"level_sd": (17, 0.35), "response_sd": (20, 0.4),
    ...                                        "residual_sd": (10, 0.45), "correlation": (4, 0)})
    >>> y = np.array([[60, 45, 40], [70, np.nan, 44], [65, 60, np.nan], [58, 50, 41]])
    >>> shape, one_arm = np.array([0, 0.7, 1]), np.zeros(4, dtype=int)
    >>> pattern_posterior(y, one_arm, shape, analysis).probability(0.0).round(2)
    array([0.04])
    """
    shape = check_visits(shape)
    y, arm = np.asarray(y, dtype=float), np.asarray(arm)
    if y.ndim != 2 or y.shape[1] != shape.size:
        raise RaBayesError(
            f"the records have the shape {y.shape}; give one row a patient, {shape.size} visits a row"
        )
    patterns = _patterns(y, arm)
    density = _density(patterns, shape, int(arm.max(initial=0)) + 1, analysis)
    prior = scale_prior(analysis)
    fixed = prior[[0, 1, 3, 2], 1] == 0.0
    first = start_point(prior)
    begin = np.where(fixed, first, first if start is None else start)
    active = np.flatnonzero(~fixed)
    centre, stretch = _mode(density, begin, active)
    x = np.repeat(centre[:, None], lattice(active.size, spacing, radius).shape[1], axis=1)
    x[active] += stretch @ lattice(active.size, spacing, radius)
    log, mean, variance = density(x)
    weight = np.exp(log - log.max())
    variances = [variance]
    if later:
        v = covariance(shape, np.exp(x[0]), np.exp(x[1]), np.tanh(x[2]), np.exp(x[3]))
        variances.append(_expected_variance(later, _mean_design(shape.size, int(arm.max(initial=0)) + 1), v))
    return EffectPosterior((weight / weight.sum())[None], mean[None], np.stack(variances)[None])


def pattern_estimate(
    y: Array,
    arm: Ints,
    shape: Array,
    level_sd: float,
    response_sd: float,
    correlation: float,
    residual_sd: float,
) -> tuple[float, float]:
    """Return the generalised least squares estimate of the effect and its variance, the SDs being known."""
    v = covariance(shape, level_sd, response_sd, correlation, residual_sd)[None]
    arms = int(arm.max(initial=0)) + 1
    _, mean, variance = _integrated(_patterns(y, arm), _mean_design(shape.size, arms), v)
    return float(mean[0]), float(variance[0])


def _patterns(y: Array, arm: Ints) -> list[_Pattern]:
    there = np.isfinite(y)
    centred = y - (np.mean(y[there]) if there.any() else 0.0)
    found = []
    for seen in np.unique(there[there.any(axis=1)], axis=0):
        who = (there == seen).all(axis=1)
        rows = [centred[who & (arm == g)][:, seen] for g in range(int(arm.max(initial=0)) + 1)]
        everyone = centred[who][:, seen]
        found.append(
            _Pattern(
                np.flatnonzero(seen),
                everyone.T @ everyone,
                [len(each) for each in rows],
                [each.sum(axis=0) for each in rows],
            )
        )
    return found


def _mean_design(visits: int, arms: int) -> list[Array]:
    """Return X by arm (visit, mean): baseline, changes (of a control, if there is one), effects by visit."""
    changes = np.eye(visits)[:, 1:]
    common = np.hstack([np.ones((visits, 1)), changes])
    if arms == 1:
        return [common]
    return [np.hstack([common, changes]), np.hstack([common, np.zeros_like(changes)])]


def _density(patterns: list[_Pattern], shape: Array, arms: int, analysis: LongitudinalAnalysis) -> Density:
    """Return the function from nodes (4, node) to log density, estimate and its variance (node)."""
    prior = scale_prior(analysis)
    designs = _mean_design(shape.size, arms)

    def density(x: Array) -> tuple[Array, Array, Array]:
        rho = np.tanh(x[2])
        v = covariance(shape, np.exp(x[0]), np.exp(x[1]), rho, np.exp(x[3]))
        log = np.zeros(x.shape[1])
        for row, axis in enumerate((0, 1, 3)):
            if prior[row, 1] > 0.0:
                log -= 0.5 * ((x[axis] - prior[row, 0]) / prior[row, 1]) ** 2
        if prior[3, 1] > 0.0:
            log += prior[3, 0] * np.log1p(-(rho**2))
        likelihood, mean, variance = _integrated(patterns, designs, v)
        return log + likelihood, mean, variance

    return density


def _integrated(patterns: list[_Pattern], designs: list[Array], v: Array) -> tuple[Array, Array, Array]:
    """Return log likelihood, estimate and its variance for covariances (node, visit, visit), means
    integrated."""
    log = np.zeros(len(v))
    # What the arms' own records say of their means at the visits, before these are written as changes.
    arms = [(np.zeros_like(v), np.zeros(v.shape[:2])) for _ in designs]
    for pattern in patterns:
        at = pattern.visits
        part = v[:, at[:, None], at]
        inverse = np.linalg.inv(part)
        log -= 0.5 * sum(pattern.number) * np.linalg.slogdet(part)[1]
        log -= 0.5 * (inverse * pattern.products).sum(axis=(1, 2))
        for (weight, told), number, total in zip(arms, pattern.number, pattern.total, strict=True):
            if number:
                weight[:, at[:, None], at] += number * inverse
                told[:, at] += inverse @ total
    information = _information([weight for weight, _ in arms], designs)
    score = sum((told @ x for (_, told), x in zip(arms, designs, strict=True)), np.zeros(1))
    spread = np.linalg.inv(information)
    means = np.einsum("kab,kb->ka", spread, score)
    log += 0.5 * np.einsum("ka,ka->k", means, score) - 0.5 * np.linalg.slogdet(information)[1]
    # An entry of nothing but _NOTHING: no record tells of the effect.
    variance = np.where(spread[:, -1, -1] < 0.1 / _NOTHING, spread[:, -1, -1], np.inf)
    return log, means[:, -1], variance


def _information(arms: list[Array], designs: list[Array]) -> Array:
    """Return H, the sum over arms of X' W X (node, mean, mean); next to nothing of means without records."""
    size = designs[0].shape[1]
    return sum((x.T @ weight @ x for weight, x in zip(arms, designs, strict=True)), _NOTHING * np.eye(size))


def _expected_variance(later: Sequence[tuple[Array, int, float]], designs: list[Array], v: Array) -> Array:
    """Return the estimate's variance for patients counted by visits and arm, in fractions too (node)."""
    arms = [np.zeros_like(v) for _ in designs]
    for seen, arm, number in later:
        at = np.flatnonzero(seen)
        arms[arm][:, at[:, None], at] += number * np.linalg.inv(v[:, at[:, None], at])
    information = _information(arms, designs)
    return np.asarray(np.linalg.inv(information)[:, -1, -1])


def _mode(density: Density, start: Array, active: Ints) -> tuple[Array, Array]:
    """Return the mode (4), and a square root of the inverse curvature there, among the active axes."""
    size = active.size
    point, best, highest = start.copy(), start.copy(), -np.inf
    root = np.eye(size)
    pairs = [(i, j) for i in range(size) for j in range(i)]
    moves = np.vstack([np.zeros((1, size)), np.eye(size), -np.eye(size)])
    for i, j in pairs:
        both = np.eye(size)[i] + np.eye(size)[j]
        moves = np.vstack([moves, both, -both])
    for _ in range(30 if size else 0):
        x = np.repeat(point[:, None], len(moves), axis=1)
        x[active] += _STEP * moves.T
        f = density(x)[0]
        if f[0] < highest - 1e-9:
            point = 0.5 * (point + best)
            continue
        best, highest = point.copy(), f[0]
        up, down = f[1 : 1 + size], f[1 + size : 1 + 2 * size]
        curvature = np.diag((2.0 * f[0] - up - down) / _STEP**2)
        for at, (i, j) in enumerate(pairs):
            both = f[1 + 2 * size + 2 * at] + f[2 + 2 * size + 2 * at]
            mixed = both + 2.0 * f[0] - up[i] - down[i] - up[j] - down[j]
            curvature[i, j] = curvature[j, i] = -mixed / (2.0 * _STEP**2)
        values, vectors = np.linalg.eigh(curvature)
        hill = bool(values.min() > 1e-9)
        root = vectors / np.sqrt(np.maximum(values, 1.0 if not hill else 0.0))
        slope = root.T @ ((up - down) / (2.0 * _STEP))
        step = root @ slope
        point[active] += step * min(1.0, 0.7 / max(np.abs(step).max(), 1e-12))
        if hill and slope @ slope < 4e-3:
            break
    return point, root
