"""What the fits of a folder say, in plain data and in a few lines."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.numbers import decimals, how_many, interval, number, probability
from ra_bayes.results.fits import Result
from ra_bayes.results.open_records import open_records
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["finding", "findings", "headline", "main_row", "read_order", "records"]


_INFINITE = (float("inf"), float("-inf"))
_MOST_MODELS = 7


def main_row(result: Result) -> dict[Hashable, Any] | None:
    """Return the row a reader asks for first: the population's change (or rate) at the reference week.

    Of a trial of two arms it is the difference between them.
    """
    if result.table is None:
        return None
    spec = spec_of(result.tree)
    wanted = "response_rate" if spec.binary else "mean_change"
    wanted = "difference_from_control" if has_two_arms(result.tree) else wanted
    table = result.table
    rows = table[(table["estimand"] == wanted) & (table["week"] == spec.reference_week)]
    return dict(rows.iloc[0])


def findings(results: dict[str, Result]) -> dict[str, Any]:
    """Return for every model its verdict and its estimands, as plain data ready for JSON."""
    return {name: finding(result.gate, result.table) for name, result in results.items()}


def finding(gate: Diagnosis, table: pd.DataFrame | None) -> dict[str, Any]:
    """Return a verdict and the estimands behind it, as plain data ready for JSON."""
    return {
        "gate": "passed" if gate.passed else "failed",
        "checks": [str(check) for check in gate.checks],
        "estimands": None if table is None else records(table),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as plain data ready for JSON."""
    # JSON has neither NaN nor infinity: what does not apply, or has no bound, is null.
    return [
        {str(key): None if value != value or value in _INFINITE else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]


def headline(results: dict[str, Result], folder: str | PathLike[str]) -> list[str]:
    """Return what was found in a few lines, and where records are no numbers to find anything by."""
    trees = [result.tree for result in results.values()]
    cohort = provenance(trees[0])["cohort"]
    failed = [name for name, result in results.items() if not result.gate.passed]
    lines = [
        f"{how_many(len(results), 'model')} fitted to {cohort['name']}, "
        f"{how_many(len(cohort['patients']))}; gate "
        + (
            f"FAILED for {', '.join(failed)}"
            if failed
            else "passed"
            if len(results) == 1
            else "passed by all"
        )
    ]
    if cohort["synthetic"]:
        lines[0] += "; no real patient stands behind these numbers"
    order = read_order(results)
    lines += [_sentence(name, results[name]) for name in order[:_MOST_MODELS]]
    lines += [said for name in order if (said := open_records(results[name].tree))]
    rest = len(order) - _MOST_MODELS
    more = f"{rest} more and " if rest > 0 else ""
    lines.append(
        f"{more}every estimand: {Path(folder) / 'MODEL' / 'estimands.csv'}; page: ra-bayes report {folder}"
    )
    return lines


def read_order(results: Iterable[str]) -> list[str]:
    """Return model names in the order in which a rheumatologist would ask for them."""
    first = ("vas", "sdai", "haq", "acr20", "il10", "il17", "tnf_alpha")
    return sorted(results, key=lambda name: first.index(name) if name in first else len(first))


def _sentence(name: str, result: Result) -> str:
    row = main_row(result)
    label = f"{spec_of(result.tree).outcome.label:<12}"
    if row is None:
        return f"{label} withheld: the sampler did not work (see {name}/gate.txt)"
    spec = spec_of(result.tree)
    what = "population's rate" if row["estimand"] == "response_rate" else "population's mean change"
    if spec.arm is not None:
        what = f"{row['arm']} {'over' if row['unit'] == 'ratio' else 'less'} {spec.arm.control}"
    unit = "" if row["unit"] in ("ratio", "share of patients") else f" {row['unit']}"
    kind = " ratio" if row["unit"] == "ratio" else ""
    better = "" if row["p_benefit"] != row["p_benefit"] else f", P(better) {probability(row['p_benefit'])}"
    places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio", mcse=row["mcse"])
    return (
        f"{label} {what}{kind} at week {row['week']:g}: {number(row['estimate'], places)}{unit} "
        f"({row['ci_prob']:.0%} credible interval {interval(row['lower'], row['upper'], places)}){better}"
    )
