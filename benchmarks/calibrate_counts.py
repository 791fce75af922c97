"""Is the posterior given published counts calibrated? python benchmarks/calibrate_counts.py.

Truths are drawn from a joint model's prior, a trial is simulated from each patient by patient and counted
as the paper counts (simulated_trials.py), and the joint model is conditioned on these counts as rb.condition
does by default. The rank of a truth among draws of its posterior is then uniform (Talts 2018,
arXiv:1804.06788). A paper that says "in the same individuals" is of a trial where it was so: such trials are
kept alone. That leaves ranks uniform, since the likelihood asks for it too.

Ranks are held against simultaneous bands of their distribution function (Sailynoja et al. 2022, Stat Comput
32:32). Written to tests/calibration/, where a test runs some of the trials again.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import functools
import importlib.metadata
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from conditions import conditions
from scipy import special
from simulated_trials import agreeing, counted, records

import ra_bayes as rb
from ra_bayes.calibration.uniformity import p_value
from ra_bayes.conditioning.facts_tree import event_rates
from ra_bayes.conditioning.importance import importance_sample
from ra_bayes.conditioning.posterior import given_counts
from ra_bayes.counts import CountsModel
from ra_bayes.counts.layout import Draws
from ra_bayes.model.namespace import NUMPY

PAPER = rb.data_dir() / "published" / "jamshidi2024.toml"
FILE = Path(__file__).resolve().parent.parent / "tests" / "calibration" / "jamshidi2024.csv"
COMMAND = "python benchmarks/calibrate_counts.py"
SEED, TRIALS, DRAWS, ESS = 20, 1020, 99, 1000.0
# Priors and relations of effects; readings take turns within each.
CASES = (("wide", 0.0), ("placebo_informed", 0.5))
READINGS = ("any_change", "mcid", "fraction_20")


class Trial(NamedTuple):
    """One simulated trial: what it was of, its counts, and the truths' ranks."""

    number: int
    model: str
    related: float
    reading: str
    counts: dict[str, int]
    ranks: dict[str, int]


def main() -> None:
    """Simulate, condition, write the ranks and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"trials (default: {TRIALS})")
    parser.add_argument("--processes", type=int, default=2, help="processes (default: 2)")
    parser.add_argument(
        "--out", type=Path, default=FILE, help="CSV of the ranks (default: that of the tests)"
    )
    parser.add_argument(
        "--only", choices=[model for model, _ in CASES], help="prior to run again; the file's others are kept"
    )
    arguments = parser.parse_args()
    kept = [] if arguments.only is None else [t for t in read(FILE)[1] if t.model != arguments.only]
    numbers = sorted({*range(arguments.trials)} - {trial.number for trial in kept})
    began = time.perf_counter()
    with ProcessPoolExecutor(arguments.processes) as pool:
        made = list(pool.map(run, numbers, chunksize=4))
    spent = time.perf_counter() - began
    trials = sorted([*kept, *made], key=lambda trial: trial.number)
    write(arguments.out, trials)
    print(table(trials))
    print(f"\n{len(made)} trials in {spent:.0f} s, {arguments.processes} processes; {DRAWS} draws of each")
    print(f"posterior, of an effective size of {ESS:g} or more; 99% of uniform ranks stay inside the band")
    print(conditions())


@functools.cache
def problem_of(model: str, related: float, reading: str) -> CountsModel:
    """Return a joint model and the paper, under a reading."""
    return given_counts(PAPER, replace(rb.load_joint_model(model), related=related), reading)


def run(number: int) -> Trial:
    """Simulate one trial, condition on its counts and rank the truths."""
    model, related = CASES[number % len(CASES)]
    reading = READINGS[number // len(CASES) % len(READINGS)]
    problem = problem_of(model, related, reading)
    rng = np.random.default_rng([SEED, number])
    counts, truth = simulate(problem, rng)
    conditioned = problem.with_counts(counts.values())
    found = importance_sample(conditioned.log_likelihood, problem.dimension, ess=ESS, chains=1, rng=rng)
    weights = special.softmax(found.log_weights.ravel())
    kept = rng.choice(weights.size, DRAWS, p=weights)
    draws = problem.layout.expand(*problem.split(found.points[0][kept]), NUMPY)
    ranks = {name: int((each < truth[name]).sum()) for name, each in quantities(problem, draws).items()}
    return Trial(number, model, related, reading, counts, ranks)


def simulate(problem: CountsModel, rng: np.random.Generator) -> tuple[dict[str, int], dict[str, float]]:
    """Return the counts of one trial from the prior, and the truths."""
    layout, size = problem.layout, 400
    (arm,) = layout.arms
    shared = {each.second: (each.first, each.correlation) for each in layout.joint.shared}
    while True:
        draws = layout.expand(*problem.split(rng.normal(size=(size, problem.dimension))), NUMPY)
        parameters = {outcome: named(draws.values[arm.id, outcome]) for outcome in layout.pages}
        made = records(
            layout.pages, parameters, layout.weeks, draws.factor[arm.id], draws.loading, shared, rng
        )
        who = counted(problem.publication, problem.reading, {arm.id: made}, layout.weeks, layout.pages)
        agree = np.flatnonzero(agreeing(problem.publication, who))
        if agree.size:
            at = int(agree[0])
            truth = {name: float(each[at]) for name, each in quantities(problem, draws).items()}
            return {event.fact.id: int(who[event.fact.id][at].sum()) for event in problem.events}, truth


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that trials are simulated from."""
    return {name: each for name, each in values.items() if name not in ("response_shape", "walk_step")}


