"""A design whose endpoint is one number a patient, its SD taken as known.

Each patient gives y ~ Normal(theta_arm, sd^2). The effect is theta in one arm and theta_treated -
theta_control in two. What is believed beforehand is a normal mixture or flat (``None``):

- of the effect (`mean` in one arm, `effect` in two, the control's mean then being flat), or
- of each arm's own mean (`mean`, `control_mean`), such as a robust meta-analytic-predictive prior on the
  control, which borrows less the more the control's data contradict it (Schmidli et al. 2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures.normal import NormalMixture
from ra_bayes.planning.continuous.belief import POINT, Belief, believed
from ra_bayes.planning.continuous.critical import crossing
from ra_bayes.planning.continuous.looks import Looks
from ra_bayes.planning.rule import Criterion, Rule

__all__ = ["KnownSd", "final_bound", "posterior_bound", "posterior_probability"]

type Array = NDArray[np.float64]


@dataclass(frozen=True)
class KnownSd(Looks[NormalMixture]):
    """Sizes, rule and beliefs of a design with a known SD.

    Parameters
    ----------
    rule
        When it is a success and when it stops.
    sd
        SD of one patient's number, as the analysis takes it (outcome's unit).
    treated, control
        Patients with an outcome at each look, cumulative (look). No `control` is one arm. A control arm of
        0 patients is its prior alone.
    mean, control_mean
        Prior of each arm's mean; ``None`` is flat.
    effect
        Prior of the difference, in place of the two.

    Raises
    ------
    RaBayesError
        If sizes, rule and priors do not make a design.

    Examples
    --------
    A lower score is better; 12 patients, a look at 6:

    >>> win = Criterion("mean change", "below", 0, 0.9, "final")
    >>> lost = Criterion("mean change", "below", -15, 0.1, "interim")
    >>> design = KnownSd(Rule((win,), (lost,)), sd=22.0, treated=(6, 12))
    >>> round(posterior_probability(design, win, (12, -8.14)), 3)
    0.9
    """

    rule: Rule
    sd: float
    treated: tuple[int, ...]
    control: tuple[int, ...] = ()
    mean: NormalMixture | None = None
    control_mean: NormalMixture | None = None
    effect: NormalMixture | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.sd < math.inf:
            raise RaBayesError(f"an SD of {self.sd} cannot be; give the SD of a patient's change, above 0")
        self.check_looks()
        arms = self.mean is not None or self.control_mean is not None
        if not self.control and self.effect is not None:
            raise RaBayesError("a design of one arm has a prior of the control; give its prior as `mean`")
        if self.effect is not None and arms:
            raise RaBayesError("a prior of the effect and one of an arm say the same twice; give one of them")

    def beliefs(self) -> tuple[Belief, Belief]:
        """Prior of what the treated mean informs on, and of what is subtracted, mirrored by `sign`."""
        if not self.by_arm:
            return believed(self.effect if self.control else self.mean, self.sign), POINT
        return believed(self.mean, self.sign), believed(self.control_mean, self.sign)

    def final(self) -> KnownSd:
        """The same design with its final analysis alone."""
        last = self.last
        success = tuple(replace(each, looks="final") for each in self.rule.success if each.at(last, last))
        futility = tuple(replace(each, looks="final") for each in self.rule.futility if each.at(last, last))
        control = self.control[-1:]
        return replace(self, rule=Rule(success, futility), treated=self.treated[-1:], control=control)


def final_bound(design: KnownSd, control: Array) -> Array:
    """Return the treated mean above which the final analysis is a success (control); mirrored scale."""
    last = design.last
    asked = [each for each in design.rule.success if each.basis == "posterior" and each.at(last, last)]
    return np.asarray(np.max([posterior_bound(design, last - 1, each, control) for each in asked], axis=0))


def posterior_bound(design: KnownSd, k: int, criterion: Criterion, control: Array) -> Array:
    """Return the treated mean at which a posterior probability crosses its cut-off (control); mirrored."""
    treated, _ = design.beliefs()
    h = design.information[k] / design.sd**2
    a, b, v = treated.line(h)
    mean, variance, share = _subtracted(design, k, control)
    s = np.sqrt(v[:, None] + variance)
    threshold = design.sign * criterion.threshold
    return crossing(lambda y: treated.weights(h, y), a, b, mean + threshold, s, share, criterion.probability)


def _subtracted(design: KnownSd, k: int, control: Array) -> tuple[Array, Array, Array]:
    """Posterior of what is subtracted from the treated mean: means (control, part), variances, weights."""
    _, other = design.beliefs()
    if not design.by_arm:
        none = np.zeros((control.size, 1))
        return none, np.zeros(1), none + 1.0
    h = design.control[k] / design.sd**2
    a, b, v = other.line(h)
    return a + b * control[:, None], v, other.weights(h, control)


def posterior_probability(
    design: KnownSd,
    criterion: Criterion,
    treated: tuple[int, float],
    control: tuple[int, float] | None = None,
) -> float:
    """Return the probability that the effect is beyond a criterion's threshold, given the data.

    Parameters
    ----------
    design
        The design, for its SD and priors.
    criterion
        The threshold and the side.
    treated, control
        Patients with an outcome and their mean, by arm.

    Examples
    --------
    >>> rule = Rule((Criterion("mean change", "below", 0, 0.9),))
    >>> round(posterior_probability(KnownSd(rule, 20.0, (9,)), rule.success[0], (9, -10.0)), 4)
    0.9332
    """
    sizes = ((treated[0],), () if control is None else (control[0],))
    rule = Rule((replace(criterion, looks="final"),))
    now = replace(design, rule=rule, treated=sizes[0], control=sizes[1])
    mirror = now.sign
    belief, _ = now.beliefs()
    y, at = treated[1], 0.0
    if control is not None:
        y, at = (y, control[1]) if now.by_arm else (y - control[1], 0.0)
    h = float(now.information[0]) / now.sd**2
    a, b, v = belief.line(h)
    mean, variance, share = _subtracted(now, 0, np.array([mirror * at]))
    gap = (a + b * mirror * y)[:, None] - mean[0] - mirror * criterion.threshold
    each = special.ndtr(gap / np.sqrt(v[:, None] + variance))
    return float(belief.weights(h, np.array([mirror * y]))[0] @ each @ share[0])
