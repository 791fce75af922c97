"""``ra-bayes published``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.options import ci_option, json_option, seed_option
from ra_bayes.cli.terminal import cores, say, steps

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.model import JointModel
    from ra_bayes.published import Publication
    from ra_bayes.results import CountsResult

__all__ = ["published"]

# Of each posterior in the table: a Monte Carlo error of a hundredth of an interval, in seconds.
_ESS = 1000.0


@click.command(short_help="Say what the counts that a paper printed tell.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write a posterior and tables to.")
@click.option(
    "--model",
    "name",
    default="wide",
    show_default=True,
    help="The prior: a shipped joint model's name or a TOML file.",
)
@click.option("--reading", help="How the paper's words are read in --out.  [default: the page's first]")
@seed_option
@ci_option
@json_option
def published(
    file: Path, out: Path | None, name: str, reading: str | None, seed: int, ci_prob: float, as_json: bool
) -> None:
    """Say what the counts in FILE (a page of published counts, TOML) tell, under every reading and prior.

    With --out also sample one posterior, of --model under --reading, and write it to a folder.
    """
    from ra_bayes.conditioning.facts_overview import facts_overview
    from ra_bayes.model import load_joint_model
    from ra_bayes.published import read_publication
    from ra_bayes.rates import response_rates
    from ra_bayes.results import place_of_counts

    publication = read_publication(file)
    model = load_joint_model(name)
    if reading is not None:
        publication.reading(reading)
    if out is not None:
        # What cannot be saved should not be found out after the sampling.
        place_of_counts(out, publication)
    facts = facts_overview(publication, model)
    # Plain counts alone have rates, and nothing to condition a model on.
    modelled = out is not None or not all(fact["left_out"] for fact in facts["facts"])
    with steps("published", 1 + modelled + 2 * (out is not None)) as step:
        step("simple rates")
        rates = response_rates(publication, ci_prob=ci_prob)
        comparison = _compare(publication, model, seed, ci_prob, step) if modelled else None
        result = None
        if out is not None and comparison is not None:
            result = _write(publication, model, reading, out, comparison, seed, ci_prob, step)
    if as_json:
        say(_data(facts, comparison, rates, result))
    else:
        say(_text(publication, facts, comparison, rates, result, out))
    if result is not None and not result.gate.passed:
        sys.exit(GATE_FAILED)


def _compare(
    publication: Publication, model: JointModel, seed: int, ci_prob: float, step: Any
) -> pd.DataFrame:
    from ra_bayes.conditioning import compare_readings
    from ra_bayes.conditioning.comparison import PRIORS
    from ra_bayes.model import load_joint_model

    models = [load_joint_model(each) for each in PRIORS]
    if all(model.hash != each.hash for each in models):
        models.append(model)
    step(f"{len(models)} priors under {max(len(publication.readings), 1)} readings")
    return compare_readings(publication, models, seed=seed, ci_prob=ci_prob, ess=_ESS, workers=cores())


def _write(
    publication: Publication,
    model: JointModel,
    reading: str | None,
    out: Path,
    comparison: pd.DataFrame,
    seed: int,
    ci_prob: float,
    step: Any,
) -> CountsResult:
    from ra_bayes.conditioning import condition
    from ra_bayes.report import draw_counts
    from ra_bayes.results import save_counts

    step(f"posterior, {model.name}")
    tree = condition(publication, model, seed=seed, reading=reading)
    result = save_counts(tree, comparison, out, ci_prob=ci_prob)
    step("figure")
    draw_counts(result, out / publication.name)
    return result


def _data(
    facts: dict[str, Any], comparison: pd.DataFrame | None, rates: pd.DataFrame, result: CountsResult | None
) -> dict[str, Any]:
    from ra_bayes.results import counts_findings, records

    found = {
        "facts": facts,
        "comparison": None if comparison is None else records(comparison),
        "rates": records(rates),
    }
    return found if result is None else {**found, "posterior": counts_findings(result)}


def _text(
    publication: Publication,
    facts: dict[str, Any],
    comparison: pd.DataFrame | None,
    rates: pd.DataFrame,
    result: CountsResult | None,
    out: Path | None,
) -> str:
    from ra_bayes.conditioning.comparison_text import comparison_text
    from ra_bayes.conditioning.facts_overview import facts_text
    from ra_bayes.rates import response_rates_text

    # Which arms of other trials are behind each prior is in rates.csv and with --json.
    parts = [facts_text(facts), response_rates_text(rates.assign(arms=""))]
    if comparison is not None:
        parts.insert(1, comparison_text(comparison, publication))
    if result is not None and out is not None:
        where = out / publication.name
        verdict = "passed" if result.gate.passed else "FAILED, estimands withheld"
        parts.append(f"wrote {where}; gate {verdict}; page: ra-bayes report {out}")
    return "\n\n".join(parts)
