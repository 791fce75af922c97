"""Did the sampler work: every check of the gate, as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import Check, Diagnosis, diagnose, warnings_of
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["diagnostics"]


def diagnostics(tree: xr.DataTree, *, checked: Diagnosis | None = None) -> Table:
    """Return the checks of the gate, each with the worst value found and the bound it is held against.

    Parameters
    ----------
    tree
        A fit, or a posterior given published counts.
    checked
        The verdict, if it has been asked for already.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.tables.save(rb.tables.diagnostics(tree), "table-s1.docx")     # doctest: +SKIP
    """
    gate = checked or diagnose(tree)
    entries = provenance(tree)
    return Table(
        name=f"{entries['model']['name']}-diagnostics",
        title=f"Sampler diagnostics of model {entries['model']['name']}, {cohort_named(tree)}",
        columns=(
            Column("Check"),
            Column("Worst value", numbers=("value",)),
            Column("Wanted"),
            Column("Variable"),
            Column("Passed"),
            Column("What to do"),
        ),
        rows=tuple(_row(check) for check in gate.checks),
        notes=tuple(_notes(entries, gate)),
        warnings=warnings_of(tree, gate),
    ).without_blank_columns()


def _row(check: Check) -> tuple[Cell, ...]:
    return (
        Cell(check.name),
        Cell(_value(check), (float(check.value),)),
        Cell(check.limit),
        Cell(check.where),
        Cell("yes" if check.passed else "no"),
        Cell("" if check.passed else check.advice),
    )


def _value(check: Check) -> str:
    if math.isnan(check.value):
        return "undefined"
    # R-hat is held against 1.01: rounded up, a value above it is never shown as one that is not.
    if check.name == "R-hat":
        return f"{math.ceil(round(check.value * 1000.0, 6)) / 1000.0:.3f}"
    return (
        f"{check.value:.0f}"
        if check.value == int(check.value) or check.value >= 100
        else f"{check.value:.2f}"
    )


def _notes(entries: dict[str, Any], gate: Diagnosis) -> list[str]:
    sampling = entries["sampling"]
    said = []
    if "sampler" in sampling and "draws" in sampling:
        said.append(
            f"{sampling['sampler']}, {sampling['chains']} chains of {sampling['draws']} draws kept, seed "
            f"{entries['seed']}."
        )
    said.append(
        "R-hat: rank-normalised, split; ESS: effective sample size (Vehtari et al. 2021). The worst over all "
        "variables is shown."
    )
    if any(check.name == "E-BFMI" for check in gate.checks):
        said.append("E-BFMI: energy diagnostic (Betancourt 2016), of the lowest chain.")
    if len(gate.attempts) > 1:
        said.append(f"Tried in turn: {'; '.join(gate.attempts)}.")
    versions = ", ".join(f"{name} {version}" for name, version in entries["versions"].items())
    return [*said, f"Software: {versions}."]
