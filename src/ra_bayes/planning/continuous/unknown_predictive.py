"""The chance, with the data so far, that a design with an estimated SD ends in success at its full size.

What is known so far is the prior of the patients to come. Their squares within arms over the known S' are a
ratio of chi2s; given them the control's mean is t, and given both the treated mean is t, with one degree of
freedom more each. The two former are integrated by Gauss-Legendre, the last is exact (see `regions`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.chi_rules import ratio_rule, t_rule
from ra_bayes.planning.continuous.regions import Rest, chances
from ra_bayes.planning.continuous.unknown import State, UnknownSd, scale_of, state_of
from ra_bayes.planning.rule import Criterion

__all__ = ["future_success", "unknown_posterior_probability", "unknown_predictive_probability"]

type Array = NDArray[np.float64]

# Of a patient: what rounding leaves of nobody.
_NONE = 1e-9
_FEW = 6.0


def unknown_posterior_probability(
    design: UnknownSd,
    criterion: Criterion,
    treated: tuple[int, float, float],
    control: tuple[int, float, float] | None = None,
) -> float:
    """Return the probability that the effect is beyond a criterion's threshold, given the data.

    Parameters
    ----------
    design
        The design, for its priors.
    criterion
        The threshold and the side.
    treated, control
        Patients with an outcome, their mean and their SD, by arm.

    Examples
    --------
    Without any prior it is one less the one-sided p value of the t test:

    >>> from ra_bayes.planning.rule import Rule
    >>> design = UnknownSd(Rule((Criterion("mean change", "below", 0, 0.95),)), (9,))
    >>> round(unknown_posterior_probability(design, design.rule.success[0], (9, -10.0, 20.0)), 4)
    0.914
    """
    location, scale = scale_of(state := state_of(design, treated, control))
    return float(special.stdtr(state.df, (location - design.sign * criterion.threshold) / scale))


def unknown_predictive_probability(
    design: UnknownSd, treated: tuple[int, float, float], control: tuple[int, float, float] | None = None
) -> float:
    """Return the predictive probability of success at the final analysis; interim looks in between not taken.

    Parameters
    ----------
    design
        The design.
    treated, control
        Patients with an outcome so far, their mean and their SD, by arm.

    Raises
    ------
    RaBayesError
        If there are more patients than the design has, or too few to know the SD.

    Examples
    --------
    >>> from ra_bayes.planning.rule import Rule
    >>> design = UnknownSd(Rule((Criterion("mean change", "above", 0, 0.975),)), (20,))
    >>> round(unknown_predictive_probability(design, (10, 5.0, 10.0)), 3)
    0.56
    """
    for arm, so_far, size in (("treated", treated, design.treated), ("control", control, design.control)):
        if so_far is not None and size and not 0 <= so_far[0] <= size[-1]:
            raise RaBayesError(
                f"{so_far[0]} {arm} patients so far, {size[-1]} in the design; correct the count "
                "or the design"
            )
    state = state_of(design, treated, control)
    done = float(treated[0] + (control[0] if control else 0))
    # One axis is cheap; few degrees of freedom have long tails.
    count = 2 if not design.by_arm or state.df < _FEW else 1
    return float(future_success(design, State(*(each[None] for each in state)), done, count)[0])


def future_success(design: UnknownSd, state: State, done: float, count: int) -> Array:
    """Return the chance of success at the final analysis from each state (trial), `done` patients being in.

    `count` pieces of Gauss-Legendre rules on each axis.
    """
    last, start = design.last, design.start()
    df, total = float(design.df[-1]), float(design.looks[-1])
    asked = [each for each in design.rule.success if each.basis == "posterior" and each.at(last, last)]
    cuts = [design.cut(each, df) for each in asked]
    n = float(start.patients) + float(design.information[-1]) - float(state.patients.flat[0])
    others = 0.0
    if design.by_arm:
        others = float(start.other_patients + design.others[-1]) - float(state.other_patients.flat[0])
    if n <= _NONE < others:
        # Only controls are to come: less their mean is what is added to, and the treated are what is left.
        swapped = -state.other_mean, state.other_patients, -state.mean, state.patients
        state, n, others = State(*swapped, state.df, state.squares), others, 0.0
    worth, other_worth, known = (
        float(each.flat[0]) for each in (state.patients, state.other_patients, state.df)
    )
    comes, control_comes = n > _NONE, others > _NONE

    gained = max(total - done - comes - control_comes, 0.0)
    ratio, weight = ratio_rule(gained, known, count)
    known += gained
    squares = state.squares[:, None, None] * (1.0 + ratio[:, None])
    other, along = state.other_mean[:, None, None], np.ones(1)
    if control_comes:
        node, along = t_rule(known, count)
        wide = 1.0 / other_worth + 1.0 / others
        shift = np.sqrt(squares / known * wide) * node
        other = other + others / (other_worth + others) * shift
        squares, known = squares + shift**2 / wide, known + 1.0
    chance = (weight[:, None] * along).ravel()
    flat = (state.mean.size, chance.size)
    other, squares = (np.broadcast_to(each, squares.shape).reshape(flat) for each in (other, squares))

    spread = (1.0 / (worth + n) + 1.0 / (other_worth + others)) / df
    mean = np.broadcast_to(state.mean[:, None], flat)
    if not comes:
        scale = np.sqrt(squares * spread)
        held = [mean - other - threshold >= q * scale for threshold, q in cuts]
        return np.asarray(np.all(held, axis=0) @ chance)
    rest = Rest(mean, np.asarray(worth), n, other, squares, np.asarray(spread))
    sd = np.sqrt(squares / known * (1.0 / worth + 1.0 / n))
    success, _ = chances(rest, cuts, (), mean, sd, lambda t: special.stdtr(known, t))
    return np.asarray(success @ chance)
