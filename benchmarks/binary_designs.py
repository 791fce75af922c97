"""How fast are exact binary designs? python benchmarks/binary_designs.py, on one core.

Simon's two-stage search beside R clinfun's (Fortran), for the same designs and the same largest size; and
exact operating characteristics of a trial with five looks at 23 rates beside rpact's simulation of it, 10,000
trials a rate. All in this one run, after start-up, the peers in R; without R, clinfun or rpact their columns
stay empty. Boundaries are rpact's own, on the normal approximation, so that both compute the same trial.

Debian: apt-get install r-base-core r-cran-mvtnorm r-cran-rpact; clinfun from CRAN. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

import numpy as np  # noqa: E402
from conditions import conditions  # noqa: E402

from ra_bayes.mixtures import beta  # noqa: E402
from ra_bayes.planning.binary.boundaries import Boundaries  # noqa: E402
from ra_bayes.planning.binary.recursion import binary_stopping  # noqa: E402
from ra_bayes.planning.binary.simon import simon  # noqa: E402

# p0, p1, alpha, power, largest size.
DESIGNS = (
    (0.05, 0.20, 0.10, 0.90, 100),
    (0.10, 0.30, 0.05, 0.80, 100),
    (0.15, 0.40, 0.10, 0.90, 100),
    (0.25, 0.45, 0.05, 0.90, 100),
    (0.30, 0.50, 0.05, 0.90, 100),
    (0.40, 0.60, 0.05, 0.90, 100),
    (0.70, 0.90, 0.05, 0.80, 100),
    (0.30, 0.45, 0.05, 0.90, 150),
)
LOOKS = (20, 40, 60, 80, 100)
NULL, RATES = 0.2, np.linspace(0.05, 0.60, 23)
FUTILITY = (-0.5, 0.0, 0.5, 1.0)
TRIALS = 10_000

CLINFUN = """
suppressMessages(library(clinfun))
search <- function() ph2simon({p0}, {p1}, {alpha}, {beta}, nmax={n_max})
search()
took <- sapply(1:7, function(i) system.time(for (k in 1:10) search())[["elapsed"]] / 10)
found <- search()$out
best <- found[which.min(found[, 5]), ]
cat(median(took), best, "\\n")
"""
RPACT = """
suppressMessages(library(rpact))
design <- getDesignGroupSequential(kMax=5, alpha=.05, sided=1, typeOfDesign="OF",
    futilityBounds=c({futility}))
run <- function(trials) getSimulationRates(design, groups=1, thetaH0={null}, pi1=c({rates}),
    plannedSubjects=c({looks}), maxNumberOfIterations=trials, normalApproximation=TRUE, seed=1)
invisible(run(10))
took <- system.time(found <- run({trials}))[["elapsed"]]
cat(took, design$criticalValues, found$overallReject, "\\n")
"""


def main() -> None:
    """Time everything and print two tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{'Simon search':<34}{'here, ms':>10}{'clinfun, ms':>13}{'ratio':>8}   optimal design")
    for p0, p1, alpha, power, n_max in DESIGNS:
        here = seconds(lambda args=(p0, p1, alpha, power, n_max): simon(*args))
        optimal = simon(p0, p1, alpha, power, n_max).optimal
        line = f"{f'{p0:g}, {p1:g}, alpha {alpha:g}, power {power:g}, n <= {n_max}':<34}{here * 1e3:10.2f}"
        peer = in_r(CLINFUN.format(p0=p0, p1=p1, alpha=alpha, beta=1.0 - power, n_max=n_max))
        text = f"{optimal.r1}/{optimal.n1}, {optimal.r}/{optimal.n}, EN {optimal.en0:.2f}"
        if peer is None:
            print(f"{line}{'':>13}{'':>8}   {text}")
            continue
        took, r1, n1, r, n, *_ = peer
        same = (r1, n1, r, n) == (optimal.r1, optimal.n1, optimal.r, optimal.n)
        print(f"{line}{took * 1e3:13.2f}{took / here:8.1f}   {text}{'' if same else '  OTHER IN CLINFUN'}")

    peer = in_r(
        RPACT.format(
            futility=",".join(map(str, FUTILITY)),
            null=NULL,
            rates=",".join(f"{rate:.10f}" for rate in RATES),
            looks=",".join(map(str, LOOKS)),
            trials=TRIALS,
        )
    )
    critical = (3.915055, 2.768362, 2.260358, 1.957527, 1.750866) if peer is None else peer[1:6]
    design = boundaries(critical)
    here = seconds(lambda: binary_stopping(design, RATES))
    print(f"\nfive looks, {len(RATES)} rates: exact here {here * 1e3:.3f} ms")
    if peer is not None:
        exact = binary_stopping(design, RATES).p_success
        error = np.sqrt(exact * (1.0 - exact) / TRIALS)
        off = np.abs(np.array(peer[6:]) - exact) / np.maximum(error, 1e-9)
        print(
            f"rpact, {TRIALS} trials a rate: {peer[0]:.2f} s, ratio {peer[0] / here:,.0f}; "
            f"largest difference {off[error > 1e-4].max():.1f} Monte Carlo errors"
        )
    interim = seconds(lambda: binary_stopping(design.remaining(9, 30), beta(0.2, 0.8).update(9, 30)))
    print(f"predictive probabilities at an interim with four looks to come: {interim * 1e3:.3f} ms")
    print(conditions())


def boundaries(critical: tuple[float, ...]) -> Boundaries:
    """Counts whose z = (x / n - p0) / sqrt(p0 (1 - p0) / n) reaches a critical value or is below futility."""
    futility: list[int | None] = []
    success: list[int | None] = []
    for n, high, low in zip(LOOKS, critical, (*FUTILITY, None), strict=True):
        z = (np.arange(n + 1) / n - NULL) / np.sqrt(NULL * (1.0 - NULL) / n)
        success.append(int(np.argmax(z >= high)))
        futility.append(success[-1] - 1 if low is None else int(np.flatnonzero(z < low)[-1]))
    return Boundaries(LOOKS, tuple(futility), tuple(success))


def seconds(function: Callable[[], object]) -> float:
    """Return the median of repeated runs, each long enough to time."""
    function()
    began = time.perf_counter()
    function()
    times = max(1, int(0.02 / max(time.perf_counter() - began, 1e-6)))
    runs = []
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(times):
            function()
        runs.append((time.perf_counter() - began) / times)
    return statistics.median(runs)


def in_r(script: str) -> tuple[float, ...] | None:
    """Return the numbers of the last line an R script prints; None, the reason said, where there is no R."""
    try:
        done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        print("  (no Rscript: ours only)")
        return None
    except subprocess.CalledProcessError as error:
        print(
            f"  (R: {error.stderr.strip().splitlines()[-1] if error.stderr.strip() else 'failed'}; ours only)"
        )
        return None
    return tuple(float(each) for each in done.stdout.strip().splitlines()[-1].split())


if __name__ == "__main__":
    main()
