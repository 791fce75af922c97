"""A plan as text for a terminal, and as plain data."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ra_bayes.numbers import listed
from ra_bayes.planning.plan import Plan
from ra_bayes.planning.plan_numbers import observed_sd

__all__ = ["plan_data", "plan_text"]

_WIDTH = 100


def plan_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data, ready for JSON."""
    return {
        "design": plan.design.entry(),
        "words": plan.design.words().split("\n"),
        "seed": plan.seed,
        "target": plan.target,
        "characteristics": plan.characteristics,
        "truth_curve": plan.truth_curve,
        "boundaries": plan.boundaries,
        "sizes": plan.size_curve,
        "answers": [
            {key: value for key, value in asdict(answer).items() if key != "rows"} | {"words": str(answer)}
            for answer in plan.answers
        ],
        "ceiling": plan.ceiling,
        "design_prior": None if plan.prior is None else _prior(plan),
        "waterfall": plan.waterfall,
        "decisions": _without_nan(plan.decisions),
        "surface": plan.surface,
    }


def _without_nan(chances: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return chances as JSON has them: of what never happens nothing is right or wrong."""
    if chances is None:
        return None
    return {name: None if math.isnan(value) else value for name, value in chances.items()}


def _prior(plan: Plan) -> list[dict[str, Any]]:
    assert plan.prior is not None
    return [{"step": step.name, "words": step.words, **step.summary()._asdict()} for step in plan.prior.steps]


def plan_text(plan: Plan) -> str:
    """Return a plan for a terminal: the answers first, then what they rest on."""
    parts = [
        "\n".join(_wrapped(line) for line in (*map(str, plan.answers), _terms(plan))),
        "The design\n" + "\n".join(_wrapped(line) for line in plan.design.words().split("\n")),
        _boundaries(plan),
        _characteristics(plan),
        _sizes(plan),
        _belief(plan),
        _decisions(plan),
        _limits(plan),
    ]
    return "\n\n".join(filter(None, parts))


def _terms(plan: Plan) -> str:
    """Say at which truth the power is meant, who must enter, and what error comes with the size."""
    design, end = plan.design, plan.design.endpoint
    control = "" if design.truth.control is None else f" and a control rate of {design.truth.control:g}"
    said = (
        f"Power is told at a true {end.name(design.arms)} of {design.truth.alternative:g}"
        f"{f' {end.unit}' if end.unit else ''}{control}."
    )
    entered = {n: design.at(n).entered for answer in plan.answers if (n := answer.n) is not None}
    more = [f"for {n} of them {most} must enter" for n, most in entered.items() if most > n]
    if more:
        said += f" Patients are those with an outcome: {listed(more)}."
    errors = {row["n"]: _share(row["alpha"], row["alpha_mcse"]) for row in plan.size_curve}
    there = [f"{errors[n]} with {n} patients" for n in entered if n in errors]
    if there:
        said += f" The type I error is {listed(there)}."
    return said


def _boundaries(plan: Plan) -> str:
    if not plan.boundaries:
        return ""
    two, binary = plan.design.arms == 2, plan.design.endpoint.kind == "binary"
    what = "responders" if binary else plan.design.endpoint.name(plan.design.arms)
    note = ""
    if two and binary:
        control = ", ".join(f"{row['control_responders']} of {row['control']}" for row in plan.boundaries)
        note = f", if of the control {control} respond"
    rows = [
        (
            str(row["look"]),
            str(row["n"]),
            *([f"{row['treated']} + {row['control']}"] if two else []),
            _bound(row["futility"]),
            _bound(row["success"]),
        )
        for row in plan.boundaries
    ]
    head = ("look", "patients", *(["treated + control"] if two else []), "futility at", "success at")
    side = ("fewer", "more") if plan.design.endpoint.benefit == "above" else ("more", "fewer")
    if not binary:
        side = ("worse", "better")
    title = f"What stops the trial ({what}{note}; futility with so many or {side[0]}, success or {side[1]})"
    if not binary:
        unit = f", {plan.design.endpoint.unit}" if plan.design.endpoint.unit else ""
        of_sd = observed_sd(plan.design, plan.boundaries[0])
        title = (
            f"What stops the trial ({what}{unit}; futility there or {side[0]}, success there or {side[1]}"
            f"{f', {of_sd}' if of_sd else ''})"
        )
    return _table(title, head, rows)


def _bound(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _characteristics(plan: Plan) -> str:
    accrual = plan.design.conduct.accrual is not None
    head = (
        "truth",
        "",
        "success",
        "futility",
        "ends early",
        "mean n",
        *(["weeks"] if accrual else []),
        "width",
    )
    rows = [
        (
            f"{row['truth']:g}",
            {"null": "type I error", "alternative": "power"}.get(row["role"], ""),
            _share(row["p_success"], row["p_success_mcse"]),
            _share(row["p_futility"], row["p_futility_mcse"]),
            f"{row['p_early']:.3f}",
            f"{row['expected_n']:.1f}",
            *([f"{row['expected_weeks']:.0f}"] if accrual else []),
            f"{row['width']:.3g}",
        )
        for row in plan.characteristics
    ]
    end = plan.design.endpoint
    name, unit = end.name(plan.design.arms), f", {end.unit}" if end.unit else ""
    width = f"{plan.characteristics[0]['ci_prob']:.0%} credible interval"
    title = (
        f"Operating characteristics ({plan.characteristics[0]['engine']}); truth: {name}{unit}; "
        f"width: expected, of the equal-tailed {width} at full size{' (log)' if end.ratio else ''}"
    )
    return _table(title, head, rows)


def _sizes(plan: Plan) -> str:
    if len(plan.size_curve) < 2:
        return ""
    # A screen holds a dozen rows; all of them are in the CSV and with --json.
    every = max(1, (len(plan.size_curve) + 11) // 12)
    believed = "assurance" in plan.size_curve[0]
    leave = plan.design.entered > plan.design.n
    rows = [
        (
            str(row["n"]),
            *([str(plan.design.at(row["n"]).entered)] if leave else []),
            _share(row["power"], row["power_mcse"]),
            _share(row["alpha"], row["alpha_mcse"]),
            *([_share(row["assurance"], row["assurance_mcse"])] if believed else []),
        )
        for row in plan.size_curve[::every]
    ]
    head = ("patients", *(["entered"] if leave else []), "power", "type I error")
    return _table("By size", (*head, *(["assurance"] if believed else [])), rows)


def _belief(plan: Plan) -> str:
    if plan.prior is None:
        return ""
    rows = [
        (row["step"], _share(row["assurance"], row["mcse"]), f"{row['change']:+.3f}", f"{row['ceiling']:.3f}")
        for row in plan.waterfall
    ]
    table = _table(
        f"Where the optimism went: assurance with {plan.design.n} patients, step by step of the design prior",
        ("step", "assurance", "change", "ceiling"),
        rows,
    )
    words = "\n".join(_wrapped(f"{row['step']}: {row['words']}") for row in plan.waterfall)
    return f"{table}\n{words}"


def _decisions(plan: Plan) -> str:
    chances = plan.decisions
    if chances is None:
        return ""
    rows = [
        ("success, and rightly", f"{chances['right_success']:.3f}"),
        ("success, wrongly", f"{chances['wrong_success']:.3f}"),
        ("no success, and rightly", f"{chances['right_stop']:.3f}"),
        ("no success, wrongly", f"{chances['missed']:.3f}"),
        ("a success is right", f"{chances['success_is_right']:.3f}"),
    ]
    return _table(
        "Right and wrong decisions under the design prior (right: the truth is beyond every threshold)",
        ("", "chance"),
        rows,
    )


def _limits(plan: Plan) -> str:
    exact = all(row["p_success_mcse"] == 0.0 for row in plan.characteristics)
    said = "exact" if exact else "simulated: the number after ± is its Monte Carlo standard error"
    return _wrapped(
        f"Numbers are {said}. They hold for this rule, this analysis prior and these truths. The type I "
        "error is what the table shows at the null: a vague prior does not make it what the rule's cut-off "
        "suggests."
    )


def _share(value: float, mcse: float) -> str:
    # Rounded up: an error that is there is never told as none.
    return f"{value:.3f} ± {math.ceil(1000.0 * mcse) / 1000.0:.3f}" if mcse else f"{value:.3f}"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join([_wrapped(title), *(f"  {line}" for line in lines)])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
