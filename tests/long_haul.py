"""Random use of the command line in one results folder: python tests/long_haul.py --minutes 20 --seed 1.

Each step draws a command (sound or bad) and a condition: a signal at a random moment, a full or read-only
disk, no HOME, another locale, a closed pipe, a second process on the same folder. After each it is checked
that the command ended as promised and in plain words, that what was there before is still there, that all
in the folder is whole, and that nothing else is left behind. What was stopped is run again. It prints a
line a violation and a count; --from N goes on at step N of an earlier run's folder (--folder).

Linux. Mounts are made in a namespace of the process's own, where the machine permits it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from haul_checks import Snapshot, half_written, lost, snapshot, strays, wrong_end
from haul_commands import DONE, Command, Scene
from haul_commands import drawn as drawn_command
from haul_conditions import Condition, End, Running, mounting, told
from haul_conditions import drawn as drawn_condition

PLAIN = Condition("plain")
# Of a verb that has not been run yet, in seconds.
TYPICAL_S = 8.0


def played(scene: Scene, command: Command, condition: Condition) -> tuple[End, list[str]]:
    """Run one command under one condition; return its end and what is wrong."""
    before = snapshot(scene.out)
    end = Running(scene, command, condition).ended()
    return end, [*wrong_end(command, condition, end), *_left(scene, before, command, condition, end)]


def _left(scene: Scene, before: Snapshot, command: Command, condition: Condition, end: End) -> Iterator[str]:
    """Yield what is wrong with what a command left."""
    here = condition.left if condition.left is not None and command.out == scene.out else scene.out
    after = snapshot(here)
    yield from lost(before, after, command, end)
    yield from half_written(here, after)
    if end.code in DONE and command.out == scene.out:
        yield from (f"{each} was left behind" for each in strays(here))
    if end.code in (*DONE, 2) and (found := [each.name for each in (scene.root / "tmp").iterdir()]):
        yield f"{len(found)} left in TMPDIR: {', '.join(found[:5])}"
    for each in (scene.root / "tmp").iterdir():
        shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink()
    if found := [each.name for each in (scene.root / "cwd").iterdir()]:
        yield f"written into the working directory: {', '.join(found)}"


def played_twice(scene: Scene, first: Command, second: Command) -> list[tuple[Command, list[str]]]:
    """Run two commands at once on one folder; return what is wrong with each."""
    before = snapshot(scene.out)
    running = [(each, Running(scene, each, PLAIN)) for each in (first, second)]
    ends = [(command, one.ended()) for command, one in running]
    both = [(command, [*wrong_end(command, PLAIN, end)]) for command, end in ends]
    # Whichever of the two may have replaced what was there: a fit rather than a report, a report rather than
    # one that writes nothing.
    fits = [each for each in ends if each[0].verb in ("fit", "compare", "published", "plan")]
    writer = next(iter([*fits, *(each for each in ends if each[0].out == scene.out), ends[0]]))
    both[0][1].extend(_left(scene, before, writer[0], PLAIN, writer[1]))
    return both


def hauled(scene: Scene, seed: int, until: float, first: int, *, mounts: bool, verbose: bool) -> Counter[str]:
    """Play steps until the time is up; print each violation; return what was played."""
    seconds: dict[str, float] = {}
    counts: Counter[str] = Counter()
    step = first
    while time.monotonic() < until:
        dice = random.Random(f"{seed} {step}")
        for command, condition, end, wrong in _step(scene, dice, seconds, mounts=mounts, start=step == 0):
            counts["commands"] += 1
            counts[f"verb {command.verb}"] += 1
            counts[f"condition {condition.partition(' after')[0].partition(' of')[0]}"] += 1
            counts["violations"] += len(wrong)
            counts["with a violation"] += bool(wrong)
            if verbose:
                print(
                    f"  {step}: {end} {command.verb} [{condition}] load {os.getloadavg()[0]:.0f}", flush=True
                )
            for each in wrong:
                print(
                    f"seed {seed} step {step}: {each}\n    {told(command, Condition(condition))}", flush=True
                )
        step += 1
    counts["steps"] = step - first
    return counts


def _step(
    scene: Scene, dice: random.Random, seconds: dict[str, float], *, mounts: bool, start: bool
) -> Iterator[tuple[Command, str, str, list[str]]]:
    """Play one step; yield each command of it with its condition, its end and what is wrong."""
    command = drawn_command(scene, dice)
    if start:
        # Something to lose from the beginning.
        words = ("fit", str(scene.inputs / "cohort.csv"), "--model", "sdai", "--out", str(scene.out))
        command = Command(words, scene.out, DONE)
    condition = (
        PLAIN
        if start
        else drawn_condition(scene, command, dice, seconds.get(command.verb, TYPICAL_S), mounts=mounts)
    )
    if not start and dice.random() < 0.08:
        other = dice.choice((command, drawn_command(scene, dice, light=command.heavy)))
        for each, wrong in played_twice(scene, command, other):
            yield each, "two at once", "", wrong
        return
    end, wrong = played(scene, command, condition)
    yield command, condition.name, f"{end.code} in {end.seconds:.1f} s", wrong
    if not end.stopped and end.code in command.ends:
        seconds[command.verb] = 0.5 * (seconds.get(command.verb, end.seconds) + end.seconds)
    if end.stopped or condition.hinders:
        end, wrong = played(scene, command, PLAIN)
        yield command, f"again after {condition.name}", f"{end.code} in {end.seconds:.1f} s", wrong


def main() -> None:
    """Play, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first step")
    parser.add_argument("--folder", type=Path, help="play here, and keep it")
    parser.add_argument("--verbose", action="store_true", help="a line a command")
    arguments = parser.parse_args()
    root = (arguments.folder or Path(tempfile.mkdtemp(prefix="long-haul-"))).resolve()
    scene = Scene(root)
    scene.prepare()
    if not scene.cache.exists() and (warm := Path("~/.pytensor").expanduser()).is_dir():
        shutil.copytree(warm, scene.cache)
    mounts = mounting()
    if not mounts:
        print("this machine does not let us mount: no read-only folder and no full disk is played")
    began = time.monotonic()
    counts = hauled(
        scene,
        arguments.seed,
        began + 60 * arguments.minutes,
        arguments.first,
        mounts=mounts,
        verbose=arguments.verbose,
    )
    print(
        f"seed {arguments.seed}, {(time.monotonic() - began) / 60:.1f} minutes: {counts['steps']} steps, ",
        end="",
    )
    print(f"{counts['commands']} commands, {counts['with a violation']} with a violation")
    for kind in ("verb", "condition"):
        told_of = {
            each.partition(" ")[2]: n for each, n in sorted(counts.items()) if each.startswith(f"{kind} ")
        }
        print(f"  {kind}s: " + ", ".join(f"{name} {n}" for name, n in told_of.items()))
    if arguments.folder is None and not counts["violations"]:
        shutil.rmtree(root)
    else:
        print(f"the folder is kept: {root}")
    sys.exit(bool(counts["violations"]))


if __name__ == "__main__":
    main()
