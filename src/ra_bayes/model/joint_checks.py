"""What a joint fit of records cannot do, told in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ra_bayes.errors import FitError
from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_kinds import Kind
from ra_bayes.model.spec import ModelSpec

__all__ = ["check_arms", "check_outcomes", "check_related"]


def check_outcomes(joint: JointModel, outcomes: Sequence[str]) -> None:
    """Refuse fewer than two outcomes, one twice, and two that share components.

    Raises
    ------
    FitError
        If it is so.
    """
    if isinstance(outcomes, str) or len(outcomes) < 2:
        raise FitError(
            f"a joint fit needs at least two outcomes, and was given {outcomes!r}; write e.g. "
            'outcomes=("vas", "il10")'
        )
    if twice := [each for each in outcomes if list(outcomes).count(each) > 1]:
        raise FitError(f"outcome {twice[0]!r} is named twice; name each once")
    for second, (first, _) in joint.share(outcomes).items():
        raise FitError(
            f"joint model {joint.name!r} says that {second} is mostly made of {first}, whose records would "
            "count twice; leave one of the two out of outcomes"
        )


def check_arms(joint: JointModel, pages: Sequence[ModelSpec]) -> None:
    """Refuse pages of which some have two arms and others one, or that name different control arms.

    Raises
    ------
    FitError
        If it is so.
    """
    controls = {page.name: page.arm.control for page in pages if page.arm is not None}
    if controls and len(controls) < len(pages):
        one = next(page.name for page in pages if page.arm is None)
        raise FitError(
            f"joint model {joint.name!r}: page {next(iter(controls))!r} is of two arms and page {one!r} of "
            f"one; give page {one!r} a table [arm], or fit one arm by pages without"
        )
    if len({*controls.values()}) > 1:
        told = ", ".join(f"{control!r} on page {name!r}" for name, control in controls.items())
        raise FitError(
            f"joint model {joint.name!r}: pages name different control arms ({told}); name one under [arm] "
            "of them all"
        )


def check_related(joint: JointModel, kinds: Sequence[Kind], weeks: np.ndarray) -> None:
    """Refuse effects to be related by steps that are not visits'.

    Raises
    ------
    FitError
        If it is so.
    """
    known = (0, weeks.size - 1)
    if joint.related and any(kind.steps not in known or kind.effect_steps not in known for kind in kinds):
        raise FitError(
            f"joint model {joint.name!r} relates effects by the steps of a random walk, and a page has "
            'another trajectory with steps; give the page trajectory = "visits", or write correlation = 0.0 '
            "under [related]"
        )
