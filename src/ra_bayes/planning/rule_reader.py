"""The decision rule of a design page: ``[[success]]`` and ``[[futility]]`` read key by key."""

from __future__ import annotations

from typing import Any

from ra_bayes.errors import Problem
from ra_bayes.planning.endpoint import Endpoint
from ra_bayes.planning.rule import Criterion, Looks, Rule
from ra_bayes.toml_page import TomlTable

__all__ = ["read_rule"]


def read_rule(
    page: TomlTable, endpoint: Endpoint, arms: int, looks: int, problems: list[Problem]
) -> Rule | None:
    """Return the rule of a design page; ``None`` (and noted problems) if it cannot be read.

    Parameters
    ----------
    page
        The whole page; ``[[success]]`` and ``[[futility]]`` are read.
    endpoint, arms
        They say what the estimand is.
    looks
        How many looks the design has.
    problems
        The page's.
    """
    before = len(problems)
    found: dict[str, list[Criterion]] = {}
    for key in ("success", "futility"):
        tables = page.tables(key, f"write [[{key}]] with above or below, and probability")
        found[key] = [
            _criterion(TomlTable(raw, problems, f"{key} {place}"), key, endpoint, arms, looks)
            for place, raw in enumerate(tables, 1)
        ]
    if not found["success"] and len(problems) == before:
        page.problem("success", "is missing", "write [[success]] with above or below, and probability")
    if len(problems) > before:
        return None
    success, futility = found["success"], found["futility"]
    if not any(each.basis == "posterior" and each.at(looks, looks) for each in success):
        mend = 'write a posterior criterion with looks = "final"'
        page.problem("success", "has no posterior criterion at the final analysis", mend)
        return None
    return Rule(tuple(success), tuple(futility))


def _criterion(table: TomlTable, key: str, endpoint: Endpoint, arms: int, looks: int) -> Criterion:
    basis: Any = table.choice("basis", ("posterior", "predictive"), "posterior")
    sides = [side for side in ("above", "below") if side in table]
    threshold, direction = 0.0, endpoint.benefit
    if basis == "predictive":
        for side in sides:
            table.problem(side, "is not of a predictive criterion", "leave it out: it asks for final success")
    elif len(sides) != 1:
        table.problem("above", "or below: exactly one is needed", "give one, with a value of the estimand")
    else:
        direction = "above" if sides[0] == "above" else "below"
        mend = "give a value of the estimand"
        if direction != endpoint.benefit:
            table.problem(sides[0], "is the side of harm", f"write {endpoint.benefit} = instead")
        threshold = table.number(sides[0], mend, above=0.0 if endpoint.ratio else None)
    probability = table.number("probability", "give a probability between 0 and 1", above=0.0)
    if probability >= 1.0:
        mend = "no data make anything certain; give one below 1, such as 0.95"
        table.problem("probability", "is not below 1", mend, probability)
    when = _looks(table, key, looks)
    for each in ("above", "below"):
        table.raw(each)
    table.finish()
    sound = 0.0 < probability < 1.0
    return Criterion(
        endpoint.name(arms),
        direction,
        threshold,
        probability if sound else 0.5,
        when,
        basis,
        endpoint.unit,
    )


def _looks(table: TomlTable, key: str, looks: int) -> Looks:
    value = table.raw("looks")
    mend = f'write "final", "interim", "all", or a list of numbers from 1 to {looks}'
    if value is None:
        return "final" if key == "success" else "interim"
    if isinstance(value, str):
        chosen: Any = table.choice("looks", ("final", "interim", "all"), "final")
        return chosen  # type: ignore[no-any-return]
    whole = (
        isinstance(value, list)
        and value
        and all(isinstance(each, int) and not isinstance(each, bool) and 1 <= each <= looks for each in value)
    )
    if not whole:
        table.problem("looks", "names no look of this design", mend, value)
        return "final"
    return tuple(sorted(set(value)))
