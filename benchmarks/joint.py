"""What a joint fit of five outcomes costs, and how that grows with the cohort: python benchmarks/joint.py.

Outcomes are simulated from the shipped pages, tied by one responder factor with a loading of 0.7. CPU time is
of the whole process, so that a busy machine does not show in it; nothing is asserted.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
from conditions import conditions

import ra_bayes as rb
from ra_bayes.cohort import Cohort, Record
from ra_bayes.inference.fit_joint import attempts, fit_joint, joint_compiled
from ra_bayes.model.joint_structure import make_joint_records
from ra_bayes.tree import joint_trees

OUTCOMES = ("vas", "sdai", "il10", "tnf_alpha", "il17")
LOADING = 0.7


def main() -> None:
    """Time, then print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--patients", type=int, nargs="+", default=[6, 75, 150, 300], help="sizes (default: 6 75 150 300)"
    )
    parser.add_argument("--visits", type=int, default=None, help="visits (default: 7 of 6 patients, else 10)")
    parser.add_argument("--page", default="records", help="joint page (default: records)")
    arguments = parser.parse_args()
    print(conditions())
    for patients in arguments.patients:
        one(patients, arguments.visits or (7 if patients == 6 else 10), arguments.page)


def one(patients: int, visits: int, page: str) -> None:
    """Compile and fit once, and print what it cost."""
    joint = rb.load_joint_model(page)
    weeks = np.linspace(0.0, 24.0, visits)
    cohort = simulated(joint, patients, weeks)
    records = make_joint_records(joint, cohort, OUTCOMES)
    compiling = spent(lambda: joint_compiled(records, attempts(records)[0].levels))
    trees = []
    fitting = spent(lambda: trees.append(fit_joint(joint, cohort, OUTCOMES, seed=1)))
    tree = trees[0]
    verdict = rb.diagnose(tree)
    made = sum(int(each["observed_data"]["record"].notnull().sum()) for each in joint_trees(tree).values())
    print(
        f"{patients} patients x {visits} visits x {len(OUTCOMES)} outcomes, {made} records: compiled in "
        f"{compiling[0]:.1f} s ({compiling[1]:.1f} s CPU), fitted in {fitting[0]:.1f} s "
        f"({fitting[1]:.1f} s CPU), {int(tree['sample_stats']['n_steps'].sum())} gradients; "
        f"{'; '.join(rb.provenance(tree)['attempts'])}"
    )
    print(verdict, flush=True)


def simulated(joint: rb.JointModel, patients: int, weeks: np.ndarray) -> Cohort:
    """Records at the pages' prior medians, everybody getting better, responses tied by one factor."""
    rng = np.random.default_rng(patients)
    factor = rng.normal(size=patients)
    rows: list[Record] = []
    for name in OUTCOMES:
        spec = joint.page(name)
        numbers = {prior.parameter.name: prior.numbers[0] for prior in spec.priors}
        level = numbers["baseline_mean"] + numbers["baseline_sd"] * rng.normal(size=patients)
        own = LOADING * spec.benefit_sign * factor + np.sqrt(1.0 - LOADING**2) * rng.normal(size=patients)
        slope = spec.benefit_sign * numbers["walk_sd"] + numbers["response_sd"] * own
        latent = level[:, None] + slope[:, None] * np.sqrt(weeks / 24.0)
        latent += numbers["residual_sd"] * rng.normal(size=latent.shape)
        values = np.clip(spec.link.inverse(latent), spec.outcome.lower, spec.outcome.upper)
        rows += [
            Record(f"P{i}", float(weeks[j]), name, float(values[i, j]), "", len(rows) + i + j + 2)
            for i in range(patients)
            for j in range(weeks.size)
        ]
    used = tuple(joint.page(name).outcome for name in OUTCOMES)
    return Cohort(f"Simulated, {patients}", "benchmarks/joint.py", True, tuple(rows), used=used)


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds that a call took."""
    began, cpu = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - began, _cpu() - cpu


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
