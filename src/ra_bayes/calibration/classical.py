"""What a trialist would else have done with the same cohort: tests and intervals of the change (or rate).

Recorded changes between the anchor week and the reference week, in the outcome's unit, or on the log for
ratios; half the limit stands for a record below it. One-sided tests towards benefit, with a level of one less
the decision's probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.calibration.reml import fit_reml
from ra_bayes.calibration.truths import no_effect
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["METHODS", "Answer", "answers"]

type Array = NDArray[np.float64]


class Answer(NamedTuple):
    """Of one method: the one-sided p-value, and interval ends (probability, end); NaN where there is none."""

    p: float
    ends: Array


METHODS = {
    "t": "paired t-test",
    "wilcoxon": "Wilcoxon signed rank",
    "reml": "mixed model, REML",
    "binomial": "exact binomial",
}


def answers(model: ModelSpec, records: Grid, ci_probs: Sequence[float]) -> dict[str, Answer]:
    """Return what every method says of a cohort's records.

    Parameters
    ----------
    model
        The model: its outcome, its direction of benefit, its reference week.
    records
        The cohort.
    ci_probs
        Probabilities of the intervals, equal-tailed.
    """
    last = int(np.flatnonzero(records.weeks == model.reference_week)[0])
    sign = model.benefit_sign or 1
    if model.binary:
        return {"binomial": _binomial(records.value[:, last], no_effect(model), sign, ci_probs)}
    ratio = model.link.change == "ratio"
    value = np.where(records.limit < 0.0, records.value / 2.0, records.value)
    value = np.log(value) if ratio else value
    first = int(np.flatnonzero(records.weeks == model.anchor_week)[0])
    change = value[:, last] - value[:, first]
    change = change[~np.isnan(change)]
    mixed = _mixed(value, records.weeks, first, last, model.reference_week)
    found = {
        "t": _paired_t(change, sign, ci_probs),
        "wilcoxon": _wilcoxon(change, sign, ci_probs),
        "reml": _wald(*mixed, sign, ci_probs),
    }
    return {name: each._replace(ends=np.exp(each.ends)) if ratio else each for name, each in found.items()}


def _none(ci_probs: Sequence[float]) -> Answer:
    return Answer(np.nan, np.full((len(ci_probs), 2), np.nan))


def _wald(estimate: float, error: float, df: float, sign: int, ci_probs: Sequence[float]) -> Answer:
    """Return the t-test of an estimate and its intervals."""
    from scipy import special

    if not (error > 0.0 and df > 0.0):
        return _none(ci_probs)
    width = special.stdtrit(df, 0.5 + np.array(ci_probs) / 2.0) * error
    p = float(special.stdtr(df, -sign * estimate / error))
    return Answer(p, np.column_stack([estimate - width, estimate + width]))


def _paired_t(change: Array, sign: int, ci_probs: Sequence[float]) -> Answer:
    if change.size < 2:
        return _none(ci_probs)
    error = float(change.std(ddof=1)) / change.size**0.5
    return _wald(float(change.mean()), error, change.size - 1.0, sign, ci_probs)


def _wilcoxon(change: Array, sign: int, ci_probs: Sequence[float]) -> Answer:
    """Return the exact signed rank test; no interval, since six patients' reaches 97% at most.

    Every rank is as likely to be of a rise as of a fall, ties have the mean of theirs, and the sum over rises
    is counted over all signs, in halves of a rank.
    """
    from scipy import stats

    moved = change[change != 0.0]
    if not moved.size:
        return _none(ci_probs)
    # Changes of rounded records are alike but for their last digits.
    size = np.abs(moved) / np.abs(moved).max()
    ranks = np.rint(2.0 * stats.rankdata(size.round(9))).astype(int)
    chance = np.ones(1)
    for rank in ranks:
        chance = 0.5 * (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0)))
    rises = ranks[moved > 0.0].sum()
    beyond = chance[rises:] if sign > 0 else chance[: rises + 1]
    return _none(ci_probs)._replace(p=float(min(beyond.sum(), 1.0)))


def _mixed(value: Array, weeks: Array, first: int, last: int, reference: float) -> tuple[float, float, float]:
    """Return estimate, standard error and degrees of freedom of the change in the mixed model."""
    patient, visit = np.nonzero(~np.isnan(value))
    visits = np.unique(visit)
    # What one patient shows has no spread between patients.
    if first not in visits or last not in visits or (np.bincount(patient) > 1).sum() < 2:
        return np.nan, np.nan, np.nan
    fixed = (visit[:, None] == visits).astype(float)
    shape = np.sqrt(np.maximum(weeks, 0.0) / reference)[visit]
    fitted = fit_reml(value[patient, visit], fixed, patient, shape)
    contrast = (visits == last).astype(float) - (visits == first)
    error = float(np.sqrt(contrast @ fitted.covariance @ contrast))
    return float(contrast @ fitted.beta), error, np.unique(patient).size - 1.0


def _binomial(value: Array, rate: float, sign: int, ci_probs: Sequence[float]) -> Answer:
    """Return the exact test of a rate, and Clopper and Pearson's intervals (1934)."""
    from scipy import special

    value = value[~np.isnan(value)]
    n, count = value.size, float((value > 0.5).sum())
    if not n:
        return _none(ci_probs)
    beyond = special.bdtrc(count - 1.0, n, rate) if count else 1.0
    p = float(beyond if sign > 0 else special.bdtr(count, n, rate))
    tail = (1.0 - np.array(ci_probs)) / 2.0
    lower = special.betaincinv(count, n - count + 1.0, tail) if count else np.zeros(tail.size)
    upper = special.betaincinv(count + 1.0, n - count, 1.0 - tail) if count < n else np.ones(tail.size)
    return Answer(p, np.column_stack([lower, upper]))
