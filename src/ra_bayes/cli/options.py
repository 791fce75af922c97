"""Options that several commands have."""

from __future__ import annotations

import click

__all__ = ["ci_option", "json_option", "seed_option"]

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
