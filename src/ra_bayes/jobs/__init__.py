"""Many independent, seeded tasks: here or on a Dask cluster, resumable, the same numbers either way."""

from __future__ import annotations

from ra_bayes.jobs.executor import Progress, run
from ra_bayes.jobs.seeding import seeds
from ra_bayes.jobs.task import Result, Task

__all__ = ["Progress", "Result", "Task", "run", "seeds"]
