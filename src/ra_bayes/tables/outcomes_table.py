"""The answer of every fit of a cohort beside the others: a row an outcome."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import warnings_of
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.estimand.names import name_of
from ra_bayes.numbers import interval_name
from ra_bayes.results.fits import Result, read_result
from ra_bayes.results.summary import main_row
from ra_bayes.tables.cells import (
    ROUNDED,
    chance_cell,
    error_cell,
    estimate_cell,
    interval_cell,
    week_cell,
    words,
)
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named, unit_word
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["outcomes", "outcomes_of"]

_NAN = float("nan")


def outcomes(trees: Iterable[xr.DataTree], *, ci_prob: float = 0.90) -> Table:
    """Return of every fit the population's mean change, or response rate, at its reference week.

    A fit that did not pass its gate has a row that says so, and no numbers.

    Parameters
    ----------
    trees
        Fits of one cohort, in the order of the rows.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.

    Raises
    ------
    RaBayesError
        If there is no fit.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> fits = [rb.load(f"results/{name}/posterior.nc") for name in ("sdai", "crp")]  # doctest: +SKIP
    >>> rb.tables.save(rb.tables.outcomes(fits), "table-2.docx")  # doctest: +SKIP
    """
    return outcomes_of([read_result(tree, ci_prob) for tree in trees], ci_prob)


def outcomes_of(results: Sequence[Result], ci_prob: float) -> Table:
    """Return the table of :func:`outcomes` of results that have been read."""
    if not results:
        raise RaBayesError("a table of outcomes needs at least one fit; fit a model first")
    # What a fit's own gate says stands in its row.
    warned = [warnings_of(each.tree, each.gate) for each in results]
    synthetic = [text for texts in warned for text in texts if text.startswith("Synthetic")]
    return Table(
        name="outcomes",
        title=f"Population estimates by outcome, {cohort_named(results[0].tree)}",
        columns=(
            Column("Outcome"),
            Column("Estimand"),
            Column("Week", numbers=("week",)),
            Column("Unit"),
            Column("Estimate", numbers=("estimate",)),
            Column(interval_name(ci_prob), numbers=("lower", "upper")),
            Column("P(better)", numbers=("probability",)),
            Column("Monte Carlo error", numbers=("error",)),
            Column("Note"),
        ),
        rows=tuple(_row(each) for each in results),
        notes=(
            "Posterior medians; changes are from baseline, true ones, of the typical patient of the "
            "population that these patients stand for. P(better): probability of any benefit. "
            f"{ROUNDED} {_control(results)} "
            "Of many rows, the one with the largest probability is not the finding.",
        ),
        warnings=tuple(dict.fromkeys(synthetic)),
    ).without_blank_columns()


def _control(results: Sequence[Result]) -> str:
    if any(has_two_arms(each.tree) for each in results):
        return (
            "Of two arms it is the difference between them; whether patients were allocated at random is not "
            "told."
        )
    return "There is no control arm: a change after treatment is not a change because of it."


def _row(result: Result) -> tuple[Cell, ...]:
    spec, found = spec_of(result.tree), main_row(result)
    row: dict[Hashable, Any] = found or {
        "estimand": "response_rate" if spec.binary else "mean_change",
        "week": spec.reference_week,
        "unit": "",
        "note": "withheld: the sampler did not pass its gate",
        **dict.fromkeys(("estimate", "lower", "upper", "p_benefit", "mcse"), _NAN),
    }
    name = name_of(row["estimand"])
    return (
        words(spec.outcome.label),
        words(name[:1].upper() + name[1:]),
        week_cell(row["week"]),
        words(unit_word(row["unit"])),
        estimate_cell(row),
        interval_cell(row),
        chance_cell(row["p_benefit"]),
        error_cell(row["mcse"]),
        words(row["note"]),
    )
