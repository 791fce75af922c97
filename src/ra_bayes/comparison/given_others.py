"""What a fit says of each record given all others: how likely it is, what would have been recorded instead.

Where residuals are independent, parameters and the patient's effects say all that other records tell, and the
fit's log likelihood and replicates are what is wanted. Where they are correlated, the patient's other records
say more (:mod:`ra_bayes.model.residuals`), and the tree has groups for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["likelihood_of_records", "replicates_of_records"]

type Array = NDArray[np.float64]


def likelihood_of_records(tree: xr.DataTree) -> xr.DataArray:
    """Return the log likelihood of each record (chain, draw, observation)."""
    group = "log_likelihood_given_others"
    found: xr.DataArray = tree[group if group in tree.children else "log_likelihood"].to_dataset()["record"]
    return found


def replicates_of_records(tree: xr.DataTree, rows: NDArray[np.int_], columns: NDArray[np.int_]) -> Array:
    """Return replicates of some records (record, draw).

    Parameters
    ----------
    tree
        A fit.
    rows, columns
        Indices of their patients and visits, in the order of the observations.
    """
    group = "posterior_predictive_given_others"
    if group in tree.children:
        drawn = tree[group]["record"].transpose("observation", "chain", "draw").values
    else:
        whole = tree["posterior_predictive"]["record"].transpose("patient", "visit", "chain", "draw").values
        drawn = whole[rows, columns]
    return np.asarray(drawn.reshape(rows.size, -1))
