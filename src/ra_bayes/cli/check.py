"""``ra-bayes check``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ra_bayes.cli.fitting import load_all, read
from ra_bayes.cli.options import json_option
from ra_bayes.cli.terminal import say

__all__ = ["check"]


@click.command(short_help="Read a table and say what is in it and what is wrong with it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, help="A model page whose own outcome FILE holds.")
@json_option
def check(file: Path, models: Sequence[str], as_json: bool) -> None:
    """Read FILE (a long table, CSV) and say what is in it and what is wrong with it."""
    from ra_bayes.cohort import overview, overview_text

    cohort = read(file, load_all(models) if models else [])
    say(overview(cohort) if as_json else overview_text(cohort))
