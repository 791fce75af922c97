"""What the page says, as plain data for the template: no HTML here, no numbers there."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.estimand.prior_shift import prior_to_posterior
from ra_bayes.model.page import equations, prior_rows
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.results import Result, main_row, read_order
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.published import Publication

__all__ = ["page_content"]

NAMES = {
    "mean_change": "change of the typical patient",
    "mean_change_of_cohort": "mean change, these patients",
    "patient_change": "change",
    "mean_change_beats_mcid": "P(population mean beats the MCID)",
    "new_patient_beats_mcid": "new patients whose true change beats the MCID",
    "new_patient_measured_beats_mcid": "new patients whose measured change beats the MCID",
    "patient_beats_mcid": "P(change beats the MCID)",
    "patients_beating_mcid": "patients of these whose change beats the MCID",
    "sustained_response": "P(sustained response)",
    "patients_sustained": "patients of these with a sustained response",
    "average_change": "average change over time",
    "weeks_to_half_effect": "time to half of the effect",
    "response_heterogeneity": "SD of change between patients",
    "change_beyond_placebo": "change beyond the historical placebo response",
    "response_rate": "response rate, new patients",
    "response_rate_of_cohort": "response rate, these patients",
    "patient_response_probability": "P(response)",
    "rate_beyond_placebo": "response rate beyond the historical placebo rate",
}


def page_content(
    results: Mapping[str, Result],
    figures: Mapping[str, list[dict[str, str]]],
    *,
    ci_prob: float,
    paper: Publication | None = None,
) -> dict[str, Any]:
    """Return everything that the page's template shows.

    Parameters
    ----------
    results
        Fits by model name.
    figures
        For each model its figures, each with ``title``, ``caption``, ``alt``, ``png`` (a data URI)
        and ``pdf`` (a path relative to the page).
    ci_prob
        Probability of the credible intervals.
    paper
        Published facts to set beside the fits.
    """
    order = read_order(results)
    first = provenance(results[order[0]].tree)
    cohorts = {provenance(result.tree)["cohort"]["hash"] for result in results.values()}
    return {
        "ci": f"{ci_prob:.0%}",
        "cohort": first["cohort"],
        "several_cohorts": len(cohorts) > 1,
        "glance": [_glance(results[name], name) for name in order],
        "models": [_model(name, results[name], figures[name], ci_prob) for name in order],
        "paper": paper,
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
    return shown | _numbers(row) | {"what": _what(row, spec), "week": f"{row['week']:g}"}


def _what(row: Mapping[Hashable, Any], spec: ModelSpec) -> str:
    if spec.binary:
        return "response rate"
    return "ratio to baseline" if row["unit"] == "ratio" else f"mean change, {row['unit']}"


def _numbers(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """Round a row by the width of its interval, or show it as a probability."""
    if row["unit"] == "probability" and math.isnan(row["lower"]):
        shown = {"estimate": probability(row["estimate"]), "interval": ""}
    elif row["unit"] == "patients":
        # The expected number may be a fraction; what it may turn out to be is whole.
        shown = {"estimate": number(row["estimate"], 1), "interval": interval(row["lower"], row["upper"], 0)}
    else:
        places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio")
        shown = {
            "estimate": number(row["estimate"], places),
            "interval": interval(row["lower"], row["upper"], places),
        }
    return shown | {"better": probability(row["p_benefit"]), "mcse": f"{row['mcse']:.2g}"}


def _model(name: str, result: Result, figures: list[dict[str, str]], ci_prob: float) -> dict[str, Any]:
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
    return shown | {
        "main": _rows(_main(result.table, spec)),
        "patients": _patients(result.table, spec),
        "by_visit": _rows(_by_visit(result.table, spec)),
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


def _rows(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        _numbers(row)
        | {
            "name": NAMES[row["estimand"]],
            "week": "" if math.isnan(row["week"]) else f"{row['week']:g}",
            "unit": str(row["unit"]),
            "definition": str(row["definition"]),
            "note": str(row["note"]),
        }
        for row in table.to_dict("records")
    ]


def _patients(table: pd.DataFrame, spec: ModelSpec) -> list[dict[str, str]]:
    """Return one row a patient: their change (or chance) and the probabilities that go with it."""
    mine = table[table["patient"] != ""]
    rows = []
    for patient, each in mine.groupby("patient", sort=False):
        by = {row["estimand"]: row for row in each.to_dict("records") if _told(row, spec)}
        main = by["patient_response_probability" if spec.binary else "patient_change"]
        row = {
            "patient": str(patient),
            "unit": str(main["unit"]),
            "note": str(main["note"]),
            **_numbers(main),
        }
        for name in ("patient_beats_mcid", "sustained_response"):
            row[name] = probability(by[name]["estimate"]) if name in by else ""
        rows.append(row)
    return rows


def _told(row: Mapping[Hashable, Any], spec: ModelSpec) -> bool:
    return math.isnan(row["week"]) or bool(row["week"] == spec.reference_week)


def _shift(result: Result, ci_prob: float) -> list[dict[str, str]]:
    rows = []
    for row in prior_to_posterior(result.tree, ci_prob=ci_prob).to_dict("records"):
        shown = {key: str(row[key]) for key in ("quantity", "meaning", "unit")}
        for group in ("prior", "posterior"):
            lower, upper = row[f"{group}_lower"], row[f"{group}_upper"]
            places = decimals(lower, upper, ratio=row["unit"] == "ratio")
            shown[group] = f"{number(row[group], places)} ({interval(lower, upper, places)})"
        rows.append(shown | {"left": f"{min(row['variance_left'], 9.99):.0%}"})
    return rows
