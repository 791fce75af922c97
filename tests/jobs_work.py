"""Work that tests of jobs do, at the top level of a module so that other processes find it by name."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ra_bayes.jobs import Task, run, seeds


def tasks(count: int, log: Path, *, sd: float = 1.0, size: int = 5, pause: float = 0.0) -> list[Task]:
    """Seeded tasks that note in `log` that they were done, and by which process."""
    return [
        Task(f"trial {place}", {"seed": seed, "sd": sd, "size": size, "pause": pause, "log": str(log)})
        for place, seed in enumerate(seeds(7, count))
    ]


def draw(arguments: dict[str, Any]) -> dict[str, Any]:
    """Numbers that rest on the arguments alone."""
    time.sleep(arguments["pause"])
    drawn = np.random.default_rng(arguments["seed"]).normal(0.0, arguments["sd"], arguments["size"])
    # One short write at a file's end is whole, whoever else writes.
    with Path(arguments["log"]).open("a") as log:
        log.write(f"{os.getpid()} {arguments['seed']}\n")
    return {"drawn": drawn, "mean": float(drawn.mean()), "positive": int((drawn > 0).sum())}


def draw_twice(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: 2 * value for name, value in draw(arguments).items()}


def invert(arguments: dict[str, Any]) -> dict[str, Any]:
    """Linear algebra large enough for a BLAS to share it among threads."""
    matrix = np.random.default_rng(arguments["seed"]).normal(size=(200, 200))
    return {"inverse": np.linalg.inv(matrix @ matrix.T)}


def fail(arguments: dict[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError(f"no such trial: {arguments['seed']}")


def done_in(log: Path) -> list[tuple[int, int]]:
    """The process and the seed of each task done, in order."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(pid), int(seed)) for pid, seed in map(str.split, lines)]


def main(folder: str, log: str, count: str, pause: str, largest: str) -> None:
    """Run tasks in a process of its own; no file of it may grow beyond `largest` bytes."""
    if int(largest):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
    many = tasks(int(count), Path(log), pause=float(pause))
    if int(largest):
        many[-1].arguments["size"] = int(largest)
    run(draw, many, folder=folder)


if __name__ == "__main__":
    import jobs_work  # by its own name, as the tests know it

    jobs_work.main(*sys.argv[1:])
