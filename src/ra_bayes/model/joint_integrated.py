"""Patients integrated out of a joint model: what is left to sample are the population's parameters.

Given those, a patient's effects and records are jointly normal; a record that is a cell is one as well once
its latent value y* in the cell is sampled. Of outcome k, with r its shape and e the records less their mean,

    e_j = (A - baseline_mean) + b r_j + noise_j        noise ~ N(0, residual_sd^2), tau = 1 / residual_sd^2
    (A - baseline_mean, b) = L (g, f) + T (u, w)       g, f, u, w ~ N(0, 1), by joint_ties

so that with Q = tau [[n, sum r], [sum r, sum r^2]], h = tau (sum e, sum e r), G = I + T'QT (where nothing was
recorded Q = 0 and h = 0),

    log p(e_k | g, f) = 1/2 n log(tau / 2 pi) - 1/2 tau sum e^2 - 1/2 log|G| + 1/2 p' G^-1 p
                        + B_k'(g, f) - 1/2 (g, f)' C_k (g, f)
    p = T'h,    B_k = L'(h - QT G^-1 p),    C_k = L'QL - (T'QL)' G^-1 (T'QL)

and over the factors, with B and C the sums over outcomes, log p(e) gains -1/2 log|I + C| and
1/2 B'(I + C)^-1 B: Woodbury's identity outcome by outcome, in matrices of two by two. Patients are drawn
afterwards, exactly:

    (g, f) | e ~ N((I + C)^-1 B, (I + C)^-1)        (u, w) | g, f, e ~ N(G^-1 T'(h - QL(g, f)), G^-1)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ra_bayes.model.joint_ties import Join
from ra_bayes.model.likelihoods import CELL, UNBOUNDED
from ra_bayes.model.namespace import Namespace

__all__ = ["Cells", "cells_of", "draw_scores", "latent", "log_density_of_records", "residuals"]

_LOG_2PI = float(np.log(2.0 * np.pi))


class Cells(NamedTuple):
    """Records that are cells: where they stand on the grids, where they begin, and how y* moves in them."""

    at: np.ndarray
    start: np.ndarray
    within: np.ndarray
    towards: np.ndarray


def cells_of(low: np.ndarray, high: np.ndarray, kind: np.ndarray, unit: np.ndarray) -> Cells:
    """Return the cells of a grid.

    Parameters
    ----------
    low, high, kind
        Records (outcome, patient, visit).
    unit
        Of an outcome, how far a record may be thought to lie beyond an end (outcome).
    """
    at = np.flatnonzero(kind == CELL)
    low, high = low.ravel()[at], high.ravel()[at]
    below, above = low <= -UNBOUNDED, high >= UNBOUNDED
    within = np.where(below | above, 0.0, high - low)
    own = np.repeat(unit, kind[0].size)[at]
    towards = np.where(below, -own, np.where(above, own, 0.0))
    return Cells(at, np.where(below, high, low), within, towards)


def latent(score: Any, numbers: Mapping[str, Any], ns: Namespace) -> tuple[Any, Any]:
    """Return the latent values y* of cells, and the log of how much they move with the score.

    y* = low + (high - low) / (1 + exp(-x)) between two ends, and beyond a single end u log(1 + exp(x)) away
    from it, so that far from the end a normal y* leaves the score x normal.

    Parameters
    ----------
    score
        x (..., cell), any number.
    numbers
        ``inside_start``, ``inside_within`` and ``inside_towards``, the parts of :class:`Cells`.
    ns
        NumPy's or PyTensor's functions.
    """
    within, towards = numbers["inside_within"], numbers["inside_towards"]
    up, down = ns.log_expit(score), ns.log_expit(-score)
    value = numbers["inside_start"] + within * ns.exp(up) - towards * down
    return value, up + ns.log(within * ns.exp(down) + abs(towards))


type _Pair = tuple[Any, Any]
# A symmetric matrix: its entries 00, 01, 11.
type _Matrix = tuple[Any, Any, Any]


class _Known(NamedTuple):
    """Of an outcome's effects (..., outcome, patient): Q and h; L of g and of f, T; G^-1 and |G|."""

    q: _Matrix
    h: _Pair
    of_g: _Pair
    of_f: _Pair
    t: tuple[Any, Any, Any]
    inverse: _Matrix
    determinant: Any


def log_density_of_records(
    values: Mapping[str, Any], value: Any, seen: Any, join: Join, ns: Namespace
) -> Any:
    """Return the log density of each patient's records, effects integrated out (..., patient).

    Parameters
    ----------
    values
        The population's parameters, from :func:`~ra_bayes.model.joint_values.population_values`.
    value
        Records and latent values on the links' scales (..., outcome, patient, visit); any number where there
        is none.
    seen
        1 where there is a record, else 0 (outcome, patient, visit).
    join
        Concatenates along an axis.
    ns
        NumPy's or PyTensor's functions.
    """
    residual, sd = residuals(values, value, seen), values["residual_sd"][..., None]
    known = _known(values, residual, seen, join)
    own = _transposed(known.t, known.h)
    alone = -0.5 * ((residual**2).sum(axis=-1) / sd**2 + ns.log(known.determinant))
    alone = alone - seen.sum(axis=-1) * (ns.log(sd) + 0.5 * _LOG_2PI)
    alone = alone + 0.5 * _dot(own, _times(known.inverse, own))
    b, c = _of_factors(known)
    shared, determinant = _inverse(c)
    return alone.sum(axis=-2) - 0.5 * ns.log(determinant) + 0.5 * _dot(b, _times(shared, b))


