"""The one currency: an ArviZ `xarray.DataTree` with the fit and all that is needed to read it again.

Groups: ``posterior``, ``prior``, ``posterior_predictive``, ``prior_predictive``, ``log_likelihood``,
``log_prior``, ``sample_stats``, ``observed_data``, ``constant_data``; where residuals are AR(1) also
``log_likelihood_given_others`` and ``posterior_predictive_given_others``, each record's (observation) given
all others of its patient: what leaving it out asks for. The model's page, the cohort's
name and hash, seed, sampler settings and versions are one JSON text in the root attribute
``ra_bayes``, since netCDF attributes take neither bool, None nor dict.

Posterior variables are on the link's scale: the parameters of the page, ``patient_level`` and
``patient_response`` (patient), ``mean_change`` and ``response_shape`` (visit). ``observed_data`` and
the predictives hold records in the outcome's unit.

A joint fit (:func:`ra_bayes.fit_joint`) has such a tree for every outcome, under its name, and at the root
what ties them: ``response_correlation``, ``level_correlation`` (outcome, other), ``loading``,
``baseline_loading`` (outcome), ``responder_factor`` and ``baseline_factor`` (patient).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.files import atomic_file
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.spec_reader import read_spec

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "is_given_counts",
    "is_joint",
    "joint_trees",
    "load",
    "model_entry",
    "outcome_trees",
    "provenance",
    "save",
    "spec_of",
    "with_provenance",
]

ATTRIBUTE = "ra_bayes"


def provenance(tree: xr.DataTree) -> dict[str, Any]:
    """Return where a tree came from: model, cohort, seed, sampler, versions.

    Parameters
    ----------
    tree
        Of a fit, a joint fit, or published counts.

    Returns
    -------
    dict
        Plain data under ``model`` (name, page, hash), ``cohort``, ``sampling`` and ``attempts``, ``seed`` and
        ``versions``; of a joint fit also ``joint``.

    Raises
    ------
    RaBayesError
        If it is no tree, or was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.provenance(rb.load("results/sdai/posterior.nc"))["seed"]  # doctest: +SKIP
    1
    """
    _check_tree(tree)
    text = tree.attrs.get(ATTRIBUTE)
    if not isinstance(text, str):
        raise RaBayesError(
            "this DataTree was not made by ra_bayes (no attribute 'ra_bayes'); fit it with ra_bayes.fit"
        )
    found: dict[str, Any] = json.loads(text)
    return found


def _check_tree(tree: xr.DataTree) -> None:
    import xarray as xr

    check_type(tree, xr.DataTree, "a fit", "read one with rb.load(path), or fit one with rb.fit")


def with_provenance(tree: xr.DataTree, entries: dict[str, Any]) -> xr.DataTree:
    """Return the tree with its provenance set to `entries`."""
    out = tree.copy()
    out.attrs[ATTRIBUTE] = json.dumps(entries, ensure_ascii=False, sort_keys=True)
    return out


def spec_of(tree: xr.DataTree) -> ModelSpec:
    """Return the model page that a tree was fitted with, with the prior numbers it was fitted with."""
    model = provenance(tree)["model"]
    spec = read_spec(model["toml"], name=model["name"])
    # A joint model has its own prior of an outcome's effect.
    return spec.with_numbers({name: tuple(numbers) for name, numbers in model.get("numbers", {}).items()})


def is_given_counts(tree: xr.DataTree) -> bool:
    """Return whether a tree is a posterior given published counts, of several outcomes, rather than a fit."""
    entries = provenance(tree)
    return "published" in entries and "arm" not in entries


def outcome_trees(tree: xr.DataTree) -> Iterator[tuple[str, str, xr.DataTree]]:
    """Yield arm, outcome and tree for every outcome of a posterior given published counts."""
    for arm in provenance(tree)["published"]["arms"]:
        for outcome, node in tree[arm["id"]].children.items():
            yield arm["id"], outcome, node


def is_joint(tree: xr.DataTree) -> bool:
    """Return whether a tree is a joint fit of several outcomes' records, rather than the fit of one."""
    entries = provenance(tree)
    # A pooled fit of reconstructed cohorts tells its joint model too, and no outcomes of records.
    return "outcomes" in entries.get("joint", {}) and "outcome" not in entries


def joint_trees(tree: xr.DataTree) -> dict[str, xr.DataTree]:
    """Return the tree of every outcome of a joint fit, by outcome.

    Each is a tree as :func:`~ra_bayes.fit` makes them, whose draws are those of one joint posterior:
    estimands, tables and figures of fits take it.

    Parameters
    ----------
    tree
        Of :func:`~ra_bayes.fit_joint`.

    Raises
    ------
    RaBayesError
        If the tree is no joint fit.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> tree = rb.load("results/records/posterior.nc")  # doctest: +SKIP
    >>> rb.diagnose(rb.joint_trees(tree)["sdai"])  # doctest: +SKIP
    """
    if not is_joint(tree):
        raise RaBayesError("this tree is no joint fit of several outcomes; make one with ra_bayes.fit_joint")
    return {outcome: tree.children[outcome] for outcome in provenance(tree)["joint"]["outcomes"]}


def model_entry(spec: ModelSpec) -> dict[str, Any]:
    """Return what a tree's provenance says of its model: the page, and the prior numbers that were used."""
    return {
        "name": spec.name,
        "hash": spec.hash,
        "toml": spec.toml,
        "numbers": {prior.parameter.name: list(prior.numbers) for prior in spec.priors},
    }


def save(tree: xr.DataTree, path: str | PathLike[str]) -> Path:
    """Write a tree to one netCDF file, atomically: an earlier file stays whole until the new one is.

    Parameters
    ----------
    tree
        Of a fit, a joint fit, or published counts.
    path
        The file, usually ``.nc``.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    RaBayesError
        If it is no tree.

    Examples
    --------
    >>> import ra_bayes as rb                                    # doctest: +SKIP
    >>> rb.save(tree, "sdai.nc")                                 # doctest: +SKIP
    """
    _check_tree(tree)
    # In memory first: on a full disk HDF5 brings the whole process down.
    content = io.BytesIO()
    tree.to_netcdf(content, engine="h5netcdf")
    with atomic_file(path) as part:
        part.write_bytes(content.getvalue())
    return Path(path)


def load(path: str | PathLike[str]) -> xr.DataTree:
    """Read a tree that :func:`save` wrote, wholly, and close the file.

    Parameters
    ----------
    path
        Such as ``DIR/sdai/posterior.nc``, as ``ra-bayes fit --out DIR`` writes it.

    Returns
    -------
    xarray.DataTree
        The tree as it was saved: of a fit, a joint fit, or published counts.

    Raises
    ------
    RaBayesError
        If the file is missing or is not such a tree.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> tree = rb.load("results/sdai/posterior.nc")  # doctest: +SKIP
    """
    import xarray as xr

    try:
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            tree = opened.load()
    except FileNotFoundError:
        raise RaBayesError(f"{path}: there is no such file; fit a model with --out first") from None
    except (OSError, ValueError) as error:
        raise RaBayesError(
            f"{path}: not a result of ra_bayes: {error}; give the posterior.nc of one"
        ) from None
    provenance(tree)
    return tree
