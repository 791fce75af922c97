"""What the likelihood of a monotone trial depends on: for each visit, counts, means and cross-products.

Monotone: whoever has a record at a visit has one at every visit before it. The records at visit j, given
those before, are then a regression among the patients seen at j (Little and Rubin 2019, ch. 7), and

    n_gj      patients of arm g seen at visit j,
    m_gj      their means at visits 0 to j,
    S_j       their cross-products at visits 0 to j, about the arms' means (at visit 0 about the common mean,
              which randomisation makes one),

are all there is to know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError

__all__ = ["Statistics", "statistics"]

type Array = NDArray[np.float64]
type Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Sufficient statistics of many trials with the same visits.

    Parameters
    ----------
    n
        Patients (trial, arm, visit); arm 0 is treated, arm 1, where there is one, control.
    means
        m_gj, one visit after the other (trial, arm, visits (visits + 1) / 2).
    products
        S_j, lower triangles by rows, one visit after the other (trial, visits (visits + 1) (visits + 2) / 6).
    """

    n: Array
    means: Array
    products: Array

    @property
    def trials(self) -> int:
        """How many."""
        return int(self.n.shape[0])

    @property
    def arms(self) -> int:
        """One or two."""
        return int(self.n.shape[1])

    @property
    def visits(self) -> int:
        """Baseline included."""
        return int(self.n.shape[2])

    @property
    def contrast(self) -> Array:
        """The means whose combination is the effect: treated minus control, or the one arm's (trial, ...)."""
        return np.asarray(self.means[:, 0] - self.means[:, 1] if self.arms == 2 else self.means[:, 0])

    @property
    def inverse_n(self) -> Array:
        """Sum over arms of 1 / n, the factor of the contrast's variance (trial, visit); inf where nobody
        is."""
        return inverse_sum(self.n)

    @property
    def degrees(self) -> Array:
        """Degrees of freedom of S_j (trial, visit): patients less arms that have any, at baseline less
        one."""
        means = (self.n > 0.0).sum(axis=1)
        means[:, 0] = 1
        return np.asarray(np.maximum(self.n.sum(axis=1) - means, 0.0))


def inverse_sum(n: Array) -> Array:
    """Return the sum over arms of 1 / n, for counts (..., arm, visit)."""
    with np.errstate(divide="ignore"):
        return np.asarray((1.0 / n).sum(axis=-2))


def statistics(y: Array, seen: Ints, arm: Ints) -> Statistics:
    """Return the statistics of trials given patient by patient.

    Parameters
    ----------
    y
        Records on the link's scale (trial, patient, visit); what was not seen is not read.
    seen
        Visits that each patient has, from the first (trial, patient) or (patient).
    arm
        0 for treated, 1 for control (patient).

    Raises
    ------
    RaBayesError
        If a record that counts as seen is not a number.

    Examples
    --------
    >>> y = np.array([[[10.0, 4.0], [12.0, 8.0], [11.0, 9.0], [9.0, np.nan]]])
    >>> made = statistics(y, np.array([2, 2, 2, 1]), np.array([0, 0, 1, 1]))
    >>> made.n.tolist()
    [[[2.0, 2.0], [2.0, 1.0]]]
    >>> float(made.products[0, 0])  # 10, 12, 11 and 9 about their mean
    5.0
    """
    from ra_bayes.planning.longitudinal.moments import moments

    y = np.ascontiguousarray(y, dtype=float)
    trials, patients, visits = y.shape
    seen = np.ascontiguousarray(np.broadcast_to(seen, (trials, patients)), dtype=np.int64)
    arm = np.ascontiguousarray(arm, dtype=np.int64)
    if not np.all(np.isfinite(y) | (np.arange(visits) >= seen[..., None])):
        raise RaBayesError("a record that counts as seen is no number; leave the visit out from there on")
    arms = int(arm.max(initial=0)) + 1
    n = np.empty((trials, arms, visits))
    means = np.empty((trials, arms, visits * (visits + 1) // 2))
    products = np.empty((trials, visits * (visits + 1) * (visits + 2) // 6))
    moments(y, seen, arm, n, means, products)
    return Statistics(n, means, products)
