"""What the page of a plan says, as plain data for its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.figures.plan_boundaries import boundary_words
from ra_bayes.figures.plan_marks import value_text
from ra_bayes.numbers import decimals, interval, number
from ra_bayes.planning.plan_numbers import error_text, observed_sd, probability_text, size_text
from ra_bayes.report.live_sizes import live_sizes
from ra_bayes.report.plan_words import engines, grant, headline, limits, protocol

if TYPE_CHECKING:
    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["plan_content"]


def plan_content(plan: Plan, figures: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return everything that the template shows.

    Parameters
    ----------
    plan
        The plan.
    figures
        By name, each with ``title``, ``alt``, ``width``, ``png`` (a data URI) and ``pdf`` (a path from
        the page).
    """
    design = plan.design
    return {
        "title": design.title,
        "about": " ".join(design.about.split()),
        "headline": headline(plan),
        "design": str(design).splitlines(),
        "several_looks": len(design.looks) > 1,
        "estimand": design.estimand,
        "n": design.n,
        "characteristics": [_characteristics(design, row) for row in plan.characteristics],
        "sizes": [_size(row) for row in plan.size_curve],
        "answers": [str(answer) for answer in plan.answers],
        "assured": plan.prior is not None,
        "limit": plan.answers[-1].limit if plan.prior is not None else "",
        "prior": _prior(plan),
        "scale": " on the log scale" if design.endpoint.ratio else "",
        "waterfall": [_step(row) for row in plan.waterfall],
        "boundaries": [_look(design, row) for row in plan.boundaries],
        "counted": _counted(plan),
        "decisions": _decisions(plan),
        "protocol": protocol(plan),
        "grant": grant(plan),
        "limits": limits(plan),
        "live_sizes": live_sizes(plan.size_curve, design.n),
        "figures": figures,
        "engines": engines(plan),
        "seed": plan.seed,
        "hash": design.hash,
        "toml": design.toml,
    }


def _characteristics(design: Design, row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "truth": value_text(design, row["truth"]),
        "role": row["role"],
        "success": probability_text(row["p_success"], row["p_success_mcse"]),
        "success_error": error_text(row["p_success_mcse"]),
        "futility": probability_text(row["p_futility"], row["p_futility_mcse"]),
        "futility_error": error_text(row["p_futility_mcse"]),
        "early": probability_text(row["p_early"], max(row["p_success_mcse"], row["p_futility_mcse"])),
        "expected_n": size_text(row["expected_n"], row["expected_n_mcse"]),
        "expected_n_error": error_text(row["expected_n_mcse"]),
        "weeks": f"{row['expected_weeks']:.0f}" if "expected_weeks" in row else "",
        "entered": f"{row['expected_entered']:.1f}" if "expected_entered" in row else "",
    }


def _size(row: Mapping[str, Any]) -> dict[str, str]:
    shown = {"n": str(row["n"])}
    for key in ("power", "alpha", "assurance"):
        error = row.get(f"{key}_mcse", 0.0)
        shown[key] = probability_text(row[key], error) if key in row else ""
        shown[f"{key}_error"] = error_text(error)
    return shown


def _prior(plan: Plan) -> list[dict[str, str]]:
    """Return what is believed of the truth after each step of the design prior."""
    if plan.prior is None:
        return []
    found = []
    for step in plan.prior.steps:
        believed = step.summary()
        places = decimals(believed.lower, believed.upper)
        found.append(
            {
                "name": step.name,
                "words": step.words,
                "mean": number(believed.mean, places),
                "sd": number(believed.sd, places),
                "interval": interval(believed.lower, believed.upper, places),
                "ci": f"{believed.ci_prob:.0%}",
            }
        )
    return found


def _step(row: Mapping[str, Any]) -> dict[str, str]:
    change = row["change"]
    return {
        "assurance": probability_text(row["assurance"], row["mcse"]),
        "error": error_text(row["mcse"]),
        "change": "" if change == 0.0 else f"{'+' if change > 0.0 else ''}{number(change, 3)}",
        "ceiling": number(row["ceiling"], 3),
    }


def _look(design: Design, row: Mapping[str, Any]) -> dict[str, str]:
    arms = f"{row['treated']} treated, {row['control']} control" if row["control"] else ""
    if row.get("control_responders") is not None:
        arms += f", of whom {row['control_responders']} respond"
    return {
        "n": str(row["n"]),
        "arms": arms,
        "futility": boundary_words(design, row, "futility"),
        "success": boundary_words(design, row, "success"),
    }


def _counted(plan: Plan) -> str:
    """Return what the boundaries are boundaries of."""
    design, end = plan.design, plan.design.endpoint
    if end.kind == "binary":
        who = "responders" if end.benefit == "above" else "patients with the event"
        return who if design.arms == 1 else f"{who} among the treated, if the control shows what is told"
    of_sd = observed_sd(design, plan.boundaries[0]) if plan.boundaries else ""
    return f"observed {end.name(design.arms)}{f', {of_sd}' if of_sd else ''}"


def _decisions(plan: Plan) -> dict[str, str] | None:
    chances = plan.decisions
    if chances is None:
        return None
    error = chances["mcse"]
    there = chances["right_success"] + chances["missed"]
    told = {
        **{name: chances[name] for name in ("right_success", "wrong_success", "missed", "right_stop")},
        "success": chances["assurance"],
        "no_success": 1.0 - chances["assurance"],
        "there": there,
        "not_there": 1.0 - there,
        "success_is_right": chances["success_is_right"],
        "p_early": chances["p_early"],
    }
    shown = {name: probability_text(value, error) for name, value in told.items()}
    return shown | {"error": error_text(error), "expected_n": size_text(chances["expected_n"], 0.0)}
