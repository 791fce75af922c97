"""``ra-bayes check``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ra_bayes.cli.fitting import load_all, own_outcomes, read
from ra_bayes.cli.options import json_option, reading_options
from ra_bayes.cli.pseudonyms import pseudonymised, pseudonyms_options
from ra_bayes.cli.terminal import say
from ra_bayes.errors import Problem, RaBayesError

if TYPE_CHECKING:
    from ra_bayes.model import ModelSpec

__all__ = ["check"]


@click.command(short_help="Read a table and say what is in it and what is wrong with it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, help="A model page whose own outcome FILE holds.")
@reading_options
@click.option(
    "--fix-template",
    type=click.Path(path_type=Path),
    help="Write what FILE is taken to mean to this page of TOML, to be edited and given as --mapping.",
)
@pseudonyms_options
@json_option
def check(
    file: Path,
    models: Sequence[str],
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    fix_template: Path | None,
    pseudonymise: bool,
    key: Path | None,
    as_json: bool,
) -> None:
    """Read FILE (CSV, Excel, SAS, Parquet; docs/data.md) and say what is in it and what is wrong with it.

    What is wrong is told with patient and row, for whoever mends the file, also with --pseudonymise.
    """
    from ra_bayes.cohort import overview, overview_text

    specs = load_all(models) if models else []
    if fix_template is not None:
        doubts = _begin(file, fix_template, specs, sheet, layout, mapping)
        say(_begun_data(fix_template, doubts) if as_json else _begun_text(file, fix_template, doubts))
        return
    cohort = read(file, specs, sheet=sheet, layout=layout, mapping=mapping)
    cohort = pseudonymised(cohort, pseudonymise, key)
    say(overview(cohort) if as_json else overview_text(cohort))


def _begin(
    file: Path,
    out: Path,
    specs: Sequence[ModelSpec],
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
) -> Sequence[Problem]:
    """Write the mapping to edit; return what is left to decide."""
    from ra_bayes.cohort.fix_template import fix_template
    from ra_bayes.files import write_text

    if out.exists():
        raise RaBayesError(f"{out}: there is a file of this name, which may have been edited; give another")
    page, doubts = fix_template(
        file, outcomes=own_outcomes(specs), sheet=sheet, layout=layout, mapping=mapping
    )
    write_text(out, page)
    return doubts


def _begun_data(out: Path, doubts: Sequence[Problem]) -> dict[str, object]:
    return {"out": str(out), "to_decide": [asdict(each) for each in doubts]}


def _begun_text(file: Path, out: Path, doubts: Sequence[Problem]) -> str:
    open_ = f"{len(doubts)} to decide: {out} says which" if doubts else "nothing is open"
    return f"wrote {out}; {open_}\nthen: ra-bayes check {file} --mapping {out}"
