"""Tasks on a Dask cluster: the tasks of a worker that dies go to the others."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from functools import partial
from importlib.metadata import version
from typing import Any

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs.task import Result, Task, Work, compute

__all__ = ["on_cluster"]

# Seconds to wait for the scheduler's answer, and for a worker while there is none.
_ANSWER, _PATIENCE = 10.0, 60.0


def on_cluster(work: Work, tasks: Sequence[Task], scheduler: str) -> Iterator[tuple[str, Result]]:
    """Yield keys and results as the workers of a Dask scheduler finish them.

    Raises
    ------
    RaBayesError
        If Dask is not installed, the scheduler does not answer or goes away, no worker is there or left,
        a worker lacks this version of the package, or a task brings every worker down.
    """
    with _connect(scheduler) as client:
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        _check_workers(client, scheduler)
        arguments = [task.arguments for task in tasks]
        # Pure tasks of two runs with the same arguments would share their names, and so their fate.
        futures = client.map(partial(compute, work), arguments, pure=False)
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for future in futures:
            future.add_done_callback(arrived.put)
        keys = {future.key: task.key for future, task in zip(futures, tasks, strict=True)}
        for _ in tasks:
            future = _next(arrived, client, scheduler)
            key = keys[future.key]
            try:
                result = future.result()
            except KilledWorker:
                raise RaBayesError(
                    f"task {key!r} brought down every worker that tried it; give the workers more memory "
                    "and run the same again"
                ) from None
            except (CancelledError, CommClosedError):
                raise _gone(scheduler) from None
            # A worker holds its result for as long as the future is held here.
            future.release()
            yield key, result


def _connect(scheduler: str) -> Any:
    """Return a client, to be closed by its ``with``."""
    try:
        from distributed import Client
    except ImportError:
        raise RaBayesError(
            f"scheduler {scheduler}: Dask is not installed here; pip install ra_bayes[cluster]"
        ) from None
    try:
        return Client(scheduler, timeout=_ANSWER, set_as_default=False)
    except ValueError as error:
        raise RaBayesError(f"scheduler {scheduler}: {error}; write e.g. tcp://127.0.0.1:8786") from None
    except OSError:
        raise RaBayesError(
            f"scheduler {scheduler}: no answer within {_ANSWER:g} s; start one with `dask scheduler`, "
            "or mend the address"
        ) from None


def _check_workers(client: Any, scheduler: str) -> None:
    """Wait for a worker, and see that each has this version: a worker without the package just ends."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise _deserted(scheduler) from None
    ours = version("ra_bayes")
    for worker, theirs in client.run(version, "ra_bayes", on_error="return").items():
        if theirs != ours:
            has = "no ra_bayes" if isinstance(theirs, Exception) else f"ra_bayes {theirs}"
            raise RaBayesError(f"worker {worker} has {has}; install {ours} there, as here")


def _next(arrived: queue.SimpleQueue[Any], client: Any, scheduler: str) -> Any:
    """Return the next future that is done, for as long as there is anybody to do it."""
    while True:
        try:
            return arrived.get(timeout=_PATIENCE)
        except queue.Empty:
            if client.status != "running":
                raise _gone(scheduler) from None
            if not client.nthreads():
                raise _deserted(scheduler) from None


def _gone(scheduler: str) -> RaBayesError:
    return RaBayesError(f"scheduler {scheduler} went away; start it and its workers, and run the same again")


def _deserted(scheduler: str) -> RaBayesError:
    return RaBayesError(
        f"scheduler {scheduler} has no worker and waited {_PATIENCE:g} s for one; start one with "
        f"`dask worker {scheduler} --nthreads 1` and run the same again"
    )