def draw_scores(
    values: Mapping[str, Any], value: Any, seen: Any, join: Join, rng: np.random.Generator
) -> tuple[_Pair, _Pair]:
    """Draw (g, f) (..., patient) and (u, w) (..., outcome, patient) given the records.

    Parameters
    ----------
    values, value, seen, join
        As for :func:`log_density_of_records`.
    rng
        Random numbers.
    """
    known = _known(values, residuals(values, value, seen), seen, join)
    b, c = _of_factors(known)
    shared, _ = _inverse(c)
    factors = _normal(_times(shared, b), shared, rng)
    g, f = (each[..., None, :] for each in factors)
    tied = known.of_g[0] * g + known.of_f[0] * f, known.of_g[1] * g + known.of_f[1] * f
    explained = _times(known.q, tied)
    left = known.h[0] - explained[0], known.h[1] - explained[1]
    own = _normal(_times(known.inverse, _transposed(known.t, left)), known.inverse, rng)
    return factors, own


def residuals(values: Mapping[str, Any], value: Any, seen: Any) -> Any:
    """Return e, 0 where there is no record."""
    middle = values["baseline_mean"][..., None] + values["mean_change"]
    return seen * (value - middle[..., None, :])


def _known(values: Mapping[str, Any], residual: Any, seen: Any, join: Join) -> _Known:
    shape, tau = values["response_shape"][..., None, :], values["residual_sd"][..., None] ** -2.0
    q = tuple(tau * (seen * shape**power).sum(axis=-1) for power in (0, 1, 2))
    h = tau * residual.sum(axis=-1), tau * (residual * shape).sum(axis=-1)
    baseline, response = values["loading_level"], values["loading_response"]
    rate = 0.0 * baseline
    if "loading_rate" in values:
        of_rate = values["loading_rate"]
        rate = join([rate, of_rate], -1)
        baseline, response = (join([each, 0.0 * of_rate], -1) for each in (baseline, response))
    spread, own, rho = (values[name] for name in ("baseline_sd", "response_sd", "correlation"))
    left, alone = (1.0 - rho**2) ** 0.5, (1.0 - baseline**2 - rate**2) ** 0.5
    of_g = (spread * baseline)[..., None], (own * rho * baseline)[..., None]
    of_f = (spread * rate)[..., None], (own * left * response)[..., None]
    t = (
        (spread * alone)[..., None],
        (own * rho * alone)[..., None],
        (own * left * (1.0 - response**2) ** 0.5)[..., None],
    )
    first, second = _times(q, t[:2]), _times(q, (0.0, t[2]))
    g01 = t[0] * second[0] + t[1] * second[1]
    c = t[0] * first[0] + t[1] * first[1], g01, t[2] * second[1]
    inverse, determinant = _inverse(c)
    return _Known(q, h, of_g, of_f, t, inverse, determinant)


def _of_factors(known: _Known) -> tuple[_Pair, _Matrix]:
    """Return B and C, summed over outcomes (..., patient)."""
    at = _times(known.inverse, _transposed(known.t, known.h))
    through = [_times(known.q, each) for each in (known.of_g, known.of_f)]
    own = [_transposed(known.t, each) for each in through]
    solved = [_times(known.inverse, each) for each in own]
    b = tuple(
        _dot(of, known.h) - _dot(each, at) for of, each in zip((known.of_g, known.of_f), own, strict=True)
    )
    c = tuple(
        _dot((known.of_g, known.of_f)[i], through[j]) - _dot(own[i], solved[j])
        for i, j in ((0, 0), (1, 0), (1, 1))
    )
    return (b[0].sum(axis=-2), b[1].sum(axis=-2)), tuple(each.sum(axis=-2) for each in c)


def _times(matrix: _Matrix, pair: _Pair) -> _Pair:
    return matrix[0] * pair[0] + matrix[1] * pair[1], matrix[1] * pair[0] + matrix[2] * pair[1]


def _transposed(t: tuple[Any, Any, Any], pair: _Pair) -> _Pair:
    """Return T'x of a lower triangle 00, 10, 11."""
    return t[0] * pair[0] + t[1] * pair[1], t[2] * pair[1]


def _dot(one: _Pair, other: _Pair) -> Any:
    return one[0] * other[0] + one[1] * other[1]


def _inverse(matrix: _Matrix) -> tuple[_Matrix, Any]:
    """Return the inverse and the determinant of I + a matrix."""
    first, between, second = 1.0 + matrix[0], matrix[1], 1.0 + matrix[2]
    determinant = first * second - between**2
    return (second / determinant, -between / determinant, first / determinant), determinant


def _normal(mean: _Pair, cov: _Matrix, rng: np.random.Generator) -> _Pair:
    """Draw pairs with these means, variances and covariance."""
    first, second = rng.normal(size=(2, *mean[0].shape))
    spread = np.sqrt(cov[0])
    across = cov[1] / spread
    return mean[0] + spread * first, mean[1] + across * first + np.sqrt(cov[2] - across**2) * second
