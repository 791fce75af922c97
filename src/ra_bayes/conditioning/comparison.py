"""The honest table: what the counts say under every reading of their words and several priors.

An abstract that says "improved" leaves the line open that a patient had to cross, and a handful of counts
leaves the prior in the answer. So each reading is crossed with each prior, with and without the assumption
that treatment effects on different outcomes go together, and posterior stands beside prior and evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.conditioning.importance import Weighted, importance_sample
from ra_bayes.counts import CountsModel, counts_model
from ra_bayes.counts.layout import Draws, Layout
from ra_bayes.errors import FitError
from ra_bayes.estimand import Posterior, main_quantity
from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_reader import load_joint_model
from ra_bayes.model.namespace import NUMPY
from ra_bayes.published import Publication, read_publication

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_readings"]

type Array = NDArray[np.float64]
type _Main = tuple[str, Array, str]

PRIORS = ("sceptical", "placebo_informed", "wide")
_PRIOR_DRAWS = 20_000


def compare_readings(
    facts: Publication | str | PathLike[str],
    models: Sequence[JointModel | str | PathLike[str]] = PRIORS,
    *,
    seed: int,
    related: Sequence[float] = (0.0, 0.5),
    ci_prob: float = 0.90,
    ess: float = 2000.0,
    workers: int = 1,
) -> pd.DataFrame:
    """Condition on the counts under every reading, prior and relation of effects, side by side.

    Parameters
    ----------
    facts
        The counts, or the path of their page.
    models
        Joint models: the priors to compare.
    seed
        Seed of every random number.
    related
        Correlations of the treatment effects on different outcomes to compare.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.
    ess
        Effective sample size of each posterior.
    workers
        Threads.

    Returns
    -------
    pandas.DataFrame
        One row per reading, model, related, arm and outcome: the main estimand (change or rate at the
        reference week, or the last week counted if that is no visit) a priori (``prior``, ``prior_lower``,
        ``prior_upper``) and a posteriori (``estimate``, ``lower``, ``upper``, ``mcse``, ``p_benefit``), and
        of the whole row's posterior ``log_evidence`` (log probability of all counts), its
        ``log_evidence_mcse``, ``ess`` and ``pareto_k``.

    Raises
    ------
    RaBayesError
        As :func:`~ra_bayes.condition`.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> facts = rb.data_dir() / "published" / "jamshidi2024.toml"
    >>> table = rb.compare_readings(facts, seed=1)                              # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    publication = facts if isinstance(facts, Publication) else read_publication(facts)
    joints = [each if isinstance(each, JointModel) else load_joint_model(each) for each in models]
    readings = _distinct_readings(publication)
    chosen = [
        (reading, replace(joint, related=correlation))
        for reading in readings
        for joint in joints
        for correlation in related
    ]
    cases = [
        (counts_model(publication, joint, reading=reading), np.random.default_rng([seed, index]))
        for index, (reading, joint) in enumerate(chosen)
    ]
    # Neither the reading nor the relation of effects changes the prior of one outcome's mean.
    priors: dict[str, dict[tuple[str, str], _Main]] = {}
    for problem, rng in cases:
        name = problem.layout.joint.name
        if name not in priors:
            priors[name] = _main(problem, rng.normal(size=(_PRIOR_DRAWS, problem.dimension)))
    with ThreadPoolExecutor(workers) as pool:
        rows = list(pool.map(lambda case: _rows(case[0], case[1], priors, ci_prob=ci_prob, ess=ess), cases))
    return pd.DataFrame([row for each in rows for row in each])


