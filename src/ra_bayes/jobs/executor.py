"""Run many independent tasks, keep what is finished, and go on where an earlier run stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs import store
from ra_bayes.jobs.cluster import on_cluster
from ra_bayes.jobs.task import Result, Task, Work, compute

__all__ = ["Progress", "run"]

# Tasks done, tasks in all, and about how many seconds are left (None: not known yet).
type Progress = Callable[[int, int, float | None], None]


def run(
    work: Work,
    tasks: Sequence[Task],
    *,
    folder: str | PathLike[str] | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Result]:
    """Do the same work for many tasks, one after the other here or many at once on a Dask cluster.

    Each result rests on its task's arguments alone, so it does not matter where, in which order or in how
    many runs the tasks are done: on one installation NumPy work gives the same bits. What is dear to make and
    the same for many tasks (a compiled model) is made in `work`, behind ``functools.cache`` by small
    arguments: a process makes it once and keeps it.

    Parameters
    ----------
    work
        A function at the top level of a module, from a task's arguments to numbers and arrays by name.
    tasks
        What to do.
    folder
        Where each result is kept as it comes. A later run reads what it finds there of the same tasks and
        does the rest. Results of other arguments, another work or another version of this package are not
        taken for them. Keeping one costs some milliseconds, so let a task be worth that.
    scheduler
        Address of a Dask scheduler, ``"tcp://127.0.0.1:8786"``; needs ``pip install 'ra_bayes[cluster]'``.
        Start its workers with ``--nthreads 1``. The tasks of a worker that dies go to the others. Results are
        written by this process, since workers elsewhere may not see the folder.
    progress
        Is told, at the start and after each task, how many are done, of how many, and about how many seconds
        are left.

    Returns
    -------
    dict
        Results by key, in the order of the tasks; numbers have become arrays without dimensions.

    Raises
    ------
    RaBayesError
        If two tasks have one key, the folder cannot be read or written, Dask is not installed, or the
        cluster is lost.
    KeyboardInterrupt
        On Ctrl-C, with a sentence that says how to go on.

    Examples
    --------
    >>> import math
    >>> def circle(radius: float) -> dict[str, float]:
    ...     return {"area": math.pi * radius**2}
    >>> done = run(circle, [Task("small", 1.0), Task("large", 2.0)])
    >>> print({key: round(float(result["area"]), 2) for key, result in done.items()})
    {'small': 3.14, 'large': 12.57}
    """
    twice = [key for key, count in Counter(task.key for task in tasks).items() if count > 1]
    if twice:
        raise RaBayesError(f"two tasks are called {twice[0]!r}; give each a key of its own")
    places = {} if folder is None else store.places(Path(folder), work, tasks)
    done = {key: result for key, path in places.items() if (result := store.read(path)) is not None}
    pending = [task for task in tasks if task.key not in done]
    if pending and folder is not None:
        store.check_writable(Path(folder))
    tell = _clock(progress, len(done), len(tasks))
    try:
        with closing(_results(work, pending, scheduler)) as results:
            for key, result in results:
                if key in places:
                    store.write(places[key], result)
                done[key] = result
                tell(len(done))
    except KeyboardInterrupt:
        kept = "nothing is kept without a folder" if folder is None else f"they are kept in {folder}"
        raise KeyboardInterrupt(
            f"{len(done)} of {len(tasks)} tasks are done; {kept}; run the same again to "
            f"{'start anew' if folder is None else 'do the rest'}"
        ) from None
    return {task.key: done[task.key] for task in tasks}


def _results(work: Work, tasks: Sequence[Task], scheduler: str | None) -> Generator[tuple[str, Result]]:
    """Yield keys and results as they come."""
    if scheduler is not None and tasks:
        yield from on_cluster(work, tasks, scheduler)
        return
    for task in tasks:
        yield task.key, compute(work, task.arguments)


def _clock(progress: Progress | None, before: int, total: int) -> Callable[[int], None]:
    """Return what tells the progress; the time left goes by the tasks of this run alone."""
    began = time.monotonic()

    def tell(done: int) -> None:
        if progress is not None:
            fresh = done - before
            left = (time.monotonic() - began) / fresh * (total - done) if fresh else None
            progress(done, total, left)

    tell(before)
    return tell
