"""From measurements to responders: rates of response from a continuous model, beside those of counting.

A model of measurements says of every threshold, at every week, how many new patients will reach it. Counting
says that of one threshold and one week, from who reached it. Beside the model's interval stands that of the
count of the same patients (:mod:`ra_bayes.estimand.counted`), and what measuring was worth:

    gain = (N_posterior - N_prior) / n,    N the patients counted that the rate's draws are worth, by moments,

how many patients counted one patient measured stands for. What the priors knew beforehand is taken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.diagnostics import MIN_ESS, Diagnosis, diagnose
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand.counted import counted_interval, patients_worth, recorded_responses
from ra_bayes.estimand.criteria import Criterion, criteria_of
from ra_bayes.estimand.new_patient_response import share_responding
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.summary import Quantity, summarise
from ra_bayes.tree import is_given_counts, provenance

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["responders"]

type Array = NDArray[np.float64]

COLUMNS = (
    "outcome",
    "criterion",
    "week",
    "who",
    "value",
    "estimate",
    "lower",
    "upper",
    "mcse",
    "ess",
    "responders",
    "recorded",
    "counted_estimate",
    "counted_lower",
    "counted_upper",
    "width_ratio",
    "worth",
    "prior_worth",
    "gain",
    "ci_prob",
    "ci_kind",
    "definition",
    "source",
    "note",
)
_NUMBERS = ("estimate", "lower", "upper", "mcse", "width_ratio", "worth", "gain")


def responders(
    tree: xr.DataTree,
    *,
    improvements: Sequence[float] | None = None,
    ci_prob: float = 0.90,
    despite_gate: bool = False,
    checked: Diagnosis | None = None,
) -> pd.DataFrame:
    """Return rates of response by criterion and week, from the model and from counting the same patients.

    Parameters
    ----------
    tree
        A fit: of a continuous outcome, or of a response of yes or no (then the response itself).
    improvements
        Shares of one's own baseline, 0.5 for 50%; those in use for the outcome if not given. The outcome's
        good states (remission, low disease activity) are told as well.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.
    despite_gate
        Tell them even if the sampler did not pass :func:`~ra_bayes.diagnose`.
    checked
        The verdict, if it has been asked for already.

    Returns
    -------
    pandas.DataFrame
        One row per criterion, week, ``who`` (``"new patient"``, or a patient) and ``value``: ``"true"``,
        noise taken out, or ``"recorded"``, noise in both records. ``estimate`` (median of the rate; of a
        patient the probability) with ``lower``, ``upper``, ``mcse`` and ``ess``. For recorded values of a new
        patient also the count: ``responders`` of ``recorded``, its estimate and interval under a uniform
        prior, ``width_ratio`` (the count's interval over the model's), ``worth`` and ``prior_worth`` (the
        patients counted that posterior and prior are worth) and ``gain`` (the patients counted that each one
        measured stands for).

    Raises
    ------
    FitError
        If the fit did not pass its gate, or `ci_prob` is not a probability.
    RaBayesError
        If the outcome has no criterion of response, or the tree is of published counts.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> table = rb.responders(tree, improvements=[0.5])                    # doctest: +SKIP
    >>> table.query("who == 'new patient' and week == 24")                  # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    if is_given_counts(tree):
        raise RaBayesError(
            "responders are told of a fit to records, not of published counts; give the tree of a fit"
        )
    verdict = None if despite_gate else checked or diagnose(tree)
    if verdict is not None and not verdict.passed:
        raise FitError(
            f"the fit of {provenance(tree)['model']['name']} did not pass its gate: responders are withheld "
            f"(ask for them with despite_gate=True)\n{verdict}"
        )
    posterior, prior = read_posterior(tree), read_posterior(tree, "prior")
    criteria = criteria_of(posterior.spec, improvements)
    if not criteria:
        raise RaBayesError(
            f"{posterior.spec.outcome.label} has no response in use, neither a percent improvement nor a "
            "state; name one with improvements=[0.5] for 50%"
        )
    found = [row for each in criteria for row in _rows(tree, posterior, prior, each, ci_prob)]
    rows = pd.DataFrame(found).reindex(columns=[*COLUMNS])
    rows = rows.assign(outcome=posterior.spec.outcome.id, ci_prob=ci_prob, ci_kind="eti")
    if not despite_gate:
        thin = rows["ess"] <= MIN_ESS
        rows.loc[thin, list(_NUMBERS)] = np.nan
        rows.loc[thin, "note"] = [
            f"withheld: ESS {ess:.0f}, wanted > {MIN_ESS:g}" for ess in rows.loc[thin, "ess"]
        ]
    return rows


