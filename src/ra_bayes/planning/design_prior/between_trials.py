"""Between-trial heterogeneity: how far the population mean of a new trial lies from that of another.

    mean of the new trial = mean of this one + d        d ~ Normal(0, tau^2)

on the link's scale; of a rate on the probit, or on the log-odds where tau was learned there. Patients, sites
and concomitant treatment differ between trials, and no single trial shows by how much: tau comes from other
trials or from judgement. Where it is uncertain, d is a scale mixture of normals.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import historical_arms, map_prior
from ra_bayes.historical.arms import Role
from ra_bayes.mixtures import Normal, NormalMixture
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import how_many

__all__ = ["BetweenTrials", "between_trials", "between_trials_of_arms", "between_trials_of_page"]

type Array = NDArray[np.float64]

_TAUS: Final = 24
_FEWEST_ARMS: Final = 3


@dataclass(frozen=True)
class BetweenTrials:
    """How far a new trial's population mean lies from this one's.

    Parameters
    ----------
    shift
        Distribution of the difference, centred on 0.
    words
        tau, in words.
    source
        Where tau comes from.
    scale
        The link's, or of a rate ``"log-odds"``.
    """

    shift: NormalMixture
    words: str
    source: str
    scale: Literal["link", "log-odds"] = "link"

    def __str__(self) -> str:
        return f"{self.words} ({self.source})"


def between_trials(tau: float, sdlog: float = 0.0, *, source: str) -> BetweenTrials:
    """Return heterogeneity with a stated tau.

    Parameters
    ----------
    tau
        SD between trials on the link's scale; its median if `sdlog` is above 0.
    sdlog
        SD of log tau: tau is LogNormal.
    source
        Where it comes from.

    Raises
    ------
    RaBayesError
        If tau is not above 0, or `sdlog` below 0.

    Examples
    --------
    >>> print(between_trials(5.0, source="judgement"))
    SD 5 between trials (judgement)
    """
    if not 0.0 < tau < np.inf or not 0.0 <= sdlog < np.inf:
        raise RaBayesError(
            f"an SD between trials of {tau:g} (SD of its log {sdlog:g}) cannot be; give one above 0, or "
            "leave the step out"
        )
    if sdlog == 0.0:
        return BetweenTrials(NormalMixture((Normal(0.0, tau),)), f"SD {tau:g} between trials", source)
    middles = (np.arange(_TAUS) + 0.5) / _TAUS
    taus = tau * np.exp(sdlog * special.ndtri(middles))
    words = f"SD between trials LogNormal, median {tau:g}, SD of the log {sdlog:g}"
    return BetweenTrials(_scale_mixture(taus, np.ones(_TAUS)), words, source)


def between_trials_of_page(page: ModelSpec) -> BetweenTrials:
    """Return heterogeneity as large as that between the placebo arms behind an outcome's page.

    Raises
    ------
    RaBayesError
        If the page gives no placebo response.
    """
    if page.placebo is None:
        raise RaBayesError(
            f"the page of {page.name} has no [placebo], whose SD is that between trials; state the SD by a "
            "number, and its source"
        )
    return between_trials(
        page.placebo.sd, source=f"between placebo arms, page {page.name}: {page.placebo.why}"
    )


def between_trials_of_arms(
    outcome: str,
    week: float,
    *,
    role: Role = "control",
    weeks: tuple[float, float] | None = None,
    leave_out: Collection[str] = (),
) -> BetweenTrials:
    """Return heterogeneity of a rate as the counts of other trials' arms show it, on the log-odds.

    tau has its posterior given the arms, under the model and the priors of
    :func:`~ra_bayes.historical.map_prior`. That treated arms differ between trials as control arms do is an
    assumption; ``role="msc"`` takes treated ones.

    Parameters
    ----------
    outcome
        A binary outcome with counts on file, such as ``"acr20"``.
    role
        Arms of which kind: ``"control"``, or ``"msc"`` for arms of mesenchymal stromal cells.
    week, weeks, leave_out
        As :func:`~ra_bayes.historical.historical_arms` takes them.

    Raises
    ------
    RaBayesError
        If fewer than three arms are on file.

    Examples
    --------
    >>> found = between_trials_of_arms("acr20", 16)
    >>> print(found.words)
    SD between trials 0.47, 90% interval 0.24 to 0.94,
    """
    arms = historical_arms(outcome, role, week=week, weeks=weeks, leave_out=leave_out).used
    if len(arms) < _FEWEST_ARMS:
        raise RaBayesError(
            f"{outcome!r} has {how_many(len(arms), f'{role} arm')} around week {week:g} on file, and "
            f"{_FEWEST_ARMS} are needed to see how trials differ; state the SD by a number, and its source"
        )
    tau = map_prior([(arm.r, arm.n) for arm in arms]).tau
    middle, (low, high) = tau.quantile(0.5), tau.interval(0.90)
    return BetweenTrials(
        # The grid begins at 0, where no normal is.
        _scale_mixture(np.maximum(tau.x, 1e-9), tau.weights),
        f"SD between trials {middle:.2f}, 90% interval {low:.2f} to {high:.2f},",
        f"{len(arms)} {role} arms on file of {outcome}: "
        + "; ".join(f"{arm.study} {arm.short}" for arm in arms),
        "log-odds",
    )


def _scale_mixture(taus: Array, weights: Array) -> NormalMixture:
    return NormalMixture(
        tuple(Normal(0.0, float(tau), float(w)) for tau, w in zip(taus, weights, strict=True))
    )
