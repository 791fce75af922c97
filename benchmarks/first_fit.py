"""The first fit of one outcome, whole process, beside rstanarm: python benchmarks/first_fit.py.

What a user waits for who starts anew: imports, compiling, sampling, estimands. Ours compiles the structure
in every process; rstanarm's were compiled when it was installed. The same records of SDAI, 4 chains of 1000
draws after 1000. rstanarm has no random walk over visits: its visits are effects of their own, so the models
are alike in size and not the same. Once before the clock starts, so that disk caches are warm for both.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from conditions import conditions

import ra_bayes as rb
from ra_bayes.model.records import grid

OURS = """
import ra_bayes as rb
tree = rb.fit(rb.load_model("sdai"), rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"), seed=1)
print(rb.estimands(tree).iloc[0].to_string())
"""


def main() -> None:
    """Time both in turn, then print a line each: seconds, and their share of ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = {"ra_bayes": [sys.executable, "-c", OURS]}
        if shutil.which("Rscript"):
            script = Path(__file__).with_suffix(".R")
            for cores in (1, 2):  # chains one after the other, or in processes that are started for them
                name = f"rstanarm, {cores} core{'s' * (cores > 1)}"
                commands[name] = ["Rscript", str(script), str(records(Path(folder))), str(cores)]
        took: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            subprocess.run(command, check=True, capture_output=True)
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                began = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                took[name].append(time.perf_counter() - began)
    ours = statistics.median(took["ra_bayes"])
    for name, each in took.items():
        median = statistics.median(each)
        print(f"{name:17} median {median:.1f} s, {min(each):.1f} to {max(each):.1f}; {median / ours:.2f}")
    print(f"\nSDAI of six patients, 4 x 1000 draws after 1000, {arguments.rounds} rounds\n{conditions()}")


def records(folder: Path) -> Path:
    """Write the records of SDAI for R."""
    spec = rb.load_model("sdai")
    held = grid(spec, rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"))
    shape = spec.trajectory.constants(held.weeks, spec.reference_week, spec.anchor_week)["response_shape"]
    rows = [
        {"patient": patient, "visit": week, "r": shape[j], "value": held.value[i, j]}
        for i, patient in enumerate(held.patients)
        for j, week in enumerate(held.weeks)
    ]
    file = folder / "records.csv"
    pd.DataFrame(rows).dropna().to_csv(file, index=False)
    return file


if __name__ == "__main__":
    main()
