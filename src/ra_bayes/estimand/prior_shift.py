"""What the data made of the prior: both, side by side, for the parameters and the main estimand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand.arm_difference import difference
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.rate import population_rate
from ra_bayes.model.priors import Prior

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["main_quantity", "prior_to_posterior"]

type Array = NDArray[np.float64]


def main_quantity(posterior: Posterior, week: float | None = None) -> tuple[str, Array, str]:
    """Return name, draws and unit of what is asked first: the change (or rate) at the reference week.

    Parameters
    ----------
    posterior
        Draws of a fit.
    week
        Another week to tell it at.
    """
    at = posterior.at_reference if week is None else int(np.flatnonzero(posterior.weeks == week)[0])
    if posterior.spec.binary:
        if posterior.effect is not None:
            return difference(posterior, at)
        return "response_rate", population_rate(posterior)[..., at], "share of patients"
    start = posterior.scalars["baseline_mean"]
    if posterior.effect is not None:
        return difference(posterior, at)
    change = posterior.contrast(start, start + posterior.mean_change[..., at])
    ratio = posterior.spec.link.change == "ratio"
    return "mean_change", change, "ratio" if ratio else posterior.spec.outcome.unit


def prior_to_posterior(tree: xr.DataTree, *, ci_prob: float = 0.90) -> pd.DataFrame:
    """Return prior and posterior of the main estimand and of every estimated parameter.

    Returns
    -------
    pandas.DataFrame
        ``quantity``, ``meaning``, ``unit``; median and equal-tailed interval of both
        (``prior``, ``prior_lower``, ...); and ``variance_left``, the posterior variance over the
        prior's: near 1 the data said little, near 0 they said nearly all. For ratios, levels under
        the log link and scales it is taken on the log.

    Examples
    --------
    >>> import ra_bayes as rb                                     # doctest: +SKIP
    >>> prior_to_posterior(rb.load("results/sdai/posterior.nc"))  # doctest: +SKIP
    """
    import pandas as pd

    prior, posterior = (read_posterior(tree, group, both_arms=True) for group in ("prior", "posterior"))
    spec = posterior.spec
    name, before, unit = main_quantity(prior)
    _, after, _ = main_quantity(posterior)
    what = "chance that a new patient responds" if spec.binary else "population mean change"
    what = what if spec.arm is None else f"{what}, treated less control"
    rows = [
        _row(name, f"{what} at week {spec.reference_week:g}", unit, before, after, unit == "ratio", ci_prob)
    ]
    for each in spec.priors:
        if each.fixed or (each.parameter.name == "correlation" and spec.prior("response_sd").fixed):
            continue
        pair = [group.scalars[each.parameter.name] for group in (prior, posterior)]
        family, unit = each.parameter.family, spec.unit_of(each.parameter)
        if family == "level":
            pair = [spec.link.inverse(draws) for draws in pair]
        log = family == "scale" or (family == "level" and spec.link.change == "ratio")
        row = _row(each.parameter.name, each.parameter.meaning, unit, pair[0], pair[1], log, ci_prob)
        rows.append(row | _exact(each, posterior, ci_prob))
    return pd.DataFrame(rows)


def _exact(prior: Prior, posterior: Posterior, ci_prob: float) -> dict[str, object]:
    """Return a parameter's prior median and interval as they are, not as draws have them."""
    tail = (1.0 - ci_prob) / 2.0
    lower, median, upper = (prior.quantile(p) for p in (tail, 0.5, 1.0 - tail))
    if prior.parameter.family == "level":
        lower, median, upper = (float(posterior.spec.link.inverse(each)) for each in (lower, median, upper))
    return {"prior": median, "prior_lower": lower, "prior_upper": upper}


def _row(
    quantity: str, meaning: str, unit: str, before: Array, after: Array, log: bool, ci_prob: float
) -> dict[str, object]:
    tail = (1.0 - ci_prob) / 2.0
    row: dict[str, object] = {"quantity": quantity, "meaning": meaning, "unit": unit}
    for group, draws in (("prior", before), ("posterior", after)):
        lower, median, upper = (float(q) for q in np.quantile(draws, [tail, 0.5, 1.0 - tail]))
        row |= {group: median, f"{group}_lower": lower, f"{group}_upper": upper}
    scaled = [np.log(draws) if log else draws for draws in (before, after)]
    return row | {"variance_left": float(np.var(scaled[1]) / np.var(scaled[0]))}
