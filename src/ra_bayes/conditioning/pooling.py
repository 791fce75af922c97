"""Mix the fits of reconstructed cohorts into one posterior given the counts.

Each cohort is a draw of the records given the counts, so that

    p(theta | counts) = sum_i w_i p(theta | cohort_i, a_i)

whatever else a_i was drawn with the cohort. A fit of one outcome knows nothing of the others; a_i is what
ties them together: the responder factors and their loading, the effect common to all outcomes, the placebo
response. Given a_i the fit's draws have importance weights

    prod_j p(records of j | v_j ~ N(s loading f_j, 1 - loading^2)) / p(records of j | v_j ~ N(0, 1))

over patients, their own scores v_j integrated out (:mod:`ra_bayes.conditioning.tied_patients`), and the like
of the steps of the mean. Only the prior that made the cohorts gives the posterior given the counts: fitted
under another, the same six counts would be used twice, and the mixture would be too narrow. Draws of such
fits can be reweighted by the ratio of the two priors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.conditioning.facts_tree import outcome_dataset, published_entry, versions
from ra_bayes.conditioning.reconstruction import Reconstruction, Ties
from ra_bayes.conditioning.tied_patients import log_ratio_of_records
from ra_bayes.counts import CountsModel, counts_model
from ra_bayes.errors import FitError
from ra_bayes.model.priors import Prior
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import model_entry, provenance, spec_of, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["pool"]

type Array = NDArray[np.float64]

_PRIOR_DRAWS = 1000


def pool(
    fits: Sequence[xr.DataTree],
    cohorts: Reconstruction,
    *,
    seed: int,
    draws: int = 1000,
    chains: int = 4,
    reweight: bool = False,
) -> xr.DataTree:
    """Return the posterior given published counts that fits of reconstructed cohorts amount to.

    Parameters
    ----------
    fits
        A fit of the same page to each cohort, in their order.
    cohorts
        From :func:`~ra_bayes.reconstruct`, of a trial with one arm.
    seed
        Seed of the choice of draws.
    draws, chains
        Draws kept per chain, and chains.
    reweight
        Allow fits under another prior than the one that made the cohorts, and reweight their draws to it.

    Returns
    -------
    xarray.DataTree
        Of one outcome, as the nodes of :mod:`ra_bayes.conditioning.facts_tree` are. Its Monte Carlo error
        is that of so many cohorts.

    Raises
    ------
    FitError
        If the fits are not of these cohorts, or were made under another prior and `reweight` is not set.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> made = rb.reconstruct(facts, "wide", 300, seed=1)                       # doctest: +SKIP
    >>> page = made.model.page("vas")                                           # doctest: +SKIP
    >>> tree = rb.pool([rb.fit(page, cohort, seed=1) for cohort in made], made, seed=1)  # doctest: +SKIP
    """
    page = _checked(fits, cohorts, reweight=reweight)
    arm = cohorts.facts.arms[0].id
    problem = counts_model(cohorts.facts, cohorts.model, reading=cohorts.reading, also=[page.outcome.id])
    made = problem.layout.pages[page.outcome.id]
    rng = np.random.default_rng(seed)
    log_weights = [
        _log_ratio(fit, page, made, ties, cohorts, arm, rng)
        for fit, ties in zip(fits, cohorts.ties, strict=True)
    ]
    within = [special.softmax(each, axis=None) for each in log_weights]
    of_cohort = cohorts.weights / cohorts.weights.sum()
    chosen = _choose(of_cohort, within, (chains, draws), rng)
    posterior = _posterior(fits, chosen)
    ess = _effective_size(fits, within, of_cohort)
    sampling = {
        "sampler": "fits of reconstructed cohorts, pooled",
        "draws": draws,
        "chains": chains,
        "cohorts": len(fits),
        "ess": ess,
        "pareto_k": 0.0,
        "ess_within_cohorts": [float(1.0 / (each**2).sum()) for each in within],
        "variance_inflation": 1.0 + draws * chains / ess,
    }
    normal, unit = problem.split(rng.normal(size=(chains, _PRIOR_DRAWS, problem.dimension)))
    prior = problem.fine(normal, unit, rng).values[arm, page.outcome.id]
    return _tree(problem, made, arm, posterior, prior, sampling, seed)


def _checked(fits: Sequence[xr.DataTree], cohorts: Reconstruction, *, reweight: bool) -> ModelSpec:
    """Return the page the fits share, if they are of these cohorts and under their prior."""
    if len(fits) != len(cohorts):
        raise FitError(f"{len(fits)} fits for {len(cohorts)} cohorts; give one fit for each cohort, in order")
    if len(cohorts.facts.arms) > 1:
        raise FitError(
            f"{cohorts.facts.name} has {len(cohorts.facts.arms)} arms, which share parameters that the fit "
            "of one arm does not see; use ra_bayes.condition for all arms together"
        )
    page = spec_of(fits[0])
    for i, (fit, cohort) in enumerate(zip(fits, cohorts, strict=True), 1):
        entries = provenance(fit)
        if entries.get("cohort", {}).get("hash") != cohort.hash:
            raise FitError(
                f"fit {i} is not of cohort {i} ({cohort.name}); give the fits in the cohorts' order"
            )
        if spec_of(fit).priors != page.priors or entries["model"]["hash"] != page.hash:
            raise FitError(f"fit {i} has another model page than fit 1 ({page.name}); pool fits of one page")
    made = cohorts.model.page(page.outcome.id)
    if (page.link.name, page.shape, page.reference_week) != (made.link.name, made.shape, made.reference_week):
        raise FitError(
            f"the cohorts were made under {made.shape} on the {made.link.name} scale and the fits are of "
            f"{page.shape} on the {page.link.name} scale: fit the reconstruction's "
            f"model.page({page.outcome.id!r})"
        )
    differs = _differences(page, made)
    if cohorts.model.placebo(page.outcome.id)[1]:
        differs.append("the historical placebo response under the mean change")
        if page.shape != "visits":
            raise FitError(
                f"the placebo response can be put under a fit's mean change with trajectory visits only, not "
                f"{page.shape}; reconstruct with a joint model centred on no change"
            )
    if differs and not reweight:
        raise FitError(
            f"the fits' prior is not the one that made the cohorts (it differs in {', '.join(differs)}): "
            "pooled as they are, they would be surer than the counts allow; fit the reconstruction's "
            f"model.page({page.outcome.id!r}), or set reweight=True"
        )
    return page


def _differences(page: ModelSpec, made: ModelSpec) -> list[str]:
    found = []
    for prior, other in zip(page.priors, made.priors, strict=True):
        if prior.numbers != other.numbers:
            found.append(prior.parameter.name)
            if prior.fixed or other.fixed:
                raise FitError(
                    f"{prior.parameter.name} is fixed in the fits' page or in that of the cohorts, and not "
                    "the same: no weight turns one into the other; fix it at one value in both, or in none"
                )
    return found


def _log_ratio(
    fit: xr.DataTree,
    page: ModelSpec,
    made: ModelSpec,
    ties: Ties,
    cohorts: Reconstruction,
    arm: str,
    rng: np.random.Generator,
) -> Array:
    """Return for each draw of a fit the log of (prior given the ties) / (prior of the fit)."""
    node = fit["posterior"].to_dataset()
    total = np.zeros(node["baseline_mean"].shape)
    tied_level = page.binary and arm in ties.effect
    for prior, other in zip(page.priors, made.priors, strict=True):
        name = prior.parameter.name
        if name not in node or prior.fixed:
            continue
        value = node[name].values
        total -= _log_density(prior, value)
        if tied_level and name == "baseline_mean":
            score = (value - other.numbers[0]) / other.numbers[1]
            total += _tied(
                score, _common(node, ties.effect[arm], page), cohorts.model.related, page
            ) - np.log(other.numbers[1])
        else:
            total += _log_density(other, value)
    total += _steps(node, page, ties, cohorts, arm)
    return total + _patients(fit, page, ties, rng)


def _log_density(prior: Prior, value: Array) -> Array:
    """Return the log density of a parameter itself, up to what depends on its value alone."""
    first, second = prior.numbers
    if prior.parameter.family == "correlation":
        return np.asarray(prior.log_density((value + 1.0) / 2.0))
    score = (np.log(value / first) if prior.parameter.family == "scale" else value - first) / second
    return np.asarray(prior.log_density(score) - np.log(second))


def _steps(node: xr.Dataset, page: ModelSpec, ties: Ties, cohorts: Reconstruction, arm: str) -> Array:
    """Return the log ratio of the walk's steps: the placebo response taken out, the common effect put in."""
    placebo = ties.placebo.get(page.outcome.id, 0.0)
    common = None if page.binary else ties.effect.get(arm)
    if "walk_step" not in node or (common is None and not placebo):
        return np.zeros(node["baseline_mean"].shape)
    step = node["walk_step"].values
    weeks = node["visit"].values
    gaps = np.sqrt(np.diff(weeks) / page.reference_week)
    rise = placebo * np.diff(node["response_shape"].values, axis=-1)
    own = step - rise / (node["walk_sd"].values[..., None] * gaps)
    after = _log_normal(own) if common is None else _tied(own, common, cohorts.model.related, page)
    return np.asarray((after - _log_normal(step)).sum(axis=-1))


