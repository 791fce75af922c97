"""A fit of two arms, told arm by arm: the same patients' model, each arm with its own mean change.

    control    f(t)                treated    f(t) + d(t)

Both arms have one posterior, so that draw by draw their difference is what the trial says of the treatment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.arm_difference import difference, odds_ratio
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.summary import Quantity
from ra_bayes.tree import provenance, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["arm_names", "difference_estimands", "has_two_arms", "of_arm"]


def has_two_arms(tree: xr.DataTree) -> bool:
    """Return whether a fit is of two arms, both in it."""
    return "posterior" in tree.children and "effect" in tree["posterior"]


def arm_names(tree: xr.DataTree) -> tuple[str, str]:
    """Return the control arm and the treated one.

    Raises
    ------
    RaBayesError
        If the fit is not of two arms.
    """
    if not has_two_arms(tree):
        raise RaBayesError("this fit is not of two arms; give the whole fit of a page with a table [arm]")
    data = tree["constant_data"].to_dataset()
    arms, treated = data["arm"].to_numpy(), data["treated"].to_numpy() > 0.0
    return str(arms[~treated][0]), str(arms[treated][0])


def of_arm(tree: xr.DataTree, arm: str) -> xr.DataTree:
    """Return one arm of a fit of two: its patients, its mean change, for estimands and figures of one arm.

    Parameters
    ----------
    tree
        A fit of a page with a table ``[arm]``.
    arm
        Name of the arm.

    Raises
    ------
    RaBayesError
        If the fit is not of two arms, or of none of that name.

    Examples
    --------
    >>> import ra_bayes as rb                                        # doctest: +SKIP
    >>> rb.figures.trajectories(of_arm(tree, "placebo"))             # doctest: +SKIP
    """
    entries = provenance(tree)
    if not has_two_arms(tree):
        raise RaBayesError("this fit is not of two arms; use it as it is")
    control, treated = arm_names(tree)
    if arm not in (control, treated):
        raise RaBayesError(f"there is no arm {arm!r} in this fit; write {control!r} or {treated!r}")
    import xarray as xr

    constant = tree["constant_data"].to_dataset()
    here = constant["arm"].to_numpy() == arm
    patients = constant["patient"].to_numpy()[here]
    groups = {}
    for name, node in tree.children.items():
        data = node.to_dataset()
        if "patient" in data.dims:
            data = data.isel(patient=np.flatnonzero(here))
        elif "patient" in data.coords:
            data = data.isel(observation=np.flatnonzero(np.isin(data["patient"].values, patients)))
        if "effect" in data:
            if arm == treated:
                data["mean_change"] = data["mean_change"] + data["effect"]
            data = data.drop_vars("effect")
        groups[name] = data.drop_vars(["arm", "treated"], errors="ignore")
    return with_provenance(xr.DataTree.from_dict(groups), {**entries, "of_arm": arm})


def difference_estimands(posterior: Posterior, control: str) -> Iterator[Quantity]:
    """Yield the difference between the arms at every visit at which there are records.

    Parameters
    ----------
    posterior
        Of both arms.
    control
        Name of the control arm.
    """
    spec = posterior.spec
    sign = spec.benefit_sign
    for j in np.flatnonzero(posterior.seen):
        week = float(posterior.weeks[j])
        if week <= 0.0:
            continue
        _, draws, unit = difference(posterior, int(j))
        ratio = unit == "ratio"
        yield Quantity(
            "difference_from_control",
            draws,
            unit,
            f"{'response rate' if spec.binary else 'change of the typical patient'}, "
            f"{'over' if ratio else 'less'} that in arm {control!r} of the same trial",
            week=week,
            benefit=sign * (draws - (1.0 if ratio else 0.0)) > 0.0 if sign else None,
        )
    odds = odds_ratio(posterior)
    if odds is not None:
        yield Quantity(
            "odds_ratio_of_arm",
            odds,
            "odds ratio",
            f"odds of a higher category, any one, over those of the same patient in arm {control!r}",
            week=spec.reference_week,
            benefit=sign * (odds - 1.0) > 0.0 if sign else None,
        )
