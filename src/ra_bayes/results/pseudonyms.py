"""A results folder without patient identifiers: a copy, from which everything else is then made.

A copy and not a switch of each output, so that no file of the new folder, nor one that a page there links to,
knows a patient; and so that a patient has the same pseudonym in all of them. What it holds: the fits, with
the patients of every group in the order of their pseudonyms (their place in the file would tell who they
are), what was stored of how far they can be believed, models compared, posteriors given published counts, and
plans, which know no patient. Nothing else of the old folder is carried over.

The hash of the cohort is replaced by one that rests on chance: with the records and a list of identifiers,
the old one would let anyone try which order of them gives it.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.cohort.key_file import write_key
from ra_bayes.cohort.pseudonyms import NAME, SOURCE, in_order, pseudonyms, without_identifiers
from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.results.comparison_pseudonyms import pseudonymise_comparison
from ra_bayes.results.comparisons import find_comparisons, save_comparison, stale_models
from ra_bayes.results.counts import read_counts, save_counts
from ra_bayes.results.fits import save_result
from ra_bayes.results.folder import find_trees
from ra_bayes.results.place import TRUST
from ra_bayes.results.plans import stored_plans
from ra_bayes.results.trust import read_trust, save_trust
from ra_bayes.results.trust_pseudonyms import pseudonymise_trust
from ra_bayes.tree import is_given_counts, is_joint, joint_trees, provenance, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["MARK", "is_current", "pseudonymise_results", "pseudonymise_tree"]

MARK = "PSEUDONYMISED.txt"
# Of a fit's provenance; another entry may name a patient, and is not carried over.
_ENTRIES = ("model", "joint", "outcome", "seed", "sampling", "attempts", "versions")
# Of the estimands written; a report writes them anew with its own.
_CI = 0.90
_MARKED = (
    "The fits of another results folder without the identifiers of its patients, written by ra-bayes.\n"
    "It is made anew as a whole: keep nothing of your own here.\n"
)


def pseudonymise_results(
    folder: str | PathLike[str],
    to: str | PathLike[str],
    *,
    key: Mapping[str, str] | None = None,
    key_file: str | PathLike[str] | None = None,
) -> dict[str, str]:
    """Write a copy of a results folder that knows no patient by their identifier; return the key.

    Parameters
    ----------
    folder
        The results folder.
    to
        Where the copy goes. An earlier copy there is replaced as a whole.
    key
        Pseudonyms given before, by identifier, to keep them; in a new random order if not given.
    key_file
        Where to write the key, for its owner alone, if it is to be kept.

    Returns
    -------
    dict
        Each patient's pseudonym.

    Raises
    ------
    RaBayesError
        If `to` is there and is no such copy, the key lacks a patient, or `key_file` is there already.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> key = rb.pseudonymise_results("results", "results-to-share")    # doctest: +SKIP
    """
    target = Path(to)
    if target.exists() and not (target / MARK).is_file():
        raise RaBayesError(
            f"{target}: is there already and is no pseudonymised copy, so it is not replaced; move it, or "
            "choose another place"
        )
    found = find_trees(folder)
    fits = {name: tree for name, tree in found.items() if not is_given_counts(tree)}
    patients = {each for tree in fits.values() for each in _patients(tree)}
    given = pseudonyms(patients) if key is None else {who: key[who] for who in patients if who in key}
    if len(given) < len(patients) or len(set(given.values())) < len(given):
        raise RaBayesError(
            f"the key does not give each of the {len(patients)} patients in {folder} a pseudonym of their "
            "own; give the key of this cohort, or the name of a file that is not there yet for a new one"
        )
    if key_file is not None:
        # Before the copy: one whose key was lost would be of no use to its owner.
        write_key(given, key_file)
    with atomic_folder(target) as part:
        _write_fits(fits, Path(folder), part, given)
        for name, tree in found.items():
            if name not in fits:
                save_counts(tree, read_counts(tree, Path(folder) / name, _CI).comparison, part, ci_prob=_CI)
        _copy_plans(Path(folder), part, given)
        write_text(part / MARK, _MARKED)
    return given


def is_current(copy: str | PathLike[str], folder: str | PathLike[str]) -> bool:
    """Return whether a copy holds every fit of a folder, none of them older than the original."""
    files = [
        path
        for pattern in ("*/posterior.nc", f"*/{TRUST}/*", "comparison-*/*.csv", "*/plan.json")
        for path in Path(folder).glob(pattern)
        if path.relative_to(folder).parts[0][0] != "."
    ]
    made = {path.name for path in Path(copy).glob("*") if (path / "posterior.nc").is_file()}
    mark = Path(copy) / MARK
    if not mark.is_file() or made != {path.parent.name for path in files if path.name == "posterior.nc"}:
        return False
    since = mark.stat().st_mtime_ns
    return all(path.stat().st_mtime_ns < since for path in files)


def _write_fits(fits: Mapping[str, xr.DataTree], folder: Path, part: Path, given: Mapping[str, str]) -> None:
    secret = secrets.token_bytes(16)
    made = {name: pseudonymise_tree(named, given, secret=secret) for name, named in fits.items()}
    for name, tree in made.items():
        save_result(tree, part, ci_prob=_CI)
        trusted = read_trust(folder, name)
        if trusted is not None:
            save_trust(pseudonymise_trust(trusted, tree, given), part, provenance(tree)["model"]["name"])
    for stored in find_comparisons(folder).values():
        # One of other fits than those here is of patients who may be others, too.
        if not stale_models(stored.comparison, fits):
            save_comparison(*pseudonymise_comparison(stored, made, given), part)


def _copy_plans(folder: Path, part: Path, given: Mapping[str, str]) -> None:
    """Copy the plans as they are, without any whose author wrote a patient's identifier into it."""
    # A patient called 12 is not told by a plan of 12 patients.
    telling = [who for who in given if not who.isdecimal()]
    for name in stored_plans(folder):
        text = (folder / name / "plan.json").read_text(encoding="utf-8")
        if without_identifiers(text, telling) == text:
            shutil.copytree(folder / name, part / name)