def _patients(fit: xr.DataTree, page: ModelSpec, ties: Ties, rng: np.random.Generator) -> Array:
    """Return the log ratio of the patients' records, given the responder factors."""
    if not ties.factor or not page.benefit_sign:
        return np.zeros(fit["posterior"]["baseline_mean"].shape)
    patients = fit["posterior"].to_dataset()["patient"].to_numpy()
    factor = np.array([ties.factor[str(patient)] for patient in patients])
    mean, sd = page.benefit_sign * ties.loading * factor, np.sqrt(1.0 - ties.loading**2)
    return log_ratio_of_records(fit, page, mean, float(sd), rng)


def _tied(score: Array, common: Array | float, share: float, page: ModelSpec) -> Array:
    """Return the log density of scores of which so large a share of the variance is common."""
    sign = page.benefit_sign
    if not sign:
        return _log_normal(score)
    rest = max(1.0 - share, 1e-6)
    score = (score - sign * np.sqrt(share) * common) / np.sqrt(rest)
    return np.asarray(_log_normal(score) - 0.5 * np.log(rest))


def _log_normal(score: Array) -> Array:
    return np.asarray(-0.5 * np.square(score))


def _common(node: xr.Dataset, steps: Array, page: ModelSpec) -> float:
    """Return the common effect at the reference week, with SD 1."""
    gaps = np.diff(np.minimum(node["visit"].values, page.reference_week))
    return float((steps * np.sqrt(gaps / gaps.sum())).sum())


