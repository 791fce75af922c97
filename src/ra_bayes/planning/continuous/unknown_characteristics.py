"""What a design with an estimated SD does under given truths.

One look is exact: the squares within arms are sd^2 chi2 and the control's mean is normal, both integrated
by Gauss-Legendre; the treated mean is exact (see `regions`). More looks are simulated (see
`unknown_simulated`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.continuous.chi_rules import chi2_rule
from ra_bayes.planning.continuous.regions import Rest, chances
from ra_bayes.planning.continuous.rules import rule
from ra_bayes.planning.continuous.sizes import truth_arrays
from ra_bayes.planning.continuous.unknown import UnknownSd, updated
from ra_bayes.planning.continuous.unknown_simulated import simulated_batches
from ra_bayes.planning.rule import Criterion
from ra_bayes.planning.stopping import Stopping

__all__ = ["unknown_stopping"]

type Array = NDArray[np.float64]

_PIECES = 4


def unknown_stopping(
    design: UnknownSd, truths: Mapping[str, Array], *, simulations: int = 100_000, seed: int = 0
) -> Stopping:
    """Return the probabilities of success and futility at each look.

    Parameters
    ----------
    design
        The design.
    truths
        ``effect`` and ``residual_sd`` (SD of one patient's number), of each truth, in the outcome's unit; if
        wanted ``effect_sd`` (the effect is drawn from Normal(effect, effect_sd^2)) and ``control_mean``
        (matters with priors by arm; what the prior of the control expects if not given). Others are ignored.
    simulations, seed
        For designs of more than one look.

    Returns
    -------
    Stopping
        Of each truth and look.

    Examples
    --------
    The t test at the 5% level (one-sided) with 27 patients has power 0.81 at half an SD:

    >>> from ra_bayes.planning.rule import Rule
    >>> design = UnknownSd(Rule((Criterion("mean change", "above", 0, 0.95),)), (27,))
    >>> truths = {"effect": np.array([0.0, 0.5]), "residual_sd": np.ones(2)}
    >>> unknown_stopping(design, truths).p_success.round(4)
    array([0.05  , 0.8118])
    """
    asked = {"residual_sd": None, "effect_sd": 0.0, "control_mean": design.expected_control}
    given = truth_arrays(truths, asked)
    given["effect"] = design.sign * given["effect"]
    given["control_mean"] = design.sign * given["control_mean"]
    success, futility, *errors = (np.zeros((given["effect"].size, design.last)) for _ in range(4))
    engine = "exact: quadrature, SD estimated"
    if design.last > 1:
        success, futility, *errors = simulated_batches(design, given, simulations, seed)
        engine = f"{simulations:,} simulated trials, SD estimated, known-SD decisions as control variate"
    if design.last == 1 or not _predictive(design, 1):
        success[:, 0], futility[:, 0] = _first_look(design, given)
        for error in errors:
            error[:, 0] = 0.0
    return Stopping(design.looks, success, futility, errors[0], errors[1], engine)


def _first_look(design: UnknownSd, given: dict[str, Array]) -> tuple[Array, Array]:
    sd, effect = given["residual_sd"][:, None, None], given["effect"][:, None, None]
    start, n, others = design.start(), float(design.information[0]), float(design.others[0])
    control = given["control_mean"][:, None, None] if design.by_arm else np.zeros((1, 1, 1))
    total = float(design.looks[0])
    informed = 1.0 if not design.control else float(design.treated[0] > 0) + float(design.control[0] > 0)
    within_df = total - informed
    # With few degrees of freedom the t cut-off is steep in the root of the squares.
    node, weight = chi2_rule(within_df, max(_PIECES, int(24.0 / max(within_df, 1.0))))
    within = sd**2 * node[:, None]
    z, along = _normal_rule() if others else (np.zeros(1), np.ones(1))
    known = updated(start, 0.0, start.mean, others, control + sd / np.sqrt(max(others, 1.0)) * z, within, 1.0)
    df, whole = float(design.df[0]), float(start.patients) + n
    spread = (1.0 / whole + 1.0 / known.other_patients) / df
    rest = Rest(start.mean, start.patients, n, known.other_mean, known.squares, np.asarray(spread))
    width = np.sqrt(sd**2 / n + given["effect_sd"][:, None, None] ** 2)
    shape = np.broadcast_shapes(known.squares.shape, known.other_mean.shape, width.shape)
    center, width = (np.broadcast_to(each, shape) for each in (control + effect, width))
    asked = _posterior(design, 1)
    if not any(asked):
        return np.zeros(len(effect)), np.zeros(len(effect))
    success, futility = ([design.cut(each, df) for each in side] for side in asked)
    chance = weight[:, None] * along
    won, lost = (
        np.asarray((each * chance).sum(axis=(1, 2)))
        for each in chances(rest, success, futility, center, width, special.ndtr)
    )
    # At the only look the predictive probability is 1 after a success and 0 otherwise.
    sure = any(each.basis == "predictive" and each.at(1, design.last) for each in design.rule.futility)
    return won, 1.0 - won if sure else lost


def _predictive(design: UnknownSd, look: int) -> bool:
    """Whether a look asks for a predictive probability."""
    asked = (each for side in (design.rule.success, design.rule.futility) for each in side)
    return any(each.basis == "predictive" and each.at(look, design.last) for each in asked)


def _posterior(design: UnknownSd, look: int) -> tuple[list[Criterion], list[Criterion]]:
    """The posterior criteria of success and of futility of a look, numbered from 1."""
    success, futility = (
        [each for each in side if each.basis == "posterior" and each.at(look, design.last)]
        for side in (design.rule.success, design.rule.futility)
    )
    return success, futility


def _normal_rule() -> tuple[Array, Array]:
    z, weight = rule(np.asarray(-8.0), np.asarray(8.0), _PIECES)
    weight = weight * np.exp(-0.5 * z**2)
    return z, weight / weight.sum()
