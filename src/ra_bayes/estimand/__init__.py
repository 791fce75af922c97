"""Estimands: a fit as named quantities in clinical units, each with its definition in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.diagnostics import MIN_ESS, Diagnosis, diagnose
from ra_bayes.errors import FitError
from ra_bayes.estimand.arm_difference import arm_differences
from ra_bayes.estimand.arms import arm_names, difference_estimands, has_two_arms, of_arm
from ra_bayes.estimand.change import change_estimands
from ra_bayes.estimand.event_rate import counted_weeks, event_rates
from ra_bayes.estimand.joint import joint_estimands
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.prior_shift import main_quantity
from ra_bayes.estimand.rate import rate_estimands
from ra_bayes.estimand.shares import share_estimands
from ra_bayes.estimand.summary import Quantity, summarise
from ra_bayes.tree import is_given_counts, is_joint, joint_trees, outcome_trees, provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = [
    "Posterior",
    "Quantity",
    "estimands",
    "main_quantity",
    "of_arm",
    "quantities",
    "read_posterior",
    "summarise",
]

COLUMNS = (
    "arm",
    "outcome",
    "estimand",
    "patient",
    "week",
    "unit",
    "estimate",
    "lower",
    "upper",
    "p_benefit",
    "mcse",
    "ess",
    "ci_prob",
    "ci_kind",
    "definition",
    "note",
)
_NUMBERS = ("estimate", "lower", "upper", "p_benefit", "mcse")


def estimands(
    tree: xr.DataTree, *, ci_prob: float = 0.90, despite_gate: bool = False, checked: Diagnosis | None = None
) -> pd.DataFrame:
    """Return every estimand of a fit as a tidy table.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.
    despite_gate
        Report even if the sampler did not pass :func:`~ra_bayes.diagnostics.diagnose`, and quantities
        with an effective sample size of 400 or less.
    checked
        The verdict, if it has been asked for already.

    Returns
    -------
    pandas.DataFrame
        One row per estimand, patient and week; given published counts, also by arm and outcome, of a joint
        fit by outcome, or by the outcomes it is of, and of two arms by arm.
        ``estimate`` (posterior median, a probability, or the expected number of patients),
        ``lower`` and ``upper``, ``p_benefit`` (probability that the change is on the side of benefit),
        ``mcse`` of the estimate, ``ess``, the interval's ``ci_prob`` and ``ci_kind``, ``definition``
        and ``note``: why a number is withheld, or that a patient's change lies beyond their last record.

    Raises
    ------
    FitError
        If the fit did not pass its gate, or `ci_prob` is not a probability.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> table = rb.estimands(tree, ci_prob=0.90)                      # doctest: +SKIP
    >>> table.query("estimand == 'mean_change' and week == 24")       # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    verdict = None if despite_gate else checked or diagnose(tree)
    if verdict is not None and not verdict.passed:
        raise FitError(
            f"the fit of {provenance(tree)['model']['name']} did not pass its gate: estimands are withheld "
            f"(ask for them with despite_gate=True)\n{verdict}"
        )
    if is_given_counts(tree):
        rows = pd.concat(
            [_of_several(tree, ci_prob), *(_rows(each, ci_prob) for _, _, each in outcome_trees(tree))]
        )
    elif is_joint(tree):
        told = [*joint_estimands(tree)]
        tied = pd.DataFrame([summarise(quantity, ci_prob) for _, quantity in told])
        tied = tied.assign(outcome=[outcome for outcome, _ in told])
        if any(quantity.arm for _, quantity in told):
            tied = tied.assign(arm=[quantity.arm for _, quantity in told])
        rows = pd.concat([tied, *(_rows(each, ci_prob) for each in joint_trees(tree).values())])
    else:
        rows = _rows(tree, ci_prob)
    rows = rows.assign(ci_prob=ci_prob, ci_kind="eti").reset_index(drop=True)
    # Draws picked from weighted ones carry the weights' error as well as their own.
    inflation = provenance(tree)["sampling"].get("variance_inflation", 1.0)
    rows = rows.assign(mcse=rows["mcse"] * inflation**0.5, ess=rows["ess"] / inflation)
    if not despite_gate:
        # A quantity of which all draws are alike has no effective size, and needs none.
        thin = rows["ess"] <= MIN_ESS
        rows.loc[thin, list(_NUMBERS)] = np.nan
        rows.loc[thin, "note"] = [
            f"withheld: ESS {ess:.0f}, wanted > {MIN_ESS:g}" for ess in rows.loc[thin, "ess"]
        ]
    return rows[[column for column in COLUMNS if column in rows]]


def quantities(tree: xr.DataTree, group: str = "posterior") -> list[Quantity]:
    """Return every estimand of one outcome as draws, of the ``posterior`` or the ``prior`` group; no gate."""
    if has_two_arms(tree):
        both = read_posterior(tree, group, both_arms=True)
        control, treated = arm_names(tree)
        found = [each._replace(arm=treated) for each in difference_estimands(both, control)]
        for arm in (control, treated):
            found += [each._replace(arm=arm) for each in quantities(of_arm(tree, arm), group)]
        return found
    posterior = read_posterior(tree, group)
    placebo = _placebo(posterior, tree, provenance(tree)["seed"])
    told = (rate_estimands if posterior.spec.binary else change_estimands)(posterior, placebo)
    return [*told, *share_estimands(posterior)]


def _rows(tree: xr.DataTree, ci_prob: float) -> pd.DataFrame:
    """Return the rows of one outcome, with its arm if it is of a posterior given published counts."""
    import pandas as pd

    entries = provenance(tree)
    told = quantities(tree)
    rows = pd.DataFrame([summarise(quantity, ci_prob) for quantity in told])
    rows = rows.assign(outcome=spec_of(tree).outcome.id)
    if any(quantity.arm for quantity in told):
        rows = rows.assign(arm=[quantity.arm for quantity in told])
    if "arm" not in entries:
        return rows
    weeks = counted_weeks(tree)
    known = rows["week"].isna() | rows["week"].isin(weeks)
    counted = ", ".join(f"{week:g}" for week in weeks) or "none"
    return rows.assign(
        arm=entries["arm"],
        note=rows["note"].where(known, f"no count of this week was published (counted: {counted})"),
    )


def _of_several(tree: xr.DataTree, ci_prob: float) -> pd.DataFrame:
    """Return the rows that are not of one outcome in one arm: published facts, and arms compared."""
    import pandas as pd

    found = [*((arm, "", quantity) for arm, quantity in event_rates(tree)), *arm_differences(tree)]
    rows = pd.DataFrame([summarise(quantity, ci_prob) for _, _, quantity in found])
    return rows.assign(arm=[arm for arm, _, _ in found], outcome=[outcome for _, outcome, _ in found])


def _placebo(posterior: Posterior, tree: xr.DataTree, seed: int) -> np.ndarray | None:
    """Draw the historical placebo response, one for each posterior draw."""
    placebo = posterior.spec.placebo
    if placebo is None:
        return None
    if "placebo_response" in tree["posterior"]:
        # The model has it in the mean change: less that draw, what is left is the treatment's own.
        return np.asarray(tree["posterior"]["placebo_response"].values)
    rng = np.random.default_rng([seed, 1])
    return rng.normal(placebo.median, placebo.sd, posterior.scalars["baseline_mean"].shape)
