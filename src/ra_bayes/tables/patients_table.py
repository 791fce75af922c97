"""What a fit says of each of its patients, as a table."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import warnings_of
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
    words,
)
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named, unit_word
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["patients", "patients_of"]

_EVENTS = {"patient_beats_mcid": "P(beats the MCID)", "sustained_response": "P(sustained response)"}


def patients(tree: xr.DataTree, *, ci_prob: float = 0.90) -> Table:
    """Return each patient's true change at the reference week, or their chance of a response.

    Parameters
    ----------
    tree
        A fit.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.

    Raises
    ------
    FitError
        If the fit did not pass its gate.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.tables.save(rb.tables.patients(tree), "table-3.docx")     # doctest: +SKIP
    """
    return patients_of(read_result(tree, ci_prob), ci_prob)


def patients_of(result: Result, ci_prob: float) -> Table:
    """Return the table of :func:`patients` of a result that has been read."""
    tree, told = result.tree, told_by(result)
    spec = spec_of(tree)
    own = told[(told["patient"] != "") & (told["week"].isna() | (told["week"] == spec.reference_week))]
    by_patient = {
        str(patient): {row["estimand"]: row for row in each.to_dict("records")}
        for patient, each in own.groupby("patient", sort=False)
    }
    main = "patient_response_probability" if spec.binary else "patient_change"
    what = "Chance of a response" if spec.binary else "Change"
    unit = "" if spec.binary else unit_word(str(own.loc[own["estimand"] == main, "unit"].iloc[0]))
    defined = own.drop_duplicates("estimand")
    names = {main: what, **_EVENTS}
    return Table(
        name=f"{provenance(tree)['model']['name']}-patients",
        title=f"{spec.outcome.label} by patient at week {spec.reference_week:g}, {cohort_named(tree)}",
        columns=(
            Column("Patient"),
            Column("Arm"),
            Column(what, unit, ("estimate",)),
            Column(interval_name(ci_prob), unit, ("lower", "upper")),
            Column("P(better)", numbers=("probability",)),
            *(Column(name, numbers=("probability",)) for name in _EVENTS.values()),
            Column("Monte Carlo error", unit, ("error",)),
            Column("Note"),
        ),
        rows=tuple(_row(patient, rows, main) for patient, rows in by_patient.items()),
        notes=(
            f"Estimates are posterior medians. {ROUNDED}",
            *(
                f"{names[row['estimand']]}: {row['definition']}."
                for row in defined.to_dict("records")
                if row["estimand"] in names
            ),
            *abbreviations(*defined["definition"]),
        ),
        warnings=warnings_of(tree, result.gate),
    ).without_blank_columns()


def _row(patient: str, rows: dict[str, dict[Hashable, Any]], main: str) -> tuple[Cell, ...]:
    row = rows[main]
    return (
        words(patient),
        words(row.get("arm", "")),
        estimate_cell(row),
        interval_cell(row),
        chance_cell(row["p_benefit"]),
        *(chance_cell(rows[each]["estimate"] if each in rows else float("nan")) for each in _EVENTS),
        error_cell(row["mcse"]),
        words(row["note"]),
    )
