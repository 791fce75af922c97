"""What a design of one number a patient must have before anything can be computed of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.rule import Rule

__all__ = ["check_rule", "check_sizes", "direction", "truth_arrays"]

type Array = NDArray[np.float64]


def check_sizes(treated: Sequence[int], control: Sequence[int]) -> None:
    """Refuse looks that no trial could have: patients are whole, never leave, and each look adds some."""
    if not treated:
        raise RaBayesError("a design has no look; give the patients with an outcome at each look")
    if control and len(control) != len(treated):
        raise RaBayesError(
            f"the treated arm has {len(treated)} looks, the control arm {len(control)}; give both the same"
        )
    for arm, sizes in (("treated", treated), ("control", control)):
        if any(int(n) != n or n < 0 for n in sizes):
            raise RaBayesError(f"the {arm} arm cannot have {list(sizes)} patients; give whole numbers")
        if list(sizes) != sorted(sizes):
            raise RaBayesError(f"the {arm} arm has {list(sizes)} patients; later looks cannot have fewer")
    if treated[0] < 1:
        raise RaBayesError("the first look has no treated patient; let it wait for at least one")
    totals = [sum(pair) for pair in zip(treated, control, strict=True)] if control else list(treated)
    if any(b <= a for a, b in pairwise(totals)):
        raise RaBayesError(f"looks at {totals} patients; each look needs more than the one before")


def check_rule(rule: Rule, looks: int) -> None:
    """Refuse a rule that points both ways, asks at looks that are not there, or can never succeed."""
    sides = {each.direction for each in (*rule.success, *rule.futility) if each.basis == "posterior"}
    if len(sides) > 1:
        raise RaBayesError(
            "the criteria point both ways, above and below; write all of them for the side of benefit "
            "(Pr(effect < 3) >= 0.9 is futility below 0.1 of Pr(effect > 3))"
        )
    for each in (*rule.success, *rule.futility):
        if isinstance(each.looks, tuple) and max(each.looks) > looks:
            raise RaBayesError(
                f"a criterion is asked at look {max(each.looks)} of a design with {looks}; "
                "take the look out or add it to the design"
            )
        if each.basis == "posterior" and not math.isfinite(each.threshold):
            raise RaBayesError(f"a criterion has the threshold {each.threshold}; write a finite number")
    if not any(each.basis == "posterior" and each.at(looks, looks) for each in rule.success):
        raise RaBayesError(
            "the rule has no posterior criterion of success at the final analysis; write one with "
            'looks = "final" or "all"'
        )


def direction(rule: Rule) -> float:
    """Return 1 where benefit is above the thresholds, -1 where it is below."""
    first = next(each for each in rule.success if each.basis == "posterior")
    return 1.0 if first.direction == "above" else -1.0


def truth_arrays(truths: Mapping[str, Array], defaults: Mapping[str, float | None]) -> dict[str, Array]:
    """Return `effect` and the truths named in `defaults` as arrays of one length; others are not looked at.

    A default of ``None`` asks for the truth to be given.

    Raises
    ------
    RaBayesError
        If there is no effect, or a number that no truth can be.
    """
    for name, default in (("effect", None), *defaults.items()):
        if default is None and name not in truths:
            raise RaBayesError(f"the truths are {sorted(truths)} and have no {name}; give one for each truth")
    names = ("effect", *defaults)
    arrays = [np.atleast_1d(np.asarray(truths.get(name, defaults.get(name)), dtype=float)) for name in names]
    try:
        full = dict(zip(names, np.broadcast_arrays(*arrays), strict=True))
    except ValueError:
        shapes = ", ".join(f"{name} {each.size}" for name, each in zip(names, arrays, strict=True))
        raise RaBayesError(
            f"the truths differ in length ({shapes}); give one of each for every truth"
        ) from None
    for name, each in full.items():
        if not np.all(np.isfinite(each)):
            raise RaBayesError(f"a true {name} is not a finite number; take it out")
        if name == "residual_sd" and not np.all(each > 0.0):
            raise RaBayesError("a true residual_sd is not above 0; give the SD of a patient's change")
        if name == "effect_sd" and np.any(each < 0.0):
            raise RaBayesError("an effect_sd is below 0; give 0 for an effect that is known")
    return full
