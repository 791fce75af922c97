"""How likely all records of one patient are, given the population's parameters alone.

A new patient's level and response are integrated out. With m, s the mean and SD of levels, tau the SD of
responses, rho their correlation, f and r the trajectory and sigma the residual SD, points are jointly normal:

    g(y_j) ~ N( m + f(t_j), s^2 + rho s tau (r_j + r_k) + tau^2 r_j r_k + [j = k] sigma^2 )

Records that are intervals c_j have no closed form together. A closed one is taken for the points and for the
middles of the cells with two ends, and made good by draws of level and response given those:

    p(y) = N(points, middles) E[ prod over cells Pr(c_j | A, b) / N(middle_j; mu_j, sigma) ]

with no middle, and no denominator, for a cell open at one end. The ratio of a narrow cell hardly varies, so
that few draws will do; the estimate of p(y) is unbiased for any number of them.

Covariates of the level add to m, those of the change to f(t_j), times r_j; of the treated arm d(t_j) does.
Where residuals are AR(1), [j = k] is their correlation, and the ratio is that of all records of the patient
to points and middles, given A and b, with the cells' scores drawn (:mod:`ra_bayes.model.residuals`).

Under another likelihood than the normal one level and response are drawn near where the records put them
(:mod:`ra_bayes.trust.patient_effects`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand import Posterior
from ra_bayes.model.likelihoods import CELL, MISSED, POINT, UNBOUNDED
from ra_bayes.model.likelihoods.normal import log_cell, log_point
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.people import covariate_shift
from ra_bayes.model.records import Grid
from ra_bayes.model.residuals import log_density, sequence
from ra_bayes.trust.patient_effects import log_density_by_draws

__all__ = ["course_of_patient", "log_density_of_patient", "spread"]

type Array = NDArray[np.float64]

# Antithetic pairs: 64 draws of level and response for each draw of the parameters.
PAIRS = 32


def spread(posterior: Posterior) -> Array:
    """Return the variance of a new patient's record at every visit, link's scale (chain, draw, visit)."""
    s, tau, rho, sigma = (posterior.scalars[name][..., None] for name in _SCALARS[1:])
    own = tau * posterior.shape
    return np.asarray(s**2 + 2.0 * rho * s * own + own**2 + sigma**2)


def course_of_patient(posterior: Posterior, records: Grid, patient: str) -> tuple[Array, Array]:
    """Return what is expected of a new patient of this one's arm, with this one's covariates.

    Returns
    -------
    tuple of ndarray
        The mean level (chain, draw), and the mean change from it by visit (chain, draw, visit), of the
        patient's arm if there are two.
    """
    level, change = posterior.scalars["baseline_mean"], posterior.mean_change
    if records.people is None:
        return level, change
    i = records.patients.index(patient)
    if posterior.effect is not None:
        change = change + records.people.treated[i] * posterior.effect
    own = records.people.covariates[[i]]
    of_level, of_change = (
        covariate_shift(posterior.spec.covariates, moves, posterior.scalars, own)
        for moves in ("level", "change")
    )
    if of_level is not None:
        level = level + of_level[..., 0]
    return level, change if of_change is None else change + of_change * posterior.shape


_SCALARS = ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")


def log_density_of_patient(
    posterior: Posterior, records: Grid, patient: str, rng: np.random.Generator
) -> Array:
    """Return the log density of all records of a patient, as a new one, per draw (chain, draw).

    Parameters
    ----------
    posterior
        Draws; of a fit without the patient for a prediction.
    records
        The grid with the patient's records, on the posterior's visits.
    patient
        Whose.
    rng
        For records that are intervals; points need none.

    Returns
    -------
    ndarray
        On the outcome's own scale, as the likelihood of a fit is. 0 for a patient without records.
    """
    if posterior.spec.likelihood.name != "normal":
        return log_density_by_draws(
            posterior, records, patient, course_of_patient(posterior, records, patient), rng
        )
    i = records.patients.index(patient)
    kind, low, high = records.kind[i], records.low[i], records.high[i]
    lead = posterior.scalars["baseline_mean"].shape
    s, tau, rho, sigma = (posterior.scalars[name].reshape(-1) for name in _SCALARS[1:])
    level, change = course_of_patient(posterior, records, patient)
    m = level.reshape(-1)
    f, r = (each.reshape(m.size, -1) for each in (change, posterior.shape))
    two_ended = (kind == CELL) & (np.abs(low) < UNBOUNDED) & (np.abs(high) < UNBOUNDED)
    as_point, cell = (kind == POINT) | two_ended, kind == CELL
    middle = np.where(as_point, (low + high) / 2.0, 0.0)

    # Records are linear in the effects (A - m, b), whose covariance is `own`.
    own = np.empty((m.size, 2, 2))
    own[:, 0, 0], own[:, 1, 1] = s**2, tau**2
    own[:, 0, 1] = own[:, 1, 0] = rho * s * tau
    rows = np.stack([np.ones_like(r), r], axis=-1)
    off = middle[as_point] - m[:, None] - f[:, as_point]
    loads = rows[:, as_point] @ own
    cov = loads @ rows[:, as_point].transpose(0, 2, 1)
    cov += sigma[:, None, None] ** 2 * _residual_correlation(posterior, records.weeks[as_point])
    root = np.linalg.cholesky(cov)
    scaled = np.linalg.solve(root, np.concatenate([off[..., None], loads], axis=-1))
    score, gain = scaled[..., 0], scaled[..., 1:]
    log_det = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=-1)
    total = -0.5 * np.square(score).sum(axis=-1) - log_det - 0.5 * np.log(2.0 * np.pi) * as_point.sum()
    total += records.log_slope[i][kind != MISSED].sum()
    if cell.any():
        mean = (gain.transpose(0, 2, 1) @ score[..., None])[..., 0]
        left = own - gain.transpose(0, 2, 1) @ gain
        level, response = _effects(mean, left, rng)
        mu = (m + level)[..., None] + f + response[..., None] * r
        if posterior.spec.residuals is not None:
            ratio = _correlated_ratio(posterior, records, i, as_point, mu, rng)
            total += special.logsumexp(ratio, axis=0) - np.log(2 * PAIRS)
            return np.asarray(total.reshape(lead))
        mu, sd = mu[..., cell], sigma[:, None]
        ratio = log_cell(low[cell], high[cell], mu, sd, NUMPY)
        ratio = ratio - np.where(two_ended[cell], log_point(middle[cell], mu, sd, NUMPY), 0.0)
        total += special.logsumexp(ratio.sum(axis=-1), axis=0) - np.log(2 * PAIRS)
    return np.asarray(total.reshape(lead))


def _residual_correlation(posterior: Posterior, weeks: Array) -> Array:
    """Return the correlation of a patient's residuals at some weeks (draw, week, week)."""
    residuals = posterior.spec.residuals
    if residuals is None:
        return np.eye(weeks.size)[None]
    apart = np.abs(weeks[:, None] - weeks).ravel()
    rho = posterior.scalars["autocorrelation"].reshape(-1)
    return residuals.correlation(rho, apart).reshape(-1, weeks.size, weeks.size)


