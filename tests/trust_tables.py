"""Tables as ``ra-bayes trust`` stores them, of fits without sampling: made up, but of the fits' records."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from drawn import fitted

from ra_bayes.comparison.observed import observed
from ra_bayes.estimand import summarise
from ra_bayes.tree import spec_of
from ra_bayes.trust.placebo import change_beyond_placebo
from ra_bayes.trust.quantities import reported
from ra_bayes.trust.variants import DOUBLED, HALVED

CI = {"ci_prob": 0.9, "ci_kind": "eti"}
VARIANTS = (
    HALVED,
    DOUBLED,
    "prior to the power 0.5",
    "prior to the power 2",
    "likelihood to the power 0.5",
    "likelihood to the power 2",
)
FLIPS = "SYN-5"


@cache
def trust_tables(model: str) -> dict[str, pd.DataFrame]:
    """All tables that apply to a model."""
    tables = sensitivity(model) | left_out(model)
    if spec_of(fitted(model)).binary:
        return tables
    return tables | {"beyond_placebo": change_beyond_placebo(fitted(model))} | not_at_random(model)


def sensitivity(model: str) -> dict[str, pd.DataFrame]:
    rows: list[dict[str, Any]] = []
    variants: list[dict[str, Any]] = []
    for place, quantity in enumerate(reported(fitted(model))):
        said = summarise(quantity, 0.9)
        event = quantity.kind == "event"
        told = {
            name: said[name] for name in ("estimand", "week", "unit", "estimate", "lower", "upper", "mcse")
        }
        rows.append(
            told
            | {"share": np.nan if event else 0.07 * place, "psense_prior": np.nan if event else 0.01 * place}
            | {"psense_likelihood": 0.02, "definition": quantity.definition}
            | {"verdict": ("data-led", "shared", "prior-led")[place % 3]}
        )
        for step, name in enumerate(VARIANTS):
            changed = {end: told[end] * (1.0 + 0.02 * step) for end in ("estimate", "lower", "upper")}
            route, khat = ("re-fit", np.nan) if step in (0, 1, 5) else ("importance", 0.2)
            if step == 4 and model == "tnf_alpha":
                changed, route = dict.fromkeys(changed, np.nan), "none"
            variants.append(
                {"estimand": told["estimand"], "week": told["week"], "variant": name, **changed}
                | {"mcse": told["mcse"], "route": route, "khat": khat, "passed": step != 1}
            )
    return {"sensitivity": pd.DataFrame(rows).assign(**CI), "variants": pd.DataFrame(variants)}


def left_out(model: str) -> dict[str, pd.DataFrame]:
    spec = spec_of(fitted(model))
    seen = observed(fitted(model), spec)
    ratio, binary = spec.link.change == "ratio", spec.binary
    middle, half = (1.4, 0.5) if ratio else (0.4, 0.2) if binary else (-8.0, 12.0)
    unit = "ratio" if ratio else "share of patients" if binary else spec.outcome.unit
    estimand = "response_rate" if binary else "mean_change"
    patients: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    decisions: list[dict[str, Any]] = []
    for place, name in enumerate(("", *seen.patients)):
        estimate = middle + 0.05 * half * place
        patients.append(
            {"patient": name, "estimand": estimand, "week": spec.reference_week, "unit": unit}
            | {"estimate": estimate, "lower": estimate - half, "upper": estimate + half, "mcse": 0.1}
            | {"passed": place != 2, "records": 6.0, "elpd": -20.0 - place if name else np.nan}
            | {"elpd_mcse": 0.02 if name else np.nan}
        )
        decisions.append(
            {"patient": name, "criterion": "Pr(it | data) ≥ 0.95", "probability": 0.96 - 0.003 * place}
            | {"mcse": 0.004, "asked": 0.95, "holds": name != FLIPS, "success": name != FLIPS}
            | {"flips": name == FLIPS, "close": place == 3}
        )
    for index, name in enumerate(seen.patients):
        for visit, week in enumerate(seen.weeks):
            value, limit = float(seen.value[index, visit]), int(seen.limit[index, visit])
            pit = np.nan if np.isnan(value) else 0.05 + 0.12 * visit + 0.01 * index
            typical = float(np.nanmedian(seen.value))
            ends = (0.0, 1.0) if binary else (typical * 0.4, typical * 1.7)
            records.append(
                {
                    "patient": name,
                    "week": float(week),
                    "value": value,
                    "limit": {-1: "<", 0: "", 1: ">"}[limit],
                }
                | {"predicted": 0.3 if binary else typical, "lower": ends[0], "upper": ends[1]}
                | {"pit": pit, "pit_lower": pit - 0.04 * abs(limit), "pit_upper": pit + 0.04 * abs(limit)}
            )
    tables = {"left_out_patients": patients, "left_out_records": records}
    return {name: pd.DataFrame(rows).assign(**CI) for name, rows in tables.items()} | (
        {} if binary else {"left_out_decisions": pd.DataFrame(decisions)}
    )


def not_at_random(model: str) -> dict[str, pd.DataFrame]:
    """Two of six unseen; a tipping point within the shifts, and one far beyond them."""
    spec = spec_of(fitted(model))
    ratio = spec.link.change == "ratio"
    mcid = spec.mcid or 1.0
    deltas = (1.0, 1.5, 2.0, 4.0) if ratio else tuple(mcid * each for each in (0.0, 1.0, 2.0, 4.0))
    unit = "ratio" if ratio else spec.outcome.unit
    rows: list[dict[str, Any]] = []
    tipping: list[dict[str, Any]] = []
    for place, estimand in enumerate(("mean_change_of_cohort", "mean_change")):
        shared = {"outcome": spec.outcome.id, "estimand": estimand}
        for step, delta in enumerate((*deltas, *(() if ratio else (np.nan,)))):
            jump = np.isnan(delta)
            at = 2.0 if jump else float(step)
            estimate = 0.5 * 1.1**at if ratio else -3.0 * mcid + 0.4 * mcid * at
            half = 1.4 if ratio else 1.5 * mcid
            ends = (estimate / half, estimate * half) if ratio else (estimate - half, estimate + half)
            rows.append(
                {**shared, "scheme": "jump to placebo" if jump else "delta", "delta": delta, "unit": unit}
                | {"week": spec.reference_week, "estimate": estimate, "lower": ends[0], "upper": ends[1]}
                | {"p_benefit": 0.999 - 0.02 * at * (1 + place), "unseen": 2, "patients": 6, **CI}
            )
        point = deltas[-1] * (0.7 if place else 5.0)
        tipping.append(
            {**shared, "p_benefit": 0.999, "cut_off": 0.95, "needed": 1.0 if ratio else 0.0}
            | {"tipping_point": point, "mcse": 0.02 * point, "in_mcids": np.nan if ratio else point / mcid}
            | {"back_to_baseline": deltas[-1] * 0.6, "scale_width": np.inf, "unit": unit}
        )
    return {"not_at_random": pd.DataFrame(rows), "tipping_points": pd.DataFrame(tipping)}
