"""Run the benchmarks and write docs/benchmarks.md: python benchmarks/all.py [NAME ...], or make benchmarks.

Without names, those that take minutes; with names, these alone. Each run is stored in benchmarks/results/,
from which the page is written: --page writes it and runs nothing. Take timings on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from runs import REPOSITORY, Run, run, store, stored

PAGE = REPOSITORY / "docs" / "benchmarks.md"
SHARED = Path(os.environ.get("RA_BAYES_SHARED", REPOSITORY.parent / "shared")) / "data"

TRIAL = "benchmarks/joint_trial/trial.toml"


class Benchmark(NamedTuple):
    """A script, what it asks, its arguments; ``long`` ones are run only by name."""

    question: str
    script: str
    arguments: tuple[str, ...] = ()
    long: bool = False
    needs: tuple[str, ...] = ()


BENCHMARKS = {
    "startup": Benchmark("What does starting cost somebody who only checks a file?", "startup.py"),
    "first_fit": Benchmark("How long does somebody wait for the first fit?", "first_fit.py"),
    "refit": Benchmark("What does another fit cost once its structure is compiled?", "refit.py"),
    "growth": Benchmark(
        "How do costs grow with patients, visits, outcomes, trials and workers?", "growth.py"
    ),
    "trust": Benchmark("What do patients left out, other priors and many small re-fits cost?", "trust.py"),
    "published": Benchmark(
        "What does conditioning on a paper's counts cost?", "published.py", ("--cohorts", "1500")
    ),
    "historical": Benchmark("What does a robust prior from other trials cost?", "historical.py"),
    "binary_designs": Benchmark("How fast are exact binary designs?", "binary_designs.py"),
    "longitudinal_engine": Benchmark(
        "How fast is the longitudinal engine, and how near to NUTS?",
        "longitudinal_engine.py",
        ("--nuts", "3"),
    ),
    "joint": Benchmark(
        "What does a joint fit cost, and how does it grow with the cohort?", "joint.py", long=True
    ),
    "memory": Benchmark("Does memory stay flat over re-fits, reads and figures?", "memory.py", long=True),
    "pool_counts": Benchmark(
        "Do pooled fits give back the posterior given the counts?", "pool_counts.py", long=True
    ),
    "calibrate_counts": Benchmark(
        "Do truths rank uniformly given published counts?", "calibrate_counts.py", long=True
    ),
    "calibrate_joint": Benchmark(
        "Do truths rank uniformly in joint fits?", "calibrate_joint.py", ("--n", "120"), long=True
    ),
    "calibrate_joint_unstructured": Benchmark(
        "Do they with every correlation free?",
        "calibrate_joint.py",
        ("--page", "unstructured", "--n", "60"),
        long=True,
    ),
    "calibrate_joint_trial": Benchmark(
        "Do they in a trial: two arms, residuals in order, ordered and yes-or-no outcomes?",
        "calibrate_joint.py",
        tuple(f"--page {TRIAL} --outcomes sdai state acr20 --patients 8 --n 400 --seed 5".split()),
        long=True,
    ),
    "brms_refits": Benchmark(
        "What do many small re-fits cost beside brms?", "brms_refits.py", long=True, needs=("Rscript",)
    ),
    "brms_ar1": Benchmark(
        "Are AR(1) residuals what brms finds?",
        "brms_ar1.py",
        (str(SHARED / "lme4_sleepstudy.csv"), "--draws", "12000"),
        long=True,
        needs=("Rscript",),
    ),
    "brms_ordinal": Benchmark(
        "Is the effect of an ordinal trial what brms finds, at what cost?",
        "brms_ordinal.py",
        (str(SHARED / "multgee_arthritis.csv"), "--draws", "4000"),
        long=True,
        needs=("Rscript",),
    ),
}


def main() -> None:
    """Run, store, write the page."""
    parser = argparse.ArgumentParser(description="Run the benchmarks and write docs/benchmarks.md.")
    parser.add_argument(
        "names", nargs="*", help=f"which to run: {', '.join(BENCHMARKS)} (default: the short)"
    )
    parser.add_argument("--page", action="store_true", help="run nothing: write the page from stored runs")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    short = [name for name, each in BENCHMARKS.items() if not each.long]
    failed = []
    for name in [] if asked.page else asked.names or short:
        each = BENCHMARKS[name]
        lacking = [tool for tool in each.needs if shutil.which(tool) is None]
        lacking += [word for word in each.arguments if word.endswith(".csv") and not Path(word).is_file()]
        if lacking:
            print(f"{name}: passed over, there is no {', '.join(lacking)}", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            store(run(name, each.script, list(each.arguments)))
        except subprocess.CalledProcessError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed.append(name)
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    if failed:
        sys.exit(f"failed, and what was stored of them before is kept: {', '.join(failed)}")


INTRODUCTION = """\
# Benchmarks

What things cost, as measured: `make benchmarks` runs those that take minutes, stores each run in
`benchmarks/results/` and writes this page from what is stored; `python benchmarks/all.py NAME` runs one of
the long ones. No number is typed, none is asserted by a test, and each stands with its machine, load and
versions: a busy machine stretches the wall clock, and the processor's time less. What each script does, and
beside whom, is in [benchmarks/README.md](../benchmarks/README.md).
"""


def page() -> str:
    """Return the page: a table of all runs, then what each printed."""
    runs = {name: found for name in BENCHMARKS if (found := stored(name)) is not None}
    heads = ["| run | question | wall s | processor s | peak MB | taken | load before |", "|---" * 7 + "|"]
    rows = [
        f"| [{name}](#{name}) | {BENCHMARKS[name].question} | {found.wall_s:.0f} | {found.processor_s:.0f} "
        f"| {found.peak_mb:.0f} | {found.date} | {found.load_before:.1f} |"
        for name, found in runs.items()
    ]
    absent = [f"`{name}`" for name in BENCHMARKS if name not in runs]
    without = [f"Not stored so far: {', '.join(absent)}."] if absent else []
    parts = [INTRODUCTION.rstrip(), "\n".join([*heads, *rows]), *without]
    parts += [section(name, found) for name, found in runs.items()]
    return "\n\n".join(parts) + "\n"


def section(name: str, found: Run) -> str:
    """Return what a run printed, under its name."""
    return f"## {name}\n\n{BENCHMARKS[name].question} `{found.command}`:\n\n```text\n{found.output}\n```"


if __name__ == "__main__":
    main()
