"""Distributions as mixtures of conjugate parts: fitted, updated and summarised without sampling."""

from __future__ import annotations

from ra_bayes.mixtures.beta import JEFFREYS, UNIFORM, Beta, BetaMixture, beta
from ra_bayes.mixtures.difference import difference_interval, p_difference_below, p_greater
from ra_bayes.mixtures.elicited import beta_of_mean, beta_of_quantiles, normal_of_quantiles
from ra_bayes.mixtures.fit import MixtureFit, fit_mixture
from ra_bayes.mixtures.gamma import Gamma, GammaMixture, gamma, p_ratio_below
from ra_bayes.mixtures.gridded import Gridded
from ra_bayes.mixtures.mix import Mixture, mix
from ra_bayes.mixtures.normal import Normal, NormalMixture, difference_of_means, normal

__all__ = [
    "JEFFREYS",
    "UNIFORM",
    "Beta",
    "BetaMixture",
    "Gamma",
    "GammaMixture",
    "Gridded",
    "Mixture",
    "MixtureFit",
    "Normal",
    "NormalMixture",
    "beta",
    "beta_of_mean",
    "beta_of_quantiles",
    "difference_interval",
    "difference_of_means",
    "fit_mixture",
    "gamma",
    "mix",
    "normal",
    "normal_of_quantiles",
    "p_difference_below",
    "p_greater",
    "p_ratio_below",
]
