"""Distributions as mixtures of conjugate parts: updated and summarised exactly."""

from __future__ import annotations

from ra_bayes.mixtures.beta import JEFFREYS, UNIFORM, Beta, BetaMixture, beta, mix

__all__ = ["JEFFREYS", "UNIFORM", "Beta", "BetaMixture", "beta", "mix"]
