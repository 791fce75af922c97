"""Figures of several fits: are they of the same patients, and what must stand under them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.diagnostics import Diagnosis, warnings_of
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.joint import CYTOKINES
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "common_week",
    "cytokines",
    "marker_and_outcome",
    "of_one_cohort",
    "of_one_fit",
    "one_cohort",
    "posteriors_of",
    "tied_responses",
    "warnings_of_all",
]

# What a correlation over patients needs.
_LEAST_PATIENTS = 3


def one_cohort(trees: Mapping[str, xr.DataTree], figure: str) -> None:
    """Raise unless there are two fits or more, all of one cohort.

    Raises
    ------
    RaBayesError
        If there are fewer, or one is of another cohort.
    """
    if len(trees) < 2:
        raise RaBayesError(
            f"{figure} needs at least 2 fits, and was given {len(trees)}; write "
            f"{figure}({{'sdai': tree, 'haq': other_tree}})"
        )
    cohorts = {name: provenance(tree)["cohort"] for name, tree in trees.items()}
    first, *others = cohorts
    for other in others:
        if cohorts[other]["hash"] != cohorts[first]["hash"]:
            raise RaBayesError(
                f"{first} was fitted to {cohorts[first]['name']} and {other} to other data "
                f"({cohorts[other]['name']}); give fits of one cohort"
            )


def posteriors_of(trees: Mapping[str, xr.DataTree], figure: str) -> dict[str, Posterior]:
    """Return the draws of fits whose outcomes change towards benefit or away from it.

    Raises
    ------
    RaBayesError
        If an outcome is a response of yes or no, or has no direction of benefit.
    """
    found = {name: read_posterior(tree) for name, tree in trees.items()}
    for name, posterior in found.items():
        if posterior.spec.binary:
            raise RaBayesError(f"{figure} shows changes, and {name} is a response of yes or no; leave it out")
        if not posterior.spec.benefit_sign:
            raise RaBayesError(
                f"no direction of {posterior.spec.outcome.label} is agreed to be the better one; leave it out"
            )
    return found


def common_week(posteriors: Mapping[str, Posterior], figure: str) -> float:
    """Return the reference week of all fits.

    Raises
    ------
    RaBayesError
        If they have different ones.
    """
    weeks = {name: each.spec.reference_week for name, each in posteriors.items()}
    if len(set(weeks.values())) > 1:
        told = ", ".join(f"{name} week {week:g}" for name, week in weeks.items())
        raise RaBayesError(f"{figure} compares changes at one week, and these have {told}; give one week's")
    return next(iter(weeks.values()))


def warnings_of_all(
    trees: Mapping[str, xr.DataTree], diagnoses: Mapping[str, Diagnosis] | None
) -> tuple[str, ...]:
    """Return what must stand on a figure of several fits: each warning once, a fit's own by its name."""
    found: dict[str, list[str]] = {}
    for name, tree in trees.items():
        for warning in warnings_of(tree, (diagnoses or {}).get(name)):
            found.setdefault(warning, []).append(name)
    return tuple(
        warning if warning.startswith("Synthetic") else f"{', '.join(names)}: {warning}"
        for warning, names in found.items()
    )


def of_one_cohort(trees: Mapping[str, xr.DataTree]) -> bool:
    """Say whether all fits are of one cohort."""
    return len({provenance(tree)["cohort"]["hash"] for tree in trees.values()}) == 1


def of_one_fit(trees: Mapping[str, xr.DataTree]) -> bool:
    """Say whether all trees are outcomes of one joint fit: their draws then belong together, one by one."""
    entries = [provenance(tree) for tree in trees.values()]
    first = entries[0]
    return "joint" in first and all(
        each.get(key) == first[key] for each in entries for key in ("joint", "cohort", "seed", "sampling")
    )


def tied_responses(trees: Mapping[str, xr.DataTree]) -> np.ndarray | None:
    """Return the correlations of responses over the population (chain, draw, outcome, other).

    None where the trees are not of one joint fit.
    """
    if not of_one_fit(trees):
        return None
    names = [spec_of(tree).outcome.id for tree in trees.values()]
    rows = [
        tree["joint"]["response_correlation"].sel(other=names).transpose("chain", "draw", "other").values
        for tree in trees.values()
    ]
    return np.stack(rows, axis=-2)


def cytokines(trees: Mapping[str, xr.DataTree]) -> dict[str, xr.DataTree]:
    """Return the fits of cytokines whose concordance is asked for; none where fewer than two are there.

    Of several models of one outcome the first is taken; those at another week than the first are left out.
    """
    found: dict[str, str] = {}
    specs = {name: spec_of(tree) for name, tree in trees.items()}
    for name, spec in specs.items():
        if spec.outcome.id in CYTOKINES and not spec.binary and spec.benefit_sign:
            first = next(iter(found.values()), name)
            if spec.reference_week == specs[first].reference_week:
                found.setdefault(spec.outcome.id, name)
    kept = {
        name: trees[name] for name in sorted(found.values(), key=lambda name: _order(specs[name].outcome.id))
    }
    return kept if len(kept) > 1 and of_one_cohort(kept) else {}


def _order(outcome: str) -> int:
    return CYTOKINES.index(outcome)


def marker_and_outcome(trees: Mapping[str, xr.DataTree]) -> tuple[xr.DataTree, xr.DataTree] | None:
    """Return the fits of a biomarker, a cytokine first, and of a clinical outcome with an important change.

    None where there are no two of one cohort, at one week, with three patients in both.
    """
    specs = {name: spec_of(tree) for name, tree in trees.items()}
    told = {name: spec for name, spec in specs.items() if not spec.binary and spec.benefit_sign}
    markers = [name for name, spec in told.items() if spec.link.change == "ratio"]
    markers.sort(key=lambda name: specs[name].outcome.id not in CYTOKINES)
    clinical = [
        name for name, spec in told.items() if spec.link.change == "difference" and spec.mcid is not None
    ]
    for marker in markers:
        for outcome in clinical:
            pair = {name: trees[name] for name in (marker, outcome)}
            both = set.intersection(
                *({*read_posterior(tree, both_arms=True).patients} for tree in pair.values())
            )
            at_one_week = specs[marker].reference_week == specs[outcome].reference_week
            if at_one_week and len(both) >= _LEAST_PATIENTS and of_one_cohort(pair):
                return trees[marker], trees[outcome]
    return None
