"""``ra-bayes demo``."""

from __future__ import annotations

from pathlib import Path

import click

from ra_bayes.cli.fitting import fit_all, read, shipped_for, tell
from ra_bayes.cli.options import json_option, seed_option
from ra_bayes.cli.terminal import cores, steps

__all__ = ["demo"]


@click.command(short_help="The whole journey on the shipped synthetic cohort.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="Folder."
)
@seed_option
@json_option
def demo(out: Path, seed: int, as_json: bool) -> None:
    """Run the whole journey on the shipped synthetic cohort: read, fit every model, report."""
    from ra_bayes.published import read_publication
    from ra_bayes.report import write_report
    from ra_bayes.resources import data_dir
    from ra_bayes.results import Found

    cohort = read(data_dir() / "synthetic_cohort.csv", [])
    paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    results = fit_all(shipped_for(cohort), cohort, out, seed=seed)
    with steps("report", len(results)) as step:
        write_report(Found(results, {}), out, step=step, paper=paper, workers=cores())
    tell(results, out, as_json=as_json)
