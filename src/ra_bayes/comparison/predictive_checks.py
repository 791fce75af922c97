"""Posterior predictive checks by visit and by patient: what a group's records add up to, beside replicates.

For a statistic T of the records of one visit (or one patient), with replicates of the same patients at the
same visits,

    p = Pr( T(replicated) < T(recorded) ) + Pr( equal ) / 2

(Gelman, Meng and Stern 1996, with ties halved): near 0 the records are lower than the model would have them,
near 1 higher. The replicates are of these patients, whose own levels were learned from the very records, so
that p keeps closer to 1/2 than a uniform number would (Robins, van der Vaart and Ventura 2000): a p near 0 or
1 is a finding, one near 1/2 is none. Many are asked at once: were they uniform, one in ten would lie outside
0.05 to 0.95.

A record below a limit of quantification, and a replicate that would have been written so, are put at the
limit for a mean or an SD; lowest and highest record are told by their order, in which both tie. Of ratios
(log link, records neither rounded nor 0) the mean is the geometric one and the SD is of logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.events import events
from ra_bayes.comparison.observed import observed
from ra_bayes.comparison.replicates import Replicates, replicates
from ra_bayes.errors import FitError
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ra_bayes.model.spec import ModelSpec

__all__ = ["predictive_checks"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]


class _Statistic(NamedTuple):
    """A number made of a group's records: `of` reduces the first axis of (record, ...).

    `ties`: whether records beyond a limit are compared as the infinities they are, so that they tie with all
    others beyond it, whatever is put in their place to show them. `counts`: nothing is put in their place.
    """

    name: str
    of: Callable[[Array], Array]
    unit: str
    fewest: int
    applies: Flags
    ties: bool = False
    counts: bool = False


def predictive_checks(tree: xr.DataTree, *, ci_prob: float = 0.90) -> pd.DataFrame:
    """Return statistics of the records of each visit and each patient beside their posterior predictive ones.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the equal-tailed posterior predictive intervals.

    Returns
    -------
    pandas.DataFrame
        A row a group and statistic: ``by`` (``"visit"`` or ``"patient"``), ``patient``, ``week``,
        ``statistic``, ``unit``, ``records``, ``recorded``, ``replicated`` (median), ``lower``, ``upper``,
        ``p`` with its ``mcse``, ``ci_prob``, ``ci_kind``. Statistics are mean, SD, lowest and highest
        record, and the share beyond a limit, at a bound, or in response.

    Raises
    ------
    RaBayesError
        If it is no tree.
    FitError
        If `ci_prob` is not a probability, or the tree holds no replicates.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> table = rb.predictive_checks(rb.load("results/sdai/posterior.nc"))    # doctest: +SKIP
    >>> table.query("p < 0.05 or p > 0.95")                                   # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    provenance(tree)  # Refuses what is no tree of ours.
    if "posterior_predictive" not in tree.children or "log_likelihood" not in tree.children:
        raise FitError("this tree holds no replicated records; fit a cohort with ra_bayes.fit")
    spec = spec_of(tree)
    records = observed(tree, spec)
    made = replicates(tree, records)
    chains = tree["posterior"].sizes["chain"]
    rows: list[dict[str, Any]] = []
    for by, group in (("visit", made.visit), ("patient", made.patient)):
        for member in np.unique(group):
            place = {
                "by": by,
                "patient": records.patients[member] if by == "patient" else "",
                "week": float(records.weeks[member]) if by == "visit" else float("nan"),
            }
            rows += [place | row for row in _told(made, spec, group == member, ci_prob, chains)]
    return pd.DataFrame(rows).assign(ci_prob=ci_prob, ci_kind="eti")


def _told(
    made: Replicates, spec: ModelSpec, member: Flags, ci_prob: float, chains: int
) -> Iterator[dict[str, Any]]:
    """Yield the row of every statistic of one group of records."""
    tail = (1.0 - ci_prob) / 2.0
    for statistic in _statistics(made, spec):
        kept = member & statistic.applies
        if kept.sum() < statistic.fewest:
            continue
        found = made.recorded[kept], made.drawn[kept]
        low, high = made.lowest[kept], made.highest[kept]
        shown = np.clip(found[0], low, high), np.clip(found[1], low[:, None], high[:, None])
        one, many = (statistic.of(each) for each in (found if statistic.ties else shown))
        below, equal = many < one, many == one
        if not statistic.ties:
            # Sums of the same numbers in another order differ in their last digit.
            equal = np.isclose(many, one, rtol=1e-12, atol=1e-12)
            below &= ~equal
        indicator = below + 0.5 * equal
        said, replicated = (statistic.of(each) for each in (found if statistic.counts else shown))
        lower, median, upper = np.quantile(replicated, [tail, 0.5, 1.0 - tail])
        yield {
            "statistic": statistic.name,
            "unit": statistic.unit,
            "records": int(kept.sum()),
            "recorded": float(said),
            "replicated": float(median),
            "lower": float(lower),
            "upper": float(upper),
            "p": float(indicator.mean()),
            "mcse": _mcse(indicator.reshape(chains, -1)),
        }


def _statistics(made: Replicates, spec: ModelSpec) -> list[_Statistic]:
    """Return what is asked of each group's records."""
    everywhere = np.ones(made.recorded.shape, dtype=bool)
    found = [] if spec.binary else _of_size(spec, everywhere)
    for event in events(spec, made):

        def share(records: Array, happened: Callable[[Array], Flags] = event.happened) -> Array:
            return np.asarray(happened(records).mean(axis=0))

        name = f"share {event.name}"
        found.append(_Statistic(name, share, "share of records", 1, event.applies, ties=True, counts=True))
    return found


def _of_size(spec: ModelSpec, everywhere: Flags) -> list[_Statistic]:
    unit = spec.outcome.unit
    # A record rounded to 0 has no logarithm.
    if spec.on_log and not spec.rounding:
        middle = _Statistic("geometric mean", _geometric, unit, 1, everywhere)
        spread = _Statistic("SD of logs", _sd_log, "", 2, everywhere)
    else:
        middle = _Statistic("mean", _mean, unit, 1, everywhere)
        spread = _Statistic("SD", _sd, unit, 2, everywhere)
    lowest = _Statistic("lowest record", _lowest, unit, 2, everywhere, ties=True)
    highest = _Statistic("highest record", _highest, unit, 2, everywhere, ties=True)
    return [middle, spread, lowest, highest]


def _mean(records: Array) -> Array:
    return np.asarray(records.mean(axis=0))


def _sd(records: Array) -> Array:
    return np.asarray(records.std(axis=0, ddof=1))


def _geometric(records: Array) -> Array:
    return np.asarray(np.exp(np.log(records).mean(axis=0)))


def _sd_log(records: Array) -> Array:
    return np.asarray(np.log(records).std(axis=0, ddof=1))


def _lowest(records: Array) -> Array:
    return np.asarray(records.min(axis=0))


def _highest(records: Array) -> Array:
    return np.asarray(records.max(axis=0))


def _mcse(indicator: Array) -> float:
    """Return the Monte Carlo error of a mean (chain, draw); of the order of one draw where all are alike."""
    from arviz_stats.base import array_stats

    if np.ptp(indicator) == 0.0:
        return 1.0 / indicator.size
    return max(float(array_stats.mcse(indicator, chain_axis=0, draw_axis=1)), 1.0 / indicator.size)
