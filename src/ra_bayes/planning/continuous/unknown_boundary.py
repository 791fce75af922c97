"""Where a design with an estimated SD decides, at one SD seen: the effects that are a success, or futile.

The SD that the data show moves the boundary, so that it is told for one. With flat means a criterion asks
the effect, treated less control, to lie t(df, P) of its scales sd sqrt(1 / n_t + 1 / n_c) beyond the
threshold, as the t test does; a predictive probability is met from a root of it on.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq

from ra_bayes.planning.continuous.unknown import UnknownSd, scale_of, state_of
from ra_bayes.planning.continuous.unknown_predictive import unknown_predictive_probability
from ra_bayes.planning.rule import Criterion

__all__ = ["unknown_bounds"]

# Effects looked at for a predictive probability, in SDs of a patient: further out nobody measures.
_WIDE = 20.0


def unknown_bounds(design: UnknownSd, k: int, sd: float) -> tuple[float, float]:
    """Return the effects at or below which look k (from 0) is futile and from which on it is a success.

    Mirrored scale, flat means; success has precedence, so the first is never above the second. Where no
    criterion is asked at the look, the end is infinite.

    Examples
    --------
    Six patients and an SD of 20 that was seen, not known: 2.02 standard errors, not 1.64.

    >>> from ra_bayes.planning.rule import Rule
    >>> design = UnknownSd(Rule((Criterion("mean change", "below", 0, 0.95),)), (6,))
    >>> round(unknown_bounds(design, 0, 20.0)[1], 1)
    16.5
    """
    at = k + 1
    success = [each for each in design.rule.success if each.at(at, design.last)]
    futility = [each for each in design.rule.futility if each.at(at, design.last)]
    high = max((_critical(design, k, each, sd) for each in success), default=math.inf)
    low = max((_critical(design, k, each, sd) for each in futility), default=-math.inf)
    return min(low, high), high


def _critical(design: UnknownSd, k: int, criterion: Criterion, sd: float) -> float:
    treated, control = design.treated[k], design.control[k] if design.control else None
    others = None if control is None else (control, 0.0, sd)
    if criterion.basis == "posterior":
        state = state_of(design, (treated, 0.0, sd), others)
        threshold, scales = design.cut(criterion, float(state.df))
        return threshold + scales * float(scale_of(state)[1])

    def short(effect: float) -> float:
        seen = treated, design.sign * effect, sd
        return unknown_predictive_probability(design, seen, others) - criterion.probability

    if short(-_WIDE * sd) >= 0.0:
        return -math.inf
    return float(brentq(short, -_WIDE * sd, _WIDE * sd)) if short(_WIDE * sd) >= 0.0 else math.inf
