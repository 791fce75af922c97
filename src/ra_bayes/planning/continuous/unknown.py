"""A design whose endpoint is one number a patient, its SD estimated: conjugate normal-inverse-gamma.

Each patient gives y ~ Normal(theta_arm, sd^2), both arms with the same SD. Beforehand

    sd^2 ~ df s^2 / chi2(df),     theta_arm | sd ~ Normal(m, sd^2 / k),     k in patients,

and what is not given is flat: p(theta, sd^2) ~ 1 / sd^2 without any prior, under which posterior
probabilities are those of the t test. After n patients with mean ybar (n_c, ybar_c in the control) and sum
of squares within arms W,

    k' = k + n,    m' = (k m + n ybar) / k',    df' = df + N - (arms with a flat mean),
    S' = df s^2 + W + sum over arms of k n / (k + n) (ybar - m)^2,

and the effect is m'_t - m'_c + sqrt(S' / df' (1/k'_t + 1/k'_c)) t(df') (Gelman et al. 2013, section 3.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.looks import Looks
from ra_bayes.planning.rule import Criterion, Rule

__all__ = ["MeanPrior", "SdPrior", "State", "UnknownSd", "scale_of", "state_of", "updated"]

type Array = NDArray[np.float64]


class MeanPrior(NamedTuple):
    """An arm's mean beforehand: Normal(mean, sd^2 / patients), worth so many patients."""

    mean: float
    patients: float


class SdPrior(NamedTuple):
    """The SD beforehand: sd^2 ~ df guess^2 / chi2(df), worth df deviations of patients."""

    guess: float
    df: float


class State(NamedTuple):
    """What is known: means and their worth in patients, of what is subtracted too; df and S of the SD."""

    mean: Array
    patients: Array
    other_mean: Array
    other_patients: Array
    df: Array
    squares: Array


@dataclass(frozen=True)
class UnknownSd(Looks[MeanPrior]):
    """Sizes, rule and beliefs of a design with an estimated SD.

    Parameters
    ----------
    rule
        When it is a success and when it stops.
    treated, control
        Patients with an outcome at each look, cumulative (look). No `control` is one arm.
    mean, control_mean
        Prior of each arm's mean, in patients; ``None`` is flat.
    sd
        Prior of the SD of one patient's number; ``None`` is p(sd^2) ~ 1 / sd^2, which
        adds nothing to the data.

    Raises
    ------
    RaBayesError
        If sizes, rule and priors do not make a design.
    """

    rule: Rule
    treated: tuple[int, ...]
    control: tuple[int, ...] = ()
    mean: MeanPrior | None = None
    control_mean: MeanPrior | None = None
    sd: SdPrior | None = None

    def __post_init__(self) -> None:
        self.check_looks()
        for prior in (self.mean, self.control_mean):
            if prior is not None and not (math.isfinite(prior.mean) and 0.0 < prior.patients < math.inf):
                raise RaBayesError(
                    f"a mean cannot be believed to be {prior.mean} with the worth of {prior.patients} "
                    "patients; give a finite mean and a worth above 0, or None for flat"
                )
        if self.sd is not None and not (0.0 < self.sd.guess < math.inf and 0.0 < self.sd.df < math.inf):
            raise RaBayesError(
                f"an SD cannot be believed to be {self.sd.guess} with {self.sd.df} df; give both above 0"
            )
        if self.df[0] <= 0.0:
            raise RaBayesError(
                f"with {self.looks[0]:.0f} patient(s) at the first look the SD is not known at all; wait for "
                "more, or give a prior of the SD"
            )

    @property
    def arms(self) -> int:
        """One or two."""
        return 2 if self.control else 1

    @property
    def others(self) -> Array:
        """Patients of what is subtracted (look): the control with priors by arm, else none."""
        return np.array(self.control, dtype=float) if self.by_arm else np.zeros(self.last)

    @property
    def df(self) -> Array:
        """Degrees of freedom of the posterior (look)."""
        return np.asarray(self.df_after(0) + self.looks)

    def df_after(self, patients: int) -> float:
        """Degrees of freedom of the posterior after so many patients, both arms together."""
        flat = (self.mean is None) + (bool(self.control) and self.control_mean is None)
        return (self.sd.df if self.sd else 0.0) + patients - float(flat)

    def start(self) -> State:
        """What is believed before the first patient, mirrored by `sign`."""
        mean, other = self.mean or MeanPrior(0.0, 0.0), self.control_mean or MeanPrior(0.0, 0.0)
        worth = other.patients if self.by_arm else math.inf
        squares = self.sd.df * self.sd.guess**2 if self.sd else 0.0
        held = (self.sign * mean.mean, mean.patients, self.sign * other.mean, worth)
        return State(*(np.asarray(float(each)) for each in (*held, math.nan, squares)))

    def cut(self, criterion: Criterion, df: float) -> tuple[float, float]:
        """The threshold of a criterion, mirrored, and how many scales the effect must lie above it."""
        return self.sign * criterion.threshold, float(special.stdtrit(df, criterion.probability))


def updated(
    state: State, n: float, ybar: Array, others: float, other: Array, within: Array, df: float
) -> State:
    """Return what is known after more patients: `n` with mean `ybar`, `others` with mean `other`."""
    mean, patients, gap = _one(state.mean, state.patients, n, ybar)
    other_mean, other_patients, more = _one(state.other_mean, state.other_patients, others, other)
    squares = state.squares + within + gap + more
    return State(mean, patients, other_mean, other_patients, np.asarray(df), squares)


def _one(mean: Array, patients: Array, n: float, ybar: Array) -> tuple[Array, Array, Array]:
    if n == 0.0:
        return mean, patients, np.asarray(0.0)
    total = patients + n
    return mean + n / total * (ybar - mean), total, patients * n / total * (ybar - mean) ** 2


def scale_of(state: State) -> tuple[Array, Array]:
    """Location and scale of the t distribution of the effect."""
    spread = 1.0 / state.patients + 1.0 / state.other_patients
    return state.mean - state.other_mean, np.asarray(np.sqrt(state.squares / state.df * spread))


def state_of(
    design: UnknownSd, treated: tuple[int, float, float], control: tuple[int, float, float] | None
) -> State:
    """Return what is known after the data so far: patients, mean and SD of each arm."""
    if (control is None) == bool(design.control):
        raise RaBayesError(
            f"the design has {design.arms} arm(s), the data {1 if control is None else 2}; "
            "give patients, mean and SD of each arm"
        )
    if not design.by_arm and (treated[0] < 1 or (control and control[0] < 1)):
        raise RaBayesError("an arm has no patient so far and no prior; wait for its first outcome")
    df = design.df_after(treated[0] + (control[0] if control else 0))
    if df <= 0.0:
        raise RaBayesError("the SD is not known at all so far; wait for more patients, or give it a prior")
    within = sum((n - 1) * sd**2 for n, _, sd in (treated, *((control,) if control else ())) if n > 1)
    y, at = design.sign * treated[1], design.sign * (control[1] if control else 0.0)
    n, others = float(treated[0]), float(control[0]) if control else 0.0
    if control and not design.by_arm:
        n, others, y, at = n * others / (n + others), 0.0, y - at, 0.0
    return updated(design.start(), n, np.asarray(y), others, np.asarray(at), np.asarray(within), df)
