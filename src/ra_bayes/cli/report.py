"""``ra-bayes report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.options import ci_option, json_option
from ra_bayes.cli.pseudonyms import pseudonymised_copy, pseudonyms_options
from ra_bayes.cli.terminal import cores, say, steps

if TYPE_CHECKING:
    from ra_bayes.report.write import Format

__all__ = ["report"]

_KEYS: dict[Format, str] = {"html": "page", "docx": "document"}


@click.command(short_help="Draw the figures and write the page of a results folder.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--published",
    type=click.Path(path_type=Path),
    help="A page of published counts (TOML) to set beside the fits: data/published/jamshidi2024.toml.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["html", "docx"]),
    multiple=True,
    default=("html",),
    show_default=True,
    help="html: index.html, one page; docx: report.docx, the same for Word. May be given twice.",
)
@pseudonyms_options
@ci_option
@json_option
def report(
    folder: Path,
    published: Path | None,
    formats: tuple[Format, ...],
    pseudonymise: bool,
    key: Path | None,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Draw the figures and write the report (index.html, report.docx) of what is in FOLDER."""
    from ra_bayes.published import read_publication
    from ra_bayes.report import write_report
    from ra_bayes.results import find_results, write_estimands

    folder = pseudonymised_copy(folder, pseudonymise, key)
    paper = read_publication(published) if published is not None else None
    found = find_results(folder, ci_prob=ci_prob)
    write_estimands(found, folder)
    with steps("report", len(found.every)) as step:
        written = write_report(
            found, folder, ci_prob=ci_prob, step=step, paper=paper, workers=cores(), formats=formats
        )
    failed = [name for name, each in found.every.items() if not each.gate.passed]
    warning = f"\nwithheld, the gate failed: {', '.join(failed)}" if failed else ""
    say(
        {_KEYS[form]: str(path) for form, path in written.items()}
        | {"models": list(found.fits), "published": list(found.counts), "failed": failed}
        if as_json
        else "\n".join(f"wrote {path}" for path in written.values()) + warning
    )
    if failed:
        sys.exit(GATE_FAILED)
