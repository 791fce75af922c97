"""``ra-bayes compare``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ra_bayes.cli.fitting import fit_all, load_all, read
from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.options import ci_option, json_option, reading_options, seed_option
from ra_bayes.cli.pseudonyms import pseudonymised, pseudonyms_options
from ra_bayes.cli.terminal import say, steps
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.cohort import Cohort
    from ra_bayes.model import ModelSpec
    from ra_bayes.results import Result

__all__ = ["compare"]


@click.command(short_help="Compare models of one outcome by what each predicts.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    help="A shipped model's name or a TOML file; two or more of one outcome. Repeatable.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Results folder; fits in it are used."
)
@reading_options
@seed_option
@pseudonyms_options
@ci_option
@json_option
def compare(
    file: Path,
    models: Sequence[str],
    out: Path,
    sheet: str | None,
    layout: str | None,
    mapping: Path | None,
    seed: int,
    pseudonymise: bool,
    key: Path | None,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Fit models of one outcome to the cohort in FILE, and tell how well each predicts what it did not see.

    A fit in the folder is used if it is of the same page, cohort and seed; others are made. Each model is
    fitted again without each patient. What is found is kept in OUT/comparison-OUTCOME. With
    --pseudonymise, fits that were made with the same --key are used again.
    """
    from ra_bayes.results import place_of_comparison, records, save_comparison

    specs = load_all(models)
    cohort = pseudonymised(read(file, specs, sheet=sheet, layout=layout, mapping=mapping), pseudonymise, key)
    _refuse(specs, cohort)
    place_of_comparison(out, specs[0].outcome.id)
    results = _fits(specs, cohort, out, seed=seed, ci_prob=ci_prob)
    failed = [name for name, each in results.items() if not each.gate.passed]
    if failed:
        words = f"not compared, the gate failed: {', '.join(failed)} (see {out}/MODEL/gate.txt)"
        say({"out": str(out), "failed": failed} if as_json else words)
        sys.exit(GATE_FAILED)
    trees = {name: each.tree for name, each in results.items()}
    with steps("compare", len(trees) + 1) as step:
        step("importing PyMC")
        from ra_bayes.comparison.compare import compare as compare_fits
        from ra_bayes.comparison.stacked import stacked_estimands

        found = compare_fits(trees, ci_prob=ci_prob, step=step)
    stacked = stacked_estimands(trees, found.weights, ci_prob=ci_prob)
    where = save_comparison(found, stacked, out)
    if as_json:
        tables = {name: records(getattr(found, name)) for name in ("models", "patients", "records")}
        say({"out": str(where), **tables, "stacked_estimands": records(stacked), "failed": []})
    else:
        say(f"{found}\n\nwrote {where}")


def _refuse(specs: Sequence[ModelSpec], cohort: Cohort) -> None:
    """Refuse models that cannot be compared, before they are fitted."""
    from ra_bayes.comparison.same_records import refuse_other_events
    from ra_bayes.model.records import grid

    if len(specs) < 2:
        raise RaBayesError("a comparison is of two models or more; name another with --model")
    first = specs[0]
    for other in specs[1:]:
        if other.outcome.id != first.outcome.id:
            raise RaBayesError(
                f"{first.name} is a model of {first.outcome.id} and {other.name} of {other.outcome.id}; name "
                "models of one outcome"
            )
        refuse_other_events(*((each.name, each, grid(each, cohort)) for each in (first, other)))


def _fits(
    specs: Sequence[ModelSpec], cohort: Cohort, out: Path, *, seed: int, ci_prob: float
) -> dict[str, Result]:
    """Return the fits in the folder that are the ones asked for, and make the others."""
    from ra_bayes.results import read_result
    from ra_bayes.tree import load, provenance, spec_of

    kept = {}
    for spec in specs:
        path = out / spec.name / "posterior.nc"
        if not path.exists():
            continue
        tree = load(path)
        entries = provenance(tree)
        asked = (spec.hash, cohort.hash, seed)
        if "cohort" in entries and (spec_of(tree).hash, entries["cohort"]["hash"], entries["seed"]) == asked:
            kept[spec.name] = read_result(tree, ci_prob)
    missing = [spec for spec in specs if spec.name not in kept]
    made = fit_all(missing, cohort, out, seed=seed, ci_prob=ci_prob) if missing else {}
    return {spec.name: (kept | made)[spec.name] for spec in specs}
