"""Posteriors known without a sampler: Gaussian ones in closed form, censored ones by quadrature.

One structure (a line over five visits of six patients) serves all, so it is compiled once.
"""

from __future__ import annotations

from typing import Any

import arviz as az
import numpy as np
import pytest
import xarray as xr
from pages import cohort, spec
from scipy import special, stats

from ra_bayes.diagnostics import diagnose
from ra_bayes.inference import fit
from ra_bayes.model import ModelSpec
from ra_bayes.model.likelihoods import UNBOUNDED
from ra_bayes.model.records import Grid, grid

pytestmark = pytest.mark.mcmc

WEEKS = np.array([0.0, 4.0, 8.0, 16.0, 24.0])
PATIENTS = 6
# A quantity is off by more than 4.5 of its Monte Carlo errors once in 150,000; some 40 are compared.
MAX_Z = 4.5


def simulated(seed: int) -> np.ndarray:
    """Records of six patients who start at 10 and fall by 4, on average, in 24 weeks."""
    rng = np.random.default_rng(seed)
    level = rng.normal(10.0, 3.0, PATIENTS)
    change = -4.0 - 0.5 * (level - 10.0) + rng.normal(0.0, 1.5, PATIENTS)
    return level[:, None] + change[:, None] * WEEKS / 24.0 + rng.normal(0.0, 1.5, (PATIENTS, WEEKS.size))


def fitted(model: ModelSpec, rows: list[tuple[Any, ...]]) -> tuple[xr.DataTree, Grid]:
    made = cohort(rows, model)
    tree = fit(model, made, seed=8, draws=2000, cores=2)
    assert diagnose(tree).passed
    return tree, grid(model, made)


