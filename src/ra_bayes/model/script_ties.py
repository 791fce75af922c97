"""What ties the outcomes of a patient (:mod:`~ra_bayes.model.joint_ties`), as lines of a PyMC script.

Loadings of one factor are a vector over the outcomes that it ties; of a matrix of correlations the scores are
one, levels first, then changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ra_bayes.model.joint_structure import JointRecords
from ra_bayes.model.priors import Prior
from ra_bayes.model.script_patients import ALONE, Tie
from ra_bayes.model.script_priors import own_response
from ra_bayes.model.script_text import comment, listed, number
from ra_bayes.model.spec import ModelSpec

__all__ = ["Names", "joint_coords", "outcome_lists", "script_names", "sign_of", "tie_lines", "tie_of"]


class _Tied(NamedTuple):
    """Outcomes that a factor ties, by their names in the script, and the dim that its loadings have there."""

    names: tuple[str, ...]
    dim: str
    list: str


class Names(NamedTuple):
    """What outcomes are called in the script: all of them, and those whose responses and levels are tied."""

    all: tuple[str, ...]
    responses: _Tied
    levels: _Tied


def script_names(pages: Sequence[ModelSpec], records: JointRecords) -> Names:
    """Return what the outcomes are called, as names of Python, and which of them factors tie."""
    names: list[str] = []
    for page in pages:
        name = re.sub(r"\W", "_", page.outcome.id, flags=re.ASCII)
        names.append(name if name not in names else f"{name}_{len(names)}")
    joint = records.joint
    of = [(name, page) for name, page in zip(names, pages, strict=True) if page.benefit_sign]
    responses, levels = (
        [name for name, page in of if page.binary or own_response(page)],
        [name for name, page in of if not page.binary],
    )
    return Names(
        tuple(names),
        _listed(names, responses if joint.loading and not records.matrix else [], "responding"),
        _listed(names, levels if joint.baseline_loading and not records.matrix else [], "starting"),
    )


def _listed(names: Sequence[str], tied: Sequence[str], otherwise: str) -> _Tied:
    everything = list(tied) == list(names)
    return _Tied(tuple(tied), "outcome" if everything else otherwise, "outcomes" if everything else otherwise)


_LISTS = {
    "outcomes": "",
    "responding": "  # outcomes whose changes are tied",
    "starting": "  # outcomes whose levels are tied",
}


def outcome_lists(names: Names) -> dict[str, str]:
    """Return the lists of outcomes that dims name, as lines by dim."""
    return {
        each.dim: f"{each.list} = [{', '.join(f'"{name}"' for name in each.names)}]{_LISTS[each.list]}"
        for each in (names.responses, names.levels)
        if each.names
    }


def joint_coords(names: Names, records: JointRecords) -> list[str]:
    """Return the coordinates of the lists, or of a matrix's scores, as they stand in a dictionary."""
    if records.matrix:
        scores = [f'"{name} {what}"' for what in ("level", "change") for name in names.all]
        return [f'"{dim}": [\n{listed(scores, "    ")}\n]' for dim in ("score", "other")]
    return [
        f'"{each.dim}": {each.list}' for each in dict.fromkeys((names.responses, names.levels)) if each.names
    ]


def tie_lines(records: JointRecords, names: Names) -> str:
    """Return the lines of what ties the outcomes of a patient, and effects if they are related."""
    joint = records.joint
    blocks = []
    if joint.patients is not None:
        said = (
            "Correlations of a patient's levels and changes in all outcomes: LKJ, by the Cholesky factor of "
            f"their matrix. {_sentence(joint.patients.why)}"
        )
        if not all(map(own_response, records.pages)):
            said += " Of an outcome without a change of its own that score is not used."
        size, concentration = 2 * len(names.all), number(joint.patients.numbers[0])
        blocks.append(f"{comment(said)}\n" + _MATRIX.format(size=size, concentration=concentration))
    if names.responses.names and joint.loading is not None:
        blocks.append(_loading(joint.loading, "loading", names.responses.dim, "responder_factor"))
    if names.levels.names and joint.baseline_loading is not None:
        blocks.append(
            _loading(joint.baseline_loading, "baseline_loading", names.levels.dim, "baseline_factor")
        )
    if joint.related:
        said = (
            "What the treatment's effects on all outcomes have in common, towards benefit, by visit: this "
            f"share of their variance. {_sentence(joint.related_why)}"
        )
        blocks.append(
            f"{comment(said)}\nrelatedness = {number(joint.related)}\n"
            'common_step = pm.Normal("common_step", 0.0, 1.0, dims="gap")'
        )
        if records.pages[0].arm is not None:
            blocks.append(
                "# The same of the differences between the arms.\n"
                'effect_common_step = pm.Normal("effect_common_step", 0.0, 1.0, dims="gap")'
            )
    return "\n\n".join(blocks)


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:].rstrip('.')}."


_MATRIX = """factor = pm.LKJCorr("factor", n={size}, eta={concentration})
pm.Deterministic("correlations", factor @ factor.T, dims=("score", "other"))
# Standard normal scores of levels and changes, tied by it.
scores = pm.MvNormal("scores", np.zeros({size}), chol=factor, dims=("patient", "score"))"""


def _loading(prior: Prior, name: str, dim: str, factor: str) -> str:
    middle, sd = (repr(float(each)) for each in prior.numbers)
    return "\n".join(
        [
            comment(f"{_FACTORS[name]}. {_sentence(prior.why)} Its probit is Normal."),
            f'{name}_probit = pm.Normal("{name}_probit", mu={middle}, sigma={sd}, dims="{dim}")',
            f'{name} = pm.Deterministic("{name}", pm.math.invprobit({name}_probit), dims="{dim}")',
            f'{factor} = pm.Normal("{factor}", 0.0, 1.0, dims="patient")',
        ]
    )


_FACTORS = {
    "loading": "Changes: a patient who does better than the mean in one outcome does so in the others, as "
    "far as the outcome's loading on this factor says, 0 to 1",
    "baseline_loading": "Levels: a patient who starts better than the mean in one outcome does so in the "
    "others, as far as the outcome's loading on this factor says, 0 to 1",
}


def tie_of(page: ModelSpec, names: Names, place: int, *, matrix: bool) -> Tie:
    """Return what ties one outcome's patients to the others."""
    if matrix:
        count = len(names.all)
        return Tie(score_of_level=f"scores[:, {place}]", score_of_response=f"scores[:, {count + place}]")
    name = names.all[place]
    response, level = (
        f'{sign_of(page)}{loading}[{tied.list}.index("{name}")]' if name in tied.names else ""
        for loading, tied in (("loading", names.responses), ("baseline_loading", names.levels))
    )
    if page.binary:
        return Tie(level=response, factor_of_level="responder_factor") if response else ALONE
    return Tie(level, response)


def sign_of(page: ModelSpec) -> str:
    """Return the sign that turns better into the outcome's own direction."""
    return "-" if page.benefit_sign < 0 else ""
