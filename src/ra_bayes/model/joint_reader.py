"""From a joint model's TOML page to a validated :class:`JointModel`; every wrong key is reported at once."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
from scipy import special

from ra_bayes.errors import Problem, SpecError
from ra_bayes.model.builder import refuse_builder
from ra_bayes.model.joint import BASELINE_LOADING, LOADING, PATIENTS, Anchor, Centre, JointModel, Shared
from ra_bayes.model.priors import Parameter, Prior
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.spec_reader import list_models, load_model
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.resources import models_dir
from ra_bayes.toml_page import TomlTable, begin_page, find_page, page_names, page_text

__all__ = ["list_joint_models", "load_joint_model", "read_joint_model"]


def list_joint_models() -> tuple[str, ...]:
    """Return the names of the shipped joint models, sorted.

    Examples
    --------
    >>> list_joint_models()
    ('placebo_informed', 'records', 'sceptical', 'unstructured', 'wide')
    """
    return page_names(models_dir() / "joint")


def load_joint_model(source: str | PathLike[str]) -> JointModel:
    """Read a joint model's page.

    Parameters
    ----------
    source
        Name of a shipped joint model (``"wide"``) or path of a TOML file.

    Raises
    ------
    SpecError
        If the page has wrong keys or values; all of them are reported.
    RaBayesError
        If there is no such model or file.

    Examples
    --------
    >>> load_joint_model("wide").page("vas").prior("walk_sd").numbers
    (15.0, 0.5)
    """
    path = find_page(source, models_dir() / "joint", "joint model")
    text = page_text(path, "model page")
    try:
        own = tomllib.loads(text).get("pages", [])
    except tomllib.TOMLDecodeError:
        own = []  # read_joint_model says so
    given = [each for each in own if isinstance(each, str)] if isinstance(own, list) else []
    pages = {name: load_model(name) for name in list_models()}
    for each in given:
        spec = load_model(path.parent / each if each.endswith(".toml") else each)
        refuse_builder(spec.builder, spec.name, "joint models")
        pages[spec.outcome.id] = spec
    by_outcome = {spec.outcome.id: spec for spec in pages.values()}
    return read_joint_model(text, name=path.stem, pages=by_outcome, source=path.name)


def read_joint_model(
    toml: str, *, name: str, pages: Mapping[str, ModelSpec], source: str | None = None
) -> JointModel:
    """Return the joint model that a page's text gives.

    Parameters
    ----------
    toml
        Text of the page.
    name
        Name of the model.
    pages
        Outcome pages, by outcome.
    source
        What to call the page in messages; `name` if not given.

    Raises
    ------
    SpecError
        If the text is not TOML, or has wrong keys or values.
    """
    source = source or name
    page, problems = begin_page(toml, source)
    related, related_why = _read_related(page)
    title = page.text("title", "give the model a title")
    about = page.text("about", "say what it presumes and why")
    change = _read_centre(page, "change", ("no change", "placebo"))
    rate = _read_centre(page, "rate", ("page", "placebo"))
    loading, baseline_loading, patients = _read_priors(page)
    model = JointModel(
        name=name,
        title=title,
        about=about,
        change=change,
        rate=rate,
        loading=loading,
        baseline_loading=baseline_loading,
        patients=patients,
        related=related,
        related_why=related_why,
        shared=_read_shared(page, problems),
        pages=dict(pages),
        toml=toml,
    )
    own = page.raw("pages")
    if own is not None and not (isinstance(own, list) and all(isinstance(each, str) for each in own)):
        page.problem("pages", "is not a list of texts", 'write pages = ["my_vas.toml"]', own)
    page.finish()
    if problems:
        raise SpecError(source, problems)
    return model


def _read_centre(page: TomlTable, key: str, anchors: tuple[Anchor, ...]) -> Centre:
    table = page.table(key, "give centre, width and why")
    if table is None:
        return Centre(anchors[0], 1.0, "")
    chosen = table.choice("centre", anchors, anchors[0])
    centre = Centre(
        anchors[anchors.index(chosen)] if chosen in anchors else anchors[0],
        table.number("width", "give how many times the outcome page's prior SD, e.g. 1.0", above=0),
        table.text("why", "give the reason in one line"),
    )
    table.finish()
    return centre


def _read_related(page: TomlTable) -> tuple[float, str]:
    table = page.table("related", "give correlation and why")
    if table is None:
        return 0.0, ""
    correlation = _correlation(table)
    why = table.text("why", "give the reason in one line")
    table.finish()
    return correlation, why


def _correlation(table: TomlTable) -> float:
    value = table.number("correlation", "give a number from 0 to below 1", at_least=0)
    if value >= 1.0:
        table.problem("correlation", "must be below 1", "give a number from 0 to below 1", value)
        return math.nan
    return value


def _read_priors(page: TomlTable) -> tuple[Prior | None, Prior | None, Prior | None]:
    """Return the priors of the loadings, and of the correlations that take their place."""
    priors = page.table("priors", "give a table [priors.loading]")
    if priors is None:
        return None, None, None
    found = _read_loading(priors, LOADING)
    baseline = _read_loading(priors, BASELINE_LOADING) if "baseline_loading" in priors else None
    patients = _read_patients(priors) if "patients" in priors else None
    if baseline is not None and patients is not None:
        priors.problem(
            "baseline_loading",
            "has no factor to be of beside [priors.patients]",
            "leave one of the two out",
        )
    priors.finish()
    return found, baseline, patients


def _read_loading(priors: TomlTable, parameter: Parameter) -> Prior | None:
    entry = priors.table(parameter.name, "give median, sd and why, or fixed = 0.0 and why")
    if entry is None:
        return None
    why = entry.text("why", "give the reason for these numbers in one line")
    if "fixed" in entry:
        if entry.raw("fixed") != 0 or isinstance(entry.raw("fixed"), bool):
            entry.problem("fixed", "is not 0", "only no loading at all can be fixed", entry.raw("fixed"))
        found = None
    else:
        median = entry.number("median", "give the median, between 0 and 1", above=0)
        if median >= 1.0:
            entry.problem("median", "must be below 1", "give the median, between 0 and 1", median)
        sd = entry.number("sd", "give the SD on the probit scale; 1 with median 0.5 is uniform", above=0)
        found = Prior(parameter, (float(special.ndtri(np.clip(median, 1e-9, 1 - 1e-9))), sd), why)
    entry.finish()
    return found


def _read_patients(priors: TomlTable) -> Prior | None:
    entry = priors.table("patients", "give concentration and why")
    if entry is None:
        return None
    concentration = entry.number("concentration", "give a number above 0; 1 is flat over matrices", above=0)
    found = Prior(
        PATIENTS, (concentration, 0.0), entry.text("why", "give the reason for these numbers in one line")
    )
    entry.finish()
    return found


def _read_shared(page: TomlTable, problems: list[Problem]) -> tuple[Shared, ...]:
    entries: Any = page.raw("shared") or []
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        page.problem(
            "shared", "is not a list of tables", "write [[shared]] with outcomes, correlation and why"
        )
        return ()
    found: list[Shared] = []
    for number, entry in enumerate(entries, 1):
        table = TomlTable(entry, problems, f"shared[{number}]")
        pair = table.raw("outcomes")
        two = isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)
        if not two or pair[0] == pair[1]:
            table.problem("outcomes", "is not two outcomes", 'write e.g. ["sdai", "cdai"]', pair)
            pair = ["", ""]
        elif unknown := [each for each in pair if each not in OUTCOMES]:
            table.problem(
                "outcomes", f"{unknown[0]!r} is not known", "name outcomes that ra_bayes knows", pair
            )
        found.append(
            Shared(str(pair[0]), str(pair[1]), _correlation(table), table.text("why", "give the reason"))
        )
        table.finish()
    named = [outcome for each in found for outcome in (each.first, each.second) if outcome]
    for outcome in sorted({each for each in named if named.count(each) > 1}):
        page.problem("shared", f"{outcome!r} is in two pairs", "an outcome shares components with one other")
    return tuple(found)
