"""The same patients dichotomised: who of them responded by the records, and what their count alone would say.

Of n patients whose records decide it r have responded. Counted,

    r ~ Binomial(n, p),  p ~ Beta(1, 1)      =>      p | r ~ Beta(1 + r, 1 + n - r).

What posterior draws of a rate are worth in patients counted is, by moments,

    E[p] (1 - E[p]) / Var[p] - 1,

which of the Beta above is n + 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.estimand.criteria import Criterion
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["counted_interval", "patients_worth", "recorded_responses"]

type Array = NDArray[np.float64]


def recorded_responses(tree: xr.DataTree, criterion: Criterion) -> Array:
    """Return who responded by the records (patient, visit): 1 yes, 0 no, NaN where they do not say.

    A record beyond a limit of quantification is taken for all values beyond it: it decides where all of them
    are a response, or none. Patients without a record at the visit (of an improvement: at week 0) say
    nothing.

    Parameters
    ----------
    tree
        A fit.
    criterion
        What counts as a response.
    """
    spec, constant = spec_of(tree), tree["constant_data"].to_dataset().transpose("patient", "visit", ...)
    made = constant["kind"].values != MISSED
    value = tree["observed_data"]["record"].transpose("patient", "visit").values
    limit = np.where(made, constant["limit"].values, 0)
    least = np.where(limit < 0, -np.inf if spec.outcome.lower is None else spec.outcome.lower, value)
    most = np.where(limit > 0, np.inf if spec.outcome.upper is None else spec.outcome.upper, value)
    with np.errstate(invalid="ignore"):
        surely, possibly = _decided(spec, criterion, least, most, constant["visit"].values == 0.0)
    said = made & (surely == possibly)
    if criterion.share is not None:
        said &= made[:, constant["visit"].values == 0.0]
    return np.where(said, surely.astype(float), np.nan)


def _decided(
    spec: ModelSpec, criterion: Criterion, least: Array, most: Array, first: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether all, and whether any, of the values that the records allow are a response."""
    if spec.binary:
        return least > 0.5, most > 0.5
    if criterion.share is None:
        if criterion.inclusive:
            return most <= criterion.edge, least <= criterion.edge
        return most < criterion.edge, least < criterion.edge
    kept = 1.0 + spec.benefit_sign * criterion.share
    low, high = least[:, first], most[:, first]
    # 0.3 * 10 is not 3: a hair's breadth, so that who reaches a threshold has reached it.
    if spec.benefit_sign < 0:
        hair = 1.0 + 1e-12
        return (most <= kept * low * hair) & (low > 0.0), (least <= kept * high * hair) & (high > 0.0)
    hair = 1.0 - 1e-12
    return (least >= kept * high * hair) & (low > 0.0), (most >= kept * low * hair) & (high > 0.0)


def counted_interval(responders: int, patients: int, ci_prob: float) -> tuple[float, float, float]:
    """Return lower end, median and upper end of the rate, equal-tailed, from the count alone.

    Examples
    --------
    >>> [round(each, 2) for each in counted_interval(4, 6, 0.90)]
    [0.34, 0.64, 0.87]
    """
    tail = (1.0 - ci_prob) / 2.0
    ends = special.betaincinv(1.0 + responders, 1.0 + patients - responders, [tail, 0.5, 1.0 - tail])
    return float(ends[0]), float(ends[1]), float(ends[2])


def patients_worth(draws: Array) -> float:
    """Return how many patients counted draws of a rate are worth, by moments; NaN if they do not vary."""
    mean, variance = float(draws.mean()), float(draws.var())
    return mean * (1.0 - mean) / variance - 1.0 if variance > 0.0 else float("nan")
