"""What a design does if the truth is this or that: its operating characteristics, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ra_bayes.numbers import interval_name, number
from ra_bayes.planning.plan_numbers import error_text, probability_text, size_text
from ra_bayes.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["characteristics_of", "design_characteristics"]

_ROLES = {"null": "null: type I error", "alternative": "alternative: power"}


def design_characteristics(plan: Plan) -> Table:
    """Return a row for each truth that the design page names: error rates, sizes, duration, precision.

    Parameters
    ----------
    plan
        From :func:`ra_bayes.make_plan`.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> plan = rb.make_plan(rb.load_design("acr20_one_arm"), seed=1, sizes=[40])
    >>> [cell.text for cell in design_characteristics(plan).rows[0]][:2]
    ['0.24', 'null: type I error']
    """
    return characteristics_of(plan.design, plan.characteristics, plan.seed)


def characteristics_of(design: Design, rows: Sequence[Mapping[str, Any]], seed: int) -> Table:
    """Return the table of :func:`design_characteristics` of rows that have been computed.

    Parameters
    ----------
    design
        The design.
    rows
        As :func:`ra_bayes.operating_characteristics` returns them, or as a plan on file keeps them.
    seed
        Of the simulated trials, if there were any.
    """
    end = design.endpoint
    unit = "" if end.kind == "binary" or end.ratio else end.unit
    width = [row for row in rows if "width" in row]
    columns = (
        Column(f"True {end.name(design.arms)}", unit, ("truth",)),
        Column("Role"),
        Column("P(success)", numbers=("probability", "Monte Carlo error")),
        Column("P(futility)", numbers=("probability", "Monte Carlo error")),
        Column("P(ends early)", numbers=("probability",)),
        Column("Expected size", "patients", ("mean", "Monte Carlo error")),
        Column("Expected duration", "weeks", ("weeks",)),
        Column("Expected patients entered", numbers=("patients",)),
        Column("Expected interval width", "log scale" if end.ratio else unit, ("width", "Monte Carlo error")),
    )
    exact = all(row[key] == 0.0 for row in rows for key in row if key.endswith("_mcse"))
    notes = [
        " ".join(design.words().split("\n")),
        f"Success and futility as the rule above has them; engine: {rows[0]['engine']}. "
        + ("All numbers are exact." if exact else f"After ±: Monte Carlo standard error. Seed {seed}."),
    ]
    if width:
        notes.append(f"Width: of the {interval_name(width[0]['ci_prob'])} at full size.")
    return Table(
        name=f"{design.name}-characteristics",
        title=f"Operating characteristics: {design.title}, {design.n} patients",
        columns=columns,
        rows=tuple(_row(design, row) for row in rows),
        notes=tuple(notes),
    ).without_blank_columns()


def _row(design: Design, row: Mapping[str, Any]) -> tuple[Cell, ...]:
    nan = float("nan")
    early = max(row["p_success_mcse"], row["p_futility_mcse"]) if len(design.looks) > 1 else 0.0
    size, size_error = row["expected_n"], row["expected_n_mcse"]
    weeks, entered = row.get("expected_weeks", nan), row.get("expected_entered", nan)
    return (
        Cell(f"{row['truth']:.4g}".replace("-", "−"), (row["truth"],)),
        Cell(_ROLES.get(row["role"], "")),
        *(_chance(row[key], row[f"{key}_mcse"]) for key in ("p_success", "p_futility")),
        Cell(probability_text(row["p_early"], early), (row["p_early"],)),
        Cell(_with_error(size_text(size, size_error), size_error), (size, size_error)),
        Cell(number(weeks, 0), (weeks,)),
        Cell(number(entered, 1), (entered,)),
        _width(row),
    )


def _chance(value: float, mcse: float) -> Cell:
    return Cell(_with_error(probability_text(value, mcse), mcse), (value, mcse))


def _width(row: Mapping[str, Any]) -> Cell:
    if "width" not in row:
        return Cell("", (float("nan"), float("nan")))
    return Cell(f"{row['width']:.3g}", (row["width"], row["width_mcse"]))


def _with_error(text: str, mcse: float) -> str:
    return f"{text} ± {error_text(mcse)}" if mcse > 0.0 else text
