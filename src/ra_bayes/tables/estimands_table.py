"""What a fit says of the population and of these patients together, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import warnings_of
from ra_bayes.estimand.names import name_of
from ra_bayes.numbers import interval_name
from ra_bayes.results.fits import Result, read_result
from ra_bayes.tables.cells import (
    ROUNDED,
    abbreviations,
    chance_cell,
    error_cell,
    estimate_cell,
    interval_cell,
    told_by,
    week_cell,
    words,
)
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named, label_in, labels_of, unit_word
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["estimands", "estimands_of"]


def estimands(tree: xr.DataTree, *, ci_prob: float = 0.90) -> Table:
    """Return the estimands that are not of one patient, at every week they are told at.

    Parameters
    ----------
    tree
        A fit, or a posterior given published counts.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.

    Raises
    ------
    FitError
        If the fit did not pass its gate.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.tables.save(rb.tables.estimands(tree), "table-2.docx")     # doctest: +SKIP
    """
    return estimands_of(read_result(tree, ci_prob), ci_prob)


def estimands_of(result: Result, ci_prob: float) -> Table:
    """Return the table of :func:`estimands` of a result that has been read."""
    tree, told = result.tree, told_by(result)
    rows = _ordered(told[told["patient"] == ""])
    several = rows["outcome"].nunique() > 1
    labels = labels_of(tree)
    columns = (
        Column("Estimand"),
        Column("Arm"),
        Column("Outcome"),
        Column("Week", numbers=("week",)),
        Column("Unit"),
        Column("Estimate", numbers=("estimate",)),
        Column(interval_name(ci_prob), numbers=("lower", "upper")),
        Column("P(better)", numbers=("probability",)),
        Column("Monte Carlo error", numbers=("error",)),
        Column("Note"),
    )
    name = provenance(tree)["model"]["name"]
    return Table(
        name=f"{name}-estimands",
        title=f"Estimands{'' if several else f' of {labels[rows["outcome"].iloc[0]]}'}, {cohort_named(tree)}",
        columns=columns,
        rows=tuple(_row(row, labels, several=several) for row in rows.to_dict("records")),
        notes=(
            "Estimates are posterior medians, of numbers of patients means; a probability has no interval. "
            "P(better): probability that the quantity is on the side of benefit at all. " + ROUNDED,
            *_definitions(rows, several=several),
            *abbreviations(*rows["definition"]),
        ),
        warnings=warnings_of(tree, result.gate),
    ).without_blank_columns()


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Put what is told at several weeks together, in the order in which it is first told."""
    keys = [key for key in ("arm", "outcome", "estimand") if key in rows]
    return rows.assign(_place=rows.groupby(keys, sort=False).ngroup()).sort_values(
        ["_place", "week"], kind="stable"
    )


def _row(row: dict[Any, Any], labels: dict[str, str], *, several: bool) -> tuple[Cell, ...]:
    return (
        words(_named(row["estimand"])),
        words(row.get("arm", "")),
        words(label_in(labels, row["outcome"]) if several else ""),
        week_cell(row["week"]),
        words(unit_word(row["unit"])),
        estimate_cell(row),
        interval_cell(row),
        chance_cell(row["p_benefit"]),
        error_cell(row["mcse"]),
        words(row["note"]),
    )


def _definitions(rows: pd.DataFrame, *, several: bool) -> list[str]:
    """Return each definition once; of several outcomes only where they agree."""
    found: dict[str, dict[str, None]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(_named(row["estimand"]), {}).setdefault(row["definition"])
    return [f"{name}: {'; '.join(each)}." for name, each in found.items() if not several or len(each) <= 3]


def _named(estimand: str) -> str:
    name = name_of(estimand)
    return name[:1].upper() + name[1:]
