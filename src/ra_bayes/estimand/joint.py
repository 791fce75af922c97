"""Estimands of several outcomes together: how responses go along, who improves in all of them.

Over the population, responses of two outcomes are correlated by what ties them; over these patients, by their
true changes, draw by draw (:mod:`~ra_bayes.estimand.correlation`). Improving in all outcomes at once is a
share of draws for the mean and for a patient; a new patient's probability is integrated over what ties the
outcomes (:func:`~ra_bayes.estimand.concordance.new_patient_improves_in_all`), not a product.

Of two arms it is told arm by arm, but for what ties outcomes, which both share; and, draw by draw, how many
more new patients get better in all outcomes than under the control, and whether all outcomes' differences
between the arms are towards benefit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.counts.orthant import MOST_CONTRASTS
from ra_bayes.estimand.arm_difference import difference
from ra_bayes.estimand.arms import arm_names, has_two_arms, of_arm
from ra_bayes.estimand.change import gain
from ra_bayes.estimand.concordance import new_patient_improves_in_all
from ra_bayes.estimand.correlation import correlation_over_patients
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.summary import Quantity
from ra_bayes.tree import joint_trees

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CYTOKINES", "joint_estimands", "response_correlations"]

type Array = NDArray[np.float64]

# Jamshidi 2024 counts who had IL-10 up with TNF-alpha and IL-17 down.
CYTOKINES = ("il10", "tnf_alpha", "il17")
# What a correlation over patients needs.
_LEAST_PATIENTS = 3


def joint_estimands(tree: xr.DataTree) -> Iterator[tuple[str, Quantity]]:
    """Yield every estimand of a joint fit that is of no outcome alone, with the outcomes it is of.

    Parameters
    ----------
    tree
        A joint fit.
    """
    trees = joint_trees(tree)
    first = next(iter(trees.values()))
    arms = arm_names(first) if has_two_arms(first) else ("",)
    for arm in arms:
        posteriors = {
            name: read_posterior(of_arm(each, arm) if arm else each) for name, each in trees.items()
        }
        for of, quantity in _correlations(tree, posteriors, population=arm == arms[0]):
            yield of, quantity if quantity.name == "response_correlation" else quantity._replace(arm=arm)
        for names in _sets(posteriors):
            for of, quantity in _all_better(tree, {name: posteriors[name] for name in names}):
                yield of, quantity._replace(arm=arm)
    if len(arms) > 1:
        for of, quantity in _between_arms(tree, trees, *arms):
            yield of, quantity._replace(arm=arms[1])


def _sets(posteriors: Mapping[str, Posterior]) -> list[tuple[str, ...]]:
    """Return the outcomes of which it is told that all get better: all measured ones, and the cytokines."""
    told = [name for name, each in posteriors.items() if each.spec.benefit_sign and not each.spec.binary]
    cytokines = tuple(name for name in CYTOKINES if name in told)
    found = [tuple(told)] if len(told) > 1 else []
    if len(cytokines) > 1 and set(cytokines) < set(told):
        found.append(cytokines)
    return found


def _between_arms(
    tree: xr.DataTree, trees: Mapping[str, xr.DataTree], control: str, treated: str
) -> Iterator[tuple[str, Quantity]]:
    """Yield what all outcomes at once say of the treated arm beside the control arm."""
    both = {name: read_posterior(each, both_arms=True) for name, each in trees.items()}
    told = {name: each for name, each in both.items() if each.spec.benefit_sign}
    if len(told) > 1:
        better = []
        for each in told.values():
            _, draws, unit = difference(each, each.at_reference)
            better.append(each.spec.benefit_sign * (draws - (1.0 if unit == "ratio" else 0.0)) > 0.0)
        words = f"every one of these outcomes' differences from arm {control!r} is towards benefit"
        yield (
            " & ".join(told),
            Quantity(
                "difference_all_better",
                np.all(better, axis=0),
                "probability",
                words,
                week=_common_week(list(told.values())),
                kind="event",
            ),
        )
    for names in _sets(both):
        if len(names) > MOST_CONTRASTS:
            continue
        shares = [
            new_patient_improves_in_all(
                [read_posterior(of_arm(trees[name], arm)) for name in names],
                response_correlations(tree, names),
            )
            for arm in (control, treated)
        ]
        yield (
            " & ".join(names),
            Quantity(
                "new_patient_all_better_difference",
                shares[1] - shares[0],
                "share of patients",
                "new patients in whom all of these outcomes change for the better, less those in arm "
                f"{control!r}",
                week=_common_week([both[name] for name in names]),
                benefit=shares[1] > shares[0],
            ),
        )


def _common_week(posteriors: Sequence[Posterior]) -> float:
    """Return the reference week of all, NaN if they have several."""
    weeks = {each.spec.reference_week for each in posteriors}
    return next(iter(weeks)) if len(weeks) == 1 else float("nan")


def response_correlations(tree: xr.DataTree, outcomes: Sequence[str]) -> Array:
    """Return the correlations of patients' responses over the population (chain, draw, outcome, other)."""
    found = tree["posterior"]["response_correlation"]
    found = found.sel(outcome=list(outcomes), other=list(outcomes))
    return np.asarray(found.transpose("chain", "draw", "outcome", "other").values)


