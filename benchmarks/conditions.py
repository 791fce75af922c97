"""Under what conditions a benchmark ran, for the lines under its table."""

from __future__ import annotations

import importlib.metadata
import os
import platform

PACKAGES = ("ra_bayes", "pymc", "nutpie", "pytensor", "numba", "numpy")


def conditions() -> str:
    """Return machine, load and versions as text."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, load {load:.1f} over the last minute; "
        f"Python {platform.python_version()}\n{versions}"
    )
