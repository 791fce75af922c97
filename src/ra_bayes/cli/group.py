"""The command that all others belong to, and how each of them ends."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ra_bayes.errors import RaBayesError
from ra_bayes.plain import plain

__all__ = ["GATE_FAILED", "main"]

GATE_FAILED = 3


class _Group(click.Group):
    """Bad input ends in one plain message and exit code 2, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, turning our errors into messages."""
        try:
            return super().invoke(ctx)
        except RaBayesError as error:
            told = "\n".join(map(plain, str(error).split("\n")))
            click.echo(f"ra-bayes: {told}", err=True)
            ctx.exit(2)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read the output has seen enough: click ends quietly, with code 1
            _let_go_of_stdout()
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"ra-bayes: {where}{error.strerror or error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt as stop:
            # Work that keeps what is finished says how to go on; click ends with "Aborted!" and code 1.
            if stop.args:
                click.echo(f"ra-bayes: {stop}", err=True)
            raise


def _let_go_of_stdout() -> None:
    """Drop what standard output cannot take, which Python would try to write once more on leaving."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ra_bayes", prog_name="ra-bayes")
def main() -> None:
    """Bayesian modelling of very small clinical cohorts.

    \b
    ra-bayes demo                                        the whole journey on a synthetic cohort
    ra-bayes check cohort.csv                            is the table as it should be?
    ra-bayes template --out clinic.xlsx                  an empty sheet for a clinic to fill
    ra-bayes fit cohort.csv --model sdai --out results   sample the posterior
    ra-bayes trust results                               what prior, one patient, placebo would change
    ra-bayes compare c.csv --model a --model b --out r   which model predicts patients better
    ra-bayes report results                              figures and results/index.html
    ra-bayes figures results --style ard                 figures at a journal's size, in its formats
    ra-bayes tables results                              tables for Word, LaTeX, a web page, CSV
    ra-bayes published facts.toml                        what a paper's counts tell
    ra-bayes plan acr20_one_arm                          what a trial would show, and how many patients
    ra-bayes interim design.toml data.csv                what its rule says of the data so far
    ra-bayes calibrate sdai --show                       is a 90% interval of a model a 90% interval?

    Exit codes: 0 done, 1 interrupted, 2 bad input, 3 a fit did not pass its gate.
    """
