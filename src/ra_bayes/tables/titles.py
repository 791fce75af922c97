"""What tables call a cohort, an outcome and a unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ra_bayes.outcomes import OUTCOMES
from ra_bayes.tree import is_given_counts, provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["cohort_named", "labels_of", "patients_named", "unit_word"]


def cohort_named(tree: xr.DataTree) -> str:
    """Return what a tree's numbers are of: a cohort by its name and size, or a publication."""
    entries = provenance(tree)
    if "published" in entries:
        return f"published counts of {entries['published']['name']}"
    return f"{entries['cohort']['name']} ({patients_named(len(entries['cohort']['patients']))})"


def patients_named(count: int) -> str:
    """Return a number of patients in words.

    Examples
    --------
    >>> patients_named(1), patients_named(6)
    ('1 patient', '6 patients')
    """
    return f"{count} patient{'' if count == 1 else 's'}"


def labels_of(tree: xr.DataTree) -> dict[str, str]:
    """Return the labels of the outcomes of a tree by their identifiers."""
    known = {id: outcome.label for id, outcome in OUTCOMES.items()}
    if is_given_counts(tree):
        return known
    own = spec_of(tree).outcome
    return {**known, own.id: own.label}


def unit_word(unit: str) -> str:
    """Return a unit as printed: a ratio says to what."""
    return "ratio to baseline" if unit == "ratio" else unit
