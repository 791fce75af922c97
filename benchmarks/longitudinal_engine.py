"""The longitudinal engine: trials a second, its error beside long NUTS, an assurance curve, an interim look.

    .venv/bin/python benchmarks/longitudinal_engine.py            # all but NUTS: a minute
    .venv/bin/python benchmarks/longitudinal_engine.py --nuts 20  # and 20 trials sampled

OMP_NUM_THREADS=1 in the environment keeps NumPy to one core. Beside wall-clock times stands processor time,
because it is not lengthened by whatever else the machine does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from conditions import conditions
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.analyses import FollowUp
from ra_bayes.planning.longitudinal.characteristics import simulated_stopping
from ra_bayes.planning.longitudinal.conduct import followed, in_order
from ra_bayes.planning.longitudinal.covariance import covariance
from ra_bayes.planning.longitudinal.interim import so_far
from ra_bayes.planning.longitudinal.many_truths import assurance_curve
from ra_bayes.planning.longitudinal.posterior import effect_posterior
from ra_bayes.planning.longitudinal.statistics import statistics
from ra_bayes.planning.rule import Criterion

type Array = NDArray[np.float64]

WEEKS = np.array([0.0, 4.0, 8.0, 12.0, 24.0])
SHAPE = np.sqrt(WEEKS / 24.0)
SCALES = {"level_sd": (17.0, 0.35), "response_sd": (20.0, 0.4), "residual_sd": (10.0, 0.45)}
ANALYSIS = LongitudinalAnalysis(None, {**SCALES, "correlation": (4.0, 0.0)})
TRUTH = {"level_sd": 17.0, "response_sd": 20.0, "correlation": 0.3, "residual_sd": 10.0}
SUCCESS = Criterion("difference", "below", 0.0, 0.9)


def timed(task: Callable[[], Any], runs: int = 5) -> tuple[Any, float, float]:
    """Return the result, the least wall-clock and the least processor time."""
    wall, processor, found = [], [], None
    for _ in range(runs):
        start, began = time.perf_counter(), time.process_time()
        found = task()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - began)
    return found, min(wall), min(processor)


def simulated(
    rng: np.random.Generator, trials: int, arm: NDArray[np.int64], effect: float, hazard: float
) -> tuple[Array, NDArray[np.int64]]:
    root = np.linalg.cholesky(covariance(SHAPE, **TRUTH))
    y = rng.standard_normal((trials, arm.size, WEEKS.size)) @ root.T
    y += 65.0 + effect * (arm == 0)[:, None] * SHAPE
    stays = rng.random((trials, arm.size, WEEKS.size - 1)) > hazard
    return y, 1 + np.cumprod(stays, axis=2).sum(axis=2)


def speed() -> None:
    arm = in_order((20, 20))
    rng = np.random.default_rng(1)
    for visits, hazard in ((5, 0.0), (5, 0.04), (4, 0.04)):
        at = np.array([0, 1, 3, 4]) if visits == 4 else np.arange(5)

        def task(hazard: float = hazard, at: NDArray[np.int64] = at) -> Array:
            y, seen = simulated(rng, 5000, arm, -10.0, hazard)
            data = statistics(y[..., at], np.minimum(seen, at.size), arm)
            return effect_posterior(data, SHAPE[at], ANALYSIS).probability(0.0)

        _, wall, processor = timed(task)
        print(
            f"  {visits} visits, hazard {hazard:g} a visit, simulation included: {5000 / wall:,.0f} trials/s "
            f"({5000 / processor:,.0f} a second of processor time)"
        )


def refinement() -> None:
    rng = np.random.default_rng(2)
    for per_arm in (20, 6):
        arm = in_order((per_arm, per_arm))
        data = statistics(*simulated(rng, 3000, arm, -10.0, 0.05), arm)
        error = np.abs(
            effect_posterior(data, SHAPE, ANALYSIS).probability(0.0)
            - effect_posterior(data, SHAPE, ANALYSIS, spacing=0.9, radius=6.0).probability(0.0)
        )
        print(
            f"  {per_arm} an arm, 3000 trials, lattice against a finer one: mean {error.mean():.1e}, "
            f"99.9% {np.quantile(error, 0.999):.1e}, greatest {error.max():.1e}"
        )


def nuts(trials: int) -> None:
    """Long NUTS: the SDs' draws, with the effect integrated out given each (Rao-Blackwell)."""
    from ra_bayes.inference.nuts_trial import sample_trial

    rng = np.random.default_rng(3)
    arm = in_order((20, 20))
    y, seen = simulated(rng, trials, arm, -10.0, 0.05)
    fast = effect_posterior(statistics(y, seen, arm), SHAPE, ANALYSIS).probability(0.0)
    priors = {"baseline_sd": SCALES["level_sd"], **{n: SCALES[n] for n in ("response_sd", "residual_sd")}}
    differences, raw, errors = [], [], []
    start = time.perf_counter()
    for at in range(trials):
        there = np.where(np.arange(WEEKS.size) < seen[at][:, None], y[at], np.nan)
        draws = sample_trial(
            there, arm, SHAPE, {**priors, "correlation": (4.0, 0.0)}, seed=at, draws=5000, tune=1500, cores=2
        )
        names = ("baseline_sd", "response_sd", "correlation", "residual_sd")
        given = known_probabilities(there, arm, [draws.scales[name] for name in names])
        chains = given.mean(axis=1)
        errors.append(chains.std(ddof=1) / 2.0)
        differences.append(fast[at] - given.mean())
        raw.append(fast[at] - (draws.effect > 0.0).mean())
    print(
        f"  {trials} trials of 20 an arm, 4 x 5000 draws each: "
        f"greatest |dP| {np.abs(differences).max():.1e}, mean {np.abs(differences).mean():.1e}; "
        f"Monte Carlo error of NUTS, mean {np.mean(errors):.1e}; "
        f"from the draws of the effect themselves greatest {np.abs(raw).max():.1e} "
        f"({time.perf_counter() - start:.0f} s)"
    )


