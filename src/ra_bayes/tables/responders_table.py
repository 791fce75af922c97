"""Rates of response from the model's measurements beside those of counting the same patients, as a table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import warnings_of
from ra_bayes.estimand.responders import responders as rates_of
from ra_bayes.numbers import interval_name, number, percent
from ra_bayes.results.fits import Result, read_result
from ra_bayes.tables.cells import error_cell, week_cell, words
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

__all__ = ["responders", "responders_of"]

_BLANK = Cell("", (float("nan"),) * 3)


def responders(
    tree: xr.DataTree, *, improvements: Sequence[float] | None = None, ci_prob: float = 0.90
) -> Table:
    """Return the rates of :func:`ra_bayes.responders` of new patients, by criterion and week.

    Parameters
    ----------
    tree
        A fit.
    improvements
        Shares of one's own baseline, 0.5 for 50%; those in use for the outcome if not given.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.

    Raises
    ------
    FitError
        If the fit did not pass its gate.
    RaBayesError
        If the outcome has no criterion of response.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.tables.save(rb.tables.responders(tree), "table-s4.docx")     # doctest: +SKIP
    """
    return responders_of(read_result(tree, ci_prob), ci_prob, improvements)


def responders_of(result: Result, ci_prob: float, improvements: Sequence[float] | None = None) -> Table:
    """Return the table of :func:`responders` of a result that has been read."""
    tree = result.tree
    told = rates_of(tree, improvements=improvements, ci_prob=ci_prob, checked=result.gate)
    told = told[told["who"] == "new patient"]
    true = {(row["criterion"], row["week"]): row for row in told[told["value"] == "true"].to_dict("records")}
    rows = told[told["value"] == "recorded"].to_dict("records")
    return Table(
        name=f"{provenance(tree)['model']['name']}-responders",
        title=f"Response rates of {spec_of(tree).outcome.label}, {cohort_named(tree)}",
        columns=(
            Column("Response"),
            Column("Week", numbers=("week",)),
            Column("Measured, true", "%", ("true_estimate", "true_lower", "true_upper")),
            Column("Measured, as recorded", "%", ("estimate", "lower", "upper")),
            Column("Monte Carlo error", "%", ("error",)),
            Column("Responders", numbers=("responders", "recorded")),
            Column("Counted", "%", ("counted_estimate", "counted_lower", "counted_upper")),
            Column("Width ratio", numbers=("width_ratio",)),
            Column("Gain", numbers=("gain",)),
            Column("Note"),
        ),
        rows=tuple(_row(row, true.get((row["criterion"], row["week"]))) for row in rows),
        notes=(
            f"Share of new patients: posterior median and {interval_name(ci_prob)}. Measured: from the model "
            "of all records, true values or values as they would be recorded. Counted: from the responders "
            "among patients whose records decide it, under a uniform prior.",
            "Width ratio: the counted interval over that of the rate as recorded. Gain: patients counted "
            "that one patient measured stands for, what the model's priors knew taken off.",
        ),
        warnings=warnings_of(tree, result.gate),
    ).without_blank_columns()


def _row(row: Mapping[Hashable, Any], true: Mapping[Hashable, Any] | None) -> tuple[Cell, ...]:
    patients = int(row["recorded"])
    return (
        words(str(row["definition"]).partition(": ")[2]),
        week_cell(float(row["week"])),
        _BLANK if true is None else _rate(true),
        _rate(row),
        error_cell(100.0 * float(row["mcse"])),
        Cell(f"{int(row['responders'])}/{patients}", (float(row["responders"]), float(patients))),
        _rate(row, "counted_") if patients else _BLANK,
        _ratio(float(row["width_ratio"])),
        _ratio(float(row["gain"])),
        words(row["note"]),
    )


def _rate(row: Mapping[Hashable, Any], of: str = "") -> Cell:
    """Return a rate with its interval, in %."""
    shares = [float(row[f"{of}{name}"]) for name in ("estimate", "lower", "upper")]
    middle, low, high = map(percent, shares)
    return Cell(f"{middle} ({low} to {high})", tuple(100.0 * each for each in shares))


def _ratio(value: float) -> Cell:
    return Cell(number(value, 1), (value,))
