"""Design priors: what the truth may be in a new trial in new patients, and how it came to be believed."""

from __future__ import annotations

from ra_bayes.planning.design_prior.between_trials import (
    BetweenTrials,
    between_trials,
    between_trials_of_arms,
    between_trials_of_page,
)
from ra_bayes.planning.design_prior.discount import Against, discounted
from ra_bayes.planning.design_prior.effects import Spread, elicited_effect
from ra_bayes.planning.design_prior.fitted import from_tree
from ra_bayes.planning.design_prior.placebo import Placebo, placebo_of_arms, placebo_of_page
from ra_bayes.planning.design_prior.rates import elicited_rate, from_counts
from ra_bayes.planning.design_prior.sceptical import Sceptical
from ra_bayes.planning.design_prior.value import About, DesignPrior, Step, Summary

__all__ = [
    "About",
    "Against",
    "BetweenTrials",
    "DesignPrior",
    "Placebo",
    "Sceptical",
    "Spread",
    "Step",
    "Summary",
    "between_trials",
    "between_trials_of_arms",
    "between_trials_of_page",
    "discounted",
    "elicited_effect",
    "elicited_rate",
    "from_counts",
    "from_tree",
    "placebo_of_arms",
    "placebo_of_page",
]
