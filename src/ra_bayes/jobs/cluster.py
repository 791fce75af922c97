"""Tasks on a Dask cluster: the tasks of a worker that dies go to the others.

Work and arguments travel as bytes that only a worker opens. The scheduler would otherwise import the work's
module, a model stack perhaps, and a worker that lacks the module would end in silence, not in an error.
"""

from __future__ import annotations

import functools
import pickle
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from importlib.metadata import PackageNotFoundError, version
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
        a worker or the scheduler lacks this version of the package, or a task brings every worker down.
    """
    with _connect(scheduler) as client:
        import cloudpickle

        _check_versions(client, scheduler)
        arguments = [pickle.dumps(task.arguments) for task in tasks]
        # Pure tasks of two runs with the same arguments would share their names, and so their fate.
        futures = client.map(_compute, arguments, work=cloudpickle.dumps(work), pure=False)
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for future in futures:
            future.add_done_callback(arrived.put)
        keys = {future.key: task.key for future, task in zip(futures, tasks, strict=True)}
        for _ in tasks:
            future = _next(arrived, client, scheduler)
            key = keys[future.key]
            result = _result(future, key, client, scheduler)
            # A worker holds its result for as long as the future is held here.
            future.release()
            yield key, result


def _compute(arguments: bytes, work: bytes) -> Result:
    return compute(_opened(work), pickle.loads(arguments))


@functools.cache
def _opened(work: bytes) -> Work:
    """Return the work, the same object for every task: what it keeps, it keeps."""
    opened: Work = pickle.loads(work)
    return opened


def _connect(scheduler: str) -> Any:
    """Return a client, to be closed by its ``with``."""
    try:
        from distributed import Client
    except ImportError:
        raise RaBayesError(
            f"scheduler {scheduler}: Dask is not installed here; pip install 'ra_bayes[cluster]'"
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


def _check_versions(client: Any, scheduler: str) -> None:
    """Wait for a worker, and see that each, and the scheduler, has this version of the package."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise _deserted(scheduler) from None
    ours = version("ra_bayes")
    found = client.run(version, "ra_bayes", on_error="return")
    try:
        found[scheduler] = client.run_on_scheduler(version, "ra_bayes")
    except PackageNotFoundError as missing:
        found[scheduler] = missing
    for where, theirs in found.items():
        if theirs != ours:
            has = "no ra_bayes" if isinstance(theirs, PackageNotFoundError) else f"ra_bayes {theirs}"
            raise RaBayesError(f"Dask at {where} has {has}; install {ours} there, as here")


def _next(arrived: queue.SimpleQueue[Any], client: Any, scheduler: str) -> Any:
    """Return the next future that is done."""
    while True:
        try:
            return arrived.get(timeout=_PATIENCE)
        except queue.Empty:
            _check_alive(client, scheduler)


def _result(future: Any, key: str, client: Any, scheduler: str) -> Result:
    """Return what a task came to; it is done again if its worker died before it told."""
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    while True:
        try:
            result: Result = future.result(timeout=_PATIENCE)
            return result
        except KilledWorker:
            raise RaBayesError(
                f"task {key!r} brought down every worker that tried it; give the workers more memory "
                "and run the same again"
            ) from None
        except (CancelledError, CommClosedError):
            raise _gone(scheduler) from None
        except TimeoutError:
            if future.status == "error":
                raise  # the work's own
            _check_alive(client, scheduler)


def _check_alive(client: Any, scheduler: str) -> None:
    """See that there is somebody to wait for."""
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