def _rows(
    tree: xr.DataTree, posterior: Posterior, prior: Posterior, criterion: Criterion, ci_prob: float
) -> Iterator[dict[str, Any]]:
    spec = posterior.spec
    recorded = share_responding(posterior, criterion, measured=True)
    beforehand = share_responding(prior, criterion, measured=True)
    shares = {"recorded": recorded}
    if not spec.binary:
        # Of yes or no there is nothing behind the record.
        shares = {"true": share_responding(posterior, criterion, measured=False), **shares}
    own, counted = _patients_responding(posterior, criterion), recorded_responses(tree, criterion)
    for j, week in enumerate(posterior.weeks):
        if not posterior.seen[j] or (week <= 0.0 and (criterion.share is not None or spec.binary)):
            continue
        common = {"criterion": criterion.name, "week": float(week), "source": criterion.source}
        for value, share in shares.items():
            row = _told(share[..., j], f"a new patient's {value} value: {criterion.label}", ci_prob)
            beside = (
                _counting(row, counted[:, j], share[..., j], beforehand[..., j], ci_prob)
                if value == "recorded"
                else {}
            )
            yield {**common, "who": "new patient", "value": value, **row, **beside}
        for i, patient in enumerate(posterior.patients):
            last = float(posterior.last_week[i])
            event = _told(
                own[..., i, j],
                f"this patient's true value: {criterion.label}",
                ci_prob,
                event=not spec.binary,
                note=f"predicted: last record at week {last:g}" if last < week else "",
            )
            yield {**common, "who": patient, "value": "recorded" if spec.binary else "true", **event}


def _told(
    draws: Array | NDArray[np.bool_], definition: str, ci_prob: float, *, event: bool = False, note: str = ""
) -> dict[str, Any]:
    kept = ("estimate", "lower", "upper", "mcse", "ess", "definition", "note")
    row = summarise(
        Quantity("", draws, "", definition, kind="event" if event else "effect", note=note), ci_prob
    )
    return {name: row[name] for name in kept}


def _counting(
    row: dict[str, Any], said: Array, draws: Array, beforehand: Array, ci_prob: float
) -> dict[str, Any]:
    """Return what counting the same patients says, and what measuring them was worth."""
    count, patients = int(np.nansum(said)), int(np.isfinite(said).sum())
    told: dict[str, Any] = {"responders": count, "recorded": patients}
    if not patients:
        return told
    lower, median, upper = counted_interval(count, patients, ci_prob)
    worth, prior_worth = patients_worth(draws), patients_worth(beforehand)
    width = float(row["upper"]) - float(row["lower"])
    return {
        **told,
        "counted_estimate": median,
        "counted_lower": lower,
        "counted_upper": upper,
        "width_ratio": (upper - lower) / width if width > 0.0 else float("nan"),
        "worth": worth,
        "prior_worth": prior_worth,
        "gain": (worth - prior_worth) / patients,
    }


def _patients_responding(posterior: Posterior, criterion: Criterion) -> Array:
    """Return whether each patient's true value responds (..., patient, visit); of yes or no, the chance."""
    spec = posterior.spec
    if spec.binary:
        return np.asarray(
            special.ndtr(posterior.patient_mean / posterior.scalars["residual_sd"][..., None, None])
        )
    value = spec.link.inverse(posterior.patient_mean)
    if criterion.share is None:
        return np.asarray(value <= criterion.edge, dtype=float)
    start = spec.link.inverse(posterior.level)[..., None]
    kept = (1.0 + spec.benefit_sign * criterion.share) * start
    reached = value <= kept if spec.benefit_sign < 0 else value >= kept
    return np.asarray(reached & (start > 0.0), dtype=float)
