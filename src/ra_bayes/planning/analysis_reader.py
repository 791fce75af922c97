"""The analysis prior and the SDs of a design page."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, Beta, BetaMixture, Normal, NormalMixture
from ra_bayes.planning.analysis import Analysis, BinaryAnalysis, LongitudinalAnalysis, NormalAnalysis
from ra_bayes.planning.continuous.unknown import MeanPrior
from ra_bayes.planning.endpoint import Endpoint
from ra_bayes.toml_page import TomlTable

__all__ = ["Scales", "read_analysis", "read_betas", "read_normals", "read_scales"]

# The page's names of what the longitudinal model calls so.
_OF_PAGE = {"level_sd": "baseline_sd", "response_sd": "response_sd", "residual_sd": "residual_sd"}


@dataclass(frozen=True, slots=True)
class Scales:
    """SDs and correlation: true values by name, and for the analysis their priors.

    Parameters
    ----------
    truth
        ``level_sd``, ``response_sd``, ``correlation``, ``residual_sd`` (longitudinal), or ``change_sd``,
        the SD of a patient's change (continuous), on the link's scale.
    priors
        Median and SD of the log of each SD, concentration of the correlation.
    """

    truth: dict[str, float] = field(default_factory=dict)
    priors: dict[str, tuple[float, float]] = field(default_factory=dict)


def read_scales(page: TomlTable, endpoint: Endpoint) -> Scales:
    """Return the SDs of a page: those of an outcome's model page, with true values of its own if given."""
    if endpoint.kind == "binary":
        return Scales()
    mend = "say how much patients and records vary: [scales] with page, the name of an outcome's model page"
    table = page.table("scales", mend)
    if table is None:
        return Scales()
    found = _of_page(table, endpoint)
    if found is None:
        # What is wrong with the page is noted; what it would have given is not missed.
        return Scales()
    if endpoint.kind == "continuous":
        sd = table.number("sd", "give the SD of a patient's change", above=0.0) if "sd" in table else None
        if sd is None and not found:
            table.problem("sd", "is missing", "give the SD of a patient's change, or page")
        elif sd is None:
            # A change holds the patient's own response and the noise of two records.
            sd = math.hypot(found["response_sd"][0], math.sqrt(2.0) * found["residual_sd"][0])
        table.finish()
        return Scales({"change_sd": sd if sd is not None else math.nan})
    if not found:
        table.problem("page", "is missing", mend)
    truth = {name: median for name, (median, _) in found.items()} | {"correlation": 0.0}
    own = table.table("truth", "write truth = { response_sd = 20.0 }", required=False)
    if own is not None:
        for name in truth:
            if name not in own:
                continue
            if name == "correlation":
                truth[name] = own.number(name, "give a correlation between -1 and 1")
                if not -1.0 < truth[name] < 1.0:
                    own.problem(name, "is no correlation", "give one between -1 and 1", truth[name])
            else:
                least: Any = {"above": 0.0} if name == "residual_sd" else {"at_least": 0.0}
                truth[name] = own.number(name, "give an SD", **least)
        own.finish()
    table.finish()
    return Scales(truth, found)


def _of_page(table: TomlTable, endpoint: Endpoint) -> dict[str, tuple[float, float]] | None:
    """Return prior numbers by our name, none if no page is named; ``None`` (noted) if it does not fit."""
    from ra_bayes.model.spec_reader import load_model

    name = table.text("page", "name an outcome's model page", required=False)
    if not name:
        return {}
    try:
        spec = load_model(name)
    except RaBayesError as error:
        what, _, mend = str(error).partition("; ")
        table.problem("page", what, mend or "give the name of a shipped model or the path of a page", name)
        return None
    if spec.outcome.id != endpoint.outcome:
        table.problem("page", f"is of {spec.outcome.id}", f"name a page of {endpoint.outcome}", name)
        return None
    if endpoint.kind == "longitudinal" and spec.reference_week != endpoint.week:
        mend = f"plan for week {spec.reference_week:g}, or write a page with reference_week {endpoint.week:g}"
        table.problem("page", f"has its response SD at week {spec.reference_week:g}", mend, name)
    priors = {ours: spec.prior(theirs).numbers for ours, theirs in _OF_PAGE.items()}
    return {**priors, "correlation": spec.prior("correlation").numbers}


