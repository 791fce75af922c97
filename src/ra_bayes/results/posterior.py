"""The posterior of one outcome in a results folder."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.files import tidy
from ra_bayes.tree import is_given_counts, load, outcome_trees, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["find_posterior"]


def find_posterior(folder: str | PathLike[str], outcome: str) -> xr.DataTree:
    """Return the posterior of an outcome: a fit's, or one given published counts.

    Parameters
    ----------
    folder
        A results folder, one sub-folder of it, or a file ``posterior.nc``.
    outcome
        Identifier of the outcome.

    Raises
    ------
    RaBayesError
        If there is none, or more than one.
    """
    place = Path(folder)
    if place.is_file():
        paths = [place]
    elif (place / "posterior.nc").is_file():
        paths = [place / "posterior.nc"]
    else:
        tidy(place)
        # A name that begins with a dot is a folder that another process is writing.
        paths = sorted(path for path in place.glob("*/posterior.nc") if path.parent.name[0] != ".")
    if not paths:
        raise RaBayesError(
            f"{folder}: no posterior in it (no MODEL/posterior.nc); run ra-bayes fit or ra-bayes published "
            f"with --out {folder} first"
        )
    trees = {path: load(path) for path in paths}
    fitting = [path for path, tree in trees.items() if outcome in _outcomes(tree)]
    if not fitting:
        there = sorted({each for tree in trees.values() for each in _outcomes(tree)})
        raise RaBayesError(
            f"{folder}: no posterior of {outcome}, the design's outcome; it has {', '.join(there)}"
        )
    if len(fitting) > 1:
        names = ", ".join(str(path.parent) for path in fitting)
        raise RaBayesError(f"{folder}: {len(fitting)} posteriors of {outcome}; give one of {names}")
    return trees[fitting[0]]


def _outcomes(tree: xr.DataTree) -> list[str]:
    if is_given_counts(tree):
        return list(dict.fromkeys(outcome for _, outcome, _ in outcome_trees(tree)))
    return [spec_of(tree).outcome.id]
