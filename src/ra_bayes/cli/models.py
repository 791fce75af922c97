"""``ra-bayes models``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ra_bayes.cli.options import json_option, reading_options, refuse_without_table
from ra_bayes.cli.pseudonyms import pseudonymised, pseudonyms_options
from ra_bayes.cli.terminal import say
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.model import JointModel

__all__ = ["models"]


@click.command(short_help="List the models, or print one's page.")
@click.argument("name", required=False)
@click.option("--pymc", "as_script", is_flag=True, help="Print it as a PyMC script that needs no ra_bayes.")
@click.option(
    "--cohort",
    "file",
    type=click.Path(path_type=Path),
    help="With --pymc: the table whose records the script holds.  [default: the synthetic cohort]",
)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    help="With --pymc and a joint model ('records'): an outcome to take together. Repeatable.",
)
@reading_options
@pseudonyms_options
@json_option
def models(
    name: str | None,
    as_script: bool,
    file: Path | None,
    outcomes: Sequence[str],
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    pseudonymise: bool,
    key: Path | None,
    as_json: bool,
) -> None:
    """List the shipped models, or print the page of the model NAME (or of a TOML file)."""
    from ra_bayes.model import list_examples, list_joint_models, list_models, load_model

    if (as_script and name is None) or ((file is not None or outcomes) and not as_script):
        raise RaBayesError("a script is of one model; write: ra-bayes models NAME --pymc [--cohort FILE]")
    refuse_without_table(file, sheet, layout, mapping)
    if name is not None and as_script:
        from ra_bayes.cli.fitting import read
        from ra_bayes.model.script import as_pymc_script
        from ra_bayes.resources import data_dir

        joint = _joint(name, outcomes)
        spec = load_model(name) if joint is None else joint
        pages = [load_model(name)] if joint is None else [joint.page(each) for each in outcomes]
        table = file or data_dir() / "synthetic_cohort.csv"
        cohort = read(table, pages, sheet=sheet, layout=layout, mapping=mapping)
        script = as_pymc_script(spec, pseudonymised(cohort, pseudonymise, key), outcomes or None)
        say({"name": spec.name, "script": script} if as_json else script)
        return
    if name is None:
        listed = {each: load_model(each).title for each in list_models()}
        examples = {each: load_model(each).title for each in list_examples()}
        say(listed if as_json else _columns(listed))
        if not as_json:
            say(f"\nExample pages, to copy from (docs/model-pages.md):\n{_columns(examples)}")
        return
    if name in list_joint_models():
        raise RaBayesError(
            f"{name!r} is a joint model, of outcomes together; write ra-bayes models {name} --pymc --outcome "
            f"vas --outcome sdai for its script, or ra-bayes fit FILE --joint {name} --outcome vas --outcome "
            "sdai --out DIR to fit it; docs/joint-pages.md tells of its page"
        )
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


def _columns(titles: dict[str, str]) -> str:
    width = max(len(each) for each in titles)
    return "\n".join(f"{each.ljust(width)}  {title}" for each, title in titles.items())


def _joint(name: str, outcomes: Sequence[str]) -> JointModel | None:
    """Read the joint page whose script is asked for; None if it is another page's.

    Raises
    ------
    RaBayesError
        If a joint page comes without two outcomes, or outcomes with a page that is not joint.
    """
    from ra_bayes.model import list_joint_models, load_joint_model

    if len(outcomes) > 1:
        return load_joint_model(name)
    if outcomes or name in list_joint_models():
        raise RaBayesError(
            "the script of a joint model is of outcomes of a cohort; write --outcome NAME at least twice "
            "(published counts need none: ra-bayes published has no PyMC model)"
        )
    return None
