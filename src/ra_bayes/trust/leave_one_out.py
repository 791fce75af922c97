"""Leave one patient out: each predicted by a fit to the others, and would the decision be another one?

A patient's records are masked and the compiled model is sampled again, so that their level and response are
drawn from the population: they are a new patient. Of their records y_i, all together,

    elpd_i = log p(y_i | y_-i) = log E[ p(y_i | theta) ],        theta ~ p(theta | y_-i)

with level and response integrated out for each draw of theta (:mod:`ra_bayes.trust.patient_likelihood`),
which leaves the average little noise. No importance weights between the two fits take part: leaving out one
of six patients may be too large a step for them. (Vehtari, Gelman and Gabry 2017 have the quantity, for
single observations.) Of two arms what is told and decided on is the difference between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import Posterior, Quantity, main_quantity, read_posterior, summarise
from ra_bayes.inference.refit import records_of, refit, without
from ra_bayes.jobs.seeding import seeds
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.planning.rule import Criterion, Rule
from ra_bayes.tree import provenance, spec_of
from ra_bayes.trust.decision import ask, criteria_of, default_rule
from ra_bayes.trust.gate import refuse_one_arm
from ra_bayes.trust.leave_one_out_text import leave_one_out_text
from ra_bayes.trust.patient_likelihood import log_density_of_patient
from ra_bayes.trust.predicted import predicted

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["LeftOut", "elpd", "leave_one_out"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What each patient's absence changes, and how well the others predict them; prints as a short report.

    Parameters
    ----------
    patients
        A row for everybody (``patient`` blank), then one for each patient left out: the main estimand
        (``estimand``, ``week``, ``unit``, ``estimate``, ``lower``, ``upper``, ``mcse``), ``records``,
        ``elpd`` of the patient's records with ``elpd_mcse``, ``passed`` (the gate), ``ci_prob``, ``ci_kind``.
    records
        A row a patient and visit: ``value`` and ``limit`` as recorded (NaN where missed), ``predicted``
        (median, or chance of a response), ``lower``, ``upper`` of a new patient's record; ``pit`` with
        ``pit_lower``, ``pit_upper``.
    decisions
        A row a criterion and patient left out, blank for none: ``criterion``, ``probability``, ``mcse``,
        ``asked``, ``holds``; ``success``, whether all criteria hold; ``flips``, whether that is another
        decision than with everybody; ``close``, whether the probability is within two Monte Carlo errors of
        what is asked. Empty without a rule.
    model
        Name of the model.
    """

    patients: pd.DataFrame
    records: pd.DataFrame
    decisions: pd.DataFrame
    model: str

    @property
    def elpd(self) -> tuple[float, float]:
        """Sum of all patients' elpd, and its Monte Carlo error."""
        left = self.patients[self.patients["patient"] != ""]
        return float(left["elpd"].sum()), float(np.sqrt(np.square(left["elpd_mcse"]).sum()))

    def __str__(self) -> str:
        return leave_one_out_text(self.patients, self.records, self.decisions, self.elpd, self.model)


