"""Estimands of a weighted mixture of posteriors: what is said if no single model is believed.

With weights w_k of the models, such as those of stacking, the distribution of an estimand q is

    F(q) = sum_k w_k F_k(q),

so estimate and interval are the mixture's median and quantiles, a probability the weighted mean. It is wider
than any one model's where the models disagree. The weights are taken as known.

**Monte Carlo error.** The models' draws are independent: at a point the error of F is that of the weighted
sum, e^2 = sum_k w_k^2 MCSE_k^2 of Pr(q_k <= point). A median's error is half of what the mixture's quantiles
at 1/2 - e and 1/2 + e are apart. The effective sample size is p (1 - p) / e^2, as many independent draws of
the mixture as would tell F as well: the smallest at median and interval ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import MIN_ESS
from ra_bayes.errors import FitError
from ra_bayes.estimand import COLUMNS, Quantity, quantities
from ra_bayes.tree import provenance, spec_of
from ra_bayes.trust.gate import refuse_unless_passed

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["mixed", "stacked_estimands"]

type Array = NDArray[np.float64]
type _Key = tuple[str, str, str, str, str, str]


def stacked_estimands(
    trees: Mapping[str, xr.DataTree], weights: Mapping[str, float], *, ci_prob: float = 0.90
) -> pd.DataFrame:
    """Return the estimands of the mixture of several fits' posteriors.

    Only what all models with a weight tell in the same unit and by the same definition is mixed: a ratio
    of one and a difference of another are two estimands.

    Parameters
    ----------
    trees
        Fits by name, of the same cohort and outcome.
    weights
        By name, 0 or more, adding up to 1: ``Comparison.weights``, or one's own.
    ci_prob
        Probability of the equal-tailed credible intervals.

    Returns
    -------
    pandas.DataFrame
        As :func:`~ra_bayes.estimand.estimands` has it; a row with an effective sample size of 400 or less is
        withheld likewise.

    Raises
    ------
    FitError
        If weights are not shares, name other fits, or a fit with a weight did not pass its gate or is of
        other data.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.compare(trees)                                  # doctest: +SKIP
    >>> rb.stacked_estimands(trees, found.weights)                 # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    share = _shares(trees, weights)
    for name in share:
        refuse_unless_passed(trees[name])
    told = {name: _by_key(trees[name]) for name in share}
    first = next(iter(told.values()))
    common = [key for key in first if all(key in each for each in told.values())]
    rows = [
        mixed([told[name][key] for name in share], np.array([*share.values()]), ci_prob) for key in common
    ]
    table = pd.DataFrame(rows).assign(
        outcome=spec_of(trees[next(iter(share))]).outcome.id, ci_prob=ci_prob, ci_kind="eti"
    )
    arms = [first[key].arm for key in common]
    if any(arms):
        table = table.assign(arm=arms)
    thin = table["ess"] <= MIN_ESS
    table.loc[thin, ["estimate", "lower", "upper", "p_benefit", "mcse"]] = np.nan
    table.loc[thin, "note"] = [
        f"withheld: ESS {ess:.0f}, wanted > {MIN_ESS:g}" for ess in table.loc[thin, "ess"]
    ]
    return table[[column for column in COLUMNS if column in table]]


