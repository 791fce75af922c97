"""Residuals that are alike at visits near in time: AR(1) by true gaps, also where records are cells.

    e_ij ~ Normal(0, residual_sd^2),    Corr(e_ij, e_ik) = rho^(|t_j - t_k| / gap)

rho is the correlation of a patient's residuals `gap` weeks apart, 0 < rho < 1. e is a stationary
Ornstein-Uhlenbeck process seen at the visits, and Markov: with eps = e / residual_sd and phi_k the
correlation with the record before,

    eps_k | eps_(k-1) ~ Normal(phi_k eps_(k-1), 1 - phi_k^2),        phi = 0 for a patient's first record.

A missed visit needs nothing: the gap to the next record is longer. Where the record is a point, eps is known.
In a cell a < eps < b it is not. It is sampled, through a standard normal score s that places it by its
*marginal* distribution, which needs no recursion over visits:

    eps = Phi^-1( Phi(a) + Phi(s) (Phi(b) - Phi(a)) ),    d eps / d Phi(s) = (Phi(b) - Phi(a)) / phi(eps).

So a cell has the term  log(Phi(b) - Phi(a)) - log phi(eps) + log Normal(eps; phi_k eps_(k-1), 1 - phi_k^2).
Integrated over the scores, the likelihood is the exact probability of a patient's cells together with the
density of their points. With rho = 0 the last two parts cancel and leave the term of independent residuals.
(To place each cell by its distribution given the one before, as Geweke, Hajivassiliou and Keane do, has the
same integral.)

A leave-one-out prediction of a record is from *all* others of its patient. By the Markov property those are
the ones before and after (Bürkner, Gabry and Vehtari 2021, Comput Stat 36:1243):

    eps_k | rest ~ Normal(m / w, 1 / w),    w = 1 / c_k + phi_(k+1)^2 / c_(k+1),
    m = phi_k eps_(k-1) / c_k + phi_(k+1) eps_(k+1) / c_(k+1),    c = 1 - phi^2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.model.likelihoods.normal import CELL, MISSED, log_cell, log_point
from ra_bayes.model.namespace import NUMPY, Namespace
from ra_bayes.model.priors import Parameter

__all__ = [
    "AUTOCORRELATION",
    "Autoregressive",
    "correlated_noise",
    "drawn_given_others",
    "log_density",
    "log_density_by_record",
    "log_given_others",
    "sequence",
]

type Array = NDArray[np.float64]

AUTOCORRELATION = Parameter(
    "autocorrelation", "proportion", "correlation of a patient's residuals the stated gap apart"
)

_LOG_SQRT_2PI = 0.5 * float(np.log(2.0 * np.pi))
# Probabilities whose normal quantile is a number.
_LEAST, _MOST = 1e-300, 1.0 - 1e-16


@dataclass(frozen=True, slots=True)
class Autoregressive:
    """AR(1) residuals of a page.

    Parameters
    ----------
    gap
        Weeks apart of two records whose residuals have the correlation ``autocorrelation``.
    """

    gap: float

    def correlation(self, autocorrelation: Array, weeks: Array) -> Array:
        """Return the correlation of residuals so many weeks apart (..., week)."""
        return np.asarray(autocorrelation[..., None] ** (weeks / self.gap))


def sequence(kind: Array, low: Array, high: Array, weeks: Array, gap: float) -> dict[str, np.ndarray]:
    """Return every record, patient by patient and visit by visit, with the one before it.

    Parameters
    ----------
    kind, low, high
        Of a :class:`~ra_bayes.model.records.Grid` (patient, visit).
    weeks
        Of the visits.
    gap
        Weeks at which the correlation is told.

    Returns
    -------
    dict of ndarray
        ``record_at``: place on the flattened grid; ``record_low``, ``record_high``; ``record_cell``: 1 for a
        cell; ``record_before``: place in this list of the patient's record before; ``record_follows``: 1 if
        there is one; ``record_gap``: how far it is, in gaps (record).
    """
    patient, visit = np.nonzero(kind != MISSED)
    follows = np.concatenate([[False], patient[1:] == patient[:-1]])[: patient.size]
    order = np.arange(patient.size)
    before = np.where(follows, order - 1, order)
    apart = np.where(follows, (weeks[visit] - weeks[visit[before]]) / gap, 1.0)
    at = patient, visit
    return {
        "record_at": np.ravel_multi_index(at, kind.shape),
        "record_low": low[at],
        "record_high": high[at],
        "record_cell": (kind[at] == CELL).astype(float),
        "record_before": before,
        "record_follows": follows.astype(float),
        "record_gap": apart,
    }


def log_density(
    values: Mapping[str, Any], mu: Any, score: Any | None, made: Mapping[str, Any], ns: Namespace
) -> Any:
    """Return each record's term of the joint log density of records and scores (..., record).

    Parameters
    ----------
    values
        ``residual_sd`` and ``autocorrelation``.
    mu
        Expected values of the records (..., record).
    score
        Standard normal scores that place residuals in their cells (..., record); None if no record is a cell.
    made
        The records, from :func:`sequence`.
    ns
        NumPy's or PyTensor's functions.
    """
    by_record = {name: values[name][..., None] for name in ("residual_sd", "autocorrelation")}
    return log_density_by_record(by_record, mu, score, made, ns)


def log_density_by_record(
    values: Mapping[str, Any], mu: Any, score: Any | None, made: Mapping[str, Any], ns: Namespace
) -> Any:
    """Return what :func:`log_density` does where each record has values of its own (..., record)."""
    sd = values["residual_sd"]
    eps = _scaled(sd, mu, score, made, ns)
    phi, spare = _links(values["autocorrelation"], made, ns)
    of_chain = -0.5 * (eps - phi * eps[..., made["record_before"]]) ** 2 / spare - 0.5 * ns.log(spare)
    if score is None:
        return of_chain - ns.log(sd) - _LOG_SQRT_2PI
    is_cell = made["record_cell"] > 0.5
    low, high = _ends_of_cells(sd, mu, made, ns)
    # A point has its density, a cell its probability over the density of eps at its place.
    own = ns.where(is_cell, log_cell(low, high, 0.0, 1.0, ns) + 0.5 * eps**2, -ns.log(sd) - _LOG_SQRT_2PI)
    return of_chain + own


def log_given_others(
    values: Mapping[str, Any], mu: Array, score: Array | None, made: Mapping[str, Any]
) -> Array:
    """Return the log density of each record given all others of its patient (..., record).

    In place of a neighbour that is a cell stands the residual drawn in it. The terms do not add up to the
    likelihood of all records; they are what leave-one-out needs.
    """
    middle, own_sd = _given_others(values, mu, score, made)
    out = np.empty(middle.shape)
    cell = made["record_cell"] > 0.5
    low, high = made["record_low"], made["record_high"]
    out[..., ~cell] = log_point(low[~cell], middle[..., ~cell], own_sd[..., ~cell], NUMPY)
    out[..., cell] = log_cell(low[cell], high[cell], middle[..., cell], own_sd[..., cell], NUMPY)
    return out


def drawn_given_others(
    values: Mapping[str, Any],
    mu: Array,
    score: Array | None,
    made: Mapping[str, Any],
    rng: np.random.Generator,
) -> Array:
    """Draw each record g(y*) anew given all others of its patient (..., record)."""
    middle, own_sd = _given_others(values, mu, score, made)
    return np.asarray(middle + own_sd * rng.normal(size=middle.shape))


def _given_others(
    values: Mapping[str, Any], mu: Array, score: Array | None, made: Mapping[str, Any]
) -> tuple[Array, Array]:
    """Return mean and SD of each record given all others of its patient (..., record)."""
    sd = values["residual_sd"][..., None]
    eps = _scaled(sd, mu, score, made, NUMPY)
    phi, spare = _links(values["autocorrelation"][..., None], made, NUMPY)
    before = made["record_before"]
    precision, pull = 1.0 / spare, phi * eps[..., before] / spare
    later = np.flatnonzero(made["record_follows"] > 0.5)
    earlier = before[later]  # each record comes before one other at most
    link, left = phi[..., later], spare[..., later]
    precision[..., earlier] += link**2 / left
    pull[..., earlier] += link * eps[..., later] / left
    return mu + sd * pull / precision, sd / np.sqrt(precision)


def correlated_noise(
    values: Mapping[str, Array], shape: tuple[int, ...], weeks: Array, gap: float, rng: np.random.Generator
) -> Array:
    """Draw residuals at every visit, shape (..., patient, visit)."""
    rho = np.asarray(values["autocorrelation"])[..., None]
    noise = rng.normal(size=shape)
    for j, apart in enumerate(np.diff(weeks), start=1):
        phi = rho ** (apart / gap)
        noise[..., j] = phi * noise[..., j - 1] + np.sqrt(1.0 - phi**2) * noise[..., j]
    return np.asarray(np.asarray(values["residual_sd"])[..., None, None] * noise)


def _links(autocorrelation: Any, made: Mapping[str, Any], ns: Namespace) -> tuple[Any, Any]:
    """Return the correlation with the record before, and one less its square."""
    log_phi = ns.log(autocorrelation) * made["record_gap"]
    follows = made["record_follows"] > 0.5
    return made["record_follows"] * ns.exp(log_phi), ns.where(follows, -ns.expm1(2.0 * log_phi), 1.0)


def _scaled(sd: Any, mu: Any, score: Any | None, made: Mapping[str, Any], ns: Namespace) -> Any:
    """Return eps: the residual over its SD, in a cell at the place that its score gives it."""
    known = (made["record_low"] - mu) / sd
    if score is None:
        return known
    low, high = _ends_of_cells(sd, mu, made, ns)
    # Mirrored into the left tail, where Phi keeps its digits.
    right = low + high > 0.0
    far, near = ns.ndtr(ns.where(right, -high, low)), ns.ndtr(ns.where(right, -low, high))
    place = far + ns.ndtr(ns.where(right, -score, score)) * (near - far)
    place = ns.minimum(ns.where(place > _LEAST, place, _LEAST), _MOST)
    inside = ns.ndtri(place)
    return ns.where(made["record_cell"] > 0.5, ns.where(right, -inside, inside), known)


def _ends_of_cells(sd: Any, mu: Any, made: Mapping[str, Any], ns: Namespace) -> tuple[Any, Any]:
    """Return the scaled ends of cells; for points those of some cell, so that no gradient is NaN."""
    is_cell = made["record_cell"] > 0.5
    return (
        ns.where(is_cell, (made["record_low"] - mu) / sd, -1.0),
        ns.where(is_cell, (made["record_high"] - mu) / sd, 1.0),
    )
