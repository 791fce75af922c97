"""Figures of fits without sampling, drawn once, and ways to ask what is on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from trees import drawn_tree

from ra_bayes import figures
from ra_bayes.cohort import read_cohort
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.style import DOUBLE_COLUMN_MM, SINGLE_COLUMN_MM
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir

MODELS = ("vas", "tnf_alpha", "haq", "acr20")
PATIENTS = [f"SYN-{i}" for i in range(1, 7)]
FIGURES: dict[str, Callable[..., Canvas]] = {
    "trajectories": figures.trajectories,
    "forest": figures.forest,
    "prior_posterior": figures.prior_posterior,
    "predictive_check": figures.predictive_check,
}
WIDTH = {name: SINGLE_COLUMN_MM if name == "forest" else DOUBLE_COLUMN_MM for name in FIGURES}


@cache
def fitted(model: str) -> xr.DataTree:
    return drawn_tree(load_model(model), read_cohort(data_dir() / "synthetic_cohort.csv"))


@cache
def drawn(figure: str, model: str) -> Canvas:
    return FIGURES[figure](fitted(model))


def lines(axes: Axes, gid: str) -> list[Line2D]:
    return [line for line in axes.lines if line.get_gid() == gid]


def one(axes: Axes, gid: str) -> Line2D:
    (found,) = lines(axes, gid)
    return found


def words(figure: Canvas) -> list[str]:
    return [text.get_text() for each in (figure, *figure.axes) for text in each.texts]
