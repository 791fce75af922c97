"""The joint model given counts as a PyMC model, sampled with NUTS: the cross-check of importance sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm

from ra_bayes.counts import CountsModel
from ra_bayes.counts.likelihood import log_likelihood
from ra_bayes.inference.compile import compile_model
from ra_bayes.inference.sampling import draws_of, sample_stats
from ra_bayes.model.build import PYTENSOR

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sample_counts"]

TARGET_ACCEPT = 0.95


def _build_counts(problem: CountsModel) -> pm.Model:
    """Return the PyMC model of a joint model's coordinates, with the counts as a potential."""
    layout = problem.layout
    shape = layout.concentrations
    with pm.Model() as model:
        normal = pm.Normal("normal", 0.0, 1.0, shape=layout.size)
        unit = pm.Beta("unit", shape, shape, shape=shape.size) if shape.size else np.empty(0)
        draws = layout.expand(normal, unit, PYTENSOR)
        pm.Potential("counts", log_likelihood(layout, problem.blocks, draws, PYTENSOR))
    return model


def sample_counts(
    problem: CountsModel, *, draws: int, chains: int, seed: int
) -> tuple[np.ndarray, np.ndarray, xr.Dataset, dict[str, Any]]:
    """Sample the coordinates given the counts.

    Returns
    -------
    normal, unit
        Standard normals and (rho + 1) / 2, first dimensions chain and draw.
    stats
        What diagnoses the sampler.
    sampling
        What was done, for the provenance.
    """
    trace = draws_of(
        compile_model(_build_counts(problem), backend="numba"),
        draws=draws,
        tune=1000,
        chains=chains,
        seed=seed,
        target_accept=TARGET_ACCEPT,
    )
    normal = trace["posterior"]["normal"].values
    unit = trace["posterior"]["unit"].values if problem.layout.units else np.empty((*normal.shape[:2], 0))
    sampling = {
        "sampler": "nutpie NUTS",
        "draws": draws,
        "chains": chains,
        "tune": 1000,
        "target_accept": TARGET_ACCEPT,
    }
    return normal, unit, sample_stats(trace), sampling
