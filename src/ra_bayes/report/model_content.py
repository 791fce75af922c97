"""What the page says of one fit, as plain data for the template."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ra_bayes.estimand.arms import of_arm
from ra_bayes.estimand.prior_shift import prior_to_posterior
from ra_bayes.model.page import implied, prior_rows
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.report.arms_text import arms_of
from ra_bayes.report.live_trajectory import live_trajectory
from ra_bayes.report.rows import rounded, rows
from ra_bayes.report.trust_content import trust_content, with_verdicts
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ra_bayes.results import Result
    from ra_bayes.trust.assessment import Assessment

__all__ = ["model_content"]

# Names of the gallery. The others are folded: a page of many outcomes is long as it is.
_FIRST = frozenset({"trajectories", "arms", "forest"})
_TRUST = frozenset(
    {
        "sensitivity",
        "leave-one-out",
        "tipping-point",
        "beyond-placebo",
        "calibration-ranks",
        "calibration-coverage",
    }
)


def model_content(
    name: str,
    result: Result,
    figures: Sequence[Mapping[str, str]],
    trusted: Assessment | None,
    ci_prob: float,
    together: str = "",
) -> dict[str, Any]:
    """Return what the section of one fit shows.

    Parameters
    ----------
    name
        Of the fit's sub-folder.
    result
        The fit.
    figures
        Its figures.
    trusted
        What is stored of how far it can be believed, if anything.
    ci_prob
        Probability of the credible intervals.
    together
        The joint model that it is an outcome of, if it is.
    """
    spec, entries = spec_of(result.tree), provenance(result.tree)
    shown: dict[str, Any] = {
        "name": name,
        "title": f"{spec.title}, fitted together" if together else spec.title,
        "about": " ".join(spec.about.split()),
        "priors": [_prior(row) for row in prior_rows(spec)],
        "implied": [_implied(row) for row in implied(spec)],
        "hash": spec.hash[:12],
        "toml": spec.toml,
        **_arranged(figures),
        "passed": result.gate.passed,
        "gate": result.gate,
        "attempts": entries["attempts"],
        "week": f"{spec.reference_week:g}",
        "mcid": None if spec.mcid is None else f"{spec.mcid:g} {spec.outcome.unit}",
        "mcid_source": spec.mcid_source,
        "placebo": spec.placebo,
        "together": together,
    }
    if result.table is None:
        return shown
    main = _main(result.table, spec)
    return shown | {
        "lives": _lives(result.tree, name, ci_prob),
        "main": with_verdicts(rows(main), main, trusted),
        "trust": trust_content(spec, name, trusted, together=together),
        "patients": _patients(result.table, spec),
        "by_visit": rows(_by_visit(result.table, spec)),
        "shift": _shift(result, ci_prob),
    }


def _lives(tree: xr.DataTree, name: str, ci_prob: float) -> list[dict[str, Any]]:
    """Return the pictures that answer: one of each arm, with what tells them apart."""
    arms = arms_of(tree)
    if arms is None:
        told = [("", live_trajectory(tree, name, ci_prob))]
    else:
        told = [
            (f"arm {arm}", live_trajectory(of_arm(tree, arm), f"{name}-{side}", ci_prob))
            for side, arm in (("treated", arms.treated), ("control", arms.control))
        ]
    return [{"of": of, "picture": picture} for of, picture in told if picture is not None]


def _arranged(figures: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """Return the figures that are shown at once, those on how far the fit can be trusted, and the rest."""
    return {
        "figures": [each for each in figures if each["name"] in _FIRST],
        "trust_figures": [each for each in figures if each["name"] in _TRUST],
        "more_figures": [each for each in figures if each["name"] not in _FIRST | _TRUST],
    }


def _prior(row: Mapping[str, Any]) -> dict[str, str]:
    value = f"{row['median']:.3g}" + (
        " (fixed)" if row["fixed"] else f" ({row['lower']:.3g} to {row['upper']:.3g})"
    )
    return {**row, "value": value.replace("-", "−")}


def _implied(row: Mapping[str, Any]) -> dict[str, str]:
    value = f"{row['median']:.3g} ({row['lower']:.3g} to {row['upper']:.3g})"
    return {"what": row["what"], "unit": row["unit"], "value": value.replace("-", "−")}


def _main(table: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """Return the rows of the population and the cohort at the reference week."""
    at_reference = table["week"].isna() | (table["week"] == spec.reference_week)
    return table[at_reference & (table["patient"] == "")]


def _by_visit(table: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    wanted = ["response_rate"] if spec.binary else ["mean_change", "mean_change_beats_mcid"]
    wanted.insert(0, "difference_from_control")
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
            "arm": str(main.get("arm", "")),
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
