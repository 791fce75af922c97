"""What ties the outcomes of a patient in a joint model of records: two factors, or every correlation.

Of outcome k and patient i, z_ki is the score of the level and v_ki that of the response
(:mod:`~ra_bayes.model.predictor`), s_k the direction of benefit. With *factors*,

    z_ki = c_k g_i + sqrt(1 - c_k^2) u_ki        c_k = s_k baseline_loading_k
    v_ki = a_k f_i + sqrt(1 - a_k^2) w_ki        a_k = s_k loading_k          g_i, f_i, u_ki, w_ki ~ N(0, 1)

so that every outcome alone is as its page says. A binary outcome has no response: there the level is the
response, z_ki = a_k f_i + sqrt(1 - a_k^2) u_ki. An outcome without a direction of benefit has s_k = 0.

Levels that their visits pin are sampled as they are. The baseline factor is then integrated out: the scores z
of a patient are normal with covariance diag(1 - c^2) + c c', of which (Sherman and Morrison 1950, Woodbury)

    q = sum z_k^2 / (1 - c_k^2) - S^2 / (1 + T)
    S = sum c_k z_k / (1 - c_k^2),    T = sum c_k^2 / (1 - c_k^2)
    log density = -1/2 [ q + sum log(1 - c_k^2) + log(1 + T) + K log(2 pi) ],

and afterwards g_i | z ~ N(S / (1 + T), 1 / (1 + T)).

With *every correlation*, all 2K scores x = (levels, responses) have x_i = L e_i, e_i ~ N(0, I), and L L' is
LKJ(eta): its partial correlations p_ij, j < i, given the j - 1 first, are independent with

    (p_ij + 1) / 2 ~ Beta(b_j, b_j),    b_j = eta + (2K - 1 - j) / 2
    L_ij = p_ij prod over k < j of sqrt(1 - p_ik^2)

(Lewandowski, Kurowicka and Joe 2009, J Multivar Anal 100:1989). The correlation of level and response on the
outcome's page then has no prior of its own: each marginal one is Beta(eta + K - 1, eta + K - 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ra_bayes.model.namespace import Namespace

__all__ = [
    "Scores",
    "baseline_factor_given",
    "factor_scores",
    "lkj_factor",
    "lkj_shapes",
    "log_density_of_levels",
    "matrix_scores",
    "response_loadings",
    "whitened",
]

_LOG_2PI = float(np.log(2.0 * np.pi))

type Join = Callable[[list[Any], int], Any]


class Scores(NamedTuple):
    """Standard normal scores of levels and of responses (..., outcome, patient).

    ``correlation`` of level and response (..., outcome) is None where each outcome's page has its own.
    """

    level: Any
    response: Any
    correlation: Any


def factor_scores(
    level: Any | None, raw: Mapping[str, Any], loadings: Mapping[str, Any], join: Join
) -> Scores:
    """Return the scores that two factors tie.

    Parameters
    ----------
    level
        Scores z of the measured outcomes where levels are sampled as they are; else None, and they are
        composed of ``baseline_factor`` and ``patient_level_z``.
    raw
        ``responder_factor`` (..., patient), ``patient_response_z`` (..., measured outcome, patient) and, of
        binary outcomes if there are any, ``rate_level_z``.
    loadings
        ``response`` and ``level`` (..., measured outcome), ``rate`` (..., binary outcome): a and c above.
    join
        Concatenates along an axis.
    """
    if level is None:
        level = _composed(loadings["level"], raw["baseline_factor"], raw["patient_level_z"])
    response = _composed(loadings["response"], raw["responder_factor"], raw["patient_response_z"])
    if "rate_level_z" in raw:
        rate = _composed(loadings["rate"], raw["responder_factor"], raw["rate_level_z"])
        level, response = join([level, rate], -2), join([response, 0.0 * rate], -2)
    return Scores(level, response, None)


def _composed(loading: Any, factor: Any, own: Any) -> Any:
    loading = loading[..., None]
    return loading * factor[..., None, :] + (1.0 - loading**2) ** 0.5 * own


def log_density_of_levels(score: Any, loading: Any, ns: Namespace) -> Any:
    """Return the log density of level scores, the baseline factor integrated out (..., patient).

    Parameters
    ----------
    score
        z (..., outcome, patient).
    loading
        c (..., outcome).
    ns
        NumPy's or PyTensor's functions.
    """
    own = 1.0 - loading**2
    total, shared = _sums(score, loading)
    square = (score**2 / own[..., None]).sum(axis=-2) - total**2 / (1.0 + shared)
    log_det = ns.log(own).sum(axis=-1)[..., None] + ns.log(1.0 + shared)
    return -0.5 * (square + log_det + score.shape[-2] * _LOG_2PI)


def baseline_factor_given(score: Any, loading: Any, noise: Any) -> Any:
    """Return draws of the baseline factor given the levels' scores, from standard normal `noise`."""
    total, shared = _sums(score, loading)
    return total / (1.0 + shared) + noise / (1.0 + shared) ** 0.5


