"""``ra-bayes calibrate``."""

from __future__ import annotations

from pathlib import Path

import click

from ra_bayes.cli.options import json_option, reading_options, refuse_without_table, seed_option
from ra_bayes.cli.terminal import progress, say

__all__ = ["calibrate"]


@click.command(short_help="Measure by simulation whether a model's intervals hold what they promise.")
@click.argument("model")
@click.option(
    "--cohort",
    type=click.Path(path_type=Path),
    help="Table whose patients, visits, missing and censored shares to simulate.  [default: the shipped one]",
)
@reading_options
@click.option(
    "--n-sim",
    type=click.IntRange(min=20),
    default=1000,
    show_default=True,
    help="Simulated cohorts of truths from the prior.",
)
@click.option(
    "--per-truth",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Simulated cohorts of each fixed truth, for each way of making data.",
)
@click.option(
    "--decision",
    type=click.FloatRange(0.5, 1.0, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Probability of benefit at which benefit is declared.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the certificate, and for finished tasks: the same again goes on where it stopped.",
)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, e.g. tcp://127.0.0.1:8786.")
@click.option(
    "--show", is_flag=True, help="Simulate nothing: print the certificate in --out, or the shipped."
)
@seed_option
@json_option
def calibrate(
    model: str,
    cohort: Path | None,
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    n_sim: int,
    per_truth: int,
    decision: float,
    out: Path | None,
    scheduler: str | None,
    show: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Simulate cohorts like one's own, fit MODEL (a shipped one's name or a TOML file) to each, and count.

    How truths rank among their posteriors, how often intervals hold the truth, also where the data are not as
    the model says, and how often benefit is declared. Some tenths of a second per cohort.
    """
    from ra_bayes.calibration import calibrate as measure
    from ra_bayes.calibration import certificate_data, certificate_of, save_certificate
    from ra_bayes.cli.fitting import read
    from ra_bayes.model import load_model

    spec = load_model(model)
    refuse_without_table(cohort, sheet, layout, mapping)
    if show:
        certificate = certificate_of(spec, out)
    else:
        with progress(f"calibrate {spec.name}") as told:
            certificate = measure(
                spec,
                None if cohort is None else read(cohort, [spec], sheet=sheet, layout=layout, mapping=mapping),
                seed=seed,
                n_sim=n_sim,
                per_truth=per_truth,
                decision=decision,
                folder=None if out is None else out / "tasks",
                scheduler=scheduler,
                progress=told,
            )
        if out is not None:
            save_certificate(certificate, out)
    say(certificate_data(certificate) if as_json else str(certificate))
    if out is not None and not (show or as_json):
        say(f"\nwrote {out / spec.name}.json and .csv")
