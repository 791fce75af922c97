"""What borrowing from historical controls does to a trial whose control arm is not as they were.

For each prior of the control arm and each true value of its rate or mean: the type I error where
treatment does nothing, the power where it does what is hoped for, the bias and the mean squared error of
the control arm's posterior mean, and what was borrowed,

    E[ ESS of the posterior ] - control patients,

with ESS by moments. A prior that agrees with the control arm lets a small one do; one that does not
shifts both errors (Viele 2014). Counts are enumerated and estimates integrated by the engines of every
other design: no Monte Carlo error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import map_prior, power_prior, robust
from ra_bayes.historical.robust import VAGUE_WEIGHT
from ra_bayes.mixtures import UNIFORM, BetaMixture, NormalMixture
from ra_bayes.planning.binary.two_arm import two_arm_stopping, two_arm_tables
from ra_bayes.planning.continuous.belief import believed
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.rule import Criterion, Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["borrowing_characteristics", "priors_to_compare"]

type Array = NDArray[np.float64]
type Benefit = Literal["above", "below"]

_Z = np.arange(-8.0, 8.0625, 0.125)
_NORMAL_Z = 0.125 * np.exp(-0.5 * _Z**2) / math.sqrt(2.0 * math.pi)


def priors_to_compare[M: (BetaMixture, NormalMixture)](
    initial: M,
    arms: Sequence[tuple[float, float]],
    *,
    mean: tuple[float, float] | None = None,
    tau: float | None = None,
    a0: float = 0.5,
    weight: float = VAGUE_WEIGHT,
    sd: float | None = None,
) -> dict[str, M]:
    """Return the usual priors of a control arm, from nothing borrowed to everything.

    Parameters
    ----------
    initial
        What is believed without the historical arms; its family says what they are.
    arms
        Events and patients, or an estimate and its standard error, of each historical arm.
    mean, tau
        Priors of the MAP prior (:func:`~ra_bayes.historical.map_prior`).
    a0
        What a historical patient counts for in the power prior.
    weight
        Of the vague part in the robust MAP prior.
    sd
        SD of one patient, for a mean.

    Examples
    --------
    >>> for name, prior in priors_to_compare(UNIFORM, [(23, 107), (12, 44), (9, 39)]).items():
    ...     print(f"{name}: {prior.ess:.1f}")
    no borrowing: 2.0
    MAP: 16.2
    robust MAP: 4.9
    power prior, a0 = 0.5: 97.0
    full pooling: 192.0
    """
    family: Literal["binary", "gaussian"] = "binary" if isinstance(initial, BetaMixture) else "gaussian"
    borrowed = map_prior(arms, family=family, mean=mean, tau=tau).mixture()
    assert isinstance(borrowed, type(initial))
    return {
        "no borrowing": initial,
        "MAP": borrowed,
        "robust MAP": robust(borrowed, weight=weight, sigma=sd),
        f"power prior, a0 = {a0:g}": power_prior(initial, arms, a0),
        "full pooling": power_prior(initial, arms, 1.0),
    }


def borrowing_characteristics(
    priors: Mapping[str, BetaMixture] | Mapping[str, NormalMixture],
    *,
    centre: float,
    drift: ArrayLike,
    effect: float,
    n_treated: int,
    n_control: int,
    probability: float,
    margin: float = 0.0,
    benefit: Benefit = "above",
    treated: BetaMixture | NormalMixture | None = None,
    sd: float | None = None,
) -> pd.DataFrame:
    """Return the operating characteristics of a two-arm trial under priors of its control arm.

    Success is Pr(treated - control beyond `margin` | data) >= `probability`, at one analysis.

    Parameters
    ----------
    priors
        Of the control arm, by name: all of a rate, or all of a mean.
    centre, drift
        The historical rate or mean, and how far from it the control arm's true one is (drift).
    effect
        True difference, treated minus control, at which power is told.
    n_treated, n_control
        Patients of either arm.
    probability, margin, benefit
        The rule; ``"below"`` where less is better.
    treated
        Prior of the treated arm; by default uniform for a rate, flat for a mean.
    sd
        SD of one patient, known; for means.

    Returns
    -------
    pandas.DataFrame
        ``prior``, ``drift``, ``control`` (true rate or mean), ``type_i_error``, ``power``, ``bias`` and
        ``mse`` (of the control arm's posterior mean), ``borrowed`` (patients, expected). Power is missing
        where control + effect is no rate.

    Raises
    ------
    RaBayesError
        If a prior is of another kind than the others, `sd` is missing or a true rate cannot be.

    Examples
    --------
    >>> from ra_bayes.mixtures import beta
    >>> table = borrowing_characteristics(
    ...     {"no borrowing": UNIFORM, "borrowed": beta(4, 16)},
    ...     centre=0.2,
    ...     drift=[0.0, 0.2],
    ...     effect=0.3,
    ...     n_treated=40,
    ...     n_control=20,
    ...     probability=0.975,
    ... )
    >>> print(table[["prior", "control", "type_i_error", "power"]].round(3).to_string(index=False))
           prior  control  type_i_error  power
    no borrowing      0.2         0.019  0.634
    no borrowing      0.4         0.024  0.621
        borrowed      0.2         0.017  0.872
        borrowed      0.4         0.134  0.979
    """
    import pandas as pd

    shifts = np.atleast_1d(np.asarray(drift, dtype=float))
    of_rates = all(isinstance(each, BetaMixture) for each in priors.values())
    if not priors or not (of_rates or all(isinstance(each, NormalMixture) for each in priors.values())):
        raise RaBayesError("priors of a control arm are all of a rate or all of a mean; give them by name")
    trial = _Trial(centre + shifts, effect, n_treated, n_control, probability, margin, benefit)
    blocks = []
    for name, prior in priors.items():
        if isinstance(prior, BetaMixture):
            found = _of_rates(trial, prior, treated)
        else:
            found = _of_means(trial, prior, treated, sd)
        columns = {"prior": name, "drift": shifts, "control": trial.control, **found}
        blocks.append(pd.DataFrame(columns))
    return pd.concat(blocks, ignore_index=True)


class _Trial(NamedTuple):
    """The trial and its truths."""

    control: Array
    effect: float
    n_treated: int
    n_control: int
    probability: float
    margin: float
    benefit: Benefit


def _of_rates(
    trial: _Trial, prior: BetaMixture, treated: BetaMixture | NormalMixture | None
) -> dict[str, Array]:
    control, n = trial.control, trial.n_control
    if isinstance(treated, NormalMixture):
        raise RaBayesError(
            "the treated arm's prior is of a mean, the control's of a rate; give a BetaMixture"
        )
    if ((control <= 0.0) | (control >= 1.0)).any():
        raise RaBayesError(
            f"true control rates from {control.min():g} to {control.max():g} cannot be; give a drift that "
            "keeps them between 0 and 1"
        )
    tables = two_arm_tables(
        [(trial.n_treated, n)],
        UNIFORM if treated is None else treated,
        prior,
        success=[(trial.margin, trial.probability)],
        benefit=trial.benefit,
    )
    better = control + trial.effect
    there = (better >= 0.0) & (better <= 1.0)
    power = np.full(control.shape, np.nan)
    power[there] = (
        two_arm_stopping(tables, better[there], control[there]).p_success if there.any() else np.nan
    )
    y = np.arange(n + 1)
    after = [prior.update(float(count), n) for count in y]
    mean, worth = np.array([[each.mean, each.ess] for each in after]).T
    # Pr(y | true rate): (truth, y)
    log = -special.betaln(n - y + 1.0, y + 1.0) - math.log(n + 1.0)
    chance = np.exp(log + special.xlogy(y, control[:, None]) + special.xlog1py(n - y, -control[:, None]))
    return {
        "type_i_error": two_arm_stopping(tables, control, control).p_success,
        "power": power,
        "bias": chance @ mean - control,
        "mse": (chance * (mean - control[:, None]) ** 2).sum(axis=1),
        "borrowed": chance @ worth - n,
    }


def _of_means(
    trial: _Trial, prior: NormalMixture, treated: BetaMixture | NormalMixture | None, sd: float | None
) -> dict[str, Array]:
    if sd is None:
        raise RaBayesError("a trial of means needs the SD of one patient; give it as sd")
    if isinstance(treated, BetaMixture):
        raise RaBayesError(
            "the treated arm's prior is of a rate, the control's of a mean; give a NormalMixture"
        )
    success = Criterion("difference of means", trial.benefit, trial.margin, trial.probability, "final")
    design = KnownSd(
        Rule((success,)), sd, (trial.n_treated,), (trial.n_control,), mean=treated, control_mean=prior
    )

    def chance(effect: float) -> Array:
        truths = {"effect": np.full(trial.control.shape, effect), "control_mean": trial.control}
        return known_stopping(design, truths).p_success

    information = trial.n_control / sd**2
    belief = believed(prior, 1.0)
    line = belief.line(information)
    seen = trial.control[:, None] + _Z / math.sqrt(information)
    share = belief.weights(information, seen)
    means = line.a + line.b * seen[..., None]
    mean = (share * means).sum(axis=-1)
    variance = (share * (line.v + (means - mean[..., None]) ** 2)).sum(axis=-1)
    return {
        "type_i_error": chance(0.0),
        "power": chance(trial.effect),
        "bias": mean @ _NORMAL_Z - trial.control,
        "mse": (mean - trial.control[:, None]) ** 2 @ _NORMAL_Z,
        "borrowed": (sd**2 / variance) @ _NORMAL_Z - trial.n_control,
    }