def _rows(
    problem: CountsModel,
    rng: np.random.Generator,
    priors: dict[str, dict[tuple[str, str], _Main]],
    *,
    ci_prob: float,
    ess: float,
) -> list[dict[str, Any]]:
    joint = problem.layout.joint
    weighted = importance_sample(problem.log_likelihood, problem.dimension, ess=ess, chains=4, rng=rng)
    prior = priors[joint.name]
    posterior = _main(problem, weighted.points.reshape(-1, problem.dimension))
    weights = special.softmax(weighted.log_weights.ravel())
    level = np.full(_PRIOR_DRAWS, 1.0 / _PRIOR_DRAWS)
    tail = (1.0 - ci_prob) / 2.0
    rows = []
    for (arm, outcome), (name, draws, unit) in posterior.items():
        before = _quantiles(prior[arm, outcome][1], level, (0.5, tail, 1.0 - tail))
        after = _quantiles(draws, weights, (0.5, tail, 1.0 - tail))
        rows.append(
            {
                "reading": problem.reading,
                "model": joint.name,
                "related": joint.related,
                "arm": arm,
                "outcome": outcome,
                "estimand": name,
                "week": _week(problem, outcome),
                "unit": unit,
                **dict(zip(("prior", "prior_lower", "prior_upper"), before, strict=True)),
                **dict(zip(("estimate", "lower", "upper"), after, strict=True)),
                "mcse": _median_mcse(draws, weights, weighted.ess),
                "p_benefit": _benefit(problem, outcome, name, draws, weights, unit),
                "ci_prob": ci_prob,
                "ci_kind": "eti",
                **_evidence(weighted),
            }
        )
    return rows


def _evidence(weighted: Weighted) -> dict[str, float]:
    return {
        "log_evidence": weighted.log_evidence,
        "log_evidence_mcse": weighted.log_evidence_mcse,
        "ess": weighted.ess,
        "pareto_k": weighted.pareto_k,
    }


def _main(problem: CountsModel, points: Array) -> dict[tuple[str, str], _Main]:
    """Return name, draws and unit of the main estimand of every arm and outcome."""
    draws = problem.layout.expand(*problem.split(points), NUMPY)
    return {
        (arm, outcome): main_quantity(
            _posterior(problem.layout, draws, (arm, outcome)), _week(problem, outcome)
        )
        for arm, outcome in draws.values
    }


def _week(problem: CountsModel, outcome: str) -> float:
    """Return the week an outcome is told at: the reference week, or the last counted if it is not a visit."""
    reference = problem.layout.pages[outcome].reference_week
    if reference in problem.publication.weeks:
        return reference
    return max(
        week for event in problem.events if outcome in event.fact.outcomes for week in event.fact.weeks
    )


def _distinct_readings(publication: Publication) -> list[str]:
    """Return the readings under which the facts are not all read as under an earlier one."""
    found: dict[tuple[str, ...], str] = {}
    for reading in publication.readings:
        found.setdefault(tuple(fact.reading_under(reading.id) for fact in publication.facts), reading.id)
    return list(found.values()) or [""]


def _posterior(layout: Layout, draws: Draws, key: tuple[str, str]) -> Posterior:
    values, page = draws.values[key], layout.pages[key[1]]
    none = np.empty((*values["baseline_mean"].shape, 0))
    return Posterior(
        spec=page,
        patients=(),
        weeks=layout.weeks,
        seen=layout.weeks > 0.0,
        last_week=np.empty(0),
        level=none,
        response=none,
        mean_change=values["mean_change"],
        shape=np.broadcast_to(values["response_shape"], values["mean_change"].shape),
        scalars={prior.parameter.name: values[prior.parameter.name] for prior in page.priors},
    )


def _benefit(problem: CountsModel, outcome: str, name: str, draws: Array, weights: Array, unit: str) -> float:
    sign = problem.layout.pages[outcome].benefit_sign
    if not sign or name == "response_rate":
        return float("nan")
    return float(weights @ (sign * (draws - (1.0 if unit == "ratio" else 0.0)) > 0.0))


def _quantiles(draws: Array, weights: Array, shares: Sequence[float]) -> list[float]:
    order = np.argsort(draws)
    total = weights[order].cumsum()
    at = np.minimum(np.searchsorted(total, np.asarray(shares) * total[-1]), draws.size - 1)
    return [float(each) for each in draws[order][at]]


def _median_mcse(draws: Array, weights: Array, ess: float) -> float:
    """Return half the width of the median's own interval of one standard error."""
    error = 0.5 / np.sqrt(ess)
    lower, upper = _quantiles(draws, weights, (0.5 - error, 0.5 + error))
    return (upper - lower) / 2.0
