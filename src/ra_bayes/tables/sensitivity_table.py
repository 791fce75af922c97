"""Prior or data: whose each answer is, as a table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import warnings_of
from ra_bayes.estimand.names import name_of
from ra_bayes.numbers import interval_name
from ra_bayes.tables.cells import estimate_cell, interval_cell, week_cell, words
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named, unit_word
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["sensitivity"]

_NAN = float("nan")


def sensitivity(tree: xr.DataTree, table: pd.DataFrame) -> Table:
    """Return for every estimand how much of the answer is the prior's, and what other prior scales give.

    Parameters
    ----------
    tree
        The fit.
    table
        ``rb.sensitivity(tree).table``, or ``sensitivity`` of ``DIR/MODEL/trust``.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.tables.sensitivity(tree, rb.sensitivity(tree).table)     # doctest: +SKIP
    """
    ci = interval_name(table["ci_prob"].iloc[0])
    return Table(
        name=f"{provenance(tree)['model']['name']}-sensitivity",
        title=f"Prior or data: {spec_of(tree).outcome.label}, {cohort_named(tree)}",
        columns=(
            Column("Estimand"),
            Column("Week", numbers=("week",)),
            Column("Unit"),
            Column("Estimate", numbers=("estimate",)),
            Column(ci, numbers=("lower", "upper")),
            Column("Prior median", numbers=("median",)),
            Column(f"Prior, {ci}", numbers=("lower", "upper")),
            Column("Prior's share", "%", ("share",)),
            Column("Prior worth", "patients", ("patients",)),
            Column("Prior scales halved", numbers=("estimate",)),
            Column("Prior scales doubled", numbers=("estimate",)),
            Column("Verdict"),
        ),
        rows=tuple(_row(row) for row in table.to_dict("records")),
        notes=(
            "Prior's share: of the posterior's precision. Prior worth: in patients like these. Halved, "
            "doubled: the estimate with all prior scales halved or doubled. Verdicts: data-led, shared or "
            "prior-led; a prior-led number is the model page's opinion.",
        ),
        warnings=warnings_of(tree),
    ).without_blank_columns()


def _row(row: Mapping[Hashable, Any]) -> tuple[Cell, ...]:
    name = name_of(row["estimand"])
    event = row["lower"] != row["lower"]
    share = _NAN if event else 100.0 * row["share"]
    worth = _NAN if event else float(row["patients"])
    return (
        words(name[:1].upper() + name[1:]),
        week_cell(row["week"]),
        words(unit_word(row["unit"])),
        estimate_cell(row),
        interval_cell(row),
        estimate_cell(row, "prior"),
        interval_cell(row, "prior_lower", "prior_upper"),
        Cell("" if event else f"{min(share, 999.0):.0f}", (share,)),
        Cell("" if event else f"{worth:.1f}" if worth < 100.0 else "> 100", (worth,)),
        estimate_cell(row, "halved"),
        estimate_cell(row, "doubled"),
        words(row["verdict"]),
    )
