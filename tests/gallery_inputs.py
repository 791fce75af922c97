"""What each entry of the gallery is drawn from, made without sampling, once; and the figures, drawn once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
from comparisons import compared
from comparisons_of_models import models_compared
from drawn import fitted
from joint_trees import tree_of
from pages import cohort as cohort_of
from pages import with_arm
from plans import plan
from trees import drawn_tree
from trust_tables import trust_tables

from ra_bayes.calibration.certificate_files import read_certificate
from ra_bayes.cohort import read_cohort
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.drawn_from import Fit, NamedDesign, joint_fits
from ra_bayes.figures.gallery import Entry, applying, entry
from ra_bayes.figures.journals import journal
from ra_bayes.model import load_joint_model, load_model
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.published import read_publication
from ra_bayes.resources import data_dir, models_dir
from ra_bayes.results import CountsResult, read_result

CI_PROB = 0.90
# A bounded score, a biomarker with a limit and a ratio, steps, yes or no; and what only a design differs in.
MODELS = ("vas", "tnf_alpha", "haq", "acr20")
DESIGNS = ("acr20_one_arm", "vas_randomised", "acr20_randomised")


@cache
def fit(model: str) -> Fit:
    """A fit with all that can lie beside one."""
    certificate = read_certificate(models_dir() / "certificates" / "vas.json")
    return Fit(model, read_result(fitted(model), CI_PROB), trust_tables(model), certificate)


@cache
def two_arms() -> Fit:
    """A fit of two arms: the page of VAS with a table [arm], and every second patient on placebo."""
    cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    arms = [(patient, ("cells", "placebo")[i % 2]) for i, patient in enumerate(cohort.patients)]
    tree = drawn_tree(with_arm("vas"), replace(cohort, arms=tuple(arms)))
    return Fit("vas", read_result(tree, CI_PROB), {}, None)


@cache
def ordered() -> Fit:
    """A fit of ordered categories, made up: nobody's disease is as it was at week 0."""
    model = load_model("sdai_state")
    rows = [(f"P{i}", week, (3 - j, 3, 2)[i % 3]) for i in range(6) for j, week in enumerate((0, 4, 12, 24))]
    return Fit("sdai_state", read_result(drawn_tree(model, cohort_of(rows, model)), CI_PROB))


@cache
def together() -> dict[str, Fit]:
    """Four outcomes of one joint fit."""
    cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    tree, _ = tree_of(load_joint_model("records"), cohort, ("vas", "il10", "tnf_alpha", "il17"))
    return joint_fits(read_result(tree, CI_PROB))


@cache
def counts() -> CountsResult:
    publication = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    result = fit("vas").result
    return CountsResult(result.tree, result.gate, result.table, publication, compared(), pd.DataFrame())


@cache
def sources(figure: Entry) -> dict[str, Any]:
    """What an entry is drawn from, by a word for each case; those that it has something to draw of."""
    match figure.needs:
        case "fits":
            found: dict[str, Any] = {
                "all": {model: fit(model) for model in (*MODELS, "sdai", "il10", "il17")},
                "together": together(),
            }
        case "comparison":
            found = {"three": models_compared()}
        case "counts":
            found = {"jamshidi2024": counts()}
        case "plan":
            found = {design: plan(design, error=0.0123) for design in DESIGNS}
        case "design":
            found = {"simon": NamedDesign(Boundaries((10, 29), (1, 5), (None, 6)), "Simon's optimal design")}
        case _:
            own = {"arms": ("two arms", two_arms), "categories": ("categories", ordered)}
            found = {own[figure.name][0]: own[figure.name][1]()} if figure.name in own else {}
            found |= {model: fit(model) for model in MODELS}
    return {name: each for name, each in found.items() if figure in applying(each, figure.needs)}


@cache
def drawn_for(preset: str, figure: str, source: str) -> Canvas:
    """A figure of the gallery for a journal."""
    found = entry(figure)
    with journal(preset):
        return found.draw(sources(found)[source], CI_PROB)
