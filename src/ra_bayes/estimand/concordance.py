"""Concordance: several outcomes that all change in the direction of benefit, in the mean or in a patient.

With d_k the change of outcome k counted towards benefit, concordance is the event d_1 > 0, ..., d_K > 0. Of
outcomes fitted separately each posterior knows only p_k = Pr(d_k > 0). What is taken for all at once is

    p_1 ... p_K                                        were the outcomes independent,

and whatever ties them together (Fréchet 1935)

    max(0, p_1 + ... + p_K - (K - 1))  <=  Pr(all)  <=  min(p_1, ..., p_K).

Of one joint posterior, draw by draw, the probability itself is known, and both bounds are it.

A new patient's change on the link's scale is Normal(f, (response_sd r)^2), and every link is increasing, so

    Pr(d > 0 | parameters) = Phi(s f / (response_sd r)),        s the sign of benefit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.posterior import Posterior

__all__ = ["Concordance", "all_at_once", "new_patient_improves"]

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
