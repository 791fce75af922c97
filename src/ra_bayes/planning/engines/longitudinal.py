"""From a design with a longitudinal endpoint to its engines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model.trajectories import TRAJECTORIES
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.design import WEEKS_A_MONTH, Design
from ra_bayes.planning.design_prior import Step
from ra_bayes.planning.engines.data import SoFar, final_only
from ra_bayes.planning.engines.grid import FEW, on_grid
from ra_bayes.planning.engines.nuts import nuts_stopping
from ra_bayes.planning.engines.scaling import scaled, scaled_rule
from ra_bayes.planning.engines.settings import Point, Settings
from ra_bayes.planning.longitudinal.analyses import FollowUp, Scales, analyses
from ra_bayes.planning.longitudinal.characteristics import ENGINE, simulated_stopping
from ra_bayes.planning.longitudinal.conduct import followed, in_order
from ra_bayes.planning.longitudinal.interim import so_far
from ra_bayes.planning.longitudinal.many_truths import assurance_curve
from ra_bayes.planning.longitudinal.posterior import EffectPosterior
from ra_bayes.planning.longitudinal.trials import Rules
from ra_bayes.planning.stopping import Stopping

__all__ = ["boundary_rows", "curve", "follow_up_of", "interim", "rules_of", "stopping", "widths"]

type Array = NDArray[np.float64]

# Simulated trials behind an expected width: its Monte Carlo error is about a hundredth of it.
_WIDTH_TRIALS = 200
# With more sets of SDs the engine itself takes thousands of truths at once.
_FEW_SCALES = 5
_GRID_TRIALS = 4000
# At the middle size of a curve: small sizes get more, and all are smoothed together.
_CURVE_TRIALS = 100
# With missed visits each trial is taken apart by patterns, a hundred times slower.
_MISSED_TRIALS, _MISSED_CURVE_TRIALS = 500, 15


def follow_up_of(design: Design) -> FollowUp:
    """Return who is in the trial and what is seen of them at each look."""
    end, conduct = design.endpoint, design.conduct
    weeks = np.array(end.visits)
    monthly = conduct.accrual
    able = followed(design.n, design.looks, weeks, None if monthly is None else monthly / WEEKS_A_MONTH)
    shape = TRAJECTORIES[end.shape].constants(weeks, end.week, 0.0)["response_shape"]
    return FollowUp(weeks, shape, in_order(design.per_arm(design.n)), able, conduct.dropout, conduct.missed)


def rules_of(design: Design) -> Rules:
    """Return the criteria of each look, success and futility, on the scale of the analysis."""
    rule, last = scaled_rule(design), len(design.looks)
    return [
        (
            tuple(each for each in rule.success if each.at(look, last)),
            tuple(each for each in rule.futility if each.at(look, last)),
        )
        for look in range(1, last + 1)
    ]


def _analysis(design: Design) -> LongitudinalAnalysis:
    assert isinstance(design.analysis, LongitudinalAnalysis)
    return design.analysis


def stopping(design: Design, truths: Mapping[str, Array], seed: int, settings: Settings) -> Stopping:
    """Return the probabilities of stopping, simulated; with ``"nuts"`` each trial is sampled in full."""
    if settings.engine == "nuts":
        return nuts_stopping(
            design.looks,
            follow_up_of(design),
            rules_of(design),
            _analysis(design),
            truths,
            seed=seed,
            settings=settings,
        )
    asked = design.looks, rules_of(design), _analysis(design)
    follow_up = follow_up_of(design)
    beside = np.stack([truths[name] for name in Scales._fields], axis=1)
    if len(np.unique(beside, axis=0)) > _FEW_SCALES:
        return simulated_stopping(truths, follow_up, *asked, trials=settings.trials, seed=seed)
    if design.conduct.missed:
        settings = replace(settings, trials=min(settings.trials, _MISSED_TRIALS))
    many = truths["effect"].size > FEW
    # Many effects at the same SDs are smoothed together: each needs fewer trials.
    trials = min(settings.trials, _GRID_TRIALS) if many else settings.trials

    def ask(effect: Array, rows: Array) -> Stopping:
        at = {"effect": effect, **dict(zip(Scales._fields, rows.T, strict=True))}
        return simulated_stopping(at, follow_up, *asked, trials=trials, seed=seed)

    return on_grid(truths["effect"], beside, ask)


def curve(design: Design, step: Step, sizes: Sequence[int], seed: int, settings: Settings) -> list[Point]:
    """Return assurance by size: known SDs in closed form, what not knowing them costs by simulation."""
    if settings.engine == "nuts":
        points: list[Point] = []
        for n in sizes:
            found = stopping(design.at(n), step.nodes, seed, settings)
            chance, spread = step.expect(found.p_success)
            points.append((n, chance, math.hypot(spread, _weighed(step, found)), found.engine))
        return points
    plans = [(follow_up_of(at), rules_of(at)) for at in map(design.at, sizes)]
    trials = min(settings.trials, _MISSED_CURVE_TRIALS if design.conduct.missed else _CURVE_TRIALS)
    value, mcse = assurance_curve(
        step.nodes, step.weights, plans, _analysis(design), trials=trials, seed=seed
    )
    # Power at every node is within 0 to 1: its SD over draws is at most sqrt(p (1 - p)).
    of_draws = np.sqrt(value * (1.0 - value) / step.ess)
    total = np.hypot(mcse, of_draws)
    return [(n, float(value[k]), float(total[k]), ENGINE) for k, n in enumerate(sizes)]


def _weighed(step: Step, found: Stopping) -> float:
    return float(np.sqrt(step.weights**2 @ found.p_success_mcse**2))


def widths(
    design: Design, truths: Mapping[str, Array], ci_prob: float, seed: int, settings: Settings
) -> tuple[Array, Array]:
    """Return the expected width of the final interval at each truth, over simulated trials.

    The width does not depend on the effect unless its prior does, and that is taken as centred on it.
    """
    final = follow_up_of(design)
    last = FollowUp(final.weeks, final.shape, final.arm, final.able[-1:], final.dropout, final.missed)
    trials = min(settings.trials, _WIDTH_TRIALS)
    names = Scales._fields
    rows = np.stack([truths[name] for name in names], axis=1)
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    mean, error = np.empty(len(distinct)), np.empty(len(distinct))
    prior = _analysis(design).effect
    # Simulated trials have no effect; a prior as far from it as from the truth has the same width.
    prior = None if prior is None else (0.0, prior[1])
    for k, row in enumerate(distinct):
        truth = Scales(*(np.array([value]) for value in row))
        every = np.concatenate(
            [
                _widths(look.posterior, prior, ci_prob)
                for _, (look,) in analyses(last, truth, _analysis(design), trials, seed)
            ]
        )
        mean[k], error[k] = every.mean(), every.std(ddof=1) / math.sqrt(every.size)
    return mean[which.ravel()], error[which.ravel()]


def _widths(posterior: EffectPosterior, prior: tuple[float, float] | None, ci_prob: float) -> Array:
    """Return the width of each trial's equal-tailed interval, by bisection of the mixture's quantiles."""
    weight, mean, variance = posterior.updated(prior)
    sd = np.sqrt(variance)
    ends = []
    for share in ((1.0 - ci_prob) / 2.0, (1.0 + ci_prob) / 2.0):
        low, high = (mean - 10.0 * sd).min(axis=1), (mean + 10.0 * sd).max(axis=1)
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = (weight * special.ndtr((middle[:, None] - mean) / sd)).sum(axis=1) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        ends.append(0.5 * (low + high))
    return np.asarray(ends[1] - ends[0])


def boundary_rows(design: Design) -> list[dict[str, Any]]:
    """Return nothing: what is needed depends on all visits and on the SDs, so that no one number says it."""
    del design
    return []


def interim(
    design: Design, cohort: Cohort, sides: tuple[tuple[str, ...], ...], seed: int, settings: Settings
) -> SoFar:
    """Return posterior and predictive probabilities given every record so far.

    Whoever has not had the last visit is taken to be still in.
    """
    del seed, settings
    y, arm = _records(design, cohort, sides)
    final = final_only(design, [int((arm == side).sum()) for side in range(len(sides))])
    follow_up, analysis = follow_up_of(final), _analysis(design)
    visit = np.arange(follow_up.weeks.size)
    had = np.where(np.isfinite(y), visit + 1, 0).max(axis=1)
    found = so_far(
        y,
        arm,
        had,
        final.per_arm(final.n),
        follow_up.weeks,
        follow_up.shape,
        analysis,
        dropout=design.conduct.dropout,
    )
    reached = np.isfinite(y[:, -1])
    n = tuple(int(reached[arm == side].sum()) for side in range(len(sides)))
    data = [
        {
            "arm": name,
            "entered": int((arm == side).sum()),
            "n": n[side],
            "words": f"{name.capitalize()}: {int((arm == side).sum())} entered, {n[side]} seen to the end.",
        }
        for side, name in enumerate(("treated", "control")[: len(sides)])
    ]
    last = rules_of(design)[-1][0]
    success = tuple(each for each in last if each.basis == "posterior")
    return SoFar(
        n,
        data,
        lambda criterion: found.probability(scaled(design, criterion), analysis.effect),
        found.predictive(success, analysis.effect),
        0.0,
        "integrated Gaussian longitudinal model, by quadrature",
    )


def _records(
    design: Design, cohort: Cohort, sides: tuple[tuple[str, ...], ...]
) -> tuple[Array, NDArray[np.int64]]:
    """Return records by patient and visit, on the scale of the analysis, and each patient's arm.

    Raises
    ------
    RaBayesError
        If a record is beyond a limit of quantification, at no visit of the design, or not above 0 where its
        log is taken.
    """
    end = design.endpoint
    place = {patient: side for side, who in enumerate(sides) for patient in who}
    column = {week: j for j, week in enumerate(end.visits)}
    row = {patient: i for i, patient in enumerate(place)}
    y = np.full((len(row), len(column)), np.nan)
    for record in cohort.of(end.outcome):
        if record.week > end.week:
            continue
        if record.week not in column:
            raise RaBayesError(
                f"row {record.row}: week {record.week:g} is no visit of {design.name}; it has weeks "
                f"{', '.join(f'{week:g}' for week in end.visits)}; leave the rows of other weeks out, or "
                "write that week among the visits of the design"
            )
        if record.limit or (end.ratio and record.value <= 0.0):
            raise RaBayesError(
                f"row {record.row}: {end.outcome} {record.limit}{record.value:g} is no number that this "
                "analysis takes; leave the record out, or fit the outcome's model, which takes limits as such"
            )
        y[row[record.patient], column[record.week]] = math.log(record.value) if end.ratio else record.value
    return y, np.array(list(place.values()), dtype=np.int64)
