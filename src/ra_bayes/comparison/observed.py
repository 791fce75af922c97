"""The records of one outcome as they are drawn and checked: values, limits, and which of them say no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.model.likelihoods import MISSED, UNBOUNDED
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Records", "observed"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Records:
    """What was recorded of one outcome: arrays (patient, visit), patients with a record only.

    Parameters
    ----------
    patients
        Patient identifiers.
    weeks
        Weeks of the visits.
    value
        As recorded, in the outcome's unit; NaN where nothing was.
    limit
        -1 where the record says no more than "below `value`", +1 where "above", 0 elsewhere: a limit of
        quantification, or a bound that the model page calls open.
    censored
        Whether the record itself came with a limit of quantification.
    infusions
        Weeks of infusions.
    """

    patients: tuple[str, ...]
    weeks: Array
    value: Array
    limit: NDArray[np.int_]
    censored: NDArray[np.bool_]
    infusions: tuple[float, ...]

    @property
    def made(self) -> NDArray[np.bool_]:
        """Whether there is a record (patient, visit)."""
        return np.isfinite(self.value)

    @property
    def limits_of_quantification(self) -> tuple[float, ...]:
        """The limits that records lie below, rising."""
        return tuple(float(each) for each in np.unique(self.value[self.censored & (self.limit < 0)]))


def observed(tree: xr.DataTree, spec: ModelSpec) -> Records:
    """Return the records of a fit."""
    constant = {
        str(name): each.transpose("patient", "visit").values
        for name, each in tree["constant_data"].data_vars.items()
        if "visit" in each.dims
    }
    made = constant["kind"] != MISSED
    kept = made.any(axis=1)
    data = tree["observed_data"].to_dataset()
    value = data["record"].transpose("patient", "visit").values
    # A binary record is one side of zero, which is no limit.
    open_end = np.zeros(made.shape, dtype=int)
    if not spec.binary:
        open_end = np.where(constant["high"] >= UNBOUNDED, 1, np.where(constant["low"] <= -UNBOUNDED, -1, 0))
    return Records(
        patients=tuple(str(each) for each in data["patient"].values[kept]),
        weeks=data["visit"].values.astype(float),
        value=np.where(made, value, np.nan)[kept],
        limit=np.where(made, open_end, 0)[kept],
        censored=(made & (constant["limit"] != 0))[kept],
        infusions=tuple(provenance(tree)["cohort"]["infusion_weeks"]),
    )
