"""What other trials' arms say of a new one: the arms on file, priors made of them, and their use."""

from __future__ import annotations

from ra_bayes.historical.arms import ArmsOnFile, HistoricalArm, historical_arms
from ra_bayes.historical.changes import ChangesOnFile, HistoricalChange, historical_changes
from ra_bayes.historical.conflict import Conflict, prior_data_conflict
from ra_bayes.historical.map_prior import MapPrior, map_prior
from ra_bayes.historical.placebo import HistoricalPlacebo, historical_placebo
from ra_bayes.historical.power_prior import power_prior
from ra_bayes.historical.robust import robust, unit_information

__all__ = [
    "ArmsOnFile",
    "ChangesOnFile",
    "Conflict",
    "HistoricalArm",
    "HistoricalChange",
    "HistoricalPlacebo",
    "MapPrior",
    "historical_arms",
    "historical_changes",
    "historical_placebo",
    "map_prior",
    "power_prior",
    "prior_data_conflict",
    "robust",
    "unit_information",
]