def pseudonymise_tree(tree: xr.DataTree, given: Mapping[str, str], *, secret: bytes) -> xr.DataTree:
    """Return a fit that knows its patients by their pseudonyms only, in the order of these.

    Parameters
    ----------
    tree
        A fit.
    given
        Each patient's pseudonym.
    secret
        What the cohort's new hash rests on besides its old one: the same for all fits of one cohort.
    """
    import xarray as xr

    groups = {path: _renamed(node.to_dataset(), given) for path, node in tree.subtree_with_keys}
    if is_joint(tree):
        # Each outcome's tree says for itself where it came from.
        for outcome, node in joint_trees(tree).items():
            told = with_provenance(xr.DataTree(), _entries(node, given, secret))
            groups[outcome] = xr.Dataset(attrs=told.attrs)
    return with_provenance(xr.DataTree.from_dict(groups), _entries(tree, given, secret))


def _entries(tree: xr.DataTree, given: Mapping[str, str], secret: bytes) -> dict[str, Any]:
    entries = provenance(tree)
    kept = {name: entries[name] for name in _ENTRIES if name in entries}
    return kept | {"cohort": _overview(entries["cohort"], given, secret)}


def _renamed(dataset: xr.Dataset, given: Mapping[str, str]) -> xr.Dataset:
    """Rename and sort along whatever dimension the patients lie on, as an index or beside one."""
    if "patient" not in dataset.coords:
        return dataset
    (along,) = dataset["patient"].dims
    named = [given[str(patient)] for patient in dataset["patient"].values]
    # A stable sort keeps each patient's visits in their order.
    order = sorted(range(len(named)), key=lambda place: in_order(named[place]))
    renamed = dataset.assign_coords(patient=(along, np.array(named)))
    out: xr.Dataset = renamed.isel({along: order})
    return out


def _overview(cohort: Mapping[str, Any], given: Mapping[str, str], secret: bytes) -> dict[str, Any]:
    """Return a cohort's overview without what tells its patients; entries not known here are dropped."""
    kept = ("synthetic", "weeks", "infusion_weeks", "outcomes", "converted")
    hashed = hashlib.sha256(secret + cohort["hash"].encode()).hexdigest()
    return {
        **{name: cohort[name] for name in kept},
        "name": f"{NAME} (synthetic)" if cohort["synthetic"] else NAME,
        "source": SOURCE,
        "hash": hashed,
        "patients": sorted((given[who] for who in cohort["patients"] if who in given), key=in_order),
        "arms": {
            arm: sorted((given[who] for who in patients if who in given), key=in_order)
            for arm, patients in cohort["arms"].items()
        },
        "left_out": [_left_out(each, given) for each in cohort["left_out"]],
        "notes": [without_identifiers(note, given) for note in cohort["notes"]],
        **_pattern(cohort, given),
    }


def _pattern(cohort: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return who was measured when, in the order of the pseudonyms; nothing of a fit that has none."""
    if "pattern" not in cohort:
        return {}
    places = [place for place, who in enumerate(cohort["patients"]) if who in given]
    places.sort(key=lambda place: in_order(given[cohort["patients"][place]]))
    return {
        "pattern": {outcome: [rows[place] for place in places] for outcome, rows in cohort["pattern"].items()}
    }


def _left_out(each: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    what = "a patient" if each["what"].startswith("patient ") else without_identifiers(each["what"], given)
    why = without_identifiers(each["why"].partition(" (row")[0], given)
    return {"what": what, "count": each["count"], "why": why}


def _patients(tree: xr.DataTree) -> tuple[str, ...]:
    if is_joint(tree):
        tree = next(iter(joint_trees(tree).values()))
    return tuple(str(each) for each in tree["observed_data"].to_dataset()["patient"].values)
