"""A fit's draws as the estimands need them: patients with records, pinned values filled in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import FitError
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.likelihoods.ordered import Ordered
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
    treated, effect
        1 for patients of the treated arm (patient), and d (..., visit), of a fit of two arms.
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
    treated: Array | None = None
    effect: Array | None = None

    @cached_property
    def at_reference(self) -> int:
        """Index of the reference week."""
        return int(np.flatnonzero(self.weeks == self.spec.reference_week)[0])

    @cached_property
    def patient_mean(self) -> Array:
        """Expected value of each patient at each visit, mu (..., patient, visit)."""
        own = self.response[..., :, None] * self.shape[..., None, :]
        mean = self.level[..., :, None] + self.mean_change[..., None, :] + own
        if self.effect is None or self.treated is None:
            return mean
        return mean + self.treated[:, None] * self.effect[..., None, :]

    def told(self, latent: Array) -> Array:
        """Return what is expected at `latent` (..., and any more dimensions) in the outcome's unit.

        It is g^-1, of the count for counts; of ordered categories it is the mean of their numbers.
        """
        likelihood = self.spec.likelihood
        if not isinstance(likelihood, Ordered):
            return self.spec.link.inverse(latent)
        return likelihood.expected(latent, self.scalars, self.spec.outcome)

    def contrast(self, start: Array, end: Array) -> Array:
        """Return the change between two latent values in clinical units: a difference, or a ratio."""
        if not self.spec.ordinal:
            return self.spec.link.contrast(start, end)
        return np.asarray(self.told(end) - self.told(start))

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
        return self.contrast(start, start + self.mean_change)

    @cached_property
    def patient_change(self) -> Array:
        """Change from baseline of each patient in clinical units (..., patient, visit); not if binary."""
        return self.contrast(self.level[..., None], self.patient_mean)


def read_posterior(tree: xr.DataTree, group: str = "posterior", *, both_arms: bool = False) -> Posterior:
    """Return the draws of a fit's ``posterior`` or ``prior`` group.

    Parameters
    ----------
    tree
        A fit.
    group
        Which draws.
    both_arms
        Allow a fit of two arms, of which `mean_change` is the control arm's.

    Raises
    ------
    FitError
        If the fit is of two arms and that is not allowed.
    """
    spec = spec_of(tree)
    node = tree[group].to_dataset()
    two = "effect" in node
    if two and not both_arms:
        raise FitError(
            f"the fit of {spec.name!r} is of two arms, and this is told of one; take one with "
            f"ra_bayes.of_arm(tree, {spec.arm.control if spec.arm else ''!r})"
        )
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
        treated=tree["constant_data"].to_dataset()["treated"].to_numpy()[with_records] if two else None,
        effect=node["effect"].values if two else None,
    )
