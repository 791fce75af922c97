"""A linear mixed model fitted by restricted maximum likelihood: what a trialist would else have used.

Visits are factors; patient i has a random intercept and a random response along a given shape r,

    y_ij = beta_j + a_i + b_i r_j + e_ij,      a ~ N(0, sa^2), b ~ N(0, sb^2), e ~ N(0, s^2), independent.

With V_i = s^2 W_i(sa^2 / s^2, sb^2 / s^2) the residual variance is profiled out (Bates et al. 2015),

    s^2 = sum_i e_i' W_i^-1 e_i / (N - p),
    -2 log L_R = log|W| + log|X' W^-1 X| + (N - p) (1 + log(2 pi s^2)),

and two ratios are left to search. A change is tested by t with (patients - 1) degrees of freedom, since it
varies between patients (containment).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

__all__ = ["MixedModel", "fit_reml"]

type Array = NDArray[np.float64]

# SDs over the residual SD, on the log: from nothing to everything.
_LEAST, _MOST = -7.0, 5.0


class MixedModel(NamedTuple):
    """Estimates: fixed effects with covariance; SDs of intercept, response and residual; -2 log L_R."""

    beta: Array
    covariance: Array
    sd_intercept: float
    sd_response: float
    sd_residual: float
    deviance: float


def fit_reml(y: Array, fixed: Array, patient: NDArray[np.int64], shape: Array) -> MixedModel:
    """Fit the model.

    Parameters
    ----------
    y
        Records (record).
    fixed
        Design of the fixed effects (record, effect), of full rank.
    patient
        Whose record it is, as a number (record).
    shape
        r at the record's visit (record).

    Examples
    --------
    >>> y = np.array([5.0, 3.0, 6.0, 5.0, 8.0, 5.0])
    >>> week = np.array([0.0, 1.0] * 3)
    >>> fitted = fit_reml(y, np.column_stack([np.ones(6), week]), np.repeat([0, 1, 2], 2), 0 * week)
    >>> round(float(fitted.beta[1]), 6)
    -2.0
    """
    same = patient[:, None] == patient
    along = same * shape[:, None] * shape
    free = y.size - fixed.shape[1]

    def solve(log_ratios: Array) -> tuple[float, Array, Array, float]:
        between, own = np.exp(2.0 * log_ratios)
        lower = np.linalg.cholesky(np.eye(y.size) + between * same + own * along)
        x, target = np.linalg.solve(lower, fixed), np.linalg.solve(lower, y)
        information = x.T @ x
        beta = np.linalg.solve(information, x.T @ target)
        variance = max(float(((target - x @ beta) ** 2).sum()) / free, 1e-12)
        deviance = (
            2.0 * float(np.log(np.diag(lower)).sum())
            + float(np.linalg.slogdet(information)[1])
            + free * (1.0 + np.log(2.0 * np.pi * variance))
        )
        return deviance, beta, information, variance

    def deviance_at(log_ratios: Array) -> float:
        return solve(log_ratios)[0]

    starts = (np.array([0.0, 0.0]), np.array([1.0, -3.0]))
    found = [
        optimize.minimize(
            deviance_at,
            start,
            method="L-BFGS-B",
            bounds=[(_LEAST, _MOST)] * 2,
        )
        for start in starts
    ]
    best = min(found, key=lambda each: float(each.fun)).x
    deviance, beta, information, variance = solve(np.asarray(best))
    sd = float(np.sqrt(variance))
    between, own = (float(ratio) * sd for ratio in np.exp(best))
    return MixedModel(beta, np.linalg.inv(information) * variance, between, own, sd, float(deviance))
