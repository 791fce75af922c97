"""An interim look at real patients: the posterior so far, and what is expected to be known at the end.

A patient who has had fewer visits than they could have has left; whoever is still in stays with the chances
of :func:`~ra_bayes.planning.longitudinal.conduct.remaining`, and so do those who will enter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.checkerboard import FINE
from ra_bayes.planning.longitudinal.conduct import Coming, coming, expected_n, remaining
from ra_bayes.planning.longitudinal.patterns import pattern_posterior
from ra_bayes.planning.longitudinal.posterior import EffectPosterior, effect_posterior
from ra_bayes.planning.longitudinal.predictive import predictive_probability
from ra_bayes.planning.longitudinal.statistics import statistics
from ra_bayes.planning.rule import Criterion

__all__ = ["SoFar", "so_far"]

type Array = NDArray[np.float64]
type Ints = NDArray[np.int64]


class SoFar(NamedTuple):
    """The posterior so far (of one trial; analysis 1 the final one), and what is still to come."""

    posterior: EffectPosterior
    coming: Coming

    def probability(self, criterion: Criterion, effect: tuple[float, float] | None = None) -> float:
        """Return Pr(effect beyond the criterion's threshold | data) under a prior of the effect."""
        above = float(self.posterior.probability(criterion.threshold, effect)[0])
        return above if criterion.direction == "above" else 1.0 - above

    def predictive(self, success: tuple[Criterion, ...], effect: tuple[float, float] | None = None) -> float:
        """Return the predictive probability of success at the final analysis."""
        return float(predictive_probability(self.posterior, success, self.coming, effect)[0])


def so_far(
    y: Array,
    arm: Ints,
    able: Ints,
    per_arm: Sequence[int],
    weeks: Array,
    shape: Array,
    analysis: LongitudinalAnalysis,
    dropout: float = 0.0,
) -> SoFar:
    """Return what the data of an interim look say.

    Parameters
    ----------
    y
        Records on the link's scale, NaN where there is none (patient, visit).
    arm
        0 for treated, 1 for control (patient).
    able
        Visits that each patient can have had by now (patient); whoever has had fewer has left.
    per_arm
        Patients planned in each arm.
    weeks, shape
        Of the visits: when, and r.
    analysis
        Analysis prior.
    dropout
        Share of patients expected to have left by the last visit.

    Raises
    ------
    RaBayesError
        If there are more patients than planned, or an arm has none.

    Examples
    --------
    >>> analysis = LongitudinalAnalysis(None, {"level_sd": (17, 0.35), "response_sd": (20, 0.4),
    ...                                        "residual_sd": (10, 0.45), "correlation": (4, 0)})
    >>> weeks, nan = np.array([0.0, 12.0, 24.0]), np.nan
    >>> y = np.array([[60, 40, 30], [70, 50, nan], [65, 60, 62], [58, 60, nan], [66, nan, nan]])
    >>> arm, able = np.array([0, 0, 1, 1, 0]), np.array([3, 2, 3, 2, 1])
    >>> found = so_far(y, arm, able, (6, 6), weeks, np.sqrt(weeks / 24), analysis, dropout=0.1)
    >>> success = (Criterion("difference", "below", 0.0, 0.9),)
    >>> round(found.probability(success[0]), 2), round(found.predictive(success), 2)
    (0.9, 0.78)
    """
    y, arm = np.asarray(y, dtype=float), np.asarray(arm, dtype=np.int64)
    entered = [int((arm == g).sum()) for g in range(len(per_arm))]
    if (
        any(here > planned for here, planned in zip(entered, per_arm, strict=True))
        or sum(entered) != arm.size
    ):
        raise RaBayesError(
            f"{entered} patients are in the arms and {list(per_arm)} planned; correct the table or the design"
        )
    if min(entered) == 0:
        raise RaBayesError("an arm has no patient yet; wait until each has one")
    seen = np.isfinite(y)
    visit = np.arange(shape.size)
    had = np.where(seen.any(axis=1), shape.size - np.argmax(seen[:, ::-1], axis=1), 0)
    stay = remaining(weeks, dropout)
    to_enter = np.repeat(np.arange(len(per_arm)), [n - m for n, m in zip(per_arm, entered, strict=True)])
    everyone = np.concatenate([arm, to_enter])
    no_visit = np.zeros(to_enter.size, dtype=np.int64)
    had_all = np.concatenate([had, no_visit])
    able_all = np.concatenate([np.maximum(able, had), no_visit])
    final = expected_n(everyone, had_all, able_all, stay)
    rest = coming(had_all, able_all, stay)
    if np.array_equal(seen, visit < had[:, None]):
        data = statistics(y[None], had, arm)
        return SoFar(
            effect_posterior(data, shape, analysis, later=final[None], spacing=FINE[0], radius=FINE[1]),
            rest,
        )
    patterns: Counter[tuple[tuple[bool, ...], int]] = Counter()
    seen_all = np.concatenate([seen, np.zeros((to_enter.size, shape.size), dtype=bool)])
    for row, g, last, could in zip(seen_all, everyone, had_all, able_all, strict=True):
        for end, chance in _ends(int(last), int(could), stay):
            pattern = row | ((visit >= last) & (visit < end))
            if pattern.any():
                patterns[tuple(pattern.tolist()), int(g)] += chance  # type: ignore[assignment]
    expected = [(np.array(pattern), g, number) for (pattern, g), number in patterns.items()]
    return SoFar(
        pattern_posterior(y, arm, shape, analysis, later=expected, spacing=FINE[0], radius=FINE[1]), rest
    )


def _ends(had: int, able: int, stay: Array) -> list[tuple[int, float]]:
    """Return with which chance a patient will have had so many visits in the end."""
    if had < able or had == stay.size:
        return [(had, 1.0)]
    still = np.append(stay[had:] / (stay[had - 1] if had else 1.0), 0.0)
    before = np.append(1.0, still[:-1])
    return [(had + k, float(before[k] - still[k])) for k in range(still.size) if before[k] > still[k]]
