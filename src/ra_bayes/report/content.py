"""What the page says, as plain data for the template: no HTML here, no numbers there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ra_bayes.calibration import certificate_line
from ra_bayes.model.spec import ModelSpec
from ra_bayes.report import estimand_attributes as attributes
from ra_bayes.report import reporting_guidelines as guidelines
from ra_bayes.report.arms_text import arms_of, arms_results_text
from ra_bayes.report.counts_content import counts_content, facts_content
from ra_bayes.report.draw import PATTERN
from ra_bayes.report.joint_content import joint_content, joint_text
from ra_bayes.report.limits_text import limits_text
from ra_bayes.report.live_sizes import live_sizes
from ra_bayes.report.methods_text import methods
from ra_bayes.report.model_content import model_content
from ra_bayes.report.render import PAGE
from ra_bayes.report.results_text import prior_led, results_text
from ra_bayes.report.rows import rounded
from ra_bayes.results import Found, Result, joint_outcomes, main_row, read_order
from ra_bayes.tables.baseline_table import baseline_of
from ra_bayes.tables.table import Table
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
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
    plans: Mapping[str, Mapping[str, Any]] | None = None,
    across: Sequence[Mapping[str, str]] = (),
    compared: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return everything that the page's template shows.

    Parameters
    ----------
    found
        Fits, joint fits, and what published counts say.
    figures
        For each of :func:`_shown_fits`, joint fit and publication its figures, each with ``title``, ``alt``,
        ``width``, ``height``, ``png`` (data URI) and ``pdf`` (a path relative to the page).
    trusted
        For fits what is stored of how far they can be believed, if anything.
    ci_prob
        Probability of the credible intervals.
    paper
        Published counts to set beside the fits.
    plans
        By sub-folder, the plans that the folder holds, as plain data.
    across
        Figures of several fits together.
    compared
        What :func:`~ra_bayes.report.comparison_content.comparison_content` says of models compared.
    """
    results = _shown_fits(found)
    order = [*results]
    published = [counts_content(result, figures[name]) for name, result in found.counts.items()]
    if paper is not None and paper.hash not in {each["hash"] for each in published}:
        published.append(facts_content(paper, ci_prob))
    shown: dict[str, Any] = {
        "ci": f"{ci_prob:.0%}",
        "published": published,
        "joints": [joint_content(name, result, figures[name]) for name, result in found.joints.items()],
        "plans": [_plan(name, data) for name, data in (plans or {}).items()],
        "across": [each for each in across if each["name"] != PATTERN],
        "pattern": [each for each in across if each["name"] == PATTERN],
        "compared": compared,
        "cohort": None,
        "models": [],
    }
    if not results:
        names = ", ".join(each["name"] for each in published)
        return shown | {"title": f"Published counts: {names}", "several_cohorts": False}
    first = provenance(results[order[0]].tree)
    arms = next(filter(None, (arms_of(result.tree) for result in results.values())), None)
    specs = {name: spec_of(results[name].tree) for name in order}
    labels = _labels(results)
    cohorts = {provenance(result.tree)["cohort"]["hash"] for result in results.values()}
    return shown | {
        "title": f"Posterior report: {first['cohort']['name']}",
        "cohort": first["cohort"],
        "arms": arms,
        "baseline": _baseline(results),
        "several_cohorts": len(cohorts) > 1,
        "glance": [_glance(results[name], name, labels[name]) for name in order],
        "results": [
            *(
                {"name": name, "text": _words(results[name], trusted.get(name), ci_prob, labels[name])}
                for name in order
            ),
            *(
                {"name": f"joint-{name}", "text": joint_text(each, ci_prob)}
                for name, each in found.joints.items()
            ),
        ],
        "models": [
            model_content(
                name, results[name], figures[name], trusted.get(name), ci_prob, _joint_of(results[name])
            )
            for name in order
        ],
        "methods": methods(
            {name: results[name].tree for name in order},
            ci_prob=ci_prob,
            trusted=any(each is not None for each in trusted.values()),
        ),
        "estimands": [
            {
                "name": name,
                "label": labels[name],
                "rows": attributes.estimand_attributes(
                    spec, provenance(results[name].tree)["cohort"], arms_of(results[name].tree)
                ),
            }
            for name, spec in specs.items()
        ],
        "estimands_source": attributes.SOURCE,
        "blank": attributes.BLANK,
        "limits": _limits(results, trusted),
        "guidelines": _guidelines(order, results, trusted),
        "run": {
            "seeds": sorted({provenance(each.tree)["seed"] for each in results.values()}),
            "sampling": first["sampling"],
            "versions": first["versions"],
        },
    }


def _shown_fits(found: Found) -> dict[str, Result]:
    """Return every fit that has a section: in reading order, then outcomes of joint fits as JOINT-OUTCOME."""
    fits = {name: found.fits[name] for name in read_order(found.fits)}
    for name, joint in found.joints.items():
        fits |= {f"{name}-{outcome}": each for outcome, each in joint_outcomes(joint).items()}
    return fits


