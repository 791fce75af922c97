"""A joint page and records of several outcomes as one PyMC script.

First what ties the outcomes, then one section for each: its records and its part of the model, as the script
of its own page has them (:mod:`~ra_bayes.model.script_outcome`), in a ``pm.Model(name="vas")`` of its own
inside the one model, so that its variables are called ``vas::baseline_mean`` and so on. What differs are the
lines of patients, whose levels and responses are tied (:mod:`~ra_bayes.model.script_ties`), and those of
effects that the page relates or centres on placebo.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace

from ra_bayes.cohort import Cohort
from ra_bayes.model.joint import JointModel, effect_names
from ra_bayes.model.joint_structure import JointRecords, make_joint_records
from ra_bayes.model.people import EFFECT
from ra_bayes.model.priors import Parameter, Prior
from ra_bayes.model.script_frame import head, imports, sampling
from ra_bayes.model.script_outcome import OutcomeLines, coords, outcome_lines
from ra_bayes.model.script_patients import patient_lines
from ra_bayes.model.script_priors import prior_lines
from ra_bayes.model.script_records import PLACES, grid_lines
from ra_bayes.model.script_text import comment, number
from ra_bayes.model.script_ties import (
    Names,
    joint_coords,
    outcome_lists,
    script_names,
    sign_of,
    tie_lines,
    tie_of,
)
from ra_bayes.model.spec import ModelSpec

__all__ = ["joint_script"]


def joint_script(model: JointModel, cohort: Cohort, outcomes: Sequence[str]) -> str:
    """Return a joint page and a cohort as a PyMC script; see :func:`ra_bayes.as_pymc_script`."""
    records = make_joint_records(model, cohort, outcomes)
    pages = tuple(_told(records, place) for place in range(len(records.pages)))
    names = script_names(pages, records)
    own = [outcome_lines(page, grid) for page, grid in zip(pages, records.grids, strict=True)]
    inside = [_inside(records, page, names, place, own[place]) for place, page in enumerate(pages)]
    tied = tie_lines(records, names)
    functions = [PLACES.strip("\n"), *dict.fromkeys(each.functions for each in own if each.functions)]
    everything = "\n".join([*functions, *(each.link for each in own), tied, *inside])
    blocks = [
        head(
            model.title,
            _and([page.outcome.label for page in pages]),
            cohort,
            [*model.about.strip().split("\n\n"), _SECTIONS],
            f"the joint page {model.name!r} and the model pages {_and([repr(page.name) for page in pages])}",
        ),
        imports(everything),
        grid_lines(records.grids[0]),
        *(f"\n{each}" for each in functions),
        *(["\n" + "\n".join(lists.values())] if (lists := outcome_lists(names)) else []),
        f"coords = {coords(everything, joint_coords(names, records))}\n"
        "with pm.Model(coords=coords) as model:\n" + textwrap.indent(tied or "pass", "    "),
        *map(_section, pages, names.all, own, inside),
        sampling(_watched(records, names, own)),
    ]
    return "\n\n".join(blocks)


_SECTIONS = (
    "Each outcome has a section with its records and its part of the model, as its own page has them; names "
    "in a section are of that section."
)


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _told(records: JointRecords, place: int) -> ModelSpec:
    """Return an outcome's page, its priors' reasons with what the joint page makes of them."""
    page, joint = records.pages[place], records.joint
    centre = joint.rate if page.binary else joint.change
    changed = ("baseline_mean",) if page.binary else effect_names(page)
    if centre.width == 1.0 and not (page.binary and centre.centre == "placebo"):
        return page
    what = f"{number(centre.width)} times as wide as the outcome's page has it"
    if page.binary and centre.centre == "placebo":
        what = f"centred on placebo, and {what}"
    said = f"Here {what}: {centre.why}"

    def reasoned(prior: Prior) -> Prior:
        if prior.parameter.name not in changed:
            return prior
        return replace(prior, why=f"{prior.why.rstrip('.')}. {said}")

    return replace(page, priors=tuple(reasoned(prior) for prior in page.priors))


def _inside(records: JointRecords, page: ModelSpec, names: Names, place: int, own: OutcomeLines) -> str:
    """Return the lines of one outcome's part of the model."""
    joint = records.joint
    related = _related(page) if joint.related and page.benefit_sign else ()
    course = re.sub(_STEP, lambda found: _related_step(found, related, page), own.course)
    median, sd = joint.placebo(page.outcome.id)
    placebo = []
    if sd:
        course = re.sub(r"\bmean_change\b", "change_beyond_placebo", course)
        course = course.replace("The population's mean change", "The mean change beyond placebo's")
        placebo = [_placebo(page, median, sd)]
    return "\n\n".join(
        [
            *_common_effects(page, related),
            *prior_lines(page, related, matrix=records.matrix),
            course,
            *placebo,
            patient_lines(page, tie_of(page, names, place, matrix=records.matrix)),
            own.observed,
        ]
    )


