"""The counts of a paper as simple rates: Beta priors, vague or from other trials' arms, updated exactly."""

from __future__ import annotations

from ra_bayes.rates.arms import ArmsOnFile, HistoricalArm, historical_arms
from ra_bayes.rates.beta import JEFFREYS, UNIFORM, BetaMixture, beta, mix
from ra_bayes.rates.difference import difference_interval, p_difference_below, p_greater
from ra_bayes.rates.historical import historical_prior, robust
from ra_bayes.rates.simple import response_rates
from ra_bayes.rates.text import response_rates_text

__all__ = [
    "JEFFREYS",
    "UNIFORM",
    "ArmsOnFile",
    "BetaMixture",
    "HistoricalArm",
    "beta",
    "difference_interval",
    "historical_arms",
    "historical_prior",
    "mix",
    "p_difference_below",
    "p_greater",
    "response_rates",
    "response_rates_text",
    "robust",
]
