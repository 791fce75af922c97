"""What tables call a cohort, an outcome and a unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ra_bayes.numbers import how_many, listed
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.plain import plain
from ra_bayes.tree import is_given_counts, is_joint, joint_trees, provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["cohort_named", "label_in", "labels_of", "unit_word"]


def cohort_named(tree: xr.DataTree) -> str:
    """Return what a tree's numbers are of: a cohort or an arm of it by name and size, or a publication."""
    entries = provenance(tree)
    if "published" in entries:
        return f"published counts of {entries['published']['name']}"
    cohort = entries["cohort"]
    if "of_arm" in entries:
        here = how_many(tree["constant_data"].sizes["patient"])
        return f"{cohort['name']}, arm {plain(entries['of_arm'])} ({here})"
    return f"{cohort['name']} ({how_many(len(cohort['patients']))})"


def labels_of(tree: xr.DataTree) -> dict[str, str]:
    """Return the labels of the outcomes of a tree by their identifiers."""
    known = {id: outcome.label for id, outcome in OUTCOMES.items()}
    if is_given_counts(tree):
        return known
    fitted = joint_trees(tree).values() if is_joint(tree) else [tree]
    return known | {own.id: own.label for own in (spec_of(each).outcome for each in fitted)}


def label_in(labels: Mapping[str, str], outcome: str) -> str:
    """Return the label of an outcome, or those of outcomes that a joint fit tells of together.

    Examples
    --------
    >>> label_in({"il10": "IL-10", "il17": "IL-17"}, "il10 & il17")
    'IL-10 and IL-17'
    """
    return listed([labels.get(each, each) for each in outcome.split(" & ")])


def unit_word(unit: str) -> str:
    """Return a unit as printed: a ratio says to what."""
    return "ratio to baseline" if unit == "ratio" else unit
