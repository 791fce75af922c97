"""A benchmark's run as it is stored: what was run, when, on what, what it cost and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results"


@dataclass(frozen=True)
class Run:
    """A run that ended well; seconds of the wall and of processors, its children's included; peak MB of the
    largest process.
    """

    name: str
    command: str
    date: str
    load_before: float
    wall_s: float
    processor_s: float
    peak_mb: float
    output: str


def run(name: str, script: str, arguments: list[str]) -> Run:
    """Run a script and return what came of it; what it prints to the error stream goes to the terminal.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    command = [sys.executable, str(REPOSITORY / "benchmarks" / script), *arguments]
    load = os.getloadavg()[0]
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, cwd=REPOSITORY)
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        out.seek(0)
        printed = out.read()
    # A file of data is told by its name: its place is this machine's.
    shown = [Path(each).name if Path(each).is_absolute() else each for each in arguments]
    return Run(
        name=name,
        command=" ".join(["python", f"benchmarks/{script}", *shown]),
        date=now,
        load_before=round(load, 1),
        wall_s=round(took, 1),
        processor_s=round(used.ru_utime + used.ru_stime, 1),
        peak_mb=round(used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)),
        output=printed.replace(str(REPOSITORY), ".").rstrip(),
    )


def store(made: Run) -> None:
    """Write a run to benchmarks/results/."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(asdict(made), indent=1, ensure_ascii=False) + "\n"
    (RESULTS / f"{made.name}.json").write_text(text, encoding="utf-8", newline="\n")


def stored(name: str) -> Run | None:
    """Return a stored run, or None."""
    file = RESULTS / f"{name}.json"
    return Run(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None
