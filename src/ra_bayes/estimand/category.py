"""Estimands of ordered categories: shares of new patients in a category or better, by visit.

With m, v the mean and variance of mu over patients and c_k a cutpoint, Pr(y > k) is the mean over patients of
F(mu - c_k): of the probit Phi((m - c_k) / sqrt(1 + v)), of the logit by quadrature.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import variance_of_patients
from ra_bayes.estimand.summary import Quantity
from ra_bayes.model.likelihoods.ordered import Ordered

__all__ = ["category_estimands", "shares_beyond"]

type Array = NDArray[np.float64]


def shares_beyond(posterior: Posterior) -> Array:
    """Return the shares of new patients beyond the first category, the first two, ... (cut, ..., visit)."""
    likelihood = posterior.spec.likelihood
    assert isinstance(likelihood, Ordered)
    mean = posterior.scalars["baseline_mean"][..., None] + posterior.mean_change
    return np.array(likelihood.shares_above(mean, posterior.scalars, variance_of_patients(posterior)))


def category_estimands(posterior: Posterior) -> Iterator[Quantity]:
    """Yield the share of new patients at least (where lower is better: at most) in each category; by visit.

    Nothing for an outcome that is not of ordered categories.
    """
    spec = posterior.spec
    outcome = spec.outcome
    if not isinstance(spec.likelihood, Ordered):
        return
    falling = spec.benefit_sign < 0
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
