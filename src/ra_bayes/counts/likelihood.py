"""Probability of the published counts given the parameters, whichever patients they were.

Given the parameters and patient i's responder factor f_i, outcomes are independent (but for shared
components) and every event is an orthant of normal contrasts,

    y_t = A + F(t) + b r(t) + e_t,   A = baseline_mean + baseline_sd z,
    b = response_sd (rho z + sqrt(1 - rho^2) v),   v = s loading f + sqrt(1 - loading^2) w,

with z, w, e_t independent, e_t ~ N(0, residual_sd^2), z, w ~ N(0, 1). Facts that share patients or outcomes
form a block; the probabilities of a block's patterns (which of its events a patient shows) follow from those
of all events of a subset by inclusion and exclusion,

    Pr(exactly S) = sum_{T >= S} (-1)^{|T - S|} Pr(all of T),

and the counts' probability from :mod:`~ra_bayes.counts.assignments`. Blocks are independent given the
factors.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ra_bayes.counts.assignments import Tally, probability, tally
from ra_bayes.counts.dependence import independent
from ra_bayes.counts.events import Contrast, Event
from ra_bayes.counts.layout import Draws, Layout
from ra_bayes.counts.orthant import MOST_CONTRASTS, all_positive
from ra_bayes.errors import RaBayesError
from ra_bayes.model.namespace import NUMPY, Namespace
from ra_bayes.published import Arm

__all__ = ["Block", "chance_of_all", "log_likelihood", "make_blocks"]

type Subset = frozenset[int]

_MOST_EVENTS = 8

# Draws of the prior in which a pattern is looked for, and the chance below which it is nobody's.
_TRIED = 64
_NOBODY = 1e-12


@dataclass(frozen=True, eq=False)
class Block:
    """Facts of one arm that have to be counted together.

    Parameters
    ----------
    arm
        The arm.
    events
        The facts, read.
    patterns
        Sets of events that a patient may show, as indices; those counted alike are together.
    counted
        For each entry of `patterns`, in which counts such a patient is (0 or 1, by event).
    steps
        How patients add up to the published counts.
    """

    arm: Arm
    events: tuple[Event, ...]
    patterns: tuple[tuple[Subset, ...], ...]
    counted: tuple[tuple[int, ...], ...]
    steps: Tally

    def pattern_of(self, shown: np.ndarray) -> np.ndarray:
        """Return which pattern each patient has, -1 where it is none the facts allow.

        Parameters
        ----------
        shown
            Whether the patient shows the event, shape (..., event).
        """
        code = shown @ (1 << np.arange(len(self.events)))
        out = np.full(code.shape, -1)
        for index, subsets in enumerate(self.patterns):
            for subset in subsets:
                out[code == sum(1 << each for each in subset)] = index
        return out


def make_blocks(events: Sequence[Event], layout: Layout) -> tuple[Block, ...]:
    """Put facts that share patients or outcomes into blocks.

    Raises
    ------
    RaBayesError
        If a block has too many facts or weeks, or no assignment of patients agrees with its counts.
    """
    share = layout.joint.share(layout.pages)
    blocks = []
    for arm in layout.arms:
        rest = [event for event in events if event.fact.arm == arm.id]
        while rest:
            group = [rest.pop(0)]
            while joined := [event for event in rest if any(_linked(event, one, share) for one in group)]:
                group += joined
                rest = [event for event in rest if event not in joined]
            blocks.append(_block(arm, tuple(group), layout))
    return tuple(blocks)


def _linked(one: Event, other: Event, share: Mapping[str, tuple[str, float]]) -> bool:
    facts = {one.fact.id: one.fact, other.fact.id: other.fact}
    if any(fact.among in facts or fact.same_patients_as in facts for fact in facts.values()):
        return True
    outcomes = [
        {share.get(outcome, (outcome,))[0] for outcome in event.fact.outcomes} for event in (one, other)
    ]
    return not outcomes[0].isdisjoint(outcomes[1])


def _block(arm: Arm, events: tuple[Event, ...], layout: Layout) -> Block:
    names = [event.fact.id for event in events]
    if len(events) > _MOST_EVENTS:
        raise RaBayesError(
            f"facts {', '.join(names)}: {len(names)} facts about the same outcomes or patients are more than "
            f"the {_MOST_EVENTS} that can be counted together; leave some out"
        )
    alike: dict[tuple[int, ...], list[Subset]] = {}
    for size in range(len(events) + 1):
        for chosen in itertools.combinations(range(len(events)), size):
            shown = frozenset(chosen)
            counted = tuple(int(_counts(i, shown, events, names)) for i in range(len(events)))
            if not any(
                event.fact.same_patients_as in names
                and counted[i] != counted[names.index(event.fact.same_patients_as)]
                for i, event in enumerate(events)
            ):
                alike.setdefault(counted, []).append(shown)
    steps = tally([event.fact.r for event in events], list(alike), arm.n)
    block = Block(arm, events, tuple(map(tuple, alike.values())), tuple(alike), steps)
    if not float(probability(_possible(layout, block), steps)) > 0.0:
        told = ", ".join(f"{event.fact.id} {event.fact.r} of {event.fact.n}" for event in events)
        raise RaBayesError(
            f"facts {told}: no {arm.n} patients can have these counts together; correct one of them"
        )
    return block


def _possible(layout: Layout, block: Block) -> list[np.ndarray]:
    """Return chances of the patterns that are 0 where no patient can have it, whatever the parameters.

    On a continuous scale nobody is unchanged: who is not better is worse.
    """
    rng, shape = np.random.default_rng(0), layout.concentrations
    unit = rng.beta(shape, shape, (_TRIED, shape.size))
    draws = layout.expand(rng.normal(size=(_TRIED, layout.size)), unit, NUMPY)
    chances = _pattern_chances(layout, block, draws, draws.factor.get(block.arm.id), NUMPY)
    return [np.full(1, float(chance.max() > _NOBODY) / len(chances)) for chance in chances]


def _counts(i: int, shown: Subset, events: tuple[Event, ...], names: list[str]) -> bool:
    """Say whether a patient with these events is in the count of event i: also in the one it is among."""
    parent = events[i].fact.among
    return i in shown and (parent not in names or _counts(names.index(parent), shown, events, names))


def log_likelihood(layout: Layout, blocks: Sequence[Block], draws: Draws, ns: Namespace) -> Any:
    """Return the log probability of all counts.

    Parameters
    ----------
    layout
        The joint model's layout.
    blocks
        From :func:`make_blocks`.
    draws
        Parameters, any leading dimensions.
    ns
        NumPy's or PyTensor's functions.
    """
    total: Any = 0.0
    for block in blocks:
        factor = draws.factor.get(block.arm.id)
        chances = _pattern_chances(layout, block, draws, factor, ns)
        made = probability(chances, block.steps)
        total = total + ns.log(ns.where(made > 1e-300, made, 1e-300))
    return total


def _pattern_chances(layout: Layout, block: Block, draws: Draws, factor: Any, ns: Namespace) -> list[Any]:
    """Return for each of a block's patterns the patients' probability of it, shape (..., patient).

    Parameters
    ----------
    layout, block, draws, ns
        As in :func:`log_likelihood`.
    factor
        Responder factors (..., patient), or ``None`` if outcomes are not tied: then (..., 1).
    """
    every = [frozenset(each) for k in range(len(block.events) + 1) for each in _subsets(len(block.events), k)]
    known: dict[frozenset[Contrast], Any] = {}

    def all_of(subset: Subset) -> Any:
        # Facts that imply others ask for no more: sustained to week 24 is also improved at week 24.
        events = [block.events[each] for each in sorted(subset)]
        asked = frozenset(contrast for event in events for contrast in event.contrasts)
        if asked not in known:
            known[asked] = chance_of_all(layout, block.arm.id, events, draws, factor, ns)
        return known[asked]

    made = []
    for subsets in block.patterns:
        sign = {over: sum((-1) ** len(over - shown) for shown in subsets if shown <= over) for over in every}
        chance = sum(times * all_of(over) for over, times in sign.items() if times)
        made.append(ns.where(chance > 1e-14, chance, 1e-14))
    return made


def _subsets(count: int, size: int) -> itertools.combinations[tuple[int, ...]]:
    return itertools.combinations(range(count), size)


def chance_of_all(
    layout: Layout, arm: str, events: Sequence[Event], draws: Draws, factor: Any, ns: Namespace
) -> Any:
    """Return the probability that a patient shows all of the events, shape (..., patient).

    Parameters
    ----------
    layout, draws, factor, ns
        As in :func:`_pattern_chances`.
    arm
        The patient's arm.
    events
        The events; none has probability 1.
    """
    values = draws.values[arm, next(iter(layout.pages))]
    chance: Any = 0.0 * values["baseline_mean"][..., None] + (0.0 if factor is None else 0.0 * factor)
    for sign, contrasts in independent(contrast for event in events for contrast in event.contrasts):
        chance = chance + sign * _chance(layout, arm, contrasts, draws, factor, ns)
    return chance


def _chance(
    layout: Layout, arm: str, contrasts: Sequence[Contrast], draws: Draws, factor: Any, ns: Namespace
) -> Any:
    """Return the probability that independent contrasts are all positive, shape (..., patient)."""
    share = layout.joint.share(layout.pages)
    groups: dict[str, list[Contrast]] = {}
    for contrast in contrasts:
        groups.setdefault(share.get(contrast.outcome, (contrast.outcome,))[0], []).append(contrast)
    chance: Any = 1.0
    for group in groups.values():
        if len(group) > MOST_CONTRASTS:
            raise RaBayesError(
                f"facts about {group[0].outcome}: {len(group)} visits and outcomes at once are more than the "
                f"{MOST_CONTRASTS} that can be integrated over; give fewer weeks"
            )
        chance = chance * _orthant(layout, arm, group, draws, factor, ns)
    return chance


def _orthant(
    layout: Layout, arm: str, group: list[Contrast], draws: Draws, factor: Any, ns: Namespace
) -> Any:
    parts = [_contrast(layout, arm, contrast, draws) for contrast in group]
    mean = [
        part.mean[..., None] if factor is None else part.mean[..., None] + part.on_factor[..., None] * factor
        for part in parts
    ]
    share = layout.joint.share(layout.pages)
    covariance = [
        [
            _covariance(parts[j], parts[k], _together(group[j], group[k], share))[..., None]
            for k in range(j + 1)
        ]
        for j in range(len(group))
    ]
    return all_positive(mean, covariance, ns)


@dataclass(frozen=True, eq=False)
class _Part:
    """A contrast's mean, its slope on the responder factor, and its loadings on independent scores."""

    mean: Any
    on_factor: Any
    loads: dict[object, Any]


