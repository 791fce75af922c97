"""The slowest engine: every simulated trial is sampled with the package's own PyMC model of the design.

What faster engines are checked against, and what answers where they cannot. Trials are batches of independent
tasks (:mod:`ra_bayes.jobs`): kept as they come, resumed with the same numbers, spread over a Dask cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs import Task, run, seeds
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.engines.settings import Settings
from ra_bayes.planning.longitudinal.analyses import FollowUp, Scales
from ra_bayes.planning.longitudinal.conduct import remaining
from ra_bayes.planning.longitudinal.covariance import covariance
from ra_bayes.planning.longitudinal.trials import Rules
from ra_bayes.planning.rule import Criterion
from ra_bayes.planning.stopping import Stopping

__all__ = ["nuts_stopping", "sampled_trials"]

type Array = NDArray[np.float64]

# Trials of a task: some seconds' work.
_BATCH = 10
_DRAWS, _CHAINS = 500, 4


def nuts_stopping(
    looks: Sequence[int],
    follow_up: FollowUp,
    rules: Rules,
    analysis: LongitudinalAnalysis,
    truths: Mapping[str, Array],
    *,
    seed: int,
    settings: Settings,
) -> Stopping:
    """Return the probabilities of stopping under each truth, each trial sampled in full.

    Parameters
    ----------
    looks, follow_up, rules, analysis, truths
        As for :func:`~ra_bayes.planning.longitudinal.characteristics.simulated_stopping`.
    seed, settings
        The number of trials for each truth, where results are kept, and the cluster if there is one.

    Raises
    ------
    RaBayesError
        If a criterion is predictive, which this engine does not work out.
    """
    criteria = [each for rule in rules for part in rule for each in part]
    if any(each.basis == "predictive" for each in criteria):
        raise RaBayesError(
            "the engine nuts works out posterior criteria only; leave the predictive one out, or use the "
            "fast engine"
        )
    batches = [min(_BATCH, settings.trials - first) for first in range(0, settings.trials, _BATCH)]
    count = truths["effect"].size
    roots = seeds(seed, count * len(batches))
    shared = {
        "weeks": follow_up.weeks,
        "shape": follow_up.shape,
        "arm": follow_up.arm,
        "able": follow_up.able,
        "dropout": follow_up.dropout,
        "missed": follow_up.missed,
        "rules": [[[_plain(each) for each in part] for part in rule] for rule in rules],
        "effect_prior": analysis.effect,
        "scales": {name: list(numbers) for name, numbers in analysis.scales.items()},
    }
    tasks = [
        Task(
            f"truth{k}-batch{b}",
            {
                **shared,
                "truth": {name: float(truths[name][k]) for name in ("effect", *Scales._fields)},
                "trials": trials,
                "seed": roots[k * len(batches) + b],
            },
        )
        for k in range(count)
        for b, trials in enumerate(batches)
    ]
    done = run(
        sampled_trials,
        tasks,
        folder=settings.folder,
        scheduler=settings.scheduler,
        progress=settings.progress,
    )
    ended = np.stack(
        [
            np.concatenate([done[f"truth{k}-batch{b}"]["ended"] for b in range(len(batches))])
            for k in range(count)
        ]
    )
    share = ended.mean(axis=1)
    error = np.sqrt(share * (1.0 - share) / settings.trials)
    last = len(looks)
    engine = f"NUTS: {settings.trials:,} simulated trials a truth, each sampled ({_CHAINS} x {_DRAWS} draws)"
    return Stopping(
        np.asarray(looks, dtype=float),
        share[:, :last],
        share[:, last:],
        error[:, :last],
        error[:, last:],
        engine,
    )


def _plain(criterion: Criterion) -> tuple[str, float, float]:
    return criterion.direction, float(criterion.threshold), float(criterion.probability)


def sampled_trials(arguments: Mapping[str, Any]) -> dict[str, Array]:
    """Simulate a batch of trials, sample each at each of its looks, and return what they ended in.

    Parameters
    ----------
    arguments
        Plain data, made by :func:`nuts_stopping`.

    Returns
    -------
    dict
        ``ended``: success at each look, then futility at each look (trial, 2 looks), 0 or 1.
    """
    from ra_bayes.inference.nuts_trial import sample_trial

    rng = np.random.default_rng(arguments["seed"])
    able, arm, shape = arguments["able"], arguments["arm"], arguments["shape"]
    prior, scales = arguments["effect_prior"], _of_page(arguments["scales"])
    looks = len(able)
    ended = np.zeros((arguments["trials"], 2 * looks))
    for trial in range(arguments["trials"]):
        y = _simulated(arguments, rng)
        for look in range(looks):
            now = np.where(np.arange(shape.size) < able[look][:, None], y, np.nan)
            there = np.isfinite(now).any(axis=1)
            draws = sample_trial(
                now[there],
                arm[there],
                shape,
                scales,
                None if prior is None else (float(prior[0]), float(prior[1])),
                seed=int(rng.integers(2**31)),
                draws=_DRAWS,
                chains=_CHAINS,
            ).effect
            success, futility = arguments["rules"][look]
            if success and all(_share(draws, each) >= each[2] for each in success):
                ended[trial, look] = 1.0
                break
            if any(_share(draws, each) < each[2] for each in futility):
                ended[trial, looks + look] = 1.0
                break
    return {"ended": ended}


def _simulated(arguments: Mapping[str, Any], rng: np.random.Generator) -> Array:
    """Simulate one trial: (patient, visit), NaN where a patient has left or missed a visit."""
    truth, shape, arm = arguments["truth"], arguments["shape"], arguments["arm"]
    v = covariance(shape, *(np.array([truth[name]]) for name in Scales._fields))[0]
    y = rng.standard_normal((arm.size, shape.size)) @ np.linalg.cholesky(v).T
    # The mean course is free in the model: only the effect at the last visit matters.
    y += truth["effect"] * np.where(arm == 0, 1.0, 0.0)[:, None] * shape
    stay = remaining(arguments["weeks"], arguments["dropout"])
    had = (stay > rng.random((arm.size, 1))).sum(axis=-1)
    lost = np.arange(shape.size) >= had[:, None]
    missed = rng.random(y.shape) < arguments["missed"]
    missed[:, 0] = False
    y[lost | missed] = np.nan
    return np.asarray(y)


def _of_page(scales: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    return {
        "baseline_sd" if name == "level_sd" else name: (float(first), float(second))
        for name, (first, second) in scales.items()
    }


def _share(draws: Array, criterion: Sequence[Any]) -> float:
    direction, threshold, _ = criterion
    share = float((draws > threshold).mean())
    return share if direction == "above" else 1.0 - share
