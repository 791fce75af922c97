"""A joint fit's tree without sampling: its draws are the prior's, so that nothing is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from joint_cohorts import cohort, joint, priors, two

from ra_bayes.cohort import Cohort, overview
from ra_bayes.inference.fit_joint import gather_joint
from ra_bayes.model import JointModel, ModelSpec
from ra_bayes.model.joint_draws import draw_joint_prior
from ra_bayes.model.joint_structure import JointRecords, make_joint_records

CHAINS, DRAWS = 2, 300


def five_patients() -> tuple[JointModel, Cohort, dict[str, ModelSpec]]:
    """Five patients with two outcomes, the last without one of them."""
    of = two()
    rng = np.random.default_rng(1)
    values = {name: rng.uniform(6.0, 14.0, (5, 4)) for name in of}
    values["down"][4] = np.nan
    return joint(of, **priors()), cohort(values, of), of


def prior_tree(draws: int = DRAWS, **keys: Any) -> tuple[xr.DataTree, JointRecords]:
    """The tree, and the layout."""
    model, made, of = five_patients()
    if keys:
        model = joint(of, **keys)
    return tree_of(model, made, tuple(of), draws)


def tree_of(
    model: JointModel, made: Cohort, outcomes: tuple[str, ...], draws: int = DRAWS
) -> tuple[xr.DataTree, JointRecords]:
    """The tree of any joint model and cohort, and the layout."""
    records = make_joint_records(model, made, outcomes)
    raw = draw_joint_prior(records, CHAINS * draws, np.random.default_rng(2))
    variables = {}
    for name, each in raw.items():
        own = (f"{name}_{k}" for k in range(each.ndim - 1))
        variables[name] = (("chain", "draw", *own), each.reshape(CHAINS, draws, *each.shape[1:]))
    lead = ("chain", "draw")
    rng = np.random.default_rng(3)
    stats = {
        "diverging": (lead, np.zeros((CHAINS, draws), dtype=bool)),
        "energy": (lead, rng.normal(size=(CHAINS, draws))),
        **{
            name: (lead, np.ones((CHAINS, draws)))
            for name in ("depth", "n_steps", "step_size", "mean_tree_accept")
        },
    }
    trace = xr.DataTree.from_dict({"posterior": xr.Dataset(variables), "sample_stats": xr.Dataset(stats)})
    names = [page.outcome.id for page in records.pages]
    entry = {"name": model.name, "hash": model.hash, "toml": model.toml}
    entries = {
        "joint": {**entry, "outcomes": names},
        "model": entry,
        "cohort": overview(made),
        "seed": 1,
        "sampling": {"sampler": "independent draws", "chains": CHAINS, "draws": draws, "tune": 0},
        "attempts": [],
        "versions": {"ra_bayes": "0"},
    }
    return gather_joint(records, trace, 1, entries), records
