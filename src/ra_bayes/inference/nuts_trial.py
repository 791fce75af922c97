"""Trials sampled with NUTS, one compiled model for all of a size: what faster engines are checked against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ra_bayes.inference.compile import compiled_once
from ra_bayes.inference.sampling import draws_of, sample_stats
from ra_bayes.model.trial import build_trial, trial_data

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TrialDraws", "sample_trial"]


class TrialDraws(NamedTuple):
    """Draws of the effect and of the SDs (chain, draw) by name, and what diagnoses the sampler."""

    effect: np.ndarray
    scales: dict[str, np.ndarray]
    stats: xr.Dataset


def sample_trial(
    y: np.ndarray,
    arm: np.ndarray,
    shape: np.ndarray,
    scales: Mapping[str, tuple[float, float]],
    effect: tuple[float, float] | None = None,
    *,
    seed: int,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    cores: int | None = None,
) -> TrialDraws:
    """Sample the posterior of one trial, patients' effects included.

    Parameters
    ----------
    y, arm, shape, scales, effect
        As in :func:`~ra_bayes.model.trial.trial_data`; the arms are those that `arm` names.
    seed, draws, tune, chains, cores
        Of the sampler.

    Examples
    --------
    >>> y = np.array([[60, 45, 40], [70, np.nan, 44], [65, 60, np.nan], [58, 50, 41]])
    >>> scales = {"baseline_sd": (17, 0.35), "response_sd": (20, 0.4), "residual_sd": (10, 0.45),
    ...           "correlation": (4, 0)}
    >>> shape, one_arm = np.array([0.0, 0.7, 1.0]), np.zeros(4, dtype=int)
    >>> sample_trial(y, one_arm, shape, scales, seed=1).effect.shape  # doctest: +SKIP
    (4, 1000)
    """
    arms = int(np.max(arm)) + 1
    data = trial_data(y, arm, shape, scales, effect)
    trace = draws_of(
        compiled_once(("trial", *y.shape, arms), lambda: build_trial(data, arms, packed=True), data),
        draws=draws,
        tune=tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=0.95,
    )
    posterior = trace["posterior"]
    found = {}
    for name, (first, second) in scales.items():
        if name == "correlation":
            found[name] = 2.0 * posterior["correlation_u"].values - 1.0
        else:
            found[name] = first * np.exp(second * posterior[f"{name}_z"].values)
    return TrialDraws(posterior["effect"].values, found, sample_stats(trace))
