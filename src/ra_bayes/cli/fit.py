"""``ra-bayes fit``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ra_bayes.cli.fitting import fit_all, load_all, read, shipped_for, tell
from ra_bayes.cli.options import ci_option, json_option, reading_options, seed_option
from ra_bayes.cli.pseudonyms import pseudonymised, pseudonyms_options

__all__ = ["fit"]


@click.command(short_help="Sample the posterior of one or more models.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    help="A shipped model's name, a TOML file, or 'all': each shipped one FILE has records for. Repeatable.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write results to.")
@reading_options
@seed_option
@click.option(
    "--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Draws per chain."
)
@click.option("--chains", type=click.IntRange(min=2), default=4, show_default=True, help="Chains.")
@pseudonyms_options
@ci_option
@json_option
def fit(
    file: Path,
    models: Sequence[str],
    out: Path,
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    seed: int,
    draws: int,
    chains: int,
    pseudonymise: bool,
    key: Path | None,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Fit models to the cohort in FILE and write posteriors and estimands to a folder."""
    own = [name for name in models if name != "all"]
    specs = load_all(own)
    cohort = read(file, specs, sheet=sheet, layout=layout, mapping=mapping)
    cohort = pseudonymised(cohort, pseudonymise, key)
    if "all" in models:
        specs += shipped_for(cohort)
    results = fit_all(specs, cohort, out, seed=seed, draws=draws, chains=chains, ci_prob=ci_prob)
    tell(results, out, as_json=as_json)
