"""The power prior: other trials' arms as if each of their patients counted for a part of one.

    p(theta | arms, a0)  proportional to  initial(theta) prod_j p(y_j | theta)^a0        0 <= a0 <= 1

(Ibrahim and Chen 2000). For conjugate parts a likelihood to the power a0 is one of a0 r events in a0 n
patients, of an estimate with standard error se / sqrt(a0), of a0 r events in a0 times the exposure. All
arms share theta: unlike the MAP prior it takes their mean for that of the new arm, and a0 alone stands
for how they differ. a0 = 1 pools.

With a0 ~ Beta, and each power prior scaled to 1 (normalised; Duan, Ye and Smith 2006), theta has the mixture

    p(theta | arms) = int p(theta | arms, a0) Beta(a0) da0

here over the nodes of a Gauss-Jacobi rule for that Beta. Updating the mixture updates a0 with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture, GammaMixture, NormalMixture, mix

__all__ = ["power_prior"]

_NODES = 32


def power_prior[M: (BetaMixture, NormalMixture, GammaMixture)](
    initial: M, arms: Sequence[tuple[float, float]], a0: float | BetaMixture
) -> M:
    """Return the power prior of a new arm.

    Parameters
    ----------
    initial
        What is believed before the arms; its family says what they are.
    arms
        Two numbers of each: events and patients for a BetaMixture, an estimate and its standard error for a
        NormalMixture, a count and its exposure for a GammaMixture.
    a0
        What a patient of theirs counts for, from 0 to 1; or one Beta of it, to be integrated out.

    Raises
    ------
    RaBayesError
        If an arm or `a0` cannot be.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM, normal
    >>> power_prior(UNIFORM, [(23, 107), (12, 44)], 0.2)
    Beta(8, 24.2)
    >>> power_prior(normal(0, 1000), [(-49.0, 20.0)], 0.25)
    Normal(-48.92, 39.97)
    >>> round(power_prior(UNIFORM, [(23, 107), (12, 44)], UNIFORM).mean, 3)
    0.247
    """
    if isinstance(a0, BetaMixture):
        return mix(*((weight, power_prior(initial, arms, node)) for node, weight in _nodes(a0)))
    if not 0.0 <= a0 <= 1.0:
        raise RaBayesError(f"a0 is {a0}; it must lie between 0 (nothing is borrowed) and 1 (arms are pooled)")
    prior = initial
    for y, size in arms:
        # An arm that cannot be is refused whatever it counts for.
        whole = prior.update(y, size)
        if a0 == 1.0:
            prior = whole
        elif a0 > 0.0:
            prior = _discounted(prior, y, size, a0)
    return prior


def _discounted[M: (BetaMixture, NormalMixture, GammaMixture)](
    prior: M, y: float, size: float, a0: float
) -> M:
    if isinstance(prior, NormalMixture):
        return prior.update(y, size / math.sqrt(a0))
    return prior.update(a0 * y, a0 * size)


def _nodes(a0: BetaMixture) -> list[tuple[float, float]]:
    """Nodes and weights of the Gauss-Jacobi rule for a Beta."""
    if len(a0.parts) != 1:
        raise RaBayesError(f"the prior of a0 is {a0!r}; give one Beta, such as beta(1, 1)")
    ((a, b, _),) = a0.parts
    x, weight = special.roots_jacobi(_NODES, b - 1.0, a - 1.0)
    return [
        (float(node), float(each)) for node, each in zip((np.asarray(x) + 1.0) / 2.0, weight, strict=True)
    ]
