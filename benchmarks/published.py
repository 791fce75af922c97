"""What conditioning on published counts costs, and do cohorts keep the facts? python benchmarks/published.py.

Times the command in a fresh process, importance sampling beside NUTS on the same model, and reconstruction;
then counts the cohorts that break a fact as recorded, by a reading of the facts that shares no code with the
package's. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from conditions import conditions

import ra_bayes as rb
from ra_bayes.cohort import Cohort

PAGE = rb.data_dir() / "published" / "jamshidi2024.toml"
CALL = "from ra_bayes.cli import main; main()"
READINGS = ("any_change", "mcid", "fraction_20")
MCIDS = {"vas": 10.0, "sdai": 13.0, "cdai": 12.0}


def main() -> None:
    """Time, count, then print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=6000, help="cohorts to reconstruct (default: 6000)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the command (default: 3)")
    options = parser.parse_args()

    command = [sys.executable, "-c", CALL, "published", str(PAGE)]
    run = partial(subprocess.run, command, capture_output=True, check=True)
    runs = sorted(timed(run) for _ in range(options.repeat))
    print(f"ra-bayes published, 18 posteriors, fresh process: {', '.join(f'{each:.1f}' for each in runs)} s")
    took = {
        method: timed(partial(rb.condition, PAGE, "wide", seed=1, method=method))
        for method in ("importance", "nuts")
    }
    print(f"rb.condition, 4 x 1000 draws: importance {took['importance']:.1f} s, nuts {took['nuts']:.1f} s")
    per_reading = options.cohorts // len(READINGS)
    for reading in READINGS:
        began = time.perf_counter()
        made = rb.reconstruct(PAGE, "wide", per_reading, seed=1, reading=reading)
        spent = time.perf_counter() - began
        broken = sum(not holds(cohort, reading) for cohort in made)
        print(
            f"{reading}: {len(made)} cohorts in {spent:.1f} s ({made.tried} tried), ESS of their weights "
            f"{made.ess:.0f}, {broken} break a fact"
        )
    print(conditions())


def timed(run: Callable[[], object]) -> float:
    """Return the wall seconds of a call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def holds(cohort: Cohort, reading: str) -> bool:
    """Say whether a cohort holds every count of the abstract."""
    values = {(record.outcome, record.patient, record.week): record.value for record in cohort.records}

    def improved(outcome: str, patient: str, week: float) -> bool:
        start, now = values[outcome, patient, 0.0], values[outcome, patient, week]
        gain = now - start if outcome == "il10" else start - now
        if reading == "fraction_20":
            return gain > 1e-9 and gain >= 0.2 * start - 1e-9
        if reading == "mcid" and outcome in MCIDS:
            return gain >= MCIDS[outcome] - 1e-9
        return gain > 1e-9

    def who(outcome: str, *weeks: float) -> set[str]:
        return {each for each in cohort.patients if all(improved(outcome, each, week) for week in weeks)}

    acr20 = sum(values["acr20", patient, 16.0] == 1.0 for patient in cohort.patients)
    vas, il10 = who("vas", 24.0), who("il10", 24.0)
    return (
        (len(cohort.patients), len(vas), acr20, len(il10)) == (6, 3, 4, 5)
        and len(vas & who("vas", 12.0, 16.0, 24.0)) == 2
        and len(who("sdai", 24.0) & who("cdai", 24.0)) == 3
        and who("tnf_alpha", 24.0) & who("il17", 24.0) == il10
    )


if __name__ == "__main__":
    main()
