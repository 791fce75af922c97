"""A results folder: one sub-folder a model, each whole or absent.

DIR/MODEL/posterior.nc     the fit (see :mod:`ra_bayes.tree`)
DIR/MODEL/estimands.csv    what it says, in clinical units; absent if the gate failed
DIR/MODEL/gate.txt         whether the sampler worked
DIR/MODEL/model.toml       the page it was fitted with
DIR/MODEL/figures/         PDF and PNG, once a report was written
"""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.files import atomic_file, atomic_folder, write_text
from ra_bayes.tree import load, provenance, save, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = [
    "Result",
    "find_results",
    "findings",
    "headline",
    "main_row",
    "read_order",
    "read_result",
    "save_result",
]


FIGURES = "figures"
_OURS = frozenset({"posterior.nc", "estimands.csv", "gate.txt", "model.toml", FIGURES})


@dataclass(frozen=True, eq=False)
class Result:
    """A fit with its verdict and what it says.

    Parameters
    ----------
    tree
        The fit.
    gate
        Whether the sampler worked.
    table
        Its estimands; None if the gate failed.
    """

    tree: xr.DataTree
    gate: Diagnosis
    table: pd.DataFrame | None


def read_result(tree: xr.DataTree, ci_prob: float) -> Result:
    """Return the verdict on a fit and, if it passed, its estimands."""
    gate = diagnose(tree)
    # The verdict is in hand: asking for it again would cost as much as the estimands.
    table = estimands(tree, ci_prob=ci_prob, checked=gate) if gate.passed else None
    return Result(tree, gate, table)


def place(folder: str | PathLike[str], model: str) -> Path:
    """Return the sub-folder of a model's results, if it can be written without losing anything.

    Raises
    ------
    RaBayesError
        If it holds files that are not ours, or the folder cannot be made or written to.
    """
    target = Path(folder) / model
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target.parent).close()
        # The new folder takes the old one's place: nothing but our own files may be in it.
        foreign = (
            [each.name for each in target.iterdir() if each.name not in _OURS] if target.exists() else []
        )
    except OSError as error:
        raise RaBayesError(
            f"{error.filename or folder}: results cannot be written there: {error.strerror}; "
            "choose another folder with --out"
        ) from None
    if foreign:
        raise RaBayesError(
            f"{target}: holds {', '.join(sorted(foreign))}, which ra_bayes did not write and would delete; "
            "move it, or choose another folder with --out"
        )
    return target


def save_result(tree: xr.DataTree, folder: str | PathLike[str], *, ci_prob: float = 0.90) -> Result:
    """Write a fit into ``folder/MODEL``, replacing an earlier one only when the new one is complete."""
    target = place(folder, provenance(tree)["model"]["name"])
    result = read_result(tree, ci_prob)
    with atomic_folder(target) as part:
        save(tree, part / "posterior.nc")
        write_text(part / "gate.txt", f"{result.gate}\n")
        write_text(part / "model.toml", spec_of(tree).toml)
        write_estimands(result, part)
    return result


def write_estimands(result: Result, folder: Path) -> None:
    """Write ``estimands.csv`` into a model's folder, unless the gate failed."""
    if result.table is not None:
        with atomic_file(folder / "estimands.csv") as part:
            result.table.to_csv(part, index=False)


def find_results(folder: str | PathLike[str], *, ci_prob: float = 0.90) -> dict[str, Result]:
    """Read every fit in a results folder, by model name.

    Raises
    ------
    RaBayesError
        If the folder holds none.
    """
    # A name that begins with a dot is what an interrupted run left of a folder it was writing.
    found = sorted(path for path in Path(folder).glob("*/posterior.nc") if path.parent.name[0] != ".")
    if not found:
        raise RaBayesError(
            f"{folder}: no fit in it (no MODEL/posterior.nc); run ra-bayes fit FILE --out {folder} first"
        )
    return {path.parent.name: read_result(load(path), ci_prob) for path in found}


def main_row(result: Result) -> dict[Hashable, Any] | None:
    """Return the row a reader asks for first: the population's change (or rate) at the reference week."""
    if result.table is None:
        return None
    spec = spec_of(result.tree)
    wanted = "response_rate" if spec.binary else "mean_change"
    table = result.table
    rows = table[(table["estimand"] == wanted) & (table["week"] == spec.reference_week)]
    return dict(rows.iloc[0])


def findings(results: dict[str, Result]) -> dict[str, Any]:
    """Return for every model its verdict and its estimands, as plain data ready for JSON."""
    return {
        name: {
            "gate": "passed" if result.gate.passed else "failed",
            "checks": [str(check) for check in result.gate.checks],
            "estimands": None if result.table is None else _records(result.table),
        }
        for name, result in results.items()
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    # JSON has no NaN: what does not apply is null.
    return [
        {str(key): None if value != value else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]


def headline(results: dict[str, Result], folder: str | PathLike[str], most: int = 7) -> list[str]:
    """Return what was found, in at most `most` + 3 lines."""
    trees = [result.tree for result in results.values()]
    cohort = provenance(trees[0])["cohort"]
    failed = [name for name, result in results.items() if not result.gate.passed]
    lines = [
        f"{len(results)} model{'s' if len(results) > 1 else ''} fitted to {cohort['name']}, "
        f"{len(cohort['patients'])} patients; gate "
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
    lines += [_sentence(name, results[name]) for name in order[:most]]
    rest = len(order) - most
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
    what = "rate" if row["estimand"] == "response_rate" else "mean change"
    unit = "" if row["unit"] in ("ratio", "share of patients") else f" {row['unit']}"
    kind = " ratio" if row["unit"] == "ratio" else ""
    better = "" if row["p_benefit"] != row["p_benefit"] else f", P(better) {row['p_benefit']:.2f}"
    return (
        f"{label} {what}{kind} at week {row['week']:g}: {row['estimate']:.2f}{unit} "
        f"({row['ci_prob']:.0%} CI {row['lower']:.2f} to {row['upper']:.2f}){better}"
    )
