"""What a report shows of a population, as draws: estimands at the reference week, and the model's SDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand import Quantity, quantities, read_posterior
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Key", "for_comparison", "keyed", "reported"]

type Array = NDArray[np.float64]
type Key = tuple[str, str]

# Parameters that an estimand is already.
_ESTIMANDS = ("baseline_mean", "response_sd", "change")


def reported(tree: xr.DataTree, group: str = "posterior") -> list[Quantity]:
    """Return the estimands that are not of one patient, at the reference week or of all weeks; then the SDs.

    Parameters
    ----------
    tree
        A fit or a re-fit.
    group
        ``"posterior"`` or ``"prior"``.
    """
    spec = spec_of(tree)
    told = [
        each
        for each in quantities(tree, group)
        if not each.patient and (np.isnan(each.week) or each.week == spec.reference_week)
    ]
    scalars = read_posterior(tree, group).scalars
    unit = spec.outcome.unit if spec.link.name == "identity" else f"{spec.link.name} scale"
    for prior in spec.priors:
        name, family = prior.parameter.name, prior.parameter.family
        alone = name == "correlation" and spec.prior("response_sd").fixed
        if name in _ESTIMANDS or prior.fixed or alone:
            continue
        of = "" if family in ("correlation", "proportion") else "weeks" if prior.parameter.in_weeks else unit
        told.append(Quantity(name, scalars[name], of, prior.parameter.meaning))
    return told


def keyed(told: list[Quantity]) -> dict[Key, Quantity]:
    """Return quantities by name and week, the week as text since NaN equals nothing."""
    return {(each.name, f"{each.week:g}"): each for each in told}


def for_comparison(quantity: Quantity) -> Array:
    """Return draws on the scale on which spreads are compared: the log of ratios and of SDs."""
    draws = np.asarray(quantity.draws, dtype=float)
    positive = quantity.unit == "ratio" or quantity.name.endswith("_sd") or quantity.name in _POSITIVE
    return np.log(draws) if positive else draws


_POSITIVE = ("response_heterogeneity", "half_time", "loss_half_time", "lengthscale")
