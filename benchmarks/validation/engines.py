"""One question put to two engines: exact beside simulated, importance sampling and quadrature beside NUTS."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import longitudinal_engine as longitudinal
import numpy as np
from numpy.typing import NDArray

import ra_bayes as rb
from ra_bayes.inference.nuts_trial import sample_trial
from ra_bayes.planning.binary.bop2 import bop2_boundaries
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.continuous.recursion import one_sum
from ra_bayes.planning.longitudinal.conduct import in_order
from ra_bayes.planning.longitudinal.posterior import effect_posterior
from ra_bayes.planning.longitudinal.statistics import statistics

type Array = NDArray[np.float64]

TRIALS = 400_000
SEED = 1
# Trials of 20 an arm that NUTS samples too.
SAMPLED = 3


def engines() -> str:
    """Return the section: differences between engines, each with the error of the one that is simulated."""
    lines = [
        "| question | engine | beside it | compared | greatest difference | its Monte Carlo error |",
        "|---|---|---|---|---|---|",
        *exact(),
        counts(),
        trials(),
    ]
    return "\n\n".join(
        [
            "## Engine against engine",
            "What is computed exactly or by quadrature is compared with another route to the same number. "
            f"Seed {SEED}.",
            "\n".join(lines),
        ]
    )


def exact() -> Iterator[str]:
    """Yield rows of exact recursions beside trials simulated outright."""
    rng = np.random.default_rng(SEED)
    design = bop2_boundaries(tuple(range(10, 41, 5)), 0.2, lambda_=0.909, gamma=1.0, efficacy=True)
    rates = (0.2, 0.3, 0.4)
    ours = binary_stopping(design, list(rates)).p_success
    seen = np.array(
        [success_share(design.looks, design.futility, design.success, rate, rng) for rate in rates]
    )
    yield line("Pr(success), BOP2 with 7 looks", "paths counted", "simulated trials", ours, seen)
    looks = np.arange(1.0, 6.0) / 5.0
    edge = 2.413 / np.sqrt(looks)
    drifts = np.array([0.0, 1.5, 3.0])
    above, below = one_sum(looks, 1.0, -edge, edge, drifts, np.zeros(3))
    steps = rng.normal(size=(TRIALS, 5)) / np.sqrt(5.0)
    z = (np.cumsum(steps, axis=1)[None] + drifts[:, None, None] * looks) / np.sqrt(looks)
    seen = (np.abs(z) > 2.413).any(axis=2).mean(axis=1)
    yield line(
        "Pr(crossed), Pocock, 5 looks", "recursion", "simulated trials", (above + below).sum(axis=1), seen
    )


def success_share(
    looks: tuple[int, ...],
    futility: tuple[int | None, ...],
    success: tuple[int | None, ...],
    rate: float,
    rng: np.random.Generator,
) -> float:
    """Return the share of simulated trials that end in success."""
    sizes = np.diff(looks, prepend=0)
    x = np.cumsum(rng.binomial(sizes, rate, size=(TRIALS, sizes.size)), axis=1)
    going, won = np.ones(TRIALS, dtype=bool), np.zeros(TRIALS, dtype=bool)
    for at, (low, high) in enumerate(zip(futility, success, strict=True)):
        up = going & (x[:, at] >= high) if high is not None else np.zeros_like(going)
        won |= up
        going &= ~up
        if low is not None:
            going &= x[:, at] > low
    return float(won.mean())


def line(question: str, engine: str, beside: str, ours: Array, seen: Array) -> str:
    """Return a row about probabilities; the error is that of a simulated share."""
    error = float(np.sqrt(seen * (1.0 - seen) / TRIALS).max())
    return (
        f"| {question} | {engine} | {beside} | {seen.size} truths, {TRIALS:,} trials each | "
        f"{np.abs(ours - seen).max():.1g} | {error:.1g} |"
    )


def counts() -> str:
    """Return the row of published counts: importance sampling beside NUTS, all estimands."""
    page = rb.data_dir() / "published" / "jamshidi2024.toml"
    both = [
        rb.estimands(rb.condition(page, "wide", seed=SEED, reading="any_change", method=method), ci_prob=0.90)
        for method in ("importance", "nuts")
    ]
    keys = ["arm", "outcome", "estimand", "week", "note"]
    known = [key for key in keys if key in both[0].columns]
    merged = both[0].merge(both[1], on=known, suffixes=("", "_nuts"))
    # Draws are resampled from four effective points each, which adds sqrt(1 + 1/4) to their error.
    error = np.hypot(1.12 * merged["mcse"], merged["mcse_nuts"])
    told = error > 0
    z = np.abs((merged["estimate"] - merged["estimate_nuts"]) / error)[told]
    return (
        "| posterior given published counts (`jamshidi2024`, wide) | importance sampling | NUTS, 4 x 1000 "
        f"draws | {int(told.sum())} estimands | {z.max():.1f} joint errors; {np.mean(z < 2):.0%} within 2 "
        "| 1 |"
    )


def trials() -> str:
    """Return the row of longitudinal trials: SDs by quadrature beside NUTS on the package's own model."""
    rng = np.random.default_rng(SEED)
    arm = in_order((20, 20))
    y, seen = longitudinal.simulated(rng, SAMPLED, arm, -10.0, 0.05)
    data = statistics(y, seen, arm)
    ours = effect_posterior(data, longitudinal.SHAPE, longitudinal.ANALYSIS).probability(0.0)
    scales = longitudinal.SCALES
    priors = {"baseline_sd": scales["level_sd"], **{n: scales[n] for n in ("response_sd", "residual_sd")}}
    theirs, errors = [], []
    for at in range(SAMPLED):
        there = np.where(np.arange(longitudinal.WEEKS.size) < seen[at][:, None], y[at], np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            draws = sample_trial(
                there,
                arm,
                longitudinal.SHAPE,
                {**priors, "correlation": (4.0, 0.0)},
                seed=at,
                draws=4000,
                tune=1000,
                cores=2,
            )
        names = ("baseline_sd", "response_sd", "correlation", "residual_sd")
        given = longitudinal.known_probabilities(there, arm, [draws.scales[name] for name in names])
        theirs.append(given.mean())
        errors.append(given.mean(axis=1).std(ddof=1) / 2.0)
    apart = np.abs(ours - np.array(theirs)).max()
    return (
        "| Pr(effect > 0), trial of 20 an arm at all visits | quadrature | NUTS, 4 x 4000 draws "
        f"| {SAMPLED} trials | {apart:.1g} | {max(errors):.1g} |"
    )
