"""Estimands of records that take few values: shares of new patients in a category or better, or at 0.

With m, v the mean and variance of mu over patients and c_k a cutpoint between ordered categories, Pr(y > k)
is the mean over patients of F(mu - c_k): of the probit Phi((m - c_k) / sqrt(1 + v)), of the logit by
quadrature. Of a score that is often 0 (a hurdle),

    Pr(y = 0) = E[ Phi((zero_at - mu) / zero_spread) ] = Phi( (zero_at - m) / sqrt(zero_spread^2 + v) )
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import variance_of_patients
from ra_bayes.estimand.summary import Quantity
from ra_bayes.model.likelihoods.ordered import Ordered

__all__ = ["share_estimands", "shares_beyond"]

type Array = NDArray[np.float64]


def share_estimands(posterior: Posterior) -> Iterator[Quantity]:
    """Yield the shares of new patients that a likelihood tells of, by visit; nothing under most of them."""
    if isinstance(posterior.spec.likelihood, Ordered):
        yield from _in_categories(posterior)
    elif posterior.spec.likelihood.name == "hurdle":
        yield from _at_zero(posterior)


def shares_beyond(posterior: Posterior) -> Array:
    """Return the shares of new patients beyond the first category, the first two, ... (cut, ..., visit)."""
    likelihood = posterior.spec.likelihood
    assert isinstance(likelihood, Ordered)
    return np.array(
        likelihood.shares_above(_mean(posterior), posterior.scalars, variance_of_patients(posterior))
    )


def _mean(posterior: Posterior) -> Array:
    return np.asarray(posterior.scalars["baseline_mean"][..., None] + posterior.mean_change)


def _in_categories(posterior: Posterior) -> Iterator[Quantity]:
    """Yield the shares at least (where lower is better: at most) in each category."""
    outcome = posterior.spec.outcome
    falling = posterior.spec.benefit_sign < 0
    for k, share in enumerate(shares_beyond(posterior)):
        place = k if falling else k + 1
        side = "at_most" if falling else "at_least"
        for j in np.flatnonzero(posterior.seen):
            yield Quantity(
                f"share_{side}_{outcome.levels[place]}",
                (1.0 - share if falling else share)[..., j],
                "share of patients",
                f"chance that a new patient is recorded as {outcome.level_name(place)} or "
                f"{'lower' if falling else 'higher'}",
                week=float(posterior.weeks[j]),
            )


def _at_zero(posterior: Posterior) -> Iterator[Quantity]:
    at, spread = (posterior.scalars[name][..., None] for name in ("zero_at", "zero_spread"))
    share = special.ndtr((at - _mean(posterior)) / np.sqrt(spread**2 + variance_of_patients(posterior)))
    for j in np.flatnonzero(posterior.seen):
        yield Quantity(
            "share_at_zero",
            share[..., j],
            "share of patients",
            "chance that a new patient's record is 0; all else of this outcome is told of records above 0",
            week=float(posterior.weeks[j]),
        )
