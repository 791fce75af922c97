"""Exact operating characteristics over looks, where the decision needs the means of both arms.

With sums X of the treated and Z of the control, look k is a success above a curve X > u_k(Z), futile below
another, X < l_k(Z), and goes on between. As in `recursion`, the chance q_k(x, z) to have got there given
both sums does not depend on the truth, and both come over independent Brownian bridges:

    q_k(x, z) = int dz' b_c(z' | z) int_{l_j(z')}^{u_j(z')} dx' b_t(x' | x) q_j(x', z'),      j = k - 1.

All integrals are Gauss-Legendre, the inner ones between the curves, so that no node lies across a boundary.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.recursion import REACH, normal_density
from ra_bayes.planning.continuous.rules import pieces, rule

__all__ = ["cost", "two_sums"]

type Array = NDArray[np.float64]


class Truths(NamedTuple):
    """True effects (mean and SD; SD 0 is known) and control means (truth), one SD of a patient's number."""

    effect: Array
    effect_sd: Array
    control: Array
    sd: float


class _Grid(NamedTuple):
    """Where a look's sums lie under the truths, and its boundaries there."""

    z: Array
    z_weight: Array
    low: Array
    high: Array
    start: float
    end: float


def two_sums(design: KnownSd, truths: Truths) -> tuple[Array, Array]:
    """Return the probabilities of ending with success and for futility, each (truth, look).

    Both arms must gain patients at each look, or the control have none at all.

    Parameters
    ----------
    design
        A design with priors by arm.
    truths
        What is true.
    """
    success = np.zeros((truths.effect.size, design.last))
    futility = np.zeros_like(success)
    before: tuple[Array, Array, Array] | None = None
    for k in range(design.last):
        grid = _grid(design, k, truths)
        n = float(design.treated[k])
        mean = n * (truths.control + truths.effect)
        spread = np.sqrt(n * truths.sd**2 + (n * truths.effect_sd) ** 2)
        control = _control_density(design, k, truths, grid) * grid.z_weight
        if before is None:
            up = special.ndtr((mean[:, None] - grid.high) / spread[:, None])
            down = special.ndtr((grid.low - mean[:, None]) / spread[:, None])
            success[:, 0], futility[:, 0] = (control * up).sum(axis=1), (control * down).sum(axis=1)
        else:
            scale = _treated_scale(design, k, truths.sd)
            ends = np.full(grid.z.shape, grid.start), np.full(grid.z.shape, grid.end)
            clip = np.clip(grid.low, *ends), np.clip(grid.high, *ends)
            for store, a, b in ((futility, ends[0], clip[0]), (success, clip[1], ends[1])):
                x, weight = rule(a, b, pieces(float((b - a).max()), scale))
                mass = _came(design, k, truths.sd, x, grid.z, before) * weight
                for t in range(mean.size):
                    inner = (normal_density(x, mean[t], spread[t]) * mass).sum(axis=1)
                    store[t, k] = control[t] @ inner
        if k + 1 < design.last:
            a, b = np.clip(grid.low, grid.start, grid.end), np.clip(grid.high, grid.start, grid.end)
            x, weight = rule(a, b, pieces(float((b - a).max()), _treated_scale(design, k, truths.sd)))
            came = np.ones_like(x) if before is None else _came(design, k, truths.sd, x, grid.z, before)
            before = (grid.z, x, came * weight * grid.z_weight[:, None])
    return success, futility


def cost(design: KnownSd, truths: Truths) -> float:
    """Return about how many pairs of nodes the integrals have; infinite where a look adds to one arm only."""
    grown = np.diff(design.treated).min(initial=1), np.diff(design.control).min(initial=1)
    if grown[0] == 0 or (design.control[-1] > 0 and 0 in (grown[1], design.control[0])):
        return float("inf")
    total, last = 0.0, 1.0
    mean = truths.control + truths.effect
    for k in range(design.last):
        start, end = _range(float(design.treated[k]), mean, truths.effect_sd, truths.sd)
        along = 12.0 * pieces(end - start, _treated_scale(design, k, truths.sd))
        here = along * _z_rule(design, k, truths)[0].size
        total, last = total + (last * here if k else 0.0), here
    return total


def _grid(design: KnownSd, k: int, truths: Truths) -> _Grid:
    n = float(design.treated[k])
    z, weight = _z_rule(design, k, truths)
    start, end = _range(n, truths.control + truths.effect, truths.effect_sd, truths.sd)
    low, high = bounds(design, k, z / max(design.control[k], 1))
    return _Grid(z, weight, n * low, n * high, start, end)


def _z_rule(design: KnownSd, k: int, truths: Truths) -> tuple[Array, Array]:
    n = float(design.control[k])
    if n == 0.0:
        return np.zeros(1), np.ones(1)
    start, end = _range(n, truths.control, np.zeros(1), truths.sd)
    scale = _scale(np.array(design.control, dtype=float), k, truths.sd)
    return rule(np.array(start), np.array(end), pieces(end - start, scale))


def _range(n: float, mean: Array, mean_sd: Array, sd: float) -> tuple[float, float]:
    reach = REACH * np.sqrt(n * sd**2 + (n * mean_sd) ** 2)
    return float((n * mean - reach).min()), float((n * mean + reach).max())


def _treated_scale(design: KnownSd, k: int, sd: float) -> float:
    return _scale(np.array(design.treated, dtype=float), k, sd)


def _scale(n: Array, k: int, sd: float) -> float:
    """The finest width that the integrands of a look have: that of the bridges it ends and starts."""
    found = [n[k]]
    if k > 0:
        found.append((n[k] - n[k - 1]) * n[k] / n[k - 1])
    if k + 1 < n.size:
        found.append((n[k + 1] - n[k]) * n[k] / n[k + 1])
    return float(sd * np.sqrt(min(found)))


def _control_density(design: KnownSd, k: int, truths: Truths, grid: _Grid) -> Array:
    n = float(design.control[k])
    if n == 0.0:
        return np.ones((truths.control.size, 1))
    sd = np.asarray(truths.sd * np.sqrt(n))
    return normal_density(grid.z, n * truths.control[:, None], sd)


def _came(
    design: KnownSd, k: int, sd: float, x: Array, z: Array, before: tuple[Array, Array, Array]
) -> Array:
    """The chance q_k to have got to look k, at sums x (control node, node) and z (control node)."""
    old_z, old_x, mass = before
    share_t, width_t = _bridge(design.treated[k - 1], design.treated[k], sd)
    if design.control[k] == 0:
        alone = normal_density(old_x[0], share_t * x[0][:, None], np.asarray(width_t)) @ mass[0]
        return np.asarray(alone[None, :])
    share_c, width_c = _bridge(design.control[k - 1], design.control[k], sd)
    q = np.zeros_like(x)
    for j, here in enumerate(z):
        near = np.abs(old_z - share_c * here) < REACH * width_c
        if not near.any():
            continue
        along = normal_density(old_z[near], np.asarray(share_c * here), np.asarray(width_c))
        density = normal_density(old_x[near].ravel(), share_t * x[j][:, None], np.asarray(width_t))
        q[j] = density @ (mass[near] * along[:, None]).ravel()
    return q


def _bridge(before: int, now: int, sd: float) -> tuple[float, float]:
    return before / now, float(sd * np.sqrt(before * (now - before) / now))
