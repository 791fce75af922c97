"""The first fit of one outcome, whole process, beside its peers: python benchmarks/first_fit.py.

What a user waits for who starts anew: imports, sampling, estimands. Ours finds the machine code of the
structure that an earlier process compiled, as rstanarm finds the models that were compiled when it was
installed; once ours has nothing of before (an empty cache of PyTensor's and numba's), as on the day of
installation. bambi compiles in every process. The same records of SDAI, 4 chains of 1000 draws after 1000.
The others have no random walk over visits: their visits are effects of their own, so the models are alike in
size and not the same; lme4 has no posterior and is there for scale. Each runs once before the clock starts,
so that disk caches are warm for all.
"""

from __future__ import annotations

import argparse
import os
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

OURS_KEPT, NOTHING_KEPT = "ra_bayes", "ra_bayes, nothing compiled"
OURS = """
import ra_bayes as rb
tree = rb.fit(rb.load_model("sdai"), rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"), seed=1)
print(rb.estimands(tree).iloc[0].to_string())
"""


def main() -> None:
    """Time all in turn, then print a line each: seconds, and their share of ours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument(
        "--bambi",
        default=os.environ.get("RA_BAYES_BAMBI"),
        help="the Python of an environment that has bambi and nutpie (default: RA_BAYES_BAMBI)",
    )
    arguments = parser.parse_args()
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peers = commands(records(folder), arguments.bambi)
        for command in peers.values():
            timed(command)
        for _ in range(arguments.rounds):
            for peer, command in peers.items():
                took.setdefault(peer, []).append(timed(command))
        took[NOTHING_KEPT] = [timed(peers[OURS_KEPT], nothing_kept(folder))]
    ours = statistics.median(took[OURS_KEPT])
    for peer, each in took.items():
        median = statistics.median(each)
        print(f"{peer:26} median {median:5.1f} s, {min(each):5.1f} to {max(each):5.1f}; {median / ours:.2f}")
    print(f"\nSDAI of six patients, 4 x 1000 draws after 1000, {arguments.rounds} rounds\n{conditions()}")


def commands(file: Path, bambi: str | None) -> dict[str, list[str]]:
    """Return what is run, by name."""
    found = {OURS_KEPT: [sys.executable, "-c", OURS]}
    if shutil.which("Rscript"):
        script = Path(__file__).with_suffix(".R")
        for cores in (1, 2):  # chains one after the other, or in processes that are started for them
            name = f"rstanarm, {cores} core{'s' * (cores > 1)}"
            found[name] = ["Rscript", str(script), str(file), str(cores)]
        found["lme4, REML, no posterior"] = ["Rscript", str(script.with_stem("first_fit_lme4")), str(file)]
    if bambi:
        found["bambi"] = [bambi, str(Path(__file__).with_name("first_fit_bambi.py")), str(file)]
    return found


def timed(command: list[str], changed: dict[str, str] | None = None) -> float:
    """Run a command with an environment that is changed so; return how long it took."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | (changed or {}))
    return time.perf_counter() - began


def nothing_kept(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing that was compiled before is found."""
    return {
        "PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
    }


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
