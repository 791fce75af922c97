"""Model pages and cohorts made to measure, for the tests of the model core."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ra_bayes.cohort import Cohort, Record
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.spec_reader import read_spec

OUTCOME: dict[str, Any] = {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "benefit": "decrease"}
PRIORS: dict[str, dict[str, Any]] = {
    "baseline_mean": {"median": 10.0, "sd": 2.0},
    "baseline_sd": {"median": 3.0, "sdlog": 0.3},
    "response_sd": {"median": 2.0, "sdlog": 0.4},
    "correlation": {"concentration": 3.0},
    "residual_sd": {"median": 1.5, "sdlog": 0.3},
}
SHAPE_PRIORS: dict[str, dict[str, dict[str, Any]]] = {
    "visits": {"walk_sd": {"median": 4.0, "sdlog": 0.5}},
    "linear": {"change": {"median": -3.0, "sd": 2.0}},
    "onset": {"change": {"median": -3.0, "sd": 2.0}, "half_time": {"median": 5.0, "sdlog": 0.5}},
    "washout": {
        "change": {"median": -3.0, "sd": 2.0},
        "half_time": {"median": 2.0, "sdlog": 0.4},
        "loss_half_time": {"median": 20.0, "sdlog": 0.4},
    },
    "piecewise": {"change": {"median": -3.0, "sd": 2.0}, "bend_1": {"median": 0.0, "sd": 2.0}},
    "gp": {"gp_sd": {"median": 4.0, "sdlog": 0.5}, "lengthscale": {"median": 12.0, "sdlog": 0.5}},
    "step": {"change": {"median": -3.0, "sd": 2.0}},
}
# Keys of the page that a trajectory cannot do without.
SHAPE_KEYS: dict[str, dict[str, Any]] = {"washout": {"infusions": [0, 4, 8]}, "piecewise": {"knots": [4]}}


def page(
    trajectory: str = "visits",
    *,
    outcome: Mapping[str, Any] | str = OUTCOME,
    priors: Mapping[str, Mapping[str, Any] | None] | None = None,
    **top: Any,
) -> str:
    """The text of a page; `priors` replace, add or (None) remove some; `top` are keys of the page."""
    chosen = {**PRIORS, **SHAPE_PRIORS.get(trajectory, {}), **(priors or {})}
    keys = {
        "schema": 1,
        "title": "A test",
        "about": "To test.",
        "trajectory": trajectory,
        "reference_week": 24,
        **SHAPE_KEYS.get(trajectory, {}),
    }
    lines = _pairs({**keys, **top} if not isinstance(outcome, str) else {**keys, **top, "outcome": outcome})
    if not isinstance(outcome, str):
        lines += ["[outcome]", *_pairs(outcome)]
    for name, numbers in chosen.items():
        if numbers is not None:
            lines += [f"[priors.{name}]", *_pairs({**numbers, "why": "a test"})]
    return "\n".join(lines)


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items() if value is not None]


def with_arm(model: str, effect: str = "step", sd: float = 8.0) -> ModelSpec:
    """A shipped page with a control arm, placebo, and a difference of the shape `effect`."""
    table = f'[arm]\ncontrol = "placebo"\neffect = "{effect}"\n'
    prior = f'[priors.effect_change]\nmedian = 0.0\nsd = {sd}\nwhy = "a test"\n'
    return read_spec("\n".join((load_model(model).toml, table, prior)), name=model)


def spec(trajectory: str = "visits", **keys: Any) -> ModelSpec:
    """The specification of such a page."""
    return read_spec(page(trajectory, **keys), name="test")


def cohort(rows: Iterable[tuple[Any, ...]], model: ModelSpec) -> Cohort:
    """A cohort of rows (patient, week, value) or (patient, week, value, limit) of the model's outcome."""
    records = tuple(
        Record(str(patient), float(week), model.outcome.id, float(value), limit[0] if limit else "", row)
        for row, (patient, week, value, *limit) in enumerate(rows, start=2)
    )
    return Cohort("made", "made.csv", True, records, used=(model.outcome,))
