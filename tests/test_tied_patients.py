"""Records' probability given how well a patient responds, against quadrature over the scores."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from ra_bayes.conditioning.tied_patients import log_ratio_of_records
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.likelihoods import CELL, MISSED, POINT, UNBOUNDED

WEEKS = np.array([0.0, 4.0, 12.0, 24.0])
CHANGE = np.array([0.0, -3.0, -8.0, -6.0])
SHAPE = np.sqrt(WEEKS / 24.0)
MEAN, LEVEL_SD, RESPONSE_SD, RHO, NOISE = 60.0, 14.0, 18.0, -0.3, 7.0
# Nodes of patients' scores, and their standard normal weights.
NODES = np.linspace(-7.0, 7.0, 281)
WEIGHTS = stats.norm.pdf(NODES) * (NODES[1] - NODES[0])


def fit(low: np.ndarray, high: np.ndarray, level: np.ndarray, response: np.ndarray) -> xr.DataTree:
    """Lay draws of the scores out as a fit: known parameters, records (patient, visit), draws of effects."""
    kind = np.where(np.isnan(low), MISSED, np.where(low == high, POINT, CELL)).astype(float)
    draws = level.shape[0]
    known = {
        "baseline_mean": MEAN,
        "baseline_sd": LEVEL_SD,
        "response_sd": RESPONSE_SD,
        "correlation": RHO,
        "residual_sd": NOISE,
    }
    lead = ("chain", "draw")
    posterior = {name: (lead, np.full((1, draws), value)) for name, value in known.items()}
    posterior |= {
        name: ((*lead, "visit"), np.broadcast_to(value, (1, draws, WEEKS.size)))
        for name, value in (("mean_change", CHANGE), ("response_shape", SHAPE))
    }
    posterior |= {
        name: ((*lead, "patient"), value[None])
        for name, value in (("patient_level", level), ("patient_response", response))
    }
    data = {
        name: (("patient", "visit"), value) for name, value in (("low", low), ("high", high), ("kind", kind))
    }
    return xr.DataTree.from_dict({"posterior": xr.Dataset(posterior), "constant_data": xr.Dataset(data)})


def likelihood(low: np.ndarray, high: np.ndarray, z: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the probability of one patient's records given the scores, record by record."""
    out = np.ones(np.broadcast_shapes(z.shape, v.shape))
    for t in np.flatnonzero(~np.isnan(low)):
        own = RHO * z + np.sqrt(1.0 - RHO**2) * v
        mu = MEAN + CHANGE[t] + LEVEL_SD * z + RESPONSE_SD * SHAPE[t] * own
        if low[t] == high[t]:
            out = out * stats.norm.pdf(low[t], mu, NOISE)
        else:
            out = out * (special.ndtr((high[t] - mu) / NOISE) - special.ndtr((low[t] - mu) / NOISE))
    return out


def marginal(low: np.ndarray, high: np.ndarray, mean: float, sd: float) -> float:
    """Return the probability of a patient's records if v ~ N(mean, sd^2)."""
    values = likelihood(low, high, NODES[:, None], mean + sd * NODES)
    return float(WEIGHTS @ values @ WEIGHTS)


@pytest.fixture
def page() -> ModelSpec:
    return load_model("vas")


@pytest.mark.parametrize(("mean", "sd"), [((0.9, -1.4), 0.44), ((-0.2, 0.1), 0.98), ((1.5, -2.0), 0.02)])
def test_scores_are_integrated_out(page: ModelSpec, mean: tuple[float, float], sd: float) -> None:
    records = np.array([[71.0, 60.0, 44.0, 30.0], [40.0, np.nan, 52.0, 58.0]])
    effects = np.zeros((1, 2))
    ratio = log_ratio_of_records(
        fit(records, records, MEAN + effects, effects), page, np.array(mean), sd, np.random.default_rng(1)
    )
    exact = sum(
        np.log(marginal(row, row, m, sd) / marginal(row, row, 0.0, 1.0))
        for row, m in zip(records, mean, strict=True)
    )
    assert ratio.shape == (1, 1)
    assert ratio.item() == pytest.approx(exact, abs=1e-6)


