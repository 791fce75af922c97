"""A comparison of models in a results folder: DIR/comparison-OUTCOME, whole or absent.

It stands beside the fits it is of, and keeps each one's mark: after another fit of a model it is stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ra_bayes.comparison.comparison import Comparison, mark_of
from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.results.fits import Result
from ra_bayes.results.place import FIGURES, place, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = [
    "StoredComparison",
    "find_comparisons",
    "place_of_comparison",
    "save_comparison",
    "stale_models",
]

_PREFIX = "comparison-"
_TABLES = ("models", "patients", "records")
_TEXT = "comparison.txt"
_STACKED = "stacked_estimands"
_OURS = frozenset({*(f"{name}.csv" for name in (*_TABLES, _STACKED)), _TEXT, FIGURES})
_WORDS = frozenset(
    {"ci_kind", "cohort", "definition", "estimand", "fit", "limit", "link", "model", "note", "outcome"}
    | {"page", "patient", "trajectory", "unit"}
)


class StoredComparison(NamedTuple):
    """A comparison and the estimands of its weighted mixture, as they were stored."""

    comparison: Comparison
    stacked: pd.DataFrame

    def stale(self, fits: Mapping[str, Result]) -> list[str]:
        """Return the models whose fit is another one now, or gone."""
        return stale_models(self.comparison, {name: each.tree for name, each in fits.items()})


def stale_models(found: Comparison, trees: Mapping[str, xr.DataTree]) -> list[str]:
    """Return the models of a comparison whose fit is not among these."""
    now = {name: mark_of(tree) for name, tree in trees.items()}
    models = found.models
    return [name for name, mark in zip(models["model"], models["fit"], strict=True) if now.get(name) != mark]


def place_of_comparison(folder: str | PathLike[str], outcome: str) -> Path:
    """Return where a comparison of models of an outcome is written, if nothing is lost by it.

    Raises
    ------
    RaBayesError
        If it holds files that are no part of a comparison, or cannot be written to.
    """
    return place(folder, f"{_PREFIX}{outcome}", _OURS)


def save_comparison(found: Comparison, stacked: pd.DataFrame, folder: str | PathLike[str]) -> Path:
    """Write into ``folder/comparison-OUTCOME``, replacing an earlier one only when complete; return where.

    Parameters
    ----------
    found
        What :func:`~ra_bayes.comparison.compare.compare` found.
    stacked
        :func:`~ra_bayes.comparison.stacked.stacked_estimands` under its weights.
    folder
        The results folder.
    """
    target = place_of_comparison(folder, found.outcome)
    with atomic_folder(target) as part:
        for name in _TABLES:
            write_table(getattr(found, name), part / f"{name}.csv")
        write_table(stacked, part / f"{_STACKED}.csv")
        write_text(part / _TEXT, f"{found}\n")
    return target


def find_comparisons(folder: str | PathLike[str]) -> dict[str, StoredComparison]:
    """Return the comparisons of a results folder by outcome.

    Raises
    ------
    RaBayesError
        If a file of one is missing or is not what was written.
    """
    found = {}
    for where in sorted(Path(folder).glob(f"{_PREFIX}*")):
        outcome = where.name.removeprefix(_PREFIX)
        mend = f"write it anew with ra-bayes compare FILE --model A --model B --out {folder}"
        try:
            tables = [read_table(where / f"{name}.csv", _WORDS) for name in _TABLES]
            found[outcome] = StoredComparison(
                Comparison(*tables), read_table(where / f"{_STACKED}.csv", _WORDS)
            )
        except FileNotFoundError as error:
            raise RaBayesError(f"{error.filename}: there is no such file; {mend}") from None
        except ValueError as error:
            raise RaBayesError(f"{where}: a table there cannot be read ({error}); {mend}") from None
    return found
