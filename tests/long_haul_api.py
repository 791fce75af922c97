"""Random use of the package in one process, as in a notebook: python tests/long_haul_api.py --minutes 20.

Each step calls something public, on sound input or on bad, and every third call is interrupted at a random
moment, as by Ctrl-C; then the session goes on. It is checked that nothing but an error of ours leaves a call,
that the same call gives the same answer whatever was interrupted before it, that a saved tree is whole, and
that numpy's random state, the warnings, matplotlib's settings and figures, the environment and the working
folder are as they were. It prints a line a violation, a count, and the memory held.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from haul_commands import BAD_TEXTS

import ra_bayes as rb

FILE = rb.data_dir() / "synthetic_cohort.csv"
PAPER = rb.data_dir() / "published" / "jamshidi2024.toml"
MODELS = ("sdai", "vas", "il10", "acr20")


class Session:
    """What a session has at hand: a cohort, a fit that changes, a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cohort = rb.read_cohort(FILE)
        self.tree = rb.fit(rb.load_model("sdai"), self.cohort, seed=1, draws=200, chains=2)

    def fit(self, dice: random.Random) -> Any:
        """Fit a model; keep the tree for what comes after."""
        model = rb.load_model(dice.choice(MODELS))
        self.tree = rb.fit(model, self.cohort, seed=dice.randrange(2), draws=200, chains=2)
        return self.tree["posterior"].to_dataset()

    def joint(self, dice: random.Random) -> Any:
        """Fit two outcomes together."""
        page = rb.load_joint_model("records")
        tree = rb.fit_joint(page, self.cohort, ("vas", "sdai"), seed=dice.randrange(2), draws=100, chains=2)
        return rb.estimands(tree)

    def read(self, dice: random.Random) -> Any:
        """Read a table: a file, a frame, or one of the bad ones."""
        kind = dice.choice(("file", "frame", "bad", "holes"))
        if kind == "file":
            return rb.read_cohort(FILE).to_dataframe()
        if kind == "bad":
            place = self.folder / "clinic.csv"
            place.write_text(dice.choice(BAD_TEXTS)["content"], encoding="utf-8", newline="")
            return rb.read_cohort(place).to_dataframe()
        frame = pd.read_csv(FILE)
        if kind == "holes":
            row, column = dice.randrange(len(frame)), dice.choice(list(frame.columns))
            frame = frame.astype(object)
            frame.loc[row, column] = dice.choice(["", None, "n/a", -1, "<", "1e999", "Σ"])
        return rb.read_cohort(frame).to_dataframe()

    def tell(self, dice: random.Random) -> Any:
        """Tell what a fit says."""
        told: list[Callable[[Any], Any]] = [rb.estimands, rb.diagnose, rb.responders, rb.predictive_checks]
        return dice.choice(told)(self.tree)

    def trust(self, dice: random.Random) -> Any:
        """Ask what an estimate stands on."""
        asked: list[Callable[[Any], Any]] = [rb.leave_one_out, rb.sensitivity, rb.missing_not_at_random]
        return repr(dice.choice(asked)(self.tree))

    def draw(self, dice: random.Random) -> Any:
        """Draw a figure into a file."""
        figure = dice.choice((rb.figures.forest, rb.figures.trajectories, rb.figures.waterfall))(self.tree)
        place = self.folder / dice.choice(("a", "b"))
        return [path.suffix for path in rb.figures.save(figure, place)]

    def keep(self, _: random.Random) -> Any:
        """Save a fit over the last one and read it again."""
        place = self.folder / "kept.nc"
        rb.save(self.tree, place)
        return rb.load(place)["posterior"].to_dataset()

    def plan(self, dice: random.Random) -> Any:
        """Plan: exact designs and a simulated one."""
        if dice.random() < 0.5:
            return repr(rb.simon(0.1, dice.choice((0.3, 0.35)), 0.05, 0.8))
        return rb.operating_characteristics(rb.load_design("acr20_one_arm"), seed=1)

    def published(self, dice: random.Random) -> Any:
        """Condition on a paper's counts."""
        return rb.estimands(rb.condition(PAPER, dice.choice(("wide", "sceptical")), seed=1, draws=200))


