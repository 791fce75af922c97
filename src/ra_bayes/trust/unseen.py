"""Patients who are unseen at the reference week, and their changes were they worse than predicted.

A fit takes missed visits to be missing at random: what was recorded tells whether a visit was missed, what
would have been does not. Who stays away because they got worse breaks that, and no data can tell. So the
unseen is made worse by a stated amount and the estimands are computed anew, draw by draw (delta adjustment;
Rubin 1977, Daniels and Hogan 2008). With C_i the true change of patient i at the reference week by the fit,

    C_i(delta) = C_i                    the visit was recorded
    C_i(delta) = C_i + harm delta       it was not: the patient's own prediction, from their own level and
                                        response, shifted by delta >= 0 in the direction of harm
    these n patients(delta)   =  mean_i C_i + harm delta m / n        m of n unseen
    the population(delta)     =  f + harm delta share                 share ~ Beta(1 + m, 1 + n - m)

the share of the population that would be unseen being as unknown as m of n leave it. Under the log link
change is a ratio, delta a factor >= 1, and all of this holds of the logarithms.

*What is changed*: only what is unseen at the reference week. *What is not*: the records' likelihood, hence
the posterior of every parameter; the changes of patients who were seen; visits before the reference week.
Delta is not identified: no record speaks for or against any delta. Changes are true ones, noise taken out,
and are not cut at the ends of the scale, as in the fit's own estimands, so that delta = 0 gives these.

**Two arms.** What counts is the treated arm's change less the control arm's, D, and the doubt is that the
treated who stayed away did worse: they alone are shifted, the control arm's unseen stay as predicted. With m
of the n treated patients unseen, T and K the patients of the arms,

    these patients(delta)     =  mean_T C_i - mean_K C_i + harm delta m / n
    the population(delta)     =  D + harm delta share                 share ~ Beta(1 + m, 1 + n - m)

**Jump to control** (two arms; Carpenter, Roger and Kenward 2013, jump to reference). The treated who are
unseen did as on control: mu_i - d at the reference week, their own level and response kept. Of the population
D (1 - share) is left.

**Jump to placebo** (Carpenter, Roger and Kenward 2013, jump to reference). The unseen did as on placebo: on
the link's scale patient i goes from A_i to A_i + P + d_i, P one draw of the historical placebo mean for all
of them, d_i ~ Normal(0, (response_sd r)^2) how patients differ, of which under placebo nothing is known. The
population is a mixture of f and P by the share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand import Posterior, read_posterior
from ra_bayes.mixtures import NormalMixture
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.trust.placebo import draws_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "OF_ONE_ARM",
    "OF_TWO_ARMS",
    "Unseen",
    "gains",
    "jumped",
    "jumped_to_control",
    "read_unseen",
    "shifted",
]

type Array = NDArray[np.float64]
type Which = Literal["dropout", "every"]

# Of these patients, and of the population.
OF_ONE_ARM = ("mean_change_of_cohort", "mean_change")
OF_TWO_ARMS = ("difference_of_cohort", "difference_from_control")


class Unseen(NamedTuple):
    """A fit's changes at its reference week, differences or logs of ratios, and who was not seen there.

    Parameters
    ----------
    posterior
        Draws of the fit; first dimensions of all arrays are theirs.
    change
        Change of each patient (..., patient).
    population
        Change of the typical patient, of two arms the treated less the control (...).
    unseen
        Who is shifted (patient).
    share
        Part of the population that would be unseen (...).
    weights
        What each patient's change counts in the cohort's (patient): 1 / n, of two arms 1 / n treated and
        -1 / n control.
    """

    posterior: Posterior
    change: Array
    population: Array
    unseen: NDArray[np.bool_]
    share: Array
    weights: Array

    @property
    def ratio(self) -> bool:
        """Whether a change is a ratio."""
        return self.posterior.spec.link.change == "ratio"

    @property
    def estimands(self) -> tuple[str, str]:
        """Names of the cohort's and the population's estimand."""
        return OF_ONE_ARM if self.posterior.effect is None else OF_TWO_ARMS

    @property
    def asked(self) -> int:
        """How many patients could have been unseen: all, or those of the treated arm."""
        return int((self.weights > 0.0).sum())


def read_unseen(tree: xr.DataTree, which: Which, rng: np.random.Generator) -> Unseen:
    """Return a fit's changes, and who was not seen at the reference week.

    Parameters
    ----------
    tree
        A fit.
    which
        ``"dropout"``, those without a record at that week or later; ``"every"``, those without one at it.
    rng
        For the share of the population.
    """
    posterior = read_posterior(tree, both_arms=True)
    at = posterior.at_reference
    made = tree["constant_data"]["kind"].transpose("patient", "visit").values != MISSED
    missed = ~made[made.any(axis=1), at]
    gone = missed & (posterior.last_week < posterior.spec.reference_week)
    chosen = gone if which == "dropout" else missed
    treated = np.ones(missed.size, dtype=bool) if posterior.treated is None else posterior.treated > 0.0
    chosen &= treated
    weights = np.where(treated, 1.0 / treated.sum(), -1.0 / max((~treated).sum(), 1))
    middle = posterior.scalars["baseline_mean"]
    population = _contrast(posterior, middle, middle + posterior.mean_change[..., at])
    if posterior.effect is not None:
        there = posterior.mean_change[..., at] + posterior.effect[..., at]
        population = _contrast(posterior, middle, middle + there) - population
    return Unseen(
        posterior,
        change=_contrast(posterior, posterior.level, posterior.patient_mean[..., at]),
        population=population,
        unseen=chosen,
        share=rng.beta(1 + chosen.sum(), 1 + (treated & ~chosen).sum(), size=middle.shape),
        weights=weights,
    )


def _contrast(posterior: Posterior, start: Array, end: Array) -> Array:
    """A change from two values on the link's scale: a difference in the outcome's unit, or a log ratio."""
    link = posterior.spec.link
    return end - start if link.change == "ratio" else link.contrast(start, end)


def shifted(case: Unseen, delta: float) -> Iterator[tuple[str, Array]]:
    """Yield the two mean changes with the unseen shifted: a difference, or the log of a factor."""
    harm = -case.posterior.spec.benefit_sign
    of_cohort, of_population = case.estimands
    yield of_cohort, (case.change + harm * delta * case.unseen) @ case.weights
    # Where nobody is unseen no share is guessed either.
    yield of_population, case.population + harm * delta * (case.share if case.unseen.any() else 0.0)


def jumped_to_control(case: Unseen) -> Iterator[tuple[str, Array]]:
    """Yield the two differences between arms with the treated who are unseen as on control."""
    posterior = case.posterior
    assert posterior.effect is not None
    of_cohort, of_population = case.estimands
    at = posterior.at_reference
    alike = posterior.patient_mean[..., at] - posterior.effect[..., at][..., None]
    of_control = _contrast(posterior, posterior.level, alike)
    yield of_cohort, np.where(case.unseen, of_control, case.change) @ case.weights
    yield of_population, (1.0 - case.share) * case.population


def jumped(case: Unseen, placebo: NormalMixture, rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    """Yield the two mean changes with the unseen as on placebo."""
    posterior = case.posterior
    mean = draws_of(placebo, case.share.shape, rng)
    spread = posterior.scalars["response_sd"] * posterior.shape[..., posterior.at_reference]
    own = mean[..., None] + spread[..., None] * rng.normal(size=posterior.level.shape)
    of_placebo = _contrast(posterior, posterior.level, posterior.level + own)
    of_cohort, of_population = case.estimands
    yield of_cohort, np.where(case.unseen, of_placebo, case.change) @ case.weights
    middle = posterior.scalars["baseline_mean"]
    of_typical = _contrast(posterior, middle, middle + mean)
    yield of_population, (1.0 - case.share) * case.population + case.share * of_typical


def gains(case: Unseen) -> Iterator[tuple[str, Array, Array]]:
    """Yield of both the gain towards benefit without a shift, and what a shift of 1 takes from it."""
    sign = case.posterior.spec.benefit_sign
    whole = np.full(case.share.shape, case.weights[case.unseen].sum())
    for (estimand, change), weight in zip(shifted(case, 0.0), (whole, case.share), strict=True):
        yield estimand, sign * change, weight
