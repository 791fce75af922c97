"""Is a 90% interval of this model a 90% interval at this size? Simulate, fit again, count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from os import PathLike

import numpy as np

from ra_bayes.calibration.certificate import Certificate
from ra_bayes.calibration.cohort_design import CohortDesign, design_of
from ra_bayes.calibration.coverage import SCENARIOS, coverage_rows, scenarios_of
from ra_bayes.calibration.records import lower_limit
from ra_bayes.calibration.truths import default_truths, drawn_truths, fixed_truths, no_effect
from ra_bayes.calibration.work import Batch, model_text, work
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.jobs import Progress, Result, Task, run, seeds
from ra_bayes.model.spec import ModelSpec
from ra_bayes.resources import data_dir
from ra_bayes.tree import model_entry

__all__ = ["calibrate", "shipped_cohort"]

_BATCH = 20
_LIMIT_COHORTS = 400


def calibrate(
    model: ModelSpec,
    cohort_design: Cohort | CohortDesign | None = None,
    *,
    seed: int,
    n_sim: int = 1000,
    per_truth: int = 200,
    truths: Mapping[str, float] | None = None,
    decision: float = 0.95,
    folder: str | PathLike[str] | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Certificate:
    """Measure the calibration of a model for cohorts like one's own, by simulation.

    First `n_sim` cohorts of truths drawn from the prior: where each truth ranks among draws of its posterior
    (Talts et al. 2018). Then cohorts of fixed truths, under the model, with heavy-tailed residuals and with a
    late onset: how often intervals of the population mean change (or response rate) at the reference week
    hold the truth, how wide they are, and how often benefit is declared, beside classical methods on the same
    cohorts. A fit takes some tenths of a second.

    Parameters
    ----------
    model
        A model page.
    cohort_design
        The cohort whose patients, visits, missing visits and share of records below a limit simulated cohorts
        are to have; the shipped synthetic cohort's if not given.
    seed
        Seed of every random number. The same seed gives the same simulated cohorts anywhere.
    n_sim
        Simulated cohorts of the prior.
    per_truth
        Simulated cohorts of each fixed truth, for each of the three ways of making data; 0 for none.
    truths
        Changes (outcome's unit, or ratio) or rates at the reference week, by name;
        :func:`~ra_bayes.calibration.truths.default_truths` if not given.
    decision
        Benefit is declared where its probability is at least this; classical tests have one less this as
        their level.
    folder
        Where finished tasks are kept; run the same again to go on.
    scheduler
        Address of a Dask scheduler.
    progress
        As in :func:`ra_bayes.jobs.run`.

    Returns
    -------
    Certificate
        Print it; :func:`~ra_bayes.calibration.certificate_files.save_certificate` keeps it.

    Raises
    ------
    RaBayesError
        If the model is no model page, the numbers asked for make no
        calibration, or a truth is impossible under the model.
    FitError
        If the model does not fit the cohort.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> print(calibrate(rb.load_model("sdai"), seed=1, n_sim=100, per_truth=20))   # doctest: +SKIP
    """
    check_type(model, ModelSpec, "model", 'read one with rb.load_model("sdai")')
    if n_sim < 20 or per_truth < 0 or not 0.5 < decision < 1.0:
        raise RaBayesError(
            f"n_sim={n_sim}, per_truth={per_truth}, decision={decision:g}: a calibration needs at least 20 "
            "simulated cohorts and a decision's probability between 0.5 and 1; write e.g. n_sim=1000"
        )
    if per_truth and not model.plain:
        raise RaBayesError(
            f"model {model.name!r}: cohorts of fixed truths are of one arm, without covariates, under the "
            "normal likelihood; write per_truth=0 for the ranks alone"
        )
    design = _design(model, cohort_design)
    chosen = dict(default_truths(model) if truths is None and per_truth else truths or {})
    text = model_text(model)
    prior = Batch(text, design, _prior_limit(model, design), ())
    ranked = _tasks("prior", prior, seeds(seed, n_sim))
    # The same patients and noise under every truth and in every scenario: their differences are sharper.
    fixed = Batch(text, design, _fixed_limit(model, design), ())
    covered = {
        (name, scenario): _tasks(
            f"{scenario}, {name}", replace(fixed, truth=truth, **SCENARIOS[scenario]), seeds(seed, per_truth)
        )
        for name, truth in chosen.items()
        for scenario in scenarios_of(model)
        if per_truth
    }
    every = [*ranked, *(task for tasks in covered.values() for task in tasks)]
    done = run(work, every, folder=folder, scheduler=scheduler, progress=progress)
    found = _joined(ranked, done)
    return Certificate(
        model=model_entry(model),
        design=design,
        seed=seed,
        decision=decision,
        limit=prior.limit,
        ranks={name.removeprefix("rank:"): each for name, each in found.items() if name.startswith("rank:")},
        diverging=found["diverging"],
        means=found["mean"],
        rows=tuple(
            row
            for (name, scenario), tasks in covered.items()
            for row in coverage_rows(name, chosen[name], scenario, _joined(tasks, done), decision)
        ),
        versions={name: version(name) for name in ("ra_bayes", "pymc", "nutpie", "numba", "numpy", "scipy")},
    )


def _design(model: ModelSpec, asked: Cohort | CohortDesign | None) -> CohortDesign:
    if isinstance(asked, CohortDesign):
        missing = [week for week in (model.anchor_week, model.reference_week) if week not in asked.weeks]
        if missing:
            raise RaBayesError(
                f"cohort design {asked.name!r} has no visit in week {missing[0]:g}, which model "
                f"{model.name!r} needs; add it to weeks, or set the week in the model page"
            )
        return asked
    return design_of(model, shipped_cohort() if asked is None else asked)


def shipped_cohort() -> Cohort:
    """Return the synthetic cohort that ra_bayes comes with: six patients, seven visits."""
    return read_cohort(data_dir() / "synthetic_cohort.csv")


def _prior_limit(model: ModelSpec, design: CohortDesign) -> float | None:
    truths = drawn_truths(model, design, _LIMIT_COHORTS, np.random.default_rng(0))
    return lower_limit(model, design, truths)


def _fixed_limit(model: ModelSpec, design: CohortDesign) -> float | None:
    """Return the limit that cuts off the design's share of records where there is no effect."""
    if not design.below:
        return None
    rng, none = np.random.default_rng(0), no_effect(model)
    made = [fixed_truths(model, design, none, "page", rng) for _ in range(_LIMIT_COHORTS)]
    return lower_limit(
        model, design, {name: np.concatenate([each[name] for each in made]) for name in made[0]}
    )


def _tasks(name: str, batch: Batch, own: Sequence[int]) -> list[Task]:
    """Return tasks of some cohorts each; what is simulated in one rests on its cohorts' seeds alone."""
    return [
        Task(f"{name}, {at}", replace(batch, seeds=tuple(own[at : at + _BATCH])))
        for at in range(0, len(own), _BATCH)
    ]


def _joined(tasks: Sequence[Task], done: Mapping[str, Result]) -> Result:
    parts = [done[task.key] for task in tasks]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
