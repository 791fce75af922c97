"""Operating characteristics over looks with an estimated SD, by simulation of each batch's sufficient
statistics.

Every trial is also decided with the SD known, where the probability p of each end is exact (see
`recursion`). With f and g the frequencies of an end under the two analyses,

    f - b (g - p),      b = cov / var over the trials,

has the smaller variance (control variate; Hammersley and Handscomb 1964).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ra_bayes.mixtures.normal import normal
from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.roots import crossed
from ra_bayes.planning.continuous.simulated import Flags, ends
from ra_bayes.planning.continuous.unknown import State, UnknownSd, scale_of, updated
from ra_bayes.planning.continuous.unknown_predictive import future_success
from ra_bayes.planning.rule import Criterion

__all__ = ["simulated_batches"]

type Array = NDArray[np.float64]

# Values of S at which the difference that a predictive criterion needs is worked out.
_GRID = 40


def simulated_batches(
    design: UnknownSd, given: dict[str, Array], simulations: int, seed: int
) -> tuple[Array, Array, Array, Array]:
    """Return success and futility (truth, look), then their Monte Carlo errors; `given` is mirrored."""
    draws = _draws(design, simulations, seed)
    stored = [np.zeros((given["effect"].size, design.last)) for _ in range(4)]
    for t in range(given["effect"].size):
        truth = {name: float(each[t]) for name, each in given.items()}
        decided, known, exact = _trials(design, truth, draws)
        for side, criteria in enumerate((design.rule.success, design.rule.futility)):
            for k in (k for k in range(design.last) if _asked(design, criteria, k)):
                value, error = _controlled(decided[side][k], known[side][k], float(exact[side][k]))
                stored[side][t, k], stored[side + 2][t, k] = value, error
    return stored[0], stored[1], stored[2], stored[3]


def _controlled(decided: Flags, known: Flags, exact: float) -> tuple[float, float]:
    """Frequency with the known-SD decision as control variate, and its Monte Carlo error."""
    f, g = decided.mean(), known.mean()
    variance = g * (1.0 - g)
    slope = ((decided & known).mean() - f * g) / variance if variance > 0.0 else 0.0
    left = max(f * (1.0 - f) - slope**2 * variance, 0.0)
    # None in m, or none that the two analyses tell apart, is not a proof: one in m is the least error told.
    error = max(np.sqrt(left / decided.size), 1.0 / decided.size)
    return float(np.clip(f - slope * (g - exact), 0.0, 1.0)), float(error)


def _draws(design: UnknownSd, simulations: int, seed: int) -> dict[str, Array]:
    """Standardised means of each batch (look, trial), its chi2 within arms, and the effect's normal."""
    rng = np.random.default_rng(seed)
    shape = (design.last, simulations)
    return {
        "treated": rng.standard_normal(shape),
        "control": rng.standard_normal(shape),
        "within": np.stack([2.0 * rng.standard_gamma(df / 2.0, simulations) for df in _gained(design)]),
        "effect": rng.standard_normal(simulations),
    }


def _gained(design: UnknownSd) -> Array:
    """Degrees of freedom within each batch: its patients less the means that it tells of."""
    total = np.diff(design.looks, prepend=0.0)
    if design.by_arm:
        grown = np.diff(np.array([design.treated, design.control], dtype=float), prepend=0.0, axis=1)
        means = (grown > 0.0).sum(axis=0)
    else:
        means = np.ones(design.last, dtype=int)
        means[0] = design.arms
    return np.asarray(np.maximum(total - means, 0.0))


