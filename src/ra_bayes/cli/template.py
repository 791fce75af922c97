"""``ra-bayes template``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ra_bayes.cli.terminal import say
from ra_bayes.errors import RaBayesError

__all__ = ["template"]


@click.command(short_help="Write an empty sheet that a clinic can fill.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write: .xlsx, or .csv with notes."
)
@click.option("--outcome", "outcomes", multiple=True, help="An outcome to have a column for. Repeatable.")
@click.option("--weeks", default="0,4,8,12,24", show_default=True, help="Planned weeks, baseline is 0.")
@click.option("--patients", type=int, default=6, show_default=True, help="How many patients.")
@click.option(
    "--format",
    "as_format",
    type=click.Choice(["csv", "xlsx"]),
    help="Told by the ending of --out, unless it has none.",
)
def template(out: Path, outcomes: Sequence[str], weeks: str, patients: int, as_format: str | None) -> None:
    """Write an empty sheet, a row per patient and visit, that `ra-bayes check` reads once it is filled."""
    from ra_bayes.cohort.template import CORE, write_template
    from ra_bayes.cohort.template import template as make

    if as_format is not None and out.suffix.lower() != f".{as_format}":
        if out.suffix:
            raise RaBayesError(f"{out}: the ending is not .{as_format}; leave --format out, or the ending")
        out = out.with_suffix(f".{as_format}")
    sheet = make(outcomes or CORE, weeks=_weeks(weeks), patients=patients)
    written = write_template(sheet, out)
    lines = [f"wrote {' and '.join(map(str, written))}", ""]
    lines += [f"  {name}: {what}. {how}." for name, what, how in sheet.notes]
    say("\n".join([*lines, "", f"filled in: ra-bayes check {out}"]))


def _weeks(text: str) -> list[float]:
    try:
        return [float(week) for week in text.split(",")]
    except ValueError:
        raise RaBayesError(f"--weeks {text!r}: these are not weeks; write numbers such as 0,4,12") from None
