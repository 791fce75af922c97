"""Estimand of a score that is often 0: how many new patients have none at all.

With m, v the mean and variance of mu over patients,

    Pr(y = 0) = E[ Phi((zero_at - mu) / zero_spread) ] = Phi( (zero_at - m) / sqrt(zero_spread^2 + v) )
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import variance_of_patients
from ra_bayes.estimand.summary import Quantity

__all__ = ["zero_estimands"]


def zero_estimands(posterior: Posterior) -> Iterator[Quantity]:
    """Yield the share of new patients whose record is 0, by visit; nothing under another likelihood."""
    if posterior.spec.likelihood.name != "hurdle":
        return
    at, spread = (posterior.scalars[name][..., None] for name in ("zero_at", "zero_spread"))
    mean = posterior.scalars["baseline_mean"][..., None] + posterior.mean_change
    share = special.ndtr((at - mean) / np.sqrt(spread**2 + variance_of_patients(posterior)))
    for j in np.flatnonzero(posterior.seen):
        yield Quantity(
            "share_at_zero",
            share[..., j],
            "share of patients",
            "chance that a new patient's record is 0; all else of this outcome is told of records above 0",
            week=float(posterior.weeks[j]),
        )
