"""Distributions as mixtures of conjugate parts: updated and summarised exactly."""

from __future__ import annotations

from ra_bayes.mixtures.beta import JEFFREYS, UNIFORM, Beta, BetaMixture, beta, mix
from ra_bayes.mixtures.normal import Normal, NormalMixture, normal

__all__ = ["JEFFREYS", "UNIFORM", "Beta", "BetaMixture", "Normal", "NormalMixture", "beta", "mix", "normal"]
