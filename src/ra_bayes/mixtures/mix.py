"""Mixtures of mixtures."""

from __future__ import annotations

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures.beta import BetaMixture
from ra_bayes.mixtures.gamma import GammaMixture
from ra_bayes.mixtures.normal import NormalMixture

__all__ = ["Mixture", "mix"]

type Mixture = BetaMixture | NormalMixture | GammaMixture
"""A mixture of any family."""


def mix[M: (BetaMixture, NormalMixture, GammaMixture)](*weighted: tuple[float, M]) -> M:
    """Return the mixture of mixtures of one family, each with the weight before it.

    Parameters
    ----------
    *weighted
        Pairs of a weight and a distribution; weights are scaled to add up to 1.

    Raises
    ------
    RaBayesError
        If nothing is given, or the families differ.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta, normal
    >>> mix((0.8, beta(2, 8)), (0.2, beta(1, 1)))
    0.8 Beta(2, 8) + 0.2 Beta(1, 1)
    >>> mix((3, normal(0, 1)), (1, normal(2, 1)))
    0.75 Normal(0, 1) + 0.25 Normal(2, 1)
    """
    families = {type(each) for _, each in weighted}
    if len(families) != 1:
        names = ", ".join(sorted(each.__name__ for each in families)) or "nothing"
        raise RaBayesError(f"a mixture of {names} cannot be; give distributions of one family")
    parts = [part._replace(weight=weight * part.weight) for weight, each in weighted for part in each.parts]
    return type(weighted[0][1])(tuple(parts))
