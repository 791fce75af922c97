"""The placebo response: what patients of a control arm would show by the design's week.

A placebo arm changes without a drug: by expectation, by the course of the disease, by other treatment, and
by regression to the mean, since patients enter trials when they are worse than they usually are. Its figure
holds all of these, so that regression to the mean is never subtracted once more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import historical_arms, map_prior
from ra_bayes.mixtures import BetaMixture, normal
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import how_many
from ra_bayes.planning.design_prior.nodes import Distribution, beside, equal_nodes

__all__ = ["Placebo", "placebo_of_arms", "placebo_of_page"]

type Array = NDArray[np.float64]


@dataclass(frozen=True)
class Placebo:
    """The mean placebo response of a new trial's control arm.

    Parameters
    ----------
    response
        Its distribution: normal on the link's scale (of a rate: probit), or Betas of a rate.
    source
        Where it comes from, in words.
    draws
        Of a posterior that has the placebo response in its mean change: that part of each draw, link's scale.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> print(placebo_of_page(load_model("vas")))
    Normal(-18, 5) (page vas: TARGET: Strand 2017, RMD Open 3:e000416; MOBILITY B: PMC5012017 table 2)
    """

    response: Distribution
    source: str
    draws: Array | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.response} ({self.source})"

    def changes(self, number: int) -> Array:
        """Return a mean change, on the link's scale, to stand beside each of so many nodes of a truth.

        Raises
        ------
        RaBayesError
            If the response is a rate's, or has draws of its own that are another number.
        """
        if isinstance(self.response, BetaMixture):
            raise RaBayesError(
                f"the placebo response {self.response} is of a rate, and the design prior of a mean change; "
                "give a NormalMixture on the link's scale"
            )
        if self.draws is None:
            return beside(equal_nodes(self.response, number), "placebo")
        if self.draws.shape != (number,):
            raise RaBayesError(
                f"the placebo response has {self.draws.size} draws and the design prior {number} nodes; give "
                "one without draws"
            )
        return self.draws

    def rates(self, number: int) -> Array:
        """Return a rate of the control arm to stand beside each of so many nodes of a truth."""
        found = beside(equal_nodes(self.response, number), "placebo")
        return found if isinstance(self.response, BetaMixture) else np.asarray(special.ndtr(found))

    @property
    def median_rate(self) -> float:
        """The median rate of the control arm."""
        middle = self.response.quantile(0.5)
        return middle if isinstance(self.response, BetaMixture) else float(special.ndtr(middle))


def placebo_of_page(page: ModelSpec, week: float | None = None) -> Placebo:
    """Return the placebo response that an outcome's page gives, Normal on the link's scale.

    Raises
    ------
    RaBayesError
        If the page has none, or has it at another week.
    """
    if page.placebo is None:
        raise RaBayesError(
            f"the page of {page.name} has no [placebo]; add one with its source, or give a Placebo(...)"
        )
    if week is not None and week != page.reference_week:
        raise RaBayesError(
            f"the page of {page.name} has the placebo response at week {page.reference_week:g}, and the "
            f"design is of week {week:g}; give a Placebo(...) of that week"
        )
    return Placebo(normal(page.placebo.median, page.placebo.sd), f"page {page.name}: {page.placebo.source}")


def placebo_of_arms(
    outcome: str,
    week: float,
    *,
    weeks: tuple[float, float] | None = None,
    leave_out: Collection[str] = (),
) -> Placebo:
    """Return the rate of a new control arm, predicted from the control arms on file.

    Their meta-analytic predictive prior as a mixture of Betas (:func:`~ra_bayes.historical.map_prior`). Means
    with standard errors are not chosen from the file by themselves: of such arms, give
    ``Placebo(map_prior(arms, family="gaussian", mean=..., tau=...).mixture(), source)``.

    Parameters
    ----------
    outcome
        A binary outcome with counts on file, such as ``"acr20"``.
    week, weeks, leave_out
        As :func:`~ra_bayes.historical.historical_arms` takes them.

    Raises
    ------
    RaBayesError
        If fewer than two arms are on file.

    Examples
    --------
    >>> found = placebo_of_arms("acr20", 16)
    >>> round(found.response.mean, 2), round(found.response.sd, 2), found.source[:31]
    (0.25, 0.11, '8 control arms on file of acr20')
    """
    arms = historical_arms(outcome, "control", week=week, weeks=weeks, leave_out=leave_out).used
    if len(arms) < 2:
        raise RaBayesError(
            f"{outcome!r} has {how_many(len(arms), 'control arm')} around week {week:g} on file, and 2 are "
            "needed; state the placebo response as a distribution, and its source"
        )
    response = map_prior([(arm.r, arm.n) for arm in arms]).mixture()
    assert isinstance(response, BetaMixture)
    return Placebo(
        response,
        f"{len(arms)} control arms on file of {outcome}: "
        + "; ".join(f"{arm.study} {arm.short}" for arm in arms),
    )
