"""The groups of one outcome's tree (see :mod:`ra_bayes.tree`), from draws and what the fit was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.records import Grid
from ra_bayes.model.simulate import (
    log_likelihood,
    log_likelihood_given_others,
    replicate,
    replicate_given_others,
)
from ra_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["constant_data", "dataset", "named", "outcome_groups"]

_DIMS = {
    "patient_level": ("patient",),
    "patient_response": ("patient",),
    "mean_change": ("visit",),
    "response_shape": ("visit",),
    "walk_step": ("step",),
    "effect": ("visit",),
    "effect_walk_step": ("effect_step",),
}


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
        "posterior": named(model, posterior, records),
        "prior": named(model, prior, records),
        "posterior_predictive": dataset({"record": replicate(model, posterior, rng, records.weeks)}, records),
        "prior_predictive": dataset({"record": replicate(model, prior, rng, records.weeks)}, records),
        "log_likelihood": by_record(log_likelihood(model, records, posterior)),
        **others,
        "log_prior": named(model, log_prior, records),
        "sample_stats": stats,
        "observed_data": dataset({"record": records.value}, records, lead=()),
        "constant_data": constant_data(model, records),
    }


def constant_data(model: ModelSpec, records: Grid) -> xr.Dataset:
    """Lay out what the fit was given besides the values recorded."""
    given = {name: getattr(records, name) for name in ("limit", "low", "high", "kind", "log_slope")}
    data = dataset(given, records, lead=())
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


def named(model: ModelSpec, values: dict[str, np.ndarray], records: Grid) -> xr.Dataset:
    """Keep what is estimated: pinned parameters and what `expected` repeats are left out."""
    pinned = {prior.parameter.name for prior in model.priors if prior.fixed}
    if model.prior("response_sd").numbers == (0.0, 0.0):
        pinned |= {"correlation"}  # of levels with responses that are all zero
    drop = pinned | {"expected"}
    return dataset({name: each for name, each in values.items() if name not in drop}, records)


def dataset(
    values: dict[str, np.ndarray], records: Grid, lead: tuple[str, ...] = ("chain", "draw")
) -> xr.Dataset:
    """Return arrays as variables: what leads, then the dims of their names, else patient and visit."""
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
