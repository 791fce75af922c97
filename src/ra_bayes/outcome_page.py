"""An outcome of the user's own, as a table of TOML defines it: on a model page or in a mapping."""

from __future__ import annotations

from typing import Any

from ra_bayes.outcome import Benefit, Outcome
from ra_bayes.toml_page import TomlTable

__all__ = ["define_outcome"]


def define_outcome(table: TomlTable, page: str) -> Outcome:
    """Read the definition of an outcome; what is wrong with it is noted on the page's list.

    Parameters
    ----------
    table
        With ``id``, ``label``, ``unit`` and, if they apply, ``kind``, ``lower``, ``upper``, ``step``,
        ``labels``, ``benefit``, ``positive`` and ``source``.
    page
        What stands for the source where none is given: ``"the model page"``.

    Examples
    --------
    >>> problems = []
    >>> table = TomlTable({"id": "bmi", "label": "Body mass index", "unit": "kg/m2"}, problems)
    >>> define_outcome(table, "the mapping").source
    'the mapping'
    """
    ends = {
        key: None if table.raw(key) is None else table.number(key, "give a number or leave it out")
        for key in ("lower", "upper", "step")
    }
    if ends["lower"] is not None and ends["upper"] is not None and not ends["lower"] < ends["upper"]:
        table.problem("upper", "is not above lower", "swap or correct the two", ends["upper"])
    benefits: dict[str, Benefit | None] = {"decrease": "decrease", "increase": "increase", "none": None}
    kind: Any = table.choice("kind", ("continuous", "binary", "ordinal"), "continuous")
    labels = table.texts("labels", "give the categories' names, lowest first", required=False)
    if kind == "ordinal":
        ends["step"] = 1.0
        _check_categories(table, ends["lower"], ends["upper"], labels)
    elif labels:
        table.problem("labels", "are of an ordinal outcome", 'write kind = "ordinal", or leave them out')
    outcome = Outcome(
        id=table.text("id", "give the name used in the table's outcome column"),
        label=table.text("label", "give the name for axes"),
        unit=table.text("unit", 'give the unit, "points" if there is none'),
        lower=0.0 if kind == "binary" else ends["lower"],
        upper=1.0 if kind == "binary" else ends["upper"],
        step=ends["step"],
        benefit=benefits[table.choice("benefit", benefits, "none")],
        kind=kind,
        labels=labels,
        positive=table.choice("positive", ("yes", "no"), "no") == "yes",
        source=table.text("source", "say where it is defined", required=False) or page,
    )
    table.finish()
    return outcome


def _check_categories(
    table: TomlTable, lower: float | None, upper: float | None, labels: tuple[str, ...]
) -> None:
    """Note what cannot be three or more categories."""
    if lower is None or upper is None or lower % 1.0 or upper % 1.0 or upper - lower < 2.0:
        mend = "give lowest and highest category as lower and upper, e.g. 1 and 5; of two, kind is binary"
        table.problem("kind", "is of three or more categories that are whole numbers", mend, "ordinal")
    elif labels and len(labels) != int(upper - lower) + 1:
        what = f"are {len(labels)}, and categories {int(upper - lower) + 1}"
        table.problem("labels", what, "name each category once, lowest first", labels)
