"""Missing not at random: how much worse the unseen would have to be to undo the conclusion of a trial.

What is unseen, how it is shifted and what stays as it is: :mod:`ra_bayes.trust.unseen`.

**Tipping point** (Yan, Lee and Li 2009). With G the gain towards benefit without a shift and w = m / n or the
share of the population,

    Pr(G - w delta > needed)  =  Pr((G - needed) / w > delta)

which falls below the cut-off at the quantile of (G - needed) / w with probability 1 - cut-off: no grid and no
search, and the Monte Carlo error is that of a quantile. Under the log link all of it is of logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import Quantity, summarise
from ra_bayes.mixtures import NormalMixture, normal
from ra_bayes.tree import is_given_counts, provenance, spec_of
from ra_bayes.trust.gate import refuse_unless_passed
from ra_bayes.trust.missing_text import missing_text
from ra_bayes.trust.unseen import Unseen, Which, gains, jumped, jumped_to_control, read_unseen, shifted

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["MissingNotAtRandom", "missing_not_at_random"]

type Array = NDArray[np.float64]

_DEFINITIONS = {
    "mean_change_of_cohort": "mean true change from baseline of these patients",
    "mean_change": "change from baseline of the typical patient of the population",
    "difference_of_cohort": "mean true change of the treated patients, less that of the control arm's",
    "difference_from_control": "change of the typical patient, less that in the control arm",
}


@dataclass(frozen=True, eq=False)
class MissingNotAtRandom:
    """What a shift of the unseen does to a fit's conclusion; prints as a table with its tipping points.

    Parameters
    ----------
    table
        A row for each ``estimand`` (``"mean_change_of_cohort"``, ``"mean_change"``; of two arms
        ``"difference_of_cohort"``, ``"difference_from_control"``), ``scheme`` (``"delta"``,
        ``"jump to placebo"``; of two arms ``"jump to control"``) and ``delta``: ``estimate``, ``lower``,
        ``upper``, ``p_benefit``, ``mcse`` of the estimate, ``ess``, ``outcome``, ``week``, ``unit``,
        ``unseen``, ``patients`` (of two arms, the treated), ``ci_prob``, ``ci_kind``, ``definition``.
    tipping
        A row an estimand: ``p_benefit`` without a shift, ``cut_off``, ``needed`` (the gain that counts as
        benefit), ``tipping_point`` (infinite where nobody is unseen, NaN where there is no conclusion to
        undo), its ``mcse``, ``in_mcids``, and ``back_to_baseline``: the shift at which the unseen patients
        would not have changed, on average; ``scale_width`` is the most that two records of the outcome can
        differ by (infinite without two bounds, or of ratios).
    unseen
        Patients without a record at the reference week that are shifted, with the week of their last record.
    needed
        The gain that counts as benefit.
    """

    table: pd.DataFrame
    tipping: pd.DataFrame
    unseen: tuple[tuple[str, float], ...]
    needed: float

    def __str__(self) -> str:
        return missing_text(self.table, self.tipping, self.unseen, self.needed)


def missing_not_at_random(
    tree: xr.DataTree,
    *,
    deltas: Sequence[float] | None = None,
    cut_off: float = 0.95,
    needed: float | None = None,
    unseen: Which = "dropout",
    placebo: NormalMixture | None = None,
    ci_prob: float = 0.90,
    despite_gate: bool = False,
) -> MissingNotAtRandom:
    """Return what a fit says at its reference week if the unseen is worse than the seen lets one expect.

    Parameters
    ----------
    tree
        A fit of a continuous outcome with a direction of benefit.
    deltas
        Shifts in the direction of harm, in the outcome's unit, 0 or more; under the log link factors, 1 or
        more. By default up to four MCIDs, or up to a factor of 4; none where nobody is unseen.
    cut_off
        The conclusion is that benefit has at least this probability.
    needed
        Gain that counts as benefit, in the outcome's unit (a factor under the log link); any, if not given.
    unseen
        Which patients without a record at the reference week are shifted: ``"dropout"``, those whose records
        have ended, from their first unseen visit on; ``"every"``, also those who were seen again later.
    placebo
        Placebo change of the reference week for the jump, on the link's scale, such as ``robust`` of
        :func:`~ra_bayes.historical.historical_placebo`; by default that of the model page, if it has one. Of
        two arms the jump is to the trial's own control arm, and this is not used.
    ci_prob
        Probability of the equal-tailed intervals.
    despite_gate
        Report even if the sampler did not pass its gate.

    Raises
    ------
    RaBayesError
        If the outcome is yes or no or has no direction of benefit, the tree is given published counts, or a
        number cannot be.
    FitError
        If the sampler did not pass its gate.

    Examples
    --------
    >>> import ra_bayes as rb                                                      # doctest: +SKIP
    >>> found = missing_not_at_random(rb.load("results/vas/posterior.nc"))         # doctest: +SKIP
    >>> found.tipping[["estimand", "tipping_point"]]                               # doctest: +SKIP
    """
    import pandas as pd

    _checked(tree, cut_off, ci_prob, unseen)
    if not despite_gate:
        refuse_unless_passed(tree)
    seed = int(provenance(tree)["seed"])
    case = read_unseen(tree, unseen, np.random.default_rng([seed, 3]))
    spec = case.posterior.spec
    none = 1.0 if case.ratio else 0.0
    least = none if needed is None else needed
    shifts = _shifts(case, deltas)
    if not all(none <= each < np.inf for each in (least, *shifts)):
        what = "factors of 1 or more" if case.ratio else f"numbers of 0 {spec.outcome.unit} or more"
        raise RaBayesError(
            f"deltas and needed of {spec.outcome.id} are given as {what}, towards harm and benefit"
        )
    rows = [
        _row(case, estimand, "delta", delta, change, least, ci_prob)
        for delta in shifts
        for estimand, change in shifted(case, np.log(delta) if case.ratio else delta)
    ]
    rows += [
        _row(case, estimand, scheme, float("nan"), change, least, ci_prob)
        for scheme, estimand, change in _jumps(case, placebo, np.random.default_rng([seed, 4]))
    ]
    tipping = [
        _tipping(case, estimand, gain, weight, least, cut_off) for estimand, gain, weight in gains(case)
    ]
    patients, last = np.array(case.posterior.patients), case.posterior.last_week
    told = tuple(zip(patients[case.unseen].tolist(), last[case.unseen].tolist(), strict=True))
    return MissingNotAtRandom(pd.DataFrame(rows), pd.DataFrame(tipping), told, least)


def _jumps(
    case: Unseen, placebo: NormalMixture | None, rng: np.random.Generator
) -> Iterator[tuple[str, str, Array]]:
    """Yield scheme, estimand and change with the unseen as on placebo, or as the trial's own control arm."""
    if not case.unseen.any():
        return
    if case.posterior.effect is not None:
        yield from (("jump to control", *each) for each in jumped_to_control(case))
        return
    page = case.posterior.spec.placebo
    placebo = normal(page.median, page.sd) if placebo is None and page is not None else placebo
    if placebo is not None:
        yield from (("jump to placebo", *each) for each in jumped(case, placebo, rng))


