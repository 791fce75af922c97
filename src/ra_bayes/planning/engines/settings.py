"""How engines that simulate go about it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs import Progress

__all__ = ["Point", "Settings"]

# A size, a probability, its Monte Carlo error, and the engine.
type Point = tuple[int, float, float, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """How engines that simulate go about it.

    Parameters
    ----------
    trials
        Simulated trials for each truth and size.
    engine
        ``"fast"``, or ``"nuts"``: the package's own PyMC model, sampled for every simulated trial
        (longitudinal only).
    folder
        Where results of ``"nuts"`` are kept as they come, to go on from after an interruption.
    scheduler
        Address of a Dask scheduler that spreads them over machines.
    progress
        Told how many tasks are done, of how many, and about how many seconds are left.
    """

    trials: int = 10_000
    engine: Literal["fast", "nuts"] = "fast"
    folder: str | PathLike[str] | None = None
    scheduler: str | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.trials < 2:
            raise RaBayesError(f"{self.trials} simulated trials tell nothing; ask for more, such as 10000")
