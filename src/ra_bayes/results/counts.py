"""What published counts say, in a results folder: a posterior given them, and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.published import Publication, read_publication_text
from ra_bayes.rates import response_rates
from ra_bayes.results.place import FIGURES, place, write_table
from ra_bayes.results.summary import finding
from ra_bayes.tree import provenance, save

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["CountsResult", "counts_findings", "place_of_counts", "read_counts", "save_counts"]

COMPARISON = "comparison.csv"
_OURS = frozenset(
    {"posterior.nc", "estimands.csv", "gate.txt", "facts.toml", COMPARISON, "rates.csv", FIGURES}
)


@dataclass(frozen=True, eq=False)
class CountsResult:
    """What published counts say.

    Parameters
    ----------
    tree
        The posterior given the counts, of one joint model and one reading.
    gate
        Whether its sampler worked.
    table
        Its estimands; None if the gate failed.
    publication
        The counts.
    comparison
        Posterior beside prior, by reading of the words and prior.
    rates
        The simple rates.
    """

    tree: xr.DataTree
    gate: Diagnosis
    table: pd.DataFrame | None
    publication: Publication
    comparison: pd.DataFrame
    rates: pd.DataFrame


def read_counts(
    tree: xr.DataTree, comparison: pd.DataFrame | str | PathLike[str], ci_prob: float
) -> CountsResult:
    """Return what is said by a posterior given counts and by the table that stands beside it.

    Parameters
    ----------
    tree
        The posterior.
    comparison
        The table over readings and priors, or the folder that holds it.
    ci_prob
        Probability of the intervals of estimands and rates; the table has its own.
    """
    published = provenance(tree)["published"]
    publication = read_publication_text(published["toml"], published["name"])
    gate = diagnose(tree)
    return CountsResult(
        tree=tree,
        gate=gate,
        table=estimands(tree, ci_prob=ci_prob, checked=gate) if gate.passed else None,
        publication=publication,
        comparison=_read_comparison(Path(comparison))
        if isinstance(comparison, str | PathLike)
        else comparison,
        rates=response_rates(publication, ci_prob=ci_prob),
    )


def place_of_counts(folder: str | PathLike[str], publication: Publication) -> Path:
    """Return where a publication's result is written, if nothing is lost by it.

    Raises
    ------
    RaBayesError
        If it holds files that are no part of such a result, or cannot be written to.
    """
    return place(folder, publication.name, _OURS)


def save_counts(
    tree: xr.DataTree, comparison: pd.DataFrame, folder: str | PathLike[str], *, ci_prob: float = 0.90
) -> CountsResult:
    """Write what published counts say into ``folder/NAME``, replacing an earlier one only when complete."""
    result = read_counts(tree, comparison, ci_prob)
    with atomic_folder(place_of_counts(folder, result.publication)) as part:
        save(tree, part / "posterior.nc")
        write_text(part / "gate.txt", f"{result.gate}\n")
        write_text(part / "facts.toml", result.publication.toml)
        write_table(result.table, part / "estimands.csv")
        write_table(comparison, part / COMPARISON)
        write_table(result.rates, part / "rates.csv")
    return result


def counts_findings(result: CountsResult) -> dict[str, Any]:
    """Return the posterior's prior and reading, its verdict and its estimands, ready for JSON."""
    entries = provenance(result.tree)
    return {
        "model": entries["model"]["name"],
        "reading": entries["published"]["reading"],
        **finding(result.gate, result.table),
    }


def _read_comparison(folder: Path) -> pd.DataFrame:
    import pandas as pd

    path = folder / COMPARISON
    try:
        # No reading is an empty text, no probability of benefit an empty cell.
        return pd.read_csv(path, keep_default_na=False, na_values={"p_benefit": [""]}, dtype={"arm": str})
    except FileNotFoundError:
        raise RaBayesError(
            f"{path}: there is no such file; write it anew with ra-bayes published {folder / 'facts.toml'} "
            f"--out {folder.parent}"
        ) from None
