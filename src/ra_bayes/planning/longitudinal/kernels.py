"""The posterior of the SDs on a lattice of each trial's own, compiled by numba and cached on disk.

A module of its own, imported when it is needed: numba takes half a second to import. What is computed
stands in :mod:`ra_bayes.planning.longitudinal.posterior`. Nodes are the innermost axis everywhere, so that
the arithmetic runs on several of them at once.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["mixtures"]

# Values are finite here, but an arm that nobody is left in has an infinite 1 / n: no "nnan" and no "ninf".
_FAST = {"reassoc", "contract", "arcp", "nsz"}

# Central differences for the slope and the curvature at the centre, in logs of SDs and Fisher's z.
_STEP = 0.04
_MAX_STEPS = 30

# The lattice is laid out anew, at most so often, if its mean is further off than this in posterior SDs, or a
# variance of 1: the curvature at the mode tells little of a skewed posterior.
_RECENTRED = 2
_AWAY = 0.3

# Nodes worked on at once: so many that what is needed of them stays in the fastest cache.
_BLOCK = 64


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _exp(x: Any, y: Any, bits: Any, powers: Any, size: int) -> None:
    """Write exp(x) into y to 1e-12, several at once: 2^n exp(f), |f| <= log(2) / 2, by its series.

    `bits` and `powers` are one piece of memory, as integers and as the numbers whose exponents they hold.
    """
    for k in range(size):
        n = np.floor(min(max(x[k], -700.0), 700.0) * 1.4426950408889634 + 0.5)
        f = min(max(x[k], -700.0), 700.0) - n * 0.6931471805599453
        tail = 1.0 + f / 8.0 * (1.0 + f / 9.0 * (1.0 + f / 10.0 * (1.0 + f / 11.0)))
        tail = 1.0 + f / 4.0 * (1.0 + f / 5.0 * (1.0 + f / 6.0 * (1.0 + f / 7.0 * tail)))
        y[k] = 1.0 + f * (1.0 + f / 2.0 * (1.0 + f / 3.0 * tail))
        bits[k] = (np.int64(n) + 1023) << 52
    for k in range(size):
        y[k] *= powers[k]


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _log(bits: Any, y: Any, size: int) -> None:
    """Write the logs of positive numbers, given as their bits, into y to 1e-12, several at once.

    x = 2^e m, m in [sqrt(1/2), sqrt(2)): e log(2) + 2 atanh(f), f = (m - 1) / (m + 1), by its series.
    """
    for k in range(size):
        # Adding the bits of 1 - sqrt(1/2) carries into the exponent when m is above sqrt(2).
        e = (bits[k] - 0x3FE6A09E667F3BCD) >> 52
        y[k] = np.float64(e) * 0.6931471805599453
        bits[k] -= e << 52
    m = bits.view(np.float64)
    for k in range(size):
        f = (m[k] - 1.0) / (m[k] + 1.0)
        q = f * f
        series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q / 13)))))
        y[k] += 2.0 * f * series


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _evaluate(
    first: int,
    size: int,
    x: Any,
    r: Any,
    prior: Any,
    df: Any,
    s: Any,
    d: Any,
    inv_n: Any,
    one_arm: bool,
    work: Any,
    out: Any,
) -> None:
    """Write log density, estimate and its variances at some nodes of x (4, node) into out."""
    visits, stop = r.size, first + size
    la, lb, rho, var = work[0], work[1], work[2], work[3]
    density, mean = out[0][first:stop], out[1][first:stop]
    x_rho, x_var = x[2][first:stop], x[3][first:stop]
    powers, logs = work[4], work[5]
    bits = powers.view(np.int64)
    for k in range(size):
        rho[k] = 2.0 * x_rho[k]
        var[k] = 2.0 * x_var[k]
        density[k] = 0.0
        mean[k] = 0.0
    _exp(x[0][first:stop], la, bits, powers, size)
    _exp(x[1][first:stop], lb, bits, powers, size)
    _exp(rho, rho, bits, powers, size)
    _exp(var, var, bits, powers, size)
    for k in range(size):
        # tanh
        rho[k] = 1.0 - 2.0 / (rho[k] + 1.0)
    for i in range(3):
        if prior[i, 1] > 0.0:
            log_sd = x[(0, 1, 3)[i]][first:stop]
            for k in range(size):
                density[k] -= 0.5 * ((log_sd[k] - prior[i, 0]) / prior[i, 1]) ** 2
    if prior[3, 1] > 0.0:
        # (rho + 1) / 2 ~ Beta(c, c), in Fisher's z.
        for k in range(size):
            powers[k] = 1.0 - rho[k] * rho[k]
        _log(bits, logs, size)
        for k in range(size):
            density[k] += prior[3, 0] * logs[k]
    # Rows 6 + p hold d_p; l(j, p) and a(j, p) are the triangles of L and of its inverse.
    pairs = visits * visits
    base_d, base_l, base_a = 6, 6 + visits, 6 + visits + pairs
    column = work[base_a + pairs]
    for j in range(visits):
        pivot = work[base_d + j]
        for p in range(j):
            row = work[base_l + j * visits + p]
            sum_r, product = r[p] + r[j], r[p] * r[j]
            for k in range(size):
                row[k] = la[k] * la[k] + rho[k] * la[k] * lb[k] * sum_r + lb[k] * lb[k] * product
            for q in range(p):
                # Until it is divided by d, row q of l(j, .) holds L d.
                left, right = work[base_l + j * visits + q], work[base_l + p * visits + q]
                for k in range(size):
                    row[k] -= left[k] * right[k]
        for k in range(size):
            pivot[k] = (
                la[k] * la[k] + 2.0 * rho[k] * la[k] * lb[k] * r[j] + lb[k] * lb[k] * r[j] * r[j] + var[k]
            )
        for p in range(j):
            row, before = work[base_l + j * visits + p], work[base_d + p]
            for k in range(size):
                scaled = row[k] / before[k]
                pivot[k] -= scaled * row[k]
                row[k] = scaled
        for p in range(j):
            inverse = work[base_a + j * visits + p]
            row = work[base_l + j * visits + p]
            for k in range(size):
                inverse[k] = -row[k]
            for q in range(p + 1, j):
                row, other = work[base_l + j * visits + q], work[base_a + q * visits + p]
                for k in range(size):
                    inverse[k] -= row[k] * other[k]
    for a in range(inv_n.shape[0]):
        variance = out[2 + a][first:stop]
        for k in range(size):
            variance[k] = 0.0
    last = base_l + (visits - 1) * visits
    at_s, at_d = 0, 0
    for j in range(visits):
        pivot = work[base_d + j]
        if df[j] > 0.0:
            for k in range(size):
                column[k] = s[at_s + (j + 1) * (j + 2) // 2 - 1]
            where = at_s
            for p in range(j):
                ap = work[base_a + j * visits + p]
                for q in range(p):
                    aq, weight = work[base_a + j * visits + q], 2.0 * s[where]
                    where += 1
                    for k in range(size):
                        column[k] += weight * ap[k] * aq[k]
                square, cross = s[where], 2.0 * s[at_s + j * (j + 1) // 2 + p]
                where += 1
                for k in range(size):
                    column[k] += ap[k] * (square * ap[k] + cross)
            for k in range(size):
                powers[k] = pivot[k]
            _log(bits, logs, size)
            for k in range(size):
                density[k] -= 0.5 * (df[j] * logs[k] + column[k] / pivot[k])
        at_s += (j + 1) * (j + 2) // 2
        # The mean's innovation at this visit, and what it adds to the estimate.
        if j > 0 or one_arm:
            for k in range(size):
                column[k] = d[at_d + j]
            for p in range(j):
                ap, value = work[base_a + j * visits + p], d[at_d + p]
                for k in range(size):
                    column[k] += ap[k] * value
            shift = -1.0 if j == 0 else 0.0
            if j == visits - 1:
                for k in range(size):
                    mean[k] += column[k]
                for a in range(inv_n.shape[0]):
                    variance, factor = out[2 + a][first:stop], inv_n[a, j]
                    for k in range(size):
                        variance[k] += pivot[k] * factor
            else:
                loading = work[last + j]
                for k in range(size):
                    mean[k] += (loading[k] + shift) * column[k]
                for a in range(inv_n.shape[0]):
                    variance, factor = out[2 + a][first:stop], inv_n[a, j]
                    for k in range(size):
                        variance[k] += (loading[k] + shift) ** 2 * pivot[k] * factor
        at_d += j + 1


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _everywhere(
    nodes: int, x: Any, r: Any, prior: Any, df: Any, s: Any, d: Any, inv_n: Any, one_arm: bool,
    work: Any, out: Any,
) -> None:  # fmt: skip
    """Evaluate all nodes, a block at a time."""
    for first in range(0, nodes, _BLOCK):
        some = min(_BLOCK, nodes - first)
        _evaluate(first, some, x, r, prior, df, s, d, inv_n, one_arm, work, out)


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _factor(h: Any, ridge: float, lower: Any) -> bool:
    """Write the Cholesky factor of h + ridge I; False if it has none."""
    for i in range(h.shape[0]):
        for j in range(i + 1):
            total = h[i, j] + (ridge if i == j else 0.0)
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            if i == j:
                if not total > 1e-9:
                    return False
                lower[i, i] = np.sqrt(total)
            else:
                lower[i, j] = total / lower[j, j]
    return True


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _newton_step(h: Any, g: Any, lower: Any, step: Any) -> float:
    """Write (h + ridge I)^-1 g for the least ridge that serves; return its squared length in units of h."""
    size = g.size
    ridge = 0.0
    while not _factor(h, ridge, lower):
        ridge = max(1.0, 4.0 * ridge)
    for i in range(size):
        total = g[i]
        for k in range(i):
            total -= lower[i, k] * step[k]
        step[i] = total / lower[i, i]
    length = 0.0
    for i in range(size):
        length += step[i] * step[i]
    for i in range(size - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, size):
            total -= lower[k, i] * step[k]
        step[i] = total / lower[i, i]
    return length + (1e6 if ridge > 0.0 else 0.0)


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _slopes(f: Any, active: Any, g: Any, h: Any) -> None:
    """Write slope and negative curvature from the values on the stencil of :func:`_stencil`."""
    size = active.size
    at = 1 + 2 * size
    for i in range(size):
        up, down = f[1 + 2 * i], f[2 + 2 * i]
        g[i] = (up - down) / (2.0 * _STEP)
        h[i, i] = -(up - 2.0 * f[0] + down) / _STEP**2
        for j in range(i):
            both = f[at] + f[at + 1] + 2.0 * f[0] - up - down - f[1 + 2 * j] - f[2 + 2 * j]
            h[i, j] = h[j, i] = -both / (2.0 * _STEP**2)
            at += 2


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _stencil(centre: Any, active: Any, x: Any) -> Any:
    """Write the centre, its neighbours along each axis and each diagonal; return how many."""
    size = active.size
    count = 1 + 2 * size + size * (size - 1)
    for axis in range(4):
        for k in range(count):
            x[axis, k] = centre[axis]
    at = 1 + 2 * size
    for i in range(size):
        x[active[i], 1 + 2 * i] += _STEP
        x[active[i], 2 + 2 * i] -= _STEP
        for j in range(i):
            x[active[i], at] += _STEP
            x[active[j], at] += _STEP
            x[active[i], at + 1] -= _STEP
            x[active[j], at + 1] -= _STEP
            at += 2
    return count


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _inverse_transpose(lower: Any, root: Any) -> None:
    """Write the inverse of lower' into root, upper triangular."""
    size = lower.shape[0]
    root[:] = 0.0
    for m in range(size):
        for i in range(m, -1, -1):
            total = 1.0 if i == m else 0.0
            for k in range(i + 1, m + 1):
                total -= lower[k, i] * root[k, m]
            root[i, m] = total / lower[i, i]


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _normalise(density: Any, weight: Any, powers: Any, nodes: int) -> None:
    """Write weights that add up to 1 from log densities, which it shifts."""
    highest = -np.inf
    for k in range(nodes):
        highest = max(highest, density[k])
    for k in range(nodes):
        density[k] -= highest
    _exp(density, weight, powers.view(np.int64), powers, nodes)
    total = 0.0
    for k in range(nodes):
        total += weight[k]
    for k in range(nodes):
        weight[k] /= total


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _recentre(
    weight: Any, z: Any, point: Any, root: Any, active: Any, shift: Any, spread: Any, lower: Any
) -> bool:
    """Move the lattice to the mean and spread that it found, if they are not those it was laid out for."""
    size, nodes = z.shape
    away = 0.0
    for i in range(size):
        total = 0.0
        for k in range(nodes):
            total += weight[k] * z[i, k]
        shift[i] = total
        away = max(away, abs(total))
    for i in range(size):
        for j in range(i + 1):
            total = 0.0
            for k in range(nodes):
                total += weight[k] * z[i, k] * z[j, k]
            spread[i, j] = spread[j, i] = total - shift[i] * shift[j]
            away = max(away, abs(spread[i, j] - (1.0 if i == j else 0.0)))
    if away < _AWAY or not _factor(spread, 0.0, lower):
        return False
    for i in range(size):
        for m in range(size):
            point[active[i]] += root[i, m] * shift[m]
    for i in range(size):
        for j in range(size):
            # root times lower, row by row: what is read of the row has not been written yet.
            total = 0.0
            for m in range(j, size):
                total += root[i, m] * lower[m, j]
            root[i, j] = total
    return True


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def mixtures(
    df: Any, s: Any, d: Any, inv_n: Any, one_arm: bool, r: Any, prior: Any, start: Any, active: Any, z: Any,
    weight: Any, mean: Any, variance: Any,
) -> None:  # fmt: skip
    """Write each trial's posterior of the effect under a flat prior as a mixture over the SDs.

    Parameters
    ----------
    df, s, d, inv_n
        Statistics (trial, ...): degrees of freedom by visit, cross-products, means' contrast, and the
        variance factor 1 / n of it (trial, analysis, visit).
    one_arm
        Whether the contrast is with the own baseline.
    r
        Shape of patients' responses (visit).
    prior
        (4, 2): middle and SD of the logs of level, response and residual SD, then concentration and 1; SD 0
        says that it is fixed.
    start
        Where to start: logs of level and response SD, Fisher's z, log of the residual SD (trial, 4).
    active
        Axes that are not fixed.
    z
        Lattice in standard units (axis, node).
    weight, mean, variance
        Out: (trial, node), (trial, node), (trial, analysis, node).
    """
    visits, nodes, size = r.size, z.shape[1], active.size
    most = max(nodes, 1 + 2 * size + size * (size - 1))
    work = np.empty((7 + visits + 2 * visits * visits, _BLOCK))
    out = np.empty((2 + inv_n.shape[1], most))
    x, powers = np.empty((4, most)), np.empty(most)
    g, step = np.empty(size), np.empty(size)
    h, lower, root = np.empty((size, size)), np.empty((size, size)), np.empty((size, size))
    point, best = np.empty(4), np.empty(4)
    for b in range(df.shape[0]):
        point[:] = start[b]
        best[:] = start[b]
        highest = -np.inf
        for _ in range(_MAX_STEPS):
            count = _stencil(point, active, x)
            _everywhere(count, x, r, prior, df[b], s[b], d[b], inv_n[b], one_arm, work, out)
            if out[0, 0] < highest - 1e-9:
                # The step went past the hill: half way back.
                for axis in range(4):
                    point[axis] = 0.5 * (point[axis] + best[axis])
                continue
            highest = out[0, 0]
            best[:] = point
            _slopes(out[0], active, g, h)
            length = _newton_step(h, g, lower, step)
            longest = 0.0
            for i in range(size):
                longest = max(longest, abs(step[i]))
            scale = 0.7 / longest if longest > 0.7 else 1.0
            for i in range(size):
                point[active[i]] += scale * step[i]
            if length < 4e-3:
                break
        # x = point + root z: the lattice has the posterior's own correlations.
        _inverse_transpose(lower, root)
        for attempt in range(_RECENTRED + 1):
            for axis in range(4):
                for k in range(nodes):
                    x[axis, k] = point[axis]
            for i in range(size):
                row = x[active[i]]
                for m in range(size):
                    factor = root[i, m]
                    for k in range(nodes):
                        row[k] += factor * z[m, k]
            _everywhere(nodes, x, r, prior, df[b], s[b], d[b], inv_n[b], one_arm, work, out)
            _normalise(out[0], weight[b], powers, nodes)
            if attempt == _RECENTRED or not _recentre(weight[b], z, point, root, active, g, h, lower):
                break
        for k in range(nodes):
            mean[b, k] = out[1, k]
            for a in range(inv_n.shape[1]):
                variance[b, a, k] = out[2 + a, k]