def _contrast(layout: Layout, arm: str, contrast: Contrast, draws: Draws) -> _Part:
    page, values = layout.pages[contrast.outcome], draws.values[arm, contrast.outcome]
    at = int(np.flatnonzero(layout.weeks == contrast.week)[0])
    now, start = contrast.now, contrast.start
    shape = now * values["response_shape"][..., at] + start * values["response_shape"][..., 0]
    mean = (
        (now + start) * values["baseline_mean"]
        + now * values["mean_change"][..., at]
        + start * values["mean_change"][..., 0]
        - contrast.threshold
    )
    rho, response = values["correlation"], values["response_sd"] * shape
    loads: dict[object, Any] = {
        "z": (now + start) * values["baseline_sd"] + rho * response,
        "w": (1.0 - rho**2) ** 0.5 * response,
        contrast.week: now * values["residual_sd"],
        0.0: start * values["residual_sd"],
    }
    if draws.loading is None or not page.benefit_sign:
        return _Part(mean, 0.0 * mean, loads)
    tied = "z" if page.binary else "w"
    on_factor = page.benefit_sign * draws.loading * loads[tied]
    return _Part(mean, on_factor, loads | {tied: (1.0 - draws.loading**2) ** 0.5 * loads[tied]})


def _covariance(one: _Part, other: _Part, together: float) -> Any:
    return together * sum(
        load * other.loads[score] for score, load in one.loads.items() if score in other.loads
    )


def _together(one: Contrast, other: Contrast, share: Mapping[str, tuple[str, float]]) -> float:
    """Return the correlation of the scores of two outcomes: 1 within an outcome."""
    if one.outcome == other.outcome:
        return 1.0
    pair = (one, other) if other.outcome in share else (other, one)
    return share[pair[1].outcome][1]
