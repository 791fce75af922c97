"""What longer runs found, as benchmarks/all.py stored it."""

from __future__ import annotations

from runs import stored as stored_run

# What each is a check of.
RUNS = {
    "brms_ar1": "AR(1) residuals beside brms",
    "brms_ordinal": "An ordinal trial of two arms beside brms",
    "longitudinal_engine": "The longitudinal engine beside NUTS",
    "pool_counts": "Pooled fits of reconstructed cohorts beside the posterior given the counts",
    "calibrate_counts": "Ranks of truths given published counts",
    "calibrate_joint": "Ranks of truths in joint fits",
    "calibrate_joint_unstructured": "Ranks of truths in joint fits with every correlation free",
}


def stored() -> str:
    """Return the section: each run as it was printed, or that there is none."""
    parts = [
        "## Longer runs",
        "These take minutes to hours, or R. What follows is what `benchmarks/all.py NAME` stored of them.",
    ]
    found = {name: stored_run(name) for name in RUNS}
    for name, run in found.items():
        if run is not None:
            told = f"`{run.command}`, {run.date}:"
            parts += [f"### {RUNS[name]}", told, f"```text\n{run.output}\n```"]
    absent = [f"`{name}`" for name, run in found.items() if run is None]
    return "\n\n".join([*parts, *([f"Not stored so far: {', '.join(absent)}."] if absent else [])])
