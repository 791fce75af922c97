"""Fit one model to one cohort: compile (or re-use), sample with nutpie, gather everything in a tree."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.cohort import Cohort, overview
from ra_bayes.inference.compile import compile_model, compiled
from ra_bayes.inference.fit_built import (
    build_own,
    builder_source,
    built_draws,
    built_prior,
    check_records,
)
from ra_bayes.inference.groups import outcome_groups
from ra_bayes.inference.sampling import Attempt, sample_in_attempts, sample_stats
from ra_bayes.model.build import Levels
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.simulate import draw_prior, log_prior, to_clinical
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import model_entry, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PRIOR_DRAWS", "fit", "versions"]

PRIOR_DRAWS = 4000


_ATTEMPTS: tuple[Attempt[Levels], ...] = (
    Attempt("centred", 0.98, 1000),
    Attempt("centred", 0.995, 2000),
    Attempt("non-centred", 0.995, 2000),
)


def fit(
    model: ModelSpec,
    cohort: Cohort,
    *,
    seed: int,
    draws: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    progress: Callable[[float], None] | None = None,
    allow_builder: bool = False,
) -> xr.DataTree:
    """Sample the posterior of a model given a cohort.

    If there are divergences, the fit is tried again with smaller steps, then with the patients' levels
    parametrised the other way; the tree says what was tried, and keeps the attempt with the fewest.

    Parameters
    ----------
    model
        A model page, from :func:`~ra_bayes.model.load_model`.
    cohort
        From :func:`~ra_bayes.cohort.read_cohort`.
    seed
        Seed of the sampler, the prior draws and the replicated records. The same seed gives the same
        draws on one installation (same machine, same versions, compilation cache kept); across versions,
        machines or an emptied cache it gives draws of the same posterior, not the same draws.
    draws, chains
        Draws kept per chain, and chains.
    cores
        Chains sampled at once; all cores if not given.
    progress
        Called with the fraction of draws done, from another thread.
    allow_builder
        Whether the code that a page names as its builder may run.

    Returns
    -------
    xarray.DataTree
        See :mod:`ra_bayes.tree`.

    Raises
    ------
    RaBayesError
        If the model is no model page or the cohort no cohort.
    FitError
        If the cohort lacks the outcome, a needed visit, or has a record the link cannot take; or if the page
        names a builder that was not allowed, fails, or does not keep to what its model must have.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    >>> tree = rb.fit(rb.load_model("sdai"), cohort, seed=1)          # doctest: +SKIP
    """
    records = grid(model, cohort)
    source = builder_source(model, allowed=allow_builder)
    own = None if model.builder is None else build_own(model, records, source)
    sampled = sample_in_attempts(
        # The patients' levels of a builder's model are parametrised as it has them.
        _ATTEMPTS if own is None else _ATTEMPTS[:2],
        lambda attempt: compiled(model, records, attempt.levels) if own is None else compile_model(own),
        seed=seed,
        draws=draws,
        chains=chains,
        cores=cores,
        progress=progress,
        told=str if own is None else lambda attempt: f"as built{str(attempt).partition('levels')[2]}",
    )
    tree = _gather(model, records, sampled.trace, seed, own)
    sampling = sampled.entry(draws, chains)
    entries = _provenance(model, cohort, seed=seed, sampling=sampling, attempts=sampled.tried)
    if model.builder is not None:
        entries["model"]["builder"] = model.builder.entry(source)
        entries["sampling"]["levels"] = "as built"
    return with_provenance(tree, entries)


def _gather(model: ModelSpec, records: Grid, trace: Any, seed: int, own: Any = None) -> xr.DataTree:
    """Compute from the raw draws all that people read, and lay it out as groups.

    `own` is the model that the page's builder made, if it has one.
    """
    import xarray as xr

    rng = np.random.default_rng(seed)
    if own is not None:
        found = trace["posterior"].to_dataset()
        posterior, prior = built_draws(model, found), built_prior(model, own, PRIOR_DRAWS, seed)
        check_records(model, records, own, found, posterior)
        stats = sample_stats(trace)
        return xr.DataTree.from_dict(outcome_groups(model, records, posterior, prior, {}, stats, rng))
    raw = {
        str(name): variable.values
        for name, variable in trace["posterior"].data_vars.items()
        if not str(name).endswith("__")
    }
    posterior = to_clinical(model, raw, records.weeks, records.people)
    raw_prior = {
        name: each[None]
        for name, each in draw_prior(model, len(records.patients), records.weeks, PRIOR_DRAWS, rng).items()
    }
    prior = to_clinical(model, raw_prior, records.weeks, records.people)
    stats = sample_stats(trace)
    return xr.DataTree.from_dict(
        outcome_groups(model, records, posterior, prior, log_prior(model, raw), stats, rng)
    )


def _provenance(
    model: ModelSpec, cohort: Cohort, *, seed: int, sampling: dict[str, Any], attempts: list[str]
) -> dict[str, Any]:
    return {
        "model": model_entry(model),
        "cohort": overview(cohort),
        "seed": seed,
        "sampling": sampling,
        "attempts": attempts,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of what a fit was made with."""
    packages = ("ra_bayes", "pymc", "pytensor", "nutpie", "numba", "numpy", "xarray", "arviz")
    return {
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in packages},
    }
