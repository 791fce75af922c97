"""What the page says, as plain data for the template: no HTML here, no numbers there."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.estimand.prior_shift import prior_to_posterior
from ra_bayes.model.page import equations, prior_rows
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.report.counts_content import counts_content, facts_content
from ra_bayes.report.rows import rounded, rows
from ra_bayes.report.trust_content import trust_content, with_verdicts
from ra_bayes.results import Found, Result, main_row, read_order
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.published import Publication
    from ra_bayes.trust.assessment import Assessment

__all__ = ["page_content"]


def page_content(
    found: Found,
    figures: Mapping[str, list[dict[str, str]]],
    *,
    trusted: Mapping[str, Assessment | None],
    ci_prob: float,
    paper: Publication | None = None,
) -> dict[str, Any]:
    """Return everything that the page's template shows.

    Parameters
    ----------
    found
        Fits, and what published counts say.
    figures
        For each of them its figures, each with ``title``, ``caption``, ``alt``, ``png`` (a data URI)
        and ``pdf`` (a path relative to the page).
    trusted
        For each fit what is stored of how far it can be believed, if anything.
    ci_prob
        Probability of the credible intervals.
    paper
        Published counts to set beside the fits.
    """
    results, order = found.fits, read_order(found.fits)
    published = [counts_content(result, figures[name]) for name, result in found.counts.items()]
    if paper is not None and paper.hash not in {each["hash"] for each in published}:
        published.append(facts_content(paper, ci_prob))
    shown: dict[str, Any] = {"ci": f"{ci_prob:.0%}", "published": published, "cohort": None, "models": []}
    if not results:
        names = ", ".join(each["name"] for each in published)
        return shown | {"title": f"Published counts: {names}", "several_cohorts": False}
    first = provenance(results[order[0]].tree)
    cohorts = {provenance(result.tree)["cohort"]["hash"] for result in results.values()}
    return shown | {
        "title": f"Posterior report: {first['cohort']['name']}",
        "cohort": first["cohort"],
        "several_cohorts": len(cohorts) > 1,
        "glance": [_glance(results[name], name) for name in order],
        "models": [_model(name, results[name], figures[name], trusted[name], ci_prob) for name in order],
        "run": {"seed": first["seed"], "sampling": first["sampling"], "versions": first["versions"]},
    }


def _glance(result: Result, name: str) -> dict[str, str]:
    spec, row = spec_of(result.tree), main_row(result)
    shown = {"name": name, "label": spec.outcome.label, "gate": "passed" if result.gate.passed else "failed"}
    if row is None:
        return shown | {
            "what": "withheld",
            "week": "",
            "estimate": "",
            "interval": "",
            "better": "",
            "mcse": "",
        }
    return shown | rounded(row) | {"what": _what(row, spec), "week": f"{row['week']:g}"}


def _what(row: Mapping[Hashable, Any], spec: ModelSpec) -> str:
    if spec.binary:
        return "response rate"
    return "ratio to baseline" if row["unit"] == "ratio" else f"mean change, {row['unit']}"


def _model(
    name: str,
    result: Result,
    figures: list[dict[str, str]],
    trusted: Assessment | None,
    ci_prob: float,
) -> dict[str, Any]:
    spec, entries = spec_of(result.tree), provenance(result.tree)
    shown: dict[str, Any] = {
        "name": name,
        "title": spec.title,
        "about": " ".join(spec.about.split()),
        "equations": equations(spec),
        "priors": [_prior(row) for row in prior_rows(spec)],
        "hash": spec.hash[:12],
        "toml": spec.toml,
        "figures": figures,
        "passed": result.gate.passed,
        "gate": result.gate,
        "attempts": entries["attempts"],
        "week": f"{spec.reference_week:g}",
        "mcid": None if spec.mcid is None else f"{spec.mcid:g} {spec.outcome.unit}",
        "mcid_source": spec.mcid_source,
        "placebo": spec.placebo,
    }
    if result.table is None:
        return shown
    main = _main(result.table, spec)
    return shown | {
        "main": with_verdicts(rows(main), main, trusted),
        "trust": trust_content(spec, name, trusted),
        "patients": _patients(result.table, spec),
        "by_visit": rows(_by_visit(result.table, spec)),
        "shift": _shift(result, ci_prob),
    }


def _prior(row: Mapping[str, Any]) -> dict[str, str]:
    value = f"{row['median']:.3g}" + (
        " (fixed)" if row["fixed"] else f" ({row['lower']:.3g} to {row['upper']:.3g})"
    )
    return {**row, "value": value}


def _main(table: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """Return the rows of the population and the cohort at the reference week."""
    at_reference = table["week"].isna() | (table["week"] == spec.reference_week)
    return table[at_reference & (table["patient"] == "")]


def _by_visit(table: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    wanted = ["response_rate"] if spec.binary else ["mean_change", "mean_change_beats_mcid"]
    return table[table["estimand"].isin(wanted)]


def _patients(table: pd.DataFrame, spec: ModelSpec) -> list[dict[str, str]]:
    """Return one row a patient: their change (or chance) and the probabilities that go with it."""
    mine = table[table["patient"] != ""]
    found = []
    for patient, each in mine.groupby("patient", sort=False):
        by = {row["estimand"]: row for row in each.to_dict("records") if _told(row, spec)}
        main = by["patient_response_probability" if spec.binary else "patient_change"]
        row = {
            "patient": str(patient),
            "unit": str(main["unit"]),
            "note": str(main["note"]),
            **rounded(main),
        }
        for name in ("patient_beats_mcid", "sustained_response"):
            row[name] = probability(by[name]["estimate"]) if name in by else ""
        found.append(row)
    return found


def _told(row: Mapping[Hashable, Any], spec: ModelSpec) -> bool:
    return math.isnan(row["week"]) or bool(row["week"] == spec.reference_week)


def _shift(result: Result, ci_prob: float) -> list[dict[str, str]]:
    found = []
    for row in prior_to_posterior(result.tree, ci_prob=ci_prob).to_dict("records"):
        shown = {key: str(row[key]) for key in ("quantity", "meaning", "unit")}
        for group in ("prior", "posterior"):
            lower, upper = row[f"{group}_lower"], row[f"{group}_upper"]
            places = decimals(lower, upper, ratio=row["unit"] == "ratio")
            shown[group] = f"{number(row[group], places)} ({interval(lower, upper, places)})"
        found.append(shown | {"left": f"{min(row['variance_left'], 9.99):.0%}"})
    return found
