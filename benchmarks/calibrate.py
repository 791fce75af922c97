"""Make the shipped calibration certificates: python benchmarks/calibrate.py sdai vas ...

Each is of cohorts with the pattern of the shipped synthetic cohort, and goes to models/certificates/, where
tests run some of the cohorts again. Finished tasks are kept in --tasks: the same again goes on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from pathlib import Path

from conditions import conditions

import ra_bayes as rb
from ra_bayes.calibration import calibrate, save_certificate

SIMULATIONS, PER_TRUTH = 1000, 100


def seed_of(name: str) -> int:
    """A seed of the model's own: with one seed for all, the cohorts of two models would be related."""
    return zlib.crc32(name.encode()) % 10_000


def main() -> None:
    """Simulate, fit, write the certificates and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="shipped models")
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
        began = time.perf_counter()
        certificate = calibrate(
            rb.load_model(name),
            seed=seed_of(name),
            n_sim=SIMULATIONS,
            per_truth=arguments.per_truth,
            folder=arguments.tasks,
        )
        path = save_certificate(certificate, rb.models_dir() / "certificates")
        print(certificate)
        print(f"\n{path.name} in {time.perf_counter() - began:.0f} s\n", flush=True)
    print(conditions())


if __name__ == "__main__":
    main()
