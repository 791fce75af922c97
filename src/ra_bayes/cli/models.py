"""``ra-bayes models``."""

from __future__ import annotations

import click

from ra_bayes.cli.options import json_option
from ra_bayes.cli.terminal import say

__all__ = ["models"]


@click.command(short_help="List the models, or print one's page.")
@click.argument("name", required=False)
@json_option
def models(name: str | None, as_json: bool) -> None:
    """List the shipped models, or print the page of the model NAME (or of a TOML file)."""
    from ra_bayes.model import list_models, load_model

    if name is None:
        titles = {each: load_model(each).title for each in list_models()}
        width = max(len(each) for each in titles)
        say(
            titles
            if as_json
            else "\n".join(f"{each.ljust(width)}  {title}" for each, title in titles.items())
        )
        return
    from ra_bayes.model.page import equations, implied, page_text, prior_rows

    spec = load_model(name)
    if as_json:
        say(
            {
                "name": spec.name,
                "title": spec.title,
                "about": spec.about,
                "outcome": spec.outcome.id,
                "hash": spec.hash,
                "equations": equations(spec),
                "priors": prior_rows(spec),
                "implied": implied(spec),
            }
        )
    else:
        say(page_text(spec))