def z_scores(tree: xr.DataTree, exact: dict[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """How many Monte Carlo errors the means and SDs of the draws are from the exact ones."""
    scores = []
    for name, (mean, sd) in exact.items():
        drawn = tree["posterior"].to_dataset()[[name]]
        over = ("chain", "draw")
        moments = {"mean": (drawn.mean(over), mean), "sd": (drawn.std(over), sd)}
        for method, (value, truth) in moments.items():
            error = az.mcse(drawn, method=method)[name].values
            scores.append(np.ravel((value[name].values - truth) / error))
    return np.concatenate(scores)


def test_gaussian_posterior_with_unknown_correlation_and_noise() -> None:
    """Given correlation and noise all is Gaussian; those two are summed out."""
    s, t, concentration, (noise, sdlog) = 3.0, 2.0, 2.0, (1.5, 0.4)
    model = spec(
        "linear",
        priors={
            "baseline_sd": {"fixed": s},
            "response_sd": {"fixed": t},
            "correlation": {"concentration": concentration},
            "residual_sd": {"median": noise, "sdlog": sdlog},
        },
    )
    y = simulated(1)
    y[2, 3], y[5, 1:3] = np.nan, np.nan
    seen = ~np.isnan(y)
    rows = [(i, WEEKS[j], y[i, j]) for i in range(PATIENTS) for j in range(WEEKS.size) if seen[i, j]]
    tree, _ = fitted(model, rows)

    # Unknowns: baseline_mean, change, every A_i, every b_i; records are linear in them.
    n = 2 + 2 * PATIENTS
    prior_mean = np.concatenate([[10.0, -3.0], np.full(PATIENTS, 10.0), np.zeros(PATIENTS)])
    design = np.zeros((PATIENTS, WEEKS.size, n))
    design[:, :, 1] = WEEKS / 24.0
    for i in range(PATIENTS):
        design[i, :, 2 + i], design[i, :, 2 + PATIENTS + i] = 1.0, WEEKS / 24.0
    x, records = design[seen], y[seen]

    weights, means, squares = [], [], []
    u, v = np.meshgrid((np.arange(60) + 0.5) / 60, np.linspace(-3.5, 3.5, 61), indexing="ij")
    for rho, z in zip(2.0 * u.ravel() - 1.0, v.ravel(), strict=True):
        # Cov(A_i, b_i) = rho s t; the A_i share the mean's uncertainty, SD 2, as has the change.
        prior = np.zeros((n, n))
        prior[0, 0] = prior[1, 1] = 4.0
        prior[0, 2 : 2 + PATIENTS] = prior[2 : 2 + PATIENTS, 0] = 4.0
        one = np.eye(PATIENTS)
        prior[2 : 2 + PATIENTS, 2 : 2 + PATIENTS] = 4.0 + s**2 * one
        prior[2 + PATIENTS :, 2 + PATIENTS :] = t**2 * one
        prior[2 : 2 + PATIENTS, 2 + PATIENTS :] = prior[2 + PATIENTS :, 2 : 2 + PATIENTS] = rho * s * t * one
        sigma = noise * np.exp(sdlog * z)
        of_records = x @ prior @ x.T + sigma**2 * np.eye(records.size)
        gain = np.linalg.solve(of_records, x @ prior).T
        mean = prior_mean + gain @ (records - x @ prior_mean)
        weights.append(
            stats.multivariate_normal.logpdf(records, x @ prior_mean, of_records)
            + stats.beta.logpdf((rho + 1.0) / 2.0, concentration, concentration)
            + stats.norm.logpdf(z)
        )
        means.append(np.concatenate([mean, [rho, sigma]]))
        squares.append(np.concatenate([mean**2 + np.diag(prior - gain @ x @ prior), [rho**2, sigma**2]]))
    weight = special.softmax(weights)
    mean, square = weight @ np.array(means), weight @ np.array(squares)
    sd = np.sqrt(square - mean**2)
    parts = {
        "baseline_mean": 0, "change": 1, "patient_level": slice(2, 8), "patient_response": slice(8, 14),
        "residual_sd": 15,
    }  # fmt: skip
    scores = z_scores(tree, {name: (mean[at], sd[at]) for name, at in parts.items()})
    assert scores.size == 30
    assert np.abs(scores).max() < MAX_Z
    if "correlation" in tree["posterior"].data_vars:  # see test_fit.py for why it may not be there
        assert np.abs(z_scores(tree, {"correlation": (mean[14], sd[14])})).max() < MAX_Z
    # The prior alone would not do: the data move the mean change by more than half of its prior SD.
    assert sd[1] < 1.7


def test_censored_and_rounded_posterior() -> None:
    """Cells of every kind: two unknown means on a grid, each patient's level by Gauss-Hermite."""
    s, sigma = 3.0, 1.5
    model = spec(
        "linear",
        rounding=2.0,
        bounds="open",
        priors={
            "baseline_sd": {"fixed": s},
            "response_sd": {"fixed": 0.0},
            "correlation": None,
            "residual_sd": {"fixed": sigma},
        },
    )
    y = np.round(np.maximum(simulated(3) - 4.0, 0.0) / 2.0) * 2.0
    limits = {(0, 1): ">", (1, 0): ">", (3, 4): "<", (4, 3): "<", (4, 4): "<"}
    rows = [
        (i, WEEKS[j], y[i, j], limits.get((i, j), ""))
        for i in range(PATIENTS)
        for j in range(WEEKS.size)
        if (i, j) != (2, 2)
    ]
    tree, records = fitted(model, rows)
    assert (records.low == -UNBOUNDED).sum() > 3
    assert (records.high == UNBOUNDED).sum() == 2

    # Everything on the outcome's own scale, written out anew from `y` and `limits`.
    low, high = y - 1.0, y + 1.0
    low[y == 0.0] = -np.inf
    for at, sign in limits.items():
        low[at], high[at] = (-np.inf, y[at]) if sign == "<" else (y[at], np.inf)
    low[2, 2], high[2, 2] = -np.inf, np.inf
    means, changes = np.linspace(-2.0, 18.0, 101), np.linspace(-12.0, 6.0, 91)
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(40)
    log_posterior = stats.norm.logpdf(means, 10.0, 2.0)[:, None] + stats.norm.logpdf(changes, -3.0, 2.0)
    for i in range(PATIENTS):
        mu = (
            means[:, None, None, None] + s * nodes[:, None] + changes[:, None, None] * WEEKS / 24.0
        )  # (mean, change, node, visit)
        cells = special.ndtr((high[i] - mu) / sigma) - special.ndtr((low[i] - mu) / sigma)
        log_posterior += np.log((cells.prod(axis=-1) * node_weights).sum(axis=-1) + 1e-300)
    weight = special.softmax(log_posterior)
    exact = {}
    for name, values, along in (("baseline_mean", means, 1), ("change", changes, 0)):
        marginal = weight.sum(axis=along)
        mean = marginal @ values
        exact[name] = (mean, np.sqrt(marginal @ (values - mean) ** 2))
        assert marginal[[0, -1]].max() < 1e-8 * marginal.max()
    assert np.abs(z_scores(tree, exact)).max() < MAX_Z
