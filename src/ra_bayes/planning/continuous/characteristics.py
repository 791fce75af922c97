"""What a design with a known SD does under given truths, or on average over a normal belief of the effect."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.plane import Truths, cost, two_sums
from ra_bayes.planning.continuous.recursion import one_sum
from ra_bayes.planning.continuous.simulated import simulated_sums
from ra_bayes.planning.continuous.sizes import truth_arrays
from ra_bayes.planning.stopping import Stopping

__all__ = ["known_stopping"]

type Array = NDArray[np.float64]

# Pairs of nodes an integral may have, some seconds' worth; beyond, trials are simulated.
_MOST_PAIRS = 1e9


def known_stopping(
    design: KnownSd, truths: Mapping[str, Array], *, simulations: int = 100_000, seed: int = 0
) -> Stopping:
    """Return the probabilities of success and futility at each look.

    Exact wherever the decision needs the difference alone; with priors by arm, exact unless there are so many
    looks that the integrals would take long, then by simulation.

    Parameters
    ----------
    design
        The design.
    truths
        ``effect`` (truth), in the estimand's sign: a mean, or treated minus control. Beside it, if wanted,
        ``effect_sd`` (the effect is drawn from Normal(effect, effect_sd^2): assurance), ``residual_sd`` (true
        SD of a patient's number, the design's own if not given) and ``control_mean`` (matters with priors by
        arm; what the prior of the control expects if not given). Others are not looked at.
    simulations, seed
        For what is simulated.

    Returns
    -------
    Stopping
        Of each truth and look.

    Examples
    --------
    The z test at the 5% level (one-sided) with 25 patients has power 0.80 at half an SD:

    >>> from ra_bayes.planning.rule import Criterion, Rule
    >>> design = KnownSd(Rule((Criterion("mean change", "above", 0, 0.95),)), 1.0, (25,))
    >>> known_stopping(design, {"effect": np.array([0.0, 0.5])}).p_success.round(4)
    array([0.05  , 0.8038])
    """
    asked = {"effect_sd": 0.0, "residual_sd": design.sd, "control_mean": design.expected_control}
    given = truth_arrays(truths, asked)
    success = np.zeros((given["effect"].size, design.last))
    futility, drawn = np.zeros_like(success), np.zeros(given["effect"].size, dtype=bool)
    if not design.by_arm:
        ends = [bounds(design, k, np.zeros(1)) for k in range(design.last)]
        low, high = (np.array([pair[side][0] for pair in ends]) for side in (0, 1))
    for sd in np.unique(given["residual_sd"]):
        rows = given["residual_sd"] == sd
        effect, spread = design.sign * given["effect"][rows], given["effect_sd"][rows]
        if design.by_arm:
            same = Truths(effect, spread, design.sign * given["control_mean"][rows], float(sd))
            long = cost(design, same) > _MOST_PAIRS
            drawn[rows] = long
            found = simulated_sums(design, same, simulations, seed) if long else two_sums(design, same)
        else:
            found = one_sum(design.information, float(sd), low, high, effect, spread)
        success[rows], futility[rows] = (np.clip(each, 0.0, 1.0) for each in found)
    error = [np.where(drawn[:, None], np.sqrt(p * (1.0 - p) / simulations), 0.0) for p in (success, futility)]
    engine = "exact: integration over the arms' sums, SD known"
    if drawn.any():
        engine = f"{simulations:,} simulated trials, SD known"
    return Stopping(design.looks, success, futility, error[0], error[1], engine)
