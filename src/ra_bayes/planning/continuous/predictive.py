"""The chance, with the data so far, that a design with a known SD ends in success at its full size.

Given the n patients so far with mean y, each part of the posterior, Normal(m_i, v_i), predicts the mean
over all N patients, r = N - n of them to come:

    Normal( (n y + r m_i) / N,   (r / N)^2 (v_i + sd^2 / r) ).

The trial ends in success above the critical mean of the final analysis, which in a design with priors by
arm is a curve over the control's final mean; that mean has its own mixture of predictive normals, and is
integrated out by the trapezoidal rule.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.belief import Belief
from ra_bayes.planning.continuous.critical import crossing
from ra_bayes.planning.continuous.known import KnownSd, final_bound

__all__ = ["predictive_bound", "predictive_probability"]

type Array = NDArray[np.float64]

# Standard normal mass beyond is 1e-15.
_TAIL = 8.0
# Steeper only where hardly a treated patient is still to come or counts; a step is then off by 0.005 at most.
_STEEPEST = 20.0


def predictive_probability(
    design: KnownSd, treated: tuple[int, float], control: tuple[int, float] | None = None
) -> float:
    """Return the predictive probability of success at the final analysis.

    Interim looks in between are not taken: it is the chance that the trial, if it runs to its full size, ends
    in success.

    Parameters
    ----------
    design
        The design.
    treated, control
        Patients with an outcome so far and their mean, by arm.

    Raises
    ------
    RaBayesError
        If there are more patients than the design has, or an arm is missing.

    Examples
    --------
    Flat prior, 10 of 20 patients, z = 1.58 so far:

    >>> from ra_bayes.planning.rule import Criterion, Rule
    >>> design = KnownSd(Rule((Criterion("mean change", "above", 0, 0.975),)), 10.0, (20,))
    >>> round(predictive_probability(design, (10, 5.0)), 4)
    0.6088
    """
    if (control is None) == bool(design.control):
        raise RaBayesError(
            f"the design has {2 if design.control else 1} arm(s), the data {1 if control is None else 2}; "
            "give patients and mean of each arm"
        )
    for arm, so_far, size in (("treated", treated, design.treated), ("control", control, design.control)):
        if so_far is not None and not 0 <= so_far[0] <= size[-1]:
            raise RaBayesError(
                f"{so_far[0]} {arm} patients so far, {size[-1]} in the design; correct the count "
                "or the design"
            )
    now = design.final()
    y, at = treated[1], 0.0
    sizes = (float(treated[0]), 0.0)
    if control is not None:
        sizes = (sizes[0], float(control[0]))
        if now.by_arm:
            at = control[1]
        else:
            y -= control[1]
            sizes = (sizes[0] * sizes[1] / (sizes[0] + sizes[1]), 0.0)
    if sizes[0] == 0.0 and now.beliefs()[0].precision[0] == 0.0:
        raise RaBayesError(
            "nothing is known of the effect yet; wait for a patient's outcome, or give a prior"
        )
    treated_belief, _ = now.beliefs()
    mirrored = np.array([now.sign * y])
    a, b, s, final, share = _terms(now, sizes, np.array([now.sign * at]))
    weight = treated_belief.weights(sizes[0] / now.sd**2, mirrored)[0]
    gap = (a + b * mirrored)[:, None] - final[0]
    with np.errstate(divide="ignore"):
        # With nobody to come s is 0, and a mean at the boundary is a success.
        z = np.where(gap == 0.0, np.inf, gap / s[:, None])
    return float(weight @ special.ndtr(z) @ share[0])


def predictive_bound(design: KnownSd, k: int, probability: float, control: Array) -> Array:
    """Return the treated means at which the predictive probability crosses a cut-off (control); mirrored."""
    now = design.final()
    if k == design.last - 1:
        return final_bound(now, control)
    sizes = (float(design.information[k]), float(design.control[k]) if design.by_arm else 0.0)
    treated, _ = now.beliefs()
    a, b, s, final, share = _terms(now, sizes, control)
    h = sizes[0] / now.sd**2
    spread = np.broadcast_to(s[:, None], (s.size, final.shape[1]))
    return crossing(lambda y: treated.weights(h, y), a, b, final, spread, share, probability)


def _terms(
    now: KnownSd, sizes: tuple[float, float], control: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Predictive of the treated final mean (a, b, s; part), the boundary and its weight (control, node)."""
    treated, other = now.beliefs()
    a, b, s = _ahead(treated, sizes[0], float(now.information[0]), now.sd)
    if not now.by_arm:
        return a, b, s, final_bound(now, np.zeros(1))[:, None], np.ones((1, 1))
    total = float(now.control[0])
    if total == 0.0:
        return a, b, s, final_bound(now, control)[:, None], np.ones((control.size, 1))
    ac, bc, sc = _ahead(other, sizes[1], total, now.sd)
    # The chance is steep in the control's mean where fewer treated than controls are still to come, and where
    # a firm prior of the treated has the boundary move far with that mean.
    ours, theirs = treated.line(now.information[0] / now.sd**2)[1], other.line(total / now.sd**2)[1]
    node, weight = _rule(float(theirs.max() * sc.max() / max(ours.min() * s.min(), 1e-300)))
    ends = (ac + bc * control[:, None])[:, :, None] + sc[:, None] * node
    share = other.weights(sizes[1] / now.sd**2, control)[:, :, None] * weight
    final = final_bound(now, ends.ravel()).reshape(control.size, -1)
    return a, b, s, final, share.reshape(control.size, -1)


def _ahead(belief: Belief, n: float, total: float, sd: float) -> tuple[Array, Array, Array]:
    """Predictive mean a + b y and SD of the mean over `total` patients, after n with mean y, by part."""
    a, b, v = belief.line(n / sd**2)
    # Patients are whole, but what they tell of a difference is not.
    rest = max(total - n, 0.0)
    spread = np.sqrt(rest**2 * v + rest * sd**2) / total
    return rest * a / total, (n + rest * b) / total, spread


def _rule(steepness: float) -> tuple[Array, Array]:
    """Return nodes and weights of a standard normal: the trapezoidal rule, for Phi of so steep a line.

    With a slope r of the line the error is exp(-2 pi^2 / (step^2 (1 + r^2))).
    """
    step = 0.5 / math.hypot(1.0, min(steepness, _STEEPEST))
    node = np.asarray(step * np.arange(-math.ceil(_TAIL / step), math.ceil(_TAIL / step) + 1), dtype=float)
    return node, step / math.sqrt(2.0 * math.pi) * np.exp(-0.5 * node**2)