def _trials(
    design: UnknownSd, truth: dict[str, float], draws: dict[str, Array]
) -> tuple[tuple[Flags, Flags], tuple[Flags, Flags], tuple[Array, Array]]:
    """How trials end (look, trial), as designed and with the SD known; exact chances of the latter."""
    sd = truth["residual_sd"]
    effect = truth["effect"] + truth["effect_sd"] * draws["effect"]
    control = truth["control_mean"] if design.by_arm else 0.0
    state, sums = design.start(), np.zeros_like(effect)
    control_sums = np.zeros_like(effect)
    simple = _known(design, sd)
    shape = (design.last, effect.size)
    won, lost, known_won, known_lost = (np.zeros(shape, dtype=bool) for _ in range(4))
    n = np.diff(design.information, prepend=0.0)
    others = np.diff(design.others, prepend=0.0)
    for k in range(design.last):
        y = control + effect + sd / np.sqrt(max(n[k], 1e-300)) * draws["treated"][k]
        other = control + sd / np.sqrt(max(others[k], 1e-300)) * draws["control"][k]
        within = sd**2 * draws["within"][k]
        state = updated(state, n[k], y, others[k], other, within, float(design.df[k]))
        won[k], lost[k] = _decide(design, k, state)
        sums = sums + (n[k] * y if n[k] else 0.0)
        control_sums = control_sums + (others[k] * other if others[k] else 0.0)
        gap = sums / design.information[k]
        if design.by_arm:
            gap = gap - control_sums / max(design.others[k], 1.0)
        if simple is not None:
            low, high = bounds(simple, k, np.zeros(1))
            known_won[k], known_lost[k] = gap > high, gap < low
    chance = np.zeros(design.last), np.zeros(design.last)
    if simple is not None:
        effects = {"effect": np.array([design.sign * truth["effect"]])}
        exact = known_stopping(simple, effects | {"effect_sd": np.array([truth["effect_sd"]])})
        chance = exact.success[0], exact.futility[0]
    return ends(won, lost), ends(known_won, known_lost), chance


def _known(design: UnknownSd, sd: float) -> KnownSd | None:
    """The design with the SD known; priors by arm, which would make it a plane, left out.

    ``None`` where the control is its prior alone at first, so that there is no such design.
    """
    if design.control and design.control[0] == 0:
        return None
    prior = None
    if not design.control and design.mean is not None:
        prior = normal(design.mean.mean, sd / np.sqrt(design.mean.patients))
    return KnownSd(design.rule, sd, design.treated, design.control, mean=prior)


def _decide(design: UnknownSd, k: int, state: State) -> tuple[Flags, Flags]:
    """What each trial (trial) decides at a look: success, else futility."""
    location, scale = scale_of(state)
    rule, df = design.rule, float(design.df[k])
    success, futility = (_asked(design, side, k) for side in (rule.success, rule.futility))

    def held(criterion: Criterion) -> Flags:
        if criterion.basis == "predictive":
            return _ahead(design, k, state, criterion.probability)
        threshold, q = design.cut(criterion, df)
        return np.asarray(location - threshold >= q * scale)

    none = np.zeros(location.size, dtype=bool)
    won = np.logical_and.reduce([held(each) for each in success]) if success else none
    lost = np.logical_or.reduce([~held(each) for each in futility]) if futility else none
    return won, lost & ~won


def _asked(design: UnknownSd, criteria: Sequence[Criterion], k: int) -> list[Criterion]:
    return [each for each in criteria if each.at(k + 1, design.last)]


def _ahead(design: UnknownSd, k: int, state: State, probability: float) -> Flags:
    """Whether each trial's predictive probability of success is at least `probability`.

    It depends on the difference of means and on S alone and rises with the former, so that the difference
    needed is worked out on a grid of S and interpolated, in units of sqrt(S) and over log S.
    """
    gap = state.mean - state.other_mean
    root = np.sqrt(state.squares)
    at = np.geomspace(root.min(), root.max() * (1.0 + 1e-9), _GRID)
    worth = tuple(
        np.broadcast_to(each, at.shape) for each in (state.patients, state.other_patients, state.df)
    )

    def excess(needed: Array) -> Array:
        there = State(needed * at, worth[0], np.zeros(_GRID), worth[1], worth[2], at**2)
        chance = future_success(design, there, float(design.looks[k]), 1)
        return np.asarray(chance - probability)

    low, high = (gap / root).min() - 1.0, (gap / root).max() + 1.0
    needed = crossed(excess, np.full(_GRID, low), np.full(_GRID, high))
    return np.asarray(gap >= root * np.interp(np.log(root), np.log(at), needed))
