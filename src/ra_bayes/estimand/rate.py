"""Estimands of a binary outcome: response rates, and each patient's chance.

With mu = A + f(t) + b r(t) the latent mean and residual SD 1, a patient responds with probability Phi(mu).
Over patients,

    rate(t) = E[ Phi(mu) ] = Phi( (baseline_mean + f(t)) / sqrt(1 + Var(A + b r(t))) ).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.summary import Quantity
from ra_bayes.numbers import these

__all__ = ["population_rate", "rate_estimands", "variance_of_patients"]

type Array = NDArray[np.float64]


def variance_of_patients(posterior: Posterior) -> Array:
    """Return Var(A + b r) over patients, link's scale (..., visit)."""
    between, own, rho = (
        posterior.scalars[name][..., None] for name in ("baseline_sd", "response_sd", "correlation")
    )
    return np.asarray(between**2 + 2.0 * rho * between * own * posterior.shape + (own * posterior.shape) ** 2)


def population_rate(posterior: Posterior) -> Array:
    """Return the response rate over the population, shape (..., visit)."""
    spread = variance_of_patients(posterior)
    latent = posterior.scalars["baseline_mean"][..., None] + posterior.mean_change
    noise = posterior.scalars["residual_sd"][..., None] ** 2
    return np.asarray(special.ndtr(latent / np.sqrt(noise + spread)))


def rate_estimands(posterior: Posterior, placebo: Array | None) -> Iterator[Quantity]:
    """Yield every estimand of a binary outcome.

    Parameters
    ----------
    posterior
        Draws of a fit.
    placebo
        Draws of the historical placebo rate on the probit scale (chain, draw), if the page has one.
    """
    rate = population_rate(posterior)
    noise = posterior.scalars["residual_sd"][..., None, None]
    chance = special.ndtr(posterior.patient_mean / noise)
    number = len(posterior.patients)
    for j in np.flatnonzero(posterior.seen):
        week = float(posterior.weeks[j])
        yield Quantity(
            "response_rate",
            rate[..., j],
            "share of patients",
            "chance that a new patient responds",
            week=week,
        )
        if not posterior.patients:
            continue
        yield Quantity(
            "response_rate_of_cohort",
            chance[..., j].mean(axis=-1),
            "share of patients",
            f"mean chance of response of {these(number)}",
            week=week,
        )
    for i, patient in enumerate(posterior.patients):
        yield Quantity(
            "patient_response_probability",
            chance[..., i, posterior.at_reference],
            "probability",
            "chance that this patient is found in response",
            patient=patient,
            week=posterior.spec.reference_week,
        )
    if placebo is not None:
        beyond = rate[..., posterior.at_reference] - special.ndtr(placebo)
        sign = posterior.spec.benefit_sign
        yield Quantity(
            "rate_beyond_placebo",
            beyond,
            "share of patients",
            "response rate less that of placebo arms of other trials: not a randomised comparison",
            week=posterior.spec.reference_week,
            benefit=sign * beyond > 0.0 if sign else None,
        )
