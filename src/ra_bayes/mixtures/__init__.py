"""Distributions as mixtures of conjugate parts: updated and summarised exactly."""

from __future__ import annotations

from ra_bayes.mixtures.beta import JEFFREYS, UNIFORM, Beta, BetaMixture, beta
from ra_bayes.mixtures.gamma import Gamma, GammaMixture, gamma, p_ratio_below
from ra_bayes.mixtures.mix import Mixture, mix
from ra_bayes.mixtures.normal import Normal, NormalMixture, difference_of_means, normal

__all__ = [
    "JEFFREYS",
    "UNIFORM",
    "Beta",
    "BetaMixture",
    "Gamma",
    "GammaMixture",
    "Mixture",
    "Normal",
    "NormalMixture",
    "beta",
    "difference_of_means",
    "gamma",
    "mix",
    "normal",
    "p_ratio_below",
]