def quantities(problem: CountsModel, draws: Draws) -> dict[str, np.ndarray]:
    """Return what is ranked, by name (draw)."""
    layout = problem.layout
    (arm,) = layout.arms
    out = {}
    for outcome, page in layout.pages.items():
        values = draws.values[arm.id, outcome]
        change = values["mean_change"][:, list(layout.weeks).index(page.reference_week)]
        if page.binary:
            spread = np.sqrt(1.0 + values["baseline_sd"] ** 2)
            out[f"{outcome} rate"] = special.ndtr((values["baseline_mean"] + change) / spread)
        else:
            out[f"{outcome} mean change"] = change
    for name in ("response_sd", "residual_sd", "correlation"):
        out[f"vas {name}"] = draws.values[arm.id, "vas"][name]
    out["loading"] = draws.loading
    out["factor of the best"] = draws.factor[arm.id][:, -1]
    # The rate of a response is there already.
    events = [event for event in problem.events if not layout.pages[event.fact.outcomes[0]].binary]
    rates = event_rates(layout, events, draws)
    return out | {f"rate of {id.replace(' & ', ' and ')}": rate for id, rate in rates.items()}


def header() -> dict[str, str]:
    """Return what the ranks rest on; a file with another header is stale.

    Of the outcome pages those that the paper's outcomes need: another outcome's page changes no rank.
    """
    hashes = {f"{model}, related {related:g}": rests_on(model, related) for model, related in CASES}
    paper = problem_of(*CASES[0], READINGS[0]).publication
    return {"seed": str(SEED), "draws": str(DRAWS), "ess": f"{ESS:g}", paper.name: paper.hash, **hashes}


def rests_on(model: str, related: float) -> str:
    """Return the hash of a joint page and of the outcome pages that are used."""
    layout = problem_of(model, related, READINGS[0]).layout
    used = {name: page for name, page in layout.joint.pages.items() if name in layout.pages}
    return dataclasses.replace(layout.joint, pages=used).hash


def write(path: Path, trials: Iterable[Trial]) -> None:
    """Write the ranks, with what they rest on and the versions in comments above."""
    versions = {name: importlib.metadata.version(name) for name in ("ra_bayes", "numpy", "scipy")}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# Ranks of truths among {DRAWS} posterior draws, 0 to {DRAWS}; written by {COMMAND}\n")
        for name, value in header().items():
            file.write(f"# {name}: {value}\n")
        file.write("# " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "\n")
        rows = csv.writer(file, lineterminator="\n")
        for place, trial in enumerate(trials):
            counts = {f"count {id}": count for id, count in trial.counts.items()}
            if not place:
                rows.writerow(["trial", "model", "related", "reading", *counts, *trial.ranks])
            told = (trial.number, trial.model, f"{trial.related:g}", trial.reading)
            rows.writerow([*told, *counts.values(), *trial.ranks.values()])


def read(path: Path) -> tuple[dict[str, str], list[Trial]]:
    """Return what a file of ranks rests on, and its trials."""
    lines = path.read_text(encoding="utf-8").splitlines()
    above = [line.removeprefix("# ") for line in lines if line.startswith("#")]
    told = dict(line.split(": ", 1) for line in above[1:-1])
    trials = []
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        own = [row.pop(name) for name in ("trial", "model", "related", "reading")]
        counts = {id.removeprefix("count "): int(row.pop(id)) for id in list(row) if id.startswith("count ")}
        ranks = {name: int(rank) for name, rank in row.items()}
        trials.append(Trial(int(own[0]), own[1], float(own[2]), own[3], counts, ranks))
    return told, trials


def uniformity(ranks: np.ndarray) -> float:
    """Return how often uniform ranks would leave a simultaneous band at least as far (a p-value)."""
    return p_value(ranks, DRAWS)


def by_case(trials: Iterable[Trial]) -> dict[tuple[str, float], dict[str, np.ndarray]]:
    """Return the ranks of every quantity, by prior and relation of effects."""
    found: dict[tuple[str, float], dict[str, list[int]]] = {}
    for trial in trials:
        for name, rank in trial.ranks.items():
            found.setdefault((trial.model, trial.related), {}).setdefault(name, []).append(rank)
    return {case: {name: np.array(each) for name, each in ranks.items()} for case, ranks in found.items()}


def table(trials: Iterable[Trial]) -> str:
    """Return the verdicts as text."""
    lines = []
    for (model, related), quantities in by_case(trials).items():
        size = next(iter(quantities.values())).size
        lines.append(
            f"{f'{model}, related {related:g}, {size} trials':<52}{'50%':>6}{'90%':>6}{'p':>9}  99% band"
        )
        for name, ranks in quantities.items():
            covered = [np.mean((ranks >= low) & (ranks < DRAWS + 1 - low)) for low in (25, 5)]
            p = uniformity(ranks)
            verdict = "inside" if p > 0.01 else "OUTSIDE"
            lines.append(f"{name:<52}{covered[0]:6.2f}{covered[1]:6.2f}{p:9.3f}  {verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