# A random walk's steps, as a trajectory writes them; of the difference between arms under another name.
_STEP = re.compile(rf'^({EFFECT}|)step = pm\.Normal\("\1step", 0\.0, (.*), dims="gap"\)$', flags=re.MULTILINE)


def _related(page: ModelSpec) -> tuple[str, ...]:
    """Return what of a page has a part in common with other outcomes' effects."""
    own = ["baseline_mean"] if page.binary else ["step", *_shifts(page.trajectory.parameters)]
    if page.arm is not None:
        own += [f"{EFFECT}step", *_shifts(page.arm.parameters)]
    return tuple(own)


def _shifts(parameters: Sequence[Parameter]) -> list[str]:
    return [each.name for each in parameters if each.family == "shift"]


def _common_effects(page: ModelSpec, related: Sequence[str]) -> list[str]:
    """Return the lines of what effects, and differences between arms, have in common, if anything."""
    named = [each for each in related if each in {prior.parameter.name for prior in page.priors}]
    kinds = dict.fromkeys(EFFECT if each.startswith(EFFECT) else "" for each in named)
    if not kinds:
        return []
    lines = [
        f"# What effects have in common by week {number(page.reference_week)}, as a standard normal.",
        "common_gap = np.diff(np.minimum(week, reference_week))",
        "common_weight = np.sqrt(common_gap / common_gap.sum())",
        *(
            f"{kind}common_effect = {sign_of(page)}(common_weight * {kind}common_step).sum()"
            for kind in kinds
        ),
    ]
    return ["\n".join(lines)]


def _related_step(found: re.Match[str], related: Sequence[str], page: ModelSpec) -> str:
    """Return the lines of a walk's steps, with their part in common if they have one."""
    kind, scale = found.groups()
    if f"{kind}step" not in related:
        return found[0]
    return (
        f"{kind}step_sd = {scale}\n"
        f"{kind}step = pm.Normal(\n"
        f'    "{kind}step",\n'
        f"    {sign_of(page)}{kind}step_sd * np.sqrt(relatedness) * {kind}common_step,\n"
        f"    {kind}step_sd * np.sqrt(1 - relatedness),\n"
        '    dims="gap",\n'
        ")"
    )


def _placebo(page: ModelSpec, median: float, sd: float) -> str:
    assert page.placebo is not None
    source = page.placebo.source.rstrip(".")
    return "\n".join(
        [
            comment(f"What placebo arms did, on top of which the mean changes as its prior says. {source}."),
            f'placebo_response = pm.Normal("placebo_response", mu={median!r}, sigma={sd!r})',
            "mean_change = pm.Deterministic(",
            '    "mean_change", change_beyond_placebo + placebo_response * response_shape, dims="visit"',
            ")",
        ]
    )


def _section(page: ModelSpec, name: str, own: OutcomeLines, inside: str) -> str:
    """Return one outcome's section."""
    unit = f", {page.outcome.unit}" if not page.binary else ""
    better = {-1: " Lower is better.", 1: " Higher is better.", 0: ""}[page.benefit_sign]
    line = f"# ---- {page.outcome.label}{unit}".replace("\n", " ")
    about = [comment(each) for each in [f"{page.title}.{better}", *page.about.strip().split("\n\n")]]
    blocks = [
        f"\n{line} {'-' * max(4, 96 - len(line))}\n#\n" + "\n#\n".join(about),
        own.weeks,
        *own.tables,
        *([f"\n{own.link}\n"] if own.link else []),
        own.placed,
        f'with model, pm.Model(name="{name}"):\n' + textwrap.indent(inside, "    "),
    ]
    return "\n\n".join(blocks)


def _watched(records: JointRecords, names: Names, own: Sequence[OutcomeLines]) -> list[str]:
    found = ["correlations"] if records.matrix else []
    found += ["loading"] * bool(names.responses.names) + ["baseline_loading"] * bool(names.levels.names)
    for name, lines in zip(names.all, own, strict=True):
        watched = [each for each in lines.watched if not (records.matrix and each == "correlation")]
        found += [f"{name}::{each}" for each in watched]
    return found
