"""Counts as simple rates of response and of harm: conjugate priors, vague or from other trials' arms."""

from __future__ import annotations

from ra_bayes.rates.published_safety import published_safety
from ra_bayes.rates.safety import safety
from ra_bayes.rates.safety_text import safety_text
from ra_bayes.rates.simple import response_rates
from ra_bayes.rates.text import response_rates_text

__all__ = [
    "published_safety",
    "response_rates",
    "response_rates_text",
    "safety",
    "safety_text",
]
