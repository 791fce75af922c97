"""The work of one task: a batch of cohorts, each simulated, fitted again and held against its truth.

A task's arguments are plain data; the model is rebuilt from its page in each process and compiled once.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ra_bayes.calibration.classical import answers
from ra_bayes.calibration.cohort_design import CohortDesign
from ra_bayes.calibration.coverage import CI_PROBS
from ra_bayes.calibration.ranked import RANK_DRAWS, ranks, thinned, with_truth
from ra_bayes.calibration.records import Residuals, written_down
from ra_bayes.calibration.truths import Onset, drawn_truths, fixed_truths, no_effect
from ra_bayes.estimand import main_quantity, read_posterior
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.tree import model_entry

__all__ = ["Batch", "model_text", "work"]

type Array = NDArray[np.float64]

CHAINS, DRAWS, TUNE = 2, 500, 300


@dataclass(frozen=True, slots=True)
class Batch:
    """Arguments of a task: a model (:func:`model_text`), a pattern, and a seed for every cohort.

    `truth`, `residuals` and `onset` are of cohorts from fixed truths.
    """

    model: str
    design: CohortDesign
    limit: float | None
    seeds: tuple[int, ...]
    truth: float | None = None
    residuals: Residuals = "normal"
    onset: Onset = "page"


def model_text(model: ModelSpec) -> str:
    """Return a model as text: its page, and the prior numbers it has."""
    return json.dumps(model_entry(model), sort_keys=True)


@functools.cache
def _model(text: str) -> ModelSpec:
    entry = json.loads(text)
    spec = read_spec(entry["toml"], name=entry["name"])
    return spec.with_numbers({name: tuple(numbers) for name, numbers in entry["numbers"].items()})


def work(batch: Batch) -> dict[str, Array]:
    """Do one task: rank truths drawn from the prior, or cover a fixed one."""
    return _rank(batch) if batch.truth is None else _cover(batch)


def _rank(batch: Batch) -> dict[str, Array]:
    """Simulate cohorts of truths drawn from the prior, and rank each truth among draws of its posterior.

    Returns
    -------
    dict
        ``rank:NAME`` of every quantity, ``diverging`` draws, and the ``mean`` record, by which a cohort is
        known again (cohort).
    """
    model = _model(batch.model)
    rows = []
    for seed in batch.seeds:
        rng = np.random.default_rng(seed)
        truth = drawn_truths(model, batch.design, 1, rng)
        records = written_down(model, batch.design, truth, batch.limit, "normal", rng)
        posterior, diverging = _fitted(model, records, seed)
        with_records = (records.kind != MISSED).any(axis=1)
        ranked = ranks(with_truth(posterior, truth, with_records), thinned(posterior, RANK_DRAWS), rng)
        row = {f"rank:{name}": float(rank) for name, rank in ranked.items()}
        rows.append(row | {"diverging": float(diverging), "mean": float(np.nanmean(records.value))})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _cover(batch: Batch) -> dict[str, Array]:
    """Simulate cohorts of a fixed truth, and keep what the fit and classical methods say of it.

    Returns
    -------
    dict
        ``p:METHOD``: probability that there is benefit (``model``) or one-sided p-value (cohort);
        ``ends:METHOD`` of the intervals (cohort, probability, end); ``diverging`` and ``mean`` as in
        :func:`_rank`.
    """
    model = _model(batch.model)
    assert batch.truth is not None
    rows = []
    for seed in batch.seeds:
        # Not the random numbers that a truth drawn from the prior has under the same seed.
        rng = np.random.default_rng([seed, 1])
        truth = fixed_truths(model, batch.design, batch.truth, batch.onset, rng)
        records = written_down(model, batch.design, truth, batch.limit, batch.residuals, rng)
        posterior, diverging = _fitted(model, records, seed)
        row = {f"{part}:model": value for part, value in _own_answer(model, posterior).items()}
        for name, answer in answers(model, records, CI_PROBS).items():
            row |= {f"p:{name}": np.array(answer.p), f"ends:{name}": answer.ends}
        more = {"diverging": np.array(float(diverging)), "mean": np.array(np.nanmean(records.value))}
        rows.append(row | more)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _own_answer(model: ModelSpec, posterior: Posterior) -> dict[str, Array]:
    """Return the probability of benefit and the intervals of the population's change or rate."""
    _, draws, _ = main_quantity(posterior)
    better = (model.benefit_sign or 1) * (draws - no_effect(model)) > 0.0
    tails = (1.0 - np.array(CI_PROBS)) / 2.0
    ends = np.quantile(draws, np.column_stack([tails, 1.0 - tails]))
    return {"p": np.array(better.mean()), "ends": ends}


def _fitted(model: ModelSpec, records: Grid, seed: int) -> tuple[Posterior, int]:
    """Return a small fit of the compiled model, and how many of its draws diverged."""
    from ra_bayes.inference.refit import refit

    tree = refit(
        model, records, seed=seed % 2**32, draws=DRAWS, chains=CHAINS, tune=TUNE, cores=CHAINS, gated=False
    )
    return read_posterior(tree, both_arms=True), int(tree["sample_stats"]["diverging"].sum())
