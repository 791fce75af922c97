"""Each record left out and told by all others: by weights, or by an exact re-fit where they will not do.

    elpd_ij = log p(y_ij | all other records) = log E[ p(y_ij | mu_ij, sigma) ],     theta ~ p(theta | others)

The patient's own other records stay: it is how well a further visit of a known patient is told. The average
is over the fit's draws, weighted by one over the record's likelihood and Pareto-smoothed (Vehtari, Gelman
and Gabry 2017). Where the shape k of their tail is above

    min(1 - 1 / log10(draws), 0.7)                    (Vehtari et al. 2024)

the record alone is masked, the compiled model is sampled again, and the average is over those draws.

    p_loo = sum over records of log E[ p(y_ij | theta) | all records ] - elpd_ij

is how much worse records are told by the others than by all: about the number of parameters that the data
move.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.comparison.given_others import likelihood_of_records
from ra_bayes.comparison.psis import left_out
from ra_bayes.diagnostics import MAX_PARETO_K, diagnose
from ra_bayes.estimand import read_posterior
from ra_bayes.inference.refit import records_of, refit, without_records
from ra_bayes.jobs.seeding import seeds
from ra_bayes.model.likelihoods import MISSED, POINT
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.records import Grid
from ra_bayes.model.simulate import likelihood_values, log_likelihood_given_others
from ra_bayes.tree import provenance, spec_of
from ra_bayes.trust.leave_one_out import elpd

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["log_density_of_record", "records_left_out"]

type Array = NDArray[np.float64]


def records_left_out(tree: xr.DataTree, *, seed: int | None = None, cores: int | None = None) -> pd.DataFrame:
    """Return the log predictive density of every record given all others.

    Parameters
    ----------
    tree
        A fit that passed its gate.
    seed
        Of the re-fits; the fit's own if not given.
    cores
        Chains sampled at once; all cores if not given.

    Returns
    -------
    pandas.DataFrame
        A row a record, patient by patient: ``patient``, ``week``, ``value``, ``limit``; ``elpd``,
        ``elpd_mcse``, ``p`` (its part of p_loo), ``pareto_k``, ``refitted``, ``passed`` (the re-fit's gate).

    Examples
    --------
    >>> import ra_bayes as rb
    >>> records_left_out(rb.load("results/sdai/posterior.nc"))    # doctest: +SKIP
    """
    import pandas as pd

    records = records_of(tree)
    patient, visit = np.nonzero(records.kind != MISSED)
    # Observations stand patient by patient, visit by visit, like these.
    stacked = likelihood_of_records(tree).transpose("observation", "chain", "draw").values
    log_likelihood = stacked.reshape(patient.size, -1)
    r_eff = _relative_efficiency(tree)
    weight, pareto_k = left_out(log_likelihood, r_eff)
    by_weights = special.logsumexp(log_likelihood, b=weight, axis=1)
    everywhere = special.logsumexp(log_likelihood, axis=1) - np.log(log_likelihood.shape[1])
    # Of the weighted mean of densities p, relative to it: sum of w^2 (p / mean - 1)^2, by way of each draw's
    # share of the mean, since p / mean may be no number where w is next to nothing.
    with np.errstate(divide="ignore"):
        share = np.exp(np.log(weight) + log_likelihood - by_weights[:, None])
    error = np.sqrt(np.square(share - weight).sum(axis=1) / r_eff)
    good = min(1.0 - 1.0 / np.log10(log_likelihood.shape[1]), MAX_PARETO_K)
    root = provenance(tree)["seed"] if seed is None else seed
    rows = []
    # A record's seed is its own, whichever others are fitted again.
    for n, own in enumerate(seeds(root, patient.size)):
        i, j = int(patient[n]), int(visit[n])
        row: dict[str, Any] = {
            "patient": records.patients[i],
            "week": float(records.weeks[j]),
            "value": float(records.value[i, j]),
            "limit": {-1: "<", 0: "", 1: ">"}[int(records.limit[i, j])],
        }
        refitted, passed = bool(pareto_k[n] > good), True
        value, mcse = float(by_weights[n]), float(error[n])
        if refitted:
            value, mcse, passed = _refitted(tree, records, i, j, own, cores)
        row |= {"elpd": value, "elpd_mcse": mcse, "p": float(everywhere[n]) - value}
        rows.append(row | {"pareto_k": float(pareto_k[n]), "refitted": refitted, "passed": passed})
    return pd.DataFrame(rows)


def _relative_efficiency(tree: xr.DataTree) -> float:
    """Return effective draws of a mean for each draw, averaged over all variables, as ArviZ does."""
    import arviz_stats

    posterior = tree["posterior"].to_dataset()
    sizes = arviz_stats.ess(posterior, method="mean")
    each = np.hstack([variable.values.ravel() for variable in sizes.data_vars.values()])
    return float(each.mean() / (posterior.sizes["chain"] * posterior.sizes["draw"]))


def _refitted(
    tree: xr.DataTree, records: Grid, i: int, j: int, seed: int, cores: int | None
) -> tuple[float, float, bool]:
    """Return a record's elpd, its Monte Carlo error, and whether the fit without it passed its gate."""
    masked = np.zeros(records.shape, dtype=bool)
    masked[i, j] = True
    sampling = provenance(tree)["sampling"]
    again = refit(
        spec_of(tree),
        without_records(records, masked),
        seed=seed,
        draws=sampling["draws"],
        chains=sampling["chains"],
        cores=cores,
    )
    value, error = elpd(log_density_of_record(again, records, i, j))
    return value, error, diagnose(again).passed


def log_density_of_record(tree: xr.DataTree, records: Grid, i: int, j: int) -> Array:
    """Return the log density of one record at every draw (chain, draw), on the outcome's own scale.

    Parameters
    ----------
    tree
        A fit or a re-fit on the records' patients and visits.
    records
        The grid with the record.
    i, j
        Index of its patient and of its visit.
    """
    if spec_of(tree).residuals is not None:
        return _given_others(tree, records, i, j)
    own = tree["posterior"].to_dataset().isel(patient=i, visit=j)
    mu = (own["patient_level"] + own["mean_change"] + own["patient_response"] * own["response_shape"]).values
    if "effect" in own and records.people is not None:
        mu = mu + records.people.treated[i] * own["effect"].values
    posterior = read_posterior(tree, both_arms=True)
    likelihood, values = posterior.spec.likelihood, likelihood_values(posterior.spec, posterior.scalars, 0)
    low, high = records.low[i, j], records.high[i, j]
    if records.kind[i, j] == POINT:
        return np.asarray(likelihood.log_point(low, mu, values, NUMPY) + records.log_slope[i, j])
    return np.asarray(likelihood.log_cell(low, high, mu, values, NUMPY))


def _given_others(tree: xr.DataTree, records: Grid, i: int, j: int) -> Array:
    """Return the same where residuals are correlated: given the patient's other records, too."""
    spec, posterior = spec_of(tree), read_posterior(tree, both_arms=True)
    own = tree["posterior"].to_dataset().isel(patient=[i])
    mu = own["patient_level"] + own["mean_change"] + own["patient_response"] * own["response_shape"]
    if "effect" in own and records.people is not None:
        mu = mu + records.people.treated[i] * own["effect"]
    draws = {**posterior.scalars, "expected": mu.transpose("chain", "draw", "patient", "visit").values}
    if "residual_z" in own:
        draws["residual_z"] = own["residual_z"].values
    parts = ("value", "limit", "low", "high", "kind", "log_slope")
    one = replace(
        records, patients=(records.patients[i],), **{name: getattr(records, name)[[i]] for name in parts}
    )
    return np.asarray(log_likelihood_given_others(spec, one, draws)[..., 0, j])
