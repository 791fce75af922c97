"""Prior-data conflict: how surprising the new arm is to who believes the prior.

The prior predictive distribution m says what the new arm would show. Of what it does show, y,

    below     Pr(Y <= y)
    above     Pr(Y >= y)
    box       Pr(m(Y) <= m(y)), all that was no likelier than y (Box 1980)

and with a vague part of weight w beside the prior, the chance that the arm is unlike the others becomes

    w m_vague(y) / (w m_vague(y) + (1 - w) m(y))

(Schmidli 2014). Counts are summed, the density of an estimate is integrated on a grid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.robust import VAGUE_WEIGHT, unit_information
from ra_bayes.mixtures import BetaMixture, GammaMixture, Mixture, NormalMixture

__all__ = ["Conflict", "prior_data_conflict"]

_GRID = 20_001


class Conflict(NamedTuple):
    """Tail probabilities of the new arm's data under the prior, and what a robust prior makes of them.

    Parameters
    ----------
    below, above
        Probability, beforehand, of data as low, and as high.
    box
        Probability, beforehand, of data no likelier than these.
    vague_weight
        Chance, given the data, that the arm is unlike the others.
    """

    below: float
    above: float
    box: float
    vague_weight: float

    @property
    def two_sided(self) -> float:
        """Twice the smaller tail, 1 at most."""
        return min(1.0, 2.0 * min(self.below, self.above))


def prior_data_conflict[M: (BetaMixture, NormalMixture, GammaMixture)](
    prior: M,
    y: float,
    size: float,
    *,
    weight: float = VAGUE_WEIGHT,
    vague: M | None = None,
    sigma: float | None = None,
) -> Conflict:
    """Return how far the data of a new arm are from what the prior foresees.

    Parameters
    ----------
    prior
        Without its vague part.
    y, size
        The arm's data as the prior is updated by: events and patients, an estimate and its standard error, a
        count and its exposure.
    weight, vague, sigma
        The vague part, as in :func:`~ra_bayes.historical.robust`.

    Raises
    ------
    RaBayesError
        If the data or the weight cannot be.

    Examples
    --------
    Eight responders of ten where the historical arms say a fifth:

    >>> from ra_bayes.mixtures import beta
    >>> found = prior_data_conflict(beta(20, 80), 8, 10)
    >>> round(found.above, 4), round(found.vague_weight, 2)
    (0.0002, 0.99)
    """
    if not 0.0 <= weight <= 1.0:
        raise RaBayesError(f"the weight of the vague part is {weight}; it must lie between 0 and 1")
    other = unit_information(prior, sigma) if vague is None else vague
    favour = _log_evidence(other, y, size) - _log_evidence(prior, y, size)
    tails = _of_estimate(prior, y, size) if isinstance(prior, NormalMixture) else _of_count(prior, y, size)
    return Conflict(*tails, float(special.expit(special.logit(weight) + favour)))


def _log_evidence(prior: Mixture, y: float, size: float) -> float:
    """Log of the prior predictive density: what is all but impossible still compares."""
    *_, weight = prior.arrays
    return float(special.logsumexp(prior.log_evidences(y, size), b=weight))


def _of_count(prior: BetaMixture | GammaMixture, y: float, size: float) -> tuple[float, float, float]:
    """The three probabilities of a count, summed."""
    if y != int(y) or (isinstance(prior, BetaMixture) and size != int(size)):
        raise RaBayesError(f"{y:g} of {size:g} is no count; give whole numbers")
    count = int(y)
    mass = prior.predictive(int(size)) if isinstance(prior, BetaMixture) else prior.predictive(size)
    if count >= mass.size:
        return 1.0, 0.0, 0.0
    # Equally likely counts differ by rounding.
    rarer = mass <= mass[count] * (1.0 + 1e-9)
    return float(mass[: count + 1].sum()), float(mass[count:].sum()), float(mass[rarer].sum())


def _of_estimate(prior: NormalMixture, y: float, se: float) -> tuple[float, float, float]:
    """The three probabilities of an estimate; the third from cells of a grid."""
    foreseen = prior.predictive(se)
    mean, sd, _ = foreseen.arrays
    edges = np.linspace(float((mean - 9.0 * sd).min()), float((mean + 9.0 * sd).max()), _GRID)
    rarer = foreseen.log_density((edges[:-1] + edges[1:]) / 2.0) <= float(foreseen.log_density(y))
    return float(foreseen.cdf(y)), foreseen.p_above(y), float(np.diff(foreseen.cdf(edges))[rarer].sum())
