"""A fit's estimands under other prior scales, and under prior or likelihood to a power.

Weights where they will do (Pareto-smoothed importance sampling, k at most 0.7; Vehtari et al. 2024), else an
exact re-fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import MAX_PARETO_K, diagnose
from ra_bayes.estimand import Quantity, summarise
from ra_bayes.inference.refit import refit
from ra_bayes.jobs.seeding import seeds
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import model_entry, provenance, spec_of, with_provenance
from ra_bayes.trust.power import Scaled, likelihood_to_power, prior_to_power
from ra_bayes.trust.quantities import Key, keyed, reported

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DOUBLED", "HALVED", "Variant", "rescaled", "smoothed", "summed", "tell", "variants_of"]

type Array = NDArray[np.float64]

HALVED, DOUBLED = "prior scales halved", "prior scales doubled"
_POWERS = (0.5, 2.0)


class Variant(NamedTuple):
    """A changed posterior: draws of its own, or the fit's with weights; neither where nothing will do."""

    name: str
    told: dict[Key, Quantity]
    weights: Array | None = None
    khat: float = float("nan")
    passed: bool = True


def variants_of(
    tree: xr.DataTree, records: Grid, base: dict[Key, Quantity], seed: int, cores: int | None
) -> Iterator[Variant]:
    """Yield the fit under prior scales halved and doubled, then prior and likelihood to the powers 1/2 and 2.

    Parameters
    ----------
    tree
        A fit.
    records
        Its records.
    base
        Its quantities.
    seed
        Of all re-fits.
    cores
        Chains sampled at once; all cores if not given.
    """
    spec, own = spec_of(tree), iter(seeds(seed, 6))
    for name, factor in ((HALVED, 0.5), (DOUBLED, 2.0)):
        again = _refitted(tree, Scaled(rescaled(spec, factor), 1, {}), records, next(own), cores)
        yield Variant(name, keyed(reported(again)), passed=diagnose(again).passed)
    for component in ("prior", "likelihood"):
        log = summed(tree, f"log_{component}")
        for power in _POWERS:
            name, each = f"{component} to the power {power:g}", next(own)
            weights, khat = smoothed((power - 1.0) * log)
            if khat <= MAX_PARETO_K:
                yield Variant(name, base, weights, khat)
                continue
            scaled = (
                prior_to_power(spec, power)
                if component == "prior"
                else likelihood_to_power(spec, records, power)
            )
            if scaled is None:
                yield Variant(name, {}, None, khat, passed=False)
                continue
            again = _refitted(tree, scaled, records, each, cores)
            yield Variant(name, keyed(reported(again)), None, khat, diagnose(again).passed)


def rescaled(model: ModelSpec, factor: float) -> ModelSpec:
    """Return the model with all prior scales times a factor: SDs of levels and shifts, medians of scales.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> wide = rescaled(load_model("sdai"), 2.0)
    >>> wide.prior("baseline_mean").numbers, wide.prior("walk_sd").numbers
    ((35.0, 16.0), (20.0, 0.5))
    """
    numbers = {}
    for prior in model.priors:
        first, second = prior.numbers
        if prior.parameter.family in ("level", "shift", "proportion"):
            numbers[prior.parameter.name] = first, factor * second
        elif prior.parameter.family == "scale" and not prior.fixed:
            numbers[prior.parameter.name] = factor * first, second
    return model.with_numbers(numbers)


def _refitted(tree: xr.DataTree, scaled: Scaled, records: Grid, seed: int, cores: int | None) -> xr.DataTree:
    """Sample a changed model with the fit's draws and chains, told as draws of the fit's own model."""
    entries = provenance(tree)
    again = refit(
        scaled.model,
        records,
        seed=seed,
        draws=entries["sampling"]["draws"],
        chains=entries["sampling"]["chains"],
        cores=cores,
        repeat=scaled.repeat,
    )
    again["posterior"] = scaled.undo(again["posterior"].to_dataset())
    # The placebo response is drawn by the seed: with the fit's own it does not count as a change.
    own = {"model": model_entry(spec_of(tree)), "seed": entries["seed"]}
    return with_provenance(again, {**provenance(again), **own})


def summed(tree: xr.DataTree, group: str) -> Array:
    """Return the sum of a group of log densities (chain, draw)."""
    data = tree[group].to_dataset()
    each = [
        part.sum([dim for dim in part.dims if dim not in ("chain", "draw")]).transpose("chain", "draw").values
        for part in data.data_vars.values()
    ]
    return np.asarray(np.sum(each, axis=0))


def smoothed(log_ratio: Array) -> tuple[Array, float]:
    """Return weights, summing to 1, and k of Pareto-smoothed importance sampling."""
    from arviz_stats.base import array_stats

    log_weights, khat = array_stats.psislw(-log_ratio, axis=(-2, -1))
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum(), float(khat)


def tell(variant: Variant, key: Key, quantity: Quantity, ci_prob: float) -> dict[str, object]:
    """Return one estimand under one variant, as a row; NaN where the variant does not have it."""
    names = ("estimate", "lower", "upper", "mcse")
    row: dict[str, object] = {"estimand": quantity.name, "week": quantity.week, "variant": variant.name}
    if key not in variant.told:
        said: dict[str, object] = dict.fromkeys(names, float("nan"))
        route = "none"
    elif variant.weights is None:
        said, route = summarise(variant.told[key], ci_prob), "re-fit"
    else:
        said, route = _weighted(quantity, variant.weights, ci_prob), "importance"
    numbers = {name: said[name] for name in names}
    return row | numbers | {"route": route, "khat": variant.khat, "passed": variant.passed}


def _weighted(quantity: Quantity, weights: Array, ci_prob: float) -> dict[str, object]:
    """Return estimate and interval by weighted draws; the error is the draws', inflated by the weights."""
    draws, w = np.asarray(quantity.draws, dtype=float).ravel(), weights.ravel()
    tail = (1.0 - ci_prob) / 2.0
    order = np.argsort(draws)
    middle = np.cumsum(w[order]) - 0.5 * w[order]
    lower, median, upper = (float(q) for q in np.interp([tail, 0.5, 1.0 - tail], middle, draws[order]))
    if quantity.kind == "event":
        lower = upper = float("nan")
    inflation = float(np.sqrt(draws.size * np.square(w).sum()))
    return {
        "estimate": median if quantity.kind == "effect" else float(w @ draws),
        "lower": lower,
        "upper": upper,
        "mcse": float(str(summarise(quantity, ci_prob)["mcse"])) * inflation,
    }
