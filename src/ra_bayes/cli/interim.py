"""``ra-bayes interim``."""

from __future__ import annotations

from pathlib import Path

import click

from ra_bayes.cli.options import json_option, reading_options, seed_option
from ra_bayes.cli.terminal import say

__all__ = ["interim"]


@click.command(short_help="What a design's rule says of the data so far.")
@click.argument("design")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--treated", default="treated", show_default=True, help="What FILE calls the treated arm.")
@click.option("--control", default="control", show_default=True, help="What FILE calls the control arm.")
@reading_options
@seed_option
@json_option
def interim(
    design: str,
    file: Path,
    treated: str,
    control: str,
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Ask the rule of DESIGN (a shipped design's name or a TOML file) about the data so far.

    FILE is a table as for ra-bayes check; two arms need a column arm.
    """
    from ra_bayes.cohort import read_cohort
    from ra_bayes.planning.design_reader import load_design
    from ra_bayes.planning.interim import interim as look

    page = load_design(design)
    cohort = read_cohort(file, sheet=sheet, layout=layout, mapping=mapping)
    found = look(page, cohort, seed=seed, arms={"treated": treated, "control": control})
    say(found.as_dict() if as_json else str(found))
