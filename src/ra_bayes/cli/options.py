"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ra_bayes.cohort.mapping import LAYOUTS
from ra_bayes.errors import RaBayesError

__all__ = ["ci_option", "json_option", "reading_options", "refuse_without_table", "seed_option"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of every random number."
)
ci_option = click.option(
    "--ci-prob",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.90,
    show_default=True,
    help="Probability of the equal-tailed credible intervals.",
)


def reading_options[F: Callable[..., Any]](command: F) -> F:
    """Add the options that say how a table is read: ``sheet``, ``layout`` and ``mapping``."""
    options = (
        click.option("--sheet", help="The sheet of a workbook, or the dataset of a file with several."),
        click.option("--layout", type=click.Choice([*LAYOUTS]), help="The table's layout, where two fit it."),
        click.option(
            "--mapping",
            type=click.Path(path_type=Path),
            help="A page of TOML that says what its columns, visits and codes mean (docs/data.md).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def refuse_without_table(
    cohort: Path | None, sheet: str | None, layout: str | None, mapping: Path | None
) -> None:
    """Refuse options that say how a table is read where ``--cohort`` gives none."""
    if cohort is None and (sheet or layout or mapping):
        raise RaBayesError("--sheet, --layout and --mapping say how --cohort is read; give --cohort too")