def _checked(tree: xr.DataTree, cut_off: float, ci_prob: float, unseen: str) -> None:
    if is_given_counts(tree) or "patient" not in tree["posterior"].coords:
        raise RaBayesError(
            "a posterior given published counts has no patients, hence nobody unseen; give a fit"
        )
    spec = spec_of(tree)
    if spec.binary:
        raise RaBayesError(
            f"{spec.outcome.id} is yes or no and has no change to shift; count the unseen as non-responders "
            "and see response_rates"
        )
    if spec.ordinal:
        raise RaBayesError(
            f"{spec.outcome.id} is of ordered categories, whose change cannot be shifted; fit another scale"
        )
    if not spec.benefit_sign:
        raise RaBayesError(
            f"{spec.outcome.id} has no direction of benefit, so none of harm either; state it in its outcome"
        )
    if unseen not in ("dropout", "every"):
        raise RaBayesError(f"unseen is {unseen!r}; write 'dropout' or 'every'")
    for name, value in (("cut_off", cut_off), ("ci_prob", ci_prob)):
        if not 0.0 < value < 1.0:
            raise FitError(f"{name}={value:g} is not a probability between 0 and 1; write 0.90 for 90%")


def _shifts(case: Unseen, deltas: Sequence[float] | None) -> list[float]:
    if not case.unseen.any():
        return [1.0 if case.ratio else 0.0]
    if deltas is not None:
        return [float(each) for each in deltas]
    if case.ratio:
        return [1.0, 1.25, 1.5, 2.0, 3.0, 4.0]
    spec = case.posterior.spec
    if spec.mcid is None:
        raise RaBayesError(
            f"model {spec.name!r} has no MCID to measure shifts by; give deltas in {spec.outcome.unit}"
        )
    return [spec.mcid * part for part in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)]


