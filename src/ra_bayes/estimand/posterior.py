"""A fit's draws as the estimands need them: patients with records, pinned values filled in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Posterior", "read_posterior"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of one fit, on the link's scale; first two dimensions chain and draw.

    Parameters
    ----------
    spec
        The model page.
    patients
        Patients with at least one record of the outcome; none if the fit is to published counts.
    weeks
        Weeks of the visits, rising.
    seen
        Whether any record was made at the visit (visit).
    last_week
        Week of each patient's last record (patient).
    level, response
        Patients' levels A_i and responses b_i (..., patient).
    mean_change
        f (..., visit).
    shape
        r (..., visit).
    scalars
        The parameters without other dimensions, pinned ones too.
    """

    spec: ModelSpec
    patients: tuple[str, ...]
    weeks: Array
    seen: NDArray[np.bool_]
    last_week: Array
    level: Array
    response: Array
    mean_change: Array
    shape: Array
    scalars: dict[str, Array]

    @cached_property
    def at_reference(self) -> int:
        """Index of the reference week."""
        return int(np.flatnonzero(self.weeks == self.spec.reference_week)[0])

    @cached_property
    def patient_mean(self) -> Array:
        """Expected value of each patient at each visit, mu (..., patient, visit)."""
        own = self.response[..., :, None] * self.shape[..., None, :]
        return self.level[..., :, None] + self.mean_change[..., None, :] + own

    @cached_property
    def residual_correlation(self) -> Array:
        """Correlation of a visit's residual with that of week 0 (..., visit); 0 where independent."""
        residuals = self.spec.residuals
        if residuals is None:
            return np.zeros(self.weeks.size)
        return residuals.correlation(self.scalars["autocorrelation"], np.abs(self.weeks))

    @cached_property
    def population_change(self) -> Array:
        """Change from baseline of the typical patient in clinical units (..., visit); not if binary."""
        start = self.scalars["baseline_mean"][..., None]
        return self.spec.link.contrast(start, start + self.mean_change)

    @cached_property
    def patient_change(self) -> Array:
        """Change from baseline of each patient in clinical units (..., patient, visit); not if binary."""
        return self.spec.link.contrast(self.level[..., None], self.patient_mean)


def read_posterior(tree: xr.DataTree, group: str = "posterior") -> Posterior:
    """Return the draws of a fit's ``posterior`` or ``prior`` group."""
    spec = spec_of(tree)
    node = tree[group].to_dataset()
    # A posterior given published counts has no patients, and all of its visits are asked about.
    given_counts = "patient" not in node.coords
    made = (
        np.ones((0, node["visit"].size), dtype=bool)
        if given_counts
        else tree["constant_data"]["kind"].transpose("patient", "visit").values != MISSED
    )
    with_records = made.any(axis=1)
    lead = node["baseline_mean"].shape
    none = np.empty((*lead, 0))
    scalars = {
        prior.parameter.name: (
            node[prior.parameter.name].values
            if prior.parameter.name in node
            else np.full(lead, prior.numbers[0] if prior.fixed else 0.0)
        )
        for prior in spec.priors
    }
    return Posterior(
        spec=spec,
        patients=() if given_counts else tuple(map(str, node["patient"].values[with_records])),
        weeks=node["visit"].values,
        seen=node["visit"].values > 0.0 if given_counts else made.any(axis=0),
        last_week=np.where(made, node["visit"].values, -np.inf).max(axis=1, initial=-np.inf)[with_records],
        level=none if given_counts else node["patient_level"].values[..., with_records],
        response=none if given_counts else node["patient_response"].values[..., with_records],
        mean_change=node["mean_change"].values,
        shape=node["response_shape"].values,
        scalars=scalars,
    )
