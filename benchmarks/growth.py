"""How costs grow with patients, visits, outcomes, simulated trials and workers: python benchmarks/growth.py.

Each line is one run, in seconds of the wall and of the processor, with disk caches as earlier runs left them;
compiling is told apart from fitting, since it is paid once a structure. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable

import numpy as np
from conditions import conditions
from joint import OUTCOMES, simulated, spent

import ra_bayes as rb
from ra_bayes.inference.compile import compiled
from ra_bayes.inference.fit import _ATTEMPTS
from ra_bayes.model.records import grid
from ra_bayes.planning.engines.settings import Settings

MODEL = "sdai"
PATIENTS, VISITS, TRIALS = (6, 24, 96), (4, 14), (1000, 4000, 16_000)


def main() -> None:
    """Time, then print one line for each size."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"{'':<52}{'wall s':>8}{'processor s':>13}")
    joint = rb.load_joint_model("records")
    for patients in PATIENTS:
        fitted(f"{patients} patients x 7 visits", joint, patients, 7)
    for visits in VISITS:
        fitted(f"6 patients x {visits} visits", joint, 6, visits)
    cohort = simulated(joint, 6, np.linspace(0.0, 24.0, 7))
    for count in (2, 3, 5):
        fit = functools.partial(rb.fit_joint, joint, cohort, OUTCOMES[:count], seed=1)
        line(f"{count} outcomes together, compiled and fitted", fit)
        line(f"{count} outcomes together, fitted again", fit)
    design = rb.load_design("sdai_randomised")
    for trials in TRIALS:
        line(
            f"{design.name}, {trials:,} simulated trials",
            lambda trials=trials: rb.operating_characteristics(design, seed=1, settings=Settings(trials)),
        )
    page = rb.data_dir() / "published" / "jamshidi2024.toml"
    for workers in (1, 2):
        line(
            f"18 posteriors given counts, {workers} worker{'s' * (workers > 1)}",
            lambda workers=workers: rb.compare_readings(page, seed=1, workers=workers),
        )
    print(f"\n{MODEL} where one outcome is fitted; 4 x 1000 draws after 1000, all cores\n{conditions()}")


def fitted(what: str, joint: rb.JointModel, patients: int, visits: int) -> None:
    """Compile, fit, fit again; print what compiling and the second fit took."""
    spec = rb.load_model(MODEL)
    cohort = simulated(joint, patients, np.linspace(0.0, 24.0, visits))
    line(f"{what}, compiling", lambda: compiled(spec, grid(spec, cohort), _ATTEMPTS[0].levels))
    rb.fit(spec, cohort, seed=1)
    line(f"{what}, fitting", lambda: rb.fit(spec, cohort, seed=2))


def line(what: str, work: Callable[[], object]) -> None:
    """Print what a call took, at once: the run is long."""
    wall, processor = spent(work)
    print(f"{what:<52}{wall:8.2f}{processor:13.2f}", flush=True)


if __name__ == "__main__":
    main()
