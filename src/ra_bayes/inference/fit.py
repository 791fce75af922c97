"""Fit one model to one cohort: compile (or re-use), sample with nutpie, gather everything in a tree."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ra_bayes.cohort import Cohort, overview
from ra_bayes.errors import FitError
from ra_bayes.inference.compile import compiled
from ra_bayes.inference.fit_built import (
    build_own,
    builder_source,
    built_draws,
    built_prior,
    check_records,
    compile_own,
)
from ra_bayes.model.build import Levels
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.simulate import (
    draw_prior,
    log_likelihood,
    log_likelihood_given_others,
    log_prior,
    replicate,
    replicate_given_others,
    to_clinical,
)
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import model_entry, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PRIOR_DRAWS", "fit", "outcome_groups", "sample_stats", "versions"]

PRIOR_DRAWS = 4000


class _Attempt(NamedTuple):
    """One way of sampling; a careful analyst goes down the list until there are no divergences."""

    levels: Levels
    target_accept: float
    tune: int

    def __str__(self) -> str:
        return f"{self.levels} patient levels, target acceptance {self.target_accept:g}, {self.tune} tuning"


_ATTEMPTS = (
    _Attempt("centred", 0.98, 1000),
    _Attempt("centred", 0.995, 2000),
    _Attempt("non-centred", 0.995, 2000),
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
        draws on one warm installation (same machine, same versions, second run on); across versions,
        machines or a cold compilation cache it gives draws of the same posterior, not the same draws.
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
    FitError
        If the cohort lacks the outcome, a needed visit, or has a record the link cannot take; or if the page
        names a builder that was not allowed, fails, or does not keep to what its model must have.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    >>> tree = rb.fit(rb.load_model("sdai"), cohort, seed=1)          # doctest: +SKIP
    """
    if draws < 100 or chains < 2:
        raise FitError(
            f"draws={draws}, chains={chains}: the gate needs at least 100 draws in at least 2 chains"
        )
    source = builder_source(model, allowed=allow_builder)
    records = grid(model, cohort)
    own = None if model.builder is None else build_own(model, records, source)
    best: tuple[int, _Attempt, Any] | None = None
    tried: list[str] = []
    # The patients' levels of a builder's model are parametrised as it has them.
    for attempt in _ATTEMPTS if own is None else _ATTEMPTS[:2]:
        ready = compiled(model, records, attempt.levels) if own is None else compile_own(own)
        trace = _sample(ready, attempt, seed, draws, chains, cores, progress)
        diverging = int(trace["sample_stats"]["diverging"].sum())
        how = str(attempt) if own is None else f"as built{str(attempt).partition('levels')[2]}"
        tried.append(f"{how}: {diverging} divergence{'' if diverging == 1 else 's'}")
        if best is None or diverging < best[0]:
            best = diverging, attempt, trace
        if diverging == 0:
            break
    assert best is not None
    tree = _gather(model, records, best[2], seed, own)
    sampling = {"sampler": "nutpie NUTS", "draws": draws, "chains": chains, **best[1]._asdict()}
    entries = _provenance(model, cohort, seed=seed, sampling=sampling, attempts=tried)
    if model.builder is not None:
        entries["model"]["builder"] = model.builder.entry(source)
        entries["sampling"]["levels"] = "as built"
    return with_provenance(tree, entries)


def _sample(
    ready: Any,
    attempt: _Attempt,
    seed: int,
    draws: int,
    chains: int,
    cores: int | None,
    progress: Callable[[float], None] | None,
) -> Any:
    import nutpie

    def report(states: list[Any]) -> None:
        total = sum(state.total_draws for state in states) or 1
        if progress is not None:
            progress(sum(state.finished_draws for state in states) / total)

    return nutpie.sample(
        ready,
        draws=draws,
        tune=attempt.tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=attempt.target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=report if progress is not None else None,
    )


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


