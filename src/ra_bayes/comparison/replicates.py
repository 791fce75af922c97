"""Records beside replicated ones, on a scale that both have: what would be written down.

A replicate below the assay's limit would have been written "below the limit", whatever its value; so it is
-inf here, as the record is, and the two tie. (A check that puts the limit in place of both also ties them
with records that happen to equal the limit.) Above an upper limit it is +inf. At a bound of the scale, and
in a rounding step, replicates already are as they would be recorded.

A patient's own level was learned from the very record that is checked, and among six patients that makes
every record look expected. So each is checked against its prediction from all other records: the draws are
weighted by one over the record's likelihood, Pareto-smoothed (Vehtari, Gelman and Gabry 2017, Stat Comput
27:1413).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.given_others import likelihood_of_records, replicates_of_records
from ra_bayes.comparison.observed import Records
from ra_bayes.comparison.psis import left_out

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Replicates", "replicates"]

type Array = NDArray[np.float64]

# Enough for the envelope of a few dozen records.
_ENVELOPE = 500


@dataclass(frozen=True, eq=False)
class Replicates:
    """Records and their replicates, one entry per record.

    Parameters
    ----------
    patient, visit
        Where a record belongs (record).
    recorded
        What was recorded, -inf below a limit and +inf above one (record).
    drawn
        What would have been recorded, likewise (record, draw).
    weight
        Weight of each draw once the record is left out of the data; rows add up to 1 (record, draw).
    pareto_k
        How far those weights can be trusted: up to :data:`~ra_bayes.diagnostics.MAX_PARETO_K` (record).
    lowest, highest
        The limits that apply to each record; infinite where none does (record).
    """

    patient: NDArray[np.int_]
    visit: NDArray[np.int_]
    recorded: Array
    drawn: Array
    weight: Array
    pareto_k: Array
    lowest: Array
    highest: Array

    def interval(self, probability: float) -> tuple[Array, Array]:
        """Return the ends of each record's equal-tailed predictive interval; an end may be infinite."""
        order = np.argsort(self.drawn, axis=1)
        replicated = np.take_along_axis(self.drawn, order, axis=1)
        below = np.cumsum(np.take_along_axis(self.weight, order, axis=1), axis=1)
        tail = (1.0 - probability) / 2.0
        # Draws themselves, not interpolation: what lies between two records need not be a record.
        low, high = (
            np.take_along_axis(replicated, (below < share - 1e-9).sum(axis=1, keepdims=True), axis=1)[:, 0]
            for share in (tail, 1.0 - tail)
        )
        return low, high

    def inside(self, probability: float) -> int:
        """Return how many records lie in their interval."""
        low, high = self.interval(probability)
        return int(((low <= self.recorded) & (self.recorded <= high)).sum())

    def pit(self) -> Array:
        """Return Pr(replicate < record) + Pr(replicate = record) / 2 for each record."""
        own = self.recorded[:, None]
        return np.asarray((self.weight * ((self.drawn < own) + 0.5 * (self.drawn == own))).sum(axis=1))

    def pit_envelope(self, probability: float) -> tuple[Array, Array]:
        """Return the interval of the sorted PIT values if each replicate in turn were the data."""
        replicated = np.sort(self.drawn, axis=1)
        step = max(1, self.drawn.shape[1] // _ENVELOPE)
        ranks = np.empty(self.drawn[:, ::step].shape)
        for row, (draws, own) in enumerate(zip(replicated, self.drawn[:, ::step], strict=True)):
            ranks[row] = np.searchsorted(draws, own, "left") + np.searchsorted(draws, own, "right")
        ranks = np.sort(ranks / (2.0 * replicated.shape[1]), axis=0)
        tail = (1.0 - probability) / 2.0
        low, high = np.quantile(ranks, [tail, 1.0 - tail], axis=1)
        return low, high


def replicates(tree: xr.DataTree, records: Records) -> Replicates:
    """Return the records of a fit with their posterior replicates."""
    patients = tree["posterior_predictive"].to_dataset()["patient"].values.astype(str)
    kept = np.flatnonzero(np.isin(patients, records.patients))
    where = np.nonzero(records.made)
    drawn = replicates_of_records(tree, kept[where[0]], where[1])
    value, limit = records.value[where], np.where(records.censored, records.limit, 0)[where]
    lowest, highest = _applicable(value, limit)
    drawn = np.where(drawn < lowest[:, None], -np.inf, np.where(drawn > highest[:, None], np.inf, drawn))
    recorded = np.where(limit < 0, -np.inf, np.where(limit > 0, np.inf, value))
    # The observations stand patient by patient, visit by visit, like the records.
    likelihood = likelihood_of_records(tree).transpose("observation", "chain", "draw").values
    weight, pareto_k = left_out(likelihood.reshape(drawn.shape))
    return Replicates(where[0], where[1], recorded, drawn, weight, pareto_k, lowest, highest)


def _applicable(value: Array, limit: NDArray[np.int_]) -> tuple[Array, Array]:
    """Return the limits of quantification under which each record was made.

    A censored record names its own. One that is not must have been above its lower limit: the nearest
    limit seen that it respects is taken for it, none if it lies below them all.
    """
    ends = []
    for side in (-1, 1):
        seen = np.unique(value[limit == side])
        # Mirrored for the lower side, so that one rule serves both.
        allowed = np.where(side * seen >= side * value[:, None], side * seen, np.inf)
        nearest = side * allowed.min(axis=1, initial=np.inf)
        ends.append(np.where(limit == side, value, nearest))
    return ends[0], ends[1]
