"""What placebo would have done to a mean: the meta-analytic predictive distribution of the placebo change.

The control arms on file (:mod:`~ra_bayes.historical.changes`) give the MAP prior of the mean change of a new
control arm (:mod:`~ra_bayes.historical.map_prior`), and with a chance that these patients are unlike those of
the arms the robust one (:mod:`~ra_bayes.historical.robust`). Sigma is the SD of one patient's change, pooled
over the arms,

    sigma^2 = sum_j (n_j - 1) sd_j^2 / sum_j (n_j - 1)

taken as known. It sets the scale of what is not known: mu ~ Normal(0, sigma^2), worth one patient, and tau ~
HalfNormal(sigma / 2). With few arms tau rests on that prior, so the text tells what smaller scales would do.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.changes import ChangesOnFile, historical_changes
from ra_bayes.historical.map_prior import MapPrior, map_prior
from ra_bayes.historical.robust import VAGUE_WEIGHT, robust
from ra_bayes.mixtures import NormalMixture
from ra_bayes.numbers import decimals, interval, number

__all__ = ["HistoricalPlacebo", "historical_placebo"]

# Fewer than three arms say next to nothing of how arms differ.
_FEW = 3


@dataclass(frozen=True, eq=False)
class HistoricalPlacebo:
    """The placebo change of a mean as other trials' control arms have it, in the outcome's unit.

    Parameters
    ----------
    outcome
        Identifier.
    week
        The week it is for.
    on_file
        The arms that are used, and which are not and why.
    sigma
        SD of one patient's change, pooled over the arms.
    tau_scale
        Scale of the half-normal prior of the SD between arms.
    found
        Mean of the arms, SD between them, and the mean change of a new one.
    prior
        The latter as a mixture of normals.
    robust
        That with a vague part: the chance that these patients are unlike those of the arms.
    """

    outcome: str
    week: float
    on_file: ChangesOnFile
    sigma: float
    tau_scale: float
    found: MapPrior
    prior: NormalMixture
    robust: NormalMixture

    @property
    def cautions(self) -> str:
        """What to know of the arms: how few they are, and what is noted of them on file; may be empty."""
        noted = [f"{arm.study}: {arm.note}" for arm in self.on_file.used if arm.note]
        return "; ".join(filter(None, (self.thin, *noted)))

    @property
    def thin(self) -> str:
        """Say that the evidence is too thin for the arms to tell how much they differ; empty if it is not."""
        number_of_arms = len(self.on_file.used)
        if number_of_arms >= _FEW:
            return ""
        arms = f"only {number_of_arms} arm{'s' * (number_of_arms != 1)} on file"
        return f"{arms}: how much arms differ rests on its prior, HalfNormal({self.tau_scale:.3g})"

    def __str__(self) -> str:
        unit = self.on_file.used[0].unit
        places = decimals(*self.prior.interval(0.90))

        def told(mixture: NormalMixture) -> str:
            middle, ends = mixture.quantile(0.5), mixture.interval(0.90)
            return f"{number(middle, places)} ({interval(*ends, places)}) {unit}"

        lines = [
            f"Mean change of {self.outcome} on placebo by week {self.week:g}, medians and 90% intervals",
            f"  arms: {'; '.join(map(str, self.on_file.used))}",
            f"  of a new arm like these: {told(self.prior)}",
            f"  with the chance that it is unlike them: {told(self.robust)}",
        ]
        for part in (2.0, 4.0):
            scale = self.tau_scale / part
            found = _found(self.on_file, self.sigma, scale)
            lines.append(f"  of a new arm, were the scale of tau {scale:.3g}: {told(_mixture(found))}")
        tau = self.found.tau
        lines.append(
            f"  SD between arms {number(tau.quantile(0.5), places + 1)} "
            f"({interval(*tau.interval(0.90), places + 1)}), beforehand HalfNormal({self.tau_scale:.3g})"
        )
        if self.cautions:
            lines.append(f"  {self.cautions}")
        lines += [f"  not used: {name}, {why}" for name, why in self.on_file.left_out]
        return "\n".join(wrapped for line in lines for wrapped in _wrapped(line))


def historical_placebo(
    outcome: str,
    *,
    week: float,
    weeks: tuple[float, float] | None = None,
    leave_out: Collection[str] = (),
    citation: str = "",
    tau: float | None = None,
    weight: float = VAGUE_WEIGHT,
) -> HistoricalPlacebo:
    """Return the distribution of the placebo change of a mean that the control arms on file give.

    Parameters
    ----------
    outcome, week, weeks, leave_out, citation
        As in :func:`~ra_bayes.historical.historical_changes`.
    tau
        Scale of the half-normal prior of the SD between arms, in the outcome's unit. By default half the SD
        of one patient's change, which is wide: trials whose means differ so much are seldom called alike.
    weight
        Of the vague part of the robust prior.

    Raises
    ------
    RaBayesError
        If no arm on file has a mean change of the outcome in these weeks.

    Examples
    --------
    >>> found = historical_placebo("vas", week=24)
    >>> round(found.prior.mean, 1), round(found.prior.sd, 1), round(found.sigma, 1), found.thin
    (-18.5, 8.3, 22.7, '')
    """
    on_file = historical_changes(outcome, week=week, weeks=weeks, leave_out=leave_out, citation=citation)
    if not on_file.used:
        raise RaBayesError(
            f"no control arm on file has a mean change of {outcome} with its standard error near week "
            f"{week:g}; give weeks, or the placebo response of the model page"
        )
    degrees = [arm.n - 1 for arm in on_file.used]
    pooled = sum(df * arm.sd**2 for df, arm in zip(degrees, on_file.used, strict=True)) / sum(degrees)
    sigma = math.sqrt(pooled)
    scale = sigma / 2.0 if tau is None else tau
    found = _found(on_file, sigma, scale)
    prior = _mixture(found)
    return HistoricalPlacebo(
        outcome, week, on_file, sigma, scale, found, prior, robust(prior, weight=weight, sigma=sigma)
    )


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 100, subsequent_indent="    ", break_on_hyphens=False)


def _found(on_file: ChangesOnFile, sigma: float, tau: float) -> MapPrior:
    arms = [(arm.change, arm.se) for arm in on_file.used]
    return map_prior(arms, family="gaussian", mean=(0.0, sigma), tau=tau)


def _mixture(found: MapPrior) -> NormalMixture:
    return cast(NormalMixture, found.mixture())
