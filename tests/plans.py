"""Plans whose numbers are set by hand, smooth and recognisable, for what is drawn and told of them."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ra_bayes.planning.design import Design
from ra_bayes.planning.design_prior import About, DesignPrior, Step
from ra_bayes.planning.design_reader import load_design
from ra_bayes.planning.plan import Plan
from ra_bayes.planning.sample_size import SampleSize

# A design with the kind of rows that its engine gives.
DESIGNS = ("acr20_one_arm", "acr20_randomised", "sdai_randomised", "vas_randomised")
CEILING = 0.71


def chance(design: Design, truth: float, n: int) -> float:
    """A probability of success that rises with the truth and the size; nothing is computed with it."""
    null, alternative = design.truth.null, design.truth.alternative
    share = (truth - null) / (alternative - null)
    return 0.5 * math.erfc((1.645 - share * 2.9 * math.sqrt(n / 40.0)) / math.sqrt(2.0))


def row(design: Design, truth: float, error: float) -> dict[str, Any]:
    success = chance(design, truth, design.n)
    return {
        "truth": truth,
        "role": {design.truth.null: "null", design.truth.alternative: "alternative"}.get(truth, ""),
        "p_success": success,
        "p_success_mcse": error,
        "p_futility": 0.8 * (1.0 - success),
        "p_futility_mcse": error,
        "p_early": 0.7 * (1.0 - success),
        "expected_n": design.n * (0.6 + 0.4 * success),
        "expected_n_mcse": 100.0 * error,
        "expected_weeks": 100.0,
        "expected_entered": float(design.n),
        "engine": "set by hand",
    }


def boundaries(design: Design) -> list[dict[str, Any]]:
    """A look stops low, the last one succeeds high; none of a longitudinal design."""
    if design.endpoint.kind == "longitudinal":
        return []
    rows = []
    for k, n in enumerate(design.looks, 1):
        treated, control = (*design.per_arm(n), 0)[:2]
        last = k == len(design.looks)
        if design.endpoint.kind == "binary":
            futility, success = treated // 4, 3 * treated // 8
        else:
            futility, success = -1.234, -8.765
        rows.append(
            {
                "look": k,
                "n": n,
                "treated": treated,
                "control": control or None,
                **(
                    {"control_responders": control // 4}
                    if design.endpoint.kind == "binary" and control
                    else {}
                ),
                "futility": None if last else futility,
                "success": success if last else None,
            }
        )
    return rows


STEPS = (
    ("published count", 0.90, 0.0, 0.97),
    ("new trial in new patients", 0.75, -0.15, 0.86),
    ("placebo response subtracted", 0.78, 0.03, 0.88),
    ("sceptical part", 0.58, -0.20, CEILING),
)


def design_prior(design: Design) -> DesignPrior:
    quantity = "rate" if design.endpoint.kind == "binary" else "effect"
    nodes = {quantity: np.linspace(0.1, 0.6, 5) if quantity == "rate" else np.linspace(-9.0, 1.0, 5)}
    if quantity == "rate" and design.arms == 2:
        nodes["control_rate"] = np.full(5, 0.24)
    steps = [Step(name, f"{name}, as set by hand.", nodes, np.ones(5)) for name, *_ in STEPS]
    return DesignPrior(About(quantity, design.endpoint.outcome, design.endpoint.week), tuple(steps))


def size_curve(design: Design, error: float) -> list[dict[str, Any]]:
    rows = []
    for n in design.sizes:
        power = chance(design, design.truth.alternative, n)
        rows.append(
            {
                "n": n,
                "power": power,
                "power_mcse": error,
                "alpha": 0.05 + 0.01 * math.sin(n / 5.0),
                "alpha_mcse": error,
                "assurance": CEILING * power,
                "assurance_mcse": error,
                "engine": "set by hand",
            }
        )
    return rows


def answer(quantity: str, target: float, rows: list[dict[str, Any]], ceiling: float) -> SampleSize:
    kept = tuple({"n": each["n"], "value": each[quantity], "mcse": 0.0} for each in rows)
    found = next((each for each in kept if each["value"] >= target), None)
    told = kept[-1] if found is None else found
    n = None if found is None else found["n"]
    return SampleSize(quantity, target, n, n, told["value"], told["mcse"], ceiling, kept)


@cache
def plan(name: str = "acr20_one_arm", *, error: float = 0.0, prior: bool = True) -> Plan:
    return plan_of(load_design(name), error=error, prior=prior)


def plan_of(design: Design, *, error: float = 0.0, prior: bool = True) -> Plan:
    truth = design.truth
    curve = size_curve(design, error)
    grid = np.linspace(
        0.0 if design.endpoint.kind == "binary" else -2.0, 1.0 if design.arms == 1 else 2.0, 41
    )
    if design.endpoint.kind != "binary" or design.arms == 2:
        grid = truth.null + grid * (truth.alternative - truth.null)
    x, y = np.linspace(truth.null, truth.alternative, 9), np.linspace(0.02, 0.2, 7)
    made = Plan(
        design=design,
        characteristics=[
            row(design, each, error) for each in sorted({truth.null, truth.alternative, *truth.also})
        ],
        truth_curve=[row(design, float(each), error) for each in grid],
        boundaries=boundaries(design),
        size_curve=curve,
        ceiling=CEILING,
        prior=design_prior(design),
        waterfall=[
            {
                "step": name,
                "assurance": after,
                "mcse": error,
                "change": change,
                "ceiling": top,
                "words": f"{name}, as set by hand.",
            }
            for name, after, change, top in STEPS
        ],
        decisions={
            "assurance": 0.58,
            "mcse": error,
            "right_success": 0.56,
            "wrong_success": 0.02,
            "missed": 0.15,
            "right_stop": 0.27,
            "success_is_right": 0.56 / 0.58,
            "p_early": 0.30,
            "expected_n": 34.5,
        },
        surface={
            "x": x.tolist(),
            "y": y.tolist(),
            "x_label": "mean of what is believed",
            "y_label": "SD of what is believed",
            "assurance": [[chance(design, a, design.n) * (1.0 - b) for a in x] for b in y],
        },
        answers=[answer("power", 0.8, curve, 1.0), answer("assurance", 0.8, curve, CEILING)],
        target=0.8,
        seed=7,
    )
    if prior:
        return made
    bare = [{key: value for key, value in each.items() if not key.startswith("assurance")} for each in curve]
    return replace(
        made,
        size_curve=bare,
        ceiling=None,
        prior=None,
        waterfall=[],
        decisions=None,
        surface=None,
        answers=made.answers[:1],
    )
