"""Patients integrated out of a joint model in which every correlation of their scores is free.

With x = L e, e ~ N(0, I), the 2K scores of a patient's levels and responses, levels first
(:mod:`ra_bayes.model.joint_ties`), and X the rows of L times baseline_sd or response_sd, the records less
their mean are X_k e + X_K+k e r_j + noise. So with Q_k and h_k of :mod:`ra_bayes.model.joint_integrated`, M
the matrix of all Q_k and h the vector of all h_k,

    log p(y) = sum over outcomes of [ n/2 log(tau / 2 pi) - 1/2 tau sum e^2 ] - 1/2 log|G| + 1/2 p' G^-1 p
    G = I + X'MX        p = X'h

and afterwards e | y ~ N(G^-1 p, G^-1). G depends on which visits were recorded, not on what: patients with
records at the same visits share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.model.joint_ties import Join

__all__ = ["draw_own_scores", "patterns", "precision", "pull"]

type Array = NDArray[np.float64]


def patterns(seen: Array) -> dict[str, np.ndarray]:
    """Return what is different in which visits of patients were recorded.

    Parameters
    ----------
    seen
        1 where there is a record, else 0 (outcome, patient, visit).

    Returns
    -------
    dict of ndarray
        ``pattern_seen`` (outcome, pattern, visit), and of each patient the number of their ``pattern``.
    """
    by_patient = np.moveaxis(seen, 1, 0).reshape(seen.shape[1], -1)
    found, of = np.unique(by_patient, axis=0, return_inverse=True)
    shape = found.shape[0], seen.shape[0], seen.shape[2]
    return {"pattern_seen": np.moveaxis(found.reshape(shape), 0, 1), "pattern": of.ravel()}


def precision(values: Mapping[str, Any], seen: Any, outcomes: int, join: Join) -> Any:
    """Return G (..., pattern, 2 outcomes, 2 outcomes).

    Parameters
    ----------
    values
        The population's parameters, from :func:`~ra_bayes.model.joint_values.population_values`.
    seen
        Of :func:`patterns` (outcome, pattern, visit).
    outcomes
        How many there are.
    join
        Concatenates along an axis.
    """
    shape, tau = values["response_shape"][..., None, :], values["residual_sd"][..., None] ** -2.0
    level, between, response = (
        _patterns_first(tau * (seen * shape**power).sum(axis=-1))[..., None] for power in (0, 1, 2)
    )
    rows = _rows(values, join)[..., None, :, :]
    of_level, of_response = rows[..., :outcomes, :], rows[..., outcomes:, :]
    weighted = join(
        [level * of_level + between * of_response, between * of_level + response * of_response], -2
    )
    return np.eye(2 * outcomes) + rows.swapaxes(-1, -2) @ weighted


def pull(values: Mapping[str, Any], residual: Any, join: Join) -> Any:
    """Return p (..., 2 outcomes, patient), from records less their mean (..., outcome, patient, visit)."""
    shape, tau = values["response_shape"][..., None, :], values["residual_sd"][..., None] ** -2.0
    h = join([tau * residual.sum(axis=-1), tau * (residual * shape).sum(axis=-1)], -2)
    return _rows(values, join).swapaxes(-1, -2) @ h


def draw_own_scores(
    values: Mapping[str, Any], residual: Array, numbers: Mapping[str, np.ndarray], rng: np.random.Generator
) -> Array:
    """Draw e (..., 2 outcomes, patient) given the records less their mean.

    Parameters
    ----------
    values, residual
        As for :func:`pull`.
    numbers
        What :func:`patterns` returns.
    rng
        Random numbers.
    """
    seen = numbers["pattern_seen"]
    factor = np.linalg.cholesky(precision(values, seen, seen.shape[0], _join))
    factor = factor[..., numbers["pattern"], :, :]
    at = np.swapaxes(pull(values, residual, _join), -1, -2)[..., None]
    solved = np.linalg.solve(factor, at) + rng.normal(size=at.shape)
    own = np.linalg.solve(np.swapaxes(factor, -1, -2), solved)[..., 0]
    return np.swapaxes(own, -1, -2)


def _join(parts: list[Any], axis: int) -> Any:
    return np.concatenate(parts, axis=axis)


def _rows(values: Mapping[str, Any], join: Join) -> Any:
    """Return X (..., 2 outcomes, 2 outcomes)."""
    return join([values["baseline_sd"], values["response_sd"]], -1)[..., None] * values["factor"]


def _patterns_first(of_outcome: Any) -> Any:
    """Turn (..., outcome, pattern) into (..., pattern, outcome)."""
    return of_outcome.swapaxes(-1, -2)
