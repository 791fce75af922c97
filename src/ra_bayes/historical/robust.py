"""The robust prior: other trials' arms, and a chance that the new arm is unlike them.

    weight vague + (1 - weight) prior

(Schmidli 2014). Where the new arm's data are unlike the others the vague part gains the weight, and they
are let go.
"""

from __future__ import annotations

import math
from typing import Final

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, BetaMixture, GammaMixture, NormalMixture, gamma, mix, normal

__all__ = ["VAGUE_WEIGHT", "robust", "unit_information"]

# One chance in five that the new arm is unlike those on file: the weight in the vignette of the R package
# RBesT (Getting started, binary), where the vague part is uniform as ours is.
VAGUE_WEIGHT: Final = 0.2


def robust[M: (BetaMixture, NormalMixture, GammaMixture)](
    prior: M, *, weight: float = VAGUE_WEIGHT, vague: M | None = None, sigma: float | None = None
) -> M:
    """Return a prior with a vague part.

    Parameters
    ----------
    prior
        Of a rate, a mean or an event rate.
    weight
        Of the vague part: the chance, beforehand, that the new arm is unlike the others.
    vague
        The vague part; by default :func:`unit_information`.
    sigma
        SD of one patient, which the default of a mean needs.

    Raises
    ------
    RaBayesError
        If the weight is no probability, or `sigma` is missing.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta
    >>> round(robust(beta(20, 80)).update(9, 10).mean, 2), round(beta(20, 80).update(9, 10).mean, 2)
    (0.83, 0.26)
    >>> robust(normal(-49, 20), sigma=88)
    0.8 Normal(-49, 20) + 0.2 Normal(-49, 88)
    """
    if not 0.0 <= weight <= 1.0:
        raise RaBayesError(f"the weight of the vague part is {weight}; it must lie between 0 and 1")
    return mix((1.0 - weight, prior), (weight, unit_information(prior, sigma) if vague is None else vague))


def unit_information[M: (BetaMixture, NormalMixture, GammaMixture)](
    prior: M, sigma: float | None = None
) -> M:
    """Return a prior that is worth next to nothing.

    Uniform for a rate, two patients; for a mean a normal about the prior's mean that is worth one patient of
    SD `sigma` (unit information; Kass and Wasserman 1995); for an event rate an exponential of the prior's
    mean, worth the exposure in which one event is expected, whatever its unit.

    Examples
    --------
    >>> unit_information(gamma(6, 20))
    Gamma(1, 3.333)
    """
    if isinstance(prior, BetaMixture):
        return UNIFORM
    if isinstance(prior, GammaMixture):
        return gamma(1.0, 1.0 / prior.mean)
    if sigma is None or not 0.0 < sigma < math.inf:
        raise RaBayesError(
            "a vague prior of a mean needs the SD of one patient; give it as sigma, above 0, or give vague"
        )
    return normal(prior.mean, sigma)
