"""What a fit costs once its structure is compiled, beside PyMC's own way: python benchmarks/refit.py.

Same page, same records, same draws, tuning, chains and target acceptance for all. Times are taken inside the
process; nothing is asserted.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import itertools
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conditions import conditions

import ra_bayes as rb

DRAWS, TUNE, CHAINS = 1000, 1000, 4


def main() -> None:
    """Time, then print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="sdai", help="a shipped model (default: sdai)")
    parser.add_argument("--repeat", type=int, default=5, help="re-fits (default: 5)")
    parser.add_argument("--peer-repeat", type=int, default=2, help="fits by each peer (default: 2)")
    arguments = parser.parse_args()

    cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    spec = rb.load_model(arguments.model)
    others = [name for name in rb.list_models() if rb.load_model(name).shape == spec.shape]

    began = time.perf_counter()
    import pymc as pm

    from ra_bayes.inference import sampling as inference
    from ra_bayes.inference.compile import compile_model
    from ra_bayes.inference.fit import _ATTEMPTS
    from ra_bayes.inference.machine_code import keep, revived
    from ra_bayes.model.build import build
    from ra_bayes.model.records import grid

    rows: list[tuple[str, list[float]]] = [("imports, PyMC's above all", [time.perf_counter() - began])]
    first = _ATTEMPTS[0]
    records = grid(spec, cohort)
    began = time.perf_counter()
    ready = compile_model(build(spec, records, first.levels, packed=True))
    rows.append(("compiling the structure anew", [time.perf_counter() - began]))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "kept.npz")
        keep(place, ready)
        took = timed(lambda: revived(place, build(spec, records, first.levels, packed=True), {}), 3)
    rows.append(("its machine code found, as later", took))

    # rb.fit calls it through the module, so the part that is sampling can be timed inside it.
    sampling: list[float] = []
    plain = inference.draws_of

    def timed_sample(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        trace = plain(*args, **kwargs)
        sampling.append(time.perf_counter() - began)
        return trace

    inference.draws_of = timed_sample
    seeds = iter(range(10_000))
    rb.fit(spec, cohort, seed=next(seeds))  # The first one sets up threads and imports.
    sampling.clear()
    whole = timed(lambda: rb.fit(spec, cohort, seed=next(seeds)), arguments.repeat)
    # More calls than fits: a fit had divergences and was tried again.
    rows += [("re-fit, all of rb.fit", whole), ("  of which sampling", sampling.copy())]
    turn = itertools.cycle(others)
    whole = timed(lambda: rb.fit(rb.load_model(next(turn)), cohort, seed=next(seeds)), arguments.repeat)
    rows.append(("another outcome, all of rb.fit", whole))
    inference.draws_of = plain

    def peer(sampler: str) -> None:
        # pm.sample compiles at every call; new records are given here as a new model, as a script would.
        with quiet(), build(spec, records, first.levels):
            pm.sample(
                draws=DRAWS,
                tune=TUNE,
                chains=CHAINS,
                random_seed=next(seeds),
                target_accept=first.target_accept,
                nuts_sampler=sampler,
                progressbar=False,
                compute_convergence_checks=False,
            )

    for sampler in ("nutpie", "pymc"):
        took = timed(functools.partial(peer, sampler), arguments.peer_repeat)
        rows.append((f"pm.sample, {sampler}, compiles anew", took))

    table(rows, base="re-fit, all of rb.fit")
    print(f"\n{spec.name}, {len(records.patients)} patients x {records.weeks.size} visits;", end=" ")
    print(f"{CHAINS} x {DRAWS} draws after {TUNE}, target acceptance {first.target_accept:g}")
    print(conditions())


def timed(run: Callable[[], object], repeat: int) -> list[float]:
    """Return the seconds that each of several runs took."""
    took = []
    for _ in range(repeat):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return took


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep a peer's messages out of the table."""
    logging.getLogger("pymc").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def table(rows: list[tuple[str, list[float]]], base: str) -> None:
    """Print medians, ranges and ratios to one of the rows."""
    unit = statistics.median(dict(rows)[base])
    print(f"{'':<34}{'median s':>9}{'least':>8}{'most':>8}{'runs':>6}{'ratio':>8}")
    for name, took in rows:
        middle = statistics.median(took)
        print(f"{name:<34}{middle:9.2f}{min(took):8.2f}{max(took):8.2f}{len(took):6d}{middle / unit:8.1f}")


if __name__ == "__main__":
    main()
