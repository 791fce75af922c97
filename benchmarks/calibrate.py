"""Make the shipped calibration certificates: python benchmarks/calibrate.py sdai vas ...

Each is of cohorts with the pattern of the shipped synthetic cohort, and goes to models/certificates/, where
tests run some of the cohorts again. Those of example pages are of fewer cohorts, of truths
from the prior alone. Finished tasks are kept in --tasks: the same again goes on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

from conditions import conditions

import ra_bayes as rb
from ra_bayes.calibration import calibrate, save_certificate
from ra_bayes.calibration.calibrate import shipped_cohort
from ra_bayes.calibration.cohort_design import CohortDesign, design_of

SIMULATIONS, PER_TRUTH = 1000, 100
# Of an example page, which shows that a part of the model is computed rightly, not how a page does.
FEWER = 200


def seed_of(name: str) -> int:
    """A seed of the model's own: with one seed for all, the cohorts of two models would be related."""
    return zlib.crc32(name.encode()) % 10_000


def pattern(model: rb.ModelSpec) -> CohortDesign:
    """The synthetic cohort's pattern; that of SDAI for an outcome it lacks, twice for two arms."""
    cohort = shipped_cohort()
    there = model.outcome.id in cohort.outcomes and model.arm is None and not model.covariates
    found = design_of(model if there else rb.load_model("sdai"), cohort)
    return found if model.arm is None else replace(found, seen=found.seen * 2)


def main() -> None:
    """Simulate, fit, write the certificates and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="shipped models, example pages")
    parser.add_argument(
        "--tasks",
        type=Path,
        default=Path(tempfile.gettempdir()) / "ra_bayes_calibration",
        help="folder of finished tasks (default: one in the temporary folder)",
    )
    parser.add_argument(
        "--per-truth", type=int, default=PER_TRUTH, help=f"cohorts of a fixed truth (default: {PER_TRUTH})"
    )
    arguments = parser.parse_args()
    for name in arguments.models:
        began, model = time.perf_counter(), rb.load_model(name)
        example = name in rb.list_examples()
        certificate = calibrate(
            model,
            pattern(model),
            seed=seed_of(name),
            n_sim=FEWER if example else SIMULATIONS,
            per_truth=0 if example else arguments.per_truth,
            folder=arguments.tasks,
        )
        path = save_certificate(certificate, rb.models_dir() / "certificates")
        print(certificate)
        print(f"\n{path.name} in {time.perf_counter() - began:.0f} s\n", flush=True)
    print(conditions())


if __name__ == "__main__":
    main()