def read_analysis(page: TomlTable, endpoint: Endpoint, arms: int, scales: Scales) -> Analysis | None:
    """Return the analysis prior of a page; ``None`` (and a noted problem) if it cannot be read."""
    table = page.table("analysis", "give the analysis prior, [analysis]", required=False)
    if table is None:
        table = TomlTable({}, [], "analysis")
    table.text("why", "say where the prior comes from", required=False)
    if endpoint.kind == "binary":
        rate = read_betas(table, "rate")
        control = read_betas(table, "control_rate") if arms == 2 else None
        table.finish()
        return BinaryAnalysis(rate or UNIFORM, (control or UNIFORM) if arms == 2 else None)
    if endpoint.kind == "continuous":
        sd = table.number("sd", "give the SD of a change, if known", above=0.0) if "sd" in table else None
        read = read_normals if sd is not None else _read_worth
        mean = read(table, "mean")
        control_mean = read(table, "control_mean") if arms == 2 else None
        table.finish()
        return NormalAnalysis(mean, control_mean, sd)
    effect = _effect(table)
    table.finish()
    return LongitudinalAnalysis(effect, scales.priors)


def _effect(table: TomlTable) -> tuple[float, float] | None:
    value = table.raw("effect")
    if value in (None, "flat"):
        return None
    mend = 'write effect = [mean, sd] on the link\'s scale, or "flat"'
    if not _numbers(value) or len(value) != 2 or value[1] <= 0.0:
        table.problem("effect", "is no normal prior", mend, value)
        return None
    return float(value[0]), float(value[1])


def read_betas(table: TomlTable, key: str) -> BetaMixture | None:
    """Return what is believed of a rate, ``[[a, b]]`` or ``[[weight, a, b], ...]``; ``None`` if absent."""
    value = table.raw(key)
    parts = _parts(table, key, value, "a, b")
    if not parts:
        return None
    try:
        return BetaMixture(tuple(Beta(a, b, weight) for weight, a, b in parts))
    except RaBayesError:
        table.problem(key, "is no distribution of a rate", "write a and b above 0", value)
        return None


def read_normals(table: TomlTable, key: str) -> NormalMixture | None:
    """Return a mean's distribution, ``[[mean, sd]]`` or ``[[weight, mean, sd], ...]``, or flat (``None``)."""
    value = table.raw(key)
    parts = [] if value == "flat" else _parts(table, key, value, "mean, sd")
    if not parts:
        return None
    try:
        return NormalMixture(tuple(Normal(mean, sd, weight) for weight, mean, sd in parts))
    except RaBayesError:
        table.problem(key, "is no distribution of a mean", "write an SD above 0", value)
        return None


def _read_worth(table: TomlTable, key: str) -> MeanPrior | None:
    """Return a mean's prior worth so many patients, ``[[mean, patients]]``; ``None`` if flat."""
    value = table.raw(key)
    parts = [] if value == "flat" else _parts(table, key, value, "mean, patients")
    if not parts:
        return None
    _, mean, patients = parts[0]
    if len(parts) > 1 or patients <= 0.0:
        mend = "write one part [mean, worth in patients], or give [analysis] sd to take the SD as known"
        table.problem(key, "is no prior beside an estimated SD", mend, value)
        return None
    return MeanPrior(mean, patients)


def _parts(table: TomlTable, key: str, value: object, names: str) -> list[list[float]]:
    """Return a mixture's parts, each with its weight; none if absent or (noted) wrong."""
    if value is None:
        return []
    mend = f"write parts [{names}], or [weight, {names}] with weights that add up to 1"
    parts = value if isinstance(value, list) and value and all(map(_numbers, value)) else [[]]
    sizes = {len(part) for part in parts}
    if sizes not in ({2}, {3}):
        table.problem(key, "is no list of parts", mend, value)
        return []
    if sizes == {2}:
        if len(parts) > 1:
            table.problem(key, "has parts without weights", mend, value)
            return []
        return [[1.0, *parts[0]]]
    total = sum(part[0] for part in parts)
    if abs(total - 1.0) > 1e-6 or min(part[0] for part in parts) < 0.0:
        mend = "let them be positive and add up to 1"
        table.problem(key, f"has weights that add up to {total:g}", mend, value)
        return []
    return parts


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in value
    )
