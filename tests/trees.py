"""Fits without sampling: a tree whose posterior is drawn from the prior."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ra_bayes.cohort import Cohort
from ra_bayes.inference.fit import _gather, _provenance
from ra_bayes.model import ModelSpec
from ra_bayes.model.records import grid
from ra_bayes.model.simulate import draw_prior
from ra_bayes.tree import with_provenance

CHAINS, DRAWS = 4, 250


def drawn_tree(model: ModelSpec, cohort: Cohort, *, seed: int = 1, diverging: int = 0) -> xr.DataTree:
    """A tree laid out by the code that lays out a fit; independent draws, so that it passes the gate."""
    records = grid(model, cohort)
    rng = np.random.default_rng(seed)
    raw = draw_prior(model, len(records.patients), records.weeks, CHAINS * DRAWS, rng)
    posterior = {
        name: (
            ("chain", "draw", *(f"{name}_{i}" for i in range(each.ndim - 1))),
            each.reshape(CHAINS, DRAWS, *each.shape[1:]),
        )
        for name, each in raw.items()
    }
    shape = CHAINS, DRAWS
    names = ("depth", "n_steps", "step_size", "mean_tree_accept")
    stats = {name: (("chain", "draw"), np.ones(shape)) for name in names}
    stats["energy"] = (("chain", "draw"), rng.normal(size=shape))
    stats["diverging"] = (("chain", "draw"), (np.arange(CHAINS * DRAWS) < diverging).reshape(shape))
    trace = xr.DataTree.from_dict({"posterior": xr.Dataset(posterior), "sample_stats": xr.Dataset(stats)})
    made = _provenance(model, cohort, seed=seed, sampling={}, attempts=["independent draws"])
    return with_provenance(_gather(model, records, trace, seed), made)
