"""Help and checking a file never pay for the numerical stack.

Judged by what was imported, in a fresh process, not by a clock.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"arviz", "matplotlib", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray"}
LIGHT = [
    "ra_bayes",
    "ra_bayes.errors",
    "ra_bayes.resources",
    "ra_bayes.outcomes",
    "ra_bayes.cohort",
    "ra_bayes.cli",
]


@pytest.mark.parametrize("module", LIGHT)
def test_import_stays_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
