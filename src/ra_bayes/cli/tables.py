"""``ra-bayes tables``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.options import ci_option, json_option
from ra_bayes.cli.pseudonyms import pseudonymised_copy, pseudonyms_options
from ra_bayes.cli.terminal import say
from ra_bayes.errors import RaBayesError
from ra_bayes.numbers import how_many

__all__ = ["tables"]

# As tables.save.ENDINGS and tables.folder.TABLES have them, which a test compares: help imports neither.
FORMATS = ("html", "latex", "docx", "csv")
KINDS = (
    "baseline",
    "outcomes",
    "estimands",
    "patients",
    "diagnostics",
    "responders",
    "priors",
    "leave-one-out",
    "sensitivity",
    "characteristics",
)


@click.command(short_help="Write the tables of a results folder for a journal.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=("docx",),
    show_default=True,
    help="How to write them. Repeatable.",
)
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="Only this table. Repeatable.")
@click.option(
    "--model", "models", multiple=True, help="Only of this fit or plan. Repeatable.  [default: all]"
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to.  [default: FOLDER/tables]")
@pseudonyms_options
@ci_option
@json_option
def tables(
    folder: Path,
    formats: Sequence[str],
    only: Sequence[str],
    models: Sequence[str],
    out: Path | None,
    pseudonymise: bool,
    key: Path | None,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Write the tables of the fits and plans in FOLDER: for Word, LaTeX, a web page or as CSV."""
    from ra_bayes.results import Found, find_results, holds_fits, read_trust
    from ra_bayes.results.plans import stored_plans
    from ra_bayes.tables.folder import folder_tables
    from ra_bayes.tables.save import ENDINGS, save

    source = pseudonymised_copy(folder, pseudonymise, key)
    plans = stored_plans(source)
    # A folder of plans alone is as good as one of fits.
    found = find_results(source, ci_prob=ci_prob) if holds_fits(source) or not plans else Found({}, {})
    there = [*found.every, *plans]
    unknown = [name for name in models if name not in there]
    if unknown:
        raise RaBayesError(f"{folder}: nothing called {unknown[0]!r} in it; name one of {', '.join(there)}")
    if models:
        found, plans = found.only(models), {name: plans[name] for name in plans if name in models}
    trusted = {name: read_trust(source, name) for name in found.fits}
    target = out or source / "tables"
    written = [
        save(table, target / f"{table.name}{ENDINGS[each]}")
        for kind, table in folder_tables(found, trusted, ci_prob=ci_prob, plans=plans)
        if not only or kind in only
        for each in formats
    ]
    failed = [name for name, each in found.every.items() if not each.gate.passed]
    warning = f"\nwithheld, the gate failed: {', '.join(failed)}" if failed else ""
    say(
        {"out": str(target), "tables": [str(path) for path in written], "failed": failed}
        if as_json
        else f"wrote {how_many(len(written), 'file')} to {target}{warning}"
    )
    if failed:
        sys.exit(GATE_FAILED)
