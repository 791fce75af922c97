"""The tables of a model page that say who the patients are: ``[arm]`` and ``[[covariate]]``."""

from __future__ import annotations

from typing import Any

from ra_bayes.model.people import Arm, Covariate
from ra_bayes.model.prior_reader import read_shift
from ra_bayes.model.priors import Prior
from ra_bayes.model.trajectories import read_trajectory
from ra_bayes.outcome import Outcome
from ra_bayes.toml_page import TomlTable

__all__ = ["read_arm", "read_covariates"]


def read_arm(page: TomlTable, reference: float) -> Arm | None:
    """Read which arm is the control, and the shape of the difference from it; None if there is one arm."""
    table = page.table("arm", "give control and effect", required=False)
    if table is None:
        return None
    control = table.text("control", "name the control arm as the table does, e.g. placebo")
    arm = Arm(control, read_trajectory(table, "effect", "step", reference))
    table.finish()
    return arm


def read_covariates(page: TomlTable, outcome: Outcome) -> tuple[tuple[Covariate, ...], tuple[Prior, ...]]:
    """Read the covariates and the priors of their coefficients, in the page's order."""
    found: list[Covariate] = []
    priors: list[Prior] = []
    for number, each in enumerate(page.tables("covariate", "write each covariate as [[covariate]]"), start=1):
        table = page.nested(each, f"covariate {number}")
        covariate = _read_covariate(table)
        if covariate.name in {other.name for other in found}:
            table.problem("name", "is given twice", "give each covariate a name of its own", covariate.name)
        if covariate.column == outcome.id:
            what = "is the outcome itself, whose baseline the model has among its records"
            table.problem("column", what, "leave the covariate out: it is adjusted for", covariate.column)
        found.append(covariate)
        numbers, why = read_shift(table), table.text("why", "give the reason for these numbers")
        priors.append(Prior(covariate.parameter, numbers, why))
        table.finish()
    return tuple(found), tuple(priors)


def _read_covariate(table: TomlTable) -> Covariate:
    name = table.text("name", "give the coefficient a name, e.g. age")
    if name and not name.isidentifier():
        table.problem("name", "is no name", "write letters, digits and underscores, e.g. age", name)
    category = table.text("category", "give the text that counts as 1", required=False)
    moves: Any = table.choice("moves", ("level", "change"), "level")
    return Covariate(
        name=name,
        column=table.text("column", "name the column of the table", required=False) or name,
        category=category,
        centre=table.number("centre", "give the value that counts as 0", default=0.0),
        scale=table.number("scale", "give the step that counts as 1", default=1.0, above=0),
        moves=moves,
    )
