"""What starting costs: ra-bayes --help and check, beside import pymc: python benchmarks/startup.py.

Each command runs in a fresh process, in turn with the others. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from conditions import conditions

import ra_bayes as rb

CALL = "from ra_bayes.cli import main; main()"


def main() -> None:
    """Time, then print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9, help="rounds (default: 9)")
    repeat = parser.parse_args().repeat

    table = str(rb.data_dir() / "synthetic_cohort.csv")
    commands = {
        "python -c 'import pymc'": [sys.executable, "-c", "import pymc"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "ra-bayes --help": [sys.executable, "-c", CALL, "--help"],
        "ra-bayes check (6 patients)": [sys.executable, "-c", CALL, "check", table],
        "ra-bayes models": [sys.executable, "-c", CALL, "models"],
    }
    for command in commands.values():
        run(command)  # Fills the caches of files and bytecode.
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            took[name].append(run(command))
    peer = statistics.median(took["python -c 'import pymc'"])
    print(f"{'':<30}{'median s':>9}{'least':>8}{'most':>8}{'of import pymc':>16}")
    for name, times in took.items():
        middle = statistics.median(times)
        print(f"{name:<30}{middle:9.3f}{min(times):8.3f}{max(times):8.3f}{middle / peer:16.2f}")
    print(f"\n{repeat} rounds, fresh process each, warm file cache")
    print(conditions())


def run(command: list[str]) -> float:
    """Return the wall seconds of one command."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
