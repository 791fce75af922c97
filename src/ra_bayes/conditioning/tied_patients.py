"""How much more probable a patient's records are once it is known how well they respond.

In a fit of one outcome patient j's records on the link's scale are, given the population's parameters,

    y*_t = M_t + p_t z + q_t v + e_t,    p_t = baseline_sd + response_sd r_t rho,
                                         q_t = response_sd r_t sqrt(1 - rho^2),

with z, v ~ N(0, 1), e_t ~ N(0, residual_sd^2). That other outcomes' records say something of this patient
means that v ~ N(m, s^2) instead. z and v can be integrated out: with z gone, what the records say of v is

    exp(h v - k v^2 / 2),    k = S_qq - S_pq^2 / (1 + S_pp),    h = S_qy - S_pq S_py / (1 + S_pp),

where S_ab = sum_t a_t b_t / residual_sd^2 and y is y* - M, so that

    p(y* | v ~ N(m, s^2))      (1 + k)^(1/2)          ( h^2 s^2 + 2 h m - k m^2        h^2    )
    ---------------------  =  --------------- exp 1/2 ( ------------------------  -  -------- ).
    p(y* | v ~ N(0, 1))       (1 + k s^2)^(1/2)       (        1 + k s^2              1 + k   )

The ratio depends on the population's parameters alone: as a weight it varies far less than the ratio of the
densities of a draw's own v, whose mean over v it is (Rao-Blackwell; Casella & Robert 1996, Biometrika 83:81).
A record that is an interval is drawn within it, given the draw's own z and v (Tanner & Wong 1987, JASA
82:528). In a binary outcome it is the level z that is tied, and there is no v.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.model.likelihoods import CELL, MISSED
from ra_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["log_ratio_of_records"]

type Array = NDArray[np.float64]


def log_ratio_of_records(
    fit: xr.DataTree, page: ModelSpec, mean: Array, sd: float, rng: np.random.Generator
) -> Array:
    """Return the log of p(records | scores tied) / p(records | scores not tied) for each draw of a fit.

    Parameters
    ----------
    fit
        A fit of one outcome.
    page
        Its page.
    mean, sd
        Mean of each patient's response score (patient), in the fit's order, and its SD: 0 and 1 if not tied.
    rng
        Random numbers for records that are intervals.

    Returns
    -------
    ndarray
        Shape (chain, draw).
    """
    node, data = fit["posterior"].to_dataset(), fit["constant_data"].to_dataset()

    def scalar(name: str) -> Array:
        """Return a parameter that may be fixed, ready for patients and visits (chain, draw, 1, 1)."""
        values = node[name].to_numpy() if name in node else page.prior(name).numbers[0]
        return np.broadcast_to(values, node["baseline_mean"].shape)[..., None, None]

    typical = scalar("baseline_mean") + node["mean_change"].to_numpy()[..., None, :]
    shape = node["response_shape"].to_numpy()[..., None, :]
    noise = scalar("residual_sd")
    expected = (
        node["patient_level"].to_numpy()[..., None]
        + node["mean_change"].to_numpy()[..., None, :]
        + node["patient_response"].to_numpy()[..., None] * shape
    )
    kind = data["kind"].to_numpy()
    seen = (kind != MISSED) / noise**2
    residual = _latent(data, kind, expected, noise, rng) - typical
    if page.binary:
        on_score = np.broadcast_to(scalar("baseline_sd"), residual.shape)
        k, h = (seen * on_score**2).sum(axis=-1), (seen * on_score * residual).sum(axis=-1)
    else:
        # A response that is fixed at none has no correlation.
        rho = scalar("correlation") if "correlation" in node else 0.0
        response = scalar("response_sd") * shape
        level, own = scalar("baseline_sd") + rho * response, np.sqrt(1.0 - rho**2) * response
        pp, pq, qq, py, qy = (
            (seen * one * other).sum(axis=-1)
            for one, other in (
                (level, level), (level, own), (own, own), (level, residual), (own, residual)
            )
        )  # fmt: skip
        k, h = qq - pq**2 / (1.0 + pp), qy - pq * py / (1.0 + pp)
    shrunk = 1.0 + k * sd**2
    tied = (h**2 * sd**2 + 2.0 * h * mean - k * mean**2) / shrunk - np.log(shrunk)
    return np.asarray(0.5 * (tied - h**2 / (1.0 + k) + np.log1p(k)).sum(axis=-1))


def _latent(
    data: xr.Dataset, kind: NDArray[np.float64], expected: Array, noise: Array, rng: np.random.Generator
) -> Array:
    """Return the records on the link's scale; those that are intervals are drawn within them."""
    low, high = data["low"].to_numpy(), data["high"].to_numpy()
    out = np.broadcast_to(np.where(kind == MISSED, 0.0, low), expected.shape).copy()
    cell = kind == CELL
    if cell.any():
        sd = np.broadcast_to(noise, expected.shape)[..., cell]
        centre = expected[..., cell]
        out[..., cell] = centre + sd * _truncated((low[cell] - centre) / sd, (high[cell] - centre) / sd, rng)
    return out


def _truncated(low: Array, high: Array, rng: np.random.Generator) -> Array:
    """Draw standard normals between two ends, by the quantile function of the tail they are in."""
    right = low + high > 0.0
    far, near = np.where(right, -high, low), np.where(right, -low, high)
    log_far, log_near = special.log_ndtr(far), special.log_ndtr(near)
    # log(F(far) + u (F(near) - F(far))): of the two ends only the near one counts where they are far apart.
    share = np.exp(log_far - log_near)
    log_p = log_near + np.log(share + rng.random(low.shape) * (1.0 - share))
    drawn = np.clip(special.ndtri_exp(log_p), far, near)
    return np.asarray(np.where(right, -drawn, drawn))