def leave_one_out(
    tree: xr.DataTree,
    *,
    rule: Rule | Criterion | None = None,
    week: float | None = None,
    ci_prob: float = 0.90,
    seed: int | None = None,
    cores: int | None = None,
) -> LeftOut:
    """Leave each patient out in turn, exactly, and predict them as a new one.

    Parameters
    ----------
    tree
        A fit of a cohort; its records are in it.
    rule
        What would be decided: success criteria about the mean change, or rate, at `week`, thresholds in
        clinical units; of two arms, about the treated arm's less the control arm's. A design's is
        ``design.final_rule`` at ``design.endpoint.week``. If not given, that a change, or a difference
        between arms, in the direction of benefit has probability 0.95; for the rate of one arm there is none.
    week
        The week that is told and decided on; the page's reference week if not given.
    ci_prob
        Probability of the intervals, which are equal-tailed.
    seed
        Of the re-fits; the fit's own if not given.
    cores
        Chains sampled at once; all cores if not given.

    Raises
    ------
    FitError
        If the fit did not pass its gate, is not of patients' records, or is of one patient.
    RaBayesError
        If the rule has nothing to ask of a posterior, or there is no such visit.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.leave_one_out(rb.load("results/sdai/posterior.nc"))    # doctest: +SKIP
    >>> print(found)                                                      # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    refuse_one_arm(tree)
    records, spec, entries = records_of(tree), spec_of(tree), provenance(tree)
    checked = diagnose(tree)
    if not checked.passed:
        raise FitError(
            f"the fit of {spec.name} did not pass its gate; fit it with more draws first\n{checked}"
        )
    told = spec.reference_week if week is None else week
    if told not in records.weeks:
        weeks = ", ".join(f"{each:g}" for each in records.weeks)
        raise RaBayesError(f"there is no visit at week {told:g}; write one of {weeks}")
    seen = [name for name, made in zip(records.patients, records.kind != MISSED, strict=True) if made.any()]
    if len(seen) < 2:
        raise FitError(
            "leaving out the only patient leaves nobody to learn from; fit a cohort of two or more"
        )
    asked = rule or default_rule(spec, told)
    criteria = criteria_of(asked) if asked else ()
    root = entries["seed"] if seed is None else seed
    rows = [{"patient": "", **_main(tree, told, ci_prob), "passed": True}]
    visits, decisions = [], [{"patient": "", **each} for each in ask(criteria, _both(tree), told)]
    for patient, own in zip(seen, seeds(root, len(seen)), strict=True):
        again = refit(
            spec,
            without(records, [patient]),
            seed=own,
            draws=entries["sampling"]["draws"],
            chains=entries["sampling"]["chains"],
            cores=cores,
        )
        rng = np.random.default_rng(own)
        posterior = _both(again)
        value, error = elpd(log_density_of_patient(posterior, records, patient, rng))
        rows.append(
            {
                "patient": patient,
                **_main(again, told, ci_prob),
                "records": int((records.kind[records.patients.index(patient)] != MISSED).sum()),
                "elpd": value,
                "elpd_mcse": error,
                "passed": diagnose(again).passed,
            }
        )
        visits += predicted(again, records, patient, ci_prob, rng)
        decisions += [{"patient": patient, **each} for each in ask(criteria, posterior, told)]
    return LeftOut(
        pd.DataFrame(rows).assign(ci_prob=ci_prob, ci_kind="eti"),
        pd.DataFrame(visits).assign(ci_prob=ci_prob, ci_kind="eti"),
        _decided(pd.DataFrame(decisions)),
        spec.name,
    )


def elpd(log_density: Array) -> tuple[float, float]:
    """Return the log of the mean density over draws (chain, draw), and its Monte Carlo standard error.

    The error of a log is that of the mean over the mean; the chains' correlation is in it.

    Examples
    --------
    >>> value, error = elpd(np.log(np.random.default_rng(1).uniform(size=(4, 1000))))
    >>> round(value, 1), round(error, 3)    # log(1 / 2); sqrt(1 / 12 / 4000) / (1 / 2)
    (-0.7, 0.009)
    """
    from arviz_stats.base import array_stats

    most = float(log_density.max())
    density = np.exp(log_density - most)
    mean = float(density.mean())
    varies = np.ptp(density) > 0.0
    error = float(array_stats.mcse(density, chain_axis=0, draw_axis=1)) if varies else 0.0
    return float(np.log(mean)) + most, error / mean


def _both(tree: xr.DataTree) -> Posterior:
    # Of two arms the main quantity is their difference.
    return read_posterior(tree, both_arms=True)


def _main(tree: xr.DataTree, week: float, ci_prob: float) -> dict[str, Any]:
    name, draws, unit = main_quantity(_both(tree), week)
    row = summarise(Quantity(name, draws, unit, "", week=week), ci_prob)
    return {each: row[each] for each in ("estimand", "week", "unit", "estimate", "lower", "upper", "mcse")}


def _decided(table: pd.DataFrame) -> pd.DataFrame:
    """Add what all criteria together decide, and whether it is what is decided with everybody."""
    if table.empty:
        return table
    success = table.groupby("patient")["holds"].transform("all")
    whole = bool(success[table["patient"] == ""].iloc[0])
    close = (table["probability"] - table["asked"]).abs() < 2.0 * table["mcse"]
    return table.assign(success=success, flips=success != whole, close=close)
