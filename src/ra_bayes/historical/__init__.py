"""What other trials' arms say of a new one: the arms on file, and priors made of them."""

from __future__ import annotations

from ra_bayes.historical.arms import ArmsOnFile, HistoricalArm, historical_arms
from ra_bayes.historical.beta_binomial import historical_prior, robust

__all__ = ["ArmsOnFile", "HistoricalArm", "historical_arms", "historical_prior", "robust"]
