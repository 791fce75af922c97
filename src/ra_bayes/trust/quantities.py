"""What a report shows of a population, as draws: estimands at the reference week, and the model's SDs.

Of two arms the estimands are the difference between them; what each arm did by itself is not what the trial
is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand import Quantity, quantities, read_posterior
from ra_bayes.estimand.arms import arm_names, difference_estimands
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Key", "for_comparison", "keyed", "reported"]

type Array = NDArray[np.float64]
type Key = tuple[str, str]

# Parameters that an estimand is already.
_OF_ONE_ARM = ("baseline_mean", "response_sd", "change")
_OF_TWO_ARMS = ("baseline_mean", "effect_change")
# The estimand that is an SD.
_SCALE_TOLD = "response_heterogeneity"


def reported(tree: xr.DataTree, group: str = "posterior") -> list[Quantity]:
    """Return the estimands that are not of one patient, at the reference week or of all weeks, and the SDs.

    Parameters
    ----------
    tree
        A fit or a re-fit.
    group
        ``"posterior"`` or ``"prior"``.
    """
    spec, posterior = spec_of(tree), read_posterior(tree, group, both_arms=True)
    two = posterior.effect is not None
    estimands = difference_estimands(posterior, arm_names(tree)[0]) if two else quantities(tree, group)
    told = [
        each
        for each in estimands
        if not each.patient and (np.isnan(each.week) or each.week == spec.reference_week)
    ]
    scalars = posterior.scalars
    for prior in spec.priors:
        name = prior.parameter.name
        alone = name == "correlation" and spec.prior("response_sd").fixed
        if name in (_OF_TWO_ARMS if two else _OF_ONE_ARM) or prior.fixed or alone:
            continue
        # Draws are on the link's scale, of a level too.
        unit = spec.link_unit if prior.parameter.family == "level" else spec.unit_of(prior.parameter)
        told.append(Quantity(name, scalars[name], unit, prior.parameter.meaning))
    return told


def keyed(told: list[Quantity]) -> dict[Key, Quantity]:
    """Return quantities by name and week, the week as text since NaN equals nothing."""
    return {(each.name, f"{each.week:g}"): each for each in told}


def for_comparison(quantity: Quantity, spec: ModelSpec) -> Array:
    """Return draws on the scale on which spreads are compared: the log of ratios, SDs and other scales."""
    draws = np.asarray(quantity.draws, dtype=float)
    scales = {each.parameter.name for each in spec.priors if each.parameter.family == "scale"}
    positive = quantity.unit == "ratio" or quantity.name in scales | {_SCALE_TOLD}
    return np.log(draws) if positive else draws