def _correlations(
    tree: xr.DataTree, posteriors: Mapping[str, Posterior], *, population: bool
) -> Iterator[tuple[str, Quantity]]:
    for first, second in combinations(posteriors, 2):
        pair = posteriors[first], posteriors[second]
        of = f"{first} & {second}"
        signs = pair[0].spec.benefit_sign * pair[1].spec.benefit_sign
        # Loadings have their sign from the direction of benefit: no draw could say otherwise.
        free = 0 if "loading" in tree["posterior"] else signs
        draws = response_correlations(tree, (first, second))[..., 0, 1]
        if population and float(draws.max()) > float(draws.min()):
            yield (
                of,
                _correlation(
                    "response_correlation",
                    draws,
                    free,
                    "correlation over the population of patients' true changes in two outcomes, on the "
                    "links' scales",
                ),
            )
        names = [each for each in pair[0].patients if each in pair[1].patients]
        if any(each.spec.binary for each in pair) or len(names) < _LEAST_PATIENTS:
            continue
        changes = [_on_link(each, names) for each in pair]
        own = correlation_over_patients(*changes)
        if np.isfinite(own).all():
            yield (
                of,
                _correlation(
                    "response_correlation_of_cohort",
                    own,
                    signs,
                    f"the same over these {len(names)} patients with records of both: of their true changes",
                ),
            )


def _correlation(name: str, draws: Array, signs: int, definition: str) -> Quantity:
    benefit = signs * draws > 0.0 if signs else None
    return Quantity(name, draws, "correlation", definition, benefit=benefit)


def _on_link(posterior: Posterior, names: Sequence[str]) -> Array:
    places = [posterior.patients.index(name) for name in names]
    change = posterior.patient_change[..., places, posterior.at_reference]
    return np.log(change) if posterior.spec.link.change == "ratio" else change


def _all_better(tree: xr.DataTree, posteriors: Mapping[str, Posterior]) -> Iterator[tuple[str, Quantity]]:
    of, several = " & ".join(posteriors), list(posteriors.values())
    week = _common_week(several)
    words = "all of these outcomes change for the better"
    mean = np.all(
        [gain(each, each.population_change[..., each.at_reference]) > 0.0 for each in several], axis=0
    )
    yield (
        of,
        Quantity(
            "mean_all_better", mean, "probability", f"{words} in the typical patient", week=week, kind="event"
        ),
    )
    if len(several) <= MOST_CONTRASTS:
        yield (
            of,
            Quantity(
                "new_patient_all_better",
                new_patient_improves_in_all(several, response_correlations(tree, list(posteriors))),
                "share of patients",
                f"{words} in a new patient, whose responses go along as in the population",
                week=week,
            ),
        )
    names = [name for name in several[0].patients if all(name in each.patients for each in several)]
    for name in names:
        better = np.stack(
            [
                gain(each, each.patient_change[..., each.patients.index(name), each.at_reference]) > 0.0
                for each in several
            ]
        )
        yield (
            of,
            Quantity(
                "patient_all_better",
                better.all(axis=0),
                "probability",
                f"{words} in this patient",
                patient=name,
                week=week,
                kind="event",
            ),
        )
        yield (
            of,
            Quantity(
                "patient_outcomes_better",
                better.sum(axis=0).astype(float),
                "outcomes",
                f"expected number of these {len(several)} outcomes that get better in this patient",
                patient=name,
                week=week,
                kind="count",
            ),
        )