def known_probabilities(y: Array, arm: NDArray[np.int64], sds: list[Array]) -> Array:
    """Pr(effect > 0 | data, SDs) for draws of SDs (chain, draw), every fourth draw, by dense least
    squares."""
    some = [each[:, ::4] for each in sds]
    v = covariance(SHAPE, *(each.ravel() for each in some))
    size = 2 * WEEKS.size - 1
    information, score = np.zeros((len(v), size, size)), np.zeros((len(v), size))
    for row, g in zip(y, arm, strict=True):
        there = np.flatnonzero(np.isfinite(row))
        change = np.eye(WEEKS.size)[there][:, 1:]
        x = np.hstack([np.ones((there.size, 1)), change, change * (g == 0)])
        weighted = np.einsum("pa,kpq->kaq", x, np.linalg.inv(v[:, there[:, None], there]))
        information += weighted @ x
        score += weighted @ (row[there] - 65.0)
    spread = np.linalg.inv(information)
    mean = np.einsum("kb,kb->k", spread[:, -1], score)
    return special.ndtr(mean / np.sqrt(spread[:, -1, -1])).reshape(some[0].shape)


def characteristics() -> None:
    effects = np.array([0.0, -8.0, -16.0])
    truths = {"effect": effects} | {name: np.full(3, value) for name, value in TRUTH.items()}
    futility = Criterion("difference", "below", 0.0, 0.3, "interim")
    for looks, rules in (((40,), [((SUCCESS,), ())]), ((20, 40), [((), (futility,)), ((SUCCESS,), ())])):
        plan = FollowUp(WEEKS, SHAPE, in_order((20, 20)), followed(40, looks, WEEKS, 0.5), 0.15)
        found, _, processor = timed(
            lambda plan=plan, looks=looks, rules=rules: simulated_stopping(
                truths, plan, looks, rules, ANALYSIS, trials=4000, seed=1
            ),
            1,
        )
        p, error = found.p_success, found.success_mcse[:, -1]
        gain = found.success[:, -1] * (1.0 - found.success[:, -1]) / 4000 / error**2
        print(
            f"  looks {looks}, 15% dropout, 4000 trials, {processor:.2f} s: success "
            + ", ".join(f"{each:.4f} ({se:.4f})" for each, se in zip(p, error, strict=True))
            + "; variance less than of plain simulation by "
            + ", ".join(f"{each:.1f}" for each in gain)
        )


def calibration() -> None:
    truths = {"effect": np.zeros(1)} | {name: np.full(1, value) for name, value in TRUTH.items()}
    for per_arm in (5, 10, 20, 40):
        told = []
        for effect in (None, (0.0, 15.0)):
            plan = FollowUp(
                WEEKS, SHAPE, in_order((per_arm, per_arm)), followed(2 * per_arm, (2 * per_arm,), WEEKS, None)
            )
            analysis = LongitudinalAnalysis(effect, ANALYSIS.scales)
            found = simulated_stopping(
                truths, plan, (2 * per_arm,), [((SUCCESS,), ())], analysis, trials=4000, seed=2
            )
            told.append(f"{found.success[0, 0]:.4f} ({found.success_mcse[0, 0]:.4f})")
        print(f"  {per_arm} an arm: flat prior {told[0]}, Normal(0, 15) {told[1]}")


