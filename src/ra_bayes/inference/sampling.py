"""Sampling with nutpie: attempt after attempt, each more careful, until one has no divergence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ra_bayes.errors import FitError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Attempt", "Sampled", "draws_of", "sample_in_attempts", "sample_once", "sample_stats"]


class Attempt[Way: str](NamedTuple):
    """One way of sampling; a careful analyst goes down the list until there are no divergences."""

    levels: Way
    target_accept: float
    tune: int

    def __str__(self) -> str:
        how = "patients integrated out" if self.levels == "integrated" else f"{self.levels} patient levels"
        return f"{how}, target acceptance {self.target_accept:g}, {self.tune} tuning"


class Sampled(NamedTuple):
    """The attempt with the fewest divergences, its raw draws, and what was tried, a line each."""

    attempt: Attempt[Any]
    trace: Any
    tried: list[str]

    def entry(self, draws: int, chains: int) -> dict[str, Any]:
        """Return how it was sampled, as a tree's provenance says it."""
        return {"sampler": "nutpie NUTS", "draws": draws, "chains": chains, **self.attempt._asdict()}


def sample_in_attempts[Way: str](
    attempts: Sequence[Attempt[Way]],
    ready: Callable[[Attempt[Way]], Any],
    *,
    seed: int,
    draws: int,
    chains: int,
    cores: int | None,
    progress: Callable[[float], None] | None,
    told: Callable[[Attempt[Way]], str] = str,
) -> Sampled:
    """Sample a model in one attempt after the other until there are no divergences.

    Parameters
    ----------
    attempts
        In order, at least one.
    ready
        Returns the compiled model of an attempt.
    seed, draws, chains, cores, progress
        As for :func:`~ra_bayes.fit`.
    told
        What to call an attempt in the provenance.

    Raises
    ------
    FitError
        If too few draws or chains are asked for, or the seed is none.
    """
    if draws < 100 or chains < 2:
        raise FitError(
            f"draws={draws}, chains={chains}: the gate needs at least 100 draws in at least 2 chains"
        )
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise FitError(f"seed={seed!r} is no seed; write a whole number from 0, such as 1")
    best: tuple[int, Attempt[Way], Any] | None = None
    tried: list[str] = []
    for attempt in attempts:
        trace = sample_once(ready(attempt), attempt, seed, draws, chains, cores, progress)
        diverging = int(trace["sample_stats"]["diverging"].sum())
        tried.append(f"{told(attempt)}: {diverging} divergence{'' if diverging == 1 else 's'}")
        if best is None or diverging < best[0]:
            best = diverging, attempt, trace
        if diverging == 0:
            break
    assert best is not None
    return Sampled(best[1], best[2], tried)


def sample_once(
    ready: Any,
    attempt: Attempt[Any],
    seed: int,
    draws: int,
    chains: int,
    cores: int | None,
    progress: Callable[[float], None] | None,
) -> Any:
    """Return nutpie's draws of a compiled model, tuning draws left out."""

    def report(states: list[Any]) -> None:
        total = sum(state.total_draws for state in states) or 1
        if progress is not None:
            progress(sum(state.finished_draws for state in states) / total)

    return draws_of(
        ready,
        draws=draws,
        tune=attempt.tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=attempt.target_accept,
        progress_callback=report if progress is not None else None,
    )


def draws_of(ready: Any, **options: Any) -> Any:
    """Return what nutpie's ``sample`` does of a compiled model, all of it or nothing, without tuning draws.

    Interrupted while it waits, nutpie returns what it has, however little, as if it were the posterior. Here
    the interrupt goes on, and the chains end.
    """
    import nutpie

    sampler = nutpie.sample(ready, save_warmup=False, progress_bar=False, blocking=False, **options)
    try:
        return sampler.wait()
    except BaseException:
        sampler.cancel()
        raise


def sample_stats(trace: Any) -> xr.Dataset:
    """Keep what diagnoses the sampler, under the names ArviZ looks for."""
    stats = trace["sample_stats"].to_dataset()
    kept = {"diverging": "diverging", "energy": "energy", "depth": "tree_depth", "n_steps": "n_steps"}
    kept |= {"step_size": "step_size", "mean_tree_accept": "acceptance_rate"}
    out: xr.Dataset = stats[list(kept)].rename(kept).drop_attrs()
    return out
