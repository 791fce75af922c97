"""Estimands of two arms: what a treated arm's change or rate is, less that of the control arm.

Both arms have the same patients' and noise parameters and are drawn together, so that draw by draw

    difference = change_treated - change_control        (a ratio of ratios under the log link),

and for a binary outcome rate_treated - rate_control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand.event_rate import counted_weeks
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.rate import population_rate
from ra_bayes.estimand.summary import Quantity
from ra_bayes.model.spec import ModelSpec
from ra_bayes.published import read_publication_text
from ra_bayes.tree import outcome_trees, provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["arm_differences", "difference", "odds_ratio"]

type Array = NDArray[np.float64]


def difference(posterior: Posterior, at: int) -> tuple[str, Array, str]:
    """Return name, draws and unit of the treated arm's change or rate less the control arm's.

    Parameters
    ----------
    posterior
        Of a fit of both arms.
    at
        Index of the visit.
    """
    assert posterior.effect is not None
    treated = replace(posterior, mean_change=posterior.mean_change + posterior.effect)
    draws, unit = _less(posterior.spec, _told(treated, at), _told(posterior, at))
    return "difference_from_control", draws, unit


def odds_ratio(posterior: Posterior) -> Array | None:
    """Return exp(d) at the reference week where d is the log odds ratio of a higher category; else None."""
    if posterior.effect is None or posterior.spec.likelihood.name != "cumulative_logit":
        return None
    return np.asarray(np.exp(posterior.effect[..., posterior.at_reference]))


def _less(spec: ModelSpec, first: Array, second: Array) -> tuple[Array, str]:
    """Return how far two arms are apart, and in what unit."""
    if spec.binary:
        return first - second, "share of patients"
    if spec.link.change == "ratio":
        return first / second, "ratio"
    return first - second, spec.outcome.unit


def arm_differences(tree: xr.DataTree) -> Iterator[tuple[str, str, Quantity]]:
    """Yield arm, outcome and quantity for every treated arm, where there is one control arm.

    At the weeks at which both arms' patients were counted, and at the reference week.
    """
    told = provenance(tree)["published"]
    controls = read_publication_text(told["toml"], told["name"]).controls
    if len(controls) != 1:
        return
    (control,) = controls
    posteriors = {(arm, outcome): node for arm, outcome, node in outcome_trees(tree)}
    for (arm, outcome), node in posteriors.items():
        if arm == control:
            continue
        treated, placebo = read_posterior(node), read_posterior(posteriors[control, outcome])
        both = {*counted_weeks(node)} & {*counted_weeks(posteriors[control, outcome])}
        for week in sorted(both | {treated.spec.reference_week}):
            yield arm, outcome, _difference(treated, placebo, week, control)


def _difference(treated: Posterior, placebo: Posterior, week: float, control: str) -> Quantity:
    at = int(np.flatnonzero(treated.weeks == week)[0])
    first, second = _told(treated, at), _told(placebo, at)
    apart, unit = _less(treated.spec, first, second)
    ratio = unit == "ratio"
    sign = treated.spec.benefit_sign
    what = "response rate" if treated.spec.binary else "change of the typical patient"
    return Quantity(
        "difference_from_control",
        apart,
        unit,
        f"{what}, {'over' if ratio else 'less'} that in arm {control!r} of the same trial",
        week=week,
        benefit=sign * (apart - (1.0 if ratio else 0.0)) > 0.0 if sign else None,
    )


def _told(posterior: Posterior, at: int) -> Array:
    """Return the rate, or the change in clinical units."""
    if posterior.spec.binary:
        return population_rate(posterior)[..., at]
    start = posterior.scalars["baseline_mean"]
    return posterior.contrast(start, start + posterior.mean_change[..., at])
