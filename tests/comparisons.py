"""Tables over readings and priors, as compare_readings makes them, without sampling: numbers by a rule."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

READINGS = ("any_change", "mcid", "fraction_20")
MODELS = ("sceptical", "placebo_informed", "wide")
RELATED = (0.0, 0.5)
# By outcome: estimand, week, unit, width of the prior.
OUTCOMES: dict[str, tuple[str, float, str, float]] = {
    "vas": ("mean_change", 24.0, "mm", 30.0),
    "acr20": ("response_rate", 16.0, "share of patients", 0.2),
    "sdai": ("mean_change", 24.0, "points", 20.0),
    "il10": ("mean_change", 24.0, "ratio", 0.6),
}
MIDDLE = {"mm": 0.0, "points": 0.0, "ratio": 1.0, "share of patients": 0.4}


def compared(
    outcomes: Sequence[str] = tuple(OUTCOMES),
    *,
    readings: Sequence[str] = READINGS,
    models: Sequence[str] = MODELS,
    related: Sequence[float] = RELATED,
    arms: Sequence[str] = ("all",),
) -> pd.DataFrame:
    """Synthetic answers: each reading, prior, relation and arm moves the estimate by a step of its own."""
    rows = []
    for i, reading in enumerate(readings):
        for j, model in enumerate(models):
            for correlation in related:
                for a, arm in enumerate(arms):
                    for outcome in outcomes:
                        estimand, week, unit, width = OUTCOMES[outcome]
                        middle = MIDDLE[unit]
                        estimate = middle + width * (0.1 * i - 0.05 * j - 0.4 * correlation + 0.02 * a)
                        rows.append(
                            {
                                "reading": reading,
                                "model": model,
                                "related": correlation,
                                "arm": arm,
                                "outcome": outcome,
                                "estimand": estimand,
                                "week": week,
                                "unit": unit,
                                "prior": middle,
                                "prior_lower": middle - width,
                                "prior_upper": middle + width,
                                "estimate": estimate,
                                "lower": estimate - 0.5 * width,
                                "upper": estimate + 0.5 * width,
                                "mcse": 0.01 * width,
                                "p_benefit": float("nan") if unit == "share of patients" else 0.5 + 0.1 * i,
                                "ci_prob": 0.9,
                                "ci_kind": "eti",
                                "log_evidence": -13.0 - i - 0.1 * j + correlation,
                                "log_evidence_mcse": 0.02,
                                "ess": 2000.0,
                                "pareto_k": 0.3,
                            }
                        )
    return pd.DataFrame(rows)
