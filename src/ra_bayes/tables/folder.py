"""Every table of a results folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ra_bayes.estimand.arms import arm_names, has_two_arms, of_arm
from ra_bayes.estimand.criteria import has_criteria
from ra_bayes.results.fits import Result
from ra_bayes.results.folder import Found
from ra_bayes.results.joint import joint_outcomes
from ra_bayes.results.plans import stored_design
from ra_bayes.results.summary import read_order
from ra_bayes.tables.baseline_table import baseline_of
from ra_bayes.tables.design_table import characteristics_of
from ra_bayes.tables.diagnostics_table import diagnostics
from ra_bayes.tables.estimands_table import estimands_of
from ra_bayes.tables.leave_one_out_table import leave_one_out
from ra_bayes.tables.outcomes_table import outcomes_of
from ra_bayes.tables.patients_table import patients_of
from ra_bayes.tables.priors_table import priors
from ra_bayes.tables.responders_table import responders_of
from ra_bayes.tables.sensitivity_table import sensitivity
from ra_bayes.tables.table import Table
from ra_bayes.tree import joint_trees, provenance, spec_of

if TYPE_CHECKING:
    from ra_bayes.trust.assessment import Assessment

__all__ = ["TABLES", "folder_tables"]

TABLES = (
    "baseline",
    "outcomes",
    "estimands",
    "patients",
    "diagnostics",
    "responders",
    "priors",
    "leave-one-out",
    "sensitivity",
    "characteristics",
)


def folder_tables(
    found: Found,
    trusted: Mapping[str, Assessment | None],
    *,
    ci_prob: float,
    plans: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Iterator[tuple[str, Table]]:
    """Yield every table of a results folder with its kind, one of :data:`TABLES`.

    Of a fit that did not pass its gate there are the diagnostics only; leave-one-out and sensitivity are of
    fits whose ``trust`` is stored. A table of one fit or plan has the name of its folder in its own.

    Parameters
    ----------
    found
        What the folder holds, read with the same `ci_prob`.
    trusted
        For each fit what is stored of how far it can be believed, if anything.
    ci_prob
        Probability of the credible intervals of fits; of a plan it is the one that was planned with.
    plans
        What :func:`~ra_bayes.results.plans.stored_plans` read.
    """
    order = read_order(found.fits)
    cohorts = _by_cohort(found.fits, order)
    for number, of_one in enumerate(cohorts, start=1):
        several = "" if len(cohorts) == 1 else f"-{number}"
        for kind, table in (
            ("baseline", baseline_of([each.tree for each in of_one])),
            ("outcomes", outcomes_of(of_one, ci_prob)),
        ):
            yield kind, replace(table, name=f"{kind}{several}")
    for name in order:
        for kind, table in _of_fit(found.fits[name], trusted.get(name), ci_prob):
            yield kind, replace(table, name=f"{name}-{kind}")
        for side, table in _responders(found.fits[name], ci_prob):
            yield "responders", replace(table, name=f"{name}{side}-responders")
    for name, joint in found.joints.items():
        yield from _of_joint(name, joint, ci_prob)
    for name, counted in found.counts.items():
        checks = diagnostics(counted.tree, checked=counted.gate)
        yield "diagnostics", replace(checks, name=f"{name}-diagnostics")
        if counted.table is not None:
            read = Result(counted.tree, counted.gate, counted.table)
            yield "estimands", replace(estimands_of(read, ci_prob), name=f"{name}-estimands")
    for name, plan in plans.items():
        told = characteristics_of(stored_design(plan), plan["characteristics"], plan["seed"])
        yield "characteristics", replace(told, name=f"{name}-characteristics")


def _by_cohort(fits: Mapping[str, Result], order: list[str]) -> list[list[Result]]:
    groups: dict[str, list[Result]] = {}
    for name in order:
        groups.setdefault(provenance(fits[name].tree)["cohort"]["hash"], []).append(fits[name])
    return [*groups.values()]


def _of_fit(result: Result, stored: Assessment | None, ci_prob: float) -> Iterator[tuple[str, Table]]:
    yield "diagnostics", diagnostics(result.tree, checked=result.gate)
    if not result.gate.passed:
        return
    yield "estimands", estimands_of(result, ci_prob)
    yield "patients", patients_of(result, ci_prob)
    yield "priors", priors(result.tree, ci_prob=ci_prob, checked=result.gate)
    tables = {} if stored is None else stored.tables
    if "left_out_patients" in tables:
        yield (
            "leave-one-out",
            leave_one_out(result.tree, tables["left_out_patients"], tables.get("left_out_decisions")),
        )
    if "sensitivity" in tables:
        yield "sensitivity", sensitivity(result.tree, tables["sensitivity"])


def _responders(result: Result, ci_prob: float) -> Iterator[tuple[str, Table]]:
    """Yield who responds, with what the table's name has of the arm: of two arms that is told of each."""
    if not (result.gate.passed and has_criteria(spec_of(result.tree))):
        return
    if not has_two_arms(result.tree):
        yield "", responders_of(result, ci_prob)
        return
    control, treated = arm_names(result.tree)
    for side, arm in (("treated", treated), ("control", control)):
        yield f"-{side}", responders_of(Result(of_arm(result.tree, arm), result.gate, None), ci_prob)


def _of_joint(name: str, result: Result, ci_prob: float) -> Iterator[tuple[str, Table]]:
    """Yield the tables of outcomes fitted together: what ties them, and each outcome's own."""
    told = [
        ("baseline", baseline_of([*joint_trees(result.tree).values()])),
        ("diagnostics", diagnostics(result.tree, checked=result.gate)),
    ]
    outcomes = joint_outcomes(result)
    if result.gate.passed:
        told += [
            ("outcomes", outcomes_of([*outcomes.values()], ci_prob)),
            ("estimands", estimands_of(result, ci_prob)),
        ]
    for kind, table in told:
        yield kind, replace(table, name=f"{name}-{kind}")
    for outcome, each in outcomes.items() if result.gate.passed else ():
        yield "patients", replace(patients_of(each, ci_prob), name=f"{name}-{outcome}-patients")
        own = priors(each.tree, ci_prob=ci_prob, checked=result.gate)
        yield "priors", replace(own, name=f"{name}-{outcome}-priors")
