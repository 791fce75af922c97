"""Concordance: several outcomes that all change in the direction of benefit, in the mean or in a patient.

With d_k the change of outcome k counted towards benefit, concordance is the event d_1 > 0, ..., d_K > 0. Of
outcomes fitted separately each posterior knows only p_k = Pr(d_k > 0). What is taken for all at once is

    p_1 ... p_K                                        were the outcomes independent,

and whatever ties them together (Fréchet 1935)

    max(0, p_1 + ... + p_K - (K - 1))  <=  Pr(all)  <=  min(p_1, ..., p_K).

Of one joint posterior, draw by draw, the probability itself is known, and both bounds are it.

A new patient's change on the link's scale is Normal(f, (response_sd r)^2), and every link is increasing, so

    Pr(d > 0 | parameters) = Phi(s f / (response_sd r)),        s the sign of benefit.

Where one fit ties the outcomes, changes of K outcomes are normal together, and all are for the better with
the probability of an orthant: of a normal of means s_k f_k / (response_sd_k r_k), variances 1 and
correlations s_k s_l R_kl (:mod:`~ra_bayes.counts.orthant`), R those of responses over the population.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.counts.orthant import all_positive
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.model.namespace import NUMPY

__all__ = ["Concordance", "all_at_once", "new_patient_improves", "new_patient_improves_in_all"]

type Array = NDArray[np.float64]


class Concordance(NamedTuple):
    """Probability that several events hold at once, and between what it must lie."""

    probability: float
    lower: float
    upper: float


def all_at_once(events: Sequence[Array | NDArray[np.bool_]], *, together: bool = False) -> Concordance:
    """Return the probability that several events hold at once.

    Parameters
    ----------
    events
        For each outcome the draws of its event: true or false, or its probability given the parameters.
    together
        Whether the draws are of one joint posterior, draw by draw; given its parameters the outcomes are
        then taken as independent. Otherwise they are of separate fits.

    Examples
    --------
    >>> up, down = np.array([1.0, 1.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0])
    >>> all_at_once([up, down])
    Concordance(probability=0.375, lower=0.25, upper=0.5)
    >>> all_at_once([up, down], together=True)
    Concordance(probability=0.5, lower=0.5, upper=0.5)
    """
    if together:
        known = float(np.prod([np.asarray(each, dtype=float) for each in events], axis=0).mean())
        return Concordance(known, known, known)
    alone = [float(np.mean(each)) for each in events]
    return Concordance(float(np.prod(alone)), max(0.0, sum(alone) - (len(alone) - 1)), min(alone))


def new_patient_improves(posterior: Posterior) -> Array:
    """Return the share of new patients whose true change is towards benefit, per draw and visit."""
    spread = np.maximum(posterior.scalars["response_sd"][..., None] * posterior.shape, 1e-12)
    return np.asarray(special.ndtr(posterior.spec.benefit_sign * posterior.mean_change / spread))


def new_patient_improves_in_all(posteriors: Sequence[Posterior], correlation: Array) -> Array:
    """Return the share of new patients whose true changes are all towards benefit at the reference week.

    Parameters
    ----------
    posteriors
        Of outcomes of one joint fit.
    correlation
        Of their responses over the population (..., outcome, other).
    """
    means, signs = [], [each.spec.benefit_sign for each in posteriors]
    for each, sign in zip(posteriors, signs, strict=True):
        spread = np.maximum(each.scalars["response_sd"] * each.shape[..., each.at_reference], 1e-12)
        means.append(sign * each.mean_change[..., each.at_reference] / spread)
    covariance = [
        [signs[k] * signs[j] * correlation[..., k, j] for j in range(k + 1)] for k in range(len(means))
    ]
    return np.asarray(np.clip(all_positive(means, covariance, NUMPY), 0.0, 1.0))
