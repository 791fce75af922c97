"""What the page says, as plain data for the template: no HTML here, no numbers there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ra_bayes.calibration import certificate_line
from ra_bayes.model.spec import ModelSpec
from ra_bayes.report import estimand_attributes as attributes
from ra_bayes.report import reporting_guidelines as guidelines
from ra_bayes.report.counts_content import counts_content, facts_content
from ra_bayes.report.joint_content import joint_content
from ra_bayes.report.limits_text import limits_text
from ra_bayes.report.live_sizes import live_sizes
from ra_bayes.report.methods_text import methods
from ra_bayes.report.model_content import model_content
from ra_bayes.report.render import PAGE
from ra_bayes.report.results_text import prior_led, results_text
from ra_bayes.report.rows import rounded
from ra_bayes.results import Found, Result, main_row, read_order
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
        Fits, and what published counts say.
    figures
        For each of them its figures, each with ``title``, ``alt``, ``width``, ``height``, ``png`` (data URI)
        and ``pdf`` (a path relative to the page).
    trusted
        For each fit what is stored of how far it can be believed, if anything.
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
    results, order = found.fits, read_order(found.fits)
    published = [counts_content(result, figures[name]) for name, result in found.counts.items()]
    if paper is not None and paper.hash not in {each["hash"] for each in published}:
        published.append(facts_content(paper, ci_prob))
    shown: dict[str, Any] = {
        "ci": f"{ci_prob:.0%}",
        "published": published,
        "joints": [joint_content(name, result) for name, result in found.joints.items()],
        "plans": [_plan(name, data) for name, data in (plans or {}).items()],
        "across": across,
        "compared": compared,
        "cohort": None,
        "models": [],
    }
    if not results:
        names = ", ".join(each["name"] for each in published)
        title = f"Published counts: {names}" if published else "Outcomes fitted together"
        return shown | {"title": title, "several_cohorts": False}
    first = provenance(results[order[0]].tree)
    specs = {name: spec_of(results[name].tree) for name in order}
    cohorts = {provenance(result.tree)["cohort"]["hash"] for result in results.values()}
    return shown | {
        "title": f"Posterior report: {first['cohort']['name']}",
        "cohort": first["cohort"],
        "several_cohorts": len(cohorts) > 1,
        "glance": [_glance(results[name], name) for name in order],
        "results": [
            {"name": name, "text": results_text(results[name], trusted[name], ci_prob)} for name in order
        ],
        "models": [
            model_content(name, results[name], figures[name], trusted[name], ci_prob) for name in order
        ],
        "methods": methods(
            {name: results[name].tree for name in order},
            ci_prob=ci_prob,
            trusted=any(each is not None for each in trusted.values()),
        ),
        "estimands": [
            {
                "name": name,
                "label": spec.outcome.label,
                "rows": attributes.estimand_attributes(spec, provenance(results[name].tree)["cohort"]),
            }
            for name, spec in specs.items()
        ],
        "estimands_source": attributes.SOURCE,
        "blank": attributes.BLANK,
        "limits": _limits(specs, first["cohort"], trusted),
        "guidelines": _guidelines(order, results, trusted),
        "run": {
            "seeds": sorted({provenance(each.tree)["seed"] for each in results.values()}),
            "sampling": first["sampling"],
            "versions": first["versions"],
        },
    }


def _glance(result: Result, name: str) -> dict[str, str]:
    spec, row = spec_of(result.tree), main_row(result)
    shown = {"name": name, "label": spec.outcome.label, "gate": "passed" if result.gate.passed else "failed"}
    if row is None:
        empty = dict.fromkeys(("week", "estimate", "interval", "better", "mcse"), "")
        return shown | empty | {"what": "withheld"}
    return shown | rounded(row) | {"what": _what(row, spec), "week": f"{row['week']:g}"}


def _what(row: Mapping[Hashable, Any], spec: ModelSpec) -> str:
    if spec.binary:
        return "response rate"
    return "ratio to baseline" if row["unit"] == "ratio" else f"mean change, {row['unit']}"


def _limits(
    specs: Mapping[str, ModelSpec], cohort: Mapping[str, Any], trusted: Mapping[str, Assessment | None]
) -> list[str]:
    return limits_text(
        cohort,
        outcomes=len(specs),
        led={spec.outcome.label: prior_led(trusted[name]) for name, spec in specs.items()},
        unasked=[spec.outcome.label for name, spec in specs.items() if trusted[name] is None],
        certified={spec.outcome.label: certificate_line(spec) for spec in specs.values()},
    )


def _guidelines(
    order: Sequence[str], results: Mapping[str, Result], trusted: Mapping[str, Assessment | None]
) -> list[dict[str, Any]]:
    """Return both guidelines with what this page answers."""
    passed = [name for name in order if results[name].gate.passed]
    asked = [name for name in passed if trusted[name] is not None]
    # The table of decisions may be stored for a later outcome than the first that was asked about.
    decided = [name for name in asked if "left_out_decisions" in getattr(trusted[name], "tables", {})]
    known = guidelines.Known(
        first=passed[0] if passed else "",
        trusted=(decided or asked or [""])[0],
        some=0 < len(asked) < len(passed),
        decided=bool(decided),
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