CALLS: dict[str, float] = {
    "fit": 4,
    "joint": 1,
    "read": 4,
    "tell": 4,
    "trust": 1,
    "draw": 3,
    "keep": 3,
    "plan": 2,
    "published": 1,
}


def main() -> None:
    """Play until the time is up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    until = time.monotonic() + 60 * asked.minutes
    with tempfile.TemporaryDirectory() as folder:
        counts = played(Session(Path(folder)), asked.seed, until)
    for what, count in sorted(counts.items()):
        print(f"{what:28}{count:6d}")
    sys.exit(counts["violations"] > 0)


def played(session: Session, seed: int, until: float) -> Counter[str]:
    """Play steps until the time is up; print each violation; return what was played."""
    counts: Counter[str] = Counter()
    answers: dict[str, str] = {}
    takes: dict[str, float] = {}
    step = 0
    while time.monotonic() < until:
        dice = random.Random(f"{seed} {step}")
        (name,) = dice.choices([*CALLS], [*CALLS.values()])
        after = takes.get(name, 1.0) * dice.uniform(0.0, 1.1) if dice.random() < 1 / 3 else None
        # Whoever was interrupted asks the same again.
        tree, wanted, own = session.tree, f"{seed} {step} {name}", random.Random(f"{seed} {step % 40} {name}")
        before, state = surroundings(), own.getstate()
        for attempt in ("interrupted", "whole"):
            if attempt == "interrupted" and after is None:
                continue
            own.setstate(state)
            session.tree = tree
            began = time.monotonic()
            wrong, answer = called(session, name, own, after if attempt == "interrupted" else None)
            counts[f"{name}, {attempt}"] += 1
            if answer is not None:
                takes[name] = time.monotonic() - began
                key = f"{name} {step % 40} {printed(tree['posterior'].to_dataset())}"
                if answers.setdefault(key, answer) != answer:
                    wrong.append("another answer than before")
            wrong += sorted(surroundings() ^ before)
            for each in wrong:
                counts["violations"] += 1
                print(f"{wanted}, {attempt}, stopped after {after}: {each}", flush=True)
        step += 1
        if step % 50 == 0:
            print(f"{step} steps, {resident():.0f} MB", flush=True)
    return counts


def called(
    session: Session, name: str, dice: random.Random, after: float | None
) -> tuple[list[str], str | None]:
    """Call one thing; return what is wrong, and a print of its answer if it came to one."""
    try:
        with interrupted(after), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = getattr(session, name)(dice)
        wrong = [f"a warning: {each.message}" for each in said if "ra_bayes" in each.filename]
        return wrong, printed(found)
    except KeyboardInterrupt:
        return ([] if after is not None else ["an interrupt that came late"]), None
    except rb.RaBayesError as error:
        return [], str(error)
    except BaseException:
        return [traceback.format_exc()[-1500:]], None


@contextmanager
def interrupted(after: float | None) -> Iterator[None]:
    """Interrupt the block after some seconds, as Ctrl-C does."""
    if after is not None:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, max(after, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def surroundings() -> set[str]:
    """Return what belongs to the user, as texts that can be compared."""
    import matplotlib.pyplot as plt

    random_state = np.random.get_state()[1]  # noqa: NPY002
    return {
        f"numpy's random state {hashlib.sha256(np.asarray(random_state).tobytes()).hexdigest()[:8]}",
        f"matplotlib's settings {hash(str(sorted(mpl.rcParams.items())))}",
        f"open figures {plt.get_fignums()}",
        f"warnings {hash(str(warnings.filters))}",
        f"folder {Path.cwd()}",
        f"environment {hash(str(sorted(os.environ.items())))}",
        f"numpy's errors {np.geterr()}",
    }


def printed(found: Any) -> str:
    """Return a print of an answer: the same for the same answer only."""
    if hasattr(found, "data_vars"):
        content = b"".join(found[name].values.tobytes() for name in sorted(found.data_vars))
    elif isinstance(found, pd.DataFrame):
        content = found.to_csv().encode()
    else:
        content = repr(found).encode()
    return hashlib.sha256(content).hexdigest()


def resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
