"""Covariance of a patient's records, and its factors visit by visit.

    y_ij = alpha + a_i + f_arm(t_j) + b_i r(t_j) + e_ij,        Var(e_ij) = residual_sd^2,
    V_jk = level_sd^2 + rho level_sd response_sd (r_j + r_k) + response_sd^2 r_j r_k + [j = k] residual_sd^2.

With V = L D L' (L unit lower triangular, D diagonal) and A = L^-1, row j of A takes from record j its
regression on the records before it: A y has independent entries with variances d_j. Everything about
monotone data is said in these terms, a visit at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ra_bayes.errors import RaBayesError

__all__ = ["Factors", "check_visits", "covariance", "factors"]

type Array = NDArray[np.float64]


class Factors(NamedTuple):
    """V = L D L': variances d (..., visit), A = L^-1 (..., visit, visit), and L's last row (..., visit)."""

    d: Array
    a: Array
    last: Array


def check_visits(shape: Array) -> Array:
    """Return the shape r of patients' responses by visit, or say what is wrong with it.

    Parameters
    ----------
    shape
        r at the visits: 0 at the first, 1 at the last.
    """
    shape = np.asarray(shape, dtype=float)
    if shape.ndim != 1 or shape.size < 2:
        raise RaBayesError(
            "a longitudinal design needs a baseline and one visit at least; write visits = [0, 24]"
        )
    if shape[0] != 0.0 or not np.isclose(shape[-1], 1.0) or not np.all(np.isfinite(shape)):
        raise RaBayesError(
            f"the response's shape runs from {shape[0]:g} to {shape[-1]:g}; scale it to 0 at baseline and "
            "to 1 at the design's week"
        )
    return shape


def covariance(
    shape: Array, level_sd: ArrayLike, response_sd: ArrayLike, correlation: ArrayLike, residual_sd: ArrayLike
) -> Array:
    """Return V (..., visit, visit) for SDs and a correlation of any common shape (...).

    Examples
    --------
    >>> covariance(np.array([0.0, 1.0]), 3.0, 4.0, 0.0, 1.0)
    array([[10.,  9.],
           [ 9., 26.]])
    """
    level, response, rho, residual = (
        np.asarray(each, dtype=float)[..., None, None]
        for each in (level_sd, response_sd, correlation, residual_sd)
    )
    across, down = shape[None, :], shape[:, None]
    patients = level**2 + rho * level * response * (across + down) + response**2 * across * down
    return np.asarray(patients + residual**2 * np.eye(shape.size))


def factors(v: Array) -> Factors:
    """Return the factors of V.

    Examples
    --------
    >>> d, a, last = factors(np.array([[10.0, 9.0], [9.0, 26.0]]))
    >>> d.round(9).tolist(), last.round(9).tolist()
    ([10.0, 17.9], [0.9, 1.0])
    """
    root = np.linalg.cholesky(v)
    scale = np.diagonal(root, axis1=-2, axis2=-1)
    lower = root / scale[..., None, :]
    return Factors(scale**2, np.linalg.inv(lower), lower[..., -1, :])