def _sums(score: Any, loading: Any) -> tuple[Any, Any]:
    own = (1.0 - loading**2)[..., None]
    return (loading[..., None] * score / own).sum(axis=-2), (loading**2 / own[..., 0]).sum(axis=-1)[..., None]


def response_loadings(correlation: Any, loadings: Mapping[str, Any], join: Join) -> tuple[Any, Any]:
    """Return how far each outcome's response goes with the two factors (..., outcome): baseline, responder.

    Of a measured outcome the response is rho z + sqrt(1 - rho^2) v, of a binary one it is its level, so that
    responses of two outcomes are correlated by the sum of both products.
    """
    baseline = correlation * loadings["level"]
    responder = (1.0 - correlation**2) ** 0.5 * loadings["response"]
    if "rate" not in loadings:
        return baseline, responder
    return join([baseline, 0.0 * loadings["rate"]], -1), join([responder, loadings["rate"]], -1)


def lkj_shapes(size: int, concentration: float) -> np.ndarray:
    """Return Beta's b of every partial correlation, row by row of the lower triangle."""
    return np.array([concentration + (size - 2 - j) / 2.0 for i in range(size) for j in range(i)])


def _lkj_places(size: int) -> np.ndarray:
    """Return where each entry finds its partial correlation; 0 above the diagonal, 1 on it."""
    places = np.zeros((size, size), dtype=int)
    places[np.tril_indices(size, -1)] = np.arange(size * (size - 1) // 2) + 2
    np.fill_diagonal(places, 1)
    return places


def lkj_factor(unit: Any, size: int, ns: Namespace, join: Join) -> Any:
    """Return the Cholesky factor L (..., size, size) from the partial correlations' (p + 1) / 2."""
    zero = 0.0 * unit[..., :1]
    partial = join([zero, zero + 1.0, 2.0 * unit - 1.0], -1)[..., _lkj_places(size)]
    # What is left of an entry's row: of the diagonal, which is 1, nothing is asked.
    off = np.tril(np.ones((size, size)), -1)
    log_rest = ns.log(1.0 - off * partial**2)
    before = np.tril(np.ones((size, size)), -1)  # of column j, the columns k < j
    return partial * ns.exp(0.5 * (log_rest[..., None, :] * before).sum(axis=-1))


def whitened(factor: Any, score: Any, outcomes: int, join: Join) -> Any:
    """Return e of the first scores, solved forward: x = L e (..., outcome, patient)."""
    found: list[Any] = []
    for k in range(outcomes):
        rest = score[..., k, :]
        for j, each in enumerate(found):
            rest = rest - factor[..., k, j][..., None] * each
        found.append(rest / factor[..., k, k][..., None])
    return join([each[..., None, :] for each in found], -2)


def matrix_scores(factor: Any, own: Any, outcomes: int) -> Scores:
    """Return the scores under an unstructured correlation matrix.

    Parameters
    ----------
    factor
        L (..., 2 outcomes, 2 outcomes): levels first, then responses.
    own
        e (..., 2 outcomes, patient).
    outcomes
        How many there are.
    """
    scores = factor @ own
    level, response = scores[..., :outcomes, :], scores[..., outcomes:, :]
    rho = (factor[..., outcomes:, :] * factor[..., :outcomes, :]).sum(axis=-1)
    left = (response - rho[..., None] * level) / ((1.0 - rho**2) ** 0.5)[..., None]
    return Scores(level, left, rho)
