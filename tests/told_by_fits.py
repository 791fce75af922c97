"""What figures of fits should show, worked out another way: changes, their intervals, and words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr
from drawn import fitted
from matplotlib.axes import Axes

from ra_bayes.estimand import estimands
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.overlaid_trajectories import overlaid_trajectories
from ra_bayes.figures.population_effect import population_effect
from ra_bayes.figures.ridge import ridge
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.model import load_model

ONE_FIT: dict[str, tuple[Callable[..., Canvas], tuple[str, ...]]] = {
    "overlaid_trajectories": (overlaid_trajectories, ("vas", "tnf_alpha", "acr20")),
    "population_effect": (population_effect, ("vas", "il10", "acr20")),
    "ridge": (ridge, ("vas", "tnf_alpha", "acr20")),
    "waterfall": (waterfall, ("haq", "il10")),
    "swimmer": (swimmer, ("sdai", "vas", "acr20")),
}
CASES = [(name, model) for name, (_, models) in ONE_FIT.items() for model in models]
CYTOKINES = ("il10", "tnf_alpha", "il17")
DIMS = ("chain", "draw")


@cache
def drawn(name: str, model: str) -> Canvas:
    return ONE_FIT[name][0](fitted(model))


@cache
def table(model: str, ci_prob: float = 0.9) -> pd.DataFrame:
    return estimands(fitted(model), ci_prob=ci_prob)


def trees(*models: str) -> dict[str, xr.DataTree]:
    return {model: fitted(model) for model in models}


def change(model: str, patient: str | None = None) -> xr.DataArray:
    """Draws of the change on the outcome's scale, for models with the identity or the log link."""
    draws = fitted(model)["posterior"].to_dataset()
    latent = draws["mean_change"]
    if patient is not None:
        own = draws.sel(patient=patient)
        latent = latent + own["patient_response"] * draws["response_shape"]
    return np.exp(latent) if load_model(model).link.change == "ratio" else latent


def ends(draws: xr.DataArray, share: float) -> np.ndarray:
    """Lower end, median, upper end."""
    return draws.quantile([0.5 - share / 2, 0.5, 0.5 + share / 2], DIMS).values


def labelled(axes: Axes, gid: str) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_gid() == gid]


def written(value: float) -> str:
    return "> 0.99" if value > 0.99 else "< 0.01" if value < 0.01 else f"{value:.2f}"
