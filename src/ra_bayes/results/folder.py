"""Everything that a results folder holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ra_bayes.errors import RaBayesError
from ra_bayes.files import tidy
from ra_bayes.results.counts import CountsResult, read_counts
from ra_bayes.results.fits import Result, read_result
from ra_bayes.results.place import write_table
from ra_bayes.tree import is_given_counts, is_joint, load

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Found", "find_results", "find_trees", "holds_fits", "write_estimands"]


class Found(NamedTuple):
    """Fits by model name, what published counts say by their page's, joint fits by their model's."""

    fits: dict[str, Result]
    counts: dict[str, CountsResult]
    joints: Mapping[str, Result] = MappingProxyType({})

    @property
    def every(self) -> dict[str, Result | CountsResult]:
        """All of them by the name of their sub-folder."""
        return {**self.fits, **self.counts, **self.joints}

    def only(self, names: Collection[str]) -> Found:
        """Return those of some names."""
        return Found(
            {name: each for name, each in self.fits.items() if name in names},
            {name: each for name, each in self.counts.items() if name in names},
            {name: each for name, each in self.joints.items() if name in names},
        )


def holds_fits(folder: str | PathLike[str]) -> bool:
    """Return whether a folder holds a fit, of whatever kind."""
    return bool(_paths(folder))


def find_trees(folder: str | PathLike[str]) -> dict[str, xr.DataTree]:
    """Read every tree in a results folder, by the name of its sub-folder.

    Raises
    ------
    RaBayesError
        If the folder holds nothing of ours.
    """
    paths = _paths(folder)
    if not paths and Path(folder).is_file():
        raise RaBayesError(f"{folder}: this is a file; give the folder that ra-bayes fit FILE --out wrote")
    if not paths:
        raise RaBayesError(
            f"{folder}: no fit in it (no MODEL/posterior.nc); run ra-bayes fit FILE --out {folder} first"
        )
    return {path.parent.name: load(path) for path in paths}


def _paths(folder: str | PathLike[str]) -> list[Path]:
    tidy(folder)
    # A name that begins with a dot is a folder that another process is writing.
    return sorted(path for path in Path(folder).glob("*/posterior.nc") if path.parent.name[0] != ".")


def find_results(folder: str | PathLike[str], *, ci_prob: float = 0.90) -> Found:
    """Read everything in a results folder, with verdicts and estimands.

    Raises
    ------
    RaBayesError
        If the folder holds nothing of ours.
    """
    joints: dict[str, Result] = {}
    found = Found({}, {}, joints)
    for name, tree in find_trees(folder).items():
        if is_given_counts(tree):
            found.counts[name] = read_counts(tree, Path(folder) / name, ci_prob)
        elif is_joint(tree):
            joints[name] = read_result(tree, ci_prob)
        else:
            found.fits[name] = read_result(tree, ci_prob)
    return found


def write_estimands(found: Found, folder: str | PathLike[str]) -> None:
    """Write every ``estimands.csv`` anew, unless the gate failed."""
    for name, result in found.every.items():
        write_table(result.table, Path(folder) / name / "estimands.csv")