def _baseline(results: Mapping[str, Result]) -> Table:
    """Return the baseline of outcomes that have one; how many records there are stands in another table."""
    hashed = provenance(next(iter(results.values())).tree)["cohort"]["hash"]
    trees = [each.tree for each in results.values()]
    table = baseline_of([tree for tree in trees if provenance(tree)["cohort"]["hash"] == hashed])
    count = [column.header for column in table.columns].index("n")
    table = replace(table, rows=tuple(row for row in table.rows if row[count].numbers[0]))
    return table.without_columns("Visits (weeks)", "Records", "Missing", "Beyond a limit")


def _joint_of(result: Result) -> str:
    """Return the joint model that a fit is an outcome of; empty of one by itself."""
    entries = provenance(result.tree)
    return str(entries["joint"]["name"]) if "outcome" in entries and "joint" in entries else ""


def _labels(results: Mapping[str, Result]) -> dict[str, str]:
    """Return the outcome of each fit, with the model's name where several fits are of one."""
    outcomes = {name: spec_of(result.tree).outcome.label for name, result in results.items()}
    labels = {
        name: f"{label}, together" if _joint_of(results[name]) else label for name, label in outcomes.items()
    }
    shared = [*labels.values()]
    return {name: f"{label} ({name})" if shared.count(label) > 1 else label for name, label in labels.items()}


def _words(result: Result, trusted: Assessment | None, ci_prob: float, label: str) -> list[str]:
    told = results_text if arms_of(result.tree) is None else arms_results_text
    outcome = spec_of(result.tree).outcome.label
    first, *rest = told(result, trusted, ci_prob)
    return [
        first.replace(f"{outcome}: ", f"{label}: ") if "(" in label.removeprefix(outcome) else first,
        *rest,
    ]


def _glance(result: Result, name: str, label: str) -> dict[str, str]:
    spec, row = spec_of(result.tree), main_row(result)
    shown = {"name": name, "label": label, "gate": "passed" if result.gate.passed else "failed"}
    if row is None:
        empty = dict.fromkeys(("week", "estimate", "interval", "better", "mcse"), "")
        return shown | empty | {"what": "withheld"}
    return shown | rounded(row) | {"what": _what(row, spec), "week": f"{row['week']:g}"}


def _what(row: Mapping[Hashable, Any], spec: ModelSpec) -> str:
    if spec.arm is not None:
        ratio = row["unit"] == "ratio"
        what = "response rate" if spec.binary else "ratio to baseline" if ratio else "mean change"
        unit = "" if ratio or spec.binary else f", {row['unit']}"
        return f"{what}, {row['arm']} {'over' if ratio else 'less'} {spec.arm.control}{unit}"
    if spec.binary:
        return "response rate"
    return "ratio to baseline" if row["unit"] == "ratio" else f"mean change, {row['unit']}"


def _limits(results: Mapping[str, Result], trusted: Mapping[str, Assessment | None]) -> list[str]:
    specs = {name: spec_of(result.tree) for name, result in results.items()}
    tied = [name for name, result in results.items() if _joint_of(result)]
    alone = [name for name in results if name not in tied]
    first, labels = next(iter(results.values())).tree, _labels(results)
    return limits_text(
        provenance(first)["cohort"],
        alone=len(alone),
        together=[specs[name].outcome.label for name in tied],
        arms=next(filter(None, (arms_of(result.tree) for result in results.values())), None),
        led={labels[name]: prior_led(trusted.get(name)) for name in alone},
        unasked=[labels[name] for name in alone if trusted.get(name) is None],
        certified={labels[name]: certificate_line(specs[name]) for name in alone},
    )


def _guidelines(
    order: Sequence[str], results: Mapping[str, Result], trusted: Mapping[str, Assessment | None]
) -> list[dict[str, Any]]:
    """Return both guidelines with what this page answers."""
    passed = [name for name in order if results[name].gate.passed]
    asked = [name for name in passed if trusted.get(name) is not None]
    # The table of decisions may be stored for a later outcome than the first that was asked about.
    decided = [name for name in asked if "left_out_decisions" in getattr(trusted.get(name), "tables", {})]
    known = guidelines.Known(
        first=passed[0] if passed else "",
        trusted=(decided or asked or [""])[0],
        some=0 < len(asked) < len(passed),
        decided=bool(decided),
        askable=any(not _joint_of(each) for each in results.values()),
    )
    return [
        {
            "name": "BARG",
            "source": guidelines.BARG_SOURCE,
            "rows": guidelines.answered(guidelines.BARG, known),
        },
        {
            "name": "ROBUST",
            "source": guidelines.ROBUST_SOURCE,
            "rows": guidelines.answered(guidelines.ROBUST, known),
        },
    ]


def _plan(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is shown of a plan in the folder: its answers, and its curve over sizes."""
    return {
        "name": name,
        "href": f"{quote(name)}/{PAGE}",
        "words": data["words"],
        "answers": [each["words"] for each in data["answers"]],
        "live": live_sizes(data["sizes"], data["design"]["n"], name),
    }
