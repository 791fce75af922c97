"""What a robust MAP prior costs, and what borrowing does: python benchmarks/historical.py.

A robust MAP prior here is all of it: integration over the arms, the mean and the heterogeneity, the
mixture, the vague part, and the effective sample size by elir and by moments. Nothing is cached between
repetitions; nothing is asserted. RBesT, the peer, samples with Stan and is not run here.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from conditions import conditions

from ra_bayes.historical import historical_arms, map_prior, robust
from ra_bayes.mixtures import (
    UNIFORM,
    BetaMixture,
    GammaMixture,
    NormalMixture,
    normal,
)
from ra_bayes.mixtures.ess import effective_sample_size
from ra_bayes.planning.borrowing import borrowing_characteristics, priors_to_compare

# Change in CDAI on placebo and patients (R package RBesT, data set crohn; Hueber 2012); SD of one patient 88.
CROHN = ((-51, 74), (-49, 166), (-36, 328), (-47, 20), (-90, 25), (-54, 58))
SIGMA = 88.0
EVENTS = ((5, 12.0), (3, 20.0), (0, 4.0), (9, 31.0))


def main() -> None:
    """Time, then print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9, help="repetitions (default: 9)")
    repeat = parser.parse_args().repeat

    controls = [(arm.r, arm.n) for arm in historical_arms("acr20", "control", week=16).used]
    estimates = [(change, SIGMA / n**0.5) for change, n in CROHN]
    few = [(2, 10), (5, 20)]
    many = [(10 + j % 7, 60 + j) for j in range(40)]
    means = {"mean": (0.0, SIGMA), "tau": SIGMA / 2}
    rows: list[tuple[str, Callable[[], object]]] = [
        (
            f"robust MAP of a rate, {len(controls)} control arms of RA trials (ACR20)",
            lambda: of_rate(controls),
        ),
        ("robust MAP of a rate, 2 arms", lambda: of_rate(few)),
        ("robust MAP of a rate, 40 arms", lambda: of_rate(many)),
        ("robust MAP of a mean, 6 arms (Crohn's disease)", lambda: of_mean(estimates)),
        ("robust MAP of an event rate, 4 arms", of_event_rate),
        ("  of the first: integration alone", lambda: map_prior(controls)),
        (
            "borrowing in a trial of rates, 24 against 6: 5 priors, 9 drifts",
            lambda: borrowing_characteristics(
                priors_to_compare(UNIFORM, controls),
                centre=0.25,
                drift=[-0.2 + 0.05 * k for k in range(9)],
                effect=0.3,
                n_treated=24,
                n_control=6,
                probability=0.95,
            ),
        ),
        (
            "borrowing in a trial of means, 40 against 20: 5 priors, 9 drifts",
            lambda: borrowing_characteristics(
                priors_to_compare(normal(-50.0, SIGMA), estimates, **means, sd=SIGMA),  # type: ignore[arg-type]
                centre=-50.0,
                drift=[-40.0 + 10.0 * k for k in range(9)],
                effect=-70.0,
                n_treated=40,
                n_control=20,
                probability=0.95,
                benefit="below",
                sd=SIGMA,
            ),
        ),
    ]
    print(f"| {'what':<70} | median s | range |\n|{'-' * 72}|---|---|")
    for name, run in rows:
        spent = [timed(run) for _ in range(repeat)]
        print(f"| {name:<70} | {statistics.median(spent):.3f} | {min(spent):.3f} to {max(spent):.3f} |")
    print(f"\n{conditions()}")


def of_rate(arms: list[tuple[int, int]]) -> tuple[float, float]:
    return worth(map_prior(arms).mixture())


def of_mean(arms: list[tuple[float, float]]) -> tuple[float, float]:
    return worth(map_prior(arms, family="gaussian", mean=(0.0, SIGMA), tau=SIGMA / 2).mixture(), SIGMA)


def of_event_rate() -> tuple[float, float]:
    return worth(map_prior(EVENTS, family="poisson", mean=(-1.0, 1.0), tau=0.5).mixture())


def worth[M: (BetaMixture, NormalMixture, GammaMixture)](
    prior: M, sigma: float | None = None
) -> tuple[float, float]:
    """ESS of the robust prior, by elir and by moments."""
    mixed = robust(prior, sigma=sigma)
    by_elir = effective_sample_size(mixed, sigma=sigma)
    return by_elir, effective_sample_size(mixed, method="moment", sigma=sigma)


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
