"""Fit a joint model to the records of several outcomes of the same patients, in one posterior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.cohort import Cohort, overview
from ra_bayes.inference.compile import compiled_once
from ra_bayes.inference.fit import PRIOR_DRAWS, versions
from ra_bayes.inference.groups import outcome_groups
from ra_bayes.inference.sampling import Attempt, sample_in_attempts, sample_stats
from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_build import as_they_are, build_joint
from ra_bayes.model.joint_draws import (
    draw_joint_prior,
    joint_parameters,
    log_joint_prior,
    outcome_log_prior,
    outcome_values,
    to_joint_values,
    with_empty,
    with_patients,
)
from ra_bayes.model.joint_structure import JointRecords, Ways, make_joint_records
from ra_bayes.tree import model_entry, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["LARGE", "attempts", "fit_joint", "gather_joint", "joint_compiled"]

# From so many patients on they are integrated out. With fewer that gains less than compiling it costs.
LARGE = 20

_SMALL_COHORT: tuple[Attempt[Ways], ...] = (
    Attempt("centred", 0.95, 1000),
    Attempt("centred", 0.99, 2000),
    Attempt("non-centred", 0.99, 2000),
)
_ALL_BINARY: tuple[Attempt[Ways], ...] = (
    Attempt("non-centred", 0.95, 1000),
    Attempt("non-centred", 0.99, 2000),
)
_INTEGRATED: tuple[Attempt[Ways], ...] = (
    Attempt("integrated", 0.9, 1000),
    Attempt("integrated", 0.99, 2000),
)


def fit_joint(
    model: JointModel,
    cohort: Cohort,
    outcomes: Sequence[str],
    *,
    seed: int,
    draws: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> xr.DataTree:
    """Sample the joint posterior of several outcomes of the same patients.

    Each outcome keeps its page: link, trajectory, censoring, priors. Factors, or all correlations, tie what
    patients do in one to what they do in the others, so that a patient's outcomes lend each other strength
    and one that was not measured is predicted from those that were. From 20 patients on, factors and the
    effects of patients are integrated out of what is sampled, and drawn afterwards; the tree says so. As
    :func:`~ra_bayes.fit` it is tried again with smaller steps if there are divergences.

    Parameters
    ----------
    model
        A joint page, from :func:`~ra_bayes.model.load_joint_model`, such as ``"records"``.
    cohort
        From :func:`~ra_bayes.cohort.read_cohort`.
    outcomes
        At least two, such as ``("vas", "sdai", "il10")``. Each may have its own likelihood, covariates and
        correlated residuals; of a trial of two arms every page has a table ``[arm]``.
    seed, draws, chains, cores, progress
        As for :func:`~ra_bayes.fit`.

    Returns
    -------
    xarray.DataTree
        A tree for every outcome, under its name, as :func:`~ra_bayes.fit` makes them; at the root what ties
        them. See :mod:`ra_bayes.tree`.

    Raises
    ------
    FitError
        If an outcome's records or page do not allow it, or too few draws are asked for.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    >>> page = rb.load_joint_model("records")
    >>> tree = rb.fit_joint(page, cohort, ("vas", "sdai", "il10"), seed=1)          # doctest: +SKIP
    >>> rb.estimands(tree)                                                          # doctest: +SKIP
    """
    records = make_joint_records(model, cohort, outcomes)
    sampled = sample_in_attempts(
        attempts(records),
        lambda attempt: joint_compiled(records, attempt.levels),
        seed=seed,
        draws=draws,
        chains=chains,
        cores=cores,
        progress=progress,
    )
    entries = {
        "joint": {
            "name": model.name,
            "hash": model.hash,
            "toml": model.toml,
            "outcomes": [page.outcome.id for page in records.pages],
        },
        "model": {"name": model.name, "hash": model.hash, "toml": model.toml},
        "cohort": overview(cohort),
        "seed": seed,
        "sampling": sampled.entry(draws, chains),
        "attempts": sampled.tried,
        "versions": versions(),
    }
    return gather_joint(records, sampled.trace, seed, entries)


def attempts(records: JointRecords) -> tuple[Attempt[Ways], ...]:
    """Return the ways of sampling a joint model, in the order in which they are tried."""
    # Integrated out are normal patients under normal noise that is independent from visit to visit.
    normal = not (records.noises or records.chains)
    # Levels of outcomes that are met or not are always scores.
    sampled = _SMALL_COHORT if records.measured else _ALL_BINARY
    if not normal or len(records.patients) < LARGE:
        return sampled
    return *_INTEGRATED, sampled[1]


def joint_compiled(records: JointRecords, levels: Ways) -> Any:
    """Return nutpie's compiled model of the structure, holding these records' and pages' numbers."""
    start = {name: np.zeros(shape) for name, shape in as_they_are(records, levels).items()}
    return compiled_once(
        records.structure(levels),
        lambda: build_joint(records, levels, packed=True),
        records.data(levels),
        start,
    )


