"""How likely all records of one patient are under any likelihood: level and response drawn near the records.

Given the population's parameters theta, with z the two standard normal scores of a new patient,

    p(y | theta) = integral of prod_j p(y_j | mu_j(z)) N(z; 0, I) dz.

A normal approximation of the integrand (its mode by Newton's steps, its curvature there; Laplace) says where
z is drawn: from Student's t with 5 degrees of freedom of that place and scale, whose tails are heavier than
the integrand's. The mean of integrand over density drawn from is an unbiased estimate of p(y | theta) for any
number of draws, however good the approximation is (importance sampling; Geweke 1989, Econometrica 57:1317),
so that the average over draws of theta needs few of each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand import Posterior
from ra_bayes.model.likelihoods import CELL, MISSED, POINT
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.records import Grid

__all__ = ["log_density_by_draws"]

type Array = NDArray[np.float64]

# Antithetic pairs: 32 draws of level and response for each draw of the parameters.
PAIRS = 16
_DOF = 5.0
_STEPS, _LONGEST = 8, 1.5
# Of differences that stand for derivatives: of a log density of size 100 they have six digits.
_H = 1e-3


def log_density_by_draws(
    posterior: Posterior, records: Grid, patient: str, course: tuple[Array, Array], rng: np.random.Generator
) -> Array:
    """Return the log density of all records of a patient, as a new one, per draw (chain, draw).

    Parameters
    ----------
    posterior
        Draws.
    records
        The grid with the patient's records.
    patient
        Whose.
    course
        Mean level (chain, draw) and mean change (chain, draw, visit) of such a patient.
    rng
        For level and response.
    """
    lead = posterior.scalars["baseline_mean"].shape
    log_joint = _integrand(posterior, records, records.patients.index(patient), course)
    size = int(np.prod(lead))
    mode, root = _normal_near(log_joint, size)
    half = rng.normal(size=(PAIRS, size, 2))
    scale = np.sqrt(_DOF / rng.chisquare(_DOF, size=(PAIRS, size, 1)))
    u = np.concatenate([half * scale, -half * scale])
    z = mode + np.einsum("dij,kdj->kdi", root, u)
    # Of the two-dimensional t, at u; and the change of variables to z.
    log_drawn = -0.5 * (_DOF + 2.0) * np.log1p((u**2).sum(axis=-1) / _DOF) - np.log(2.0 * np.pi)
    log_drawn = log_drawn - np.log(root[:, 0, 0] * root[:, 1, 1])
    found = special.logsumexp(log_joint(z) - log_drawn, axis=0) - np.log(2 * PAIRS)
    return np.asarray(found.reshape(lead))


def _integrand(
    posterior: Posterior, records: Grid, i: int, course: tuple[Array, Array]
) -> Callable[[Array], Array]:
    """Return log p(records, z) as a function of z (..., draw, 2)."""
    spec, scalars = posterior.spec, {name: each.reshape(-1) for name, each in posterior.scalars.items()}
    s, tau, rho = (scalars[name] for name in ("baseline_sd", "response_sd", "correlation"))
    m = course[0].reshape(-1)
    f, r = (each.reshape(m.size, -1) for each in (course[1], posterior.shape))
    kind, low, high = records.kind[i], records.low[i], records.high[i]
    values = {
        each.name: scalars[each.name][:, None] for each in spec.likelihood.parameters(spec.outcome)
    } | spec.likelihood.constants(spec.outcome)
    point, cell = kind == POINT, kind == CELL
    slope = float(records.log_slope[i][kind != MISSED].sum())

    def log_joint(z: Array) -> Array:
        response = tau * (rho * z[..., 0] + np.sqrt(1.0 - rho**2) * z[..., 1])
        mu = (m + s * z[..., 0])[..., None] + f + response[..., None] * r
        total = slope - 0.5 * (z**2).sum(axis=-1) - np.log(2.0 * np.pi)
        if point.any():
            at = spec.likelihood.log_point(low[point], mu[..., point], values, NUMPY)
            total = total + at.sum(axis=-1)
        if cell.any():
            at = spec.likelihood.log_cell(low[cell], high[cell], mu[..., cell], values, NUMPY)
            total = total + at.sum(axis=-1)
        return np.asarray(total)

    return log_joint


def _normal_near(log_joint: Callable[[Array], Array], size: int) -> tuple[Array, Array]:
    """Return mode (draw, 2) and root of the covariance there (draw, 2, 2), no wider than the population."""
    steps = _H * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]], dtype=float)
    mode, precision = np.zeros((size, 2)), np.tile(np.eye(2), (size, 1, 1))
    for _ in range(_STEPS):
        at, right, left, up, down, both, neither = log_joint(mode + steps[:, None, :])
        slope = np.stack([right - left, up - down], axis=-1) / (2.0 * _H)
        xx, yy = (right - 2.0 * at + left) / _H**2, (up - 2.0 * at + down) / _H**2
        xy = (both - right - up + 2.0 * at - left - down + neither) / (2.0 * _H**2)
        precision = _at_least_one(-np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2))
        step = np.linalg.solve(precision, slope[..., None])[..., 0]
        length = np.sqrt((step**2).sum(axis=-1, keepdims=True))
        mode = mode + step * np.minimum(1.0, _LONGEST / np.maximum(length, 1e-12))
    return mode, np.linalg.cholesky(np.linalg.inv(precision))


def _at_least_one(precision: Array) -> Array:
    """Return precisions whose eigenvalues are at least the population's, 1: no record makes one less sure."""
    values, vectors = np.linalg.eigh(np.where(np.isfinite(precision), precision, 0.0))
    return np.asarray((vectors * np.maximum(values, 1.0)[..., None, :]) @ vectors.transpose(0, 2, 1))