def _choose(
    of_cohort: Array, within: Sequence[Array], shape: tuple[int, int], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return the cohort and draw of each pooled draw: cohorts in proportion, draws at random."""
    size = shape[0] * shape[1]
    places = (rng.random() + np.arange(size)) / size
    cohort = rng.permutation(np.minimum(np.searchsorted(of_cohort.cumsum(), places), of_cohort.size - 1))
    return [(int(i), int(rng.choice(within[i].size, p=within[i].ravel()))) for i in cohort]


_KEPT_DIMS = {"chain", "draw", "visit"}


def _posterior(fits: Sequence[xr.DataTree], chosen: Sequence[tuple[int, int]]) -> dict[str, Array]:
    """Return the chosen draws of everything that is not a patient's, as (draw, ...)."""
    nodes = [fit["posterior"].to_dataset() for fit in fits]
    names = sorted(_names(fits))
    flat = {name: [node[name].values.reshape(-1, *node[name].shape[2:]) for node in nodes] for name in names}
    return {name: np.stack([flat[name][i][s] for i, s in chosen]) for name in names}


def _names(fits: Sequence[xr.DataTree]) -> set[str]:
    """Return what of a fit is not a patient's."""
    node = fits[0]["posterior"].to_dataset()
    return {str(name) for name, each in node.data_vars.items() if set(each.dims) <= _KEPT_DIMS}


def _effective_size(fits: Sequence[xr.DataTree], within: Sequence[Array], of_cohort: Array) -> float:
    """Return the smallest effective size of a posterior mean: its variance over that due to the cohorts.

    ESS = Var(theta) / sum_i w_i^2 (m_i - m)^2,    m_i the mean of fit i and m the pooled one.
    """
    sizes = []
    for name in _names(fits) - {"response_shape"}:
        draws = [fit["posterior"].to_dataset()[name].to_numpy() for fit in fits]
        flat = [each.reshape(weight.size, -1) for each, weight in zip(draws, within, strict=True)]
        means = np.stack([weight.ravel() @ each for weight, each in zip(within, flat, strict=True)])
        squares = np.stack([weight.ravel() @ each**2 for weight, each in zip(within, flat, strict=True)])
        mean = of_cohort @ means
        variance = of_cohort @ squares - mean**2
        error = of_cohort**2 @ (means - mean) ** 2
        moving = variance > 1e-12
        sizes.append(float((variance[moving] / error[moving]).min(initial=np.inf)))
    return min(sizes)


def _tree(
    problem: CountsModel,
    made: ModelSpec,
    arm: str,
    posterior: dict[str, Array],
    prior: dict[str, Any],
    sampling: dict[str, Any],
    seed: int,
) -> xr.DataTree:
    import xarray as xr

    shape = sampling["chains"], sampling["draws"]
    laid = {name: each.reshape(*shape, *each.shape[1:]) for name, each in posterior.items()}
    layout = problem.every_visit
    groups = {
        "posterior": outcome_dataset(layout, made, laid),
        "prior": outcome_dataset(layout, made, prior),
    }
    joint = problem.layout.joint
    entries = {
        "published": published_entry(problem.publication, problem.events, problem.reading),
        "joint": {"name": joint.name, "hash": joint.hash, "related": joint.related},
        "model": model_entry(made),
        "arm": arm,
        "seed": seed,
        "sampling": sampling,
        "attempts": [],
        "versions": versions(),
    }
    return with_provenance(xr.DataTree.from_dict(groups), entries)