def _correlated_ratio(
    posterior: Posterior,
    records: Grid,
    i: int,
    as_point: NDArray[np.bool_],
    mu: Array,
    rng: np.random.Generator,
) -> Array:
    """Return log p(all records | effects) - log p(points and middles | effects), the cells' scores drawn.

    The first is unbiased on its own scale: see :mod:`ra_bayes.model.residuals`.
    """
    residuals = posterior.spec.residuals
    assert residuals is not None
    values = {name: posterior.scalars[name].reshape(-1) for name in ("residual_sd", "autocorrelation")}
    kind, low, high = (each[[i]] for each in (records.kind, records.low, records.high))
    every = sequence(kind, low, high, records.weeks, residuals.gap)
    middle = np.where(as_point, (low + high) / 2.0, 0.0)
    points = sequence(np.where(as_point, POINT, MISSED)[None], middle, middle, records.weeks, residuals.gap)
    half = rng.normal(size=(PAIRS, *mu.shape[1:-1], every["record_at"].size))
    score = np.concatenate([half, -half])
    whole = log_density(values, mu[..., every["record_at"]], score, every, NUMPY).sum(axis=-1)
    return np.asarray(
        whole - log_density(values, mu[..., points["record_at"]], None, points, NUMPY).sum(axis=-1)
    )


def _effects(mean: Array, cov: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw effects (A - m, b) of given mean and covariance, each shape (draw of effects, draw)."""
    half = rng.normal(size=(PAIRS, len(mean), 2))
    z = np.concatenate([half, -half])
    # By hand: where responses do not vary the covariance has no Cholesky root for NumPy.
    first = np.sqrt(cov[:, 0, 0])
    tilt = cov[:, 0, 1] / first
    second = np.sqrt(np.maximum(cov[:, 1, 1] - tilt**2, 0.0))
    return mean[:, 0] + first * z[..., 0], mean[:, 1] + tilt * z[..., 0] + second * z[..., 1]
