"""What figures of the gallery are drawn from: a fit with what lies beside it, the outcomes of a joint fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ra_bayes.calibration.certificate_files import certificate_file, read_certificate, stale
from ra_bayes.estimand.arms import arm_names, has_two_arms, of_arm
from ra_bayes.results.fits import Result
from ra_bayes.results.joint import joint_outcomes
from ra_bayes.results.trust import read_trust
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.calibration.certificate import Certificate
    from ra_bayes.model.spec import ModelSpec
    from ra_bayes.planning.binary.boundaries import Boundaries

__all__ = ["Fit", "NamedDesign", "fit_in", "fit_of_arm", "joint_fits", "side_by_side", "sides"]


class NamedDesign(NamedTuple):
    """A named binary design: when its trial stops, and what it is called under its figure."""

    boundaries: Boundaries
    title: str


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit with what lies beside it.

    Parameters
    ----------
    name
        The model's.
    result
        Its tree, the gate's verdict on it, and its estimands.
    trust
        The tables of ``MODEL/trust``, by name; empty where ``ra-bayes trust`` was not run.
    certificate
        The calibration certificate of its model, if there is one for this page.
    """

    name: str
    result: Result
    trust: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    certificate: Certificate | None = None


def fit_in(folder: str | PathLike[str], name: str, result: Result) -> Fit:
    """Return a fit of a results folder with what lies beside it.

    Parameters
    ----------
    folder
        The results folder.
    name
        Of the fit's sub-folder.
    result
        The fit, read already.

    Raises
    ------
    RaBayesError
        If what ``ra-bayes trust`` wrote cannot be read.
    """
    found = read_trust(Path(folder), name)
    tables = {} if found is None else found.tables
    return Fit(name, result, tables, _certificate(spec_of(result.tree)))


def joint_fits(result: Result) -> dict[str, Fit]:
    """Return the outcomes of a joint fit by their ids: each is drawn as a fit, all of them as several.

    There is no trust and no certificate of them: both are of models of one outcome.

    Parameters
    ----------
    result
        The joint fit.

    Raises
    ------
    RaBayesError
        If it is the fit of one outcome.
    """
    return {outcome: Fit(outcome, each) for outcome, each in joint_outcomes(result).items()}


def sides(result: Result) -> list[tuple[str, str]]:
    """Return the arms of a fit of two by what their files are called, for a name may be no file's; else none.

    Parameters
    ----------
    result
        The fit of one outcome.
    """
    if not has_two_arms(result.tree):
        return []
    control, treated = arm_names(result.tree)
    return [("treated", treated), ("control", control)]


def fit_of_arm(fit: Fit, arm: str) -> Fit:
    """Return one arm of a fit of two as a fit of its own.

    Parameters
    ----------
    fit
        The fit of one outcome.
    arm
        Name of the arm.
    """
    table = fit.result.table
    own = None if table is None else table[table["arm"] == arm]
    return Fit(fit.name, Result(of_arm(fit.result.tree, arm), fit.result.gate, own))


def side_by_side(fits: Mapping[str, Fit]) -> list[tuple[str, str, dict[str, Fit]]]:
    """Return outcomes of a joint fit as figures of several fits take them: of two arms, one after the other.

    Parameters
    ----------
    fits
        Outcomes of one joint fit.

    Returns
    -------
    list of (str, str, dict)
        What the arm's files are called and the arm, both empty if there is one, with the outcomes.
    """
    arms = sides(next(iter(fits.values())).result)
    if not arms:
        return [("", "", dict(fits))]
    return [(side, arm, {name: fit_of_arm(fit, arm) for name, fit in fits.items()}) for side, arm in arms]


def _certificate(spec: ModelSpec) -> Certificate | None:
    """Return the shipped certificate of a model; none where it is of another page, which is no error here."""
    file = certificate_file(spec)
    if not file.is_file():
        return None
    found = read_certificate(file)
    return None if stale(found, spec) else found
