"""What each patient's absence changes, as a table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import warnings_of
from ra_bayes.estimand.names import name_of
from ra_bayes.numbers import interval_name, number, probability
from ra_bayes.tables.cells import ROUNDED, error_cell, estimate_cell, interval_cell, words
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named, unit_word
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["leave_one_out"]

_NAN = float("nan")


def leave_one_out(tree: xr.DataTree, patients: pd.DataFrame, decisions: pd.DataFrame | None = None) -> Table:
    """Return the main estimand without each patient, how well the others predict them, and what is decided.

    Parameters
    ----------
    tree
        The fit.
    patients, decisions
        What :func:`ra_bayes.leave_one_out` found of it, or ``left_out_patients`` and
        ``left_out_decisions`` of ``DIR/MODEL/trust``; no decision is asked of a rate.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.leave_one_out(tree)                                             # doctest: +SKIP
    >>> rb.tables.leave_one_out(tree, found.patients, found.decisions)             # doctest: +SKIP
    """
    first = dict(patients.iloc[0])
    decided = decisions if decisions is not None and len(decisions) else None
    spec = spec_of(tree)
    unit = unit_word(first["unit"])
    name = name_of(first["estimand"])
    criteria = [] if decided is None else [*decided["criterion"].drop_duplicates()]
    return Table(
        name=f"{provenance(tree)['model']['name']}-leave-one-out",
        title=f"Each patient left out: {spec.outcome.label}, {name} at week {first['week']:g}, "
        f"{cohort_named(tree)}",
        columns=(
            Column("Left out"),
            Column(name[:1].upper() + name[1:], unit, ("estimate",)),
            Column(interval_name(first["ci_prob"]), unit, ("lower", "upper")),
            Column("Monte Carlo error", unit, ("error",)),
            Column("elpd", numbers=("elpd", "Monte Carlo error")),
            *(Column(f"P({criterion})", numbers=("probability",)) for criterion in criteria),
            Column("Decision"),
            Column("Gate"),
        ),
        rows=tuple(_row(row, decided, criteria) for row in patients.to_dict("records")),
        notes=(
            "The model fitted anew to the others. elpd: log density of the records of the patient left out, "
            "as the others predict them, after ± its Monte Carlo standard error; far below the others' it "
            f"says that a patient is unlike the rest. {ROUNDED}",
        ),
        warnings=warnings_of(tree),
    ).without_blank_columns()


def _row(row: Mapping[Hashable, Any], decided: pd.DataFrame | None, criteria: list[str]) -> tuple[Cell, ...]:
    patient = row["patient"]
    score = (row["elpd"], row["elpd_mcse"]) if patient else (_NAN, _NAN)
    return (
        words(patient or "nobody"),
        estimate_cell(row),
        interval_cell(row),
        error_cell(row["mcse"]),
        Cell(f"{number(score[0], 1)} ± {score[1]:.2f}" if patient else "", score),
        *(_asked(decided, patient, criterion) for criterion in criteria),
        words(_decision(decided, patient)),
        words("passed" if row["passed"] else "not passed: not to be relied on"),
    )


def _asked(decided: pd.DataFrame | None, patient: str, criterion: str) -> Cell:
    assert decided is not None
    own = decided[(decided["patient"] == patient) & (decided["criterion"] == criterion)]
    value = float(own["probability"].iloc[0]) if len(own) else _NAN
    return Cell(probability(value), (value,))


def _decision(decided: pd.DataFrame | None, patient: str) -> str:
    if decided is None:
        return ""
    own = decided[decided["patient"] == patient]
    what = "success" if own["success"].all() else "no success"
    flips = " (another decision)" if own["flips"].any() else ""
    close = ", within two Monte Carlo errors" if own["close"].any() else ""
    return f"{what}{close}{flips}"
