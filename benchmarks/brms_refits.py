"""Many small re-fits beside brms: python benchmarks/brms_refits.py. Needs Rscript and the R package brms.

The SDAI page, its priors and its walk over the visits (in brms a multi-membership term, whose weights are the
steps'), fitted to the same simulated records, same chains, draws and tuning. brms compiles once, as here, and
then runs ``update(recompile = FALSE)``. Ours run before and after, so that a busy moment falls on both.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from conditions import conditions

import ra_bayes as rb
from ra_bayes.inference.refit import records_of, refit, with_values
from ra_bayes.jobs.seeding import seeds
from ra_bayes.model.records import Grid


def main() -> None:
    """Time, then print the results a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refits", type=int, default=20, help="simulated cohorts (default: 20)")
    parser.add_argument("--draws", type=int, default=500, help="draws a chain (default: 500)")
    parser.add_argument("--tune", type=int, default=500, help="tuning draws a chain (default: 500)")
    parser.add_argument("--chains", type=int, default=2, help="chains, one a core (default: 2)")
    arguments = parser.parse_args()
    if shutil.which("Rscript") is None:
        parser.exit(2, "no Rscript here; install R and its package brms\n")

    spec = rb.load_model("sdai")
    tree = rb.fit(spec, rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"), seed=1)
    records = records_of(tree)
    replicated = tree["posterior_predictive"]["record"].stack(sample=("chain", "draw"))
    made = np.where(np.isnan(records.value), np.nan, replicated.transpose("sample", ...).values)
    grids = [with_values(spec, records, made[97 * k % len(made)]) for k in range(arguments.refits)]

    def ours() -> tuple[list[float], list[tuple[float, float]]]:
        took, found = [], []
        for given, seed in zip(grids, seeds(3, len(grids)), strict=True):
            began = time.perf_counter()
            small = refit(
                spec,
                given,
                seed=seed,
                chains=arguments.chains,
                draws=arguments.draws,
                tune=arguments.tune,
                gated=False,
            )
            took.append(time.perf_counter() - began)
            last = small["posterior"]["mean_change"].isel(visit=-1)
            found.append((float(last.mean()), float(last.std())))
        return took, found

    before, found = ours()
    theirs, peer, compiled = brms(grids, spec, arguments)
    after, _ = ours()
    mine = before + after
    print(f"brms: compiling and first fit {compiled:.0f} s")
    print(
        f"brms update(recompile = FALSE): median {statistics.median(theirs):.2f} s, "
        f"{min(theirs):.2f} to {max(theirs):.2f}"
    )
    print(
        f"ra_bayes refit:                 median {statistics.median(mine):.2f} s, "
        f"{min(mine):.2f} to {max(mine):.2f}"
    )
    print(
        f"ratio of medians: {statistics.median(theirs) / statistics.median(mine):.1f}, of sums "
        f"{sum(theirs) / (sum(mine) / 2):.1f}"
    )
    off = [abs(a - b) / s for (a, _), (b, s) in zip(found, peer, strict=True)]
    spread = [a / b for (_, a), (_, b) in zip(found, peer, strict=True)]
    print(
        f"last mean change, ours less theirs in SDs: mean {np.mean(off):.2f}, largest {max(off):.2f}; "
        f"ratio of SDs {min(spread):.2f} to {max(spread):.2f}"
    )
    print(
        f"\n{spec.name}, {len(grids)} cohorts, {arguments.chains} x {arguments.draws} draws after "
        f"{arguments.tune}\n{conditions()}"
    )


def brms(
    grids: list[Grid], spec: rb.ModelSpec, arguments: argparse.Namespace
) -> tuple[list[float], list[tuple[float, float]], float]:
    """Return seconds of each re-fit by brms, mean and SD of the last change, and the seconds of compiling."""
    rows = []
    for number, given in enumerate(grids):
        constants = spec.trajectory.constants(given.weeks, spec.reference_week, spec.anchor_week)
        for i, j in zip(*np.nonzero(~np.isnan(given.value)), strict=True):
            weights = {f"w{k + 1}": each for k, each in enumerate(constants["step_weight"][j])}
            row = {"set": number, "patient": given.patients[i], "value": given.value[i, j]}
            rows.append({**row, "r": constants["response_shape"][j], **weights})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "records.csv")
        pd.DataFrame(rows).to_csv(file, index=False)
        script = Path(__file__).with_suffix(".R")
        asked = [str(each) for each in (arguments.chains, arguments.draws, arguments.tune)]
        run = subprocess.run(
            ["Rscript", str(script), str(file), *asked], check=True, capture_output=True, text=True
        )
    lines = [line.split() for line in run.stdout.splitlines()]
    refits = [tuple(map(float, line[1:])) for line in lines if line[:1] == ["refit"]]
    compiled = next(float(line[1]) for line in lines if line[:1] == ["compiled"])
    return [each[0] for each in refits], [(each[1], each[2]) for each in refits], compiled


if __name__ == "__main__":
    main()