def test_scores_that_are_not_tied_change_nothing(page: ModelSpec) -> None:
    records = np.array([[71.0, 60.0, 44.0, 30.0]])
    zero = np.zeros((3, 1))
    ratio = log_ratio_of_records(
        fit(records, records, zero, zero), page, np.zeros(1), 1.0, np.random.default_rng(1)
    )
    np.testing.assert_allclose(ratio, 0.0, atol=1e-12)


def test_records_that_are_intervals_are_drawn_within_them(page: ModelSpec) -> None:
    """The mean of the ratio over the posterior of a patient's scores is the ratio of the probabilities."""
    low = np.array([[95.0, 70.0, 62.5, -UNBOUNDED]])
    high = np.array([[UNBOUNDED, 70.0, 67.5, 40.0]])
    rng, size = np.random.default_rng(2), 40_000
    posterior = likelihood(low[0], high[0], NODES[:, None], NODES) * WEIGHTS[:, None] * WEIGHTS
    chosen = rng.choice(posterior.size, size, p=(posterior / posterior.sum()).ravel())
    z, v = NODES[chosen // NODES.size], NODES[chosen % NODES.size]
    response = RESPONSE_SD * (RHO * z + np.sqrt(1.0 - RHO**2) * v)
    tree = fit(low, high, (MEAN + LEVEL_SD * z)[:, None], response[:, None])
    ratio = np.exp(log_ratio_of_records(tree, page, np.array([-1.1]), 0.6, rng)).ravel()
    exact = marginal(low[0], high[0], -1.1, 0.6) / marginal(low[0], high[0], 0.0, 1.0)
    assert exact > 1.5
    assert abs(ratio.mean() - exact) < 4.0 * ratio.std() / np.sqrt(size)
    # The densities of the draws' own scores have the same mean, and vary more.
    own = stats.norm.pdf(v, -1.1, 0.6) / stats.norm.pdf(v)
    assert abs(own.mean() - exact) < 4.0 * own.std() / np.sqrt(size) + 0.01
    assert ratio.std() < 0.8 * own.std()


def test_the_level_of_a_binary_outcome_is_tied() -> None:
    answers, rng, size = np.array([1.0, 1.0, 0.0, 1.0]), np.random.default_rng(3), 40_000
    low, high = np.where(answers > 0, 0.0, -UNBOUNDED), np.where(answers > 0, UNBOUNDED, 0.0)
    mean, spread, m, sd = -0.4, 0.9, 1.2, 0.5

    def chance(z: np.ndarray) -> np.ndarray:
        sign = 2.0 * answers - 1.0
        return np.asarray(special.ndtr(sign * (mean + spread * z[:, None])).prod(axis=1))

    weight = chance(NODES) * WEIGHTS
    z = rng.choice(NODES, size, p=weight / weight.sum())
    exact = chance(m + sd * NODES) @ WEIGHTS / weight.sum()
    tree = fit(low[None], high[None], (mean + spread * z)[:, None], np.zeros((size, 1)))
    known = tree["posterior"].to_dataset().drop_vars(["response_sd", "residual_sd", "correlation"])
    known["baseline_mean"] = known["baseline_mean"] * 0.0 + mean
    known["baseline_sd"] = known["baseline_sd"] * 0.0 + spread
    known["mean_change"] = known["mean_change"] * 0.0
    tree["posterior"] = xr.DataTree(known)
    ratio = np.exp(log_ratio_of_records(tree, load_model("acr20"), np.array([m]), sd, rng)).ravel()
    assert abs(ratio.mean() - exact) < 4.0 * ratio.std() / np.sqrt(size)
