"""``ra-bayes fit``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ra_bayes.cli.fitting import fit_all, load_all, read, shipped_for, tell
from ra_bayes.cli.fitting_together import fit_together, load_joint, tell_together
from ra_bayes.cli.options import ci_option, json_option, reading_options, seed_option
from ra_bayes.cli.pseudonyms import pseudonymised, pseudonyms_options

__all__ = ["fit"]


@click.command(short_help="Sample the posterior of one or more models.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    help="A shipped model's name, a TOML file, or 'all': each shipped one FILE has records for. Repeatable.",
)
@click.option(
    "--joint", help="Fit outcomes together: a shipped joint model's name ('records') or a TOML file."
)
@click.option("--outcome", "outcomes", multiple=True, help="An outcome to fit together. Repeatable.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write results to.")
@reading_options
@seed_option
@click.option(
    "--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Draws per chain."
)
@click.option("--chains", type=click.IntRange(min=2), default=4, show_default=True, help="Chains.")
@click.option(
    "--allow-builder", is_flag=True, help="Run the Python module that a model page names as its builder."
)
@pseudonyms_options
@ci_option
@json_option
def fit(
    file: Path,
    models: Sequence[str],
    joint: str | None,
    outcomes: Sequence[str],
    out: Path,
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    seed: int,
    draws: int,
    chains: int,
    allow_builder: bool,
    pseudonymise: bool,
    key: Path | None,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Fit models to the cohort in FILE and write posteriors and estimands to a folder."""
    own = [name for name in models if name != "all"]
    specs = load_all(own)
    page = load_joint(joint, models, outcomes)
    tied = [] if page is None else [page.page(outcome) for outcome in outcomes]
    cohort = read(file, [*specs, *tied], sheet=sheet, layout=layout, mapping=mapping)
    cohort = pseudonymised(cohort, pseudonymise, key)
    if page is not None:
        result = fit_together(
            page, outcomes, cohort, out, seed=seed, draws=draws, chains=chains, ci_prob=ci_prob
        )
        tell_together(result, out, as_json=as_json)
        return
    if "all" in models:
        specs += shipped_for(cohort)
    results = fit_all(
        specs,
        cohort,
        out,
        seed=seed,
        draws=draws,
        chains=chains,
        ci_prob=ci_prob,
        allow_builder=allow_builder,
    )
    tell(results, out, as_json=as_json)