def curve() -> None:
    rng = np.random.default_rng(3)
    n = 4000
    truths = {
        "effect": rng.normal(-9.0, 8.0, n),
        "level_sd": 17.0 * np.exp(0.3 * rng.normal(size=n)),
        "response_sd": 20.0 * np.exp(0.35 * rng.normal(size=n)),
        "correlation": 2.0 * rng.beta(4.0, 4.0, n) - 1.0,
        "residual_sd": 10.0 * np.exp(0.35 * rng.normal(size=n)),
    }
    sizes = [10 + 4 * at for at in range(39)]
    plans = [
        (
            FollowUp(
                WEEKS, SHAPE, in_order((size // 2, size // 2)), followed(size, (size,), WEEKS, 0.5), 0.1
            ),
            [((SUCCESS,), ())],
        )
        for size in sizes
    ]
    weights = np.full(n, 1.0 / n)
    found, wall, processor = timed(lambda: assurance_curve(truths, weights, plans, ANALYSIS, seed=4), 3)
    reference, its_error = assurance_curve(truths, weights, plans[::4], ANALYSIS, trials=10_000, seed=5)
    error = np.abs(found[0][::4] - reference)
    print(
        f"  39 sizes from {sizes[0]} to {sizes[-1]}, {n} truths: {wall:.2f} s "
        f"({processor:.2f} s of processor time); error told {found[1].max():.4f} at most; "
        f"against 50 times the trials (error {its_error.max():.4f}) {error.max():.4f} at most, "
        f"{error.mean():.4f} on average"
    )


def interim(cases: int = 12, completions: int = 20_000) -> None:
    """Predictive probability at half of the patients, beside the share of completed trials that succeed."""
    rng = np.random.default_rng(6)
    for half, full in ((20, 40), (10, 20)):
        arm = in_order((full // 2, full // 2))
        differences, took = [], []
        for _ in range(cases):
            y = simulated(rng, 1, arm, rng.normal(-8.0, 6.0), 0.0)[0][0]
            y[half:] = np.nan
            now = (y[:half], arm[:half], np.full(half, WEEKS.size), (full // 2, full // 2))
            found, wall, _ = timed(lambda now=now: so_far(*now, WEEKS, SHAPE, ANALYSIS), 5)
            chance, more, _ = timed(lambda found=found: found.predictive((SUCCESS,)), 5)
            took.append(wall + more)
            differences.append(chance - brute_force(rng, y, arm, half, completions))
        print(
            f"  {half} of {full} complete: {1e3 * np.median(took):.2f} ms; beside brute force "
            f"({completions} completions, error {0.5 / np.sqrt(completions):.4f} at 0.5) mean error "
            f"{np.abs(differences).mean():.4f}, mean {np.mean(differences):+.4f}, greatest "
            f"{np.abs(differences).max():.4f}"
        )


def brute_force(
    rng: np.random.Generator, y: Array, arm: NDArray[np.int64], half: int, completions: int
) -> float:
    """Complete the trial from its posterior (SDs by importance from their priors) and analyse each anew."""
    worlds = 200_000
    z = rng.normal(size=(3, worlds))
    sds = [SCALES[name][0] * np.exp(SCALES[name][1] * each) for name, each in zip(SCALES, z, strict=True)]
    v = covariance(SHAPE, sds[0], sds[1], 2.0 * rng.beta(4.0, 4.0, worlds) - 1.0, sds[2])
    groups = [y[:half][arm[:half] == g] for g in (0, 1)]
    means = np.stack([rows.mean(axis=0) for rows in groups])
    n = np.array([len(rows) for rows in groups])
    within = sum((rows - rows.mean(axis=0)).T @ (rows - rows.mean(axis=0)) for rows in groups)
    inverse = np.linalg.inv(v)
    # Complete data, means free after baseline: the arms' own means but for the common one at baseline.
    apart = means[0, 0] - means[1, 0]
    log = -0.5 * (half - 2) * np.linalg.slogdet(v)[1] - 0.5 * np.einsum("kpq,pq->k", inverse, within)
    log -= 0.5 * np.log(v[:, 0, 0]) + 0.5 * apart**2 / (v[:, 0, 0] * (1 / n).sum())
    share = np.exp(log - log.max())
    points = (np.arange(completions) + rng.random()) / completions
    chosen = rng.permutation(np.searchsorted(np.cumsum(share) / share.sum(), points))
    root = np.linalg.cholesky(v[chosen])
    drawn = means + np.stack(
        [np.einsum("kpq,kq->kp", root, rng.normal(size=(completions, WEEKS.size))) / np.sqrt(m) for m in n], 1
    )
    slope = v[chosen][:, :, 0] / v[chosen][:, :1, 0]
    gap = (drawn[:, 0, 0] - drawn[:, 1, 0])[:, None] * slope
    drawn[:, 0] -= gap * n[1] / n.sum()
    drawn[:, 1] += gap * n[0] / n.sum()
    whole = np.repeat(y[None], completions, axis=0)
    rest = arm[half:]
    noise = np.einsum("kpq,kiq->kip", root, rng.normal(size=(completions, rest.size, WEEKS.size)))
    whole[:, half:] = drawn[:, rest] + noise
    data = statistics(whole, np.full(arm.size, WEEKS.size), arm)
    below = 1.0 - effect_posterior(data, SHAPE, ANALYSIS).probability(0.0)
    return float((below >= SUCCESS.probability).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nuts", type=int, default=0, help="trials to sample with NUTS as well")
    asked = parser.parse_args()
    print(conditions())
    speed()  # compiles, or reads what is cached
    for title, task in (
        ("posterior probability, 20 an arm", speed),
        ("lattice", refinement),
        ("operating characteristics", characteristics),
        ("type I error at probability 0.9", calibration),
        ("assurance curve", curve),
        ("interim look", interim),
    ):
        print(f"{title}:")
        task()
    if asked.nuts:
        print("NUTS on the package's own model:")
        nuts(asked.nuts)


if __name__ == "__main__":
    main()