def gather_joint(records: JointRecords, trace: Any, seed: int, entries: dict[str, Any]) -> xr.DataTree:
    """Compute from the raw draws all that people read, outcome by outcome, and what ties them."""
    import xarray as xr

    rng = np.random.default_rng(seed)
    raw = {
        str(name): variable.values
        for name, variable in trace["posterior"].data_vars.items()
        if not str(name).endswith("__")
    }
    raw = with_empty(records, raw)
    if "patient_response_z" not in raw and "patient_score_z" not in raw:
        raw = with_patients(records, raw, rng)
    raw_prior = {name: each[None] for name, each in draw_joint_prior(records, PRIOR_DRAWS, rng).items()}
    values, prior = to_joint_values(records, raw), to_joint_values(records, raw_prior)
    stats = sample_stats(trace)
    nodes: dict[str, Any] = {
        "posterior": _root(records, joint_parameters(records, values, raw, rng)),
        "prior": _root(records, joint_parameters(records, prior, raw_prior, rng)),
        "log_prior": _root(records, log_joint_prior(records, raw)),
        "sample_stats": stats,
    }
    for place, page in enumerate(records.pages):
        groups = outcome_groups(
            page,
            records.grids[place],
            outcome_values(records, values, place),
            outcome_values(records, prior, place),
            outcome_log_prior(records, raw, place),
            stats,
            rng,
        )
        own = with_provenance(
            xr.DataTree(), {**entries, "model": model_entry(page), "outcome": page.outcome.id}
        )
        nodes[page.outcome.id] = xr.Dataset(attrs=own.attrs)
        # So that a figure of some outcomes' trees knows what ties them.
        row = nodes["posterior"][["response_correlation"]].sel(outcome=page.outcome.id, drop=True)
        nodes[f"{page.outcome.id}/joint"] = row
        nodes |= {f"{page.outcome.id}/{name}": group for name, group in groups.items()}
    return with_provenance(xr.DataTree.from_dict(nodes), entries)


_DIMS = {
    "response_correlation": ("outcome", "other"),
    "level_correlation": ("outcome", "other"),
    "responder_factor": ("patient",),
    "baseline_factor": ("patient",),
}


def _root(records: JointRecords, values: dict[str, np.ndarray]) -> xr.Dataset:
    import xarray as xr

    names = [page.outcome.id for page in records.pages]
    coords = {"outcome": names, "other": names, "patient": list(records.patients)}
    variables = {
        name: (("chain", "draw", *_DIMS.get(name, ("outcome",))[: each.ndim - 2]), each)
        for name, each in values.items()
    }
    sizes = {
        dim: size for dims, each in variables.values() for dim, size in zip(dims, each.shape, strict=True)
    }
    return xr.Dataset(
        variables, coords={dim: coords.get(dim, np.arange(size)) for dim, size in sizes.items()}
    )
