"""Between-trial heterogeneity: how far the population mean of a new trial lies from that of another.

    mean of the new trial = mean of this one + d        d ~ Normal(0, tau^2)     on the link's scale,

which is probit for a rate. Patients, sites and concomitant treatment differ between trials, and no single
trial shows by how much: tau comes from other trials or from judgement. Where it is uncertain, d is a scale
mixture of normals.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.arms import Role, historical_arms
from ra_bayes.mixtures import Normal, NormalMixture
from ra_bayes.model.spec import ModelSpec

__all__ = ["BetweenTrials", "between_trials", "between_trials_of_arms", "between_trials_of_page"]

type Array = NDArray[np.float64]

_TAUS: Final = 24
# Half-normal with scale 1 on the log-odds is RBesT's conservative choice for a rate (its vignette, Getting
# started, binary); a unit of the log-odds is about 0.6 of one on the probit (1 / 1.7).
_TAU_SCALE: Final = 0.6
_FEWEST_ARMS: Final = 3


@dataclass(frozen=True)
class BetweenTrials:
    """How far a new trial's population mean lies from this one's.

    Parameters
    ----------
    shift
        Distribution of the difference on the link's scale, centred on 0.
    words
        tau, in words.
    source
        Where tau comes from.
    """

    shift: NormalMixture
    words: str
    source: str

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
            f"the page of {page.name} has no [placebo], whose SD is that between trials; "
            "state one with between_trials(tau, source=...)"
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
    """Return heterogeneity of a rate as the counts of other trials' arms show it.

        r_j ~ Binomial(n_j, Phi(mu + d_j))     d_j ~ Normal(0, tau^2)
        mu ~ Uniform(-3, 3)                    tau ~ half-normal with scale 0.6

    by sums over grids of mu + d_j, mu and tau (random-effects binomial, as in Hamza 2008, on the probit).

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
    SD between trials 0.28 (median, probit), 90% 0.14 to 0.55
    """
    arms = historical_arms(outcome, role, week=week, weeks=weeks, leave_out=leave_out).used
    if len(arms) < _FEWEST_ARMS:
        raise RaBayesError(
            f"{len(arms)} {role} arms of {outcome!r} around week {week:g} are on file, and {_FEWEST_ARMS} "
            "are needed to see how trials differ; state the SD with between_trials(tau, source=...)"
        )
    taus, weights = _tau_posterior([(arm.r, arm.n) for arm in arms])
    low, middle, high = np.interp([0.05, 0.5, 0.95], np.cumsum(weights) - weights / 2.0, taus)
    return BetweenTrials(
        _scale_mixture(taus, weights),
        f"SD between trials {middle:.2f} (median, probit), 90% {low:.2f} to {high:.2f}",
        f"{len(arms)} {role} arms on file of {outcome}: "
        + "; ".join(f"{arm.study} {arm.short}" for arm in arms),
    )


def _tau_posterior(counts: list[tuple[int, int]]) -> tuple[Array, Array]:
    """Return tau's nodes, rising, and their weights given the counts."""
    places = (np.arange(60) + 0.5) / 60.0
    taus = _TAU_SCALE * special.ndtri(0.5 + places / 2.0)
    means, theta = np.linspace(-3.0, 3.0, 121), np.linspace(-5.0, 5.0, 1001)
    r, n = np.array(counts, dtype=float).T
    log = r * special.log_ndtr(theta)[:, None] + (n - r) * special.log_ndtr(-theta)[:, None]
    likelihood = np.exp(log - log.max(axis=0))
    weights = np.empty(taus.size)
    for k, tau in enumerate(taus):
        kernel = np.exp(-0.5 * ((theta - means[:, None]) / tau) ** 2)
        kernel /= kernel.sum(axis=1, keepdims=True)
        weights[k] = (kernel @ likelihood).prod(axis=1).sum()
    return taus, weights / weights.sum()


def _scale_mixture(taus: Array, weights: Array) -> NormalMixture:
    return NormalMixture(
        tuple(Normal(0.0, float(tau), float(w)) for tau, w in zip(taus, weights, strict=True))
    )
