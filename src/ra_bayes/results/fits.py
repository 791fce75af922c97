"""A fit in a results folder: the tree, the verdict on it, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.estimand import estimands
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.results.place import FIGURES, TRUST, place, write_table
from ra_bayes.tree import provenance, save

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Result", "place_of_fit", "read_result", "save_result"]

_OURS = frozenset({"posterior.nc", "estimands.csv", "gate.txt", "model.toml", FIGURES, TRUST})


@dataclass(frozen=True, eq=False)
class Result:
    """A fit with its verdict and what it says.

    Parameters
    ----------
    tree
        The fit.
    gate
        Whether the sampler worked.
    table
        Its estimands; None if the gate failed.
    """

    tree: xr.DataTree
    gate: Diagnosis
    table: pd.DataFrame | None


def read_result(tree: xr.DataTree, ci_prob: float) -> Result:
    """Return the verdict on a fit and, if it passed, its estimands."""
    gate = diagnose(tree)
    # The verdict is in hand: asking for it again would cost as much as the estimands.
    table = estimands(tree, ci_prob=ci_prob, checked=gate) if gate.passed else None
    return Result(tree, gate, table)


def place_of_fit(folder: str | PathLike[str], model: str) -> Path:
    """Return where a model's result is written, if nothing is lost by it.

    Raises
    ------
    RaBayesError
        If it holds files that are no part of a fit, or cannot be written to.
    """
    return place(folder, model, _OURS)


def save_result(tree: xr.DataTree, folder: str | PathLike[str], *, ci_prob: float = 0.90) -> Result:
    """Write a fit, also a joint one, into ``folder/MODEL``; an earlier one stays until it is complete."""
    target = place_of_fit(folder, provenance(tree)["model"]["name"])
    result = read_result(tree, ci_prob)
    with atomic_folder(target) as part:
        save(tree, part / "posterior.nc")
        write_text(part / "gate.txt", f"{result.gate}\n")
        write_text(part / "model.toml", provenance(tree)["model"]["toml"])
        write_table(result.table, part / "estimands.csv")
    return result
