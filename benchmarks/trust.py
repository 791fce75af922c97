"""What asking how far a fit can be trusted costs, once it is compiled: python benchmarks/trust.py.

Six fits that leave a patient out and six under other priors or likelihoods; then many small re-fits of one
model to simulated records, as calibration asks for. Times are taken in the process; nothing is asserted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from conditions import conditions

import ra_bayes as rb
from ra_bayes.diagnostics import diagnose
from ra_bayes.inference.refit import records_of, refit, with_values, without
from ra_bayes.jobs.seeding import seeds
from ra_bayes.trust.leave_one_out import leave_one_out
from ra_bayes.trust.power import Scaled, likelihood_to_power, prior_to_power
from ra_bayes.trust.sensitivity import sensitivity
from ra_bayes.trust.variants import rescaled


def main() -> None:
    """Time, then print the results a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="sdai", help="a shipped model of points (default: sdai)")
    parser.add_argument("--refits", type=int, default=500, help="small re-fits (default: 500)")
    parser.add_argument("--draws", type=int, default=500, help="draws of a small re-fit (default: 500)")
    parser.add_argument("--tune", type=int, default=500, help="its tuning draws (default: 500)")
    arguments = parser.parse_args()

    cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    spec = rb.load_model(arguments.model)
    took, tree = timed(lambda: rb.fit(spec, cohort, seed=1))
    say("first fit of the process, compilation included", took)
    records = records_of(tree)

    powers = [prior_to_power(spec, power) for power in (0.5, 2.0)]
    powers += [likelihood_to_power(spec, records, power) for power in (0.5, 2.0)]
    variants = [Scaled(rescaled(spec, factor), 1, {}) for factor in (0.5, 2.0)]
    variants += [each for each in powers if each is not None]
    asked = [(spec, without(records, [patient]), 1) for patient in records.patients]
    asked += [(each.model, records, each.repeat) for each in variants]
    own = seeds(1, len(asked))
    took, trees = timed(
        lambda: [
            refit(model, given, seed=seed, repeat=repeat)
            for (model, given, repeat), seed in zip(asked, own, strict=True)
        ]
    )
    passed = sum(diagnose(each).passed for each in trees)
    say(
        f"{len(records.patients)} left out, {len(variants)} variants: 4 x 1000 draws, {passed} passed",
        took,
    )
    took, _ = timed(lambda: leave_one_out(tree, seed=2))
    say("rb.leave_one_out: densities, predictions and decisions with it", took)
    took, _ = timed(lambda: sensitivity(tree, seed=2))
    say("rb.sensitivity: re-fits where weights will not do, psense, table", took)

    replicated = (
        tree["posterior_predictive"]["record"].stack(sample=("chain", "draw")).transpose("sample", ...)
    )
    made = np.where(np.isnan(records.value), np.nan, replicated.values)
    grids = [with_values(spec, records, made[k % len(made)]) for k in range(arguments.refits)]
    each, diverging = [], 0
    for given, seed in zip(grids, seeds(3, len(grids)), strict=True):
        took, small = timed(
            lambda given=given, seed=seed: refit(
                spec, given, seed=seed, chains=2, draws=arguments.draws, tune=arguments.tune, gated=False
            )
        )
        each.append(took)
        diverging += int(small["sample_stats"]["diverging"].sum()) > 0
    say(
        f"{len(each)} re-fits to simulated records, 2 x {arguments.draws} draws after {arguments.tune}",
        Took(sum(took.clock for took in each), sum(took.work for took in each)),
    )
    print(
        f"  one of them: median {statistics.median(took.clock for took in each):.3f} s, of work "
        f"{statistics.median(took.work for took in each):.3f} s; "
        f"{diverging} kept a divergence"
    )
    print(f"\n{spec.name}, {len(records.patients)} patients x {records.weeks.size} visits\n{conditions()}")


class Took(NamedTuple):
    """Seconds by the clock, and of both cores' work, which a busy machine changes less."""

    clock: float
    work: float


def timed[T](run: Callable[[], T]) -> tuple[Took, T]:
    """Return what a run took, and what it returned."""
    began = time.perf_counter(), time.process_time()
    found = run()
    return Took(time.perf_counter() - began[0], time.process_time() - began[1]), found


def say(what: str, took: Took) -> None:
    """Print one line of the table at once: the run is long."""
    print(f"{what:<76}{took.clock:9.2f} s {took.work:9.2f} s of work", flush=True)


if __name__ == "__main__":
    main()
