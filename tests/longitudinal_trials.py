"""Trials for the tests of the longitudinal engine, and their posterior by brute force.

The brute force knows nothing of visits one by one: it stacks all records of a trial into one vector with
one covariance matrix, takes the fixed effects out by restricted likelihood, and sums over a grid of the SDs
in units of their priors.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.analysis import LongitudinalAnalysis

type Array = NDArray[np.float64]

WEEKS = np.array([0.0, 4.0, 12.0, 24.0])
SHAPE = np.sqrt(WEEKS / 24.0)
SCALES = {
    "level_sd": (17.0, 0.35),
    "response_sd": (20.0, 0.4),
    "residual_sd": (10.0, 0.45),
    "correlation": (4.0, 0.0),
}
FLAT = LongitudinalAnalysis(None, SCALES)
KNOWN = {"level_sd": 17.0, "response_sd": 20.0, "correlation": 0.3, "residual_sd": 10.0}


def arms(treated: int, control: int) -> NDArray[np.int64]:
    return np.repeat([0, 1], [treated, control]).astype(np.int64)


def records(rng: np.random.Generator, arm: NDArray[np.int64], trials: int, effect: float = -12.0) -> Array:
    """Records of whole trials (trial, patient, visit)."""
    shape = (trials, arm.size)
    level = rng.normal(size=shape)
    response = 0.3 * level + np.sqrt(1.0 - 0.09) * rng.normal(size=shape)
    mean = 65.0 + (-6.0 + effect * (arm == 0))[:, None] * SHAPE
    noise = 10.0 * rng.normal(size=(*shape, WEEKS.size))
    return mean + 17.0 * level[..., None] + 20.0 * response[..., None] * SHAPE + noise


def leaving(rng: np.random.Generator, trials: int, patients: int, hazard: float = 0.12) -> NDArray[np.int64]:
    """How many visits each patient has."""
    stays = rng.random((trials, patients, WEEKS.size - 1)) > hazard
    return 1 + np.cumprod(stays, axis=2).sum(axis=2)


def unseen(y: Array, seen: NDArray[np.int64]) -> Array:
    """Records with NaN for visits after the last."""
    return np.where(np.arange(WEEKS.size) < seen[..., None], y, np.nan)


def stacked(y: Array, arm: NDArray[np.int64]) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """All records of a trial as one vector, their fixed effects' design, patients and visits."""
    who, when = np.nonzero(np.isfinite(y))
    at = [(when == 0) | (when > 0)]
    at += [when == j for j in range(1, WEEKS.size)]
    if arm.max() == 1:
        at += [(when == j) & (arm[who] == 0) for j in range(1, WEEKS.size)]
    return y[who, when], np.stack(at, axis=1).astype(float), who, when


def dense(
    y: Array, arm: NDArray[np.int64], sds: tuple[float, float, float, float]
) -> tuple[float, float, float]:
    """Restricted log likelihood, and estimate of the effect with its variance, of known SDs."""
    level, response, rho, residual = sds
    value, x, who, when = stacked(y, arm)
    r = SHAPE[when]
    same = who[:, None] == who
    patient = level**2 + rho * level * response * (r[:, None] + r) + response**2 * r[:, None] * r
    v = same * patient + residual**2 * np.eye(value.size)
    root = np.linalg.cholesky(v)
    xs, ys = np.linalg.solve(root, x), np.linalg.solve(root, value)
    information = xs.T @ xs
    spread = np.linalg.inv(information)
    beta = spread @ (xs.T @ ys)
    rest = ys - xs @ beta
    log = -np.log(np.diag(root)).sum() - 0.5 * np.linalg.slogdet(information)[1] - 0.5 * rest @ rest
    return float(log), float(beta[-1]), float(spread[-1, -1])


def brute_force(
    y: Array, arm: NDArray[np.int64], thresholds: Array, scales: dict[str, tuple[float, float]] = SCALES
) -> Array:
    """Pr(effect > threshold | data) under a flat prior of the effect, by a grid over the SDs' priors."""
    z = np.arange(-4.0, 4.01, 0.7)
    u, weight = np.polynomial.legendre.leggauss(9)
    total, found = 0.0, np.zeros(thresholds.size)
    logs, rows = [], []
    for (a, b, c), (rho, w) in itertools.product(itertools.product(z, repeat=3), zip(u, weight, strict=True)):
        if a * a + b * b + c * c > 25.0:
            continue
        sds = [
            scales[name][0] * np.exp(scales[name][1] * at)
            for name, at in (("level_sd", a), ("response_sd", b), ("residual_sd", c))
        ]
        log, mean, variance = dense(y, arm, (sds[0], sds[1], rho, sds[2]))
        c_rho = scales["correlation"][0] - 1.0
        logs.append(log - 0.5 * (a * a + b * b + c * c) + c_rho * np.log1p(-(rho**2)) + np.log(w))
        rows.append(special.ndtr((mean - thresholds) / np.sqrt(variance)))
    share = np.exp(np.array(logs) - max(logs))
    total = share.sum()
    found = share @ np.array(rows)
    return np.asarray(found / total)
