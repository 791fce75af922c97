"""Distributions as mixtures of conjugate parts: fitted, updated and summarised without sampling."""

from __future__ import annotations

from ra_bayes.mixtures.beta import JEFFREYS, UNIFORM, Beta, BetaMixture, beta
from ra_bayes.mixtures.difference import difference_interval, p_difference_below, p_greater
from ra_bayes.mixtures.ess import effective_sample_size
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
    "difference_interval",
    "difference_of_means",
    "effective_sample_size",
    "fit_mixture",
    "gamma",
    "mix",
    "normal",
    "p_difference_below",
    "p_greater",
    "p_ratio_below",
]