def _row(
    case: Unseen, estimand: str, scheme: str, delta: float, change: Array, needed: float, ci_prob: float
) -> dict[str, object]:
    spec = case.posterior.spec
    gain = spec.benefit_sign * change
    told = np.exp(change) if case.ratio else change
    least = np.log(needed) if case.ratio else needed
    made = summarise(Quantity(estimand, told, "", "", benefit=gain > least), ci_prob)
    return {
        "outcome": spec.outcome.id,
        "estimand": estimand,
        "scheme": scheme,
        "delta": delta,
        "week": spec.reference_week,
        "unit": "ratio" if case.ratio else spec.outcome.unit,
        **{name: made[name] for name in ("estimate", "lower", "upper", "p_benefit", "mcse", "ess")},
        "unseen": int(case.unseen.sum()),
        "patients": case.asked,
        "ci_prob": ci_prob,
        "ci_kind": "eti",
        "definition": _DEFINITIONS[estimand],
    }


def _tipping(
    case: Unseen, estimand: str, gain: Array, weight: Array, needed: float, cut_off: float
) -> dict[str, object]:
    from arviz_stats.base import array_stats

    spec = case.posterior.spec
    least = np.log(needed) if case.ratio else needed
    now = float(np.mean(gain > least))
    point, error = float("nan"), float("nan")
    if not case.unseen.any():
        point, error = (float("inf"), 0.0) if now >= cut_off else (point, error)
    elif now >= cut_off:
        bearable = (gain - least) / weight
        point = float(np.quantile(bearable, 1.0 - cut_off))
        error = float(
            array_stats.mcse(bearable, chain_axis=0, draw_axis=1, method="quantile", prob=1.0 - cut_off)
        )
    back = float("nan")
    if case.unseen.any():
        back = float(np.median(spec.benefit_sign * case.change[..., case.unseen].mean(axis=-1)))
    if case.ratio:
        # The error of a factor, to first order.
        point, back = float(np.exp(point)), float(np.exp(back))
        error *= point if np.isfinite(point) else 1.0
    in_mcids = point / spec.mcid if spec.mcid is not None and not case.ratio else float("nan")
    lower, upper = spec.outcome.lower, spec.outcome.upper
    width = float("inf") if lower is None or upper is None or case.ratio else upper - lower
    return {
        "outcome": spec.outcome.id,
        "estimand": estimand,
        "p_benefit": now,
        "cut_off": cut_off,
        "needed": needed,
        "tipping_point": point,
        "mcse": error,
        "in_mcids": in_mcids,
        "back_to_baseline": back,
        "scale_width": width,
        "unit": "ratio" if case.ratio else spec.outcome.unit,
    }
