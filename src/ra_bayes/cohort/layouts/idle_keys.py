"""Keys of a mapping that a layout has no use for: refused, since they would be passed over in silence."""

from __future__ import annotations

from collections.abc import Mapping

from ra_bayes.cohort.mapping import LAYOUTS, TableMapping
from ra_bayes.sources import Problems

__all__ = ["refuse_idle_keys"]

_OF_LONG = ("value", "unit", "limit", "lower_limit", "upper_limit")
_OF_SHEET = (*_OF_LONG, "timepoint")
# CDISC names the variables itself; only who, when and in which arm may be another one.
_OF_CDISC = (*_OF_LONG, "visit_unit", "week", "outcome", "batch", "measure", "columns", "dates")
_IDLE: Mapping[str, tuple[str, ...]] = {
    "long": ("columns", "timepoint"),
    "visits": _OF_SHEET,
    "outcomes": (*_OF_SHEET, "measure"),
    "redcap": (*_OF_SHEET, "measure"),
    "adam": _OF_CDISC,
    "sdtm": _OF_CDISC,
}


def refuse_idle_keys(given: TableMapping, layout: str, problems: Problems) -> None:
    """Name every key that is given and that nothing of this layout reads.

    Examples
    --------
    >>> problems = Problems("a.csv")
    >>> refuse_idle_keys(TableMapping(columns={"CRP": None}), "adam", problems)
    Traceback (most recent call last):
    ...
    ra_bayes.errors.CohortError: a.csv: 1 problem
      the mapping's columns says nothing of layout adam (CDISC ADaM basic data structure: ...
    """
    default = TableMapping()
    idle = [key for key in _IDLE[layout] if getattr(given, key) != getattr(default, key)]
    for key in idle:
        what = f"the mapping's {key} says nothing of layout {layout} ({LAYOUTS[layout]})"
        problems.add("mapping", what, "remove it from the mapping, or give another layout")
    if idle:
        problems.raise_if_any()
