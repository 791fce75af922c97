"""A comparison of models without patient identifiers: its tables renamed, of the renamed fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ra_bayes.cohort.pseudonyms import in_order
from ra_bayes.comparison.comparison import Comparison, mark_of
from ra_bayes.results.comparisons import StoredComparison
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["pseudonymise_comparison"]


def pseudonymise_comparison(
    stored: StoredComparison, trees: Mapping[str, xr.DataTree], given: Mapping[str, str]
) -> StoredComparison:
    """Return a comparison with pseudonyms in place of identifiers.

    Parameters
    ----------
    stored
        What was stored; of the fits that lie beside it.
    trees
        These fits, pseudonymised.
    given
        Each patient's pseudonym.
    """
    found = stored.comparison
    names = [*found.models["model"]]
    models = found.models.assign(
        cohort=provenance(trees[names[0]])["cohort"]["name"], fit=[mark_of(trees[name]) for name in names]
    )
    tables = (_renamed(table, given) for table in (found.patients, found.records))
    return StoredComparison(Comparison(models, *tables), _renamed(stored.stacked, given))


def _renamed(table: pd.DataFrame, given: Mapping[str, str]) -> pd.DataFrame:
    """Rename the patients and sort them within what stands around them, which keeps its order."""
    named = [given[who] if who else "" for who in table["patient"]]
    around = [key for key in ("model", "estimand") if key in table]
    first: dict[tuple[str, ...], int] = {}
    places = [
        first.setdefault(key, len(first)) for key in zip(*(table[each] for each in around), strict=True)
    ]
    order = sorted(range(len(named)), key=lambda row: (places[row], bool(named[row]), in_order(named[row])))
    return table.assign(patient=named).iloc[order].reset_index(drop=True)