def outcome_groups(
    model: ModelSpec,
    records: Grid,
    posterior: dict[str, np.ndarray],
    prior: dict[str, np.ndarray],
    log_prior: dict[str, np.ndarray],
    stats: xr.Dataset,
    rng: np.random.Generator,
) -> dict[str, xr.Dataset]:
    """Return the groups of one outcome's tree.

    Parameters
    ----------
    model, records
        Its page and its records.
    posterior, prior
        Draws (chain, draw, ...) as :func:`~ra_bayes.model.simulate.to_clinical` names them.
    log_prior
        Log prior density of parameters (chain, draw, ...).
    stats
        What diagnoses the sampler.
    rng
        Random numbers for replicated records.
    """
    import xarray as xr

    observed = records.kind != MISSED
    where = np.nonzero(observed)

    def by_record(values: np.ndarray) -> xr.Dataset:
        return xr.Dataset(
            {"record": (("chain", "draw", "observation"), values[..., observed])},
            coords={
                "patient": ("observation", np.array(records.patients)[where[0]]),
                "visit": ("observation", records.weeks[where[1]]),
            },
        )

    others = {}
    if model.residuals is not None:
        given = log_likelihood_given_others(model, records, posterior)
        again = replicate_given_others(model, records, posterior, rng)
        others = {
            "log_likelihood_given_others": by_record(given),
            "posterior_predictive_given_others": by_record(again),
        }
    return {
        "posterior": _named(model, posterior, records),
        "prior": _named(model, prior, records),
        "posterior_predictive": _dataset(
            {"record": replicate(model, posterior, rng, records.weeks)}, records
        ),
        "prior_predictive": _dataset({"record": replicate(model, prior, rng, records.weeks)}, records),
        "log_likelihood": by_record(log_likelihood(model, records, posterior)),
        **others,
        "log_prior": _named(model, log_prior, records),
        "sample_stats": stats,
        "observed_data": _dataset({"record": records.value}, records, lead=()),
        "constant_data": constant_data(model, records),
    }


def constant_data(model: ModelSpec, records: Grid) -> xr.Dataset:
    """Lay out what the fit was given besides the values recorded."""
    given = {name: getattr(records, name) for name in ("limit", "low", "high", "kind", "log_slope")}
    data = _dataset(given, records, lead=())
    people = records.people
    if people is None:
        return data
    if people.arms:
        data = data.assign(arm=("patient", np.array(people.arms)), treated=("patient", people.treated))
    if model.covariates:
        names = [covariate.name for covariate in model.covariates]
        data = data.assign_coords(covariate=names)
        data = data.assign(covariates=(("patient", "covariate"), people.covariates))
    return data


def _named(model: ModelSpec, values: dict[str, np.ndarray], records: Grid) -> xr.Dataset:
    """Keep what is estimated: pinned parameters and what `expected` repeats are left out."""
    pinned = {prior.parameter.name for prior in model.priors if prior.fixed}
    if model.prior("response_sd").numbers == (0.0, 0.0):
        pinned |= {"correlation"}  # of levels with responses that are all zero
    drop = pinned | {"expected"}
    return _dataset({name: each for name, each in values.items() if name not in drop}, records)


def sample_stats(trace: Any) -> xr.Dataset:
    """Keep what diagnoses the sampler, under the names ArviZ looks for."""
    stats = trace["sample_stats"].to_dataset()
    kept = {"diverging": "diverging", "energy": "energy", "depth": "tree_depth", "n_steps": "n_steps"}
    kept |= {"step_size": "step_size", "mean_tree_accept": "acceptance_rate"}
    out: xr.Dataset = stats[list(kept)].rename(kept).drop_attrs()
    return out


_DIMS = {
    "patient_level": ("patient",),
    "patient_response": ("patient",),
    "mean_change": ("visit",),
    "response_shape": ("visit",),
    "walk_step": ("step",),
    "effect": ("visit",),
    "effect_walk_step": ("effect_step",),
}


def _dataset(
    values: dict[str, np.ndarray], records: Grid, lead: tuple[str, ...] = ("chain", "draw")
) -> xr.Dataset:
    import xarray as xr

    variables = {}
    for name, each in values.items():
        own = _DIMS.get(name, ("patient", "visit"))[: each.ndim - len(lead)]
        variables[name] = ((*lead, *own), each)
    sizes = {
        dim: size for dims, each in variables.values() for dim, size in zip(dims, each.shape, strict=True)
    }
    coords = {"patient": list(records.patients), "visit": records.weeks}
    return xr.Dataset(
        variables, coords={dim: coords.get(dim, np.arange(size)) for dim, size in sizes.items()}
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
