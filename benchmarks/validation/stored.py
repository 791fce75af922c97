"""What longer runs found, read from benchmarks/results/ where benchmarks/all.py stored it."""

from __future__ import annotations

import json

from validation.place import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
# What each is a check of.
RUNS = {
    "brms_ar1": "AR(1) residuals beside brms",
    "brms_ordinal": "An ordinal trial of two arms beside brms",
    "longitudinal_engine": "The longitudinal engine beside NUTS",
    "pool_counts": "Pooled fits of reconstructed cohorts beside the posterior given the counts",
    "calibrate_counts": "Ranks of truths given published counts",
    "calibrate_joint": "Ranks of truths in joint fits",
}


def stored() -> str:
    """Return the section: each run as it was printed, or that there is none."""
    parts = [
        "## Longer runs",
        "These take minutes to hours, or R. What follows is what `benchmarks/all.py NAME` stored of them.",
    ]
    absent = []
    for name, what in RUNS.items():
        file = RESULTS / f"{name}.json"
        if not file.is_file():
            absent.append(f"`{name}`")
            continue
        run = json.loads(file.read_text(encoding="utf-8"))
        parts += [
            f"### {what}",
            f"`{run['command']}`, {run['date']}.",
            f"```text\n{run['output'].rstrip()}\n```",
        ]
    if absent:
        parts.append(f"Not stored so far: {', '.join(absent)}.")
    return "\n\n".join(parts)
