"""Under what conditions the long haul runs a command: signals, full and read-only disks, odd environments."""

from __future__ import annotations

import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from haul_commands import Command, Scene

SOURCES = Path(__file__).resolve().parents[1] / "src"
PROGRAM = (sys.executable, "-m", "ra_bayes.cli")
PATIENCE_S = 420.0
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}
TOKEN = "RA_BAYES_LONG_HAUL"

# $1 the folder; then the command. Nothing of it outlives the process: it has mounts of its own.
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
# $1 the folder, $2 a copy of it as it was, $3 how it is left, $4 size; then the command.
_FULL = (
    'out=$1 left=$3; cp -a "$1/." "$2" && '
    'mount -t tmpfs -o size=$4k tmpfs "$1" && cp -a "$2/." "$1" || exit 99; '
    'shift 4; "$@"; rc=$?; cp -a "$out/." "$left"; exit $rc'
)


@dataclass(frozen=True)
class Condition:
    """A condition: what is changed of the environment and of the process, and when it is stopped."""

    name: str
    environment: dict[str, str | None] = field(default_factory=dict)
    before: Callable[[], object] | None = None
    wrapper: tuple[str, ...] = ()
    stop: signal.Signals | None = None
    after_s: float = 0.0
    stdout: str = "whole"
    # Where the folder lies afterwards, if not where it was.
    left: Path | None = None
    # Whether a sound command may be refused.
    hinders: bool = False


@dataclass(frozen=True)
class End:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    stopped: bool
    left_running: list[int]


def mounting() -> bool:
    """Say whether this machine lets us mount."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


def drawn(
    scene: Scene, command: Command, dice: random.Random, typical_s: float, *, mounts: bool
) -> Condition:
    """Draw a condition for a command that typically takes so long."""
    if dice.random() < 0.35:
        name = dice.choice(("SIGINT", "SIGTERM", "SIGKILL", "SIGKILL"))
        # Writing comes last, and is where something can be lost.
        share = dice.choice((dice.uniform(0.0, 1.0), dice.uniform(0.6, 1.05)))
        return stopped(name, share * typical_s)
    hindrances = ["small files", *(["read-only", "full"] if mounts else [])] if command.out else []
    return made(dice.choice([*ODD, *ODD, "plain", "plain", *hindrances * 3]), scene, command, dice)


def stopped(name: str, after_s: float) -> Condition:
    """Return the condition of being stopped by a signal after some seconds."""
    return Condition(f"{name} after {after_s:.2f} s", stop=SIGNALS[name], after_s=after_s)


def made(name: str, scene: Scene, command: Command, dice: random.Random) -> Condition:
    """Return a condition by its name."""
    if name in ODD:
        return ODD[name]
    if name == "plain" or command.out is None:
        return Condition("plain")
    if name == "small files":
        most = dice.choice((20_000, 60_000, 400_000))
        return Condition(
            f"no file above {most} bytes",
            # Python itself would leave its bytecode cut short, and could not import it again.
            {"PYTHONDONTWRITEBYTECODE": "1"},
            before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
            hinders=True,
        )
    command.out.mkdir(parents=True, exist_ok=True)
    if name == "read-only":
        return Condition(
            "read-only folder",
            wrapper=("unshare", "-m", "sh", "-c", _READ_ONLY, "sh", str(command.out)),
            hinders=True,
        )
    copy, left = scene.root / "full-before", scene.root / "full-left"
    for each in (copy, left):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir()
    used = sum(each.stat().st_size // 1024 + 8 for each in command.out.rglob("*"))
    size = used + dice.choice((40, 200, 800))
    words = ("unshare", "-m", "sh", "-c", _FULL, "sh", str(command.out), str(copy), str(left), str(size))
    return Condition(f"disk of {size} kB, {used} used", wrapper=words, left=left, hinders=True)


ODD: dict[str, Condition] = {
    each.name: each
    for each in (
        Condition("no HOME", {"HOME": None, "PYTENSOR_FLAGS": None}),
        Condition("HOME that is none", {"HOME": "/proc/none", "PYTENSOR_FLAGS": None}, hinders=True),
        Condition("LC_ALL=C", {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        Condition("Turkish", {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"}),
        Condition("Latin-1 output", {"PYTHONIOENCODING": "latin-1"}),
        Condition("Kiritimati", {"TZ": "Pacific/Kiritimati"}),
        Condition("narrow", {"COLUMNS": "40"}),
        Condition("no stdin", before=lambda: os.close(0)),
        Condition("stdout to head -1", stdout="head"),
        Condition("stdout to /dev/full", stdout="full", hinders=True),
        Condition("stdout closed", before=lambda: os.close(1), stdout="closed"),
    )
}


class Running:
    """A command under way, under a condition, in a session of its own."""

    def __init__(self, scene: Scene, command: Command, condition: Condition) -> None:
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith(("LC_", "PYTHON"))
        }
        # Two may run at once, and each is asked for what it left itself.
        self._mark = f"{TOKEN}={uuid.uuid4()}"
        environment |= {
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PYTENSOR_FLAGS": f"base_compiledir={scene.cache}",
            "PYTHONPATH": str(SOURCES),
        }
        environment |= {"TMPDIR": str(scene.root / "tmp"), TOKEN: self._mark.partition("=")[2]}
        for name, text in condition.environment.items():
            environment.pop(name, None)
            if text is not None:
                environment[name] = text
        self._condition = condition
        self._stdout, self._stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        streams = {"head": subprocess.PIPE, "full": os.open("/dev/full", os.O_WRONLY)}
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [*condition.wrapper, *PROGRAM, *command.arguments],
            cwd=scene.root / "cwd",
            env=environment,
            stdout=streams.get(condition.stdout, self._stdout),
            stderr=self._stderr,
            stdin=subprocess.DEVNULL,
            preexec_fn=condition.before,
            start_new_session=True,
        )
        os.close(streams["full"])

    def ended(self) -> End:
        """Wait for its end, stopping it when that is asked for; tell how it ended."""
        process, condition = self._process, self._condition
        if process.stdout is not None:
            self._stdout.write(process.stdout.readline())
            process.stdout.close()
        stopped = False
        patience = condition.after_s if condition.stop is not None else PATIENCE_S
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            stopped = condition.stop is not None
            self._signal(condition.stop or signal.SIGKILL)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                stopped = False
        seconds = time.monotonic() - self._began
        texts = []
        for stream in (self._stdout, self._stderr):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", errors="replace"))
            stream.close()
        return End(process.returncode, texts[0], texts[1], seconds, stopped, left_running(self._mark))

    def _signal(self, number: signal.Signals) -> None:
        # Ctrl-C in a terminal reaches every process of the group; the others are sent to one.
        if number == signal.SIGINT:
            os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)


def left_running(mark: str, wait_s: float = 10.0) -> list[int]:
    """Return processes with a mark in their environment that are there after a while, and end them."""
    until = time.monotonic() + wait_s
    while found := [pid for pid in _own() if mark.encode() in _environment(pid)]:
        if time.monotonic() > until:
            for pid in found:
                os.kill(pid, signal.SIGKILL)
            return found
        time.sleep(0.2)
    return []


def _own() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def told(command: Command, condition: Condition) -> str:
    """Return the command and its condition, to be repeated by hand."""
    return f"ra-bayes {shlex.join(command.arguments)}   [{condition.name}]"