def _shares(trees: Mapping[str, xr.DataTree], weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights above zero."""
    unknown = [name for name in weights if name not in trees]
    if unknown:
        raise FitError(
            f"there is a weight for {unknown[0]!r} but no such fit; name one of {', '.join(trees)}"
        )
    values = np.array([*weights.values()], dtype=float)
    if not (values >= 0.0).all() or abs(values.sum() - 1.0) > 1e-6:
        raise FitError(
            f"weights {', '.join(f'{each:g}' for each in values)} are not shares; write numbers of 0 or more "
            "that add up to 1"
        )
    share = {name: float(weights[name]) for name in trees if weights.get(name, 0.0) > 0.0}
    data = {(provenance(trees[name])["cohort"]["hash"], spec_of(trees[name]).outcome.id) for name in share}
    if len(data) > 1:
        raise FitError(
            "posteriors of different cohorts or outcomes do not mix; give fits of the same records"
        )
    return share


def _by_key(tree: xr.DataTree) -> dict[_Key, Quantity]:
    """Return a fit's quantities by all that makes two of them the same estimand."""
    link = spec_of(tree).link.name
    return {
        (
            each.arm,
            each.name,
            each.patient,
            f"{each.week:g}",
            each.unit,
            # What is defined on the link's scale is another thing under another link.
            each.definition + (link if "link's scale" in each.definition else ""),
        ): each
        for each in quantities(tree)
    }


def mixed(told: list[Quantity], share: Array, ci_prob: float) -> dict[str, object]:
    """Return the row of one estimand under a mixture of posteriors.

    Parameters
    ----------
    told
        The estimand under each model.
    share
        Weights of the models, adding up to 1.
    ci_prob
        Probability of the interval.
    """
    first = told[0]
    pool = _Pool.of(told, share)
    nan = float("nan")
    tail = (1.0 - ci_prob) / 2.0
    lower, estimate, upper = (pool.quantile(p) for p in (tail, 0.5, 1.0 - tail))
    size = nan
    if first.kind == "effect":
        errors = {p: _error_of_share(told, share, pool.quantile(p)) for p in (tail, 0.5, 1.0 - tail)}
        e = errors[0.5]
        error = (pool.quantile(min(0.5 + e, 1.0)) - pool.quantile(max(0.5 - e, 0.0))) / 2.0
        size = min((p * (1.0 - p) / e**2 for p, e in errors.items() if e > 0.0), default=nan)
    else:
        means = [np.asarray(each.draws, dtype=float) for each in told]
        estimate = float(sum(w * draws.mean() for w, draws in zip(share, means, strict=True)))
        error = float(np.sqrt(sum((w * _mcse(draws)) ** 2 for w, draws in zip(share, means, strict=True))))
        size = pool.variance / error**2 if error > 0.0 else nan
        if first.kind == "event":
            # All draws alike do not make a probability certain: its error is of the order of one draw.
            lower, upper, error = nan, nan, max(error, 1.0 / pool.value.size)
    sides = [np.mean(each.benefit) for each in told if each.benefit is not None]
    benefit = float(share @ np.array(sides)) if len(sides) == len(told) else nan
    return {
        "estimand": first.name,
        "patient": first.patient,
        "week": first.week,
        "unit": first.unit,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "p_benefit": benefit,
        "mcse": error,
        "ess": size,
        "definition": first.definition,
        "note": first.note,
    }


class _Pool(NamedTuple):
    """All models' draws, rising, with their weights' running sum at the middle of each."""

    value: Array
    weight: Array
    middle: Array

    @classmethod
    def of(cls, told: list[Quantity], share: Array) -> _Pool:
        draws = [np.asarray(each.draws, dtype=float).ravel() for each in told]
        weight = np.concatenate(
            [np.full(each.size, w / each.size) for each, w in zip(draws, share, strict=True)]
        )
        value = np.concatenate(draws)
        order = np.argsort(value, kind="stable")
        weight = weight[order]
        return cls(value[order], weight, np.cumsum(weight) - 0.5 * weight)

    def quantile(self, probability: float) -> float:
        """Return a quantile of the mixture."""
        return float(np.interp(probability, self.middle, self.value))

    @property
    def variance(self) -> float:
        """Variance of the mixture."""
        mean = self.weight @ self.value
        return float(self.weight @ np.square(self.value - mean))


def _error_of_share(told: list[Quantity], share: Array, point: float) -> float:
    """Return the Monte Carlo error of the mixture's Pr(q <= point)."""
    below = [(np.asarray(each.draws, dtype=float) <= point).astype(float) for each in told]
    errors = [w * _mcse(indicator) for indicator, w in zip(below, share, strict=True)]
    return float(np.sqrt(np.square(errors).sum()))


def _mcse(draws: Array) -> float:
    from arviz_stats.base import array_stats

    if float(draws.max()) == float(draws.min()):
        return 0.0
    return float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="mean"))
