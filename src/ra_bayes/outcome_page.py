"""An outcome of the user's own, as a table of TOML defines it: on a model page or in a mapping."""

from __future__ import annotations

from ra_bayes.outcome import Benefit, Outcome
from ra_bayes.toml_page import TomlTable

__all__ = ["define_outcome"]


def define_outcome(table: TomlTable, page: str) -> Outcome:
    """Read the definition of an outcome; what is wrong with it is noted on the page's list.

    Parameters
    ----------
    table
        With ``id``, ``label``, ``unit`` and, if they apply, ``kind``, ``lower``, ``upper``, ``step``,
        ``benefit``, ``positive`` and ``source``.
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
    kind = table.choice("kind", ("continuous", "binary"), "continuous")
    outcome = Outcome(
        id=table.text("id", "give the name used in the table's outcome column"),
        label=table.text("label", "give the name for axes"),
        unit=table.text("unit", 'give the unit, "points" if there is none'),
        lower=0.0 if kind == "binary" else ends["lower"],
        upper=1.0 if kind == "binary" else ends["upper"],
        step=ends["step"],
        benefit=benefits[table.choice("benefit", benefits, "none")],
        kind="binary" if kind == "binary" else "continuous",
        positive=table.choice("positive", ("yes", "no"), "no") == "yes",
        source=table.text("source", "say where it is defined", required=False) or page,
    )
    table.finish()
    return outcome
