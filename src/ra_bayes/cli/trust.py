"""``ra-bayes trust``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.options import json_option
from ra_bayes.cli.pseudonyms import pseudonymised_copy, pseudonyms_options
from ra_bayes.cli.terminal import say, steps
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.results import Result

__all__ = ["trust"]


@click.command(short_help="Tell how far the fits of a results folder can be believed.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, help="Only this fit. Repeatable.  [default: all]")
@click.option(
    "--seed", type=click.IntRange(min=0), help="Seed of every re-fit.  [default: the one of each fit]"
)
@pseudonyms_options
@json_option
def trust(
    folder: Path,
    models: Sequence[str],
    seed: int | None,
    pseudonymise: bool,
    key: Path | None,
    as_json: bool,
) -> None:
    """Ask of the fits in FOLDER what the prior, each patient, placebo and unseen visits would change.

    Each fit is sampled again some ten times. What is found is kept in FOLDER/MODEL/trust, for the report.
    """
    from ra_bayes.results import find_results, read_order, records, save_trust

    folder = pseudonymised_copy(folder, pseudonymise, key)
    fits = _asked(find_results(folder).fits, models, folder)
    failed = [name for name, each in fits.items() if not each.gate.passed]
    found = {}
    with steps("trust", 2 * (len(fits) - len(failed)) + 1) as step:
        step("importing PyMC")
        from ra_bayes.trust.assess import assess

        for name in read_order(fits):
            if name in failed:
                continue

            def begun(what: str, name: str = name) -> None:
                step(f"{name}, {what}")

            found[name] = assess(fits[name].tree, seed=seed, step=begun)
            save_trust(found[name], folder, name)
    if as_json:
        told = {
            name: {table: records(each) for table, each in one.tables.items()} for name, one in found.items()
        }
        say({"out": str(folder), "trust": told, "failed": failed})
    else:
        withheld = [f"withheld, the gate failed: {', '.join(failed)}"] if failed else []
        wrote = [f"wrote {folder / 'MODEL' / 'trust'}; page: ra-bayes report {folder}"] if found else []
        say("\n\n".join([*map(str, found.values()), *withheld, *wrote]))
    if failed:
        sys.exit(GATE_FAILED)


def _asked(fits: dict[str, Result], models: Sequence[str], folder: Path) -> dict[str, Result]:
    """Return the fits that are named, or all."""
    if not fits:
        raise RaBayesError(
            f"{folder}: no fit of patients' records in it; run ra-bayes fit FILE --out {folder} first"
        )
    unknown = [name for name in models if name not in fits]
    if unknown:
        raise RaBayesError(f"{folder}: no fit of {unknown[0]!r} in it; name one of {', '.join(fits)}")
    return {name: each for name, each in fits.items() if not models or name in models}
