"""The counts of a paper as simple rates: Beta priors, vague or from other trials' arms, updated exactly."""

from __future__ import annotations

from ra_bayes.mixtures.difference import difference_interval, p_difference_below, p_greater
from ra_bayes.rates.simple import response_rates
from ra_bayes.rates.text import response_rates_text

__all__ = ["difference_interval", "p_difference_below", "p_greater", "response_rates", "response_rates_text"]
