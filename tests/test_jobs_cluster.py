"""Tasks on a Dask cluster of this machine: real processes, one of them killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jobs_work
import pytest
from jobs_work import done_in, draw, fail, tasks
from test_jobs import same_bits

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs import cluster, run

TESTS = Path(jobs_work.__file__).parent


def dask(kind: str, *options: str) -> subprocess.Popen[bytes]:
    """A scheduler or a worker; the process is the worker itself, nobody starts it anew."""
    search = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *options],
        env={**os.environ, "PYTHONPATH": search},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a scheduler on a free port, and its process."""
    file = tmp_path / "scheduler.json"
    process = dask(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-show", "--scheduler-file", str(file)
    )
    try:
        address = ""
        while not address:
            assert process.poll() is None, "the scheduler did not start"
            time.sleep(0.05)
            # It may be seen half written.
            text = file.read_text() if file.exists() else ""
            address = json.loads(text)["address"] if text.rstrip().endswith("}") else ""
        yield address, process
    finally:
        end(process)


@pytest.fixture
def workers(scheduler: tuple[str, subprocess.Popen[bytes]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers that have joined."""
    from distributed import Client

    address, _ = scheduler
    options = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny")
    two = [dask("worker", address, *options) for _ in range(2)]
    try:
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield two
    finally:
        for each in two:
            end(each)


def test_a_worker_killed_mid_run_changes_no_result(
    scheduler: tuple[str, Any], workers: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    first, second = workers
    many, log = tasks(40, tmp_path / "log", pause=0.05), tmp_path / "log"
    before: list[int] = []

    def kill(*_: float | None) -> None:
        if not before and {pid for pid, _ in done_in(log)} == {first.pid, second.pid}:
            end(first)
            before.append(len(done_in(log)))

    results = run(draw, many, folder=tmp_path / "kept", scheduler=scheduler[0], progress=kill)
    done = done_in(log)
    assert {pid for pid, _ in done[before[0] :]} == {second.pid}
    assert {seed for _, seed in done} == {task.arguments["seed"] for task in many}
    assert list(results) == [task.key for task in many]
    assert same_bits(results, run(draw, many))
    # What the cluster did is kept here, for a run without one.
    again = len(done_in(log))
    assert same_bits(results, run(draw, many, folder=tmp_path / "kept"))
    assert len(done_in(log)) == again
    # Work's own error comes back as it is.
    with pytest.raises(ZeroDivisionError, match="no such trial"):
        run(fail, many[:3], scheduler=scheduler[0])


def test_a_lost_cluster_ends_in_a_sentence_and_the_rest_is_done_elsewhere(
    scheduler: tuple[str, subprocess.Popen[bytes]], workers: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    many, log = tasks(30, tmp_path / "log", pause=0.05), tmp_path / "log"
    address, process = scheduler

    def kill(*told: float | None) -> None:
        if told[0] == 5:
            end(process)

    with pytest.raises(RaBayesError, match=f"^scheduler {address} went away; start it"):
        run(draw, many, folder=tmp_path / "kept", scheduler=address, progress=kill)
    for each in workers:
        end(each)
    assert len(list((tmp_path / "kept").iterdir())) >= 5
    before = len(done_in(log))
    resumed = run(draw, many, folder=tmp_path / "kept")
    assert len(done_in(log)) - before <= 25
    assert same_bits(resumed, run(draw, many))


def test_a_cluster_without_workers_is_not_waited_for_for_ever(
    scheduler: tuple[str, Any],
    workers: list[subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    many = tasks(30, tmp_path / "log", pause=0.05)

    def kill(*told: float | None) -> None:
        if told[0] == 5:
            for each in workers:
                end(each)

    # First they go, then they are gone.
    for progress in (kill, None):
        with pytest.raises(RaBayesError, match=r"has no worker .* `dask worker tcp://.* --nthreads 1`"):
            run(draw, many, scheduler=scheduler[0], progress=progress)


def test_a_worker_with_another_version_is_named(
    scheduler: tuple[str, Any], workers: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(workers) == 2
    real = cluster.version
    many = tasks(1, tmp_path / "log")

    def asked(name: str) -> str:
        return "99.0" if name == "ra_bayes" else real(name)

    # Sent to the workers by name: they answer with the version that they have.
    asked.__module__, asked.__qualname__ = real.__module__, real.__qualname__
    monkeypatch.setattr(cluster, "version", asked)
    monkeypatch.setattr(sys.modules[real.__module__], real.__qualname__, asked)
    with pytest.raises(RaBayesError, match=r"^Dask at tcp://\S+ has ra_bayes \S+; install 99\.0 there"):
        run(draw, many, scheduler=scheduler[0])
    assert done_in(tmp_path / "log") == []


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            "tcp://127.0.0.1:1",
            r"no answer within 0\.2 s; start one with `dask scheduler`, or mend the address",
        ),
        ("hello", "missing port number in address 'hello'; write e.g. tcp://127.0.0.1:8786"),
    ],
)
def test_a_scheduler_that_is_not_there_is_told(
    address: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_ANSWER", 0.2)
    with pytest.raises(RaBayesError, match=f"^scheduler {address}: {sentence}$"):
        run(draw, tasks(1, tmp_path / "log"), scheduler=address)


def test_a_scheduler_without_dask_installed_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    many = tasks(1, tmp_path / "log")
    with pytest.raises(RaBayesError, match=r"Dask is not installed here; pip install 'ra_bayes\[cluster\]'$"):
        run(draw, many, scheduler="tcp://127.0.0.1:8786")
    assert list(run(draw, many)) == ["trial 0"], "without a scheduler nobody needs it"
