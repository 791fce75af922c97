"""Whether memory stays flat: python benchmarks/memory.py --refits 1000.

Resident memory of the process after re-fits of one compiled model with other records, after reads of a cohort
and after figures. What the first ones leave (compiled code, imports, fonts) is no leak; the slope over the
second half of the runs is.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from conditions import conditions

import ra_bayes as rb

_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure, then print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--refits", type=int, default=1000)
    parser.add_argument("--reads", type=int, default=200)
    parser.add_argument("--figures", type=int, default=50)
    arguments = parser.parse_args()
    file = rb.data_dir() / "synthetic_cohort.csv"
    cohort, spec = rb.read_cohort(file), rb.load_model("sdai")

    from ra_bayes.inference.refit import records_of, refit, with_values

    tree = rb.fit(spec, cohort, seed=1)
    records = records_of(tree)

    def refit_one(run: int) -> None:
        noise = np.random.default_rng(run).normal(0.0, 2.0, records.shape)
        values = np.clip(records.value + noise, 0.1, 85.9).round(1)
        refit(spec, with_values(spec, records, values), seed=run, draws=250, tune=250, gated=False)

    def draw_one(_: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            rb.figures.save(rb.figures.forest(tree), Path(folder, "forest"))

    rows = [
        measured("re-fits with other records", refit_one, arguments.refits),
        measured("reads of a cohort", lambda _: rb.read_cohort(file), arguments.reads),
        measured("figures drawn and saved", draw_one, arguments.figures),
    ]
    print(f"{'':<30}{'runs':>6}{'MB first':>10}{'MB tenth':>10}{'MB end':>8}{'kB a run':>10}")
    for name, after in rows:
        half = after[len(after) // 2 :]
        slope = np.polyfit(np.arange(len(half)), half, 1)[0]
        print(f"{name:<30}{len(after):6d}{after[0]:10.1f}{after[len(after) // 10]:10.1f}", end="")
        print(f"{after[-1]:8.1f}{1e3 * slope:10.1f}")
    print("\nresident memory after the first run, a tenth of them and all; slope over the second half")
    print(conditions())


def measured(name: str, work: Callable[[int], object], runs: int) -> tuple[str, list[float]]:
    """Return resident memory in MB after each run."""
    after = []
    for run in range(runs):
        work(run)
        gc.collect()
        after.append(resident())
        if (run + 1) % 100 == 0:
            print(f"{name}: {run + 1}, {after[-1]:.1f} MB", flush=True)
    return name, after


def resident() -> float:
    """Return the resident memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


if __name__ == "__main__":
    main()
